//! Where a stream ends. Anybody may ask where that is, and may have what comes later wait; only the gate posts work there.

use vgpu_core::CuResult;
use vgpu_core::guest::{Link, StreamEnd, Unseen, UnseenRun};
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

    /// Copies from the program's memory to memory that only the device reaches, and [waits](Self::stand_behind_unseen) for such,
    /// with which the stream ends.
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
        let Some(wait) = self.wait_for(link, other, until) else {
            return Ok(());
        };
        link.post_on(&self.0, &wait, &[]).map(drop)
    }

    /// The same where that is a copy which is over to the program: who waits for this stream need not wait for it.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn stand_behind_unseen(&self, link: &Link, other: StreamSlot, until: Seq) -> CuResult {
        let Some(wait) = self.wait_for(link, other, until) else {
            return Ok(());
        };
        link.post_unseen(Unseen::Wait, &self.0, &wait, &[]).map(drop)
    }

    fn wait_for(&self, link: &Link, other: StreamSlot, until: Seq) -> Option<StreamWait> {
        let is_needed = until != 0 && other != self.slot() && !link.is_done(other, until);
        is_needed.then_some(StreamWait { stream: 0, other, until })
    }
}
