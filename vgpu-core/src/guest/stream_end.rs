//! Where the next record of a stream goes.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::wire::{Seq, StreamSlot};

/// The end of a stream: its slot, and the number of the last record that was posted on it.
///
/// It also knows a run of records at the end that the host cannot see the end of: copies whose bytes have been taken, to memory
/// that only the device reaches, and waits for such copies of other streams. Who waits for the stream need not wait for those, if
/// the device's later work does.
#[derive(Debug)]
pub struct StreamEnd {
    slot: StreamSlot,
    last: AtomicU64,
    /// The last record of the last run.
    run_last: AtomicU64,
    /// The last record before that run.
    run_after: AtomicU64,
    /// The last copy of any run.
    run_copy: AtomicU64,
}

/// A run of records at the end of a stream that the host cannot see the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnseenRun {
    /// The last record before the run, 0 if there is none. It may be a later one that is not of the run, never an earlier one.
    pub after: Seq,
    /// The last record of the run.
    pub last: Seq,
    /// The last copy of this or an earlier run, 0 if there is none. It may be a later one.
    pub copy: Seq,
}

/// What the host cannot see the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// A copy whose bytes have been taken, to memory that only the device reaches.
    Copy,
    /// Waiting for such a copy of another stream, which nobody has asked for.
    Wait,
}

/// Which stream's end a record becomes. No closure does that: a function with one would be compiled in the caller's crate, where
/// what it calls of this one is not inlined.
#[derive(Clone, Copy)]
pub(super) enum Order<'a> {
    /// No stream orders it.
    Unordered,
    /// It is work at the end of that stream.
    On(&'a StreamEnd),
    /// The same for work that the host cannot see the end of: a part of [`StreamEnd::unseen_run`].
    Unseen(&'a StreamEnd, Unseen),
}

impl Order<'_> {
    /// Moves the stream's end behind record `seq`. Called in ring order.
    pub(super) fn advance(self, seq: Seq) {
        match self {
            Self::Unordered => (),
            Self::On(end) => end.advance(seq),
            Self::Unseen(end, what) => end.advance_unseen(seq, what),
        }
    }
}

impl StreamEnd {
    /// The end of a stream on which nothing has been posted yet.
    pub const fn new(slot: StreamSlot) -> Self {
        let [last, run_last, run_after, run_copy] = [const { AtomicU64::new(0) }; 4];
        Self { slot, last, run_last, run_after, run_copy }
    }

    /// The stream's completion word.
    pub const fn slot(&self) -> StreamSlot {
        self.slot
    }

    /// Number of the last record posted on the stream, 0 before the first. It never falls.
    pub fn last(&self) -> Seq {
        self.last.load(Ordering::Acquire)
    }

    /// The run at the stream's end, if its last record is of one.
    pub fn unseen_run(&self) -> Option<UnseenRun> {
        let last = self.last();
        // A run that begins meanwhile has its start written before its last record: the start that is read here is this run's
        // or a later one's. The same goes for its copies.
        let is_of_run = last != 0 && self.run_last.load(Ordering::Acquire) == last;
        is_of_run.then(|| UnseenRun {
            after: self.run_after.load(Ordering::Acquire),
            last,
            copy: self.run_copy.load(Ordering::Acquire),
        })
    }

    fn advance(&self, seq: Seq) {
        self.last.store(seq, Ordering::Release);
    }

    fn advance_unseen(&self, seq: Seq, what: Unseen) {
        let before = self.last.load(Ordering::Relaxed);
        if self.run_last.load(Ordering::Relaxed) != before {
            self.run_after.store(before, Ordering::Release);
        }
        if what == Unseen::Copy {
            self.run_copy.store(seq, Ordering::Release);
        }
        self.run_last.store(seq, Ordering::Release);
        self.advance(seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_what_stands_at_the_end_of_a_stream() {
        let end = StreamEnd::new(3);
        assert_eq!(end.unseen_run(), None);
        end.advance_unseen(2, Unseen::Copy);
        end.advance_unseen(5, Unseen::Wait);
        assert_eq!(end.unseen_run(), Some(UnseenRun { after: 0, last: 5, copy: 2 }));
        end.advance(6);
        assert_eq!(end.unseen_run(), None);
        end.advance_unseen(9, Unseen::Wait);
        assert_eq!(end.unseen_run(), Some(UnseenRun { after: 6, last: 9, copy: 2 }));
        assert_eq!(end.last(), 9);
    }
}
