//! Telling systemd how things stand, and what to keep: one datagram a message, to the socket that it names.

use std::ffi::OsStr;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    sendmsg_addr,
};

pub(super) const SOCKET: &str = "NOTIFY_SOCKET";
pub(super) const STORE_MAX: &str = "FDSTORE";
/// Names of what is kept begin with this; a number follows.
pub(super) const KEPT_PREFIX: &str = "vgpu-vm-";
/// Descriptors that are kept under one name.
const KEPT_MAX: usize = 3;

/// Whoever wants to know; nobody, unless systemd started this process.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    line: Option<(OwnedFd, SocketAddrUnix)>,
    /// Of the next thing to keep.
    next_number: AtomicU64,
}

impl Notifier {
    /// Reads the variable. Who cannot be told goes without: that must not keep anybody from the GPU.
    pub(crate) fn from_env() -> Self {
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
        Ok(Self { line: Some((socket, address)), next_number: AtomicU64::new(0) })
    }

    /// Everybody can come in.
    pub(crate) fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// Nobody can come in any more.
    pub(crate) fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=ending");
    }

    /// Whether so many things can be kept, where systemd says how many descriptors it would keep (since its version 254).
    pub(crate) fn has_room_for(&self, things: usize) -> bool {
        let max = std::env::var(STORE_MAX).ok().and_then(|max| max.parse::<usize>().ok());
        self.line.is_none() || max.is_none_or(|max| things * KEPT_MAX <= max)
    }

    /// What is kept under this name since an earlier run.
    pub(crate) fn kept(self: &Arc<Self>, name: &str) -> Kept {
        if let Some(number) = name.strip_prefix(KEPT_PREFIX).and_then(|number| number.parse::<u64>().ok()) {
            self.next_number.fetch_max(number.saturating_add(1), Ordering::Relaxed);
        }
        Kept { notifier: Arc::clone(self), name: name.to_owned() }
    }

    /// Has these descriptors kept, all or none. Whether systemd does so is for the unit to say (`FileDescriptorStoreMax=`).
    ///
    /// # Panics
    /// With more than three.
    pub(crate) fn keep(self: &Arc<Self>, descriptors: &[BorrowedFd<'_>]) -> Kept {
        assert!(descriptors.len() <= KEPT_MAX, "{} descriptors", descriptors.len());
        let name = format!("{KEPT_PREFIX}{}", self.next_number.fetch_add(1, Ordering::Relaxed));
        self.send(&format!("FDSTORE=1\nFDNAME={name}"), descriptors);
        Kept { notifier: Arc::clone(self), name }
    }

    fn say(&self, message: &str) {
        self.send(message, &[]);
    }

    fn send(&self, message: &str, descriptors: &[BorrowedFd<'_>]) {
        let Some((socket, address)) = &self.line else {
            return;
        };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(KEPT_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fits = descriptors.is_empty() || control.push(SendAncillaryMessage::ScmRights(descriptors));
        assert!(fits, "there is room for as many");
        let sent =
            sendmsg_addr(socket, address, &[IoSlice::new(message.as_bytes())], &mut control, SendFlags::NOSIGNAL);
        if let Err(error) = sent {
            log::warn!("systemd could not be told {message:?}: {}", io::Error::from(error));
        }
    }
}

/// Descriptors that systemd keeps. It lets go of them when this is dropped, but not when the process dies.
#[derive(Debug)]
pub(crate) struct Kept {
    notifier: Arc<Notifier>,
    name: String,
}

impl Kept {
    /// Leaves them to the next run.
    pub(crate) fn leave(self) {
        std::mem::forget(self);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.notifier.say(&format!("FDSTOREREMOVE=1\nFDNAME={}", self.name));
    }
}
