//! Stretches of this process's memory that the driver knows, and how they end.
//!
//! Who has them registered is `pinning` for bytes and `words` for completion words.

use std::ops::Range;

use crate::api::Api;
use crate::context::log_failure;

/// Registered stretches, to be unregistered in the context that holds them.
pub(crate) struct Pinned(Vec<Range<u64>>);

impl Pinned {
    /// These stretches.
    pub(crate) fn of(stretches: impl Into<Vec<Range<u64>>>) -> Self {
        Self(stretches.into())
    }

    /// Unregisters them; their holder is current.
    pub(crate) fn release(self, api: &Api) {
        for stretch in self.0 {
            // SAFETY: the stretch has been registered, and no copy uses it any more.
            let result = unsafe { api.cuMemHostUnregister(pointer(stretch.start).cast()) };
            log_failure("registered memory", result);
        }
    }
}

/// A stretch's address as a pointer.
pub(crate) fn pointer(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(address as usize)
}
