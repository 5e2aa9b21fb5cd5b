//! Knowing that this process is a fork of the one that connected: what it holds of an executor belongs to the parent.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);
static REGISTER: Once = Once::new();

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// How many forks lie between this process and the first that asked. Costs one load, so every call can afford it.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Starts counting; call before the first [`generation`] that is kept.
pub(crate) fn watch() {
    REGISTER.call_once(|| {
        // SAFETY: the handler only touches an atomic, and libcuda is never unloaded (it is linked with -z nodelete).
        let code = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        if code != 0 {
            log::warn!("forks of this process will not be noticed: pthread_atfork failed with {code}");
        }
    });
}
