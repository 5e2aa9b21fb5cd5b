//! A software GPU: its parts, put together when it is set up and ended with it.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use vgpu_core::CuResult;
use vgpu_core::host::{Blobs, LastRefusal, Table};
use vgpu_core::wire::Completions;
use vgpu_core::wire::messages::StatisticsReply;

use super::config::Config;
use super::engine::Engine;
use super::function::Function;
use super::graph::Graph;
use super::heap::Heap;
use super::kernel_heap::KernelHeap;
use super::link::Link;
use super::module::Module;
use super::output::Output;
use super::profile::Limits;
use super::worker;
use crate::exec::launch::{STACK_BYTES, STACK_MAX_BYTES};
use crate::exec::{CompileOptions, Isa, LaunchOptions};

/// Why a device cannot be set up.
#[derive(Debug)]
pub enum DeviceError {
    /// A compute capability that is not known, or whose instructions are not all there.
    Capability(u32, u32),
    /// The system refuses address space or threads.
    System(&'static str, std::io::Error),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(major, minor) => write!(
                f,
                "compute capability {major}.{minor} is not one of the software GPU's: 5.0, 5.2, 6.0, 6.1, 7.0, 7.5, 8.0, 8.6, 8.9, 9.0"
            ),
            Self::System(what, error) => write!(f, "the software GPU gets no {what}: {error}"),
        }
    }
}

impl std::error::Error for DeviceError {}

/// A software GPU, or several that share threads.
pub struct SoftDevice {
    pub(super) config: Config,
    pub(super) limits: Limits,
    pub(super) compile_options: CompileOptions,
    pub(super) engine: Arc<Engine>,
    workers: Vec<JoinHandle<()>>,
    pub(super) contexts: BTreeMap<u32, Context>,
    pub(super) modules: Table<Arc<Module>>,
    pub(super) functions: Table<Function>,
    pub(super) graphs: Table<Arc<Graph>>,
    pub(super) links: Table<Link>,
    pub(super) blobs: Blobs,
    pub(super) last_refusal: LastRefusal,
}

/// What is the guest's to say of a context.
pub(super) struct Context {
    pub(super) device: usize,
    /// Each thread's stack, as it is told.
    pub(super) stack_bytes: u64,
    /// Memory that kernels may allocate.
    pub(super) heap_bytes: u64,
    /// That memory, since a launch may have needed it.
    pub(super) heap: OnceLock<Arc<KernelHeap>>,
}

impl Context {
    pub(super) fn on(device: usize) -> Self {
        // As NVIDIA's driver has it.
        Self { device, stack_bytes: 1024, heap_bytes: 8 << 20, heap: OnceLock::new() }
    }

    /// The memory that kernels allocate from. From now on it has its length.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub(super) fn heap(&self, device_memory: &Arc<Mutex<Heap>>) -> CuResult<Arc<KernelHeap>> {
        if let Some(heap) = self.heap.get() {
            return Ok(Arc::clone(heap));
        }
        let heap = Arc::new(KernelHeap::new(self.heap_bytes, self.device, device_memory)?);
        Ok(Arc::clone(self.heap.get_or_init(|| heap)))
    }

    /// How long the stack is that threads get for it: our frames have all that is needed after a call, where a GPU's have what its
    /// compiler could not keep in registers.
    pub(super) fn frames_bytes(&self) -> u32 {
        let wanted = u32::try_from(self.stack_bytes.saturating_mul(2)).unwrap_or(STACK_MAX_BYTES);
        wanted.clamp(STACK_BYTES, STACK_MAX_BYTES)
    }
}

impl SoftDevice {
    /// Sets up a device and starts its threads.
    ///
    /// # Errors
    /// A capability that is not supported, or a system without room.
    pub fn new(config: Config, completions: Arc<dyn Completions>) -> Result<Self, DeviceError> {
        let (major, minor) = config.compute_capability;
        let limits = Limits::of(config.compute_capability).ok_or(DeviceError::Capability(major, minor))?;
        let foreign = vec![completions.pinned_heap()];
        let arena = completions.device_arena();
        let ledgers: Vec<_> = config.devices.iter().map(|device| Arc::clone(&device.ledger)).collect();
        let memory_bytes = config.memory_bytes.saturating_mul(ledgers.len() as u64);
        let heap = Heap::new(memory_bytes, arena, ledgers, foreign)
            .map_err(|error| DeviceError::System("address space for its memory", error))?
            .with_exact_bounds(config.memory_check);
        let output = Arc::new(Output::new(completions.clone()));
        let launch_options = LaunchOptions {
            output: output.clone(),
            schedule: config.schedule,
            memory_check: config.memory_check,
            timeout: config.launch_timeout,
            workers: NonZeroU64::new(config.threads as u64).unwrap_or(NonZeroU64::MIN),
            multiprocessors: config.multiprocessors,
            resident_blocks: limits.resident_blocks_max(config.multiprocessors),
            ..LaunchOptions::default()
        };
        let engine = Arc::new(Engine::new(Arc::new(Mutex::new(heap)), completions, output, launch_options));
        let workers = worker::start_workers(&engine, config.threads.max(1))
            .map_err(|error| DeviceError::System("threads", error))?;
        let compile_options =
            CompileOptions { isa: Isa::detect(), race_check: config.race_check, capability: limits.capability };
        let blobs = Blobs::new(config.images.clone());
        Ok(Self {
            config,
            limits,
            compile_options,
            engine,
            workers,
            contexts: BTreeMap::new(),
            modules: Table::default(),
            functions: Table::default(),
            graphs: Table::default(),
            links: Table::default(),
            blobs,
            last_refusal: LastRefusal::default(),
        })
    }

    /// A reader of what the device has executed so far, for whoever reports it while the device is in use.
    pub fn counts(&self) -> impl Fn() -> StatisticsReply + Send + use<> {
        let engine = Arc::clone(&self.engine);
        move || engine.statistics.reply()
    }
}

impl Drop for SoftDevice {
    fn drop(&mut self) {
        self.engine.stop();
        for worker in self.workers.drain(..) {
            // A worker's panic has been reported where it happened.
            let _ = worker.join();
        }
    }
}
