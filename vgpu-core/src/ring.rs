//! The command ring: how records are laid into it by the guest and taken out by the host.
//!
//! Positions count bytes since the start and never wrap; a byte's place is its position modulo the ring's length (a
//! power of two). Records never cross the end: a padding record fills what is left. The guest's end is the single
//! [`Producer`] behind a lock; the host's end is the [`Consumer`], which believes nothing that it reads.

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::wire::{NO_REPLY, OP_PADDING, Pod, RECORD_ALIGN, RECORD_MAX_BYTES, RecordHeader, Seq};

const HEADER_BYTES: usize = size_of::<RecordHeader>();
const ALIGN: u64 = RECORD_ALIGN as u64;
/// Enough for a launch with its parameters.
const PREFETCH_LINES: u64 = 4;
const _: () = assert!(HEADER_BYTES <= RECORD_ALIGN, "a padding record must fit the smallest gap");

/// The shared parts of a ring.
#[derive(Clone, Copy)]
pub struct RingView<'a> {
    base: NonNull<u8>,
    len_bytes: u64,
    tail: &'a AtomicU64,
    head: &'a AtomicU64,
}

impl<'a> RingView<'a> {
    pub(crate) fn new(base: NonNull<u8>, len_bytes: u64, tail: &'a AtomicU64, head: &'a AtomicU64) -> Self {
        debug_assert!(len_bytes.is_power_of_two() && len_bytes >= 4 * RECORD_MAX_BYTES as u64);
        Self { base, len_bytes, tail, head }
    }

    /// Bytes from `position` to where the ring wraps.
    fn until_wrap(&self, position: u64) -> u64 {
        self.len_bytes - (position & (self.len_bytes - 1))
    }

    fn place(&self, position: u64, len_bytes: usize) -> *mut u8 {
        let at = position & (self.len_bytes - 1);
        assert!(at + len_bytes as u64 <= self.len_bytes, "a record across the ring's end");
        // SAFETY: just checked to lie within the ring, which is mapped while the view lives.
        unsafe { self.base.as_ptr().add(at as usize) }
    }

    fn write(&self, position: u64, bytes: &[u8]) {
        let target = self.place(position, bytes.len());
        // SAFETY: the target lies within the ring; a private slice does not overlap it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) }
    }

    fn read(&self, position: u64, bytes: &mut [u8]) {
        let source = self.place(position, bytes.len());
        // SAFETY: the source lies within the ring; a private slice does not overlap it. The peer may write meanwhile:
        // the copy is what gets checked.
        unsafe { std::ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Fetches the cache lines that the next record will be written to: the host read them one lap ago, and taking them
    /// back is what a post would spend most of its time on.
    fn prefetch(&self, position: u64) {
        #[cfg(target_arch = "x86_64")]
        for line in 0..PREFETCH_LINES {
            use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
            let at = (position + line * 64) & (self.len_bytes - 1);
            // SAFETY: `at` is within the ring, which is mapped while the view lives.
            let place = unsafe { self.base.as_ptr().add(at as usize) };
            // SAFETY: a prefetch changes nothing but the caches.
            unsafe { _mm_prefetch::<_MM_HINT_ET0>(place.cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = position;
    }

    /// Whether something was published past `position`.
    pub(crate) fn has_more(&self, position: u64) -> bool {
        self.tail.load(Ordering::SeqCst) != position
    }
}

/// Length of a record in the ring, if it is one that may be sent.
pub fn record_bytes(fixed_bytes: usize, tail_bytes: usize) -> Option<usize> {
    let bytes = HEADER_BYTES.checked_add(fixed_bytes)?.checked_add(tail_bytes)?;
    (bytes <= RECORD_MAX_BYTES).then(|| bytes.next_multiple_of(RECORD_ALIGN))
}

/// A record about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Opcode.
    pub op: u16,
    /// Reply slot or [`NO_REPLY`].
    pub reply_slot: u16,
    /// The message's fixed part.
    pub fixed: &'a [u8],
    /// Bytes after it.
    pub tail: &'a [u8],
}

/// The guest's end. The owner holds it in a lock.
#[derive(Debug)]
pub struct Producer {
    position: u64,
    seq: Seq,
    /// A head seen before: asking the shared word again is only needed when this one leaves no room.
    head: u64,
}

impl Default for Producer {
    fn default() -> Self {
        Self { position: 0, seq: 1, head: 0 }
    }
}

/// The host's word about its progress is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadHead;

impl Producer {
    /// Number that the next record gets.
    pub(crate) fn next_seq(&self) -> Seq {
        self.seq
    }

    /// Whether a record of that many ring bytes can be written now.
    ///
    /// # Errors
    /// [`BadHead`] when the host claims to have read what was not written.
    pub(crate) fn has_room(&mut self, view: RingView<'_>, len_bytes: usize) -> Result<bool, BadHead> {
        let mut needed = len_bytes as u64;
        let until_wrap = view.until_wrap(self.position);
        if needed > until_wrap {
            needed += until_wrap;
        }
        if self.position - self.head + needed <= view.len_bytes {
            return Ok(true);
        }
        let head = view.head.load(Ordering::Acquire);
        if head < self.head || head > self.position {
            return Err(BadHead);
        }
        self.head = head;
        Ok(self.position - head + needed <= view.len_bytes)
    }

    /// Writes a record for which there is room, and publishes it. The caller then wakes the host.
    pub fn push(&mut self, view: RingView<'_>, len_bytes: usize, record: Record<'_>) -> Seq {
        let until_wrap = view.until_wrap(self.position);
        if len_bytes as u64 > until_wrap {
            let padding = RecordHeader {
                len_bytes: until_wrap as u32,
                op: OP_PADDING,
                reply_slot: NO_REPLY,
                ..RecordHeader::default()
            };
            view.write(self.position, padding.as_bytes());
            self.position += until_wrap;
        }
        let seq = self.seq;
        let header = RecordHeader {
            len_bytes: len_bytes as u32,
            op: record.op,
            reply_slot: record.reply_slot,
            tail_bytes: record.tail.len() as u32,
            reserved: 0,
            seq,
        };
        let body = self.position + HEADER_BYTES as u64;
        view.write(self.position, header.as_bytes());
        view.write(body, record.fixed);
        view.write(body + record.fixed.len() as u64, record.tail);
        self.seq += 1;
        self.position += len_bytes as u64;
        // SeqCst, and so is the look at the host's parked flag that follows: one of the two sides sees the other.
        view.tail.swap(self.position, Ordering::SeqCst);
        view.prefetch(self.position);
        seq
    }
}

/// What a guest must not do to its ring. The connection ends: nothing after it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingError {
    /// The tail went backwards, is not aligned, or claims more than the ring holds.
    Tail {
        /// Where reading stands.
        position: u64,
        /// The guest's claim.
        tail: u64,
    },
    /// A record's length is not a multiple of the alignment, too small or large, or more than was published.
    Length {
        /// Where the record starts.
        position: u64,
        /// Its claim.
        len_bytes: u32,
    },
    /// A record does not follow its predecessor.
    Order {
        /// The number it has.
        seq: Seq,
        /// The number it must have.
        expected: Seq,
    },
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tail { position, tail } => write!(f, "the ring's tail is {tail} while reading stands at {position}"),
            Self::Length { position, len_bytes } => write!(f, "a record at {position} has a length of {len_bytes}"),
            Self::Order { seq, expected } => write!(f, "record {seq} where {expected} is due"),
        }
    }
}

impl std::error::Error for RingError {}

/// The host's end.
#[derive(Debug)]
pub struct Consumer {
    position: u64,
    next_seq: Seq,
    /// A tail seen before: up to there no look at the shared word is needed, which the guest would have to take back for its next
    /// post.
    tail: u64,
    buffer: Box<[u8]>,
}

impl Default for Consumer {
    fn default() -> Self {
        Self { position: 0, next_seq: 1, tail: 0, buffer: vec![0; RECORD_MAX_BYTES].into_boxed_slice() }
    }
}

impl Consumer {
    /// Bytes taken so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes the next record, if one was published: its header and its body, in private memory.
    ///
    /// # Errors
    /// [`RingError`] when what the guest wrote cannot be.
    pub fn next(&mut self, view: RingView<'_>) -> Result<Option<(RecordHeader, &[u8])>, RingError> {
        loop {
            if self.tail == self.position && !self.look(view)? {
                return Ok(None);
            }
            let published = self.tail - self.position;
            let header = self.copy_header(view);
            let len_bytes = header.len_bytes as usize;
            let sound = len_bytes.is_multiple_of(RECORD_ALIGN)
                && (RECORD_ALIGN..=RECORD_MAX_BYTES).contains(&len_bytes)
                && len_bytes as u64 <= published.min(view.until_wrap(self.position));
            if !sound {
                return Err(RingError::Length { position: self.position, len_bytes: header.len_bytes });
            }
            if header.op == OP_PADDING {
                self.advance(view, len_bytes);
                continue;
            }
            if header.seq != self.next_seq {
                return Err(RingError::Order { seq: header.seq, expected: self.next_seq });
            }
            // The header stays the copy that was checked; only what follows it is fetched now.
            view.read(self.position + HEADER_BYTES as u64, &mut self.buffer[HEADER_BYTES..len_bytes]);
            self.next_seq += 1;
            self.advance(view, len_bytes);
            return Ok(Some((header, &self.buffer[HEADER_BYTES..len_bytes])));
        }
    }

    /// Looks how far the guest is. Whether there is something to take.
    fn look(&mut self, view: RingView<'_>) -> Result<bool, RingError> {
        let tail = view.tail.load(Ordering::Acquire);
        let published = tail.wrapping_sub(self.position);
        if published > view.len_bytes || !tail.is_multiple_of(ALIGN) {
            return Err(RingError::Tail { position: self.position, tail });
        }
        self.tail = tail;
        Ok(published != 0)
    }

    fn copy_header(&mut self, view: RingView<'_>) -> RecordHeader {
        view.read(self.position, &mut self.buffer[..HEADER_BYTES]);
        RecordHeader::from_bytes(&self.buffer).unwrap_or_default()
    }

    fn advance(&mut self, view: RingView<'_>, len_bytes: usize) {
        self.position += len_bytes as u64;
        view.head.store(self.position, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING_BYTES: usize = 4 * RECORD_MAX_BYTES;

    struct Memory {
        bytes: Vec<u64>,
        tail: AtomicU64,
        head: AtomicU64,
    }

    impl Memory {
        fn new() -> Self {
            Self { bytes: vec![0; RING_BYTES / 8], tail: AtomicU64::new(0), head: AtomicU64::new(0) }
        }

        fn view(&mut self) -> RingView<'_> {
            let base = NonNull::new(self.bytes.as_mut_ptr().cast()).expect("a vector's pointer");
            RingView::new(base, RING_BYTES as u64, &self.tail, &self.head)
        }
    }

    fn record<'a>(fixed: &'a [u8], tail: &'a [u8]) -> (usize, Record<'a>) {
        let len = record_bytes(fixed.len(), tail.len()).expect("a record of legal length");
        (len, Record { op: 9, reply_slot: NO_REPLY, fixed, tail })
    }

    #[test]
    fn records_come_out_as_they_went_in_across_many_wraps() {
        let mut memory = Memory::new();
        let view = memory.view();
        let (mut producer, mut consumer) = (Producer::default(), Consumer::default());
        for round in 0..2_000_u64 {
            let tail = vec![round as u8; (round as usize * 997) % 60_000];
            let fixed = round.to_le_bytes();
            let (len, record) = record(&fixed, &tail);
            assert_eq!(producer.has_room(view, len), Ok(true));
            let seq = producer.push(view, len, record);
            let (header, body) = consumer.next(view).expect("a sound ring").expect("a record");
            assert_eq!((header.seq, header.tail_bytes as usize), (seq, tail.len()));
            assert_eq!(body[..8], fixed);
            assert_eq!(body[8..8 + tail.len()], tail);
            assert!(consumer.next(view).expect("a sound ring").is_none());
        }
        assert!(producer.position > 20 * RING_BYTES as u64);
    }

    #[test]
    fn a_full_ring_has_no_room_until_something_is_taken() {
        let mut memory = Memory::new();
        let view = memory.view();
        let (mut producer, mut consumer) = (Producer::default(), Consumer::default());
        let tail = vec![1; RECORD_MAX_BYTES - HEADER_BYTES];
        let (len, record) = record(&[], &tail);
        for _ in 0..4 {
            assert_eq!(producer.has_room(view, len), Ok(true));
            producer.push(view, len, record);
        }
        assert_eq!(producer.has_room(view, RECORD_ALIGN), Ok(false));
        consumer.next(view).expect("a sound ring").expect("a record");
        assert_eq!(producer.has_room(view, RECORD_ALIGN), Ok(true));
    }

    #[test]
    fn a_lying_host_is_noticed() {
        let mut memory = Memory::new();
        memory.head = AtomicU64::new(1 << 40);
        let view = memory.view();
        let mut producer = Producer::default();
        let tail = vec![1; RECORD_MAX_BYTES - HEADER_BYTES];
        let (len, record) = record(&[], &tail);
        for _ in 0..4 {
            producer.push(view, len, record);
        }
        assert_eq!(producer.has_room(view, len), Err(BadHead));
    }

    fn hostile(change: impl Fn(&mut RecordHeader, &mut u64)) -> Result<bool, RingError> {
        let mut memory = Memory::new();
        let view = memory.view();
        let mut header = RecordHeader { len_bytes: 64, op: 9, reply_slot: NO_REPLY, seq: 1, ..Default::default() };
        let mut tail = 64;
        change(&mut header, &mut tail);
        view.write(0, header.as_bytes());
        view.tail.store(tail, Ordering::Release);
        Consumer::default().next(view).map(|record| record.is_some())
    }

    #[test]
    fn hostile_headers_are_refused() {
        assert_eq!(hostile(|_, _| ()), Ok(true));
        for len in [0, 1, 31, 33, 96, 65_568, u32::MAX, u32::MAX - 31] {
            assert!(matches!(hostile(|h, _| h.len_bytes = len), Err(RingError::Length { .. })), "length {len}");
        }
        for seq in [0, 2, u64::MAX] {
            assert!(matches!(hostile(|h, _| h.seq = seq), Err(RingError::Order { .. })));
        }
        for tail in [1, 63, RING_BYTES as u64 + 32, u64::MAX, u64::MAX - 31] {
            assert!(matches!(hostile(|_, t| *t = tail), Err(RingError::Tail { .. })), "tail {tail}");
        }
        assert!(matches!(hostile(|h, _| (h.op, h.len_bytes) = (OP_PADDING, 0)), Err(RingError::Length { .. })));
    }

    #[test]
    fn a_record_over_the_limit_is_not_made() {
        assert_eq!(record_bytes(0, RECORD_MAX_BYTES), None);
        assert_eq!(record_bytes(usize::MAX, 1), None);
        assert_eq!(record_bytes(8, 0), Some(32));
    }
}
