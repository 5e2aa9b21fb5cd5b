//! Copies between arrays and linear memory, by bytes from the start of a one-dimensional array.

use std::ffi::c_void;

use vgpu_core::CuResult;
use vgpu_core::abi::{CUDA_MEMCPY2D, CUarray, CUdeviceptr, CUmemorytype, CUstream};

use super::boxes::copy_box;
use crate::api::id;
use crate::guest::box3::Box3;
use crate::guest::place::Return;
use crate::guest::stream::NULL;

/// One end of such a copy.
#[derive(Clone, Copy)]
enum End {
    Array(CUarray, usize),
    Device(CUdeviceptr),
    Host(*mut c_void),
}

fn copy(target: End, source: End, bytes: usize, stream: u64, done: Return) -> CuResult {
    let mut row = CUDA_MEMCPY2D { WidthInBytes: bytes, Height: 1, ..CUDA_MEMCPY2D::default() };
    match target {
        End::Array(array, offset) => {
            (row.dstMemoryType, row.dstArray, row.dstXInBytes) = (CUmemorytype::CU_MEMORYTYPE_ARRAY, array, offset);
        }
        End::Device(address) => (row.dstMemoryType, row.dstDevice) = (CUmemorytype::CU_MEMORYTYPE_DEVICE, address),
        End::Host(address) => (row.dstMemoryType, row.dstHost) = (CUmemorytype::CU_MEMORYTYPE_HOST, address),
    }
    match source {
        End::Array(array, offset) => {
            (row.srcMemoryType, row.srcArray, row.srcXInBytes) = (CUmemorytype::CU_MEMORYTYPE_ARRAY, array, offset);
        }
        End::Device(address) => (row.srcMemoryType, row.srcDevice) = (CUmemorytype::CU_MEMORYTYPE_DEVICE, address),
        End::Host(address) => (row.srcMemoryType, row.srcHost) = (CUmemorytype::CU_MEMORYTYPE_HOST, address),
    }
    copy_box(&Box3::from_2d(&row)?, stream, done)
}

/// Copies host memory to an array.
pub(crate) unsafe fn cuMemcpyHtoA_v2(
    dstArray: CUarray,
    dstOffset: usize,
    srcHost: *const c_void,
    ByteCount: usize,
) -> CuResult {
    let (to, from) = (End::Array(dstArray, dstOffset), End::Host(srcHost.cast_mut()));
    copy(to, from, ByteCount, NULL, Return::WhenDone)
}

/// Queues a copy of host memory to an array; pageable memory may be changed on return.
pub(crate) unsafe fn cuMemcpyHtoAAsync_v2(
    dstArray: CUarray,
    dstOffset: usize,
    srcHost: *const c_void,
    ByteCount: usize,
    hStream: CUstream,
) -> CuResult {
    let (to, from) = (End::Array(dstArray, dstOffset), End::Host(srcHost.cast_mut()));
    copy(to, from, ByteCount, id(hStream), Return::WhenQueued)
}

/// Copies an array to host memory.
pub(crate) unsafe fn cuMemcpyAtoH_v2(
    dstHost: *mut c_void,
    srcArray: CUarray,
    srcOffset: usize,
    ByteCount: usize,
) -> CuResult {
    copy(End::Host(dstHost), End::Array(srcArray, srcOffset), ByteCount, NULL, Return::WhenDone)
}

/// Queues a copy of an array to pinned memory; to pageable memory it returns when done.
pub(crate) unsafe fn cuMemcpyAtoHAsync_v2(
    dstHost: *mut c_void,
    srcArray: CUarray,
    srcOffset: usize,
    ByteCount: usize,
    hStream: CUstream,
) -> CuResult {
    copy(End::Host(dstHost), End::Array(srcArray, srcOffset), ByteCount, id(hStream), Return::WhenQueued)
}

/// Queues a copy of device memory to an array.
pub(crate) fn cuMemcpyDtoA_v2(
    dstArray: CUarray,
    dstOffset: usize,
    srcDevice: CUdeviceptr,
    ByteCount: usize,
) -> CuResult {
    copy(End::Array(dstArray, dstOffset), End::Device(srcDevice), ByteCount, NULL, Return::WhenDone)
}

/// Queues a copy of an array to device memory.
pub(crate) fn cuMemcpyAtoD_v2(
    dstDevice: CUdeviceptr,
    srcArray: CUarray,
    srcOffset: usize,
    ByteCount: usize,
) -> CuResult {
    copy(End::Device(dstDevice), End::Array(srcArray, srcOffset), ByteCount, NULL, Return::WhenDone)
}

/// Queues a copy of an array to another.
pub(crate) fn cuMemcpyAtoA_v2(
    dstArray: CUarray,
    dstOffset: usize,
    srcArray: CUarray,
    srcOffset: usize,
    ByteCount: usize,
) -> CuResult {
    copy(End::Array(dstArray, dstOffset), End::Array(srcArray, srcOffset), ByteCount, NULL, Return::WhenDone)
}
