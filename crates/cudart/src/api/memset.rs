//! Fills. Only the lowest byte of a value counts.

use std::ffi::{c_int, c_void};

use vgpu_core::abi::runtime::{cudaExtent, cudaPitchedPtr, cudaStream_t};

use crate::error::{RtError, RtResult};
use crate::pointer::address;
use crate::{current, driver as cu};

fn byte(value: c_int) -> u8 {
    value.to_le_bytes()[0]
}

pub(crate) unsafe fn cudaMemset(devPtr: *mut c_void, value: c_int, count: usize) -> RtResult {
    current::context()?;
    if count == 0 { Ok(()) } else { cu::cuMemsetD8_v2(address(devPtr), byte(value), count) }
}

pub(crate) unsafe fn cudaMemsetAsync(
    devPtr: *mut c_void,
    value: c_int,
    count: usize,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    if count == 0 { Ok(()) } else { cu::cuMemsetD8Async(address(devPtr), byte(value), count, stream) }
}

/// `pitch` and `width` in bytes.
pub(crate) unsafe fn cudaMemset2D(
    devPtr: *mut c_void,
    pitch: usize,
    value: c_int,
    width: usize,
    height: usize,
) -> RtResult {
    current::context()?;
    if check_rows(pitch, width, height)? {
        cu::cuMemsetD2D8_v2(address(devPtr), pitch, byte(value), width, height)
    } else {
        Ok(())
    }
}

pub(crate) unsafe fn cudaMemset2DAsync(
    devPtr: *mut c_void,
    pitch: usize,
    value: c_int,
    width: usize,
    height: usize,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    if check_rows(pitch, width, height)? {
        cu::cuMemsetD2D8Async(address(devPtr), pitch, byte(value), width, height, stream)
    } else {
        Ok(())
    }
}

pub(crate) fn cudaMemset3D(pitchedDevPtr: cudaPitchedPtr, value: c_int, extent: cudaExtent) -> RtResult {
    current::context()?;
    slices(&pitchedDevPtr, extent)?
        .try_for_each(|slice| cu::cuMemsetD2D8_v2(slice, pitchedDevPtr.pitch, byte(value), extent.width, extent.height))
}

pub(crate) fn cudaMemset3DAsync(
    pitchedDevPtr: cudaPitchedPtr,
    value: c_int,
    extent: cudaExtent,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    slices(&pitchedDevPtr, extent)?.try_for_each(|slice| {
        cu::cuMemsetD2D8Async(slice, pitchedDevPtr.pitch, byte(value), extent.width, extent.height, stream)
    })
}

/// Whether there is anything to fill. Fills have no error of their own for a pitch, as copies do.
///
/// **Source:** the runtime reference, `cudaMemset2D` and `cudaMemset3D`.
fn check_rows(pitch: usize, width: usize, height: usize) -> RtResult<bool> {
    if height > 1 && width > pitch { Err(RtError::INVALID_VALUE) } else { Ok(width > 0 && height > 0) }
}

/// Where each slice of a box starts.
fn slices(base: &cudaPitchedPtr, extent: cudaExtent) -> RtResult<impl Iterator<Item = u64> + use<>> {
    let rows = if extent.depth > 1 { 2 } else { extent.height };
    let depth = if check_rows(base.pitch, extent.width, rows)? && extent.height > 0 { extent.depth } else { 0 };
    if depth > 1 && extent.height > base.ysize {
        return Err(RtError::INVALID_VALUE);
    }
    let (start, slice) = (address(base.ptr), base.pitch.checked_mul(base.ysize).ok_or(RtError::INVALID_VALUE)? as u64);
    let last = (depth as u64).saturating_sub(1).checked_mul(slice).and_then(|offset| start.checked_add(offset));
    last.ok_or(RtError::INVALID_VALUE)?;
    Ok((0..depth as u64).map(move |at| start + at * slice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(pitch: usize, ysize: usize) -> cudaPitchedPtr {
        cudaPitchedPtr { ptr: std::ptr::without_provenance_mut(0x1000), pitch, xsize: pitch, ysize }
    }

    fn starts(base: cudaPitchedPtr, width: usize, height: usize, depth: usize) -> RtResult<Vec<u64>> {
        slices(&base, cudaExtent { width, height, depth }).map(Iterator::collect)
    }

    #[test]
    fn slices_are_a_whole_allocation_slice_apart() {
        assert_eq!(starts(base(0x10, 8), 0x10, 4, 3), Ok(vec![0x1000, 0x1080, 0x1100]));
    }

    #[test]
    fn an_empty_box_has_no_slices() {
        assert_eq!(starts(base(16, 8), 0, 4, 3), Ok(vec![]));
        assert_eq!(starts(base(16, 8), 4, 0, 3), Ok(vec![]));
        assert_eq!(starts(base(16, 8), 4, 4, 0), Ok(vec![]));
    }

    #[test]
    fn rows_wider_than_the_pitch_and_slices_higher_than_the_allocation_are_refused() {
        assert_eq!(starts(base(16, 8), 17, 2, 1), Err(RtError::INVALID_VALUE));
        assert_eq!(starts(base(16, 8), 16, 9, 2), Err(RtError::INVALID_VALUE));
        assert_eq!(starts(base(usize::MAX, 8), 16, 8, 2), Err(RtError::INVALID_VALUE));
    }

    #[test]
    fn only_the_lowest_byte_of_a_value_counts() {
        assert_eq!((byte(0x1234), byte(-1)), (0x34, 0xff));
    }
}
