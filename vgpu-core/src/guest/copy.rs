//! Copies between a program's own memory and the device, through staging unless the memory is pinned.

use std::collections::VecDeque;

use super::link::Link;
use super::staging::StagedChunk;
use super::stream_end::{StreamEnd, Unseen};
use crate::error::CuResult;
use crate::streaming::{LONG_COPY_BYTES, copy_past_caches};
use crate::wire::messages::{COPY_OF_LONG, CopyIn, CopyInline, CopyOut};
use crate::wire::{Ordered, Seq};

/// Up to this length [`Link::copy_in`] takes the bytes at once, wherever they are: they travel in the record itself.
pub const INLINE_MAX_BYTES: usize = 4096;
/// Longer copies are cut into pieces of this: long enough to hide a record's cost, short enough to stay in the caches
/// and to let both sides work at once.
const PIECE_BYTES: usize = 512 << 10;
/// Pieces of a copy to the host that are under way at once.
const PIECES_AHEAD: usize = 4;

/// Whether the host can see when a copy is done, other than by asking for it.
#[derive(Clone, Copy)]
enum Part {
    Seen,
    Unseen,
}

impl Link {
    /// Copies `source` to the device address `target`, at the end of a stream. Returns the last record's number as soon
    /// as `source` may be changed again; if `source` is pinned, that is only once the returned record is retired.
    ///
    /// # Errors
    /// Those of the channel. A bad `target` is reported later.
    pub fn copy_in(&self, end: &StreamEnd, target: u64, source: &[u8]) -> CuResult<Seq> {
        self.copy_in_as(Part::Seen, end, target, source)
    }

    /// The same to memory that the host does not reach: the copy is part of the stream's [`unseen_run`](StreamEnd::unseen_run),
    /// and `source` may be changed again, pinned or not.
    ///
    /// # Errors
    /// As [`copy_in`](Self::copy_in).
    pub fn copy_in_unseen(&self, end: &StreamEnd, target: u64, source: &[u8]) -> CuResult<Seq> {
        self.copy_in_as(Part::Unseen, end, target, source)
    }

    fn copy_in_as(&self, part: Part, end: &StreamEnd, target: u64, source: &[u8]) -> CuResult<Seq> {
        let stream = end.slot();
        if source.len() <= INLINE_MAX_BYTES {
            return self.post_part(part, end, &CopyInline { stream, reserved: 0, target }, source);
        }
        let address = source.as_ptr().addr() as u64;
        if matches!(part, Part::Seen)
            && let Some(span) = self.pinned().span(address, source.len())
        {
            return self.post_on(end, &CopyIn { stream, flags: 0, target, source: span }, &[]);
        }
        let flags = if source.len() >= LONG_COPY_BYTES { COPY_OF_LONG } else { 0 };
        let mut seq = 0;
        let mut at = target;
        for piece in source.chunks(PIECE_BYTES.min(self.stage_limit())) {
            let mut chunk = self.stage(piece.len())?;
            chunk.bytes_mut().copy_from_slice(piece);
            seq = self.post_part(part, end, &CopyIn { stream, flags, target: at, source: chunk.span() }, &[])?;
            chunk.commit(stream, seq);
            at = at.wrapping_add(piece.len() as u64);
        }
        Ok(seq)
    }

    fn post_part<M: Ordered>(&self, part: Part, end: &StreamEnd, message: &M, tail: &[u8]) -> CuResult<Seq> {
        match part {
            Part::Seen => self.post_on(end, message, tail),
            Part::Unseen => self.post_unseen(Unseen::Copy, end, message, tail),
        }
    }

    /// Copies from the device address `source` into `target`, at the end of a stream, and waits for it.
    ///
    /// # Errors
    /// Those of the channel, the sticky error, and a refusal, be it of this copy or of earlier work.
    pub fn copy_out(&self, end: &StreamEnd, source: u64, target: &mut [u8]) -> CuResult {
        if target.is_empty() {
            return Ok(());
        }
        if let Some(span) = self.pinned().span(target.as_ptr().addr() as u64, target.len()) {
            let seq = self.post_on(end, &CopyOut { stream: end.slot(), reserved: 0, source, target: span }, &[])?;
            self.wait(end.slot(), seq)?;
            return self.report();
        }
        let piece_bytes = PIECE_BYTES.min(self.stage_limit());
        if target.len() <= piece_bytes {
            let chunk = self.stage(target.len())?;
            self.send_for(end, source, chunk, target)?.land(self, end, Caches::Through)?;
        } else {
            self.copy_out_in_pieces(end, source, target, piece_bytes)?;
        }
        self.report()
    }

    fn copy_out_in_pieces(&self, end: &StreamEnd, source: u64, target: &mut [u8], piece_bytes: usize) -> CuResult {
        let caches = if target.len() >= LONG_COPY_BYTES { Caches::Past } else { Caches::Through };
        let mut at = source;
        let mut under_way = VecDeque::with_capacity(PIECES_AHEAD);
        let mut pieces = target.chunks_mut(piece_bytes);
        let mut kept_back = None;
        loop {
            while under_way.len() < PIECES_AHEAD
                && let Some(piece) = kept_back.take().or_else(|| pieces.next())
            {
                let taken =
                    if under_way.is_empty() { Some(self.stage(piece.len())?) } else { self.try_stage(piece.len())? };
                let Some(chunk) = taken else {
                    kept_back = Some(piece);
                    break;
                };
                let from = at;
                at = at.wrapping_add(piece.len() as u64);
                under_way.push_back(self.send_for(end, from, chunk, piece)?);
            }
            let Some(piece) = under_way.pop_front() else {
                return Ok(());
            };
            if let Err(error) = piece.land(self, end, caches) {
                under_way.into_iter().for_each(|piece| piece.give_up(end));
                return Err(error);
            }
        }
    }

    /// Has the executor fill a piece of staging memory, whose bytes then go to `target`.
    fn send_for<'a>(
        &self,
        end: &StreamEnd,
        source: u64,
        chunk: StagedChunk<'a>,
        target: &'a mut [u8],
    ) -> CuResult<Coming<'a>> {
        let seq = self.post_on(end, &CopyOut { stream: end.slot(), reserved: 0, source, target: chunk.span() }, &[])?;
        Ok(Coming { chunk, seq, target })
    }
}

/// Whether bytes that are copied to the program stay in the caches.
#[derive(Clone, Copy)]
enum Caches {
    Through,
    Past,
}

/// Bytes that the executor is about to put into the staging area.
struct Coming<'a> {
    chunk: StagedChunk<'a>,
    seq: Seq,
    target: &'a mut [u8],
}

impl Coming<'_> {
    /// Waits for the bytes and hands them over.
    fn land(self, link: &Link, end: &StreamEnd, caches: Caches) -> CuResult {
        if let Err(error) = link.wait(end.slot(), self.seq) {
            self.give_up(end);
            return Err(error);
        }
        match caches {
            Caches::Through => self.target.copy_from_slice(self.chunk.bytes()),
            // SAFETY: two different slices of the same length.
            Caches::Past => unsafe {
                copy_past_caches(self.chunk.bytes().as_ptr(), self.target.as_mut_ptr(), self.target.len());
            },
        }
        Ok(())
    }

    /// The executor may still write to the piece: it goes back when it cannot any more.
    fn give_up(self, end: &StreamEnd) {
        self.chunk.commit(end.slot(), self.seq);
    }
}
