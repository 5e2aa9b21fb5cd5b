//! Completion words that the GPU writes by itself, where it can: an experiment, to be measured.
//!
//! A guest then learns that work is done without this process, which only wakes those that sleep. What is known here is known
//! from events all the same, for the words are the guest's to write, too. **Source:** the driver API's chapter "Stream memory
//! operations": the write comes after all work before it, and what that has written is seen by whoever sees it.

use std::ffi::c_int;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use vgpu_core::abi::CUdevice_attribute_enum as Attribute;
use vgpu_core::wire::{Completions, Seq, StreamSlot, StreamWords};

use crate::api::{Address, Api, Stream};
use crate::pinning::{self, Pinned};

/// `CU_MEMHOSTREGISTER_PORTABLE`: for all contexts.
const PORTABLE: u32 = 1;
/// `CU_MEMHOSTREGISTER_DEVICEMAP`: for more than copies.
const DEVICE_MAP: u32 = 2;

/// Who publishes that work is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signals {
    /// This process, which asks for events.
    #[default]
    Events,
    /// The GPU, by words, where it can.
    Words,
}

/// The words, registered for the GPU while a context holds them.
pub(crate) struct Words {
    completions: Arc<dyn Completions>,
    signals: Signals,
    held: Option<Held>,
}

struct Held {
    /// The guest's number of the context.
    context: u32,
    range: Range<u64>,
    /// Where the GPU has them.
    address: Address,
}

impl Words {
    pub(crate) fn new(completions: Arc<dyn Completions>, signals: Signals) -> Self {
        Self { completions, signals, held: None }
    }

    fn of_streams(&self) -> Option<&dyn StreamWords> {
        (self.signals == Signals::Words).then(|| self.completions.stream_words()).flatten()
    }

    /// Registers them in the current context, unless another one holds them or its device cannot write them.
    pub(crate) fn hold(&mut self, api: &Api, context: u32, device: c_int) {
        let Some(range) = self.of_streams().map(StreamWords::range).filter(|_| self.held.is_none()) else {
            return;
        };
        let can_write = Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS.0;
        if !api.has_stream_writes() || api.cuDeviceGetAttribute(can_write, device) == Ok(0) {
            return log::info!("device {device} does not write completion words: events are asked for");
        }
        match register(api, &range) {
            Ok(address) => self.held = Some(Held { context, range, address }),
            Err(error) => log::warn!("the driver does not register completion words: {error}"),
        }
    }

    /// What a context that ends takes with it, if it is the one.
    pub(crate) fn let_go(&mut self, context: u32) -> Option<Pinned> {
        let held = self.held.take_if(|held| held.context == context)?;
        Some(Pinned::of(held.range))
    }

    /// Has the GPU write the number of a stream's last record behind its work; whether it will.
    pub(crate) fn write(&self, api: &Api, stream: Stream, slot: StreamSlot, last: Seq) -> bool {
        let Some(Held { range, address, .. }) = &self.held else {
            return false;
        };
        let Some(word) = self.of_streams().and_then(|words| words.word(slot)) else {
            return false;
        };
        let offset = std::ptr::from_ref(word).addr() as u64 - range.start;
        // SAFETY: the word lies in the registered range.
        unsafe { api.cuStreamWriteValue64_v2(stream, address + offset, last, 0) }.is_ok()
    }
}

/// Publishes that a stream has come so far. The GPU may be ahead of that already.
pub(crate) fn publish(completions: &dyn Completions, signals: Signals, slot: StreamSlot, last: Seq) {
    match completions.stream_words().filter(|_| signals == Signals::Words) {
        Some(words) => {
            if let Some(word) = words.word(slot) {
                word.fetch_max(last, Ordering::Release);
            }
            words.wake();
        }
        None => completions.retire(slot, last),
    }
}

fn register(api: &Api, range: &Range<u64>) -> vgpu_core::CuResult<Address> {
    let (start, len) = (pinning::pointer(range.start), (range.end - range.start) as usize);
    // SAFETY: the range is mapped for as long as this process lives; the GPU writes words in it, as others do.
    unsafe { api.cuMemHostRegister_v2(start.cast(), len, PORTABLE | DEVICE_MAP) }?;
    let mut address = 0;
    // SAFETY: the first argument leads to a local, the second to what has just been registered.
    let found = unsafe { api.cuMemHostGetDevicePointer_v2(&raw mut address, start.cast(), 0) };
    found.inspect_err(|_| Pinned::of(range.clone()).release(api))?;
    Ok(address)
}
