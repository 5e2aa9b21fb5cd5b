//! What joins a guest to its executor besides the window: how to wake it, how to sleep, how to notice its end.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use super::pci::Claim;
use crate::pci::place::Place;
use crate::wait;
use crate::window::control::Control;

/// A guest's hold on its executor. Dropping it lets the executor go.
#[derive(Debug)]
pub(crate) enum Lifeline {
    /// Both ends are in one process.
    InProcess,
    /// A socket that the kernel closes when the executor dies.
    Socket(OwnedFd),
    /// A channel of a PCI function: the executor is outside this VM.
    Pci(Claim),
}

impl Lifeline {
    /// Wakes the executor if it sleeps. Call after the ring's tail was stored (`SeqCst`).
    pub(crate) fn wake_host(&self, control: Control<'_>) {
        if control.take_parked_host() {
            match self {
                Self::InProcess | Self::Socket(_) => wait::wake_all(control.host_parked()),
                Self::Pci(claim) => claim.wake_host(),
            }
        }
    }

    /// Sleeps while `epoch` holds `seen`, at most for `timeout`. False when the time ran out.
    pub(crate) fn sleep(&self, epoch: &AtomicU32, seen: u32, timeout: Duration) -> bool {
        match self {
            Self::InProcess | Self::Socket(_) => wait::sleep(epoch, seen, timeout),
            Self::Pci(_) => wait::poll(epoch, seen, timeout),
        }
    }

    /// Whether the window is this process's to write to. Costs at most a load of shared memory, so every record can afford it.
    pub(crate) fn is_held(&self) -> bool {
        match self {
            // Nobody else ever gets such a window.
            Self::InProcess | Self::Socket(_) => true,
            Self::Pci(claim) => claim.is_held(),
        }
    }

    /// Where the device sits on this machine's bus, if it does.
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::InProcess | Self::Socket(_) => None,
            Self::Pci(claim) => claim.place(),
        }
    }

    /// Why the executor must be taken for lost, if it must. Costs a system call.
    pub(crate) fn cut(&self) -> Option<&'static str> {
        match self {
            Self::InProcess => None,
            Self::Socket(socket) => {
                let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one valid pollfd; a timeout of 0 returns at once.
                let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
                // Nothing is sent on this socket after the handshake: readable means closed.
                (ready > 0).then_some("its executor died")
            }
            Self::Pci(claim) => claim.cut(),
        }
    }
}
