//! The signals that end the daemon, as a descriptor to wait for.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Blocks SIGTERM and SIGINT in this thread and all that it starts; the descriptor becomes readable when one comes.
/// Executors start with no signal blocked, as `std::process` sees to.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn ending_signals() -> io::Result<OwnedFd> {
    // SAFETY: an all-zero set is a valid value to be filled in.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is writable.
    unsafe { libc::sigemptyset(&raw mut set) };
    for signal in [libc::SIGTERM, libc::SIGINT] {
        // SAFETY: the set was initialised, the signal exists.
        unsafe { libc::sigaddset(&raw mut set, signal) };
    }
    // SAFETY: the set was initialised; the old mask is not wanted.
    let code = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code));
    }
    // SAFETY: the set was initialised.
    let raw = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}
