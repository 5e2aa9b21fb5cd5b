//! Where a stream ends. Anybody may ask where that is, and may have what comes later wait; only the gate posts work there.

use parking_lot::Mutex;
use vgpu_core::CuResult;
use vgpu_core::guest::{Link, StreamEnd, Unseen, UnseenRun};
use vgpu_core::wire::messages::StreamWait;
use vgpu_core::wire::{Seq, StreamSlot};

/// So many waits of a stream are kept in mind. Without one, a record that it waited for is not known to be done a little longer.
const WAITS_MAX: usize = 64;

/// The end of a stream.
pub(crate) struct Tail {
    end: StreamEnd,
    /// What it has waited for of others, unless that is known to be done without it.
    waits: Mutex<Vec<Wait>>,
}

/// A record that waits for another stream's.
struct Wait {
    other: StreamSlot,
    until: Seq,
    seq: Seq,
}

impl Tail {
    pub(crate) const fn new(slot: StreamSlot) -> Self {
        Self { end: StreamEnd::new(slot), waits: Mutex::new(Vec::new()) }
    }

    #[inline]
    pub(crate) fn slot(&self) -> StreamSlot {
        self.end.slot()
    }

    #[inline]
    pub(crate) fn last(&self) -> Seq {
        self.end.last()
    }

    /// Copies from the program's memory to memory that only the device reaches, and [waits](Self::stand_behind_unseen) for such,
    /// with which the stream ends.
    #[inline]
    pub(crate) fn unseen_run(&self) -> Option<UnseenRun> {
        self.end.unseen_run()
    }

    /// For the gate.
    #[inline]
    pub(super) fn end(&self) -> &StreamEnd {
        &self.end
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
        let seq = link.post_on(&self.end, &wait, &[])?;
        let mut waits = self.waits.lock();
        if waits.len() == WAITS_MAX {
            waits.retain(|wait| !link.is_done(wait.other, wait.until));
            let excess = waits.len().saturating_sub(WAITS_MAX / 2);
            waits.drain(..excess);
        }
        waits.push(Wait { other, until, seq });
        Ok(())
    }

    /// Its records that have been told to wait for one of `other`, or for a later one: where they are done, so is that.
    pub(crate) fn waits_for(&self, other: StreamSlot, seq: Seq) -> Vec<Seq> {
        let waits = self.waits.lock();
        waits.iter().filter(|wait| wait.other == other && wait.until >= seq).map(|wait| wait.seq).collect()
    }

    /// The same where that is a copy which is over to the program: who waits for this stream need not wait for it.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn stand_behind_unseen(&self, link: &Link, other: StreamSlot, until: Seq) -> CuResult {
        let Some(wait) = self.wait_for(link, other, until) else {
            return Ok(());
        };
        link.post_unseen(Unseen::Wait, &self.end, &wait, &[]).map(drop)
    }

    fn wait_for(&self, link: &Link, other: StreamSlot, until: Seq) -> Option<StreamWait> {
        let is_needed = until != 0 && other != self.slot() && !link.is_done(other, until);
        is_needed.then_some(StreamWait { stream: 0, other, until })
    }
}
