//! The addresses of device memory, where the host has nothing: the arena that the executor was offered, and what lies beyond it.
//!
//! A real driver places what it likes to place. Such addresses are reserved here when the first memory has them, and for good: the
//! driver gives them again, and addresses cost nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use vgpu_core::window::layout::PAGE_BYTES;
use vgpu_core::window::{AddressRange, Arena};
use vgpu_core::{CuError, CuResult};

/// All addresses that can only be device memory's, allocated or not.
#[derive(Default)]
pub(super) struct DeviceSpace {
    arena: Range<u64>,
    /// Whole pages beyond the arena, by their first address.
    beyond: BTreeMap<u64, Arena>,
}

impl DeviceSpace {
    pub(super) fn new(arena: Range<u64>) -> Self {
        Self { arena, beyond: BTreeMap::new() }
    }

    pub(super) fn contains(&self, address: u64) -> bool {
        self.arena.contains(&address) || self.reserved_end(address).is_some()
    }

    /// Whether any of these addresses is device memory's.
    pub(super) fn touches(&self, range: &Range<u64>) -> bool {
        let in_arena = range.start < self.arena.end && self.arena.start < range.end;
        let before_end = || self.beyond.range(..range.end).next_back();
        in_arena || before_end().is_some_and(|(_, reserved)| range.start < reserved.range().addresses().end)
    }

    /// Sees to it that these addresses are device memory's alone.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when the program has something there, or would reach into the arena.
    pub(super) fn take(&mut self, range: &Range<u64>) -> CuResult {
        if self.arena.start <= range.start && range.end <= self.arena.end {
            return Ok(());
        }
        let end = range.end.checked_next_multiple_of(PAGE_BYTES).ok_or(CuError::OUT_OF_MEMORY)?;
        let mut at = range.start / PAGE_BYTES * PAGE_BYTES;
        while at < end {
            if let Some(reserved_end) = self.reserved_end(at) {
                at = reserved_end;
                continue;
            }
            let next = self.beyond.range(at..).next().map_or(end, |(start, _)| end.min(*start));
            let pages = AddressRange { address: at, len_bytes: next - at };
            let reserved = Arena::at(pages).map_err(|error| {
                log::error!("device memory lies at {at:#x}, where this process has something else: {error}");
                CuError::OUT_OF_MEMORY
            })?;
            self.beyond.insert(at, reserved);
            at = next;
        }
        Ok(())
    }

    /// Where the reserved pages end that an address beyond the arena is in.
    fn reserved_end(&self, address: u64) -> Option<u64> {
        let (_, reserved) = self.beyond.range(..=address).next_back()?;
        Some(reserved.range().addresses().end).filter(|end| address < *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses that were free a moment ago, and that nothing else of this process will ask for.
    fn free_pages(count: u64) -> u64 {
        Arena::anywhere(count * PAGE_BYTES + (1 << 30)).expect("addresses").range().address + (1 << 29)
    }

    #[test]
    fn what_lies_beyond_the_arena_is_reserved_page_by_page_and_once() {
        let mut space = DeviceSpace::new(0x1000..0x2000);
        let start = free_pages(4);
        space.take(&(start + 512..start + 1024)).expect("free");
        space.take(&(start + 3 * PAGE_BYTES..start + 3 * PAGE_BYTES + 1)).expect("free");
        // Over what is reserved, and over the gap in it.
        space.take(&(start..start + 4 * PAGE_BYTES)).expect("free, or reserved");
        assert!(space.contains(start) && space.contains(start + 4 * PAGE_BYTES - 1));
        assert!(!space.contains(start - 1) && !space.contains(start + 4 * PAGE_BYTES));
        assert!(space.touches(&(start - 1..start + 1)) && !space.touches(&(start - 1..start)));
        let page = AddressRange { address: start + 2 * PAGE_BYTES, len_bytes: PAGE_BYTES };
        assert!(Arena::at(page).is_err(), "nobody else gets it");
    }

    #[test]
    fn addresses_of_the_programs_own_are_refused() {
        let mut space = DeviceSpace::new(0x1000..0x2000);
        let own = Arena::anywhere(PAGE_BYTES).expect("addresses").range();
        let held = Arena::at(own).expect("free");
        assert_eq!(space.take(&own.addresses()), Err(CuError::OUT_OF_MEMORY));
        assert!(!space.contains(own.address));
        drop(held);
        assert_eq!(space.take(&(u64::MAX - 8..u64::MAX)), Err(CuError::OUT_OF_MEMORY));
    }
}
