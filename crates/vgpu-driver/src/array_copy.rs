//! Copies with an array at an end: held against what is the guest's, then said in the driver's words.

use vgpu_core::abi::{CUDA_MEMCPY3D, CUmemorytype};
use vgpu_core::host::extent::Extent;
use vgpu_core::host::{Refusal, Table};
use vgpu_core::wire::messages::{
    BoxEnd, CopyArray, SOURCE_IN_ARRAY, SOURCE_IN_WINDOW, TARGET_IN_ARRAY, TARGET_IN_WINDOW,
};
use vgpu_core::{CuError, CuResult};

use crate::api::Array as Handle;
use crate::array::Array;
use crate::copy::{Ground, pointer};
use crate::memory::{Memory, Place};

const ENDS: u32 = TARGET_IN_ARRAY | SOURCE_IN_ARRAY | TARGET_IN_WINDOW | SOURCE_IN_WINDOW;

/// One end: rows, or where a box begins in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Rows { place: Place, pitch: u64, slice_pitch: u64 },
    Array(Handle, [u64; 3]),
}

/// A copy whose every byte has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ArrayCopy {
    target: End,
    source: End,
    extent: Extent,
}

impl End {
    /// The same end further on: bytes, rows, slices.
    fn after(self, [x, y, z]: [u64; 3]) -> Self {
        match self {
            Self::Array(array, at) => Self::Array(array, [at[0] + x, at[1] + y, at[2] + z]),
            Self::Rows { place, pitch, slice_pitch } => {
                let bytes = z * slice_pitch + y * pitch + x;
                let place = match place {
                    Place::Device(address) => Place::Device(address + bytes),
                    Place::Host(address) => Place::Host(address + bytes),
                };
                Self::Rows { place, pitch, slice_pitch }
            }
        }
    }

    fn place(self) -> Option<Place> {
        match self {
            Self::Rows { place, .. } => Some(place),
            Self::Array(..) => None,
        }
    }

    fn span_bytes(self, extent: Extent) -> u64 {
        match self {
            Self::Rows { pitch, slice_pitch, .. } => {
                extent.span_bytes(pitch, slice_pitch).expect("the extent was checked")
            }
            Self::Array(..) => 0,
        }
    }

    /// Whether its slices are whole rows apart, as the driver has them.
    fn is_regular(self, depth: u64) -> bool {
        match self {
            Self::Rows { pitch, slice_pitch, .. } => depth <= 1 || pitch > 0 && slice_pitch.is_multiple_of(pitch),
            Self::Array(..) => true,
        }
    }
}

impl ArrayCopy {
    /// Checks a copy; `None` when it moves nothing.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for an array that is none, `INVALID_VALUE` for what is not the guest's.
    pub(crate) fn decode(
        message: &CopyArray,
        ground: Ground<'_>,
        arrays: &Table<Array>,
    ) -> Result<Option<Self>, Refusal> {
        let extent = Extent { width_bytes: message.width_bytes, height: message.height, depth: message.depth };
        let wrong = |text: &str| (CuError::INVALID_VALUE, text.to_owned());
        if message.ends & !ENDS != 0 {
            return Err(wrong("ends that there are not"));
        }
        let end = |end: &BoxEnd, in_array: u32, in_window: u32| -> Result<End, Refusal> {
            let &BoxEnd { place, pitch, slice_pitch, at } = end;
            if message.ends & in_array != 0 {
                let unknown = || (CuError::INVALID_HANDLE, format!("no array has handle {place:#x}"));
                let array = arrays.get(place).ok_or_else(unknown)?;
                let handle = array.made.array().ok_or_else(unknown)?;
                if message.ends & in_window != 0
                    || !array.shape.holds(at, extent.width_bytes, extent.height, extent.depth)
                {
                    return Err(wrong("the box is not within its array"));
                }
                return Ok(End::Array(handle, at));
            }
            let span_bytes = extent.span_bytes(pitch, slice_pitch);
            let span_bytes = span_bytes.map_err(|error| (error, "the extent is not valid".to_owned()))?;
            let place = match message.ends & in_window != 0 {
                true => ground.window(place, span_bytes)?,
                false => ground.memory.place(place, span_bytes)?,
            };
            Ok(End::Rows { place, pitch, slice_pitch })
        };
        if extent.is_empty() {
            return Ok(None);
        }
        let target = end(&message.target, TARGET_IN_ARRAY, TARGET_IN_WINDOW)?;
        let source = end(&message.source, SOURCE_IN_ARRAY, SOURCE_IN_WINDOW)?;
        Ok(Some(Self { target, source, extent }))
    }

    /// Bytes that are moved.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.extent.total_bytes()
    }

    /// The stretches of memory that are touched.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (Place, u64)> {
        [self.target, self.source].into_iter().filter_map(|end| Some((end.place()?, end.span_bytes(self.extent))))
    }

    /// Hands `take` descriptions that together are this copy: the driver takes slices that are whole rows apart, and of the pinned
    /// heap one registered part at a time.
    ///
    /// # Errors
    /// What `take` comes to.
    pub(crate) fn each_part(&self, memory: &Memory, take: &mut dyn FnMut(&CUDA_MEMCPY3D) -> CuResult) -> CuResult {
        let Extent { width_bytes, height, depth } = self.extent;
        let is_regular = self.target.is_regular(depth) && self.source.is_regular(depth);
        if is_regular && self.room(memory).is_none() {
            return take(&self.description());
        }
        for (z, y) in (0..depth).flat_map(|z| (0..height).map(move |y| (z, y))) {
            let mut x = 0;
            while x < width_bytes {
                let extent = Extent { width_bytes: width_bytes - x, height: 1, depth: 1 };
                let (target, source) = (self.target.after([x, y, z]), self.source.after([x, y, z]));
                let mut row = Self { target, source, extent };
                row.extent.width_bytes = row.room(memory).unwrap_or(extent.width_bytes);
                take(&row.description())?;
                x += row.extent.width_bytes;
            }
        }
        Ok(())
    }

    /// How many bytes of a registered part there are, if it ends before the copy does.
    fn room(&self, memory: &Memory) -> Option<u64> {
        let rooms = self.touched().map(|(place, span_bytes)| (memory.room(place), span_bytes));
        rooms.filter(|(room, span_bytes)| room < span_bytes).map(|(room, _)| room.max(1)).min()
    }

    fn description(&self) -> CUDA_MEMCPY3D {
        let Extent { width_bytes, height, depth } = self.extent;
        let rows =
            |pitch: u64, slice_pitch: u64| slice_pitch.checked_div(pitch).filter(|_| depth > 1).unwrap_or(height);
        let mut copy = CUDA_MEMCPY3D {
            WidthInBytes: width_bytes as usize,
            Height: height as usize,
            Depth: depth as usize,
            ..CUDA_MEMCPY3D::default()
        };
        match self.source {
            End::Array(array, [x, y, z]) => {
                (copy.srcMemoryType, copy.srcArray) = (CUmemorytype::CU_MEMORYTYPE_ARRAY, array.pointer());
                (copy.srcXInBytes, copy.srcY, copy.srcZ) = (x as usize, y as usize, z as usize);
            }
            End::Rows { place, pitch, slice_pitch } => {
                match place {
                    Place::Host(address) => {
                        (copy.srcMemoryType, copy.srcHost) = (CUmemorytype::CU_MEMORYTYPE_HOST, pointer(address));
                    }
                    Place::Device(address) => {
                        (copy.srcMemoryType, copy.srcDevice) = (CUmemorytype::CU_MEMORYTYPE_DEVICE, address);
                    }
                }
                (copy.srcPitch, copy.srcHeight) = (pitch as usize, rows(pitch, slice_pitch) as usize);
            }
        }
        match self.target {
            End::Array(array, [x, y, z]) => {
                (copy.dstMemoryType, copy.dstArray) = (CUmemorytype::CU_MEMORYTYPE_ARRAY, array.pointer());
                (copy.dstXInBytes, copy.dstY, copy.dstZ) = (x as usize, y as usize, z as usize);
            }
            End::Rows { place, pitch, slice_pitch } => {
                match place {
                    Place::Host(address) => {
                        (copy.dstMemoryType, copy.dstHost) = (CUmemorytype::CU_MEMORYTYPE_HOST, pointer(address));
                    }
                    Place::Device(address) => {
                        (copy.dstMemoryType, copy.dstDevice) = (CUmemorytype::CU_MEMORYTYPE_DEVICE, address);
                    }
                }
                (copy.dstPitch, copy.dstHeight) = (pitch as usize, rows(pitch, slice_pitch) as usize);
            }
        }
        copy
    }
}
