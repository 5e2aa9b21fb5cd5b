//! Which addresses a kernel may touch: an immutable snapshot of the allocations at the time of its launch.
//!
//! Generic addresses are this process's own addresses, so a validity check is all that stands between a kernel's
//! pointer arithmetic and the executor: nothing may be dereferenced that [`MemoryMap::find`] has not admitted.

use std::ops::Range;

/// Allocations, sorted by start, none overlapping.
#[derive(Clone, Debug, Default)]
pub struct MemoryMap {
    ranges: Vec<Range<u64>>,
}

impl MemoryMap {
    /// Takes the ranges in any order; empty ones are dropped.
    pub fn new(mut ranges: Vec<Range<u64>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        Self { ranges }
    }

    /// The allocation that holds the byte at `address`.
    pub fn find(&self, address: u64) -> Option<Range<u64>> {
        let after = self.ranges.partition_point(|range| range.start <= address);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        range.contains(&address).then(|| range.clone())
    }

    /// Whether `len_bytes` bytes from `address` lie within one allocation.
    pub fn admits(&self, address: u64, len_bytes: u64) -> bool {
        match address.checked_add(len_bytes) {
            Some(end) => len_bytes == 0 || self.find(address).is_some_and(|range| end <= range.end),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_across_the_end_of_an_allocation_is_not_admitted() {
        let map = MemoryMap::new(vec![4096..8192, 1024..2048]);
        assert!(map.admits(1024, 1024));
        assert!(!map.admits(1025, 1024));
        assert!(!map.admits(0, 1));
        assert!(!map.admits(u64::MAX, 2));
    }
}
