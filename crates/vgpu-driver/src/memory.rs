//! What is the guest's: which addresses its copies and fills may name.
//!
//! To the driver any address of this process is a place to copy from or to, so none reaches it that is not in here.

use std::collections::BTreeMap;
use std::ops::Range;

use vgpu_core::CuError;
use vgpu_core::host::Refusal;
use vgpu_core::window::layout::PAGE_BYTES;

use crate::api::Address;

/// So many parts of the pinned heap can be open. Guests open it in slabs, of which the longest heap has some hundreds.
const SLABS_MAX: usize = 4096;

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
    /// Memory of the window or of ours, at this process's address.
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

/// A part of the pinned heap that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slab {
    end: Address,
    /// Where kernels find its start, if they do.
    device: Option<Address>,
}

/// All of it.
pub(crate) struct Memory {
    stretches: BTreeMap<Address, Stretch>,
    /// The window's pinned heap.
    heap: Range<u64>,
    /// What of it is open, by its first address.
    slabs: BTreeMap<Address, Slab>,
    removals: u64,
}

impl Memory {
    pub(crate) fn new(heap: Range<u64>) -> Self {
        Self { stretches: BTreeMap::new(), heap, slabs: BTreeMap::new(), removals: 0 }
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

    /// Whether a part of the pinned heap can be opened.
    ///
    /// # Errors
    /// `INVALID_VALUE` for what is no part of it, whole pages, or is open in part; `OUT_OF_MEMORY` when very many are open.
    pub(crate) fn check_closed(&self, part: &Range<u64>) -> Result<(), Refusal> {
        let is_part = self.heap.start <= part.start && part.end <= self.heap.end && !part.is_empty();
        let is_whole = part.start.is_multiple_of(PAGE_BYTES) && part.end.is_multiple_of(PAGE_BYTES);
        let last = self.slabs.range(..part.end).next_back();
        match last {
            _ if !is_part || !is_whole => {
                Err((CuError::INVALID_VALUE, "what is to be opened is not pinned memory".into()))
            }
            Some((_, slab)) if slab.end > part.start => {
                Err((CuError::INVALID_VALUE, "a part of the pinned memory is open already".into()))
            }
            _ if self.slabs.len() >= SLABS_MAX => {
                Err((CuError::OUT_OF_MEMORY, format!("{SLABS_MAX} parts of the pinned memory are open already")))
            }
            _ => Ok(()),
        }
    }

    /// Adds a part of the pinned heap that [can be opened](Self::check_closed), and where kernels find it.
    pub(crate) fn open(&mut self, part: &Range<u64>, device: Option<Address>) {
        self.slabs.insert(part.start, Slab { end: part.end, device });
    }

    /// Takes out what was opened as that very part.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is no such part.
    pub(crate) fn close(&mut self, part: &Range<u64>) -> Result<(), Refusal> {
        if self.slabs.get(&part.start).is_none_or(|slab| slab.end != part.end) {
            return Err((CuError::INVALID_VALUE, "what is to be closed is not open".into()));
        }
        self.slabs.remove(&part.start);
        self.removals += 1;
        Ok(())
    }

    /// Where `len_bytes` at `address` lie, at least one of them.
    ///
    /// # Errors
    /// `INVALID_VALUE` when they do not lie within one stretch of the guest's, or in what is open of the pinned heap.
    pub(crate) fn place(&self, address: Address, len_bytes: u64) -> Result<Place, Refusal> {
        let outside = || (CuError::INVALID_VALUE, self.describe(address, len_bytes));
        let end = address.checked_add(len_bytes).ok_or_else(outside)?;
        if self.heap.contains(&address) {
            let mut open_until = address;
            while open_until < end {
                open_until = self.slab(open_until).ok_or_else(outside)?.1.end;
            }
            return Ok(Place::Host(address));
        }
        let (start, stretch) = self.stretches.range(..=address).next_back().ok_or_else(outside)?;
        if end <= start + stretch.len_bytes { Ok(Place::Device(address)) } else { Err(outside()) }
    }

    /// How many of the bytes at a place, which has been found for more, lie in one registered part.
    pub(crate) fn room(&self, place: Place) -> u64 {
        let slab = match place {
            Place::Host(address) => self.slab(address).map(|(_, slab)| slab.end - address),
            Place::Device(_) => None,
        };
        slab.unwrap_or(u64::MAX)
    }

    /// Where kernels find a place, if they do.
    pub(crate) fn device_address(&self, place: Place) -> Option<Address> {
        match place {
            Place::Device(address) => Some(address),
            Place::Host(address) => self.slab(address).and_then(|(start, slab)| Some(slab.device? + (address - start))),
        }
    }

    /// The open part of the pinned heap that an address lies in, and where that starts.
    fn slab(&self, address: Address) -> Option<(Address, &Slab)> {
        let (start, slab) = self.slabs.range(..=address).next_back()?;
        (address < slab.end).then_some((*start, slab))
    }

    /// Whether an address is one of the pinned heap.
    pub(crate) fn is_pinned(&self, address: Address) -> bool {
        self.heap.contains(&address)
    }

    fn describe(&self, address: Address, len_bytes: u64) -> String {
        match self.stretches.range(..=address).next_back() {
            Some((start, stretch)) if address - start < stretch.len_bytes => format!(
                "{len_bytes} bytes at {address:#x} pass the end of their allocation of {} bytes",
                stretch.len_bytes
            ),
            _ if self.heap.contains(&address) => {
                format!("{len_bytes} bytes of pinned memory at {address:#x} are not open")
            }
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
        memory.open(&(0x1f_0000..0x20_0000), Some(0x9f_0000));
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
            (0x10_0000, 1),
            (0x1e_ffff, 2),
            (u64::MAX, 2),
        ] {
            assert_eq!(memory.place(address, len_bytes).map_err(|refusal| refusal.0), Err(CuError::INVALID_VALUE));
        }
    }

    #[test]
    fn parts_of_the_heap_are_opened_and_closed_whole() {
        let mut memory = memory();
        for wrong in [
            0xf_f000..0x10_1000,
            0x1f_f000..0x20_1000,
            0x10_0800..0x10_1800,
            0x10_0000..0x10_0000,
            0x1e_0000..0x1f_1000,
            0x1f_1000..0x1f_2000,
            0x10_0000..0x20_0000,
        ] {
            assert!(memory.check_closed(&wrong).is_err(), "{wrong:x?}");
        }
        let part = 0x1e_0000..0x1f_0000;
        assert_eq!(memory.check_closed(&part), Ok(()));
        memory.open(&part, None);
        assert_eq!(memory.place(0x1e_8000, 0x1_0000), Ok(Place::Host(0x1e_8000)));
        assert_eq!((memory.room(Place::Host(0x1e_8000)), memory.room(Place::Device(0x1000))), (0x8000, u64::MAX));
        assert_eq!(memory.device_address(Place::Host(0x1e_8000)), None);
        assert_eq!(memory.device_address(Place::Host(0x1f_0010)), Some(0x9f_0010));
        assert!(memory.close(&(0x1e_0000..0x1e_8000)).is_err() && memory.close(&(0x1e_8000..0x1f_0000)).is_err());
        let before = memory.removals();
        assert_eq!(memory.close(&part), Ok(()));
        assert_ne!(memory.removals(), before);
        assert!(memory.place(0x1e_8000, 1).is_err() && memory.close(&part).is_err());
    }

    #[test]
    fn no_more_parts_are_opened_than_any_guest_needs() {
        let part = |number: u64| number * 2 * PAGE_BYTES..(number * 2 + 1) * PAGE_BYTES;
        let mut memory = Memory::new(0..1 << 32);
        for number in 0..SLABS_MAX as u64 {
            assert_eq!(memory.check_closed(&part(number)), Ok(()));
            memory.open(&part(number), None);
        }
        let next = part(SLABS_MAX as u64);
        assert_eq!(memory.check_closed(&next).map_err(|refusal| refusal.0), Err(CuError::OUT_OF_MEMORY));
        assert_eq!(memory.close(&part(7)), Ok(()));
        assert_eq!(memory.check_closed(&next), Ok(()));
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
