//! Memory in pieces that are mapped at reserved addresses.

use std::ffi::{c_int, c_uint};
use std::fs;
use std::ops::Range;

use vgpu_core::abi::{CUmemAccessDesc, CUmemAllocationProp, CUmemAllocationType, CUmemLocation, CUmemLocationType};

use crate::call::{Address, In, Out, done, exports};
use crate::copies;
use crate::cuda::known_device;
use crate::state::{INVALID_VALUE, OUT_OF_MEMORY, Reach, State, Stretch};

/// What pieces are made in multiples of.
const GRANULARITY: usize = 2 << 20;
/// `CU_MEM_ACCESS_FLAGS_PROT_READWRITE`.
const READ_AND_WRITE: c_uint = 3;

/// A piece of a device's memory.
pub(crate) struct Piece {
    pub(crate) len: usize,
    device: c_int,
    /// Where it is mapped.
    at: Option<u64>,
}

/// What this process has mapped.
pub(crate) fn in_use() -> Vec<Range<u64>> {
    let maps = fs::read_to_string("/proc/self/maps").expect("a file of the system's");
    let hex = |text: &str| u64::from_str_radix(text, 16).expect("an address");
    let range = |line: &str| {
        let (start, rest) = line.split_once('-').expect("a range");
        hex(start)..hex(rest.split(' ').next().expect("its end"))
    };
    maps.lines().map(range).collect()
}

exports! {
    fn cuMemAddressReserve(address: Out<u64>, len: usize, alignment: usize, wanted: u64, flags: u64) shows(
        len, alignment, flags
    ) [state] {
        if len == 0 || !len.is_multiple_of(GRANULARITY) {
            return Err(INVALID_VALUE);
        }
        // On an H200, driver 580 never gives what was in use when it was started.
        let overlaps = |found: &Range<u64>| found.start < wanted + len as u64 && wanted < found.end;
        let wanted = if state.reserves_elsewhere || state.found_in_use.iter().any(overlaps) { 0 } else { wanted };
        let start = map(wanted, len, libc::PROT_NONE, libc::MAP_FIXED_NOREPLACE);
        let start = start.or_else(|| map(0, len, libc::PROT_NONE, 0)).ok_or(OUT_OF_MEMORY)?;
        state.reserved.push((start, len));
        address.put(start);
        done()
    }
    fn cuMemAddressFree(start: u64, len: usize) shows(len) [state] {
        if state.pieces.values().any(|piece| piece.at.is_some_and(|at| (start..start + len as u64).contains(&at))) {
            state.offence("addresses are given back where memory is mapped");
        }
        let at = state.reserved.iter().position(|reserved| *reserved == (start, len)).ok_or(INVALID_VALUE)?;
        state.reserved.remove(at);
        unmap(start, len);
        done()
    }
    fn cuMemGetAllocationGranularity(granularity: Out<usize>, properties: In<CUmemAllocationProp>, option: c_uint) shows(
        device_of(&properties.get().location), option
    ) [state] {
        check(state, &properties.get())?;
        granularity.put(GRANULARITY);
        done()
    }
    fn cuMemCreate(handle: Out<u64>, len: usize, properties: In<CUmemAllocationProp>, flags: u64) shows(
        len, device_of(&properties.get().location), flags
    ) [state] {
        check(state, &properties.get())?;
        if len == 0 || !len.is_multiple_of(GRANULARITY) {
            return Err(INVALID_VALUE);
        }
        copies::check_room(state, len)?;
        let number = state.count("piece") as u64;
        state.pieces.insert(number, Piece { len, device: device_of(&properties.get().location), at: None });
        handle.put(number);
        Ok(name(number))
    }
    fn cuMemRelease(handle: u64) shows(name(handle)) [state] {
        match state.pieces.remove(&handle) {
            None => return Err(INVALID_VALUE),
            Some(Piece { at: Some(_), .. }) => state.offence("memory is released where it is mapped"),
            Some(_) => {}
        }
        done()
    }
    fn cuMemMap(address: u64, len: usize, offset: usize, handle: u64, flags: u64) shows(len, offset, name(handle), flags) [state] {
        let range = address..address + len as u64;
        let is_reserved = state.reserved.iter().any(|(start, len)| *start <= range.start && range.end <= start + *len as u64);
        let overlaps = |piece: &Piece| piece.at.is_some_and(|at| at < range.end && range.start < at + piece.len as u64);
        if !is_reserved || state.pieces.values().any(overlaps) {
            state.offence("memory is mapped where nothing is reserved, or something is mapped");
            return Err(INVALID_VALUE);
        }
        let piece = state.pieces.get_mut(&handle).filter(|piece| piece.len == len && piece.at.is_none() && offset == 0);
        piece.ok_or(INVALID_VALUE)?.at = Some(address);
        done()
    }
    fn cuMemSetAccess(address: u64, len: usize, access: In<CUmemAccessDesc>, count: usize) shows(
        len, device_of(&access.get().location), access.get().flags.0, count
    ) [state] {
        let device = device_of(&access.get().location);
        let is_it = |piece: &Piece| piece.at == Some(address) && piece.len == len && piece.device == device;
        if !state.pieces.values().any(is_it) || access.get().flags.0 != READ_AND_WRITE || count != 1 {
            return Err(INVALID_VALUE);
        }
        map(address, len, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_FIXED).ok_or(OUT_OF_MEMORY)?;
        let name = format!("memory{}", state.count("memory"));
        state.memory.insert(address, Stretch { name: name.clone(), len, context: 0, reach: Reach::Device });
        Ok(name)
    }
    fn cuMemUnmap(address: Address, len: usize) [state] {
        let piece = state.pieces.values_mut().find(|piece| piece.at == Some(address.0) && piece.len == len);
        piece.ok_or(INVALID_VALUE)?.at = None;
        state.memory.remove(&address.0);
        map(address.0, len, libc::PROT_NONE, libc::MAP_FIXED).ok_or(OUT_OF_MEMORY)?;
        done()
    }
}

fn name(handle: u64) -> String {
    format!("piece{handle}")
}

/// The names of all pieces.
pub(crate) fn living(state: &State) -> impl Iterator<Item = String> {
    state.pieces.keys().map(|handle| name(*handle))
}

/// Gives all addresses back.
pub(crate) fn forget(state: &State) {
    state.reserved.iter().for_each(|(start, len)| unmap(*start, *len));
}

fn device_of(location: &CUmemLocation) -> c_int {
    // SAFETY: every variant begins with as many bytes.
    unsafe { location.__bindgen_anon_1.id }
}

/// Pieces are a device's own, and nothing else is asked of them.
fn check(state: &mut State, properties: &CUmemAllocationProp) -> Result<(), c_uint> {
    let is_pinned = properties.type_ == CUmemAllocationType::CU_MEM_ALLOCATION_TYPE_PINNED;
    let is_device = properties.location.type_ == CUmemLocationType::CU_MEM_LOCATION_TYPE_DEVICE;
    if !is_pinned || !is_device || properties.requestedHandleTypes.0 != 0 {
        return Err(INVALID_VALUE);
    }
    known_device(state, device_of(&properties.location))
}

fn map(address: u64, len: usize, protection: c_int, fixed: c_int) -> Option<u64> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | if address == 0 { 0 } else { fixed };
    let hint = std::ptr::without_provenance_mut(address as usize);
    // SAFETY: a new mapping, or one over addresses that are reserved here and hold nothing that is used.
    let start = unsafe { libc::mmap(hint, len, protection, flags, -1, 0) };
    (start != libc::MAP_FAILED).then(|| start.expose_provenance() as u64)
}

fn unmap(start: u64, len: usize) {
    // SAFETY: the addresses were reserved here, and whoever had something there has been told.
    unsafe { libc::munmap(std::ptr::with_exposed_provenance_mut(start as usize), len) };
}
