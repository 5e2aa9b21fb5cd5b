//! The allocation table: what lies at an address, answered without a round trip.

use std::collections::BTreeMap;
use std::ops::Range;

use parking_lot::RwLock;
use vgpu_core::guest::Link;
use vgpu_core::{CuError, CuResult};

use super::device_space::DeviceSpace;

/// What kind of memory a range is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Device memory.
    Device,
    /// A variable of a module; freed with it.
    Variable,
    /// Page-locked host memory from the window's pinned heap, with its `CU_MEMHOSTALLOC_*` flags.
    Pinned(u32),
    /// Managed memory: in the pinned heap too, reached by host and device alike.
    Managed,
    /// The program's own memory, registered with its `CU_MEMHOSTREGISTER_*` flags; copies treat it as pageable.
    Registered(u32),
    /// The same where the executor is in this process: the device reaches it at its addresses.
    Mapped(u32),
}

impl Kind {
    /// Whether host code may dereference it.
    pub(crate) fn is_host(self) -> bool {
        matches!(self, Self::Pinned(_) | Self::Managed | Self::Registered(_) | Self::Mapped(_))
    }

    /// Whether device code may dereference it.
    pub(crate) fn is_device(self) -> bool {
        !matches!(self, Self::Registered(_))
    }
}

/// A range of memory that the device library knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) base: u64,
    pub(crate) len_bytes: u64,
    pub(crate) kind: Kind,
    /// The wire number of its context.
    pub(crate) context: u32,
    /// Unique over the life of the process.
    pub(crate) id: u64,
}

impl Allocation {
    /// Where kernels find what the program finds at `address`; `None` where they do not reach it.
    pub(crate) fn device_address(&self, link: &Link, address: u64) -> Option<u64> {
        match self.kind {
            Kind::Device | Kind::Variable | Kind::Mapped(_) => Some(address),
            Kind::Pinned(_) | Kind::Managed => link.pinned().device_address(address),
            Kind::Registered(_) => None,
        }
    }

    fn end(&self) -> u64 {
        self.base.saturating_add(self.len_bytes)
    }

    /// Whether `len_bytes` from `address` lie within it.
    pub(crate) fn covers(&self, address: u64, len_bytes: u64) -> bool {
        address >= self.base && address.checked_add(len_bytes).is_some_and(|end| end <= self.end())
    }
}

#[derive(Default)]
struct Table {
    by_base: BTreeMap<u64, Allocation>,
    last_id: u64,
    device_space: DeviceSpace,
}

/// All known ranges of this process, by address.
pub(crate) struct Allocations {
    table: RwLock<Table>,
}

impl Allocations {
    /// No range yet, of a process that keeps `arena` free for device memory.
    pub(crate) fn new(arena: Range<u64>) -> Self {
        Self { table: RwLock::new(Table { device_space: DeviceSpace::new(arena), ..Table::default() }) }
    }

    /// Whether `address` can only be one of device memory, allocated or not: the host's memory is never there.
    pub(crate) fn is_device_address(&self, address: u64) -> bool {
        self.table.read().device_space.contains(address)
    }

    /// Adds a range.
    ///
    /// # Errors
    /// `HOST_MEMORY_ALREADY_REGISTERED` when it overlaps a known one, `OUT_OF_MEMORY` when it is device memory where the host has
    /// something, `INVALID_VALUE` when it is other memory at a device's addresses.
    pub(crate) fn insert(&self, base: u64, len_bytes: u64, kind: Kind, context: u32) -> CuResult {
        let mut table = self.table.write();
        let end = base.saturating_add(len_bytes.max(1));
        let range = base..end;
        let is_device = matches!(kind, Kind::Device | Kind::Variable);
        if !is_device && table.device_space.touches(&range) {
            return Err(CuError::INVALID_VALUE);
        }
        let overlaps =
            table.by_base.range(..end).next_back().is_some_and(|(_, known)| known.end() > base || known.base == base);
        if overlaps {
            return Err(CuError::HOST_MEMORY_ALREADY_REGISTERED);
        }
        if is_device {
            table.device_space.take(&range)?;
        }
        table.last_id += 1;
        let id = table.last_id;
        let allocation = Allocation { base, len_bytes, kind, context, id };
        table.by_base.insert(base, allocation);
        Ok(())
    }

    /// The range that `address` lies in.
    pub(crate) fn find(&self, address: u64) -> Option<Allocation> {
        let table = self.table.read();
        let (_, allocation) = table.by_base.range(..=address).next_back()?;
        allocation.covers(address, 1).then_some(*allocation)
    }

    /// Removes the range that starts at `base`, if `accept` agrees.
    pub(crate) fn remove(&self, base: u64, accept: impl Fn(&Allocation) -> bool) -> Option<Allocation> {
        let mut table = self.table.write();
        if !accept(table.by_base.get(&base)?) {
            return None;
        }
        table.by_base.remove(&base)
    }

    /// Removes every range that `which` accepts.
    pub(crate) fn drain(&self, which: impl Fn(&Allocation) -> bool) -> Vec<Allocation> {
        let mut table = self.table.write();
        let gone: Vec<Allocation> = table.by_base.values().filter(|a| which(a)).copied().collect();
        for allocation in &gone {
            table.by_base.remove(&allocation.base);
        }
        gone
    }

    /// What kind of memory `len_bytes` at `address` are; `None` when nothing is known about them.
    ///
    /// # Errors
    /// `INVALID_VALUE` when they start in a known range and end outside it.
    pub(crate) fn kind_of(&self, address: u64, len_bytes: u64) -> CuResult<Option<Kind>> {
        match self.find(address) {
            None => Ok(None),
            Some(range) if range.covers(address, len_bytes) => Ok(Some(range.kind)),
            Some(_) => Err(CuError::INVALID_VALUE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Allocations {
        let table = Allocations::new(0x1000..0x2000);
        table.insert(0x1000, 0x100, Kind::Device, 1).expect("free");
        table.insert(0x2000, 0x10, Kind::Pinned(0), 1).expect("free");
        table
    }

    #[test]
    fn an_inner_address_finds_its_allocation() {
        let found = table().find(0x10ff).expect("inside");
        assert_eq!((found.base, found.len_bytes), (0x1000, 0x100));
    }

    #[test]
    fn addresses_outside_find_nothing() {
        let table = table();
        for address in [0, 0xfff, 0x1100, 0x2010, u64::MAX] {
            assert_eq!(table.find(address), None);
        }
    }

    #[test]
    fn a_range_over_the_end_is_invalid() {
        let table = table();
        assert_eq!(table.kind_of(0x1000, 0x100), Ok(Some(Kind::Device)));
        assert_eq!(table.kind_of(0x1000, 0x101), Err(CuError::INVALID_VALUE));
        assert_eq!(table.kind_of(0x10ff, u64::MAX), Err(CuError::INVALID_VALUE));
        assert_eq!(table.kind_of(0x1100, 1), Ok(None));
    }

    #[test]
    fn overlapping_ranges_are_refused() {
        let table = table();
        for (base, len) in [(0x2000, 1), (0x200f, 1), (0x2001, 0x101)] {
            let result = table.insert(base, len, Kind::Registered(0), 1);
            assert_eq!(result, Err(CuError::HOST_MEMORY_ALREADY_REGISTERED));
        }
        assert_eq!(table.insert(0x1080, 0x80, Kind::Device, 1), Err(CuError::HOST_MEMORY_ALREADY_REGISTERED));
        assert_eq!(table.insert(0x2010, 0x10, Kind::Registered(0), 1), Ok(()));
    }

    #[test]
    fn device_memory_and_host_memory_have_different_addresses() {
        let table = table();
        for (base, len) in [(0x1200, 1), (0x1fff, 2), (0xfff, 2), (0xf00, 0x5000)] {
            assert_eq!(table.insert(base, len, Kind::Registered(0), 1), Err(CuError::INVALID_VALUE));
            assert_eq!(table.insert(base, len, Kind::Pinned(0), 1), Err(CuError::INVALID_VALUE));
        }
        let own = Box::new(0u8);
        let address = std::ptr::from_ref(&*own).expose_provenance() as u64;
        assert_eq!(table.insert(address, 1, Kind::Device, 1), Err(CuError::OUT_OF_MEMORY));
        assert!(table.is_device_address(0x1fff) && !table.is_device_address(0x2000) && !table.is_device_address(0xfff));
    }

    #[test]
    fn only_the_base_of_an_allocation_frees_it() {
        let table = table();
        assert_eq!(table.remove(0x1001, |_| true), None);
        assert!(table.remove(0x1000, |a| a.kind == Kind::Device).is_some());
        assert_eq!(table.remove(0x1000, |_| true), None);
    }

    #[test]
    fn registered_memory_is_not_reached_by_the_device() {
        let table = table();
        table.insert(0x9000, 0x10, Kind::Registered(0), 1).expect("free");
        let kind = table.kind_of(0x9000, 0x10).expect("within").expect("known");
        assert!(kind.is_host() && !kind.is_device());
    }
}
