//! The device driven through its protocol, with a recorder in place of a window.

mod clusters;
mod contexts;
mod devices;
mod graphs;
mod host_calls;
mod kernel_heap;
mod launches;
mod memory;
mod modules;
mod order;
mod textures;
mod waiting;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use vgpu_core::host::{ImageStore, Quota};
use vgpu_core::sha256::sha256;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Completions, EventSlot, Executor, Seq, Span, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::{Config, Identity, SoftDevice};

/// The legacy stream's slot, and two more streams: one that keeps order with it and one that does not.
const LEGACY: StreamSlot = 0;
const BLOCKING: StreamSlot = 1;
const FREE: StreamSlot = 2;
const CONTEXT: u32 = 7;
const MEMORY_BYTES: u64 = 64 << 20;
const WINDOW_BYTES: usize = 1 << 20;
/// The second half of the window is the pinned heap.
const PINNED_OFFSET: u64 = WINDOW_BYTES as u64 / 2;

const KERNELS: &str = "
.version 7.0
.target sm_70
.address_size 64

.visible .global .align 4 .u32 counter = 5;
.visible .global .align 8 .u64 table[2] = {counter, 3};
.visible .const .align 4 .b8 bytes[4] = {1, 2, 3, 4};

.visible .entry add_one(.param .u64 p, .param .u32 n)
{
    .reg .pred %p<2>;
    .reg .b32 %r<7>;
    .reg .b64 %rd<4>;
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r1, [n];
    mov.u32 %r2, %ctaid.x;
    mov.u32 %r3, %ntid.x;
    mov.u32 %r4, %tid.x;
    mad.lo.s32 %r5, %r2, %r3, %r4;
    setp.ge.u32 %p1, %r5, %r1;
    @%p1 bra $L_end;
    mul.wide.u32 %rd2, %r5, 4;
    add.s64 %rd3, %rd1, %rd2;
    ld.global.u32 %r6, [%rd3];
    add.s32 %r6, %r6, 1;
    st.global.u32 [%rd3], %r6;
$L_end:
    ret;
}

.visible .entry slow_store(.param .u64 p, .param .u32 value, .param .u32 rounds)
{
    .reg .pred %p<2>;
    .reg .b32 %r<4>;
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r1, [value];
    ld.param.u32 %r2, [rounds];
$L_loop:
    add.s32 %r2, %r2, -1;
    setp.ne.s32 %p1, %r2, 0;
    @%p1 bra $L_loop;
    st.global.u32 [%rd1], %r1;
    ret;
}

.visible .entry bump()
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<2>;
    mov.u64 %rd1, counter;
    ld.global.u32 %r1, [%rd1];
    add.s32 %r1, %r1, 1;
    st.global.u32 [%rd1], %r1;
    ret;
}

.visible .entry wild(.param .u64 p)
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [p];
    mov.u32 %r1, 1;
    st.global.u32 [%rd1], %r1;
    ret;
}

.visible .entry forever()
{
$L_loop:
    bra $L_loop;
}

.visible .entry unknown_op()
{
    .reg .b32 %r<2>;
    frobnicate.u32 %r1, %r1;
    ret;
}
";

#[derive(Default)]
struct Records {
    retired: HashMap<StreamSlot, Vec<Seq>>,
    events: HashMap<EventSlot, u64>,
    failures: Vec<(CuError, String)>,
    /// Records that were refused before they were retired.
    refusals: Vec<(Seq, CuError)>,
    outputs: u32,
    host_calls: Vec<u64>,
    host_calls_done: u64,
}

/// What the device told the world, and a window for it to copy from and to.
struct Recorder {
    records: Mutex<Records>,
    news: Condvar,
    window: Window,
}

/// Memory that the device and the test both write through pointers.
struct Window(*mut u8);

// SAFETY: the pointer is to leaked memory; the tests read and write it only when the device is known not to.
unsafe impl Send for Window {}
// SAFETY: as above.
unsafe impl Sync for Window {}

impl Recorder {
    fn new() -> Self {
        let window: &'static mut [u64] = vec![0; WINDOW_BYTES / 8].leak();
        Self { records: Mutex::default(), news: Condvar::new(), window: Window(window.as_mut_ptr().cast()) }
    }

    fn window_address(&self) -> u64 {
        self.window.0.expose_provenance() as u64
    }

    fn put(&self, offset: u64, bytes: &[u8]) {
        assert!(offset as usize + bytes.len() <= WINDOW_BYTES);
        let target = self.window.0.wrapping_add(offset as usize);
        // SAFETY: within the leaked window; tests write while no copy is under way.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) }
    }

    fn take(&self, offset: u64, len: usize) -> Vec<u8> {
        assert!(offset as usize + len <= WINDOW_BYTES);
        let source = self.window.0.wrapping_add(offset as usize);
        // SAFETY: within the leaked window; tests read while no copy is under way.
        unsafe { std::slice::from_raw_parts(source, len) }.to_vec()
    }
}

impl Completions for Recorder {
    fn retire(&self, stream: StreamSlot, seq: Seq) {
        self.records.lock().retired.entry(stream).or_default().push(seq);
        self.news.notify_all();
    }

    fn event_reached(&self, event: EventSlot, ns: u64) {
        self.records.lock().events.insert(event, ns);
    }

    fn event_ns(&self, event: EventSlot) -> u64 {
        self.records.lock().events.get(&event).copied().unwrap_or(0)
    }

    fn fail(&self, error: CuError, detail: &str) {
        self.records.lock().failures.push((error, detail.to_owned()));
    }

    fn call_host(&self, token: u64) -> u64 {
        let mut records = self.records.lock();
        records.host_calls.push(token);
        self.news.notify_all();
        records.host_calls.len() as u64
    }

    fn host_calls_done(&self) -> u64 {
        self.records.lock().host_calls_done
    }

    fn output_waits(&self) {
        self.records.lock().outputs += 1;
    }

    fn refuse(&self, seq: Seq, error: CuError, _: &str) {
        let mut records = self.records.lock();
        assert!(!records.retired.values().any(|seqs| seqs.contains(&seq)), "record {seq} was retired before");
        records.refusals.push((seq, error));
    }

    fn span(&self, span: Span) -> CuResult<*mut u8> {
        let end = span.offset.checked_add(span.len_bytes).ok_or(CuError::INVALID_VALUE)?;
        if end > WINDOW_BYTES as u64 {
            return Err(CuError::INVALID_VALUE);
        }
        Ok(self.window.0.wrapping_add(span.offset as usize))
    }

    fn pinned_heap(&self) -> Range<u64> {
        self.window_address() + PINNED_OFFSET..self.window_address() + WINDOW_BYTES as u64
    }

    fn device_arena(&self) -> Range<u64> {
        0..0
    }

    fn staging(&self) -> Range<u64> {
        0..0
    }
}

/// A device with a context, its three streams, and the next record's number.
struct Rig {
    device: SoftDevice,
    recorder: Arc<Recorder>,
    seq: Seq,
    slow_store: Option<u64>,
}

impl Rig {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let device = Identity { ledger: Arc::new(Quota::new(MEMORY_BYTES)), ..Identity::default() };
        let mut config = Config { devices: vec![device], memory_bytes: MEMORY_BYTES, threads: 2, ..Config::default() };
        change(&mut config);
        let recorder = Arc::new(Recorder::new());
        let device = SoftDevice::new(config, recorder.clone()).unwrap();
        let mut rig = Self { device, recorder, seq: 0, slow_store: None };
        rig.run(|device, seq| {
            device.context_create(
                seq,
                &ContextCreate { context: CONTEXT, device: 0, legacy_stream: LEGACY, flags: 0 },
                &[],
            )
        })
        .unwrap();
        for (stream, flags) in [(BLOCKING, 0), (FREE, 1)] {
            let message = StreamCreate { context: CONTEXT, stream, flags, priority: 0 };
            rig.run(|device, seq| device.stream_create(seq, &message, &[])).unwrap();
        }
        rig
    }

    /// Carries out a message under the next number.
    fn run<R>(&mut self, body: impl FnOnce(&mut SoftDevice, Seq) -> R) -> R {
        self.seq += 1;
        body(&mut self.device, self.seq)
    }

    fn alloc(&mut self, len_bytes: u64) -> u64 {
        self.try_alloc(len_bytes).unwrap()
    }

    fn try_alloc(&mut self, len_bytes: u64) -> CuResult<u64> {
        let message = MemAlloc { context: CONTEXT, reserved: 0, len_bytes };
        self.run(|device, seq| device.mem_alloc(seq, &message, &[])).map(|answer| answer.reply.address)
    }

    fn free(&mut self, address: u64) -> CuResult {
        self.run(|device, seq| device.mem_free(seq, &MemFree { address }, &[]))
    }

    fn write(&mut self, stream: StreamSlot, target: u64, bytes: &[u8]) -> CuResult {
        self.run(|device, seq| device.copy_inline(seq, &CopyInline { stream, reserved: 0, target }, bytes))
    }

    fn read(&mut self, stream: StreamSlot, source: u64, len: usize) -> Vec<u8> {
        let target = Span { offset: 0, len_bytes: len as u64 };
        self.run(|device, seq| device.copy_out(seq, &CopyOut { stream, reserved: 0, source, target }, &[])).unwrap();
        self.sync(stream);
        self.recorder.take(0, len)
    }

    fn read_u32(&mut self, stream: StreamSlot, source: u64) -> u32 {
        u32::from_le_bytes(self.read(stream, source, 4).try_into().unwrap())
    }

    /// Waits until all that was posted to the stream is retired.
    fn sync(&mut self, stream: StreamSlot) {
        self.run(|device, seq| device.marker(seq, &Marker { stream, reserved: 0 }, &[])).unwrap();
        self.wait(stream, self.seq);
    }

    fn wait(&self, stream: StreamSlot, seq: Seq) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut records = self.recorder.records.lock();
        while records.retired.get(&stream).and_then(|seqs| seqs.last()).is_none_or(|&last| last < seq) {
            assert!(
                !self.recorder.news.wait_until(&mut records, deadline).timed_out(),
                "record {seq} of stream {stream} is not retired"
            );
        }
    }

    fn is_retired(&self, stream: StreamSlot, seq: Seq) -> bool {
        self.recorder.records.lock().retired.get(&stream).is_some_and(|seqs| seqs.contains(&seq))
    }

    fn failures(&self) -> Vec<(CuError, String)> {
        self.recorder.records.lock().failures.clone()
    }

    fn refusals(&self) -> Vec<(Seq, CuError)> {
        self.recorder.records.lock().refusals.clone()
    }

    fn load(&mut self, text: &str) -> CuResult<u64> {
        let message = ModuleLoad { context: CONTEXT, kind: ImageKind::Ptx as u32, blob: 0 };
        self.run(|device, seq| device.module_load(seq, &message, text.as_bytes())).map(|answer| answer.reply.module)
    }

    fn function(&mut self, name: &str) -> u64 {
        let module = self.load(KERNELS).unwrap();
        self.function_of(module, name).unwrap().function
    }

    fn function_of(&mut self, module: u64, name: &str) -> CuResult<FunctionReply> {
        self.run(|device, seq| device.module_function(seq, &ModuleFunction { module }, name.as_bytes()))
            .map(|answer| answer.reply)
    }

    fn launch(&mut self, stream: StreamSlot, function: u64, blocks: u32, threads: u32, params: &[u8]) -> CuResult {
        let message = launch(stream, function, blocks, threads);
        self.run(|device, seq| device.launch(seq, &message, params))
    }

    /// Launches a kernel that takes a while and then stores `value`.
    fn slow_store(&mut self, stream: StreamSlot, target: u64, value: u32, rounds: u32) {
        let function = self.slow_store.unwrap_or_else(|| self.function("slow_store"));
        self.slow_store = Some(function);
        self.launch(stream, function, 1, 1, &params(target, &[value, rounds])).unwrap();
    }

    fn error_text(&mut self) -> String {
        let answer = self.run(|device, seq| device.error_text(seq, &ErrorText { reserved: 0 }, &[])).unwrap();
        String::from_utf8(answer.tail).unwrap()
    }
}

fn launch(stream: StreamSlot, function: u64, blocks: u32, threads: u32) -> Launch {
    Launch {
        function,
        stream,
        flags: 0,
        grid: [blocks, 1, 1],
        block: [threads, 1, 1],
        dynamic_shared_bytes: 0,
        reserved: 0,
    }
}

/// Parameters as the kernels above take them: an address and words.
fn params(address: u64, words: &[u32]) -> Vec<u8> {
    let mut bytes = address.to_le_bytes().to_vec();
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes
}
