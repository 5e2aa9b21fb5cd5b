//! The staging area: pieces of the window through which pageable bytes travel, used in the order they were taken.
//!
//! Pieces are taken at the end of a queue and released from its front, each when the executor has no more use for it.
//! Whoever finds no room waits for the oldest piece.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::channel::Channel;
use crate::error::{CuError, CuResult};
use crate::wire::{Seq, Span, StreamSlot};

/// As long as the executor keeps up, only so much of the area is used, over and over: it stays in the caches.
const WARM_BYTES: usize = 4 << 20;
/// Pieces start at multiples of this, so that vector copies run at full speed.
const ALIGN: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// A thread of this process holds it.
    Held,
    /// The executor holds it until the stream has retired the record.
    Stream(StreamSlot, Seq),
    /// The executor holds it until it has handled the record.
    Handled(Seq),
    /// Nobody holds it; it goes when those before it are gone.
    Free,
}

#[derive(Debug)]
struct Piece {
    ticket: u64,
    start: usize,
    end: usize,
    state: Use,
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    next_ticket: u64,
}

impl Queue {
    /// Where a piece of that length fits now, in an area of `room` bytes.
    fn place(&self, len: usize, room: usize) -> Option<usize> {
        let (Some(first), Some(last)) = (self.pieces.front(), self.pieces.back()) else {
            // Empty: start over, where the caches are warm.
            return (len <= room).then_some(0);
        };
        if last.end > first.start {
            // In use: first.start .. last.end. Free: behind it, and before it.
            let behind = last.end.checked_add(len).is_some_and(|end| end <= room);
            let before = len <= first.start;
            return match (before, behind) {
                (true, _) if last.end >= WARM_BYTES => Some(0),
                (_, true) => Some(last.end),
                (true, false) => Some(0),
                (false, false) => None,
            };
        }
        // Wrapped: free is only what lies between.
        (last.end + len <= first.start).then_some(last.end)
    }

    fn take(&mut self, start: usize, len: usize) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.pieces.push_back(Piece { ticket, start, end: start + len, state: Use::Held });
        ticket
    }

    fn set(&mut self, ticket: u64, state: Use) {
        let front = self.pieces.front().map_or(0, |piece| piece.ticket);
        // Tickets are given out in queue order without gaps.
        if let Some(piece) = self.pieces.get_mut((ticket - front) as usize) {
            piece.state = state;
        }
    }

    fn release(&mut self, mut is_free: impl FnMut(Use) -> bool) {
        while self.pieces.front().is_some_and(|piece| is_free(piece.state)) {
            self.pieces.pop_front();
        }
    }
}

#[derive(Debug)]
pub(super) struct Staging {
    area: Span,
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Staging {
    pub(super) fn new(area: Span) -> Self {
        Self { area, queue: Mutex::default(), changed: Condvar::new() }
    }

    /// The longest piece that can be asked for: a quarter, so that copies can overlap.
    pub(super) fn piece_max_bytes(&self) -> usize {
        (self.area.len_bytes / 4) as usize
    }

    /// Takes `len_bytes` of staging memory, waiting for room if need be.
    pub(super) fn take<'a>(&'a self, channel: &'a Channel, len_bytes: usize) -> CuResult<StagedChunk<'a>> {
        let padded = self.padded(channel, len_bytes)?;
        let mut queue = self.queue.lock();
        loop {
            if let Some(chunk) = self.place(channel, &mut queue, padded, len_bytes) {
                return Ok(chunk);
            }
            let oldest = queue.pieces.front().map_or(Use::Free, |piece| piece.state);
            match oldest {
                Use::Stream(stream, seq) => {
                    parking_lot::MutexGuard::unlocked(&mut queue, || channel.wait_retired(stream, seq))?;
                }
                Use::Handled(seq) => {
                    parking_lot::MutexGuard::unlocked(&mut queue, || channel.wait_handled(seq))?;
                }
                Use::Held => {
                    self.changed.wait_for(&mut queue, Duration::from_millis(50));
                    channel.check()?;
                }
                Use::Free => {}
            }
        }
    }

    /// Takes staging memory if there is room now. For a thread that already holds some: it must not wait for more, or
    /// several such threads could wait for each other.
    pub(super) fn try_take<'a>(&'a self, channel: &'a Channel, len_bytes: usize) -> CuResult<Option<StagedChunk<'a>>> {
        let padded = self.padded(channel, len_bytes)?;
        Ok(self.place(channel, &mut self.queue.lock(), padded, len_bytes))
    }

    fn padded(&self, channel: &Channel, len_bytes: usize) -> CuResult<usize> {
        if len_bytes == 0 || len_bytes > self.piece_max_bytes() {
            return Err(CuError::INVALID_VALUE);
        }
        channel.check()?;
        Ok(len_bytes.next_multiple_of(ALIGN))
    }

    fn place<'a>(
        &'a self,
        channel: &'a Channel,
        queue: &mut Queue,
        padded: usize,
        len_bytes: usize,
    ) -> Option<StagedChunk<'a>> {
        queue.release(|state| self.is_free(channel, state));
        let start = queue.place(padded, self.area.len_bytes as usize)?;
        let ticket = queue.take(start, padded);
        let span = Span { offset: self.area.offset + start as u64, len_bytes: len_bytes as u64 };
        Some(StagedChunk { staging: self, channel, ticket, span, settled: false })
    }

    fn is_free(&self, channel: &Channel, state: Use) -> bool {
        match state {
            Use::Held => false,
            Use::Stream(stream, seq) => channel.window().completed(stream) >= seq,
            Use::Handled(seq) => channel.is_handled(seq),
            Use::Free => true,
        }
    }

    fn settle(&self, ticket: u64, state: Use) {
        self.queue.lock().set(ticket, state);
        self.changed.notify_all();
    }
}

/// A piece of the staging area. Dropping it gives it back at once: only right when no record names it any more.
pub struct StagedChunk<'a> {
    staging: &'a Staging,
    channel: &'a Channel,
    ticket: u64,
    span: Span,
    settled: bool,
}

impl StagedChunk<'_> {
    /// Its bytes, to be filled. They hold whatever the last user left.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let start = self.channel.window().mapping().bytes(self.span.offset, self.span.len_bytes);
        // SAFETY: the piece lies in the mapping, belongs to this value alone until it is released, and the executor
        // touches it only for records that name it, which are sent after the borrow has ended.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), self.span.len_bytes as usize) }
    }

    /// Its bytes, to be read once the executor has filled them.
    pub fn bytes(&self) -> &[u8] {
        let start = self.channel.window().mapping().bytes(self.span.offset, self.span.len_bytes);
        // SAFETY: as above; a reader waits for the record that fills the piece first.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), self.span.len_bytes as usize) }
    }

    /// Where it lies, for messages.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Gives it back once `stream` has retired `seq`.
    pub fn commit(mut self, stream: StreamSlot, seq: Seq) {
        self.settled = true;
        self.staging.settle(self.ticket, Use::Stream(stream, seq));
    }

    /// Gives it back once the executor has handled record `seq` (a post that names no stream).
    pub(crate) fn commit_when_handled(mut self, seq: Seq) {
        self.settled = true;
        self.staging.settle(self.ticket, Use::Handled(seq));
    }
}

impl Drop for StagedChunk<'_> {
    fn drop(&mut self) {
        // In a forked child another thread of the parent may have held the lock: leave it alone.
        if !self.settled && self.channel.check() != Err(CuError::NOT_INITIALIZED) {
            self.staging.settle(self.ticket, Use::Free);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_never_overlap_while_in_use() {
        // Long enough for the area's cold part to be used as well.
        const SCALE: usize = 16 << 10;
        let mut queue = Queue::default();
        let mut random = 12_345_u64;
        let mut placed = 0;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let len = ((random >> 33) as usize % 300 + 1) * SCALE;
            match queue.place(len, 1000 * SCALE) {
                Some(start) => {
                    assert!(start + len <= 1000 * SCALE);
                    for piece in &queue.pieces {
                        assert!(start >= piece.end || start + len <= piece.start, "{start}+{len} in {piece:?}");
                    }
                    queue.take(start, len);
                    placed += 1;
                }
                None => {
                    let ticket = queue.pieces.front().expect("something is in the way").ticket;
                    queue.set(ticket, Use::Free);
                    queue.release(|state| state == Use::Free);
                }
            }
        }
        assert!(placed > 5_000);
    }

    #[test]
    fn a_piece_released_out_of_order_waits_for_those_before_it() {
        let mut queue = Queue::default();
        let first = queue.take(0, 10);
        let second = queue.take(10, 10);
        queue.set(second, Use::Free);
        queue.release(|state| state == Use::Free);
        assert_eq!(queue.pieces.len(), 2);
        queue.set(first, Use::Free);
        queue.release(|state| state == Use::Free);
        assert!(queue.pieces.is_empty());
    }
}
