//! Where a stream ends. Anybody may ask where that is, and may have what comes later wait; only the gate posts work there.

use vgpu_core::CuResult;
use vgpu_core::guest::{Link, StreamEnd, UnseenRun};
use vgpu_core::wire::messages::StreamWait;
use vgpu_core::wire::{Seq, StreamSlot};

/// The end of a stream.
pub(crate) struct Tail(StreamEnd);

impl Tail {
    pub(crate) const fn new(slot: StreamSlot) -> Self {
        Self(StreamEnd::new(slot))
    }

    #[inline]
    pub(crate) fn slot(&self) -> StreamSlot {
        self.0.slot()
    }

    #[inline]
    pub(crate) fn last(&self) -> Seq {
        self.0.last()
    }

    /// Copies from the program's memory, to memory that only the device reaches, with which the stream ends.
    #[inline]
    pub(crate) fn unseen_run(&self) -> Option<UnseenRun> {
        self.0.unseen_run()
    }

    /// For the gate.
    #[inline]
    pub(super) fn end(&self) -> &StreamEnd {
        &self.0
    }

    /// Has later work here wait until `other` has retired `until`; also while the stream is captured, for what it is given after
    /// that.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn stand_behind(&self, link: &Link, other: StreamSlot, until: Seq) -> CuResult {
        if until == 0 || other == self.slot() || link.is_done(other, until) {
            return Ok(());
        }
        link.post_on(&self.0, &StreamWait { stream: 0, other, until }, &[]).map(drop)
    }
}
