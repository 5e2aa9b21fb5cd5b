//! What is the guest's: which addresses its copies and fills may name.
//!
//! To the driver any address of this process is a place to copy from or to, so none reaches it that is not in here.

use std::collections::BTreeMap;
use std::ops::Range;

use vgpu_core::CuError;
use vgpu_core::host::Refusal;

use crate::api::Address;

/// Whose a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Allocated by the guest.
    Guest,
    /// A variable of that module.
    Module(u64),
}

/// A stretch of device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) len_bytes: u64,
    /// The guest's number of its context.
    pub(crate) context: u32,
    pub(crate) owner: Owner,
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Device(Address),
    /// Memory of the window, at this process's address.
    Host(Address),
}

impl Place {
    /// The number that stands for the place in unified addressing.
    pub(crate) fn address(self) -> Address {
        match self {
            Self::Device(address) | Self::Host(address) => address,
        }
    }
}

/// All of it.
pub(crate) struct Memory {
    stretches: BTreeMap<Address, Stretch>,
    /// The window's pinned heap.
    heap: Range<u64>,
    removals: u64,
}

impl Memory {
    pub(crate) fn new(heap: Range<u64>) -> Self {
        Self { stretches: BTreeMap::new(), heap, removals: 0 }
    }

    /// Adds a stretch; the same one may be added again.
    pub(crate) fn insert(&mut self, address: Address, stretch: Stretch) {
        self.stretches.insert(address, stretch);
    }

    /// Takes the allocation that starts at `address` out.
    pub(crate) fn remove(&mut self, address: Address) -> Option<Stretch> {
        let is_allocated = self.stretches.get(&address).is_some_and(|stretch| stretch.owner == Owner::Guest);
        is_allocated.then(|| self.removals += 1).and_then(|()| self.stretches.remove(&address))
    }

    /// Takes every stretch out that `matches`.
    pub(crate) fn remove_where(&mut self, matches: impl Fn(&Stretch) -> bool) -> Vec<(Address, Stretch)> {
        self.removals += 1;
        self.stretches.extract_if(.., |_, stretch| matches(stretch)).collect()
    }

    /// A number that changes when anything has been taken out.
    pub(crate) fn removals(&self) -> u64 {
        self.removals
    }

    /// Where `len_bytes` at `address` lie, at least one of them.
    ///
    /// # Errors
    /// `INVALID_VALUE` when they do not lie within one stretch of the guest's.
    pub(crate) fn place(&self, address: Address, len_bytes: u64) -> Result<Place, Refusal> {
        let outside = || (CuError::INVALID_VALUE, self.describe(address, len_bytes));
        let end = address.checked_add(len_bytes).ok_or_else(outside)?;
        if self.heap.contains(&address) && end <= self.heap.end {
            return Ok(Place::Host(address));
        }
        let (start, stretch) = self.stretches.range(..=address).next_back().ok_or_else(outside)?;
        if end <= start + stretch.len_bytes { Ok(Place::Device(address)) } else { Err(outside()) }
    }

    fn describe(&self, address: Address, len_bytes: u64) -> String {
        match self.stretches.range(..=address).next_back() {
            Some((start, stretch)) if address - start < stretch.len_bytes => format!(
                "{len_bytes} bytes at {address:#x} pass the end of their allocation of {} bytes",
                stretch.len_bytes
            ),
            _ => format!("{address:#x} is in no allocation"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::new(0x10_0000..0x20_0000);
        memory.insert(0x1000, Stretch { len_bytes: 0x100, context: 1, owner: Owner::Guest });
        memory.insert(0x2000, Stretch { len_bytes: 8, context: 1, owner: Owner::Module(5) });
        memory
    }

    #[test]
    fn what_lies_within_one_stretch_is_placed() {
        let memory = memory();
        assert_eq!(memory.place(0x1000, 0x100), Ok(Place::Device(0x1000)));
        assert_eq!(memory.place(0x10ff, 1), Ok(Place::Device(0x10ff)));
        assert_eq!(memory.place(0x2004, 4), Ok(Place::Device(0x2004)));
        assert_eq!(memory.place(0x1f_ffff, 1), Ok(Place::Host(0x1f_ffff)));
    }

    #[test]
    fn what_does_not_is_refused() {
        let memory = memory();
        for (address, len_bytes) in [
            (0xfff, 1),
            (0x1000, 0x101),
            (0x10ff, 2),
            (0x1100, 1),
            (0x2000, 9),
            (0x1f_ffff, 2),
            (0xf_ffff, 2),
            (u64::MAX, 2),
        ] {
            assert_eq!(memory.place(address, len_bytes).map_err(|refusal| refusal.0), Err(CuError::INVALID_VALUE));
        }
    }

    #[test]
    fn a_variable_cannot_be_freed_and_goes_with_its_module() {
        let mut memory = memory();
        assert_eq!(memory.remove(0x2000), None);
        assert_eq!(memory.remove(0x1001), None);
        let before = memory.removals();
        assert_eq!(memory.remove_where(|stretch| stretch.owner == Owner::Module(5)).len(), 1);
        assert!(memory.place(0x2000, 1).is_err());
        assert_ne!(memory.removals(), before);
        assert!(memory.remove(0x1000).is_some());
        assert!(memory.place(0x1000, 1).is_err());
    }
}
