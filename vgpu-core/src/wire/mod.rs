//! The device protocol: what a guest asks of an executor, one record at a time.
//!
//! [`messages`] is the table, [`launch_attributes`] a part of some tails; this file holds the rules that the table's rows follow.
//!
//! A record in the command ring is a [`RecordHeader`], the message's fixed part, and an optional tail of bytes
//! (kernel parameters, an image, inline data). Fixed parts are `#[repr(C)]` integers without padding, so any bytes
//! are a valid value and decoding is a bounds-checked copy. Opcodes are written in the table and never reused.
//!
//! *Posts* are queued and not answered. What a post is refused for, a later call of the guest returns and forgets; what
//! goes wrong while accepted work runs becomes the window's sticky error. *Calls* are answered in a reply slot with a
//! status, a fixed reply and an optional tail. Both are handled strictly in ring order; work that names a stream is then
//! ordered by its stream alone.

pub mod launch_attributes;
pub mod messages;

pub use messages::{Executor, Op, dispatch};

use std::sync::atomic::AtomicU64;

use crate::error::{CuError, CuResult};

/// Raised whenever a record's meaning or the window's layout changes: guest and host must agree exactly.
pub const PROTOCOL_VERSION: u32 = 3;

/// A record's position in its guest's order of commands; the first record is 1.
pub type Seq = u64;

/// Index of a stream's completion word in the window; slots are given out by the guest.
pub type StreamSlot = u32;

/// Index of an event's timestamp word in the window; slots are given out by the guest.
pub type EventSlot = u32;

/// No window has a slot of this number, be it of a stream or of an event.
pub const SLOTS_END: u32 = 1 << 16;

/// Allocations of device memory start at multiples of this: what `cuMemAlloc` promises, and a bit more.
pub const ALLOCATION_ALIGN_BYTES: u64 = 512;

/// What stands before every record in the ring.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordHeader {
    /// Whole record in bytes, header included: a multiple of [`RECORD_ALIGN`].
    pub len_bytes: u32,
    /// An [`Op`], or [`OP_PADDING`] for the rest of the ring before it wraps.
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

/// A fixed-layout value: any bytes of the right length are one.
///
/// # Safety
/// Implementors are `#[repr(C)]`, hold only integers (or arrays or other `Pod`s of them) and have no padding.
pub unsafe trait Pod: Copy {
    /// The value's bytes.
    fn as_bytes(&self) -> &[u8] {
        // SAFETY: a Pod has no padding, so all its bytes are initialised.
        unsafe { std::slice::from_raw_parts((&raw const *self).cast(), size_of::<Self>()) }
    }

    /// Reads a value from the front of `bytes`; `None` when there are too few.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..size_of::<Self>())?;
        // SAFETY: the slice is long enough, and any bytes are a valid Pod.
        Some(unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
    }
}

// SAFETY: integers have no padding and no invalid values.
unsafe impl Pod for u8 {}
// SAFETY: as above.
unsafe impl Pod for u32 {}
// SAFETY: as above.
unsafe impl Pod for u64 {}
// SAFETY: as above.
unsafe impl Pod for i32 {}
// SAFETY: as above.
unsafe impl Pod for i64 {}
// SAFETY: the unit type has no bytes.
unsafe impl Pod for () {}
// SAFETY: an array has no padding between its elements.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}
// SAFETY: three u32/u64 fields in the order u32, u16, u16, u32, u32, u64 leave no gap.
unsafe impl Pod for RecordHeader {}

/// A message's place in the table.
pub trait Message: Pod {
    /// The opcode of its records.
    const OP: Op;
    /// The fixed part of its answer; `()` for posts.
    type Reply: Pod;
}

/// A message that is queued and not answered: [`Ordered`] or [`Unordered`].
pub trait Post: Message<Reply = ()> {}

/// A post that is work of the stream it names, and waits for that stream's earlier work.
pub trait Ordered: Post {
    /// The same work for the stream of that slot.
    fn on(self, stream: StreamSlot) -> Self;
}

/// A post that no stream orders: it is carried out when its turn in the ring comes.
pub trait Unordered: Post {}

/// A message that is answered.
pub trait Call: Message {}

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

/// What an executor tells the world outside it. Implemented by the host's end of the window, and by tests.
pub trait Completions: Send + Sync {
    /// Record `seq` and all before it on `stream` are done. Values per stream never fall.
    fn retire(&self, stream: StreamSlot, seq: Seq);
    /// An event was reached at `ns` on the executor's monotonic clock.
    fn event_reached(&self, event: EventSlot, ns: u64);
    /// What was published last for an event; 0 before.
    fn event_ns(&self, event: EventSlot) -> u64;
    /// Work failed after it was accepted: becomes the guest's sticky error (the first one wins).
    fn fail(&self, error: CuError, detail: &str);
    /// Record `seq` was not accepted: a later call of the guest returns the error, once. A code that is fatal in CUDA becomes
    /// the sticky error. Said before the record is retired, so that who waits for the record hears of it; whoever calls the
    /// executor says it too, of every post that returns an error, and the second time does not count.
    fn refuse(&self, seq: Seq, error: CuError, detail: &str);
    /// Calls the guest: its thread carries out what it knows by `token`, one call after the other. Returns the call's number; the
    /// first one is 1.
    fn call_host(&self, token: u64) -> u64;
    /// The number of the last call that the guest has carried out. An executor is told when that changes
    /// ([`Executor::host_calls_done`]) unless it is in one of its methods: what waits in there must ask.
    fn host_calls_done(&self) -> u64;
    /// Kernels have printed something: the guest shall take it when it next waits for work. To be said before that work is retired.
    fn output_waits(&self);
    /// Resolves a stretch of the window to this process's memory.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it does not lie within the window's staging area or pinned heap.
    fn span(&self, span: Span) -> CuResult<*mut u8>;
    /// The address range of the pinned heap in this process (equal to the guest's when mapped alike), for validity checks of kernels' accesses.
    fn pinned_heap(&self) -> std::ops::Range<u64>;
    /// Where device memory belongs: addresses that the guest keeps free in its own process, and that are reserved in this one. What an
    /// executor gives elsewhere can be used only if the guest has nothing there. Empty where no guest could mistake anything for it.
    fn device_arena(&self) -> std::ops::Range<u64>;
    /// The address range of the staging area in this process, for those that have to tell a driver of it.
    fn staging(&self) -> std::ops::Range<u64>;
    /// The words that [`retire`](Self::retire) writes, for an executor that has its device do that; none where they are not
    /// memory.
    fn stream_words(&self) -> Option<&dyn StreamWords> {
        None
    }
}

/// Streams' completion words. The guest can write them, too: they are not to be believed.
pub trait StreamWords {
    /// Their address range in this process: whole pages.
    fn range(&self) -> std::ops::Range<u64>;
    /// A stream's word.
    fn word(&self, stream: StreamSlot) -> Option<&AtomicU64>;
    /// Whether anybody sleeps until something completes.
    fn has_sleepers(&self) -> bool;
    /// Has those look that sleep, after words were written.
    fn wake(&self);
}

/// The time between two points of a clock, as CUDA gives it.
pub fn milliseconds(from_ns: u64, to_ns: u64) -> f32 {
    let ns = i128::from(to_ns) - i128::from(from_ns);
    (ns as f64 / 1e6) as f32
}

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

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn elapsed_time_is_signed_and_in_milliseconds() {
        assert!((milliseconds(1_000_000, 3_500_000) - 2.5).abs() < 1e-6);
        assert!((milliseconds(3_500_000, 1_000_000) + 2.5).abs() < 1e-6);
    }
}
