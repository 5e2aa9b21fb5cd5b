//! What a device has executed so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vgpu_core::wire::messages::StatisticsReply;

use crate::exec::Counters;

/// Counts that only grow.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    pub(super) launches: AtomicU64,
    pub(super) graph_launches: AtomicU64,
    warp_instructions: AtomicU64,
    thread_instructions: AtomicU64,
    kernel_ns: AtomicU64,
    pub(super) copied_bytes: AtomicU64,
    pub(super) modules_loaded: AtomicU64,
    pub(super) kernels_decoded: AtomicU64,
    pub(super) blob_bytes: AtomicU64,
    pub(super) blobs_found: AtomicU64,
}

impl Statistics {
    /// Adds what a finished launch has executed.
    pub(super) fn add_counters(&self, counters: Counters) {
        self.warp_instructions.fetch_add(counters.warp_instructions, Ordering::Relaxed);
        self.thread_instructions.fetch_add(counters.thread_instructions, Ordering::Relaxed);
    }

    /// Adds the time that one worker spent in a kernel.
    pub(super) fn add_kernel_time(&self, time: Duration) {
        self.kernel_ns.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Adds one to a count.
    pub(super) fn count(counter: &AtomicU64) {
        Self::add(counter, 1);
    }

    /// Adds to a count.
    pub(super) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }

    /// The counts as a guest is told them.
    pub(super) fn reply(&self) -> StatisticsReply {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatisticsReply {
            launches: read(&self.launches),
            graph_launches: read(&self.graph_launches),
            warp_instructions: read(&self.warp_instructions),
            thread_instructions: read(&self.thread_instructions),
            kernel_ns: read(&self.kernel_ns),
            copied_bytes: read(&self.copied_bytes),
            modules_loaded: read(&self.modules_loaded),
            kernels_decoded: read(&self.kernels_decoded),
            blob_bytes: read(&self.blob_bytes),
            blobs_found: read(&self.blobs_found),
        }
    }
}
