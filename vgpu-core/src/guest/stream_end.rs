//! Where the next record of a stream goes.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::wire::{Seq, StreamSlot};

/// The end of a stream: its slot, and the number of the last record that was posted on it.
#[derive(Debug)]
pub struct StreamEnd {
    slot: StreamSlot,
    last: AtomicU64,
}

impl StreamEnd {
    /// The end of a stream on which nothing has been posted yet.
    pub const fn new(slot: StreamSlot) -> Self {
        Self { slot, last: AtomicU64::new(0) }
    }

    /// The stream's completion word.
    pub const fn slot(&self) -> StreamSlot {
        self.slot
    }

    /// Number of the last record posted on the stream, 0 before the first. It never falls.
    pub fn last(&self) -> Seq {
        self.last.load(Ordering::Acquire)
    }

    /// Moves the end behind record `seq`. Called in ring order.
    pub(super) fn advance(&self, seq: Seq) {
        self.last.store(seq, Ordering::Release);
    }
}
