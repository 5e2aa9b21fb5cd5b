//! Device memory as something that is granted, for instance across several processes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Who decides whether there is room for more device memory, for instance across several processes.
pub trait MemoryLedger: Send + Sync {
    /// Takes `bytes` from what is free, or refuses and changes nothing.
    fn reserve(&self, bytes: u64) -> bool;
    /// Gives `bytes` back that were reserved.
    fn release(&self, bytes: u64);
    /// Free and total bytes, as `cuMemGetInfo` reports them.
    fn free_and_total(&self) -> (u64, u64);
}

/// A ledger of one device that nobody shares.
#[derive(Debug)]
pub struct Quota {
    total_bytes: u64,
    used_bytes: AtomicU64,
}

impl Quota {
    /// Room for `total_bytes`.
    pub const fn new(total_bytes: u64) -> Self {
        Self { total_bytes, used_bytes: AtomicU64::new(0) }
    }
}

impl MemoryLedger for Quota {
    fn reserve(&self, bytes: u64) -> bool {
        let add = |used: u64| used.checked_add(bytes).filter(|&used| used <= self.total_bytes);
        self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    fn release(&self, bytes: u64) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn free_and_total(&self) -> (u64, u64) {
        (self.total_bytes.saturating_sub(self.used_bytes.load(Ordering::Relaxed)), self.total_bytes)
    }
}
