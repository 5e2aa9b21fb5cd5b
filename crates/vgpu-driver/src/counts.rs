//! What a guest has had executed so far. How long its kernels ran nobody asks the driver.

use std::sync::atomic::{AtomicU64, Ordering};

use vgpu_core::wire::messages::StatisticsReply;

/// Counts that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) launches: AtomicU64,
    pub(crate) graph_launches: AtomicU64,
    pub(crate) copied_bytes: AtomicU64,
    pub(crate) modules_loaded: AtomicU64,
    pub(crate) functions_found: AtomicU64,
    pub(crate) blob_bytes: AtomicU64,
    pub(crate) blobs_found: AtomicU64,
}

impl Counts {
    /// Adds to a count.
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }

    /// The counts as a guest is told them.
    pub(crate) fn reply(&self) -> StatisticsReply {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatisticsReply {
            launches: read(&self.launches),
            graph_launches: read(&self.graph_launches),
            warp_instructions: 0,
            thread_instructions: 0,
            kernel_ns: 0,
            copied_bytes: read(&self.copied_bytes),
            modules_loaded: read(&self.modules_loaded),
            kernels_decoded: read(&self.functions_found),
            blob_bytes: read(&self.blob_bytes),
            blobs_found: read(&self.blobs_found),
        }
    }
}
