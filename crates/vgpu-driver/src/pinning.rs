//! Memory of this process that the GPU fetches from by itself: the window's staging area, what is open of its pinned heap,
//! and a ring for the bytes that come within records.
//!
//! The driver knows it once it has been registered; what it does not know it copies with the thread that asks, which may
//! wait for the stream first, and kernels do not reach it.
//!
//! A registration ends with the context that it was made in. So the first context holds them all, and if it ends for the
//! guest while others live it stays until they have ended too.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use vgpu_core::CuResult;
use vgpu_core::abi::{CU_MEMHOSTREGISTER_DEVICEMAP, CU_MEMHOSTREGISTER_PORTABLE};
use vgpu_core::window::layout::PAGE_BYTES;
use vgpu_core::wire::{Seq, StreamSlot};

use crate::api::{Address, Api};
use crate::context::Context;
use crate::pinned::{Pinned, pointer};
use crate::reaper::{Dead, What};
use crate::retire::Retirer;

/// For all contexts.
const PORTABLE: u32 = CU_MEMHOSTREGISTER_PORTABLE;
/// For kernels.
const DEVICEMAP: u32 = CU_MEMHOSTREGISTER_DEVICEMAP;
/// Enough for a thousand of the longest inline copies.
const RING_BYTES: u64 = 4 << 20;
/// Pieces start at multiples of this.
const PIECE_ALIGN: u64 = 64;

/// What is to be registered, and whether it is.
pub(crate) struct Pinning {
    staging: Range<u64>,
    ring: Ring,
    /// What is open of the pinned heap: by first address, where each part ends.
    open: BTreeMap<Address, Address>,
    holder: Option<Holder>,
    /// All that is registered, likewise.
    registered: BTreeMap<Address, Address>,
    /// What may be registered still, though it has been let go of.
    ending: Vec<Range<u64>>,
    has_warned: bool,
}

/// The context that holds the registrations.
struct Holder {
    /// The guest's number of it.
    number: u32,
    context: Arc<Context>,
    /// How it ends, once it has ended for the guest.
    end: Option<What>,
}

impl Pinning {
    /// Nothing is registered yet.
    pub(crate) fn new(staging: Range<u64>) -> Self {
        Self {
            staging,
            ring: Ring::new(),
            open: BTreeMap::new(),
            holder: None,
            registered: BTreeMap::new(),
            ending: Vec::new(),
            has_warned: false,
        }
    }

    /// Registers what has to be in the current context, unless another one holds the registrations.
    pub(crate) fn hold(&mut self, api: &Api, number: u32, context: &Arc<Context>) {
        if self.holder.is_some() {
            return;
        }
        for stretch in [self.staging.clone(), self.ring.range()] {
            self.register(api, &stretch, PORTABLE);
        }
        let parts: Vec<Range<u64>> = self.open.iter().map(|(start, end)| *start..*end).collect();
        for part in parts {
            self.register(api, &part, PORTABLE | DEVICEMAP);
        }
        self.holder = Some(Holder { number, context: Arc::clone(context), end: None });
    }

    /// The context in which memory is registered, if there is one.
    pub(crate) fn holder(&self) -> Option<Arc<Context>> {
        self.holder.as_ref().map(|holder| Arc::clone(&holder.context))
    }

    /// Whether a context that has ended for the guest is the primary one of a device.
    pub(crate) fn keeps_primary_of(&self, device: i32) -> bool {
        let end = self.holder.as_ref().and_then(|holder| holder.end.as_ref());
        matches!(end, Some(What::Context { primary_of: Some(of) }) if *of == device)
    }

    /// Registers a part of the pinned heap, with the holder's context current: where kernels find it, if they do.
    pub(crate) fn open(&mut self, api: &Api, part: &Range<u64>) -> Option<Address> {
        self.open.insert(part.start, part.end);
        if !self.register(api, part, PORTABLE | DEVICEMAP) {
            return None;
        }
        let mut address = 0;
        // SAFETY: the first argument leads to a local; the part has just been registered.
        let found = unsafe { api.cuMemHostGetDevicePointer_v2(&raw mut address, pointer(part.start).cast(), 0) };
        found.inspect_err(|error| log::debug!("kernels do not reach pinned memory: {error}")).ok().map(|()| address)
    }

    /// What is to go where a part of the pinned heap is closed.
    pub(crate) fn close(&mut self, part: &Range<u64>) -> Option<Dead> {
        self.open.remove(&part.start);
        self.registered.remove(&part.start)?;
        self.ending.push(part.clone());
        let context = Arc::clone(&self.holder.as_ref().expect("what is registered has a holder").context);
        Some(Dead { context, what: What::Pinned(Pinned::of([part.clone()])) })
    }

    /// Whether any of that may be registered still, though it has been let go of. Asked once: who asks waits then.
    pub(crate) fn is_ending(&mut self, part: &Range<u64>) -> bool {
        let is_ending = self.ending.iter().any(|ending| ending.start < part.end && part.start < ending.end);
        if is_ending {
            self.ending.clear();
        }
        is_ending
    }

    /// Keeps a context that has ended for the guest, if it is the holder. Gives back how another one ends.
    pub(crate) fn keep(&mut self, number: u32, end: What) -> Option<What> {
        match &mut self.holder {
            Some(holder) if holder.number == number => {
                holder.end = Some(end);
                None
            }
            _ => Some(end),
        }
    }

    /// What goes when the last context has ended for the guest: the registrations, and the holder behind them if it was kept.
    pub(crate) fn let_go(&mut self) -> Vec<Dead> {
        let Some(Holder { context, end, .. }) = self.holder.take() else {
            return Vec::new();
        };
        let registered = std::mem::take(&mut self.registered).into_iter();
        let pinned = Pinned::of(registered.map(|(start, end)| start..end).collect::<Vec<_>>());
        let what = [Some(What::Pinned(pinned)), end].into_iter().flatten();
        what.map(|what| Dead { context: Arc::clone(&context), what }).collect()
    }

    fn register(&mut self, api: &Api, stretch: &Range<u64>, flags: u32) -> bool {
        let len = (stretch.end - stretch.start) as usize;
        // SAFETY: the stretch is mapped for as long as this process lives; kernels reach what the guest has opened, and else the
        // driver reads and writes it for copies only.
        let result: CuResult = unsafe { api.cuMemHostRegister_v2(pointer(stretch.start).cast(), len, flags) };
        match result {
            Ok(()) => drop(self.registered.insert(stretch.start, stretch.end)),
            Err(error) => {
                // A guest can have it tried as often as it likes.
                let level =
                    if std::mem::replace(&mut self.has_warned, true) { log::Level::Debug } else { log::Level::Warn };
                log::log!(level, "copies take a detour: the driver does not register {len} bytes: {error}");
            }
        }
        result.is_ok()
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
        let layout = Layout::from_size_align(RING_BYTES as usize, PAGE_BYTES as usize).expect("a power of two");
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
