//! Fills of device memory.

use std::ffi::c_uint;

use vgpu_core::CuResult;
use vgpu_core::abi::{CUdeviceptr, CUstream};
use vgpu_core::wire::messages::Fill;

use crate::api::id;
use crate::guest::copy;
use crate::guest::current;
use crate::guest::place::Return;
use crate::guest::stream::NULL;

/// `rows` is (pitch, height); a linear fill is one row.
fn fill(
    hStream: u64,
    done: Return,
    target: u64,
    element_bytes: u32,
    value: u32,
    width: usize,
    rows: (usize, usize),
) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, hStream)?;
    let (pitch, height) = (rows.0 as u64, rows.1 as u64);
    let message = Fill { stream: 0, element_bytes, target, pitch, value, reserved: 0, width: width as u64, height };
    copy::fill(process, &stream, message, done)
}

const ONE_ROW: (usize, usize) = (0, 1);

/// Fills device memory with a byte.
pub(crate) fn cuMemsetD8_v2(dstDevice: CUdeviceptr, uc: u8, N: usize) -> CuResult {
    fill(NULL, Return::WhenDone, dstDevice, 1, uc.into(), N, ONE_ROW)
}

/// Fills device memory with a 16-bit value.
pub(crate) fn cuMemsetD16_v2(dstDevice: CUdeviceptr, us: u16, N: usize) -> CuResult {
    fill(NULL, Return::WhenDone, dstDevice, 2, us.into(), N, ONE_ROW)
}

/// Fills device memory with a 32-bit value.
pub(crate) fn cuMemsetD32_v2(dstDevice: CUdeviceptr, ui: c_uint, N: usize) -> CuResult {
    fill(NULL, Return::WhenDone, dstDevice, 4, ui, N, ONE_ROW)
}

/// Queues a fill of device memory with a byte.
pub(crate) fn cuMemsetD8Async(dstDevice: CUdeviceptr, uc: u8, N: usize, hStream: CUstream) -> CuResult {
    fill(id(hStream), Return::WhenQueued, dstDevice, 1, uc.into(), N, ONE_ROW)
}

/// Queues a fill of device memory with a 16-bit value.
pub(crate) fn cuMemsetD16Async(dstDevice: CUdeviceptr, us: u16, N: usize, hStream: CUstream) -> CuResult {
    fill(id(hStream), Return::WhenQueued, dstDevice, 2, us.into(), N, ONE_ROW)
}

/// Queues a fill of device memory with a 32-bit value.
pub(crate) fn cuMemsetD32Async(dstDevice: CUdeviceptr, ui: c_uint, N: usize, hStream: CUstream) -> CuResult {
    fill(id(hStream), Return::WhenQueued, dstDevice, 4, ui, N, ONE_ROW)
}

/// Fills rows of device memory with a byte.
pub(crate) fn cuMemsetD2D8_v2(
    dstDevice: CUdeviceptr,
    dstPitch: usize,
    uc: u8,
    Width: usize,
    Height: usize,
) -> CuResult {
    fill(NULL, Return::WhenDone, dstDevice, 1, uc.into(), Width, (dstPitch, Height))
}

/// Fills rows of device memory with a 16-bit value.
pub(crate) fn cuMemsetD2D16_v2(
    dstDevice: CUdeviceptr,
    dstPitch: usize,
    us: u16,
    Width: usize,
    Height: usize,
) -> CuResult {
    fill(NULL, Return::WhenDone, dstDevice, 2, us.into(), Width, (dstPitch, Height))
}

/// Fills rows of device memory with a 32-bit value.
pub(crate) fn cuMemsetD2D32_v2(
    dstDevice: CUdeviceptr,
    dstPitch: usize,
    ui: c_uint,
    Width: usize,
    Height: usize,
) -> CuResult {
    fill(NULL, Return::WhenDone, dstDevice, 4, ui, Width, (dstPitch, Height))
}

/// Queues a fill of rows of device memory with a byte.
pub(crate) fn cuMemsetD2D8Async(
    dstDevice: CUdeviceptr,
    dstPitch: usize,
    uc: u8,
    Width: usize,
    Height: usize,
    hStream: CUstream,
) -> CuResult {
    fill(id(hStream), Return::WhenQueued, dstDevice, 1, uc.into(), Width, (dstPitch, Height))
}

/// Queues a fill of rows of device memory with a 16-bit value.
pub(crate) fn cuMemsetD2D16Async(
    dstDevice: CUdeviceptr,
    dstPitch: usize,
    us: u16,
    Width: usize,
    Height: usize,
    hStream: CUstream,
) -> CuResult {
    fill(id(hStream), Return::WhenQueued, dstDevice, 2, us.into(), Width, (dstPitch, Height))
}

/// Queues a fill of rows of device memory with a 32-bit value.
pub(crate) fn cuMemsetD2D32Async(
    dstDevice: CUdeviceptr,
    dstPitch: usize,
    ui: c_uint,
    Width: usize,
    Height: usize,
    hStream: CUstream,
) -> CuResult {
    fill(id(hStream), Return::WhenQueued, dstDevice, 4, ui, Width, (dstPitch, Height))
}
