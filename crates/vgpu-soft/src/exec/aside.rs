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

/// So much host memory may be in blocks that are set aside, of all launches that share it. With more than that no block is begun
/// beside those of its launch that are, except of a cooperative grid. All registers and shared memory of 132 multiprocessors are
/// 300 MiB; the rest is for threads' local memory.
pub(super) const MEMORY_MAX_BYTES: u64 = 1 << 30;

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
        let only_waits = worker.only_waits;
        let len_bytes = worker.len_bytes();
        memory.used_bytes.fetch_add(len_bytes, Ordering::Relaxed);
        let mut held = self.held.lock();
        held.push_back(Held { worker, len_bytes, memory: Arc::clone(memory) });
        self.each_bytes.store(len_bytes, Ordering::Relaxed);
        self.count.store(held.len(), Ordering::Relaxed);
        drop(held);
        if only_waits {
            // Whoever they wait for may need this processor.
            std::thread::yield_now();
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn used(memory: &AsideMemory) -> u64 {
        memory.used_bytes.load(Ordering::Relaxed)
    }

    #[test]
    fn those_that_have_waited_for_longest_go_on_first() {
        let (aside, memory) = (Aside::default(), Arc::default());
        let mut worker = Worker::new();
        for only_waits in [true, false] {
            worker.only_waits = only_waits;
            aside.push(&mut worker, &memory);
        }
        let order: Vec<bool> = (0..2).map(|_| aside.pop(&mut worker) && worker.only_waits).collect();
        assert_eq!(order, [true, false]);
        assert!(!aside.pop(&mut worker));
    }

    #[test]
    fn memory_counts_while_it_is_set_aside() {
        let (aside, memory) = (Aside::default(), Arc::default());
        let mut worker = Worker::new();
        worker.reserve_registers(5000);
        aside.push(&mut worker, &memory);
        // Whole pages.
        assert_eq!((used(&memory), worker.len_bytes()), (8192, 0));
        assert!(aside.is_full(1, &memory) && !aside.is_full(2, &memory));
        memory.used_bytes.store(MEMORY_MAX_BYTES - 8191, Ordering::Relaxed);
        assert!(aside.is_full(2, &memory), "another one would be too much");
        memory.used_bytes.store(8192, Ordering::Relaxed);
        assert!(aside.pop(&mut worker) && !aside.is_full(1, &memory));
        assert_eq!((used(&memory), worker.len_bytes()), (0, 8192));
        aside.push(&mut worker, &memory);
        drop(aside);
        assert_eq!(used(&memory), 0);
    }
}
