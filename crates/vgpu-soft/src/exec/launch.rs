//! One launch: a grid whose blocks are taken in order by any number of workers.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::block::Round;
use super::denormals::{self, DenormalMode};
use super::kernel::Kernel;
use super::memory::Range;
use super::print::{Assertion, Sink, Stdio};
use super::race::{Access, Race};
use super::warp::Warp;
use super::worker::Worker;
use crate::memory::MemoryMap;

/// Grid and block dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks in x, y, z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y, z.
    pub block: [u32; 3],
    /// Shared memory of a block on top of the kernel's own.
    pub dynamic_shared_bytes: u32,
}

impl Shape {
    /// All blocks.
    pub fn block_count(&self) -> u64 {
        self.grid.iter().map(|&n| u64::from(n)).product()
    }

    /// Threads of one block.
    pub fn block_threads(&self) -> u64 {
        self.block.iter().map(|&n| u64::from(n)).product()
    }
}

/// In which order the warps of a block take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// The next warp after so many ops. Hides races that a GPU's timing hides, too.
    Interleaved {
        /// At least 1.
        ops: u32,
    },
    /// Each warp runs until it waits: fastest, and the harshest order a program may legally meet.
    ToBarrier,
}

/// How to run a launch.
#[derive(Clone)]
pub struct LaunchOptions {
    /// The warps' turns.
    pub schedule: Schedule,
    /// After so long the launch fails with [`FaultKind::Timeout`].
    pub timeout: Option<Duration>,
    /// All blocks must make progress together (grid barriers).
    pub cooperative: bool,
    /// `%nsmid`.
    pub multiprocessors: u32,
    /// Where `printf` and `assert` go.
    pub output: Arc<dyn Sink>,
}

impl Default for LaunchOptions {
    fn default() -> Self {
        Self {
            schedule: Schedule::Interleaved { ops: 4 },
            timeout: None,
            cooperative: false,
            multiprocessors: 8,
            output: Arc::new(Stdio),
        }
    }
}

/// A launch that cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchError {
    /// A dimension is 0, or over a GPU's limits, or not what the kernel requires.
    InvalidShape(String),
    /// The parameter block is shorter than the kernel's.
    InvalidParams(String),
    /// More shared memory than any device has.
    TooMuchShared(String),
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidShape(text) | Self::InvalidParams(text) | Self::TooMuchShared(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for LaunchError {}

/// What went wrong in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An access outside every allocation (and outside shared, local and parameter memory).
    IllegalAddress,
    /// An access that is not a multiple of its size.
    MisalignedAddress,
    /// `trap`.
    Trap,
    /// A failed `assert`.
    Assert,
    /// The watchdog ended the launch, or no warp of a block could ever go on.
    Timeout,
    /// An instruction that cannot be carried out (`brkpt` and the like).
    IllegalInstruction,
    /// Local memory ran out.
    HardwareStackError,
}

/// A kernel's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which error code it becomes.
    pub kind: FaultKind,
    /// Kernel, line, opcode, address, thread and block, as far as they apply.
    pub detail: String,
}

/// What a worker's call of [`Launch::run`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No block is left to take, but other workers are still running some.
    Drained,
    /// This call finished the last block: the launch is over. Exactly one call says so.
    Complete,
}

/// What a launch has executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Instructions, each counted once per warp.
    pub warp_instructions: u64,
    /// Instructions times active lanes.
    pub thread_instructions: u64,
}

/// A kernel with its parameters and grid.
pub struct Launch {
    /// Tells launches apart; an address could come back.
    pub(crate) id: u64,
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) shape: Shape,
    /// Aligned for the widest load.
    params: Box<[u128]>,
    /// What grid barriers count in.
    workspace: Box<[AtomicU64; 2]>,
    pub(crate) memory: Arc<MemoryMap>,
    pub(crate) options: LaunchOptions,
    pub(crate) shared_bytes: u32,
    next_block: AtomicU64,
    blocks_done: AtomicU64,
    stop: AtomicBool,
    fault: Mutex<Option<Fault>>,
    deadline: OnceLock<Instant>,
    warp_instructions: AtomicU64,
    thread_instructions: AtomicU64,
    races: Mutex<Vec<String>>,
}

/// Races that one launch reports.
const RACES_MAX: usize = 64;
/// More shared memory than any GPU has.
const SHARED_MAX_BYTES: u32 = 1 << 20;
/// Turns between looks at the clock, in ops.
const WATCH_OPS: u64 = 1 << 16;
/// A turn of a warp that nobody can see taking turns.
const LONG_TURN_OPS: u32 = 1 << 16;
/// Shared memory is given out in units of so many bytes.
const SHARED_UNIT_BYTES: u32 = 256;

impl Launch {
    /// Prepares a launch. `memory` says what the kernel may touch; it must stay mapped until the launch is complete.
    ///
    /// # Errors
    /// A shape or parameter block that does not fit the kernel.
    #[expect(clippy::boxed_local, reason = "whoever queues launches keeps parameters in boxes")]
    pub fn new(
        kernel: Arc<Kernel>,
        shape: Shape,
        params: Box<[u8]>,
        memory: Arc<MemoryMap>,
        options: LaunchOptions,
    ) -> Result<Self, LaunchError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        check_shape(&kernel, &shape)?;
        if params.len() < kernel.param_bytes as usize {
            let text =
                format!("{} bytes of parameters for {}, which has {}", params.len(), kernel.name, kernel.param_bytes);
            return Err(LaunchError::InvalidParams(text));
        }
        let shared_bytes = kernel.static_shared_bytes.checked_add(shape.dynamic_shared_bytes);
        let Some(shared_bytes) = shared_bytes.filter(|&bytes| bytes <= SHARED_MAX_BYTES) else {
            let text = format!("{} bytes of dynamic shared memory", shape.dynamic_shared_bytes);
            return Err(LaunchError::TooMuchShared(text));
        };
        let mut aligned = vec![0u128; params.len().div_ceil(16).max(1)].into_boxed_slice();
        for (to, from) in aligned.iter_mut().zip(params.chunks(16)) {
            let mut bytes = [0; 16];
            bytes[..from.len()].copy_from_slice(from);
            *to = u128::from_ne_bytes(bytes);
        }
        Ok(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            kernel,
            shape,
            params: aligned,
            workspace: Box::default(),
            memory,
            options,
            shared_bytes: shared_bytes.next_multiple_of(SHARED_UNIT_BYTES),
            next_block: AtomicU64::new(0),
            blocks_done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            fault: Mutex::new(None),
            deadline: OnceLock::new(),
            warp_instructions: AtomicU64::new(0),
            thread_instructions: AtomicU64::new(0),
            races: Mutex::new(Vec::new()),
        })
    }

    /// Takes blocks in order and runs each to its end, until none is left. Called by any number of workers at once.
    pub fn run(&self, worker: &mut Worker) -> Progress {
        let _before = DenormalMode::enter();
        let blocks = self.shape.block_count();
        // A cooperative grid is resident as a whole, on the worker that comes first.
        let resident = if self.options.cooperative { blocks } else { 1 };
        let mut is_prepared = false;
        loop {
            let first = self.next_block.fetch_add(resident, Ordering::Relaxed);
            if first >= blocks {
                return Progress::Drained;
            }
            let mut taken = resident.min(blocks - first);
            if self.stop.load(Ordering::Relaxed) {
                // All that is left is skipped at once: a grid can have more blocks than anybody can count to.
                let next = self.next_block.swap(blocks, Ordering::Relaxed);
                taken += blocks.saturating_sub(next);
            } else {
                if !is_prepared && let Err(fault) = worker.prepare(self, resident) {
                    self.fail(fault);
                } else {
                    is_prepared = true;
                    self.run_blocks(worker, first, taken);
                }
            }
            // Release what the blocks have written to whoever learns that the launch is complete.
            if self.blocks_done.fetch_add(taken, Ordering::AcqRel) + taken == blocks {
                return Progress::Complete;
            }
        }
    }

    /// Runs resident blocks side by side until all are done, or the launch has failed.
    fn run_blocks(&self, worker: &mut Worker, first: u64, count: u64) {
        let code = &self.kernel.code;
        denormals::set_flush(code.flush_denormals);
        worker.start(self, first, count);
        let Worker { warps, blocks, shadows, .. } = worker;
        let can_be_seen = code.has_barriers && warps.len() > 1 || count > 1;
        let turn_ops = match self.options.schedule {
            Schedule::Interleaved { ops } if can_be_seen => ops.max(1),
            _ => LONG_TURN_OPS,
        };
        let mut since_watch = 0;
        let mut going = usize::try_from(count).expect("blocks that fit the worker's memory");
        let mut is_done = vec![false; going];
        while going != 0 {
            let mut has_progress = false;
            for (block, is_done) in blocks.iter_mut().zip(&mut is_done) {
                if *is_done {
                    continue;
                }
                // Nobody sees the turns of a warp whose fellows all wait.
                let turn_ops = if block.running() == 1 && count == 1 { turn_ops.max(4096) } else { turn_ops };
                since_watch += u64::from(turn_ops) * block.running() as u64;
                // SAFETY: the worker was prepared for this launch, so its warps have this kernel's register blocks.
                match unsafe { block.round(warps, code, turn_ops) } {
                    Round::Going => has_progress = true,
                    Round::Done => {
                        *is_done = true;
                        going -= 1;
                        has_progress = true;
                    }
                    Round::Fault(warp) => {
                        self.fail(self.explain(&mut warps[warp], block.number));
                        going = 0;
                        break;
                    }
                    Round::Stuck => {
                        let text = "every thread waits at a barrier that can never be complete";
                        self.fail(self.fault_at(FaultKind::Timeout, block.number, text));
                        going = 0;
                        break;
                    }
                }
            }
            if since_watch >= WATCH_OPS || !has_progress {
                since_watch = 0;
                if self.stop.load(Ordering::Relaxed) || self.is_late(first) {
                    break;
                }
            }
        }
        for (shadow, block) in shadows.iter_mut().zip(&*blocks) {
            self.report_races(&mut shadow.found, block.number);
        }
        let sum = |count: fn(&Warp) -> u64| warps.iter().map(count).sum::<u64>();
        self.warp_instructions.fetch_add(sum(|warp| warp.warp_instructions), Ordering::Relaxed);
        self.thread_instructions.fetch_add(sum(|warp| warp.thread_instructions), Ordering::Relaxed);
        for warp in warps {
            warp.warp_instructions = 0;
            warp.thread_instructions = 0;
        }
    }

    /// The watchdog: ends the launch when its time is over.
    fn is_late(&self, block: u64) -> bool {
        let Some(timeout) = self.options.timeout else { return false };
        let now = Instant::now();
        if now < *self.deadline.get_or_init(|| now + timeout) {
            return false;
        }
        let text = format!("ran for longer than {timeout:?}");
        self.fail(self.fault_at(FaultKind::Timeout, block, &text));
        true
    }

    /// Ends the launch; the first failure stays.
    fn fail(&self, fault: Fault) {
        self.fault.lock().get_or_insert(fault);
        self.stop.store(true, Ordering::Relaxed);
    }

    fn fault_at(&self, kind: FaultKind, block: u64, text: &str) -> Fault {
        let [x, y, z] = self.block_position(block);
        Fault { kind, detail: format!("kernel {}, block ({x}, {y}, {z}): {text}", self.kernel.name) }
    }

    /// Puts names to what a warp has recorded.
    fn explain(&self, warp: &mut Warp, block: u64) -> Fault {
        let Some(fault) = warp.fault.take() else {
            return self.fault_at(FaultKind::IllegalInstruction, block, "failed without a reason");
        };
        let code = &self.kernel.code;
        let ops = code.ops.as_ptr_range();
        let pc = (fault.op.addr().saturating_sub(ops.start.addr())) / size_of::<super::op::Op>();
        let (line, opcode) = code.source(pc);
        let [x, y, z] = self.block_position(block);
        let thread = |lane: u32| {
            let thread = u64::from(warp.index) * 32 + u64::from(lane);
            let [width, height, _] = self.shape.block.map(u64::from);
            (thread % width, thread / width % height, thread / (width * height))
        };
        if let Some(Assertion { place, condition, mask }) = fault.assertion {
            for (tx, ty, tz) in (0..32).filter(|lane| mask >> lane & 1 != 0).map(thread) {
                let line = format!(
                    "{place}: block: [{x},{y},{z}], thread: [{tx},{ty},{tz}] Assertion `{condition}` failed.\n"
                );
                self.options.output.print_assertion(line.as_bytes());
            }
        }
        let (tx, ty, tz) = thread(fault.lane);
        let detail = format!(
            "kernel {}, line {line}, {opcode}, block ({x}, {y}, {z}), thread ({tx}, {ty}, {tz}): {}",
            self.kernel.name, fault.text
        );
        Fault { kind: fault.kind, detail }
    }

    /// Puts names to races, each pair of instructions once.
    fn report_races(&self, found: &mut Vec<Race>, block: u64) {
        let code = &self.kernel.code;
        let start = code.ops.as_ptr().addr();
        let place = |access: Access| {
            let (line, opcode) = code.source(access.op.saturating_sub(start) / size_of::<super::op::Op>());
            (format!("{} in line {line} ({opcode})", access.kind), access.warp)
        };
        for race in found.drain(..) {
            // The same two instructions race in either order.
            let mut pair = [race.earlier, race.later];
            pair.sort_by_key(|access| access.op);
            let [(upper, first), (lower, second)] = pair.map(place);
            let what =
                format!("kernel {}: one warp {upper}, another {lower}, without a barrier between", self.kernel.name);
            let mut races = self.races.lock();
            if races.len() < RACES_MAX && !races.iter().any(|known| known.starts_with(&what)) {
                let [x, y, z] = self.block_position(block);
                let offset = race.offset_bytes;
                let text =
                    format!("{what}: shared offset {offset:#x}, warps {first} and {second}, block ({x}, {y}, {z})");
                log::warn!("race: {text}");
                races.push(text);
            }
        }
    }

    /// Races in shared memory that blocks had so far, when the kernel was compiled to look for them.
    pub fn races(&self) -> Vec<String> {
        self.races.lock().clone()
    }

    /// A block's index in x, y, z.
    pub(crate) fn block_position(&self, number: u64) -> [u32; 3] {
        let [width, height, _] = self.shape.grid.map(u64::from);
        let narrow = |value: u64| u32::try_from(value).expect("within a dimension of the grid");
        [narrow(number % width), narrow(number / width % height), narrow(number / (width * height))]
    }

    /// The parameters, as their space.
    pub(crate) fn params(&self) -> Range {
        let start = self.params.as_ptr().addr() as u64;
        Range { start, end: start + u64::from(self.kernel.param_bytes) }
    }

    /// What grid barriers count in.
    pub(crate) fn workspace(&self) -> Range {
        let start = self.workspace.as_ptr().addr() as u64;
        Range { start, end: start + size_of_val(&*self.workspace) as u64 }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// Grid and block.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The first failure; once there is one, blocks that have not begun are skipped.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.lock().clone()
    }

    /// Ends the launch early, without a fault: blocks stop at their next look at the clock.
    pub fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What has been executed by blocks that are done.
    pub fn counters(&self) -> Counters {
        Counters {
            warp_instructions: self.warp_instructions.load(Ordering::Relaxed),
            thread_instructions: self.thread_instructions.load(Ordering::Relaxed),
        }
    }
}

/// The limits of every GPU, and the kernel's own.
fn check_shape(kernel: &Kernel, shape: &Shape) -> Result<(), LaunchError> {
    const GRID_MAX: [u32; 3] = [0x7fff_ffff, 65535, 65535];
    const BLOCK_MAX: [u32; 3] = [1024, 1024, 64];
    let refuse = |what: String| Err(LaunchError::InvalidShape(what));
    let Shape { grid, block, .. } = *shape;
    let fits = |size: [u32; 3], max: [u32; 3]| size.iter().zip(max).all(|(&size, max)| (1..=max).contains(&size));
    if !fits(grid, GRID_MAX) {
        return refuse(format!("a grid of {grid:?} blocks"));
    }
    if !fits(block, BLOCK_MAX) || shape.block_threads() > 1024 {
        return refuse(format!("a block of {block:?} threads"));
    }
    if let Some(required) = kernel.required_threads
        && required != block
    {
        return refuse(format!("a block of {block:?} threads for {}, which requires {required:?}", kernel.name));
    }
    if shape.block_threads() > u64::from(kernel.max_threads) {
        return refuse(format!("a block of {block:?} threads for {}, which takes {}", kernel.name, kernel.max_threads));
    }
    Ok(())
}
