//! Which addresses a kernel or a copy may touch.
//!
//! Generic addresses are this process's own addresses, so a validity check is all that stands between a kernel's
//! pointer arithmetic and the executor: nothing may be dereferenced that [`Allocations::find`] has not admitted.

use std::ops::Range;

/// One allocation. Kernels reach more of it than copies do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) start: u64,
    /// Behind what the program asked for: copies end here.
    pub(crate) end: u64,
    /// Behind the memory that was given for it: kernels end here, as on a GPU, which has no finer bounds.
    pub(crate) reach: u64,
}

impl From<Range<u64>> for Allocation {
    /// Ends where it ends.
    fn from(range: Range<u64>) -> Self {
        Self { start: range.start, end: range.end, reach: range.end }
    }
}

/// Allocations, sorted by start, none overlapping.
#[derive(Clone, Debug, Default)]
pub struct Allocations {
    own: Vec<Allocation>,
    /// Other devices' memory: copies reach it, kernels do not.
    peers: Vec<Allocation>,
}

impl Allocations {
    /// Of one of several devices, in any order; empty ones are dropped.
    pub(crate) fn new(own: Vec<Allocation>, peers: Vec<Allocation>) -> Self {
        Self { own: sorted(own), peers: sorted(peers) }
    }

    /// What kernels reach of the allocation that holds the byte at `address`.
    pub fn find(&self, address: u64) -> Option<Range<u64>> {
        let found = last_before(&self.own, address)?;
        (address < found.reach).then_some(found.start..found.reach)
    }

    /// What copies reach of it, on whatever device.
    pub(crate) fn find_for_copy(&self, address: u64) -> Option<Range<u64>> {
        let of = |allocations| last_before(allocations, address).filter(|found| address < found.end);
        of(&self.own).or_else(|| of(&self.peers)).map(|found| found.start..found.end)
    }

    /// The allocation, as the program asked for it, whose end or start is the nearest to `address`.
    pub(crate) fn nearest(&self, address: u64) -> Option<Range<u64>> {
        let index = first_behind(&self.own, address);
        let before = index.checked_sub(1).and_then(|index| self.own.get(index));
        let after = self.own.get(index);
        let found = match (before, after) {
            (Some(before), Some(after)) if after.start - address < address.saturating_sub(before.end) => after,
            (before, after) => before.or(after)?,
        };
        Some(found.start..found.end)
    }

    /// Whether a kernel may touch `len_bytes` bytes from `address`: they lie within one allocation.
    pub(crate) fn admits(&self, address: u64, len_bytes: u64) -> bool {
        match address.checked_add(len_bytes) {
            Some(end) => len_bytes == 0 || self.find(address).is_some_and(|range| end <= range.end),
            None => false,
        }
    }

    /// Whether a copy may touch them.
    pub(crate) fn admits_copy(&self, address: u64, len_bytes: u64) -> bool {
        match address.checked_add(len_bytes) {
            Some(end) => len_bytes == 0 || self.find_for_copy(address).is_some_and(|range| end <= range.end),
            None => false,
        }
    }
}

fn sorted(mut allocations: Vec<Allocation>) -> Vec<Allocation> {
    allocations.retain(|allocation| allocation.start < allocation.end);
    allocations.sort_unstable_by_key(|allocation| allocation.start);
    allocations
}

/// The index of the first allocation that begins behind `address`.
fn first_behind(allocations: &[Allocation], address: u64) -> usize {
    allocations.partition_point(|allocation| allocation.start <= address)
}

/// The last allocation that begins at `address` or before it.
fn last_before(allocations: &[Allocation], address: u64) -> Option<&Allocation> {
    allocations.get(first_behind(allocations, address).checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(ranges: &[Range<u64>]) -> Vec<Allocation> {
        ranges.iter().cloned().map(Allocation::from).collect()
    }

    fn of(ranges: &[Range<u64>]) -> Allocations {
        Allocations::new(all(ranges), Vec::new())
    }

    #[test]
    fn an_access_across_the_end_of_an_allocation_is_not_admitted() {
        let map = of(&[4096..8192, 1024..2048]);
        assert!(map.admits(1024, 1024));
        assert!(!map.admits(1025, 1024));
        assert!(!map.admits(0, 1));
        assert!(!map.admits(u64::MAX, 2));
    }

    #[test]
    fn other_devices_memory_is_for_copies_only() {
        let map = Allocations::new(all(&[4096..8192, 0..0]), all(&[1024..2048, 0..0]));
        assert!(!map.admits(1024, 1) && map.admits_copy(1024, 1024) && map.admits_copy(4096, 4096));
        assert!(!map.admits_copy(1024, 1025) && !map.admits_copy(0, 1) && !map.admits_copy(1025, u64::MAX));
    }

    #[test]
    fn kernels_reach_the_memory_that_was_given_and_copies_what_was_asked_for() {
        let map = Allocations::new(vec![Allocation { start: 512, end: 552, reach: 1024 }], Vec::new());
        assert!(map.admits(512, 512) && !map.admits(512, 513) && !map.admits(1024, 1));
        assert!(map.admits_copy(512, 40) && !map.admits_copy(512, 41) && !map.admits_copy(552, 1));
    }

    #[test]
    fn the_nearest_allocation_is_that_of_the_nearest_end() {
        let map = of(&[100..200, 300..400]);
        for (address, nearest) in [(0, 100..200), (150, 100..200), (249, 100..200), (251, 300..400), (999, 300..400)] {
            assert_eq!(map.nearest(address), Some(nearest), "{address}");
        }
        assert_eq!(Allocations::default().nearest(1), None);
    }
}
