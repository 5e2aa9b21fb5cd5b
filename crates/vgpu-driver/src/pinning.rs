//! Memory of this process that the GPU fetches from by itself: the window's staging area, and a ring for the bytes that
//! come within records.
//!
//! The driver knows it once it has been registered; what it does not know it copies with the thread that asks, which may
//! wait for the stream first.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::collections::VecDeque;
use std::ops::Range;

use vgpu_core::wire::{Seq, StreamSlot};

use crate::api::{Address, Api};
use crate::context::log_failure;
use crate::retire::Retirer;

/// `CU_MEMHOSTREGISTER_PORTABLE`: for all contexts.
const PORTABLE: u32 = 1;
/// Enough for a thousand of the longest inline copies.
const RING_BYTES: u64 = 4 << 20;
const PAGE_BYTES: usize = 4096;
/// Pieces start at multiples of this.
const PIECE_ALIGN: u64 = 64;

/// Registered stretches, to be unregistered in the context that holds them.
pub(crate) struct Pinned(Vec<Range<u64>>);

impl Pinned {
    /// Unregisters them; their holder is current.
    pub(crate) fn release(self, api: &Api) {
        for stretch in self.0 {
            // SAFETY: the stretch has been registered, and no copy uses it any more.
            let result = unsafe { api.cuMemHostUnregister(pointer(stretch.start).cast()) };
            log_failure("registered memory", result);
        }
    }
}

/// What is to be registered, and whether it is.
pub(crate) struct Pinning {
    staging: Range<u64>,
    ring: Ring,
    /// The guest's number of the context that holds the registrations.
    holder: Option<u32>,
    registered: Vec<Range<u64>>,
}

impl Pinning {
    /// Nothing is registered yet.
    pub(crate) fn new(staging: Range<u64>) -> Self {
        Self { staging, ring: Ring::new(), holder: None, registered: Vec::new() }
    }

    /// Registers everything in the current context, unless another one holds it.
    pub(crate) fn hold(&mut self, api: &Api, context: u32) {
        if self.holder.is_some() {
            return;
        }
        for stretch in [self.staging.clone(), self.ring.range()] {
            let len = (stretch.end - stretch.start) as usize;
            // SAFETY: the stretch is mapped for as long as this process lives; the driver reads and writes it for copies only.
            let result = unsafe { api.cuMemHostRegister_v2(pointer(stretch.start).cast(), len, PORTABLE) };
            match result {
                Ok(()) => self.registered.push(stretch),
                Err(error) => log::warn!("copies take a detour: the driver does not register {len} bytes: {error}"),
            }
        }
        self.holder = Some(context);
    }

    /// What a context that ends takes with it, if it is the one.
    pub(crate) fn let_go(&mut self, context: u32) -> Option<Pinned> {
        (self.holder == Some(context)).then(|| {
            self.holder = None;
            Pinned(std::mem::take(&mut self.registered))
        })
    }

    /// A place for bytes from which record `seq` of a stream will be copied; `None` when there is no room.
    pub(crate) fn place(&mut self, bytes: &[u8], slot: StreamSlot, seq: Seq, retirer: &Retirer) -> Option<Address> {
        self.ring.place(bytes, slot, seq, |slot| retirer.retired(slot))
    }
}

/// Bytes that are read some time later: pieces in the order in which they come, until their records are retired.
struct Ring {
    start: u64,
    /// Bytes ever taken, and given back.
    head: u64,
    tail: u64,
    /// For each piece: the record that reads it, and where `tail` goes once that is done.
    pieces: VecDeque<(StreamSlot, Seq, u64)>,
}

impl Ring {
    /// A ring in memory that is never given back: a GPU may read it up to the end.
    fn new() -> Self {
        let layout = Layout::from_size_align(RING_BYTES as usize, PAGE_BYTES).expect("a power of two");
        // SAFETY: the layout has a length.
        let memory = unsafe { alloc_zeroed(layout) };
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        Self { start: memory.expose_provenance() as u64, head: 0, tail: 0, pieces: VecDeque::new() }
    }

    fn range(&self) -> Range<u64> {
        self.start..self.start + RING_BYTES
    }

    fn place(&mut self, bytes: &[u8], slot: StreamSlot, seq: Seq, retired: impl Fn(StreamSlot) -> Seq) -> Option<u64> {
        let len = (bytes.len() as u64).next_multiple_of(PIECE_ALIGN);
        let until_end = RING_BYTES - self.head % RING_BYTES;
        let skipped = if len > until_end { until_end } else { 0 };
        let end = self.head.checked_add(skipped + len)?;
        while end - self.tail > RING_BYTES {
            let (slot, seq, tail) = *self.pieces.front()?;
            if retired(slot) < seq {
                return None;
            }
            self.pieces.pop_front();
            self.tail = tail;
        }
        let place = self.start + (end - len) % RING_BYTES;
        // SAFETY: a piece lies within the ring, and the records that read what was there are retired.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer(place), bytes.len()) };
        self.head = end;
        self.pieces.push_back((slot, seq, end));
        Some(place)
    }
}

fn pointer(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(address as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_once_its_record_is_retired() {
        let mut ring = Ring::new();
        let piece = vec![7; 1 << 20];
        let places: Vec<u64> = (1..=4).map(|seq| ring.place(&piece, 0, seq, |_| 0).expect("room")).collect();
        assert_eq!(places, (0..4).map(|index| ring.start + (index << 20)).collect::<Vec<_>>());
        assert_eq!(ring.place(&piece, 0, 5, |_| 0), None);
        assert_eq!(ring.place(&piece, 0, 5, |_| 1), Some(places[0]));
        assert_eq!(ring.place(&piece, 0, 6, |_| 1), None);
    }

    #[test]
    fn a_piece_never_lies_across_the_end() {
        let mut ring = Ring::new();
        let (long, short) = (vec![1; (3 << 20) + 1], vec![2; 1 << 20]);
        ring.place(&long, 0, 1, |_| 0).expect("room");
        assert_eq!(ring.place(&short, 0, 2, |_| 0), None, "what is left of the ring is too short");
        assert_eq!(ring.place(&short, 0, 2, |_| 1), Some(ring.start));
    }
}
