//! Memory: allocation, pinned and managed memory, symbols' addresses.

use std::ffi::{c_uint, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{cudaExtent, cudaPitchedPtr};
use vgpu_core::ffi::Out;

use crate::error::{RtError, RtResult};
use crate::pointer::{address, pointer};
use crate::{current, driver as cu, registry};

/// Elements of up to this many bytes are read from a pitched row in one access.
const PITCH_ELEMENT_BYTES: c_uint = 4;

/// No bytes are no memory: a null pointer and success.
pub(crate) fn cudaMalloc(devPtr: Out<*mut c_void>, size: usize) -> RtResult {
    current::context()?;
    let mut allocated = 0;
    if size > 0 {
        cu::cuMemAlloc_v2(&mut allocated, size)?;
    }
    devPtr.write(pointer(allocated));
    Ok(())
}

/// Null is nothing to free; programs use it to open the context.
pub(crate) unsafe fn cudaFree(devPtr: *mut c_void) -> RtResult {
    current::context()?;
    if devPtr.is_null() { Ok(()) } else { cu::cuMemFree_v2(address(devPtr)) }
}

/// `width` in bytes.
pub(crate) fn cudaMallocPitch(devPtr: Out<*mut c_void>, pitch: Out<usize>, width: usize, height: usize) -> RtResult {
    let (allocated, found) = pitched(width, height)?;
    devPtr.write(allocated);
    pitch.write(found);
    Ok(())
}

/// Rows of all slices lie one after another.
pub(crate) fn cudaMalloc3D(pitchedDevPtr: Out<cudaPitchedPtr>, extent: cudaExtent) -> RtResult {
    let rows = extent.height.checked_mul(extent.depth).ok_or(RtError::INVALID_VALUE)?;
    let (ptr, pitch) = pitched(extent.width, rows)?;
    pitchedDevPtr.write(cudaPitchedPtr { ptr, pitch, xsize: extent.width, ysize: extent.height });
    Ok(())
}

fn pitched(width: usize, height: usize) -> RtResult<(*mut c_void, usize)> {
    current::context()?;
    let (mut allocated, mut pitch) = (0, 0);
    if width > 0 && height > 0 {
        cu::cuMemAllocPitch_v2(&mut allocated, &mut pitch, width, height, PITCH_ELEMENT_BYTES)?;
    }
    Ok((pointer(allocated), pitch))
}

pub(crate) fn cudaMallocHost(ptr: Out<*mut c_void>, size: usize) -> RtResult {
    cudaHostAlloc(ptr, size, 0)
}

/// The flags have the driver's bits.
pub(crate) fn cudaHostAlloc(pHost: Out<*mut c_void>, size: usize, flags: c_uint) -> RtResult {
    current::context()?;
    let mut allocated = null_mut();
    if size > 0 {
        cu::cuMemHostAlloc(&mut allocated, size, flags)?;
    }
    pHost.write(allocated);
    Ok(())
}

pub(crate) unsafe fn cudaFreeHost(ptr: *mut c_void) -> RtResult {
    current::context()?;
    if ptr.is_null() {
        return Ok(());
    }
    // SAFETY: the driver checks the address against its own allocations.
    unsafe { cu::cuMemFreeHost(ptr) }
}

pub(crate) unsafe fn cudaHostRegister(ptr: *mut c_void, size: usize, flags: c_uint) -> RtResult {
    current::context()?;
    // SAFETY: the caller's memory is passed through.
    unsafe { cu::cuMemHostRegister_v2(ptr, size, flags) }
}

pub(crate) unsafe fn cudaHostUnregister(ptr: *mut c_void) -> RtResult {
    current::context()?;
    // SAFETY: the driver checks the address against what is registered.
    unsafe { cu::cuMemHostUnregister(ptr) }
}

pub(crate) unsafe fn cudaHostGetDevicePointer(
    pDevice: Out<*mut c_void>,
    pHost: *mut c_void,
    flags: c_uint,
) -> RtResult {
    current::context()?;
    let mut device = 0;
    // SAFETY: the driver looks the address up and does not follow it.
    unsafe { cu::cuMemHostGetDevicePointer_v2(&mut device, pHost, flags) }?;
    pDevice.write(pointer(device));
    Ok(())
}

pub(crate) unsafe fn cudaHostGetFlags(pFlags: Out<c_uint>, pHost: *mut c_void) -> RtResult {
    current::context()?;
    let mut flags = 0;
    // SAFETY: as above.
    unsafe { cu::cuMemHostGetFlags(&mut flags, pHost) }?;
    pFlags.write(flags);
    Ok(())
}

/// `flags` says who may use the memory at first: 1 any stream, 2 the host.
pub(crate) fn cudaMallocManaged(devPtr: Out<*mut c_void>, size: usize, flags: c_uint) -> RtResult {
    current::context()?;
    if size == 0 || !matches!(flags, 1 | 2) {
        return Err(RtError::INVALID_VALUE);
    }
    let mut allocated = 0;
    cu::cuMemAllocManaged(&mut allocated, size, flags)?;
    devPtr.write(pointer(allocated));
    Ok(())
}

pub(crate) fn cudaMemGetInfo(free: Out<usize>, total: Out<usize>) -> RtResult {
    current::context()?;
    let (mut free_bytes, mut total_bytes) = (0, 0);
    cu::cuMemGetInfo_v2(&mut free_bytes, &mut total_bytes)?;
    free.write(free_bytes);
    total.write(total_bytes);
    Ok(())
}

pub(crate) unsafe fn cudaGetSymbolAddress(devPtr: Out<*mut c_void>, symbol: *const c_void) -> RtResult {
    let (found, _) = registry::variable(symbol, current::context()?)?;
    devPtr.write(pointer(found));
    Ok(())
}

pub(crate) unsafe fn cudaGetSymbolSize(size: Out<usize>, symbol: *const c_void) -> RtResult {
    let (_, bytes) = registry::variable(symbol, current::context()?)?;
    size.write(bytes);
    Ok(())
}
