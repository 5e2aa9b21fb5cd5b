//! The device that a daemon drives: `vgpu_core::wire::Executor` on top of the interpreter.
//!
//! - [`SoftDevice`], [`Config`]: how it is set up, as one device or several. `executor`: the device protocol, one method per message. `decode`: messages to steps.
//! - `heap`: device memory. `module`, `function`: images and kernels. `graph`: graphs of steps.
//! - `stream`: the order of work. `step`: one piece of work. `failure`: why it did not succeed. `engine`: what may run.
//!   `worker`: the threads that run it.
//! - `transfer`: copies and fills. `output`: what kernels print. `blas`: linear algebra.
//! - `profile`: limits and attributes. `statistics`, `clock`: counts, time.
//!
//! The thread that calls the executor's methods never waits for device work, except for memory that is being freed and
//! for room in a full queue.

mod blas;
mod clock;
mod decode;
mod engine;
mod executor;
mod failure;
mod function;
mod graph;
mod heap;
mod module;
mod output;
mod profile;
mod statistics;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod transfer;
mod worker;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use vgpu_core::host::{Blobs, ImageStore, LastRefusal, MemoryLedger, Quota, Table};
use vgpu_core::wire::Completions;
use vgpu_core::wire::messages::StatisticsReply;

use crate::exec::{CompileOptions, Isa, LaunchOptions, Schedule};
use engine::Engine;
use function::Function;
use graph::Graph;
use heap::Heap;
use module::Module;
use output::Output;
use profile::Limits;

/// Memory of a device when nobody says.
const MEMORY_BYTES: u64 = 8 << 30;

/// How a device is set up.
#[derive(Clone)]
pub struct Config {
    /// Major and minor.
    pub compute_capability: (u32, u32),
    /// The devices, at least one. All are alike but for what tells them apart.
    pub devices: Vec<Identity>,
    /// Memory of each device.
    pub memory_bytes: u64,
    /// Worker threads that run kernels.
    pub threads: usize,
    /// The warps' turns.
    pub schedule: Schedule,
    /// Check shared memory accesses for races between warps (slow).
    pub race_check: bool,
    /// The device's name.
    pub name: String,
    /// Reported number; programs size their grids by it.
    pub multiprocessors: u32,
    /// What `cuDriverGetVersion` reports, 1000 × major + 10 × minor.
    pub driver_version: u32,
    /// Who keeps images; nobody does without.
    pub images: Option<Arc<dyn ImageStore>>,
    /// After so long a launch fails; `None` for never.
    pub launch_timeout: Option<Duration>,
    /// The guest is this process itself: what it says of its memory is true of ours.
    pub is_in_guest: bool,
}

/// What tells one of several devices from the others.
#[derive(Clone)]
pub struct Identity {
    /// Stable across processes.
    pub uuid: [u8; 16],
    /// Domain, bus, device.
    pub pci: (u32, u32, u32),
    /// Who grants its memory.
    pub ledger: Arc<dyn MemoryLedger>,
}

impl Default for Identity {
    /// The first slot of the first bus, and 8 GiB that nobody shares.
    fn default() -> Self {
        Self { uuid: *b"vgpu-software-00", pci: (0, 1, 0), ledger: Arc::new(Quota::new(MEMORY_BYTES)) }
    }
}

impl Default for Config {
    /// A capability 7.5 device with 8 GiB and one thread.
    fn default() -> Self {
        Self {
            devices: vec![Identity::default()],
            compute_capability: (7, 5),
            memory_bytes: MEMORY_BYTES,
            threads: 1,
            schedule: Schedule::Interleaved { ops: 4 },
            race_check: false,
            name: "vgpu software GPU".to_owned(),
            multiprocessors: 8,
            driver_version: 12_080,
            images: None,
            launch_timeout: None,
            is_in_guest: false,
        }
    }
}

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
    config: Config,
    limits: Limits,
    compile_options: CompileOptions,
    engine: Arc<Engine>,
    workers: Vec<JoinHandle<()>>,
    contexts: HashMap<u32, Context>,
    modules: Table<Arc<Module>>,
    functions: Table<Function>,
    graphs: Table<Arc<Graph>>,
    blobs: Blobs,
    last_refusal: LastRefusal,
}

/// What is the guest's to say of a context.
struct Context {
    device: usize,
    /// Each thread's stack.
    stack_bytes: u64,
}

impl Context {
    fn on(device: usize) -> Self {
        // As NVIDIA's driver has it.
        Self { device, stack_bytes: 1024 }
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
            .map_err(|error| DeviceError::System("address space for its memory", error))?;
        let output = Arc::new(Output::new(completions.clone()));
        let launch_options = LaunchOptions {
            output: output.clone(),
            schedule: config.schedule,
            timeout: config.launch_timeout,
            multiprocessors: config.multiprocessors,
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
            contexts: HashMap::new(),
            modules: Table::default(),
            functions: Table::default(),
            graphs: Table::default(),
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
