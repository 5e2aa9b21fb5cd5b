//! Wire records: whatever a guest writes into its ring, the device answers or refuses and stays sound.
//!
//! `cargo xtask fuzz record`
#![no_main]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vgpu_core::host::Quota;
use vgpu_core::wire::messages::{
    ContextCreate, FunctionReply, ImageKind, MemAlloc, MemAllocReply, ModuleFunction, ModuleLoad, ModuleLoadReply, Op,
    Outcome, StreamCreate,
};
use vgpu_core::wire::{Completions, EventSlot, Message, Pod, RecordHeader, Seq, Span, StreamSlot, dispatch};
use vgpu_core::{CuError, CuResult};
use vgpu_soft::device::{Config, Identity, SoftDevice};

const CONTEXT: u32 = 1;
const MEMORY_BYTES: u64 = 64 << 20;
const ALLOCATION_BYTES: u64 = 1 << 20;
const WINDOW_BYTES: usize = 1 << 16;
/// A word of a message that is `MARK + n` is replaced by the n-th handle that is good. One byte: easy to come upon.
const MARK: u64 = 0x80;
const PTX: &[u8] = b".version 7.0\n.target sm_70\n.address_size 64\n.visible .global .align 4 .u32 counter = 5;
.visible .entry copy(.param .u64 from, .param .u64 to)\n{\n.reg .b32 %r<3>;\n.reg .b64 %rd<5>;\nld.param.u64 %rd1, [from];
ld.param.u64 %rd2, [to];\nmov.u32 %r1, %tid.x;\nmul.wide.u32 %rd3, %r1, 4;\nadd.s64 %rd1, %rd1, %rd3;\nadd.s64 %rd2, %rd2, %rd3;
ld.global.u32 %r2, [%rd1];\nst.global.u32 [%rd2], %r2;\nret;\n}\n";

/// A small window: most spans do not lie in it.
struct Window(Box<[AtomicU64]>);

impl Completions for Window {
    fn retire(&self, _: StreamSlot, _: Seq) {}
    fn event_reached(&self, _: EventSlot, _: u64) {}
    fn fail(&self, _: CuError, _: &str) {}
    fn refuse(&self, _: Seq, _: CuError, _: &str) {}

    fn event_ns(&self, _: EventSlot) -> u64 {
        0
    }

    fn call_host(&self, _: u64) -> u64 {
        0
    }

    fn host_calls_done(&self) -> u64 {
        0
    }

    fn output_waits(&self) {}

    fn span(&self, span: Span) -> CuResult<*mut u8> {
        let end = span.offset.checked_add(span.len_bytes).ok_or(CuError::INVALID_VALUE)?;
        if end > WINDOW_BYTES as u64 {
            return Err(CuError::INVALID_VALUE);
        }
        let start = self.0.as_ptr().expose_provenance() + span.offset as usize;
        Ok(std::ptr::with_exposed_provenance_mut(start))
    }

    fn pinned_heap(&self) -> Range<u64> {
        let start = self.0.as_ptr().expose_provenance() as u64;
        start..start + WINDOW_BYTES as u64
    }

    fn device_arena(&self) -> Range<u64> {
        0..0
    }

    fn staging(&self) -> Range<u64> {
        0..0
    }
}

/// A device whose records are numbered as a ring numbers them.
struct Guest {
    device: SoftDevice,
    seq: Seq,
}

impl Guest {
    fn new() -> Option<Self> {
        let config = Config {
            memory_bytes: MEMORY_BYTES,
            threads: 1,
            devices: vec![Identity { ledger: Arc::new(Quota::new(MEMORY_BYTES)), ..Identity::default() }],
            launch_timeout: Some(Duration::from_millis(200)),
            ..Config::default()
        };
        let window = Window((0..WINDOW_BYTES / 8).map(|_| AtomicU64::new(0)).collect());
        Some(Self { device: SoftDevice::new(config, Arc::new(window)).ok()?, seq: 0 })
    }

    fn send(&mut self, op: u16, fixed: &[u8], tail: &[u8]) -> Option<Outcome> {
        self.seq += 1;
        let header = RecordHeader { op, tail_bytes: tail.len() as u32, seq: self.seq, ..RecordHeader::default() };
        dispatch(&mut self.device, &header, &[fixed, tail].concat()).ok()
    }

    fn call<M: Message>(&mut self, message: &M, tail: &[u8]) -> M::Reply {
        match self.send(M::OP as u16, message.as_bytes(), tail) {
            Some(Outcome::Called(Ok(answer))) => M::Reply::from_bytes(&answer.reply).expect("a whole reply"),
            other => panic!("a sound call was refused: {other:?}"),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(mut guest) = Guest::new() else { return };
    let open = ContextCreate { context: CONTEXT, device: 0, legacy_stream: 1, flags: 0 };
    guest.send(Op::ContextCreate as u16, open.as_bytes(), &[]);
    let stream = StreamCreate { context: CONTEXT, stream: 2, flags: 1, priority: 0 };
    guest.send(Op::StreamCreate as u16, stream.as_bytes(), &[]);
    let load = ModuleLoad { context: CONTEXT, kind: ImageKind::Ptx as u32, blob: 0 };
    let ModuleLoadReply { module } = guest.call(&load, PTX);
    let FunctionReply { function, .. } = guest.call(&ModuleFunction { module }, b"copy");
    let MemAllocReply { address } =
        guest.call(&MemAlloc { context: CONTEXT, reserved: 0, len_bytes: ALLOCATION_BYTES }, &[]);
    // The first handle of every table: blobs and graphs that the input makes are found by it as well.
    let first = 1 << 32 | 1;
    let good = [module, function, address, address + ALLOCATION_BYTES, first, first + 1, address + 4, address + 4096];

    // Each record: which message, how long its tail, the fixed part, the tail.
    let mut rest = bytes;
    while let Some((&[which, tail_low, tail_high], after)) = rest.split_first_chunk::<3>() {
        let (op, fixed_bytes, _) = Op::SIZES[usize::from(which) % Op::SIZES.len()];
        let mut fixed = vec![0; fixed_bytes];
        let given = fixed_bytes.min(after.len());
        fixed[..given].copy_from_slice(&after[..given]);
        for word in fixed.as_chunks_mut::<8>().0 {
            if let Some(handle) = u64::from_le_bytes(*word).checked_sub(MARK).and_then(|at| good.get(at as usize)) {
                *word = handle.to_le_bytes();
            }
        }
        let after = &after[given..];
        let (tail, after) = after.split_at(usize::from(u16::from_le_bytes([tail_low, tail_high])).min(after.len()));
        rest = after;
        guest.send(op, &fixed, tail);
    }
});
