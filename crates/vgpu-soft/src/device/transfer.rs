//! Copies and fills: what they touch, whether they may, and doing it.

use vgpu_core::host::extent::Extent;
use vgpu_core::streaming::copy_past_caches;
use vgpu_core::wire::Completions;
use vgpu_core::wire::messages::{CopyBox, Fill, SOURCE_IN_WINDOW, TARGET_IN_WINDOW};
use vgpu_core::{CuError, CuResult};

use super::array_copy::{ArrayCopy, Rows};
use super::failure::Failure;
use super::place::{Pitched, Place};
use crate::memory::MemoryMap;

/// Moving or setting bytes, as one piece of work.
#[derive(Clone, Debug)]
pub(super) enum Transfer {
    /// Bytes that came with the record.
    Inline { target: u64, bytes: Box<[u8]> },
    /// A plain copy; the target of a long one need not be in the caches.
    Copy { target: Place, source: Place, len_bytes: u64, is_long: bool },
    /// A copy of rows.
    Rows { target: Pitched, source: Pitched, extent: Extent },
    /// The same with an array at an end or both.
    Arrays(ArrayCopy),
    /// `height` rows of `width` elements.
    Fill { target: u64, pitch: u64, element_bytes: u32, value: u32, width: u64, height: u64 },
}

impl Transfer {
    fn of(Rows { target, source, extent }: Rows) -> Self {
        Self::Rows { target, source, extent }
    }

    /// Decodes a copy of a box.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a part of the window that is none, or extents that overflow.
    pub(super) fn from_copy_box(message: &CopyBox, completions: &dyn Completions) -> CuResult<Self> {
        let extent = Extent { width_bytes: message.width_bytes, height: message.height, depth: message.depth };
        let end = |flag: u32, start: u64, pitch: u64, slice_pitch: u64| -> CuResult<Pitched> {
            let span_bytes = extent.span_bytes(pitch, slice_pitch)?;
            let place = match message.window & flag != 0 && span_bytes > 0 {
                true => Place::window(completions, start, span_bytes)?,
                false => Place::Device(start),
            };
            Ok(Pitched { place, pitch, slice_pitch })
        };
        if message.window & !(TARGET_IN_WINDOW | SOURCE_IN_WINDOW) != 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let target = end(TARGET_IN_WINDOW, message.target, message.target_pitch, message.target_slice_pitch)?;
        let source = end(SOURCE_IN_WINDOW, message.source, message.source_pitch, message.source_slice_pitch)?;
        Ok(Self::Rows { target, source, extent })
    }

    /// Decodes a fill.
    ///
    /// # Errors
    /// `INVALID_VALUE` for an element size other than 1, 2 and 4, or a target that is not a multiple of it.
    pub(super) fn from_fill(message: &Fill) -> CuResult<Self> {
        let &Fill { element_bytes, target, pitch, value, width, height, .. } = message;
        let size = u64::from(element_bytes);
        if !matches!(element_bytes, 1 | 2 | 4)
            || !target.is_multiple_of(size)
            || (height > 1 && !pitch.is_multiple_of(size))
        {
            return Err(CuError::INVALID_VALUE);
        }
        let fill = Self::Fill { target, pitch, element_bytes, value, width, height };
        fill.fill_extent()?;
        Ok(fill)
    }

    /// Bytes that are written.
    pub(super) fn total_bytes(&self) -> u64 {
        match self {
            Self::Inline { bytes, .. } => bytes.len() as u64,
            Self::Copy { len_bytes, .. } => *len_bytes,
            Self::Rows { extent, .. } => extent.total_bytes(),
            Self::Arrays(copy) => copy.total_bytes(),
            Self::Fill { element_bytes, width, height, .. } => {
                u64::from(*element_bytes).saturating_mul(*width).saturating_mul(*height)
            }
        }
    }

    /// Whether every byte that would be touched may be.
    ///
    /// # Errors
    /// `INVALID_VALUE`, with the address that may not.
    pub(super) fn check(&self, map: &MemoryMap) -> Result<(), (CuError, String)> {
        if let Self::Arrays(copy) = self {
            return Self::of(copy.resolved(map)?).check(map);
        }
        let ends = self.ends().map_err(|error| (error, "the extent is not valid".to_owned()))?;
        for (place, len_bytes) in ends.into_iter().flatten() {
            if len_bytes > 0 && !place.is_admitted(map, len_bytes) {
                return Err((CuError::INVALID_VALUE, place.describe(map, len_bytes)));
            }
        }
        Ok(())
    }

    /// Checks again and does it.
    ///
    /// # Errors
    /// `ILLEGAL_ADDRESS`: what [`Transfer::check`] would refuse is a fault once the work has begun.
    pub(super) fn run(&self, map: &MemoryMap) -> Result<(), Failure> {
        self.check(map).map_err(|(_, text)| (CuError::ILLEGAL_ADDRESS, text))?;
        if self.total_bytes() == 0 {
            // An empty row may be asked for more often than anybody can count to.
            return Ok(());
        }
        match self {
            Self::Arrays(copy) => {
                let resolved = copy.resolved(map).map_err(|(_, text)| (CuError::ILLEGAL_ADDRESS, text))?;
                return Self::of(resolved).run(map);
            }
            Self::Inline { target, bytes } => {
                // SAFETY: the map admits the target for the whole length, and a Box does not lie in device memory.
                unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer(*target), bytes.len()) }
            }
            Self::Copy { target, source, len_bytes, is_long } => {
                // SAFETY: both ends were checked for the whole length; they may overlap.
                unsafe { copy_bytes(source.address(), target.address(), *len_bytes, *is_long) }
            }
            Self::Rows { target, source, extent } => {
                for slice in 0..extent.depth {
                    for row in 0..extent.height {
                        let at = |end: &Pitched| end.place.address() + slice * end.slice_pitch + row * end.pitch;
                        // SAFETY: the check covered the stretch from the first row to the last row's end at both ends.
                        unsafe { copy_bytes(at(source), at(target), extent.width_bytes, false) }
                    }
                }
            }
            Self::Fill { target, pitch, element_bytes, value, width, height } => {
                for row in 0..*height {
                    // SAFETY: the check covered the stretch from the first row to the last row's end; the start is aligned.
                    unsafe { fill_row(target + row * pitch, *element_bytes, *value, *width as usize) }
                }
            }
        }
        Ok(())
    }

    /// The stretches that are touched.
    fn ends(&self) -> CuResult<[Option<(Place, u64)>; 2]> {
        let target_and_source = match self {
            Self::Inline { target, bytes } => [Some((Place::Device(*target), bytes.len() as u64)), None],
            Self::Copy { target, source, len_bytes, .. } => [Some((*target, *len_bytes)), Some((*source, *len_bytes))],
            Self::Rows { target, source, extent } => {
                let touched = |end: &Pitched| extent.span_bytes(end.pitch, end.slice_pitch).map(|len| (end.place, len));
                [Some(touched(target)?), Some(touched(source)?)]
            }
            // They are checked when it is known where they lie.
            Self::Arrays(_) => [None, None],
            Self::Fill { target, pitch, .. } => {
                [Some((Place::Device(*target), self.fill_extent()?.span_bytes(*pitch, 0)?)), None]
            }
        };
        Ok(target_and_source)
    }

    fn fill_extent(&self) -> CuResult<Extent> {
        let Self::Fill { element_bytes, width, height, pitch, .. } = self else {
            return Err(CuError::INVALID_VALUE);
        };
        let width_bytes = width.checked_mul(u64::from(*element_bytes)).ok_or(CuError::INVALID_VALUE)?;
        let extent = Extent { width_bytes, height: *height, depth: 1 };
        extent.span_bytes(*pitch, 0)?;
        Ok(extent)
    }
}

fn pointer<T>(address: u64) -> *mut T {
    std::ptr::with_exposed_provenance_mut(address as usize)
}

/// # Safety
/// Both stretches are mapped.
unsafe fn copy_bytes(source: u64, target: u64, len_bytes: u64, is_long: bool) {
    let (from, to, len) = (pointer::<u8>(source), pointer::<u8>(target), len_bytes as usize);
    if is_long && source.abs_diff(target) >= len_bytes {
        // SAFETY: the caller's promise; the stretches are far enough apart.
        unsafe { copy_past_caches(from, to, len) }
    } else {
        // SAFETY: the caller's promise; `copy` allows overlap.
        unsafe { std::ptr::copy(from, to, len) }
    }
}

/// # Safety
/// The stretch is mapped, writable and aligned for its elements.
unsafe fn fill_row(target: u64, element_bytes: u32, value: u32, width: usize) {
    let bytes = value.to_le_bytes();
    match element_bytes {
        // SAFETY: the caller's promise.
        1 => unsafe { std::ptr::write_bytes(pointer::<u8>(target), bytes[0], width) },
        // SAFETY: the caller's promise.
        2 => unsafe { std::slice::from_raw_parts_mut(pointer::<u16>(target), width) }
            .fill(u16::from_le_bytes([bytes[0], bytes[1]])),
        // SAFETY: the caller's promise.
        _ => unsafe { std::slice::from_raw_parts_mut(pointer::<u32>(target), width) }.fill(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map_of<T>(memory: &[T]) -> (u64, MemoryMap) {
        let start = memory.as_ptr().expose_provenance() as u64;
        (start, MemoryMap::new(std::iter::once(start..start + size_of_val(memory) as u64).collect()))
    }

    #[test]
    fn a_fill_writes_rows_and_leaves_the_gaps() {
        let memory = vec![0u32; 16];
        let (start, map) = map_of(&memory);
        let fill = Transfer::Fill { target: start, pitch: 16, element_bytes: 2, value: 0x1_0203, width: 3, height: 2 };
        fill.run(&map).unwrap();
        assert_eq!(memory[..8], [0x0203_0203, 0x0203, 0, 0, 0x0203_0203, 0x0203, 0, 0]);
    }

    #[test]
    fn a_fill_past_the_end_is_invalid_or_a_fault_once_begun_and_writes_nothing() {
        let memory = vec![0u32; 4];
        let (start, map) = map_of(&memory);
        let fill = Transfer::Fill { target: start, pitch: 8, element_bytes: 4, value: 1, width: 2, height: 3 };
        assert_eq!(fill.check(&map).unwrap_err().0, CuError::INVALID_VALUE);
        assert_eq!(fill.run(&map).unwrap_err().0, CuError::ILLEGAL_ADDRESS);
        assert_eq!(memory, [0; 4]);
    }

    #[test]
    fn overflowing_extents_are_invalid() {
        let message = Fill {
            stream: 0,
            element_bytes: 4,
            target: 0,
            pitch: u64::MAX - 3,
            value: 0,
            reserved: 0,
            width: 1,
            height: u64::MAX,
        };
        assert_eq!(Transfer::from_fill(&message).unwrap_err(), CuError::INVALID_VALUE);
    }

    #[test]
    fn a_box_is_copied_row_by_row() {
        let memory: Vec<u8> = (0..64).collect();
        let (start, map) = map_of(&memory);
        let end = |offset, pitch| Pitched { place: Place::Device(start + offset), pitch, slice_pitch: 16 };
        let extent = Extent { width_bytes: 2, height: 2, depth: 2 };
        Transfer::Rows { target: end(32, 4), source: end(0, 8), extent }.run(&map).unwrap();
        assert_eq!(memory[32..40], [0, 1, 34, 35, 8, 9, 38, 39]);
        assert_eq!(memory[48..56], [16, 17, 50, 51, 24, 25, 54, 55]);
    }

    #[test]
    fn empty_extents_end_at_once_however_often_they_are_repeated() {
        let fill = Transfer::Fill { target: 0, pitch: 0, element_bytes: 4, value: 1, width: 0, height: u64::MAX };
        fill.run(&MemoryMap::default()).unwrap();
        let end = Pitched { place: Place::Device(0), pitch: u64::MAX, slice_pitch: u64::MAX };
        let extent = Extent { width_bytes: 0, height: u64::MAX, depth: u64::MAX };
        Transfer::Rows { target: end, source: end, extent }.run(&MemoryMap::default()).unwrap();
    }
}
