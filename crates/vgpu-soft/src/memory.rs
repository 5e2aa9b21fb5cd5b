//! What a kernel may touch: an immutable snapshot of the allocations, and of arrays, textures and surfaces, at the time of its launch.
//!
//! Generic addresses are this process's own addresses, so a validity check is all that stands between a kernel's
//! pointer arithmetic and the executor: nothing may be dereferenced that [`MemoryMap::find`] has not admitted.

use std::ops::Range;
use std::sync::Arc;

use crate::textures::Textures;

/// Allocations, sorted by start, none overlapping.
#[derive(Clone, Debug, Default)]
pub struct MemoryMap {
    ranges: Vec<Range<u64>>,
    /// Other devices' memory: copies reach it, kernels do not.
    peers: Vec<Range<u64>>,
    textures: Arc<Textures>,
}

impl MemoryMap {
    /// Takes the ranges in any order; empty ones are dropped.
    pub fn new(ranges: Vec<Range<u64>>) -> Self {
        Self::with_peers(ranges, Vec::new(), Arc::default())
    }

    /// The same, of one of several devices.
    pub(crate) fn with_peers(ranges: Vec<Range<u64>>, peers: Vec<Range<u64>>, textures: Arc<Textures>) -> Self {
        Self { ranges: sorted(ranges), peers: sorted(peers), textures }
    }

    /// The arrays, textures and surfaces of that time.
    pub(crate) fn textures(&self) -> &Textures {
        &self.textures
    }

    /// The allocation that holds the byte at `address`.
    pub fn find(&self, address: u64) -> Option<Range<u64>> {
        find(&self.ranges, address)
    }

    /// The same, on whatever device.
    pub(crate) fn find_for_copy(&self, address: u64) -> Option<Range<u64>> {
        self.find(address).or_else(|| find(&self.peers, address))
    }

    /// Whether `len_bytes` bytes from `address` lie within one allocation.
    pub(crate) fn admits(&self, address: u64, len_bytes: u64) -> bool {
        match address.checked_add(len_bytes) {
            Some(end) => len_bytes == 0 || self.find(address).is_some_and(|range| end <= range.end),
            None => false,
        }
    }

    /// Whether a copy may touch them.
    pub(crate) fn admits_copy(&self, address: u64, len_bytes: u64) -> bool {
        let is_peers = || {
            let end = address.checked_add(len_bytes);
            find(&self.peers, address).is_some_and(|range| end.is_some_and(|end| end <= range.end))
        };
        self.admits(address, len_bytes) || is_peers()
    }
}

fn sorted(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}

fn find(ranges: &[Range<u64>], address: u64) -> Option<Range<u64>> {
    let after = ranges.partition_point(|range| range.start <= address);
    let range = ranges.get(after.checked_sub(1)?)?;
    range.contains(&address).then(|| range.clone())
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

    #[test]
    fn other_devices_memory_is_for_copies_only() {
        let map = MemoryMap::with_peers(vec![4096..8192, 0..0], vec![1024..2048, 0..0], Arc::default());
        assert!(!map.admits(1024, 1) && map.admits_copy(1024, 1024) && map.admits_copy(4096, 4096));
        assert!(!map.admits_copy(1024, 1025) && !map.admits_copy(0, 1) && !map.admits_copy(1025, u64::MAX));
    }
}
