//! A guest of the executor: a window, messages, and what the executor has published.

use std::alloc::{Layout, alloc_zeroed};
use std::collections::BTreeMap;
use std::io::PipeWriter;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use vgpu_core::host::{MemoryLedger, Quota};
use vgpu_core::window::{AddressRange, Arena};
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{
    Answer, Call as CallMessage, Completions, EventSlot, Executor, JitOption, Message, Pod, Post, RecordHeader, Seq,
    Span, StreamSlot, StreamWords, dispatch,
};
use vgpu_core::{CuError, CuResult};
use vgpu_driver::{DriverDevice, Setup, Standard};

use crate::fake::{Fake, wait_until};

/// The staging area is the first half of the window, the pinned heap the second.
pub(crate) const AREA_BYTES: u64 = 64 << 10;
/// What the guest may have of the device's memory.
pub(crate) const QUOTA_BYTES: u64 = 256 << 20;
pub(crate) const CONTEXT: u32 = 1;
/// So many streams have a completion word.
const WORDS: usize = 64;
/// A guest here has no context of a higher number.
const CONTEXT_LIMIT: u32 = 4;
pub(crate) const LEGACY: StreamSlot = 0;
pub(crate) const STREAM: StreamSlot = 1;
/// Two kernels, whose parameters' lengths stand in their names.
pub(crate) const PTX: &[u8] = b".version 8.0\n.target sm_80\n.address_size 64\n\
    .visible .entry add__8_4(.param .u64 a, .param .u32 b) { ret; }\n\
    .visible .entry fault_700() { ret; }\n";

/// What the executor has published.
#[derive(Default)]
pub(crate) struct Seen {
    /// By stream slot.
    pub(crate) retired: BTreeMap<StreamSlot, Seq>,
    pub(crate) failures: Vec<CuError>,
    /// The last record that was refused.
    refused: Seq,
    /// Tokens that the guest was called with.
    pub(crate) calls: Vec<u64>,
    /// The number of the last call that it has carried out.
    pub(crate) calls_done: u64,
    /// How often it was told that something is printed.
    pub(crate) outputs: u64,
    /// As far as that had come when each record was retired, work failed, or the guest was called.
    pub(crate) outputs_before: Vec<u64>,
}

impl Seen {
    fn note_outputs(&mut self) {
        self.outputs_before.push(self.outputs);
    }
}

/// A window, and what is published in it.
pub(crate) struct Window {
    memory: *mut u8,
    pub(crate) seen: Mutex<Seen>,
    /// Streams' completion words, in memory that is never given back.
    words: &'static [AtomicU64],
    /// Somebody of the guest's sleeps, and was woken so often.
    pub(crate) is_asleep: AtomicBool,
    pub(crate) wakes: AtomicU64,
}

// SAFETY: the pointer is to memory that is never given back; a test touches it only when no copy is under way.
unsafe impl Send for Window {}
// SAFETY: as above.
unsafe impl Sync for Window {}

impl Window {
    fn new() -> Self {
        let layout = Layout::from_size_align(2 * AREA_BYTES as usize, 4096).expect("a power of two");
        Self {
            // SAFETY: the layout has a length.
            memory: unsafe { alloc_zeroed(layout) },
            seen: Mutex::default(),
            words: Box::leak((0..WORDS).map(|_| AtomicU64::new(0)).collect::<Box<[_]>>()),
            is_asleep: AtomicBool::new(false),
            wakes: AtomicU64::new(0),
        }
    }

    /// The last record of a stream that is published, by whomever.
    pub(crate) fn reached(&self, stream: StreamSlot) -> Seq {
        let told = self.seen.lock().retired.get(&stream).copied().unwrap_or(0);
        let word = self.words.get(stream as usize).map_or(0, |word| word.load(Ordering::Acquire));
        told.max(word)
    }

    /// Says that a record is done, as only the executor or its GPU should.
    pub(crate) fn forge(&self, stream: StreamSlot, seq: Seq) {
        self.words[stream as usize].store(seq, Ordering::Release);
    }

    fn address(&self) -> u64 {
        self.memory.expose_provenance() as u64
    }

    pub(crate) fn put(&self, offset: u64, bytes: &[u8]) {
        assert!(offset + bytes.len() as u64 <= 2 * AREA_BYTES);
        // SAFETY: within the window, and no copy is under way.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.memory.add(offset as usize), bytes.len()) }
    }

    pub(crate) fn get(&self, offset: u64, len: usize) -> Vec<u8> {
        assert!(offset + len as u64 <= 2 * AREA_BYTES);
        // SAFETY: within the window, and no copy is under way.
        unsafe { std::slice::from_raw_parts(self.memory.add(offset as usize), len) }.to_vec()
    }
}

impl Completions for Window {
    fn retire(&self, stream: StreamSlot, seq: Seq) {
        let mut seen = self.seen.lock();
        seen.note_outputs();
        let before = seen.retired.insert(stream, seq);
        assert!(before < Some(seq), "the number of stream {stream} falls from {before:?} to {seq}");
    }

    fn event_reached(&self, event: EventSlot, _: u64) {
        panic!("the time of event {event} is published, which nobody reads");
    }

    fn event_ns(&self, _: EventSlot) -> u64 {
        0
    }

    fn fail(&self, error: CuError, _: &str) {
        let mut seen = self.seen.lock();
        seen.note_outputs();
        seen.failures.push(error);
    }

    fn refuse(&self, seq: Seq, _: CuError, _: &str) {
        let mut seen = self.seen.lock();
        if std::mem::replace(&mut seen.refused, seq) != seq {
            let retired = seen.retired.values().max();
            assert!(retired < Some(&seq), "record {seq} is retired before it is refused");
        }
    }

    fn call_host(&self, token: u64) -> u64 {
        let mut seen = self.seen.lock();
        seen.note_outputs();
        seen.calls.push(token);
        seen.calls.len() as u64
    }

    fn host_calls_done(&self) -> u64 {
        self.seen.lock().calls_done
    }

    fn output_waits(&self) {
        self.seen.lock().outputs += 1;
    }

    fn device_arena(&self) -> Range<u64> {
        0..0
    }

    fn span(&self, span: Span) -> CuResult<*mut u8> {
        let area_end = (span.offset / AREA_BYTES).min(1) * AREA_BYTES + AREA_BYTES;
        let end = span.offset.checked_add(span.len_bytes).filter(|end| *end <= area_end);
        end.map(|_| self.memory.wrapping_add(span.offset as usize)).ok_or(CuError::INVALID_VALUE)
    }

    fn pinned_heap(&self) -> Range<u64> {
        self.staging().end..self.staging().end + AREA_BYTES
    }

    fn staging(&self) -> Range<u64> {
        self.address()..self.address() + AREA_BYTES
    }

    fn stream_words(&self) -> Option<&dyn StreamWords> {
        Some(self)
    }
}

impl StreamWords for Window {
    fn range(&self) -> Range<u64> {
        let start = self.words.as_ptr().expose_provenance() as u64;
        start..start + size_of_val(self.words) as u64
    }

    fn word(&self, stream: StreamSlot) -> Option<&AtomicU64> {
        self.words.get(stream as usize)
    }

    fn has_sleepers(&self) -> bool {
        self.is_asleep.load(Ordering::Acquire)
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::AcqRel);
    }
}

/// A guest with its executor on a fake driver.
pub(crate) struct Guest {
    pub(crate) fake: Arc<Fake>,
    pub(crate) window: Arc<Window>,
    /// Of the first GPU, and of each.
    pub(crate) ledger: Arc<Quota>,
    pub(crate) ledgers: Vec<Arc<Quota>>,
    device: DriverDevice,
    /// The driver's standard output and error.
    _standard: [PipeWriter; 2],
    /// Number of the last record.
    pub(crate) seq: Seq,
    /// What [`ready`](Self::ready) has made.
    pub(crate) memory: u64,
    pub(crate) module: u64,
    pub(crate) function: u64,
    /// What a test has made.
    pub(crate) graph: u64,
}

impl Guest {
    /// A guest that has said nothing yet.
    pub(crate) fn new(fake: &Arc<Fake>) -> Self {
        Self::of(fake, None)
    }

    /// The same with an arena for its memory.
    pub(crate) fn in_arena(fake: &Arc<Fake>, arena: Option<AddressRange>) -> Self {
        Self::of(fake, arena)
    }

    fn of(fake: &Arc<Fake>, arena: Option<AddressRange>) -> Self {
        let driver = fake.open().expect("a sound driver");
        let arena = arena.map(|range| Arena::at(range).expect("addresses that nobody has"));
        let gpus = driver.describe_gpus().expect("a sound driver").len();
        let ledgers: Vec<_> = (0..gpus).map(|_| Arc::new(Quota::new(QUOTA_BYTES))).collect();
        let window = Arc::new(Window::new());
        let [(stdout, for_stdout), (stderr, for_stderr)] = [0; 2].map(|_| std::io::pipe().expect("a pipe"));
        fake.print_to([for_stdout.as_raw_fd(), for_stderr.as_raw_fd()]);
        let setup = Setup {
            ledgers: ledgers.iter().map(|ledger| Arc::clone(ledger) as Arc<dyn MemoryLedger>).collect(),
            images: None,
            completions: window.clone(),
            standard: Some(Standard { stdout, stderr }),
            arena,
            signals: fake.signals,
        };
        let device = DriverDevice::new(driver, setup).expect("threads");
        let ledger = Arc::clone(&ledgers[0]);
        Self {
            fake: Arc::clone(fake),
            window,
            ledger,
            ledgers,
            device,
            _standard: [for_stdout, for_stderr],
            seq: 0,
            memory: 0,
            module: 0,
            function: 0,
            graph: 0,
        }
    }

    /// A guest with a context, a stream beside the default one, 4096 bytes of memory, and a kernel. Its calls so far are
    /// forgotten.
    pub(crate) fn ready(fake: &Arc<Fake>) -> Self {
        Self::new(fake).made_ready()
    }

    /// The same of a guest that has said nothing yet.
    pub(crate) fn made_ready(self) -> Self {
        let mut guest = self.with_context();
        guest.post(StreamCreate { context: CONTEXT, stream: STREAM, flags: 1, priority: 0 }).expect("a stream");
        guest.memory = guest.alloc(4096).expect("memory");
        guest.module = guest.load(PTX).expect("a module");
        guest.function = guest.find("add__8_4").expect("a function").0.function;
        guest.sync();
        guest.fake.take_log();
        guest
    }

    /// The same with a context, and nothing else.
    pub(crate) fn with_context(self) -> Self {
        let mut guest = self;
        guest.post(ContextCreate { context: CONTEXT, device: 0, legacy_stream: LEGACY, flags: 0 }).expect("a context");
        guest
    }

    fn send<M: Message>(&mut self, message: M, tail: &[u8]) -> Outcome {
        self.send_bytes(M::OP as u16, message.as_bytes(), tail)
    }

    /// Sends a record that may be anything.
    pub(crate) fn send_bytes(&mut self, op: u16, fixed: &[u8], tail: &[u8]) -> Outcome {
        self.seq += 1;
        let header = RecordHeader { op, tail_bytes: tail.len() as u32, seq: self.seq, ..RecordHeader::default() };
        let outcome = dispatch(&mut self.device, &header, &[fixed, tail].concat()).expect("a message");
        if let Outcome::Posted(Err(error)) = outcome {
            // As whoever serves a window does.
            self.window.refuse(self.seq, error, "the record was refused");
        }
        outcome
    }

    /// Posts a message.
    pub(crate) fn post<M: Post>(&mut self, message: M) -> CuResult {
        self.post_with(message, &[])
    }

    /// Posts a message with a tail.
    pub(crate) fn post_with<M: Post>(&mut self, message: M, tail: &[u8]) -> CuResult {
        match self.send(message, tail) {
            Outcome::Posted(result) => result,
            Outcome::Called(_) => unreachable!("a post is not answered"),
        }
    }

    /// Asks, and takes the answer.
    pub(crate) fn call<M: CallMessage>(&mut self, message: M, tail: &[u8]) -> CuResult<Answer<M::Reply>> {
        match self.send(message, tail) {
            Outcome::Called(answer) => answer.map(|Answer { reply, tail }| Answer {
                reply: M::Reply::from_bytes(&reply).expect("a whole reply"),
                tail,
            }),
            Outcome::Posted(_) => unreachable!("a call is answered"),
        }
    }

    /// The ring is empty.
    pub(crate) fn settle(&mut self) {
        self.device.settle();
    }

    /// Waits until a stream has retired all its records up to now.
    pub(crate) fn wait_for(&mut self, stream: StreamSlot, seq: Seq) {
        self.settle();
        let window = Arc::clone(&self.window);
        wait_until(|| format!("record {seq} of stream {stream}"), || window.reached(stream) >= seq);
    }

    /// Waits until both streams have nothing to do.
    pub(crate) fn sync(&mut self) {
        for stream in [LEGACY, STREAM] {
            // A context that has failed refuses the record, whose number retires all the same.
            let _ = self.post(Marker { stream, reserved: 0 });
            self.wait_for(stream, self.seq);
        }
    }

    pub(crate) fn alloc(&mut self, len_bytes: u64) -> CuResult<u64> {
        self.call(MemAlloc { context: CONTEXT, reserved: 0, len_bytes }, &[]).map(|answer| answer.reply.address)
    }

    /// Opens a part of the pinned heap.
    pub(crate) fn open_pinned(&mut self, at: u64, len_bytes: u64) -> CuResult {
        let reply = self.call(PinnedOpen { span: pinned(at, len_bytes) }, &[])?.reply;
        let expected = PinnedOpenReply { device_address: self.window.pinned_heap().start + at, holds_pages: 1 };
        assert!(reply == expected || reply == PinnedOpenReply { device_address: 0, ..expected }, "{reply:?}");
        Ok(())
    }

    /// Closes one.
    pub(crate) fn close_pinned(&mut self, at: u64, len_bytes: u64) -> CuResult {
        self.post(PinnedClose { span: pinned(at, len_bytes) })
    }

    pub(crate) fn load(&mut self, ptx: &[u8]) -> CuResult<u64> {
        let message = ModuleLoad { context: CONTEXT, kind: ImageKind::Ptx as u32, blob: 0 };
        self.call(message, ptx).map(|answer| answer.reply.module)
    }

    /// Opens a link with options.
    pub(crate) fn open_link(&mut self, options: &[u8]) -> CuResult<u64> {
        self.call(LinkCreate { context: CONTEXT, reserved: 0 }, options).map(|answer| answer.reply.link)
    }

    /// Adds PTX named `input` to the link that the test has made, to be compiled as well as can be.
    pub(crate) fn add_to_link(&mut self, text: &[u8]) -> CuResult {
        // CU_JIT_INPUT_PTX.
        let add = LinkAdd { link: self.graph, kind: 1, option_count: 1, name_bytes: 5, reserved: 0, blob: 0 };
        // CU_JIT_OPTIMIZATION_LEVEL.
        let option = JitOption { id: 7, value: 4 };
        self.call(add, &[option.as_bytes(), b"input", text].concat()).map(drop)
    }

    /// A function, and where its parameters lie.
    pub(crate) fn find(&mut self, name: &str) -> CuResult<(FunctionReply, Vec<(u32, u32)>)> {
        let Answer { reply, tail } = self.call(ModuleFunction { module: self.module }, name.as_bytes())?;
        let words: Vec<u32> = tail.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        Ok((reply, words.as_chunks().0.iter().map(|[offset, len]| (*offset, *len)).collect()))
    }

    /// Launches a kernel of its own on [`STREAM`], with parameters of 0.
    pub(crate) fn launch(&mut self) -> CuResult {
        self.post_with(launch(self.function), &[0; 12])
    }

    /// Has the guest be called with a token, in order of [`STREAM`].
    pub(crate) fn call_host(&mut self, token: u64) -> CuResult {
        self.post(HostCall { stream: STREAM, reserved: 0, token })
    }

    /// Waits until the guest has been called so often; returns the tokens.
    pub(crate) fn host_calls(&self, count: usize) -> Vec<u64> {
        let calls = || self.window.seen.lock().calls.clone();
        wait_until(|| (count, "calls", calls()), || calls().len() >= count);
        calls()
    }

    /// Has carried out all calls up to that number, and the executor is told.
    pub(crate) fn carry_out(&mut self, number: u64) {
        self.window.seen.lock().calls_done = number;
        self.device.host_calls_done(number);
    }

    /// The text of the last refusal.
    pub(crate) fn error_text(&mut self) -> String {
        String::from_utf8(self.call(ErrorText { reserved: 0 }, &[]).expect("a text").tail).expect("text")
    }

    /// The calls of one of the executor's threads, since the last time. Points are used again: which it is does not matter.
    pub(crate) fn calls_of(&self, thread: &str) -> Vec<String> {
        let calls = self.fake.take_log().into_iter().filter(|call| call.thread == thread);
        let lines = calls.map(|call| without_numbers_of_points(&call.line));
        lines.filter(|line| !line.starts_with("cuEventCreate(2)")).collect()
    }

    /// What is left of the guest's share of memory.
    pub(crate) fn ledger_free(&self) -> u64 {
        self.ledger.free_and_total().0
    }

    pub(crate) fn failures(&self) -> Vec<CuError> {
        self.window.seen.lock().failures.clone()
    }

    /// Lets streams go on that were held.
    pub(crate) fn release(&self) {
        ["legacy", "stream1"].iter().for_each(|stream| self.fake.hold(stream, false));
    }

    /// The executor goes, as when its guest is gone.
    pub(crate) fn go(self) {
        drop(self.device);
    }

    /// Ends all contexts, waits until nothing is alive, and leaves the driver as if it had just been loaded.
    pub(crate) fn end(mut self) {
        self.release();
        for context in 0..CONTEXT_LIMIT {
            // Most are not open.
            let _ = self.post(ContextDestroy { context, reserved: 0 });
        }
        self.settle();
        let fake = &self.fake;
        wait_until(|| ("the end of what lives", fake.living()), || fake.living().is_empty());
        let ledger = &self.ledger;
        wait_until(|| "the ledger's balance", || ledger.free_and_total().0 == QUOTA_BYTES);
        assert_eq!(fake.offences(), [""; 0]);
        fake.reset();
    }
}

/// A part of the pinned heap.
pub(crate) const fn pinned(at: u64, len_bytes: u64) -> Span {
    Span { offset: AREA_BYTES + at, len_bytes }
}

/// A launch on [`STREAM`].
pub(crate) fn launch(function: u64) -> Launch {
    let (grid, block) = ([2, 1, 1], [32, 4, 1]);
    Launch { function, stream: STREAM, flags: 0, grid, block, dynamic_shared_bytes: 16, reserved: 0 }
}

fn without_numbers_of_points(line: &str) -> String {
    let mut parts = line.split("point");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| line + "point" + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}
