//! Blocks of a launch that have been set aside with all their state, so that other work gets a turn, and how much memory they may
//! keep.
//!
//! A GPU has all blocks that fit it under way at a time, so blocks may wait for each other there. Here a block that runs for long
//! makes room for others: it stays resident, in memory of its own, until its next turn.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::worker::Worker;

/// So much host memory may be in blocks that are set aside, of all launches that share a ledger. With more than that no block is
/// begun beside them, unless its launch needs it to be: all registers and shared memory of 132 multiprocessors are 300 MiB.
const MEMORY_MAX_BYTES: u64 = 1 << 30;

/// Host memory in blocks that are set aside, of all launches that share it.
#[derive(Default)]
pub struct AsideMemory {
    used_bytes: AtomicU64,
}

/// Blocks with the memory that they run in.
struct Held {
    worker: Worker,
    len_bytes: u64,
    memory: Arc<AsideMemory>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.used_bytes.fetch_sub(self.len_bytes, Ordering::Relaxed);
    }
}

/// The blocks of one launch that are set aside: the one that has waited for longest goes on first.
#[derive(Default)]
pub(super) struct Aside {
    held: Mutex<VecDeque<Held>>,
    /// Their number: looked at for every block that is begun, and 0 unless blocks run for long.
    count: AtomicUsize,
    /// Memory of one of them.
    each_bytes: AtomicU64,
}

impl Aside {
    /// Sets a worker's blocks aside. It is left without memory.
    pub(super) fn push(&self, worker: &mut Worker, memory: &Arc<AsideMemory>) {
        let worker = std::mem::take(worker);
        let len_bytes = worker.len_bytes();
        memory.used_bytes.fetch_add(len_bytes, Ordering::Relaxed);
        let mut held = self.held.lock();
        held.push_back(Held { worker, len_bytes, memory: Arc::clone(memory) });
        self.each_bytes.store(len_bytes, Ordering::Relaxed);
        self.count.store(held.len(), Ordering::Relaxed);
    }

    /// Gives a worker the blocks whose turn it is. Whether there were any.
    pub(super) fn pop(&self, worker: &mut Worker) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut held = self.held.lock();
        let next = held.pop_front();
        self.count.store(held.len(), Ordering::Relaxed);
        drop(held);
        next.map(|mut next| std::mem::swap(worker, &mut next.worker)).is_some()
    }

    /// Whether no more blocks should be begun beside those that are set aside.
    #[inline]
    pub(super) fn is_full(&self, count_max: u64, memory: &AsideMemory) -> bool {
        let count = self.count.load(Ordering::Relaxed);
        let lacks_memory = || {
            let used_bytes = memory.used_bytes.load(Ordering::Relaxed);
            used_bytes.saturating_add(self.each_bytes.load(Ordering::Relaxed)) > MEMORY_MAX_BYTES
        };
        count != 0 && (count as u64 >= count_max || lacks_memory())
    }

    /// Lets go of all. How many blocks that were.
    pub(super) fn clear(&self) -> u64 {
        let held = std::mem::take(&mut *self.held.lock());
        self.count.store(0, Ordering::Relaxed);
        held.iter().map(|held| held.worker.blocks.len() as u64).sum()
    }
}
