//! From a selection to a host that has let this guest in.

use std::fmt;

use super::connect_error::ConnectError;
use super::handshake::{self, Greeting, HandshakeError, Welcome};
use super::pci::{self, Claim, Places, Trouble};
use super::selection::{FORMS, SELECTION_VARIABLE, Selection};
use super::socket::{self, Socket};
use super::unix::DEFAULT_SOCKET;
use super::{embedded, unix};

/// A connection whose host has let this guest in.
pub(super) enum Connection {
    /// The window's object comes with the welcome.
    Socket(Socket, Welcome),
    /// The same from this very process.
    InProcess(Socket, Welcome),
    /// The window is the channel's arena.
    Pci(Claim),
}

/// Connects to what `selection` names, and lets the host know what for.
pub(super) fn open(selection: &Selection, greeting: &Greeting, places: &Places) -> Result<Connection, ConnectError> {
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
            "{SELECTION_VARIABLE}={text} is not understood; use {FORMS}, or leave it unset for a PCI function or the daemon \
             at {DEFAULT_SOCKET}"
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
