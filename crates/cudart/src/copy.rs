//! Copies in the runtime's terms, turned into the driver's: directions, pitched rectangles, boxes.

use std::ffi::{c_int, c_void};

use vgpu_core::abi::runtime::{
    cudaArray, cudaExtent, cudaMemcpy3DParms, cudaMemcpy3DPeerParms, cudaMemcpyKind, cudaPitchedPtr, cudaPos,
    cudaStream_t,
};
use vgpu_core::abi::{CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUDA_MEMCPY3D_PEER, CUmemorytype};

use crate::array;
use crate::current;
use crate::driver as cu;
use crate::error::{RtError, RtResult};
use crate::pointer::address;
pub(crate) use crate::side::{Direction, source_side, target_side};

/// Copies `len_bytes` and returns when a program may rely on it.
///
/// # Safety
/// What lies on the host is valid for the copy.
pub(crate) unsafe fn linear(
    target: *mut c_void,
    source: *const c_void,
    len_bytes: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let direction = Direction::from_kind(kind)?;
    current::context()?;
    if len_bytes == 0 {
        return Ok(());
    }
    if target.is_null() || source.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    match direction {
        // SAFETY: the caller vouches for the host's side.
        Direction::HostToDevice => unsafe { cu::cuMemcpyHtoD_v2(address(target), source, len_bytes) },
        // SAFETY: as above.
        Direction::DeviceToHost => unsafe { cu::cuMemcpyDtoH_v2(target, address(source), len_bytes) },
        Direction::DeviceToDevice => cu::cuMemcpyDtoD_v2(address(target), address(source), len_bytes),
        // SAFETY: as above.
        Direction::HostToHost | Direction::Inferred => unsafe {
            cu::cuMemcpy(address(target), address(source), len_bytes)
        },
    }
}

/// Queues a copy of `len_bytes` on `stream`.
///
/// # Safety
/// What lies on the host is valid until the copy is done.
pub(crate) unsafe fn linear_async(
    target: *mut c_void,
    source: *const c_void,
    len_bytes: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    let direction = Direction::from_kind(kind)?;
    current::context()?;
    if len_bytes == 0 {
        return Ok(());
    }
    if target.is_null() || source.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    match direction {
        // SAFETY: the caller vouches for the host's side.
        Direction::HostToDevice => unsafe { cu::cuMemcpyHtoDAsync_v2(address(target), source, len_bytes, stream) },
        // SAFETY: as above.
        Direction::DeviceToHost => unsafe { cu::cuMemcpyDtoHAsync_v2(target, address(source), len_bytes, stream) },
        Direction::DeviceToDevice => cu::cuMemcpyDtoDAsync_v2(address(target), address(source), len_bytes, stream),
        // SAFETY: as above.
        Direction::HostToHost | Direction::Inferred => unsafe {
            cu::cuMemcpyAsync(address(target), address(source), len_bytes, stream)
        },
    }
}

/// A rectangle of rows; pitches, width in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Rectangle {
    pub(crate) target: *mut c_void,
    pub(crate) target_pitch: usize,
    pub(crate) source: *const c_void,
    pub(crate) source_pitch: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Rectangle {
    /// The driver's description; `None` when there is nothing to copy.
    ///
    /// # Errors
    /// `INVALID_PITCH_VALUE`: rows are wider than a pitch; `INVALID_MEMCPY_DIRECTION`.
    pub(crate) fn describe(&self, kind: cudaMemcpyKind) -> RtResult<Option<CUDA_MEMCPY2D>> {
        let (source_type, target_type) = Direction::from_kind(kind)?.sides();
        if self.width == 0 || self.height == 0 {
            return Ok(None);
        }
        if self.width > self.target_pitch || self.width > self.source_pitch {
            return Err(RtError::INVALID_PITCH_VALUE);
        }
        // SAFETY: the struct holds integers and pointers, for which zero is a value.
        let mut copy: CUDA_MEMCPY2D = unsafe { std::mem::zeroed() };
        copy.srcMemoryType = source_type;
        (copy.srcHost, copy.srcDevice) = source_side(source_type, self.source);
        copy.srcPitch = self.source_pitch;
        copy.dstMemoryType = target_type;
        (copy.dstHost, copy.dstDevice) = target_side(target_type, self.target);
        copy.dstPitch = self.target_pitch;
        copy.WidthInBytes = self.width;
        copy.Height = self.height;
        Ok(Some(copy))
    }
}

/// The driver's description of a copy of a box; `None` when there is nothing to copy.
///
/// # Errors
/// `INVALID_MEMCPY_DIRECTION`; `INVALID_PITCH_VALUE`; `INVALID_VALUE`: a side is an array and memory, or the sides have texels of
/// other lengths; what the driver says of an array.
pub(crate) fn describe_box(params: &cudaMemcpy3DParms) -> RtResult<Option<CUDA_MEMCPY3D>> {
    let (source_type, target_type) = Direction::from_kind(params.kind)?.sides();
    let element_bytes = element_bytes(params)?;
    let extent = params.extent;
    if is_empty(extent) {
        return Ok(None);
    }
    let width = extent.width.checked_mul(element_bytes).ok_or(RtError::INVALID_VALUE)?;
    let in_bytes = cudaExtent { width, ..extent };
    let along = |x: usize| x.checked_mul(element_bytes).ok_or(RtError::INVALID_VALUE);
    // SAFETY: the struct holds integers and pointers, for which zero is a value.
    let mut copy: CUDA_MEMCPY3D = unsafe { std::mem::zeroed() };
    (copy.srcXInBytes, copy.srcY, copy.srcZ) = (params.srcPos.x, params.srcPos.y, params.srcPos.z);
    (copy.dstXInBytes, copy.dstY, copy.dstZ) = (params.dstPos.x, params.dstPos.y, params.dstPos.z);
    if params.srcArray.is_null() {
        check_pitch(&params.srcPtr, params.srcPos, in_bytes)?;
        copy.srcMemoryType = source_type;
        (copy.srcHost, copy.srcDevice) = source_side(source_type, params.srcPtr.ptr);
        (copy.srcPitch, copy.srcHeight) = (params.srcPtr.pitch, params.srcPtr.ysize);
    } else {
        copy.srcMemoryType = CUmemorytype::CU_MEMORYTYPE_ARRAY;
        (copy.srcArray, copy.srcXInBytes) = (params.srcArray.cast(), along(params.srcPos.x)?);
    }
    if params.dstArray.is_null() {
        check_pitch(&params.dstPtr, params.dstPos, in_bytes)?;
        copy.dstMemoryType = target_type;
        (copy.dstHost, copy.dstDevice) = target_side(target_type, params.dstPtr.ptr);
        (copy.dstPitch, copy.dstHeight) = (params.dstPtr.pitch, params.dstPtr.ysize);
    } else {
        copy.dstMemoryType = CUmemorytype::CU_MEMORYTYPE_ARRAY;
        (copy.dstArray, copy.dstXInBytes) = (params.dstArray.cast(), along(params.dstPos.x)?);
    }
    (copy.WidthInBytes, copy.Height, copy.Depth) = (width, extent.height, extent.depth);
    Ok(Some(copy))
}

/// How many bytes the extent's unit has: a texel of the arrays that take part.
fn element_bytes(params: &cudaMemcpy3DParms) -> RtResult<usize> {
    let is_twice = |array: *mut _, memory: &cudaPitchedPtr| !<*mut cudaArray>::is_null(array) && !memory.ptr.is_null();
    if is_twice(params.srcArray, &params.srcPtr) || is_twice(params.dstArray, &params.dstPtr) {
        return Err(RtError::INVALID_VALUE);
    }
    let mut found = None;
    for array in [params.srcArray, params.dstArray].into_iter().filter(|array| !array.is_null()) {
        let bytes = array::texel_bytes(array)?;
        if found.replace(bytes).is_some_and(|other| other != bytes) {
            return Err(RtError::INVALID_VALUE);
        }
    }
    Ok(found.unwrap_or(1))
}

/// The same for a copy between devices.
///
/// # Errors
/// As [`describe_box`], and what opening a device's context came to.
pub(crate) fn describe_peer_box(params: &cudaMemcpy3DPeerParms) -> RtResult<Option<CUDA_MEMCPY3D_PEER>> {
    if !params.srcArray.is_null() || !params.dstArray.is_null() {
        return Err(RtError::NOT_SUPPORTED);
    }
    let extent = params.extent;
    if is_empty(extent) {
        return Ok(None);
    }
    check_pitch(&params.srcPtr, params.srcPos, extent)?;
    check_pitch(&params.dstPtr, params.dstPos, extent)?;
    let primary = |ordinal: c_int| current::primary(current::device_of(ordinal)?);
    // SAFETY: the struct holds integers and pointers, for which zero is a value.
    let mut copy: CUDA_MEMCPY3D_PEER = unsafe { std::mem::zeroed() };
    copy.srcMemoryType = CUmemorytype::CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = address(params.srcPtr.ptr);
    copy.srcContext = primary(params.srcDevice)?;
    (copy.srcXInBytes, copy.srcY, copy.srcZ) = (params.srcPos.x, params.srcPos.y, params.srcPos.z);
    (copy.srcPitch, copy.srcHeight) = (params.srcPtr.pitch, params.srcPtr.ysize);
    copy.dstMemoryType = CUmemorytype::CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = address(params.dstPtr.ptr);
    copy.dstContext = primary(params.dstDevice)?;
    (copy.dstXInBytes, copy.dstY, copy.dstZ) = (params.dstPos.x, params.dstPos.y, params.dstPos.z);
    (copy.dstPitch, copy.dstHeight) = (params.dstPtr.pitch, params.dstPtr.ysize);
    (copy.WidthInBytes, copy.Height, copy.Depth) = (extent.width, extent.height, extent.depth);
    Ok(Some(copy))
}

/// A linear copy as a box of one row, which is what a graph's copy node holds.
pub(crate) fn one_row(
    target: *mut c_void,
    source: *const c_void,
    len_bytes: usize,
    kind: cudaMemcpyKind,
) -> cudaMemcpy3DParms {
    let row = |ptr| cudaPitchedPtr { ptr, pitch: len_bytes, xsize: len_bytes, ysize: 1 };
    let origin = cudaPos { x: 0, y: 0, z: 0 };
    cudaMemcpy3DParms {
        srcArray: std::ptr::null_mut(),
        srcPos: origin,
        srcPtr: row(source.cast_mut()),
        dstArray: std::ptr::null_mut(),
        dstPos: origin,
        dstPtr: row(target),
        extent: cudaExtent { width: len_bytes, height: 1, depth: 1 },
        kind,
    }
}

fn is_empty(extent: cudaExtent) -> bool {
    extent.width == 0 || extent.height == 0 || extent.depth == 0
}

fn check_pitch(side: &cudaPitchedPtr, at: cudaPos, extent: cudaExtent) -> RtResult {
    let end = at.x.checked_add(extent.width).ok_or(RtError::INVALID_VALUE)?;
    // A single row needs no pitch.
    let rows = extent.height > 1 || extent.depth > 1;
    if rows && end > side.pitch { Err(RtError::INVALID_PITCH_VALUE) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO_DEVICE: cudaMemcpyKind = cudaMemcpyKind::cudaMemcpyHostToDevice;

    fn at(address: usize) -> *mut c_void {
        std::ptr::without_provenance_mut(address)
    }

    fn rectangle(width: usize, height: usize) -> Rectangle {
        Rectangle { target: at(0x1000), target_pitch: 64, source: at(0x2000), source_pitch: 32, width, height }
    }

    #[test]
    fn an_unknown_kind_is_an_invalid_direction() {
        assert_eq!(Direction::from_kind(cudaMemcpyKind(5)), Err(RtError::INVALID_MEMCPY_DIRECTION));
    }

    #[test]
    fn a_rectangle_to_the_device_reads_the_host() {
        let copy = rectangle(32, 2).describe(TO_DEVICE).expect("it is valid").expect("it is not empty");
        assert_eq!((copy.srcHost as usize, copy.srcDevice, copy.dstDevice), (0x2000, 0, 0x1000));
        assert_eq!((copy.srcPitch, copy.dstPitch, copy.WidthInBytes, copy.Height), (32, 64, 32, 2));
    }

    #[test]
    fn rows_wider_than_a_pitch_are_refused() {
        assert_eq!(rectangle(33, 1).describe(TO_DEVICE).err(), Some(RtError::INVALID_PITCH_VALUE));
    }

    #[test]
    fn an_empty_rectangle_is_nothing_to_do() {
        assert!(rectangle(0, 9).describe(TO_DEVICE).expect("it is valid").is_none());
        assert!(rectangle(9, 0).describe(TO_DEVICE).expect("it is valid").is_none());
    }

    #[test]
    fn a_side_that_is_an_array_and_memory_is_refused() {
        let mut params = one_row(at(16), at(32), 8, TO_DEVICE);
        params.dstArray = std::ptr::without_provenance_mut(8);
        assert_eq!(describe_box(&params).err(), Some(RtError::INVALID_VALUE));
    }

    #[test]
    fn a_box_whose_rows_overrun_the_pitch_is_refused() {
        let mut params = one_row(at(16), at(32), 8, TO_DEVICE);
        params.extent.height = 2;
        params.srcPos.x = 1;
        assert_eq!(describe_box(&params).err(), Some(RtError::INVALID_PITCH_VALUE));
        params.srcPos.x = usize::MAX;
        assert_eq!(describe_box(&params).err(), Some(RtError::INVALID_VALUE));
    }

    #[test]
    fn one_row_keeps_addresses_and_length() {
        let copy = describe_box(&one_row(at(16), at(32), 8, TO_DEVICE)).expect("it is valid").expect("it is not empty");
        assert_eq!((copy.srcHost as usize, copy.dstDevice), (32, 16));
        assert_eq!((copy.WidthInBytes, copy.Height, copy.Depth), (8, 1, 1));
    }
}
