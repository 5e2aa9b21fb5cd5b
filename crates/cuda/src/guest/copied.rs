//! What of a stream's copies from the program's memory others wait for, and what of them is over to the program: see `host_order`.

use std::sync::atomic::{AtomicU64, Ordering};

use vgpu_core::wire::Seq;

/// Such copies of a stream.
#[derive(Default)]
pub(crate) struct Copied {
    /// The last record that is the end of one, 0 before the first.
    last: AtomicU64,
    /// The last record up to which everything was over to the program when somebody waited.
    over: AtomicU64,
}

impl Copied {
    pub(super) fn note(&self, seq: Seq) {
        self.last.fetch_max(seq, Ordering::SeqCst);
    }

    pub(super) fn last(&self) -> Seq {
        self.last.load(Ordering::SeqCst)
    }

    pub(super) fn set_over(&self, seq: Seq) {
        self.over.fetch_max(seq, Ordering::AcqRel);
    }

    /// Whether all up to a record of the stream is over to the program, although it may not be done.
    #[inline]
    pub(super) fn is_over(&self, seq: Seq) -> bool {
        seq <= self.over.load(Ordering::Acquire)
    }
}
