//! Stream-ordered allocation.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::CUmemPool_attribute;
use vgpu_core::abi::runtime::{cudaMemPool_t, cudaMemPoolAttr, cudaStream_t};
use vgpu_core::ffi::Out;

use crate::error::RtResult;
use crate::pointer::{address, pointer};
use crate::{current, driver as cu};

pub(crate) fn cudaMallocAsync(devPtr: Out<*mut c_void>, size: usize, hStream: cudaStream_t) -> RtResult {
    current::context()?;
    let mut allocated = 0;
    if size > 0 {
        cu::cuMemAllocAsync(&mut allocated, size, hStream)?;
    }
    devPtr.write(pointer(allocated));
    Ok(())
}

pub(crate) fn cudaMallocFromPoolAsync(
    ptr: Out<*mut c_void>,
    size: usize,
    memPool: cudaMemPool_t,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    let mut allocated = 0;
    if size > 0 {
        cu::cuMemAllocFromPoolAsync(&mut allocated, size, memPool, stream)?;
    }
    ptr.write(pointer(allocated));
    Ok(())
}

pub(crate) unsafe fn cudaFreeAsync(devPtr: *mut c_void, hStream: cudaStream_t) -> RtResult {
    current::context()?;
    if devPtr.is_null() { Ok(()) } else { cu::cuMemFreeAsync(address(devPtr), hStream) }
}

pub(crate) fn cudaDeviceGetDefaultMemPool(memPool: Out<cudaMemPool_t>, device: c_int) -> RtResult {
    let mut pool = null_mut();
    cu::cuDeviceGetDefaultMemPool(&mut pool, current::device_of(device)?)?;
    memPool.write(pool);
    Ok(())
}

pub(crate) fn cudaDeviceGetMemPool(memPool: Out<cudaMemPool_t>, device: c_int) -> RtResult {
    let mut pool = null_mut();
    cu::cuDeviceGetMemPool(&mut pool, current::device_of(device)?)?;
    memPool.write(pool);
    Ok(())
}

pub(crate) fn cudaDeviceSetMemPool(device: c_int, memPool: cudaMemPool_t) -> RtResult {
    cu::cuDeviceSetMemPool(current::device_of(device)?, memPool)
}

pub(crate) fn cudaMemPoolTrimTo(memPool: cudaMemPool_t, minBytesToKeep: usize) -> RtResult {
    cu::init()?;
    cu::cuMemPoolTrimTo(memPool, minBytesToKeep)
}

pub(crate) fn cudaMemPoolDestroy(memPool: cudaMemPool_t) -> RtResult {
    cu::init()?;
    cu::cuMemPoolDestroy(memPool)
}

/// Attributes have the same numbers in both libraries, and each says the type behind `value`.
pub(crate) unsafe fn cudaMemPoolGetAttribute(
    memPool: cudaMemPool_t,
    attr: cudaMemPoolAttr,
    value: *mut c_void,
) -> RtResult {
    cu::init()?;
    // SAFETY: the caller's value is passed through.
    unsafe { cu::cuMemPoolGetAttribute(memPool, CUmemPool_attribute(attr.0), value) }
}

pub(crate) unsafe fn cudaMemPoolSetAttribute(
    memPool: cudaMemPool_t,
    attr: cudaMemPoolAttr,
    value: *mut c_void,
) -> RtResult {
    cu::init()?;
    // SAFETY: the caller's value is passed through.
    unsafe { cu::cuMemPoolSetAttribute(memPool, CUmemPool_attribute(attr.0), value) }
}
