//! Copies.

use std::ffi::{c_int, c_void};

use vgpu_core::abi::CUcontext;
use vgpu_core::abi::runtime::{cudaMemcpy3DParms, cudaMemcpy3DPeerParms, cudaMemcpyKind, cudaStream_t};
use vgpu_core::ffi::In;

use crate::copy::{self, Direction, Rectangle};
use crate::error::{RtError, RtResult};
use crate::pointer::{address, pointer};
use crate::{current, driver as cu, registry};

pub(crate) unsafe fn cudaMemcpy(dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind) -> RtResult {
    // SAFETY: the caller's memory is passed through.
    unsafe { copy::linear(dst, src, count, kind) }
}

pub(crate) unsafe fn cudaMemcpyAsync(
    dst: *mut c_void,
    src: *const c_void,
    count: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    // SAFETY: the caller's memory is passed through.
    unsafe { copy::linear_async(dst, src, count, kind, stream) }
}

pub(crate) unsafe fn cudaMemcpy2D(
    dst: *mut c_void,
    dpitch: usize,
    src: *const c_void,
    spitch: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    current::context()?;
    let rectangle = Rectangle { target: dst, target_pitch: dpitch, source: src, source_pitch: spitch, width, height };
    match rectangle.describe(kind)? {
        // SAFETY: the caller's memory is passed through.
        Some(copy) => unsafe { cu::cuMemcpy2DUnaligned_v2(&copy) },
        None => Ok(()),
    }
}

pub(crate) unsafe fn cudaMemcpy2DAsync(
    dst: *mut c_void,
    dpitch: usize,
    src: *const c_void,
    spitch: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    let rectangle = Rectangle { target: dst, target_pitch: dpitch, source: src, source_pitch: spitch, width, height };
    match rectangle.describe(kind)? {
        // SAFETY: the caller's memory is passed through.
        Some(copy) => unsafe { cu::cuMemcpy2DAsync_v2(&copy, stream) },
        None => Ok(()),
    }
}

pub(crate) fn cudaMemcpy3D(p: In<cudaMemcpy3DParms>) -> RtResult {
    current::context()?;
    match copy::describe_box(p.get())? {
        // SAFETY: the caller's memory is passed through.
        Some(copy) => unsafe { cu::cuMemcpy3D_v2(&copy) },
        None => Ok(()),
    }
}

pub(crate) fn cudaMemcpy3DAsync(p: In<cudaMemcpy3DParms>, stream: cudaStream_t) -> RtResult {
    current::context()?;
    match copy::describe_box(p.get())? {
        // SAFETY: the caller's memory is passed through.
        Some(copy) => unsafe { cu::cuMemcpy3DAsync_v2(&copy, stream) },
        None => Ok(()),
    }
}

pub(crate) fn cudaMemcpy3DPeer(p: In<cudaMemcpy3DPeerParms>) -> RtResult {
    current::context()?;
    match copy::describe_peer_box(p.get())? {
        // SAFETY: both sides are device memory, which the driver checks.
        Some(copy) => unsafe { cu::cuMemcpy3DPeer(&copy) },
        None => Ok(()),
    }
}

pub(crate) fn cudaMemcpy3DPeerAsync(p: In<cudaMemcpy3DPeerParms>, stream: cudaStream_t) -> RtResult {
    current::context()?;
    match copy::describe_peer_box(p.get())? {
        // SAFETY: as above.
        Some(copy) => unsafe { cu::cuMemcpy3DPeerAsync(&copy, stream) },
        None => Ok(()),
    }
}

pub(crate) unsafe fn cudaMemcpyPeer(
    dst: *mut c_void,
    dstDevice: c_int,
    src: *const c_void,
    srcDevice: c_int,
    count: usize,
) -> RtResult {
    let (target, source) = (primary(dstDevice)?, primary(srcDevice)?);
    current::context()?;
    // SAFETY: both sides are device memory, which the driver checks.
    unsafe { cu::cuMemcpyPeer(address(dst), target, address(src), source, count) }
}

pub(crate) unsafe fn cudaMemcpyPeerAsync(
    dst: *mut c_void,
    dstDevice: c_int,
    src: *const c_void,
    srcDevice: c_int,
    count: usize,
    stream: cudaStream_t,
) -> RtResult {
    let (target, source) = (primary(dstDevice)?, primary(srcDevice)?);
    current::context()?;
    // SAFETY: as above.
    unsafe { cu::cuMemcpyPeerAsync(address(dst), target, address(src), source, count, stream) }
}

fn primary(ordinal: c_int) -> RtResult<CUcontext> {
    current::primary(current::device_of(ordinal)?)
}

pub(crate) unsafe fn cudaMemcpyToSymbol(
    symbol: *const c_void,
    src: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let target = within_symbol(symbol, count, offset, kind, Direction::HostToDevice)?;
    // SAFETY: the caller's memory is passed through.
    unsafe { copy::linear(target, src, count, kind) }
}

pub(crate) unsafe fn cudaMemcpyToSymbolAsync(
    symbol: *const c_void,
    src: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    let target = within_symbol(symbol, count, offset, kind, Direction::HostToDevice)?;
    // SAFETY: as above.
    unsafe { copy::linear_async(target, src, count, kind, stream) }
}

pub(crate) unsafe fn cudaMemcpyFromSymbol(
    dst: *mut c_void,
    symbol: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let source = within_symbol(symbol, count, offset, kind, Direction::DeviceToHost)?;
    // SAFETY: as above.
    unsafe { copy::linear(dst, source, count, kind) }
}

pub(crate) unsafe fn cudaMemcpyFromSymbolAsync(
    dst: *mut c_void,
    symbol: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    let source = within_symbol(symbol, count, offset, kind, Direction::DeviceToHost)?;
    // SAFETY: as above.
    unsafe { copy::linear_async(dst, source, count, kind, stream) }
}

/// The address `offset` bytes into a symbol.
///
/// # Errors
/// `INVALID_MEMCPY_DIRECTION`: the kind is neither `direction`, nor within the device, nor inferred;
/// `INVALID_VALUE`: the copy would leave the symbol; `INVALID_SYMBOL`.
pub(crate) fn within_symbol(
    symbol: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
    direction: Direction,
) -> RtResult<*mut c_void> {
    let asked = Direction::from_kind(kind)?;
    if ![direction, Direction::DeviceToDevice, Direction::Inferred].contains(&asked) {
        return Err(RtError::INVALID_MEMCPY_DIRECTION);
    }
    let (start, bytes) = registry::variable(symbol, current::context()?)?;
    match offset.checked_add(count) {
        Some(end) if end <= bytes => Ok(pointer(start + offset as u64)),
        _ => Err(RtError::INVALID_VALUE),
    }
}
