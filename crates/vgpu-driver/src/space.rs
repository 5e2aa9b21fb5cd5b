//! Device memory at addresses of our choice: in the arena that the guest keeps free, where no address means two things.
//!
//! The arena is reserved with the driver as a whole. An allocation is a stretch of it with memory mapped there, on its context's
//! device; short ones share what is mapped at once, which is kept for a while when none is left: mapping and unmapping cost as
//! much as a hundred launches. Where a driver has no such functions, or has the addresses itself, memory is
//! where it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use parking_lot::Mutex;
use vgpu_core::abi::{
    CUdevice_attribute_enum as Attribute, CUmemAccess_flags, CUmemAccessDesc, CUmemAllocationProp, CUmemAllocationType,
    CUmemLocation, CUmemLocationType,
};
use vgpu_core::host::FreeRanges;
use vgpu_core::window::Arena;
use vgpu_core::wire::ALLOCATION_ALIGN_BYTES;
use vgpu_core::{CuError, CuResult};

use crate::api::{Address, Api};
use crate::context::log_failure;

/// What is mapped at once for short allocations: those of up to half of it.
const SHARED_BYTES: u64 = 2 << 20;
/// So much at most stays mapped for short allocations to come.
const KEPT_MAX_BYTES: u64 = 16 << 20;

/// A driver that does not reserve so many addresses is asked for this part of them, down to the memory of a large device.
const RESERVE_PART: u64 = 4;
const RESERVE_MIN_BYTES: u64 = 256 << 30;

/// Where device memory is taken from.
pub(crate) struct Space {
    devices: Vec<i32>,
    /// The addresses that are for it, where the driver has not got them: nothing else of this process shall be there.
    placeholder: Mutex<Option<Arena>>,
    /// The reserved arena, since the first memory was asked for; `None` where the driver decides.
    reserved: OnceLock<Option<Reserved>>,
}

/// An arena that is reserved with the driver.
struct Reserved {
    range: Range<u64>,
    /// Memory is mapped in multiples of this.
    granularity: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where nothing is mapped.
    free: FreeRanges,
    blocks: BTreeMap<Address, Block>,
    /// What is mapped and free of each device, for short allocations, and those that there are, with their lengths.
    shared: BTreeMap<i32, FreeRanges>,
    parts: BTreeMap<Address, u64>,
    /// Shared blocks of which nothing is used.
    unused: BTreeSet<Address>,
}

/// Memory that is mapped as one.
#[derive(Clone, Copy)]
struct Block {
    len_bytes: u64,
    handle: u64,
    device: i32,
}

impl Space {
    /// For memory of these devices. `placeholder` keeps the addresses for it, until the first memory is asked for.
    pub(crate) fn new(devices: &[i32], placeholder: Option<Arena>) -> Self {
        Self { devices: devices.to_vec(), placeholder: Mutex::new(placeholder), reserved: OnceLock::new() }
    }

    /// Reserves the arena, with a context current. That it was kept meanwhile does not matter to the driver, so long as it was
    /// free when that was started.
    fn reserve(&self, api: &Api) -> Option<Reserved> {
        let mut placeholder = self.placeholder.lock();
        let range = placeholder.as_ref()?.range();
        let mut granularities = self.devices.iter().map(|device| granularity(api, *device));
        let granularity = granularities.try_fold(SHARED_BYTES, |most, of_one| Some(most.max(of_one?)));
        let Some(granularity) = granularity else {
            log::info!("device memory lies where the driver puts it, which cannot map it elsewhere");
            return None;
        };
        // The driver maps what it reserves, and replaces nothing. No other mapping asks for addresses of an arena.
        *placeholder = None;
        match reserve(api, whole(&range.addresses(), granularity), granularity) {
            Ok(range) => {
                let state = State { free: FreeRanges::of(range.clone()), ..State::default() };
                Some(Reserved { range, granularity, state: Mutex::new(state) })
            }
            Err(reason) => {
                log::info!("device memory lies where the driver puts it: it does not reserve {range}: {reason}");
                // Somebody may be there by now, which is as good.
                *placeholder = Arena::at(range).ok();
                None
            }
        }
    }

    fn reserved(&self) -> Option<&Reserved> {
        self.reserved.get()?.as_ref()
    }

    /// Takes memory of a device whose context is current.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`, or the driver's.
    pub(crate) fn alloc(&self, api: &Api, device: i32, len_bytes: u64) -> CuResult<Address> {
        match self.reserved.get_or_init(|| self.reserve(api)) {
            Some(reserved) => match reserved.alloc(api, device, len_bytes) {
                Err(CuError::OUT_OF_MEMORY) if reserved.unmap_unused(api, 0) => reserved.alloc(api, device, len_bytes),
                taken => taken,
            },
            None => api.cuMemAlloc_v2(usize::try_from(len_bytes).map_err(|_| CuError::OUT_OF_MEMORY)?),
        }
    }

    /// So much of a device's memory is mapped, and free.
    pub(crate) fn kept_bytes(&self, device: i32) -> u64 {
        self.reserved().map_or(0, |reserved| reserved.state.lock().kept_bytes(device))
    }

    /// Whether there is anything to [let go](Self::let_go) of.
    pub(crate) fn keeps_any(&self) -> bool {
        self.reserved().is_some_and(|reserved| !reserved.state.lock().unused.is_empty())
    }

    /// Unmaps what is mapped and free.
    pub(crate) fn let_go(&self, api: &Api) {
        if let Some(reserved) = self.reserved() {
            reserved.unmap_unused(api, 0);
        }
    }

    /// Gives memory back that no work uses any more, if it shares what is mapped with other: that takes no call that could wait.
    /// Whether it does.
    pub(crate) fn free_part(&self, api: &Api, address: Address) -> bool {
        self.reserved().is_some_and(|reserved| reserved.free_part(api, address))
    }

    /// Gives memory back that no work uses any more; one of its contexts is current.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn free(&self, api: &Api, address: Address) -> CuResult {
        match self.reserved() {
            Some(reserved) if reserved.range.contains(&address) => reserved.free(api, address),
            _ => api.cuMemFree_v2(address),
        }
    }
}

impl Reserved {
    fn alloc(&self, api: &Api, device: i32, len_bytes: u64) -> CuResult<Address> {
        let len_bytes = len_bytes.checked_next_multiple_of(ALLOCATION_ALIGN_BYTES).ok_or(CuError::OUT_OF_MEMORY)?;
        if len_bytes > SHARED_BYTES / 2 {
            let len_bytes = len_bytes.checked_next_multiple_of(self.granularity).ok_or(CuError::OUT_OF_MEMORY)?;
            return self.map(api, device, len_bytes);
        }
        if let Some(address) = self.take_part(device, len_bytes) {
            return Ok(address);
        }
        let start = self.map(api, device, self.granularity)?;
        self.state.lock().shared.entry(device).or_default().give(start, self.granularity);
        self.take_part(device, len_bytes).ok_or(CuError::OUT_OF_MEMORY)
    }

    fn take_part(&self, device: i32, len_bytes: u64) -> Option<Address> {
        self.state.lock().take_part(device, len_bytes)
    }

    fn free(&self, api: &Api, address: Address) -> CuResult {
        if self.free_part(api, address) {
            return Ok(());
        }
        let block = self.state.lock().blocks.remove(&address);
        // One that does not go keeps its addresses.
        block.map_or(Ok(()), |block| self.unmap(api, address, block))
    }

    fn free_part(&self, api: &Api, address: Address) -> bool {
        let is_part = self.state.lock().free_part(address);
        if is_part {
            self.unmap_unused(api, KEPT_MAX_BYTES);
        }
        is_part
    }

    /// Unmaps shared blocks of which nothing is used, but for so many bytes; whether there was any.
    fn unmap_unused(&self, api: &Api, but_bytes: u64) -> bool {
        let unused = self.state.lock().take_unused(but_bytes);
        let is_any = !unused.is_empty();
        unused.into_iter().for_each(|(start, block)| log_failure("memory", self.unmap(api, start, block)));
        is_any
    }

    /// Maps memory somewhere.
    fn map(&self, api: &Api, device: i32, len_bytes: u64) -> CuResult<Address> {
        let start = self.state.lock().free.take(len_bytes).ok_or(CuError::OUT_OF_MEMORY)?;
        let mapped = self.map_at(api, device, start, len_bytes as usize);
        let mut state = self.state.lock();
        match mapped {
            Ok(handle) => drop(state.blocks.insert(start, Block { len_bytes, handle, device })),
            Err(_) => drop(state.free.give(start, len_bytes)),
        }
        mapped.map(|_| start)
    }

    fn map_at(&self, api: &Api, device: i32, start: Address, len: usize) -> CuResult<u64> {
        let properties = properties(device);
        let mut handle = 0;
        // SAFETY: the pointers are to locals.
        unsafe { api.cuMemCreate(&raw mut handle, len, &raw const properties, 0) }?;
        let mapped = api.cuMemMap(start, len, 0, handle, 0).and_then(|()| {
            let flags = CUmemAccess_flags::CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
            let access = CUmemAccessDesc { location: properties.location, flags };
            // SAFETY: the third argument leads to as many as are counted.
            let set = unsafe { api.cuMemSetAccess(start, len, &raw const access, 1) };
            set.inspect_err(|_| log_failure("mapped memory", api.cuMemUnmap(start, len)))
        });
        mapped.inspect_err(|_| log_failure("memory", api.cuMemRelease(handle)))?;
        Ok(handle)
    }

    fn unmap(&self, api: &Api, start: Address, block: Block) -> CuResult {
        let unmapped = api.cuMemUnmap(start, block.len_bytes as usize);
        let released = api.cuMemRelease(block.handle);
        unmapped?;
        self.state.lock().free.give(start, block.len_bytes);
        released
    }
}

impl State {
    fn take_part(&mut self, device: i32, len_bytes: u64) -> Option<Address> {
        let address = self.shared.get_mut(&device)?.take(len_bytes)?;
        self.parts.insert(address, len_bytes);
        let first = self.blocks.range(..=address).next_back().map_or(address, |(start, _)| *start);
        self.unused.extract_if(first..address + len_bytes, |_| true).for_each(drop);
        Some(address)
    }

    /// Gives back a part of shared blocks, if there is one at `address`.
    fn free_part(&mut self, address: Address) -> bool {
        let len_bytes = self.parts.remove(&address);
        len_bytes.inspect(|len_bytes| self.give_part(address, *len_bytes)).is_some()
    }

    fn give_part(&mut self, address: Address, len_bytes: u64) {
        let Some((first, block)) = self.blocks.range(..=address).next_back() else {
            return;
        };
        let free = self.shared.entry(block.device).or_default().give(address, len_bytes);
        let within = self.blocks.range(*first..address + len_bytes);
        let is_unused = |start: Address, block: &Block| free.start <= start && start + block.len_bytes <= free.end;
        self.unused.extend(within.filter(|(start, block)| is_unused(**start, block)).map(|(start, _)| *start));
    }

    /// Takes shared blocks out of which nothing is used, but for so many bytes.
    fn take_unused(&mut self, but_bytes: u64) -> Vec<(Address, Block)> {
        let mut kept_bytes = 0;
        let Self { unused, blocks, shared, .. } = self;
        let is_too_much = |start: &Address| {
            kept_bytes += blocks[start].len_bytes;
            kept_bytes > but_bytes
        };
        let too_much: Vec<Address> = unused.extract_if(.., is_too_much).collect();
        let taken = too_much.into_iter().filter_map(|start| Some((start, blocks.remove(&start)?)));
        taken
            .filter(|(start, block)| {
                shared.get_mut(&block.device).is_some_and(|shared| shared.take_at(*start, block.len_bytes))
            })
            .collect()
    }

    fn kept_bytes(&self, device: i32) -> u64 {
        self.unused
            .iter()
            .map(|start| &self.blocks[start])
            .filter(|block| block.device == device)
            .map(|block| block.len_bytes)
            .sum()
    }
}

/// Reserves these addresses, or at least the first of them: some drivers do not reserve so many.
///
/// # Errors
/// Why not, in words.
fn reserve(api: &Api, wanted: Range<u64>, granularity: u64) -> Result<Range<u64>, String> {
    let mut len_bytes = wanted.end - wanted.start;
    loop {
        let len = usize::try_from(len_bytes).map_err(|error| error.to_string())?;
        let reason = match api.cuMemAddressReserve(len, 0, wanted.start, 0) {
            Ok(start) if start == wanted.start => return Ok(start..start + len_bytes),
            Ok(elsewhere) => {
                log_failure("an arena", api.cuMemAddressFree(elsewhere, len));
                format!("{len:#x} bytes are to be had at {elsewhere:#x}")
            }
            Err(error) => format!("{error}, of {len:#x} bytes"),
        };
        len_bytes = len_bytes / RESERVE_PART / granularity * granularity;
        if len_bytes < RESERVE_MIN_BYTES {
            return Err(reason);
        }
    }
}

/// In what multiples memory of a device is mapped; `None` where that cannot be done.
fn granularity(api: &Api, device: i32) -> Option<u64> {
    let attribute = Attribute::CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED;
    let has_functions = api.has_virtual_memory() && api.cuDeviceGetAttribute(attribute.0, device).ok()? != 0;
    let (mut granularity, properties) = (0, properties(device));
    // CU_MEM_ALLOC_GRANULARITY_MINIMUM.
    // SAFETY: the pointers are to locals.
    let told = has_functions
        .then(|| unsafe { api.cuMemGetAllocationGranularity(&raw mut granularity, &raw const properties, 0) });
    told?.ok().map(|()| granularity as u64).filter(|granularity| granularity.is_power_of_two())
}

fn properties(device: i32) -> CUmemAllocationProp {
    let mut location = CUmemLocation { type_: CUmemLocationType::CU_MEM_LOCATION_TYPE_DEVICE, ..Default::default() };
    location.__bindgen_anon_1.id = device;
    CUmemAllocationProp { type_: CUmemAllocationType::CU_MEM_ALLOCATION_TYPE_PINNED, location, ..Default::default() }
}

/// What of a range can be mapped in multiples of that.
fn whole(range: &Range<u64>, granularity: u64) -> Range<u64> {
    let (start, end) = (range.start.next_multiple_of(granularity), range.end / granularity * granularity);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_which_nothing_is_used_are_kept_up_to_a_limit() {
        let mut state = State::default();
        let block = Block { len_bytes: 4096, handle: 1, device: 3 };
        state.blocks.extend([(0, block), (4096, block), (8192, Block { device: 4, ..block })]);
        state.shared.entry(3).or_default().give(0, 8192);
        state.shared.entry(4).or_default().give(8192, 4096);
        // The second part lies over the border of both blocks.
        let [first, second, third] = [4000, 200, 3992].map(|len| state.take_part(3, len).expect("room"));
        assert_eq!([first, second, third], [0, 4000, 4200]);
        assert_eq!(state.take_part(4, 4096), Some(8192));
        state.give_part(first, 4000);
        assert_eq!(state.kept_bytes(3), 0);
        state.give_part(second, 200);
        assert_eq!((state.kept_bytes(3), state.kept_bytes(4)), (4096, 0));
        state.give_part(third, 3992);
        assert_eq!(state.kept_bytes(3), 8192);
        // What is taken of them is not to go.
        assert_eq!(state.take_part(3, 10), Some(0));
        assert_eq!(state.kept_bytes(3), 4096);
        state.give_part(8192, 4096);
        let starts = |taken: Vec<(Address, Block)>| taken.into_iter().map(|(start, _)| start).collect::<Vec<_>>();
        assert_eq!(starts(state.take_unused(8191)), [8192]);
        assert_eq!(starts(state.take_unused(4096)), [0; 0]);
        assert_eq!(starts(state.take_unused(0)), [4096]);
        assert_eq!((state.kept_bytes(3), state.shared[&3].longest_bytes()), (0, 4096 - 10));
    }

    #[test]
    fn only_whole_multiples_are_mapped() {
        assert_eq!(whole(&(1..40), 8), 8..40);
        assert_eq!(whole(&(16..47), 8), 16..40);
        assert_eq!(whole(&(1..7), 8), 8..8);
    }
}
