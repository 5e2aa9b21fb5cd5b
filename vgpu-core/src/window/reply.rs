//! How an answer lies in its slot, and what happens when it is longer than that.
//!
//! A slot holds the fixed reply and as much of the tail as fits. The host keeps the rest of a longer tail, and the
//! guest asks for it piece by piece with records of [`crate::wire::OP_REPLY_MORE`] in the same slot.

use std::sync::atomic::{AtomicU64, Ordering};

use super::mapping::Mapping;
use crate::wire::{Pod, Seq};

/// The longest tail that a host keeps and a guest accepts.
pub(crate) const REPLY_TAIL_MAX_BYTES: usize = 16 << 20;

const HEAD_OFFSET: u64 = 8;
const BODY_OFFSET: u64 = 64;

/// What stands before an answer's bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplyHead {
    /// A `CUresult`.
    pub status: u32,
    /// Bytes of the fixed reply; 0 unless the status is 0.
    pub fixed_bytes: u32,
    /// Bytes of the whole tail.
    pub tail_bytes: u32,
    /// Bytes of the tail in this slot, after the fixed reply.
    pub piece_bytes: u32,
}

// SAFETY: four u32 fields.
unsafe impl Pod for ReplyHead {}

/// What a guest sends to get the next piece of a tail.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplyMore {
    /// Where the piece starts.
    pub offset_bytes: u64,
}

// SAFETY: one u64 field.
unsafe impl Pod for ReplyMore {}

/// One reply slot.
#[derive(Clone, Copy)]
pub struct ReplySlot<'a> {
    mapping: &'a Mapping,
    offset: u64,
    len_bytes: u64,
}

impl<'a> ReplySlot<'a> {
    pub(super) fn new(mapping: &'a Mapping, offset: u64, len_bytes: u64) -> Self {
        Self { mapping, offset, len_bytes }
    }

    /// Number of the record whose answer the slot holds.
    pub fn answered(&self) -> &'a AtomicU64 {
        self.mapping.word64(self.offset)
    }

    /// Bytes of fixed reply and tail that one slot takes.
    pub fn room_bytes(&self) -> usize {
        (self.len_bytes - BODY_OFFSET) as usize
    }

    /// Host: writes an answer and then its number. `fixed` and `piece` fit the slot together.
    pub fn publish(&self, seq: Seq, head: ReplyHead, fixed: &[u8], piece: &[u8]) {
        self.mapping.write(self.offset + HEAD_OFFSET, head.as_bytes());
        self.mapping.write(self.offset + BODY_OFFSET, fixed);
        self.mapping.write(self.offset + BODY_OFFSET + fixed.len() as u64, piece);
        self.answered().store(seq, Ordering::Release);
    }

    /// Guest: the head of the answer whose number it has seen.
    pub fn head(&self) -> ReplyHead {
        let mut head = [0; size_of::<ReplyHead>()];
        self.mapping.read(self.offset + HEAD_OFFSET, &mut head);
        ReplyHead::from_bytes(&head).unwrap_or_default()
    }

    /// Guest: copies from the answer's bytes; false when there are not that many in a slot.
    pub fn read_body(&self, at_bytes: usize, target: &mut [u8]) -> bool {
        let fits = at_bytes.checked_add(target.len()).is_some_and(|end| end <= self.room_bytes());
        if fits {
            self.mapping.read(self.offset + BODY_OFFSET + at_bytes as u64, target);
        }
        fits
    }
}
