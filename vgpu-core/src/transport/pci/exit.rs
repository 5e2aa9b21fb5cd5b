//! Giving channels back when the process ends: what lives in statics is never dropped.
//!
//! It happens when the loader finalises our library, which is after everything that depends on it: exit handlers and
//! destructors of a program may still use the GPU. An exit handler of ours would come before those.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::claim::Held;

static OPEN: Mutex<Vec<Weak<Held>>> = Mutex::new(Vec::new());
/// What the loader calls. Until a channel is taken there is nothing to do for it.
#[used]
#[unsafe(link_section = ".fini_array")]
static FINALISER: extern "C" fn() = finalise;
/// In a forked child the lock may be held by a thread that is not there: nobody waits longer for it.
const LOCK_MAX: Duration = Duration::from_millis(200);

/// Sees to it that the channel is given back at the latest when the process exits.
pub(super) fn watch(held: &Arc<Held>) {
    if let Some(mut open) = OPEN.try_lock_for(LOCK_MAX) {
        open.retain(|other| other.strong_count() != 0);
        open.push(Arc::downgrade(held));
    }
}

extern "C" fn finalise() {
    let Some(mut open) = OPEN.try_lock_for(LOCK_MAX) else {
        return;
    };
    for held in std::mem::take(&mut *open).iter().filter_map(Weak::upgrade) {
        held.close();
    }
}
