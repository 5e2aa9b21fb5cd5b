//! How a guest finds its executor, and what is said before the window takes over.
//!
//! - `selection`: which GPU a process asks for, and where that is said.
//! - `socket`: message sockets that carry file descriptors.
//! - [`handshake`]: hello, welcome or refusal.
//! - `unix`: a daemon's socket; `embedded`: an executor of one's own, as a child process or in this one.
//! - `lifeline`: waking, sleeping, and noticing the other end's end.
//! - [`monitor`]: the read-only connection that libnvidia-ml uses.
//! - `pci`: a function of this VM's PCI bus, whose daemon is outside.
//! - [`in_process`]: both ends in one process, for tests.

mod embedded;
pub mod handshake;
pub mod in_process;
mod lifeline;
pub mod monitor;
mod pci;
mod selection;
pub mod socket;
mod unix;

pub use embedded::execute_here;
pub(crate) use lifeline::Lifeline;
pub use monitor::{MonitorLink, ProcessUse};
pub use selection::{RECORD, Request, Selection};

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::window::layout::Layout;
use crate::window::mapping;
use crate::window::{Arena, Mapping, Window};
use crate::wire::Pod;
use handshake::{Greeting, HandshakeError};
use pci::Trouble;
use socket::Socket;

/// Where a daemon listens unless told otherwise.
pub const DEFAULT_SOCKET: &str = "/run/vgpu/vgpud.sock";
/// The variable that says which GPU to use.
pub const SELECTION_VARIABLE: &str = "VGPU";

/// Why there is no link. Its text says where was looked and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectError(String);

impl ConnectError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConnectError {}

/// Something that carries one packet to the host and its answer back, with a descriptor where the carrier can.
pub trait Exchange {
    /// Sends `request` and waits for the answer: its length (0 when the host has closed) and a descriptor.
    ///
    /// # Errors
    /// When the host is gone, or does not answer in time.
    fn exchange(&self, request: &[u8], answer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)>;
}

/// A connection whose host has let this guest in.
enum Connection {
    /// The window's object comes with the welcome.
    Socket(Socket, handshake::Welcome),
    /// The same from this very process.
    InProcess(Socket, handshake::Welcome),
    /// The window is the channel's arena.
    Pci(pci::Claim),
}

fn open(selection: &Selection, greeting: &Greeting, places: &pci::Places) -> Result<Connection, ConnectError> {
    let greet = |socket: &Socket, place: &dyn fmt::Display| {
        handshake::greet(socket, greeting)
            .map_err(|error| ConnectError::new(format!("{place}: {error}{}", cure(&error))))
    };
    let over_socket = |socket: Socket, place: &dyn fmt::Display| {
        let welcome = greet(&socket, place)?;
        // It lives, so from now on it answers sooner.
        socket.set_timeout(Some(socket::TIMEOUT)).map_err(|error| ConnectError::new(format!("{place}: {error}")))?;
        Ok(Connection::Socket(socket, welcome))
    };
    let over_pci = |address: Option<&str>| {
        pci::open(places, address, greeting)
            .map(Connection::Pci)
            .map_err(|trouble| ConnectError::new(format!("{selection}: {trouble}")))
    };
    match selection {
        Selection::Default => match pci::open(places, None, greeting) {
            Ok(claim) => Ok(Connection::Pci(claim)),
            Err(trouble) => {
                if let Trouble::Unusable(text) = &trouble {
                    log::warn!("{text}; looking for a daemon of this machine instead");
                }
                unix::connect(DEFAULT_SOCKET.as_ref())
                    .and_then(|socket| over_socket(socket, &DEFAULT_SOCKET))
                    .map_err(|error| join_errors(&trouble, &error))
            }
        },
        Selection::Unix(path) => over_socket(unix::connect(path)?, &path.display()),
        Selection::Embedded => match embedded::start_here() {
            Some(socket) => {
                let socket = socket?;
                let welcome = greet(&socket, &"the executor of this process")?;
                Ok(Connection::InProcess(socket, welcome))
            }
            None => over_socket(embedded::start()?, &"the embedded executor"),
        },
        Selection::AnyPci => over_pci(None),
        Selection::Pci(address) => over_pci(Some(address)),
        Selection::Invalid(text) => Err(ConnectError::new(format!(
            "{SELECTION_VARIABLE}={text} is not understood; use {}, or leave it unset for a PCI function or the daemon \
             at {DEFAULT_SOCKET}",
            selection::FORMS
        ))),
    }
}

/// What to do about a failed handshake whose text does not say it.
fn cure(error: &HandshakeError) -> &'static str {
    match error {
        // Refusals and mismatches say what they are about.
        HandshakeError::Refused(_) | HandshakeError::Version(_) => "",
        HandshakeError::Socket(_) | HandshakeError::Closed => {
            "; see vgpud's log (`journalctl -u vgpud`), and restart it"
        }
        HandshakeError::Garbage => "; let the socket be the one that vgpud listens at",
    }
}

/// A function that is there but cannot be used is the likelier reason than a daemon that is not.
fn join_errors(trouble: &Trouble, daemon: &ConnectError) -> ConnectError {
    ConnectError::new(match trouble {
        Trouble::Unusable(text) => format!("{text} (nor did a daemon of this machine help: {daemon})"),
        Trouble::Absent(text) => format!("{daemon}; {text}"),
    })
}

/// Connects for computing: the mapped window, and the hold on its executor.
pub(crate) fn open_window(selection: &Selection) -> Result<(Window, Lifeline), ConnectError> {
    open_window_among(selection, &pci::Places::from_env())
}

fn open_window_among(selection: &Selection, places: &pci::Places) -> Result<(Window, Lifeline), ConnectError> {
    let unusable = |text: String| ConnectError::new(format!("the executor's window: {text}"));
    // Before anything else, so that the program cannot have put something there in the meantime.
    let proposed = Arena::propose().map_err(|error| {
        ConnectError::new(format!("no addresses for device memory: {error}; see the limit that `ulimit -v` shows"))
    })?;
    let greeting = Greeting::compute(proposed.iter().map(Arena::range));
    let welcomed = |welcome: handshake::Welcome, proposed| {
        let object = welcome.object.ok_or_else(|| ConnectError::new("the executor sent no window"))?;
        let layout = read_layout(object.as_fd()).map_err(unusable)?;
        let arena = Arena::keep(proposed, layout.device_arena).map_err(unusable)?;
        let window = map_window(object.as_fd(), layout).map_err(unusable)?;
        Ok(window.with_arena(arena))
    };
    match open(selection, &greeting, places)? {
        Connection::Socket(socket, welcome) => Ok((welcomed(welcome, proposed)?, Lifeline::Socket(socket.into()))),
        Connection::InProcess(_, welcome) => Ok((welcomed(welcome, proposed)?, Lifeline::InProcess)),
        Connection::Pci(claim) => {
            let layout = claim.layout().map_err(unusable)?;
            let arena = Arena::keep(proposed, layout.device_arena).map_err(unusable)?;
            let window = claim.window(layout).map_err(unusable)?;
            Ok((window.with_arena(arena), Lifeline::Pci(claim)))
        }
    }
}

/// Reads the header of a window that another process (or thread) made, and checks what it says.
pub(crate) fn read_layout(object: BorrowedFd<'_>) -> Result<Layout, String> {
    let object_bytes = mapping::sealed_len(object).map_err(|error| error.to_string())?;
    let mut header = [0; size_of::<Layout>()];
    handshake::read_at_start(object, &mut header).map_err(|error| format!("reading its header: {error}"))?;
    let layout = Layout::from_bytes(&header).ok_or("its header is too short")?;
    layout.check(object_bytes).map_err(|error| error.to_string())?;
    Ok(layout)
}

/// Maps a window whose header has been read.
pub(crate) fn map_window(object: BorrowedFd<'_>, layout: Layout) -> Result<Window, String> {
    let mapping = Mapping::near(object, layout.total_bytes, layout.host_address).map_err(|error| error.to_string())?;
    Window::new(mapping, layout).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_daemon_is_named_with_its_path() {
        let selection = Selection::Unix("/nonexistent/vgpud.sock".into());
        let error = open_window(&selection).expect_err("nothing listens there").to_string();
        assert!(error.contains("/nonexistent/vgpud.sock") && error.contains("vgpud"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_said_clearly() {
        let pci = open_window(&Selection::Pci("ffff:00:05.0".into())).expect_err("no such domain").to_string();
        assert!(pci.contains("pci:ffff:00:05.0"), "{pci}");
        let invalid = open_window(&Selection::Invalid("tcp:1".into())).expect_err("nonsense").to_string();
        assert!(invalid.contains("tcp:1") && invalid.contains(DEFAULT_SOCKET), "{invalid}");
    }

    #[test]
    fn a_window_whose_header_lies_is_not_mapped() {
        let object = mapping::create_object(1 << 20).expect("shared memory");
        assert!(read_layout(object.as_fd()).is_err(), "all zero");
        let config =
            crate::window::WindowConfig { pinned_bytes: 1 << 20, staging_bytes: 1 << 20, ..Default::default() };
        let layout = Layout::new(&config).expect("a sound configuration");
        let writer = Mapping::near(object.as_fd(), 1 << 20, 0).expect("shared memory");
        writer.write(0, layout.as_bytes());
        let error = read_layout(object.as_fd()).expect_err("longer than the object");
        assert!(error.contains("bytes"), "{error}");
        let tiny = mapping::create_object(64).expect("shared memory");
        assert!(read_layout(tiny.as_fd()).is_err(), "shorter than a header");
    }

    #[test]
    fn an_object_that_can_shrink_is_not_mapped() {
        let file = std::fs::File::open("/proc/self/exe").expect("this program");
        assert!(read_layout(file.as_fd()).is_err());
    }
}
