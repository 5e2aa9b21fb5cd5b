//! One piece of work as a worker runs it, from a stream or from a graph's node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use vgpu_core::wire::EventSlot;

use super::blas::{Gemm, Trsm};
use super::failure::Failure;
use super::kernel_heap::KernelHeap;
use super::module::Module;
use super::statistics::Statistics;
use super::transfer::Transfer;
use crate::exec::{Kernel, Shape};
use crate::memory::MemoryMap;

/// A context's state that outlives its handle while work is queued.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// The device that it is on.
    pub(super) device: u32,
    is_failed: AtomicBool,
}

impl Context {
    pub(super) fn new(device: u32) -> Self {
        Self { device, ..Self::default() }
    }

    /// Whether work failed: what comes later is not run.
    pub(super) fn is_failed(&self) -> bool {
        self.is_failed.load(Ordering::Relaxed)
    }

    /// Marks the context; the result says whether this was its first failure.
    pub(super) fn set_failed(&self) -> bool {
        !self.is_failed.swap(true, Ordering::Relaxed)
    }
}

/// What is done at one point of a stream's order.
pub(super) enum Step {
    /// A point to wait for.
    Nothing,
    /// Publish the time.
    Event(EventSlot),
    /// Have the guest carry out what it knows by this token.
    HostCall(u64),
    Transfer(Transfer),
    Launch(LaunchStep),
    Gemm(Gemm),
    Trsm(Trsm),
}

impl Step {
    /// Runs what one thread does alone; does nothing for what workers share and for what nobody has to run.
    pub(super) fn run_alone(&self, memory: &MemoryMap, statistics: &Statistics) -> Result<(), Failure> {
        match self {
            Self::Transfer(transfer) => {
                transfer.run(memory)?;
                statistics.copied_bytes.fetch_add(transfer.total_bytes(), Ordering::Relaxed);
                Ok(())
            }
            Self::Trsm(trsm) => {
                let start = Instant::now();
                let result = trsm.run(memory);
                statistics.add_kernel_time(start.elapsed());
                result
            }
            Self::Nothing | Self::Event(_) | Self::HostCall(_) | Self::Launch(_) | Self::Gemm(_) => Ok(()),
        }
    }

    /// What it is, within a sentence.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Launch(launch) => format!("kernel {}", launch.kernel.name()),
            Self::Transfer(_) => "a copy".to_owned(),
            Self::Gemm(_) => "a matrix product".to_owned(),
            Self::Trsm(_) => "a triangular solve".to_owned(),
            Self::Nothing | Self::Event(_) => "a marker".to_owned(),
            Self::HostCall(_) => "a host function".to_owned(),
        }
    }
}

/// A kernel with everything that a launch of it needs.
pub(super) struct LaunchStep {
    pub(super) kernel: Arc<Kernel>,
    /// Keeps the module's variables where the kernel's code expects them.
    pub(super) _module: Arc<Module>,
    pub(super) shape: Shape,
    /// All blocks must be resident at once.
    pub(super) is_cooperative: bool,
    /// Blocks of a cluster in x, y, z, if anybody says.
    pub(super) cluster: Option<[u32; 3]>,
    /// Each thread's stack, if the kernel has one.
    pub(super) stack_bytes: u32,
    /// What it allocates memory from, if it does.
    pub(super) heap: Option<Arc<KernelHeap>>,
    pub(super) params: Box<[u8]>,
}
