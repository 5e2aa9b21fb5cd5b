//! The daemon's socket.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::connect_error::ConnectError;
use super::pci::group_name;
use super::selection::SELECTION_VARIABLE;
use super::socket::Socket;

/// Where a daemon listens unless told otherwise.
pub const DEFAULT_SOCKET: &str = "/run/vgpu/vgpud.sock";

/// Where `vgpu install --daemon` writes what systemd starts the daemon by.
const UNIT: &str = "/etc/systemd/system/vgpud.socket";

/// Connects to the daemon at `path`, or says what stands in the way.
pub(super) fn connect(path: &Path) -> Result<Socket, ConnectError> {
    Socket::connect(path).map_err(|error| {
        let name = path.display();
        ConnectError::new(match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                format!("no vgpud listens at {name} ({error}); {}", start(path, Path::new(UNIT).exists()))
            }
            io::ErrorKind::PermissionDenied => denied(path),
            io::ErrorKind::WouldBlock => {
                format!("the vgpud at {name} takes no connections; see its log (`journalctl -u vgpud`), and restart it")
            }
            _ => format!("{name} is no socket of vgpud's ({error}); name the one that it listens at"),
        })
    })
}

/// How a daemon is started at `path`.
fn start(path: &Path, has_unit: bool) -> String {
    if path != Path::new(DEFAULT_SOCKET) {
        return format!("start `vgpud --socket {}`, or set {SELECTION_VARIABLE} to where one listens", path.display());
    }
    let how = if has_unit {
        "start it with `systemctl start vgpud.socket`"
    } else {
        "start `vgpud`, or have systemd do so with `vgpu install --daemon`"
    };
    format!(
        "{how}, or set {SELECTION_VARIABLE}=unix:PATH for a daemon elsewhere or {SELECTION_VARIABLE}=embedded for a software \
         GPU without a daemon"
    )
}

fn denied(path: &Path) -> String {
    let name = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return format!("permission denied on the way to {name}; let this user into its folder");
    };
    let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    let group = group_name(gid).unwrap_or_else(|| gid.to_string());
    let advice = if gid != 0 && mode & 0o060 == 0o060 {
        format!(
            "add this user to that group (`usermod -aG {group} USER` as root) and log in or restart the service again"
        )
    } else {
        "start vgpud with `--socket-mode 0660 --socket-owner :GROUP` and a group that this user is in".to_owned()
    };
    format!("permission denied on vgpud's socket {name} (mode {mode:04o}, owner {uid}, group {group}); {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_a_daemon_depends_on_who_is_to_start_it() {
        let usual = Path::new(DEFAULT_SOCKET);
        assert!(start(usual, true).contains("systemctl start vgpud.socket"));
        assert!(start(usual, false).contains("vgpu install --daemon"));
        assert!(start(Path::new("/x/y.sock"), true).contains("`vgpud --socket /x/y.sock`"));
    }

    #[test]
    fn a_socket_that_is_closed_to_this_user_is_told_with_its_mode() {
        let text = denied(Path::new("/dev/null"));
        assert!(
            text.contains("/dev/null (mode 0666, owner 0, group root)") && text.contains("--socket-mode"),
            "{text}"
        );
        let text = denied(Path::new("/nonexistent/vgpud.sock"));
        assert!(text.contains("/nonexistent/vgpud.sock") && text.contains("folder"), "{text}");
    }

    #[test]
    fn what_is_no_socket_of_vgpuds_is_named() {
        let text = connect(Path::new("/nonexistent/vgpud.sock")).expect_err("nothing is there").to_string();
        assert!(text.contains("no vgpud listens at /nonexistent/vgpud.sock"), "{text}");
        let text = connect(Path::new("/dev/null")).expect_err("no socket").to_string();
        assert!(text.contains("/dev/null"), "{text}");
    }
}
