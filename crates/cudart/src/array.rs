//! Arrays in the runtime's terms, turned into the driver's: channels, extents, rectangles with an array at an end.

use std::ffi::{c_uint, c_void};

use vgpu_core::abi::runtime::{
    cudaArray_const_t, cudaArray_t, cudaChannelFormatDesc, cudaChannelFormatKind as Kind, cudaExtent, cudaMemcpyKind,
};
use vgpu_core::abi::{CUDA_ARRAY3D_DESCRIPTOR, CUDA_MEMCPY2D, CUarray, CUarray_format as Format, CUmemorytype};
use vgpu_core::wire;

use crate::driver as cu;
use crate::error::{RtError, RtResult};
use crate::side::{Direction, source_side, target_side};

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

/// Bytes of an array from a place within a row on, over the next rows.
#[derive(Clone, Copy)]
pub(crate) struct Stretch {
    array: cudaArray_const_t,
    row_bytes: usize,
    /// How many bytes of the array come before it.
    start: usize,
    count: usize,
}

/// A part of a stretch that is a rectangle.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// How many bytes of the stretch come before it.
    pub(crate) before: usize,
    pub(crate) end: End,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Stretch {
    /// `count` bytes from that byte and row on.
    ///
    /// # Errors
    /// `INVALID_VALUE`: the array does not hold so many; the driver's.
    pub(crate) fn new(array: cudaArray_const_t, (x, y): (usize, usize), count: usize) -> RtResult<Self> {
        let described = description_of(array)?;
        let row_bytes = texel_bytes(array)?.checked_mul(described.Width).ok_or(RtError::INVALID_VALUE)?;
        let start = y.checked_mul(row_bytes).and_then(|rows| rows.checked_add(x)).ok_or(RtError::INVALID_VALUE)?;
        let all = row_bytes.saturating_mul(described.Height.max(1));
        if x >= row_bytes || start.checked_add(count).is_none_or(|end| end > all) {
            return Err(RtError::INVALID_VALUE);
        }
        Ok(Self { array, row_bytes, start, count })
    }

    /// What lies in one row from there on.
    pub(crate) fn row_part(&self, before: usize) -> Part {
        let place = self.start + before;
        let (x, y) = (place % self.row_bytes, place / self.row_bytes);
        let width = (self.count - before).min(self.row_bytes - x);
        Part { before, end: End::Array(self.array, x, y), width, height: 1 }
    }

    /// All of it: a part of a row, whole rows, a part of a row.
    pub(crate) fn parts(self) -> impl Iterator<Item = Part> {
        let mut before = 0;
        std::iter::from_fn(move || {
            if before >= self.count {
                return None;
            }
            let mut part = self.row_part(before);
            if part.width == self.row_bytes {
                part.height = (self.count - before) / self.row_bytes;
            }
            before += part.width * part.height;
            Some(part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(x: i32, y: i32, z: i32, w: i32, f: Kind) -> cudaChannelFormatDesc {
        cudaChannelFormatDesc { x, y, z, w, f }
    }

    #[test]
    fn channels_and_formats_are_each_other_s() {
        for (kind, bits) in [
            (Kind::cudaChannelFormatKindUnsigned, [8, 16, 32]),
            (Kind::cudaChannelFormatKindSigned, [8, 16, 32]),
            (Kind::cudaChannelFormatKindFloat, [16, 32, 32]),
        ] {
            for bits in bits {
                for described in [[bits, 0, 0, 0], [bits, bits, 0, 0], [bits; 4]] {
                    let [x, y, z, w] = described;
                    let (format, count) = format_of(&channels(x, y, z, w, kind)).expect("there is such a format");
                    let back = channels_of(format, count);
                    assert_eq!(([back.x, back.y, back.z, back.w], back.f), (described, kind));
                }
            }
        }
    }

    #[test]
    fn channels_that_are_not_alike_are_no_format() {
        let unsigned = Kind::cudaChannelFormatKindUnsigned;
        for [x, y, z, w] in [[8, 16, 0, 0], [8, 8, 8, 0], [8, 0, 8, 0], [7, 0, 0, 0], [64, 0, 0, 0], [0, 0, 0, 0]] {
            let refused = format_of(&channels(x, y, z, w, unsigned)).err();
            assert_eq!(refused, Some(RtError::INVALID_CHANNEL_DESCRIPTOR), "{x} {y} {z} {w}");
        }
        let normalized = Kind::cudaChannelFormatKindUnsignedNormalized8X4;
        assert_eq!(format_of(&channels(8, 8, 8, 8, normalized)).err(), Some(RtError::NOT_SUPPORTED));
    }

    #[test]
    fn a_rectangle_of_an_array_takes_the_kind_for_its_other_side() {
        let array = std::ptr::without_provenance(16);
        let host = std::ptr::without_provenance_mut(0x1000);
        let to_array =
            Rectangle { target: End::Array(array, 4, 2), source: End::Memory(host, 32), width: 16, height: 3 };
        let copy = to_array.describe(cudaMemcpyKind::cudaMemcpyHostToDevice).expect("it is valid").expect("not empty");
        assert_eq!(
            (copy.dstMemoryType, copy.srcMemoryType),
            (CUmemorytype::CU_MEMORYTYPE_ARRAY, CUmemorytype::CU_MEMORYTYPE_HOST)
        );
        assert_eq!((copy.dstXInBytes, copy.dstY, copy.srcPitch, copy.Height), (4, 2, 32, 3));
        let narrow = Rectangle { source: End::Memory(host, 15), ..to_array };
        let refused = narrow.describe(cudaMemcpyKind::cudaMemcpyHostToDevice).err();
        assert_eq!(refused, Some(RtError::INVALID_PITCH_VALUE));
    }
}
