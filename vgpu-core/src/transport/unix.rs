//! The daemon's socket.

use std::io;
use std::path::Path;

use super::socket::Socket;
use super::{ConnectError, SELECTION_VARIABLE};

/// Connects to the daemon at `path`, or says what stands in the way.
pub(super) fn connect(path: &Path, is_default: bool) -> Result<Socket, ConnectError> {
    Socket::connect(path).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused if is_default => format!(
                "start `vgpud`, or set {SELECTION_VARIABLE}=unix:PATH for a daemon elsewhere or \
                 {SELECTION_VARIABLE}=embedded for a software GPU without a daemon"
            ),
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                format!("start `vgpud --socket {}`", path.display())
            }
            io::ErrorKind::PermissionDenied => {
                "this user may not open the daemon's socket (see `vgpud --socket-mode`)".to_owned()
            }
            io::ErrorKind::WouldBlock => "the daemon takes no connections".to_owned(),
            _ => "is this vgpud's socket?".to_owned(),
        };
        ConnectError::new(format!("no vgpu device: looked for a daemon at {}: {error}; {advice}", path.display()))
    })
}
