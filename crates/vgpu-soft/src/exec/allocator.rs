//! `malloc` and `free` of kernels: blocks of a stretch of memory that belongs to a context.
//!
//! What is known of the blocks is kept apart from them, where no kernel can write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use parking_lot::Mutex;

/// Blocks begin at multiples of this, and their lengths are rounded up to it.
const ALIGN_BYTES: u64 = 16;

/// A stretch of memory that kernels allocate from.
#[derive(Debug)]
pub struct Allocator {
    blocks: Mutex<Blocks>,
}

#[derive(Debug, Default)]
struct Blocks {
    /// Lengths of what is free, by where it begins: no two adjoin.
    free: BTreeMap<u64, u64>,
    /// The same by length.
    by_len: BTreeSet<(u64, u64)>,
    /// Lengths of what is in use.
    used: HashMap<u64, u64>,
}

impl Allocator {
    /// Takes over a stretch of addresses.
    pub fn new(memory: Range<u64>) -> Self {
        let mut blocks = Blocks::default();
        let start = memory.start.next_multiple_of(ALIGN_BYTES);
        let end = memory.end - memory.end % ALIGN_BYTES;
        if start < end {
            blocks.insert(start, end - start);
        }
        Self { blocks: Mutex::new(blocks) }
    }

    /// A block of so many bytes or more; `None` when there is none.
    pub(crate) fn take(&self, len_bytes: u64) -> Option<u64> {
        let len = len_bytes.max(1).checked_next_multiple_of(ALIGN_BYTES)?;
        let mut blocks = self.blocks.lock();
        // The shortest that is long enough, and of those the first.
        let &(found, start) = blocks.by_len.range((len, 0)..).next()?;
        blocks.remove(start, found);
        if found > len {
            blocks.insert(start + len, found - len);
        }
        blocks.used.insert(start, len);
        Some(start)
    }

    /// Gives a block back; `false` when none that is in use begins there.
    pub(crate) fn give(&self, start: u64) -> bool {
        let mut blocks = self.blocks.lock();
        let Some(len) = blocks.used.remove(&start) else { return false };
        let (mut first, mut end) = (start, start + len);
        if let Some((&before, &before_len)) = blocks.free.range(..start).next_back()
            && before + before_len == start
        {
            blocks.remove(before, before_len);
            first = before;
        }
        if let Some(&behind_len) = blocks.free.get(&end) {
            blocks.remove(end, behind_len);
            end += behind_len;
        }
        blocks.insert(first, end - first);
        true
    }
}

impl Blocks {
    fn insert(&mut self, start: u64, len: u64) {
        self.free.insert(start, len);
        self.by_len.insert((len, start));
    }

    fn remove(&mut self, start: u64, len: u64) {
        self.free.remove(&start);
        self.by_len.remove(&(len, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_apart_and_join_when_they_are_given_back() {
        let allocator = Allocator::new(1000..1200);
        let blocks: Vec<_> = [1, 16, 17, 0, 64].map(|len| allocator.take(len)).to_vec();
        assert_eq!(blocks, [Some(1008), Some(1024), Some(1040), Some(1072), Some(1088)]);
        assert_eq!(allocator.take(49), None);
        assert_eq!(allocator.take(48), Some(1152));
        for block in [1024, 1072, 1040] {
            assert!(allocator.give(block));
        }
        // From 1024 to 1088 all is free, in one piece.
        assert_eq!((allocator.take(65), allocator.take(64)), (None, Some(1024)));
    }

    #[test]
    fn only_what_is_in_use_can_be_given_back() {
        let allocator = Allocator::new(4096..8192);
        let block = allocator.take(100).expect("there is room");
        assert!(!allocator.give(block + 16) && !allocator.give(0) && !allocator.give(8192));
        assert!(allocator.give(block) && !allocator.give(block));
        assert_eq!(allocator.take(4096), Some(4096));
    }

    #[test]
    fn memory_without_room_for_a_block_has_none() {
        for memory in [0..0, 17..31, 16..31] {
            assert_eq!(Allocator::new(memory).take(1), None);
        }
        assert_eq!(Allocator::new(0..64).take(u64::MAX), None);
    }
}
