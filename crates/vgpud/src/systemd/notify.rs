//! Telling systemd how things stand: one datagram a message, to the socket that it names.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, bail};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};

pub(super) const SOCKET: &str = "NOTIFY_SOCKET";

/// Whoever wants to know; nobody, unless systemd started this process.
#[derive(Debug, Default)]
pub struct Notifier {
    line: Option<(OwnedFd, SocketAddrUnix)>,
}

impl Notifier {
    /// Reads the variable. Who cannot be told goes without: that must not keep anybody from the GPU.
    pub fn from_env() -> Self {
        let Some(place) = std::env::var_os(SOCKET).filter(|place| !place.is_empty()) else {
            return Self::default();
        };
        match Self::open(&place) {
            Ok(notifier) => notifier,
            Err(error) => {
                log::warn!("{SOCKET}={}: systemd is not told how things stand: {error:#}", place.display());
                Self::default()
            }
        }
    }

    fn open(place: &OsStr) -> Result<Self> {
        let address = match place.as_bytes() {
            [b'@', name @ ..] => SocketAddrUnix::new_abstract_name(name).context("not a name")?,
            [b'/', ..] => SocketAddrUnix::new(place.as_bytes()).context("not a path")?,
            _ => bail!("neither a path nor a name that begins with @"),
        };
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        Ok(Self { line: Some((socket, address)) })
    }

    /// Everybody can come in.
    pub fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// Nobody can come in any more.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=ending");
    }

    fn say(&self, message: &str) {
        let Some((socket, address)) = &self.line else {
            return;
        };
        if let Err(error) = rustix::net::sendto(socket, message.as_bytes(), SendFlags::NOSIGNAL, address) {
            log::warn!("systemd could not be told {message:?}: {error}");
        }
    }
}
