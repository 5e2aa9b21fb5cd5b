//! One piece of work as a worker runs it, from a stream or from a graph's node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vgpu_core::wire::EventSlot;

use super::blas::{Gemm, Trsm};
use super::module::Module;
use super::transfer::Transfer;
use crate::exec::{Kernel, Shape};

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

/// A kernel with everything that a launch of it needs.
pub(super) struct LaunchStep {
    pub(super) kernel: Arc<Kernel>,
    /// Keeps the module's variables where the kernel's code expects them.
    pub(super) _module: Arc<Module>,
    pub(super) shape: Shape,
    /// All blocks must be resident at once.
    pub(super) is_cooperative: bool,
    pub(super) params: Box<[u8]>,
}
