//! A vfio-user server: how a VMM such as QEMU reaches a PCI function of ours.
//!
//! - [`message`]: what is said.
//! - [`connection`]: one VMM's conversation.
//!
//! A thread for each function accepts one VMM at a time. That VMM's memory, channels and executors are its
//! [`crate::tenant`], which ends with the connection.

mod connection;
pub mod message;

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::SocketFlags;

use crate::daemon::Daemon;
use crate::door::Door;
use crate::settings::FunctionSettings;
use crate::tenant::Tenant;
use connection::{Connection, Ending};

/// Starts the thread of the function whose VM comes to `door`.
///
/// # Errors
/// When there is no room for a thread.
pub fn start(door: &Door, daemon: &Arc<Daemon>, settings: &FunctionSettings) -> Result<()> {
    let path = door.path();
    let function = Function {
        name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        listener: door.shared_listener().context("the function's socket")?,
        daemon: Arc::clone(daemon),
        settings: settings.clone(),
        generation: 0,
    };
    let thread = std::thread::Builder::new().name("vgpud-vfio-user".to_owned()).stack_size(256 * 1024);
    thread.spawn(move || function.serve()).context("a thread for a PCI function")?;
    Ok(())
}

/// A function, with or without a VM.
struct Function {
    name: String,
    listener: OwnedFd,
    daemon: Arc<Daemon>,
    settings: FunctionSettings,
    /// Of the next tenant. It never goes back, so that nobody takes a new tenant's memory for an old one's.
    generation: u32,
}

impl Function {
    fn serve(mut self) {
        loop {
            match rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC) {
                Ok(socket) => {
                    if let Err(error) = self.converse(UnixStream::from(socket)) {
                        log::warn!("{}: the VM's connection was closed: {error:#}", self.name);
                    }
                }
                Err(error) => {
                    log::warn!("{}: a VM could not be accepted: {error}", self.name);
                    // Out of descriptors, most likely: they come back when a guest leaves.
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    fn converse(&mut self, stream: UnixStream) -> Result<()> {
        let Some(stream) = connection::negotiate(stream).context("negotiation")? else {
            // Somebody who only wanted to know whether we live.
            return Ok(());
        };
        let tenant = Tenant::start(&self.name, &self.daemon, &self.settings, self.generation)?;
        log::info!("{}: a VM has come", self.name);
        let waiting = stream.as_fd().try_clone_to_owned()?;
        let mut connection = Connection::new(stream, &tenant, &self.settings);
        let result = loop {
            if let Err(error) = self.wait_for(&waiting) {
                break Err(error);
            }
            match connection.serve_one() {
                Ok(()) => {}
                Err(Ending::Left) => break Ok(()),
                Err(Ending::Failed(error)) => break Err(error.into()),
                Err(Ending::Malformed(error)) => break Err(error.into()),
            }
        };
        self.generation = tenant.generation().wrapping_add(1);
        // Waits for the executors. Nobody else does meanwhile: the next VM is not accepted before.
        drop(tenant);
        log::info!("{}: the VM is gone", self.name);
        result
    }

    /// Waits until the VMM has something to say. Others who come meanwhile are turned away.
    fn wait_for(&self, stream: &OwnedFd) -> Result<()> {
        loop {
            let mut polls = [PollFd::new(stream, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
            match poll(&mut polls, None) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result.context("waiting for the VM")?,
            };
            // The VMM first: if it has just left, whoever waits is the next one.
            if !polls[0].revents().is_empty() {
                return Ok(());
            }
            if rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC).is_ok() {
                log::warn!("{}: another VM was turned away, for this function has one", self.name);
            }
        }
    }
}
