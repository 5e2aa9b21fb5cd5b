//! What every record and every answer is made of, whatever the message: header, numbers, slots, stretches of the window.

use super::Pod;

/// A record's position in its guest's order of commands; the first record is 1.
pub type Seq = u64;

/// Index of a stream's completion word in the window; slots are given out by the guest.
pub type StreamSlot = u32;

/// Index of an event's timestamp word in the window; slots are given out by the guest.
pub type EventSlot = u32;

/// No window has a slot of this number, be it of a stream or of an event.
pub const SLOTS_END: u32 = 1 << 16;

/// What stands before every record in the ring.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordHeader {
    /// Whole record in bytes, header included: a multiple of [`RECORD_ALIGN`].
    pub len_bytes: u32,
    /// An [`Op`](super::Op), or [`OP_PADDING`] for the rest of the ring before it wraps.
    pub op: u16,
    /// The reply slot a call waits on, [`NO_REPLY`] for posts.
    pub reply_slot: u16,
    /// Bytes of tail after the fixed part (without alignment padding).
    pub tail_bytes: u32,
    /// Zero.
    pub reserved: u32,
    /// This record's number.
    pub seq: Seq,
}

// SAFETY: three u32/u64 fields in the order u32, u16, u16, u32, u32, u64 leave no gap.
unsafe impl Pod for RecordHeader {}

/// Records start at multiples of this.
pub(crate) const RECORD_ALIGN: usize = 32;
/// `reply_slot` of a record that nobody waits for.
pub const NO_REPLY: u16 = u16::MAX;
/// `op` of the filler that closes the ring before it wraps.
pub(crate) const OP_PADDING: u16 = 0;
/// `op` of a request for the next piece of a long answer; the window's host serves it itself.
pub(crate) const OP_REPLY_MORE: u16 = u16::MAX;
/// The longest record: a tail over this travels through staging or as a blob.
pub const RECORD_MAX_BYTES: usize = 64 * 1024;

/// A stretch of the window, as a guest names it. Offsets are from the window's start.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Bytes from the window's first byte.
    pub offset: u64,
    /// Length in bytes.
    pub len_bytes: u64,
}

// SAFETY: two u64 fields.
unsafe impl Pod for Span {}

/// An answer on its way to a reply slot: the fixed part and a tail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer<R> {
    /// The fixed part.
    pub reply: R,
    /// Bytes after it; empty for most.
    pub tail: Vec<u8>,
}

impl<R> From<R> for Answer<R> {
    fn from(reply: R) -> Self {
        Self { reply, tail: Vec::new() }
    }
}
