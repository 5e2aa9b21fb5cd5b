//! Completion words that the GPU writes by itself, where it can.
//!
//! Behind a batch of records it writes two: the stream's word in the guest's window, so that a guest that waits learns of it
//! without anybody of this process, and one of [`OwnWords`], which the guest has not got and cannot forge. What is done is known
//! from that, by a look at memory.
//!
//! Why not events: on an H100 a launch costs 6.6 us while another thread asks for events, and 3.8 us while it reads a word, as
//! much as when nobody looks. A write costs 0.8 us of the thread that orders work, and there is a pair for up to 32 records.
//! Events are recorded besides only where something may have to wait for them, and faults are asked for now and then. Where
//! kernels may print, only our own word is written, and the guest's when what was printed has been taken in.
//!
//! **Source:** the driver API's chapter "Stream memory operations": a write comes after all work before it, and what that has
//! written is seen by whoever sees it.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::ffi::c_int;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vgpu_core::abi::{CU_MEMHOSTREGISTER_DEVICEMAP, CU_MEMHOSTREGISTER_PORTABLE, CUdevice_attribute_enum as Attribute};
use vgpu_core::window::layout::PAGE_BYTES;
use vgpu_core::wire::{Completions, Seq, StreamSlot, StreamWords};
use vgpu_core::{CuError, CuResult};

use crate::api::{Address, Api, Stream};
use crate::pinned::{Pinned, pointer};

/// For all contexts, and for more than copies.
const REGISTERED_FOR: u32 = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP;

/// Who says that work is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signals {
    /// The GPU where it can write words, else events.
    #[default]
    Auto,
    /// Events, which this process asks for.
    Events,
    /// As `Auto`, with a warning where it has to be events.
    Words,
}

/// The stream words of a window whose executor may have the GPU write them.
fn stream_words(completions: &dyn Completions, signals: Signals) -> Option<&dyn StreamWords> {
    (signals != Signals::Events).then(|| completions.stream_words()).flatten()
}

/// A second word for each stream, in memory that the guest does not have. Lies as the window's words do.
pub(crate) struct OwnWords {
    completions: Arc<dyn Completions>,
    signals: Signals,
    /// Never given back: until its context has ended, the GPU may write there.
    range: Range<u64>,
}

impl OwnWords {
    pub(crate) fn new(completions: Arc<dyn Completions>, signals: Signals) -> Self {
        let len = stream_words(&*completions, signals).map_or(0, |words| words.range().end - words.range().start);
        let start = if len == 0 { 0 } else { zeroed_pages(len as usize) };
        Self { completions, signals, range: start..start + len }
    }

    /// Where in either range a stream's word lies.
    fn offset(&self, slot: StreamSlot) -> Option<u64> {
        let words = stream_words(&*self.completions, self.signals)?;
        let word = words.word(slot)?;
        Some(std::ptr::from_ref(word).addr() as u64 - words.range().start)
    }

    /// What the GPU has written of a stream last: the number of a record that is done, as all before it. The guest's word is as
    /// far.
    pub(crate) fn reached(&self, slot: StreamSlot) -> Seq {
        self.offset(slot).map_or(0, |offset| {
            let word = pointer(self.range.start + offset).cast();
            // SAFETY: an aligned word of the range, which only the GPU writes, as a whole.
            unsafe { AtomicU64::from_ptr(word) }.load(Ordering::Acquire)
        })
    }

    /// Whether a thread of the guest's sleeps.
    pub(crate) fn has_sleepers(&self) -> bool {
        self.completions.stream_words().is_some_and(StreamWords::has_sleepers)
    }

    /// Publishes that a stream has come so far. The GPU may be ahead of that already.
    pub(crate) fn publish(&self, slot: StreamSlot, last: Seq) {
        let words = stream_words(&*self.completions, self.signals);
        match words.and_then(|words| Some((words, words.word(slot)?))) {
            Some((words, word)) => {
                if word.load(Ordering::Acquire) < last {
                    word.fetch_max(last, Ordering::Release);
                }
                words.wake();
            }
            None => self.completions.retire(slot, last),
        }
    }
}

/// The words of both kinds, registered for the GPU while a context holds them.
pub(crate) struct Words {
    own: Arc<OwnWords>,
    held: Option<Held>,
}

struct Held {
    /// The guest's number of the context.
    context: u32,
    ranges: [Range<u64>; 2],
    /// Where the GPU has them.
    addresses: [Address; 2],
}

impl Words {
    pub(crate) fn new(own: Arc<OwnWords>) -> Self {
        Self { own, held: None }
    }

    /// Registers them in the current context, unless another one holds them or its device cannot write them.
    pub(crate) fn hold(&mut self, api: &Api, context: u32, device: c_int) {
        let words = stream_words(&*self.own.completions, self.own.signals);
        let Some(window) = words.map(StreamWords::range).filter(|_| self.held.is_none()) else {
            return;
        };
        let can_write = Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS.0;
        // A driver that knows the function knows the attribute.
        if !api.has_stream_writes() || matches!(api.cuDeviceGetAttribute(can_write, device), Ok(0) | Err(_)) {
            let level = if self.own.signals == Signals::Words { log::Level::Warn } else { log::Level::Info };
            return log::log!(level, "device {device} does not write completion words: events are asked for");
        }
        let ranges = [window, self.own.range.clone()];
        match register(api, &ranges) {
            Ok(addresses) => self.held = Some(Held { context, ranges, addresses }),
            Err(error) => log::warn!("events are asked for: the driver does not register completion words: {error}"),
        }
    }

    /// What a context that ends takes with it, if it is the one.
    pub(crate) fn let_go(&mut self, context: u32) -> Option<Pinned> {
        let held = self.held.take_if(|held| held.context == context)?;
        Some(Pinned::of(held.ranges))
    }

    /// Whether the GPU can be asked to write words now.
    pub(crate) fn are_held(&self) -> bool {
        self.held.is_some()
    }

    /// Has the GPU write the number of a stream's last record behind its work; for us alone if the guest is to learn of it from
    /// this process.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` where it is not to be asked, or the driver's.
    pub(crate) fn write(&self, api: &Api, stream: Stream, slot: StreamSlot, last: Seq, for_us_alone: bool) -> CuResult {
        let (held, offset) = self.held.as_ref().zip(self.own.offset(slot)).ok_or(CuError::NOT_SUPPORTED)?;
        // The guest's first: it may be waiting, and where ours is written so is the guest's.
        held.addresses.iter().skip(for_us_alone.into()).try_for_each(|address| {
            // SAFETY: the word lies in a registered range.
            unsafe { api.cuStreamWriteValue64_v2(stream, address + offset, last, 0) }
        })
    }
}

/// Registers both ranges. Returns where the GPU has them.
fn register(api: &Api, ranges: &[Range<u64>; 2]) -> CuResult<[Address; 2]> {
    let first = register_one(api, &ranges[0])?;
    let second = register_one(api, &ranges[1]).inspect_err(|_| Pinned::of([ranges[0].clone()]).release(api))?;
    Ok([first, second])
}

fn register_one(api: &Api, range: &Range<u64>) -> CuResult<Address> {
    let (start, len) = (pointer(range.start), (range.end - range.start) as usize);
    // SAFETY: the range is mapped for as long as this process lives; the GPU writes words in it, as others do.
    unsafe { api.cuMemHostRegister_v2(start.cast(), len, REGISTERED_FOR) }?;
    let mut address = 0;
    // SAFETY: the first argument leads to a local, the second to what has just been registered.
    let found = unsafe { api.cuMemHostGetDevicePointer_v2(&raw mut address, start.cast(), 0) };
    found.inspect_err(|_| Pinned::of([range.clone()]).release(api))?;
    Ok(address)
}

/// Memory of its own pages, for good.
fn zeroed_pages(len: usize) -> u64 {
    let layout =
        Layout::from_size_align(len, PAGE_BYTES as usize).expect("a window's words are no longer than a window");
    // SAFETY: the layout has a length.
    let memory = unsafe { alloc_zeroed(layout) };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    memory.expose_provenance() as u64
}
