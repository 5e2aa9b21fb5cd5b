//! One launch: a kernel, its parameters and grid, what it may touch, and what has become of it. `run` runs it.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::allocator::Allocator;
use super::aside::{Aside, AsideMemory, MEMORY_MAX_BYTES};
use super::clusters::Clusters;
use super::fault::Fault;
use super::grid_shadow::GridShadow;
use super::kernel::Kernel;
use super::memory::Range;
use super::op::Op;
use super::print::{Sink, Stdio};
use super::shape::Shape;
use super::stray::Strays;
use super::watchdog::Watchdog;
use crate::memory::MemoryMap;

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

/// A thread's stack, if nobody asks for a longer one.
pub(crate) const STACK_BYTES: u32 = 64 << 10;
/// The longest stack.
pub(crate) const STACK_MAX_BYTES: u32 = 512 << 10;
/// Between the stacks of two lanes: the same places of stacks whose distance is a power of two would all share few lines of the
/// processor's cache.
const STACK_GAP_BYTES: u32 = 64;

/// How to run a launch.
#[derive(Clone)]
pub struct LaunchOptions {
    /// The warps' turns.
    pub schedule: Schedule,
    /// Accesses outside of what the kernel may touch do not end it: each is told of, and the launch fails when it is over.
    pub memory_check: bool,
    /// After so long the launch fails with [`FaultKind::Timeout`](super::FaultKind::Timeout).
    pub timeout: Option<Duration>,
    /// All blocks must make progress together (grid barriers).
    pub cooperative: bool,
    /// Blocks of a cluster in x, y, z; without it what the kernel says, else each block is one.
    pub cluster: Option<[u32; 3]>,
    /// How long a thread's stack is, in kernels that have one: what calls of functions that may call themselves, and `alloca`, take.
    pub stack_bytes: u32,
    /// What `malloc` takes memory from, which the kernel must be allowed to touch. Without one there is none.
    pub allocator: Option<Arc<Allocator>>,
    /// Threads that may run blocks of it. A cooperative grid is spread over them.
    pub workers: NonZeroU64,
    /// `%nsmid`.
    pub multiprocessors: u32,
    /// So many blocks may be under way at a time and wait for each other: at least as many as fit the device that is pretended.
    pub resident_blocks: u64,
    /// What blocks that are set aside take, shared by the launches of a device.
    pub aside_memory: Arc<AsideMemory>,
    /// Where `printf` and `assert` go.
    pub output: Arc<dyn Sink>,
}

impl Default for LaunchOptions {
    fn default() -> Self {
        Self {
            schedule: Schedule::Interleaved { ops: 4 },
            memory_check: false,
            timeout: None,
            cooperative: false,
            cluster: None,
            stack_bytes: STACK_BYTES,
            allocator: None,
            workers: NonZeroU64::MIN,
            multiprocessors: 8,
            resident_blocks: 8 * 16,
            aside_memory: Arc::default(),
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
    /// Clusters that the grid does not fall into, or that are too large.
    InvalidCluster(String),
    /// More shared memory than any device has.
    TooMuchShared(String),
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidShape(text)
            | Self::InvalidParams(text)
            | Self::InvalidCluster(text)
            | Self::TooMuchShared(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for LaunchError {}

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
    pub(crate) clusters: Clusters,
    /// Aligned for the widest load.
    params: Box<[u128]>,
    /// What grid barriers count in.
    workspace: Box<[AtomicU64; 2]>,
    pub(crate) memory: Arc<MemoryMap>,
    pub(crate) options: LaunchOptions,
    pub(crate) shared_bytes: u32,
    /// So many of them the kernel may touch.
    pub(crate) shared_reach_bytes: u32,
    pub(super) next_block: AtomicU64,
    pub(super) blocks_done: AtomicU64,
    pub(super) stop: AtomicBool,
    pub(super) fault: Mutex<Option<Fault>>,
    pub(super) watchdog: Watchdog,
    pub(super) aside: Aside,
    pub(super) warp_instructions: AtomicU64,
    pub(super) thread_instructions: AtomicU64,
    /// What blocks have done to memory that they share, when the kernel was compiled to look for races.
    pub(super) grid_shadow: Option<Arc<GridShadow>>,
    pub(super) races: Mutex<Vec<String>>,
    pub(super) strays: Mutex<Strays>,
}

/// More shared memory than any GPU has.
const SHARED_MAX_BYTES: u32 = 1 << 20;
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
        let shape = in_blocks(&kernel, shape)?;
        check_shape(&kernel, &shape)?;
        let clusters = Clusters::of(&kernel, &shape, options.cluster).map_err(LaunchError::InvalidCluster)?;
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
        let code = &kernel.code;
        let grid_shadow =
            code.watches_races.then(|| Arc::new(GridShadow::new(code.ops.as_ptr().addr(), size_of::<Op>())));
        let given_bytes = shared_bytes.next_multiple_of(SHARED_UNIT_BYTES);
        check_cluster_memory(&kernel, &shape, &clusters, given_bytes)?;
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
            clusters,
            params: aligned,
            workspace: Box::default(),
            memory,
            watchdog: Watchdog::new(options.timeout),
            aside: Aside::default(),
            shared_bytes: given_bytes,
            shared_reach_bytes: if options.memory_check { shared_bytes } else { given_bytes },
            options,
            next_block: AtomicU64::new(0),
            blocks_done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            fault: Mutex::new(None),
            warp_instructions: AtomicU64::new(0),
            thread_instructions: AtomicU64::new(0),
            grid_shadow,
            races: Mutex::new(Vec::new()),
            strays: Mutex::default(),
        })
    }

    /// Races that blocks had so far, when the kernel was compiled to look for them.
    pub fn races(&self) -> Vec<String> {
        self.races.lock().clone()
    }

    /// A block's index in x, y, z.
    pub(crate) fn block_position(&self, number: u64) -> [u32; 3] {
        self.clusters.position(number)
    }

    /// Into how many parts its grid falls, each of which one worker runs.
    pub(crate) fn part_count(&self) -> u64 {
        self.shape.block_count() / u64::from(self.clusters.size())
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

    /// Local memory of a thread.
    pub(crate) fn local_bytes(&self) -> u32 {
        let kernel = &self.kernel;
        match kernel.has_stack {
            true => {
                kernel.local_bytes
                    + self.options.stack_bytes.min(STACK_MAX_BYTES).next_multiple_of(128)
                    + STACK_GAP_BYTES
            }
            false => kernel.local_bytes,
        }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// Grid and block.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The first failure; once there is one, blocks that have not begun are skipped. Accesses that have only been told of come last.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.lock().clone().or_else(|| self.strays.lock().fault())
    }

    /// Ends the launch early, without a fault: blocks stop at their next look at the clock.
    pub(crate) fn cancel(&self) {
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

/// The shape with its grid in blocks, for a kernel whose launches say how many clusters there are.
fn in_blocks(kernel: &Kernel, mut shape: Shape) -> Result<Shape, LaunchError> {
    if let (true, Some(blocks)) = (kernel.grids_are_of_clusters, kernel.required_cluster) {
        for (grid, blocks) in shape.grid.iter_mut().zip(blocks) {
            let text = || format!("a grid of {grid} clusters of {blocks} blocks");
            *grid = grid.checked_mul(blocks).ok_or_else(|| LaunchError::InvalidShape(text()))?;
        }
    }
    Ok(shape)
}

/// Whether the registers and the shared memory of a cluster, all of which are there at a time, are no more than blocks that wait may
/// take. Of local memory only what is touched takes room.
fn check_cluster_memory(
    kernel: &Kernel,
    shape: &Shape,
    clusters: &Clusters,
    shared_bytes: u32,
) -> Result<(), LaunchError> {
    let register_bytes = u64::from(kernel.code.register_bytes) * shape.block_threads().div_ceil(32);
    let len_bytes = (register_bytes + u64::from(shared_bytes)) * u64::from(clusters.size());
    if clusters.size() == 1 || len_bytes <= MEMORY_MAX_BYTES {
        return Ok(());
    }
    let text = format!("{len_bytes} bytes of registers and shared memory for a cluster of {}", kernel.name);
    Err(LaunchError::InvalidCluster(text))
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
