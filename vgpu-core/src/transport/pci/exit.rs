//! Giving channels back when the process ends: what lives in statics is never dropped.
//!
//! It happens when the loader finalises our library, which is after everything that depends on it: exit handlers and
//! destructors of a program may still use the GPU. An exit handler of ours would come before those.
//!
//! The exit may have begun in a signal's handler, on a thread that was anywhere in this library or in the allocator.
//! Here is no lock, then, and no memory comes or goes.

use std::mem::ManuallyDrop;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Weak};

use super::held::Held;

/// Far more than the one or two that a library ever holds at a time. Others take back what a dead process held.
const OPEN_MAX: usize = 16;
/// A weak reference in each place that is taken; whoever swaps it out owns it.
static OPEN: [AtomicPtr<Held>; OPEN_MAX] = [const { AtomicPtr::new(null_mut()) }; OPEN_MAX];
/// What the loader calls. Until a channel is taken there is nothing to do for it.
#[used]
#[unsafe(link_section = ".fini_array")]
static FINALISER: extern "C" fn() = finalise;

/// Sees to it that the channel is given back at the latest when the process exits.
pub(super) fn watch(held: &Arc<Held>) {
    let weak = Arc::downgrade(held).into_raw().cast_mut();
    let take =
        |place: &AtomicPtr<Held>| place.compare_exchange(null_mut(), weak, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    if !OPEN.iter().any(take) {
        // SAFETY: the pointer is that of a weak reference, and found no other owner.
        drop(unsafe { Weak::from_raw(weak.cast_const()) });
    }
}

/// The channel has been given back.
pub(super) fn forget(held: &Held) {
    let held = std::ptr::from_ref(held).cast_mut();
    let taken =
        OPEN.iter().find(|place| place.compare_exchange(held, null_mut(), Ordering::AcqRel, Ordering::Relaxed).is_ok());
    if taken.is_some() {
        // SAFETY: the pointer in the place was that of a weak reference, and is this call's now.
        drop(unsafe { Weak::from_raw(held.cast_const()) });
    }
}

extern "C" fn finalise() {
    for place in &OPEN {
        let weak = place.swap(null_mut(), Ordering::AcqRel);
        if weak.is_null() {
            continue;
        }
        // SAFETY: the pointer is that of a weak reference, and is this call's now.
        let weak = ManuallyDrop::new(unsafe { Weak::from_raw(weak.cast_const()) });
        if let Some(held) = weak.upgrade() {
            ManuallyDrop::new(held).give_back();
        }
    }
}
