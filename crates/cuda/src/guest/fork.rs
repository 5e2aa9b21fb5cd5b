//! Fork detection: a child of `fork` inherits our state but not the right to use it.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static FORKED: AtomicBool = AtomicBool::new(false);
static REGISTER: Once = Once::new();

extern "C" fn in_child() {
    FORKED.store(true, Ordering::Relaxed);
}

/// Has children of later forks marked. Idempotent.
pub(crate) fn watch() {
    REGISTER.call_once(|| {
        // SAFETY: `in_child` only stores to a static, and the library is never unloaded (linked with -z nodelete).
        let status = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        if status != 0 {
            log::warn!("pthread_atfork failed ({status}): forked children are not detected");
        }
    });
}

/// Whether this process is a fork of one that had initialised us.
pub(crate) fn is_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}
