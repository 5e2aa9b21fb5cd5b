//! How many captures are open anywhere in the process. While there are none, entering a stream is one load.

use std::sync::atomic::{AtomicU32, Ordering};

static OPEN: AtomicU32 = AtomicU32::new(0);

pub(super) fn opened() {
    OPEN.fetch_add(1, Ordering::AcqRel);
}

pub(super) fn closed() {
    OPEN.fetch_sub(1, Ordering::AcqRel);
}

#[inline]
pub(super) fn are_open() -> bool {
    OPEN.load(Ordering::Acquire) != 0
}
