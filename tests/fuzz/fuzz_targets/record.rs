//! Wire records: whatever a guest writes into its ring, the device answers or refuses and stays sound.
//!
//! `cargo +nightly fuzz run record`
#![no_main]

use std::ops::Range;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use vgpu_core::wire::{Completions, EventSlot, Pod, RecordHeader, Seq, Span, StreamSlot, dispatch};
use vgpu_core::{CuError, CuResult};
use vgpu_soft::device::{Config, Quota, SoftDevice};

/// A window without memory: every span is refused.
struct NoWindow;

impl Completions for NoWindow {
    fn retire(&self, _: StreamSlot, _: Seq) {}
    fn event_reached(&self, _: EventSlot, _: u64) {}
    fn fail(&self, _: CuError, _: &str) {}
    fn span(&self, _: Span) -> CuResult<*mut u8> {
        Err(CuError::INVALID_VALUE)
    }
    fn pinned_heap(&self) -> Range<u64> {
        0..0
    }
}

fuzz_target!(|bytes: &[u8]| {
    let memory_bytes = 64 << 20;
    let config = Config { memory_bytes, threads: 1, ledger: Arc::new(Quota::new(memory_bytes)), ..Config::default() };
    let Ok(mut device) = SoftDevice::new(config, Arc::new(NoWindow)) else { return };
    // Each record is a length byte pair, a header and a body; sequence numbers are ours, as the ring enforces them.
    let mut rest = bytes;
    let mut seq = 0;
    while let Some((len, tail)) = rest.split_first_chunk::<2>() {
        let (record, after) = tail.split_at(usize::from(u16::from_le_bytes(*len)).min(tail.len()));
        rest = after;
        let Some(header) = RecordHeader::from_bytes(record) else { continue };
        seq += 1;
        let _ = dispatch(&mut device, &RecordHeader { seq, ..header }, &record[size_of::<RecordHeader>()..]);
    }
});
