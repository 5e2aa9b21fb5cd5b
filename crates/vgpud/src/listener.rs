//! The socket of this machine's guests: greets them and starts an executor process for each.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use rustix::net::SocketFlags;
use vgpu_core::transport::handshake::{self, ConnectionKind};
use vgpu_core::transport::monitor;
use vgpu_core::transport::socket::{self, Socket};

use crate::daemon::{Daemon, Executor, NO_PLACE};

/// Connections that may be in their handshake, or be monitors, at a time; more are turned away.
const VISITORS_MAX: u32 = 64;
/// Monitors at a time. They stay as long as they like, and guests must still get in.
const MONITORS_MAX: u32 = 48;

/// Who waits at the socket.
#[derive(Debug)]
pub(crate) struct Listener {
    daemon: Arc<Daemon>,
    visitors: AtomicU32,
    monitors: AtomicU32,
}

impl Listener {
    /// A listener that lets nobody in yet.
    pub(crate) fn new(daemon: Arc<Daemon>) -> Arc<Self> {
        Arc::new(Self { daemon, visitors: AtomicU32::new(0), monitors: AtomicU32::new(0) })
    }

    /// Takes the next connection of a socket that has one.
    pub(crate) fn accept(self: &Arc<Self>, listener: &OwnedFd) {
        match rustix::net::accept_with(listener, SocketFlags::CLOEXEC) {
            Ok(connection) => self.admit(Socket::from(connection)),
            Err(error) => {
                log::warn!("a guest could not be accepted: {error}");
                // Out of descriptors, most likely: they come back when a guest leaves.
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
    }

    /// Leaves a connection to a thread of its own, unless there are too many already.
    fn admit(self: &Arc<Self>, socket: Socket) {
        if self.visitors.fetch_add(1, Ordering::AcqRel) >= VISITORS_MAX {
            self.visitors.fetch_sub(1, Ordering::AcqRel);
            handshake::refuse(&socket, "too many connections are waiting");
            return;
        }
        let listener = Arc::clone(self);
        let thread = std::thread::Builder::new().name("vgpud-guest".to_owned()).stack_size(256 * 1024);
        let started = thread.spawn(move || {
            let executor = listener.greet(socket);
            listener.visitors.fetch_sub(1, Ordering::AcqRel);
            match executor {
                Ok(Some(executor)) => executor.wait(),
                Ok(None) => {}
                Err(error) => log::warn!("a guest was turned away: {error:#}"),
            }
        });
        if let Err(error) = started {
            self.visitors.fetch_sub(1, Ordering::AcqRel);
            log::error!("no thread for a guest: {error}");
        }
    }

    fn greet(&self, socket: Socket) -> Result<Option<Executor>> {
        socket.set_timeout(Some(socket::TIMEOUT))?;
        // The greeting stays in the socket: the executor reads it again.
        let introduction = handshake::receive_hello(&socket, true).context("greeting")?;
        let peer = socket.peer()?;
        match introduction.kind {
            ConnectionKind::Monitor => {
                handshake::receive_hello(&socket, false)?;
                let observer = self.daemon.observer();
                let result = match self.monitors.fetch_add(1, Ordering::AcqRel) < MONITORS_MAX {
                    true => handshake::welcome(&socket, None).and_then(|()| monitor::serve(&socket, observer)),
                    false => {
                        handshake::refuse(&socket, "too many monitors are connected");
                        Ok(())
                    }
                };
                self.monitors.fetch_sub(1, Ordering::AcqRel);
                result?;
                Ok(None)
            }
            ConnectionKind::Compute => {
                let Some(place) = self.daemon.wait_for_place(peer.pid) else {
                    handshake::refuse(&socket, NO_PLACE);
                    bail!("all places are taken");
                };
                let folder = self.daemon.jit_folders().of_user(peer.uid);
                Ok(Some(place.start_executor(socket, None, folder.cache())?))
            }
        }
    }
}
