//! Copies to and from arrays: where an array lies is known when the copy runs, so that none is written that has ended.

use vgpu_core::host::Refusal;
use vgpu_core::host::extent::Extent;
use vgpu_core::wire::Completions;
use vgpu_core::wire::messages::{
    BoxEnd, CopyArray, SOURCE_IN_ARRAY, SOURCE_IN_WINDOW, TARGET_IN_ARRAY, TARGET_IN_WINDOW,
};
use vgpu_core::{CuError, CuResult};

use super::place::{Pitched, Place};
use crate::memory::MemoryMap;

/// A copy of rows with an array at an end or both.
#[derive(Clone, Debug)]
pub(super) struct ArrayCopy {
    target: End,
    source: End,
    extent: Extent,
}

/// The copy of rows that it is, once it is known where arrays lie.
pub(super) struct Rows {
    pub(super) target: Pitched,
    pub(super) source: Pitched,
    pub(super) extent: Extent,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Rows(Pitched),
    /// An array's number, and where the box begins in it.
    Array(u64, [u64; 3]),
}

impl ArrayCopy {
    /// Decodes a copy.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a part of the window that is none, ends that are two things, or extents that overflow.
    pub(super) fn decode(message: &CopyArray, completions: &dyn Completions) -> CuResult<Self> {
        let extent = Extent { width_bytes: message.width_bytes, height: message.height, depth: message.depth };
        let end = |end: &BoxEnd, in_array: u32, in_window: u32| -> CuResult<End> {
            let &BoxEnd { place, pitch, slice_pitch, at } = end;
            if message.ends & in_array != 0 {
                return if message.ends & in_window == 0 {
                    Ok(End::Array(place, at))
                } else {
                    Err(CuError::INVALID_VALUE)
                };
            }
            let span_bytes = extent.span_bytes(pitch, slice_pitch)?;
            let place = match message.ends & in_window != 0 && span_bytes > 0 {
                true => Place::window(completions, place, span_bytes)?,
                false => Place::Device(place),
            };
            Ok(End::Rows(Pitched { place, pitch, slice_pitch }))
        };
        if message.ends & !(TARGET_IN_ARRAY | SOURCE_IN_ARRAY | TARGET_IN_WINDOW | SOURCE_IN_WINDOW) != 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let target = end(&message.target, TARGET_IN_ARRAY, TARGET_IN_WINDOW)?;
        let source = end(&message.source, SOURCE_IN_ARRAY, SOURCE_IN_WINDOW)?;
        Ok(Self { target, source, extent })
    }

    pub(super) fn total_bytes(&self) -> u64 {
        self.extent.total_bytes()
    }

    /// Finds its arrays.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for an array that has ended, `INVALID_VALUE` for a box that an array does not hold.
    pub(super) fn resolved(&self, map: &MemoryMap) -> Result<Rows, Refusal> {
        let Extent { width_bytes, height, depth } = self.extent;
        let end = |end: End| match end {
            End::Rows(pitched) => Ok(pitched),
            End::Array(number, at) => {
                let array = map.textures().array(number);
                let array =
                    array.ok_or_else(|| (CuError::INVALID_HANDLE, format!("array {number:#x} is not there")))?;
                if !array.shape.holds(at, width_bytes, height, depth) {
                    let text = format!(
                        "a box of {width_bytes} bytes, {height} rows, {depth} slices at {at:?} is not within its array"
                    );
                    return Err((CuError::INVALID_VALUE, text));
                }
                let (pitch, slice_pitch) = array.pitches();
                // An empty box may begin behind the last texel.
                let place = Place::Checked(if self.extent.is_empty() { 0 } else { array.address(at) });
                Ok(Pitched { place, pitch, slice_pitch })
            }
        };
        Ok(Rows { target: end(self.target)?, source: end(self.source)?, extent: self.extent })
    }
}
