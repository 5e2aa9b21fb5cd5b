//! Giving channels back when the process ends: what lives in statics is never dropped.

use std::sync::{Arc, Once, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::claim::Held;

static OPEN: Mutex<Vec<Weak<Held>>> = Mutex::new(Vec::new());
static REGISTER: Once = Once::new();
/// In a forked child the lock may be held by a thread that is not there: nobody waits longer for it.
const LOCK_MAX: Duration = Duration::from_millis(200);

/// Sees to it that the channel is given back at the latest when the process exits.
pub(super) fn watch(held: &Arc<Held>) {
    REGISTER.call_once(|| {
        // SAFETY: the function lives as long as the process, for our libraries are never unloaded.
        if unsafe { libc::atexit(at_exit) } != 0 {
            log::debug!("atexit failed: the host will notice this process's end by its silence");
        }
    });
    if let Some(mut open) = OPEN.try_lock_for(LOCK_MAX) {
        open.retain(|other| other.strong_count() != 0);
        open.push(Arc::downgrade(held));
    }
}

extern "C" fn at_exit() {
    let Some(mut open) = OPEN.try_lock_for(LOCK_MAX) else {
        return;
    };
    for held in std::mem::take(&mut *open).iter().filter_map(Weak::upgrade) {
        held.close();
    }
}
