//! Threads of ours in a stranger's process: they take no signals, which are meant for the program's own threads.

use std::io;

/// Starts a thread that nobody waits for.
///
/// # Errors
/// When the system gives none.
pub fn spawn(name: &str, stack_bytes: usize, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let masked = SignalMask::block_all();
    let started = std::thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(body);
    drop(masked);
    started.map(drop)
}

/// The calling thread's signal mask, put back when dropped.
struct SignalMask(libc::sigset_t);

impl SignalMask {
    fn block_all() -> Self {
        // SAFETY: all-zero is a valid set to be filled in.
        let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
        let mut before = all;
        // SAFETY: the set is writable.
        unsafe { libc::sigfillset(&raw mut all) };
        // SAFETY: both sets are valid for the call; an error is impossible with SIG_SETMASK.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
        Self(before)
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: the set was filled in by the kernel.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}
