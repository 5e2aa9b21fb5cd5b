//! Arrays in the runtime's terms, turned into the driver's: channels, extents, rectangles with an array at an end.

use std::ffi::{c_uint, c_void};

use vgpu_core::abi::runtime::{
    cudaArray_const_t, cudaArray_t, cudaChannelFormatDesc, cudaChannelFormatKind as Kind, cudaExtent, cudaMemcpyKind,
};
use vgpu_core::abi::{CUDA_ARRAY3D_DESCRIPTOR, CUDA_MEMCPY2D, CUarray, CUarray_format as Format, CUmemorytype};
use vgpu_core::wire;

use crate::copy::{Direction, source_side, target_side};
use crate::driver as cu;
use crate::error::{RtError, RtResult};

/// The driver's format of such channels, and how many there are.
///
/// # Errors
/// `INVALID_CHANNEL_DESCRIPTOR`: channels are not alike, or there is no such format; `NOT_SUPPORTED`: it is not done.
pub(crate) fn format_of(channels: &cudaChannelFormatDesc) -> RtResult<(Format, c_uint)> {
    let &cudaChannelFormatDesc { x, y, z, w, f } = channels;
    let count = match (y, z, w) {
        (0, 0, 0) => 1,
        _ if y == x && (z, w) == (0, 0) => 2,
        _ if [y, z, w] == [x; 3] => 4,
        _ => return Err(RtError::INVALID_CHANNEL_DESCRIPTOR),
    };
    let format = match (f, x) {
        (Kind::cudaChannelFormatKindUnsigned, 8) => Format::CU_AD_FORMAT_UNSIGNED_INT8,
        (Kind::cudaChannelFormatKindUnsigned, 16) => Format::CU_AD_FORMAT_UNSIGNED_INT16,
        (Kind::cudaChannelFormatKindUnsigned, 32) => Format::CU_AD_FORMAT_UNSIGNED_INT32,
        (Kind::cudaChannelFormatKindSigned, 8) => Format::CU_AD_FORMAT_SIGNED_INT8,
        (Kind::cudaChannelFormatKindSigned, 16) => Format::CU_AD_FORMAT_SIGNED_INT16,
        (Kind::cudaChannelFormatKindSigned, 32) => Format::CU_AD_FORMAT_SIGNED_INT32,
        (Kind::cudaChannelFormatKindFloat, 16) => Format::CU_AD_FORMAT_HALF,
        (Kind::cudaChannelFormatKindFloat, 32) => Format::CU_AD_FORMAT_FLOAT,
        (
            Kind::cudaChannelFormatKindUnsigned
            | Kind::cudaChannelFormatKindSigned
            | Kind::cudaChannelFormatKindFloat
            | Kind::cudaChannelFormatKindNone,
            _,
        ) => return Err(RtError::INVALID_CHANNEL_DESCRIPTOR),
        _ => return Err(RtError::NOT_SUPPORTED),
    };
    Ok((format, count))
}

/// The channels of a driver's format.
pub(crate) fn channels_of(format: Format, count: c_uint) -> cudaChannelFormatDesc {
    let f = match format {
        Format::CU_AD_FORMAT_SIGNED_INT8 | Format::CU_AD_FORMAT_SIGNED_INT16 | Format::CU_AD_FORMAT_SIGNED_INT32 => {
            Kind::cudaChannelFormatKindSigned
        }
        Format::CU_AD_FORMAT_HALF | Format::CU_AD_FORMAT_FLOAT => Kind::cudaChannelFormatKindFloat,
        _ => Kind::cudaChannelFormatKindUnsigned,
    };
    let bits = wire::channel_bytes(format.0).map_or(0, |bytes| 8 * bytes).cast_signed();
    let channel = |number: c_uint| if number < count { bits } else { 0 };
    cudaChannelFormatDesc { x: channel(0), y: channel(1), z: channel(2), w: channel(3), f }
}

/// The driver's description of an array.
///
/// # Errors
/// As [`format_of`].
pub(crate) fn describe(
    channels: &cudaChannelFormatDesc,
    extent: cudaExtent,
    flags: c_uint,
) -> RtResult<CUDA_ARRAY3D_DESCRIPTOR> {
    let (format, count) = format_of(channels)?;
    Ok(CUDA_ARRAY3D_DESCRIPTOR {
        Width: extent.width,
        Height: extent.height,
        Depth: extent.depth,
        Format: format,
        NumChannels: count,
        Flags: flags,
    })
}

/// What an array was made of.
///
/// # Errors
/// The driver's.
pub(crate) fn description_of(array: cudaArray_const_t) -> RtResult<CUDA_ARRAY3D_DESCRIPTOR> {
    let mut descriptor = CUDA_ARRAY3D_DESCRIPTOR::default();
    cu::cuArray3DGetDescriptor_v2(&mut descriptor, handle(array))?;
    Ok(descriptor)
}

/// Bytes of an array's texel.
///
/// # Errors
/// The driver's.
pub(crate) fn texel_bytes(array: cudaArray_const_t) -> RtResult<usize> {
    let found = description_of(array)?;
    Ok(wire::texel_bytes(found.Format.0, found.NumChannels)? as usize)
}

fn handle(array: cudaArray_const_t) -> CUarray {
    array.cast_mut().cast()
}

/// One end of a rectangle.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// Bytes and rows into an array.
    Array(cudaArray_const_t, usize, usize),
    /// Memory, and the pitch of its rows.
    Memory(*mut c_void, usize),
}

impl End {
    pub(crate) fn into_array(array: cudaArray_t, x: usize, y: usize) -> Self {
        Self::Array(array.cast_const(), x, y)
    }
}

/// Rows with an array at an end or both; widths in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Rectangle {
    pub(crate) target: End,
    pub(crate) source: End,
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
        let mut copy = CUDA_MEMCPY2D { WidthInBytes: self.width, Height: self.height, ..CUDA_MEMCPY2D::default() };
        match self.source {
            End::Array(array, x, y) => {
                copy.srcMemoryType = CUmemorytype::CU_MEMORYTYPE_ARRAY;
                (copy.srcArray, copy.srcXInBytes, copy.srcY) = (handle(array), x, y);
            }
            End::Memory(address, pitch) => {
                self.check_pitch(pitch)?;
                copy.srcMemoryType = source_type;
                (copy.srcHost, copy.srcDevice) = source_side(source_type, address);
                copy.srcPitch = pitch;
            }
        }
        match self.target {
            End::Array(array, x, y) => {
                copy.dstMemoryType = CUmemorytype::CU_MEMORYTYPE_ARRAY;
                (copy.dstArray, copy.dstXInBytes, copy.dstY) = (handle(array), x, y);
            }
            End::Memory(address, pitch) => {
                self.check_pitch(pitch)?;
                copy.dstMemoryType = target_type;
                (copy.dstHost, copy.dstDevice) = target_side(target_type, address);
                copy.dstPitch = pitch;
            }
        }
        Ok(Some(copy))
    }

    fn check_pitch(&self, pitch: usize) -> RtResult {
        if self.height > 1 && self.width > pitch { Err(RtError::INVALID_PITCH_VALUE) } else { Ok(()) }
    }
}

/// The rectangles that `count` bytes of an array are, from a place in it on: a part of a row, whole rows, a part of a row. Each
/// comes with how many bytes are before it.
///
/// # Errors
/// `INVALID_VALUE`: the array does not hold so many; the driver's.
pub(crate) fn stretch(
    array: cudaArray_const_t,
    (x, y): (usize, usize),
    count: usize,
) -> RtResult<Vec<(usize, End, (usize, usize))>> {
    let row_bytes = texel_bytes(array)?.checked_mul(description_of(array)?.Width).ok_or(RtError::INVALID_VALUE)?;
    if x >= row_bytes && count > 0 {
        return Err(RtError::INVALID_VALUE);
    }
    let mut pieces = Vec::new();
    let (mut x, mut y, mut done) = (x, y, 0);
    while done < count {
        let left = count - done;
        let (width, height) = match (x, left / row_bytes) {
            (0, whole) if whole > 0 => (row_bytes, whole),
            _ => (left.min(row_bytes - x), 1),
        };
        pieces.push((done, End::Array(array, x, y), (width, height)));
        done += width * height;
        (x, y) = (0, y.checked_add(height).ok_or(RtError::INVALID_VALUE)?);
    }
    Ok(pieces)
}

/// The same for bytes that stand `skipped` bytes behind that place.
///
/// # Errors
/// As [`stretch`].
pub(crate) fn stretch_behind(
    array: cudaArray_const_t,
    (x, y): (usize, usize),
    skipped: usize,
    count: usize,
) -> RtResult<Vec<(usize, End, (usize, usize))>> {
    let row_bytes = texel_bytes(array)?.checked_mul(description_of(array)?.Width).ok_or(RtError::INVALID_VALUE)?;
    let place = x.checked_add(skipped).ok_or(RtError::INVALID_VALUE)?;
    let row = y.checked_add(place / row_bytes.max(1)).ok_or(RtError::INVALID_VALUE)?;
    stretch(array, (place % row_bytes.max(1), row), count)
}
