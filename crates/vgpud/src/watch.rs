//! Ends an executor when those that it works for are gone.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use vgpu_core::transport::socket::Socket;

/// Starts a thread that ends this process at once when the guest closes its connection or ends, or the daemon ends.
///
/// The guest's process is watched besides its connection, because a child of it may have inherited that. The kernel
/// takes back all that the executor held. `report` runs just before.
///
/// # Errors
/// When there is no room for a thread.
pub(crate) fn end_with(socket: &Socket, daemon: Option<u32>, report: impl FnOnce() + Send + 'static) -> Result<()> {
    let connection = socket.as_fd().try_clone_to_owned().context("the guest's connection")?;
    let guest = socket.peer().context("the guest's credentials")?.pid;
    let mut watched = vec![connection];
    watched.extend([Some(guest), daemon].into_iter().flatten().filter_map(open_process));
    std::thread::Builder::new()
        .name("vgpu-watch".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || watch(&watched, report))
        .context("the watching thread")?;
    Ok(())
}

/// The same for a monitor, whose connection is in use: only its process is watched.
///
/// # Errors
/// When there is no room for a thread.
pub(crate) fn end_with_process(socket: &Socket) -> Result<()> {
    let guest = socket.peer().context("the guest's credentials")?.pid;
    let Some(process) = open_process(guest) else {
        return Ok(());
    };
    std::thread::Builder::new()
        .name("vgpu-watch".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || watch(std::slice::from_ref(&process), || ()))
        .context("the watching thread")?;
    Ok(())
}

/// A process outside this namespace has the number 0 and cannot be watched; its connection still is.
fn open_process(pid: u32) -> Option<OwnedFd> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    pidfd_open(pid, PidfdFlags::empty())
        .inspect_err(|error| log::debug!("process {pid:?} is not watched: {error}"))
        .ok()
}

fn watch(watched: &[OwnedFd], report: impl FnOnce()) {
    loop {
        let mut polls: Vec<_> = watched.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        match poll(&mut polls, None) {
            Err(rustix::io::Errno::INTR) | Ok(0) => {}
            Err(error) => log::error!("watching the guest failed: {error}"),
            // Nothing is said on the connection after the handshake: any event means its end, or a guest gone mad.
            Ok(_) => break,
        }
    }
    log::info!("the guest is gone");
    report();
    std::process::exit(0);
}
