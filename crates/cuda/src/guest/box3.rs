//! The shape of two- and three-dimensional copies: rows with pitches, and where they lie.

use vgpu_core::abi::{CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUmemorytype};
use vgpu_core::wire::messages::{
    BoxEnd, CopyArray, CopyBox, SOURCE_IN_ARRAY, SOURCE_IN_WINDOW, TARGET_IN_ARRAY, TARGET_IN_WINDOW,
};
use vgpu_core::{CuError, CuResult};

use super::array::Array;
use super::graph_wire::Encoder;
use super::place::{Memory, Place};
use super::process::Process;

/// One side of a box: where its first byte is and how far rows and slices are apart, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// Of an array, its wire number.
    pub(super) address: u64,
    /// Where the box begins in an array, if it is one: bytes, rows, slices.
    pub(super) in_array: Option<[u64; 3]>,
    /// Known to be host or device memory; else found by address.
    pub(super) kind: Option<bool>,
    pub(super) pitch: u64,
    pub(super) slice: u64,
}

/// A box of rows to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Box3 {
    pub(super) source: Side,
    pub(super) target: Side,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) depth: u64,
}

/// Rows of one slice that are copied at once, or a part of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The first byte of its rows, and how many they have.
    pub(super) x: u64,
    pub(super) width: u64,
    pub(super) y: u64,
    pub(super) rows: u64,
    pub(super) z: u64,
}

/// A copy of a box, for the executor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BoxMessage {
    Rows(CopyBox),
    Arrays(CopyArray),
}

impl BoxMessage {
    /// Appends it to a graph.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) fn encode(&self, after: &[u32], out: &mut Encoder) -> CuResult {
        match self {
            Self::Rows(copy) => out.message(copy, &[], after),
            Self::Arrays(copy) => out.message(copy, &[], after),
        }
    }
}

/// A side as a program describes it.
struct Described {
    kind: CUmemorytype,
    array: u64,
    host: u64,
    device: u64,
    x_bytes: usize,
    y: usize,
    z: usize,
    pitch: usize,
    /// Rows per slice.
    rows: usize,
}

impl Described {
    fn side(&self, width: u64, height: u64, depth: u64) -> CuResult<Side> {
        let (base, kind) = match self.kind {
            CUmemorytype::CU_MEMORYTYPE_HOST => (self.host, Some(false)),
            CUmemorytype::CU_MEMORYTYPE_DEVICE => (self.device, Some(true)),
            CUmemorytype::CU_MEMORYTYPE_UNIFIED => (self.device, None),
            CUmemorytype::CU_MEMORYTYPE_ARRAY => return self.side_in_array(width, height, depth),
            _ => return Err(CuError::INVALID_VALUE),
        };
        let side = || {
            let (x, y, z) = (self.x_bytes as u64, self.y as u64, self.z as u64);
            let row_end = x.checked_add(width)?;
            let pitch = if self.pitch == 0 { row_end } else { self.pitch as u64 };
            let rows = if self.rows == 0 { y.checked_add(height)? } else { self.rows as u64 };
            let slice = pitch.checked_mul(rows)?;
            let fits =
                (height <= 1 && depth <= 1 || row_end <= pitch) && (depth <= 1 || y.checked_add(height)? <= rows);
            if !fits || base == 0 {
                return None;
            }
            let first = slice.checked_mul(z)?.checked_add(pitch.checked_mul(y)?)?.checked_add(x)?;
            Some(Side { address: base.checked_add(first)?, in_array: None, kind, pitch, slice })
        };
        side().ok_or(CuError::INVALID_VALUE)
    }

    fn side_in_array(&self, width: u64, height: u64, depth: u64) -> CuResult<Side> {
        let array = Array::find(self.array).map_err(|_| CuError::INVALID_VALUE)?;
        let at = [self.x_bytes as u64, self.y as u64, self.z as u64];
        if !array.shape.holds(at, width, height, depth) {
            return Err(CuError::INVALID_VALUE);
        }
        Ok(Side { address: array.wire, in_array: Some(at), kind: Some(true), pitch: 0, slice: 0 })
    }
}

impl Side {
    /// Bytes from the first to past the last.
    fn extent(&self, copy: &Box3) -> Option<u64> {
        let rows = self.pitch.checked_mul(copy.height.checked_sub(1)?)?;
        let slices = self.slice.checked_mul(copy.depth.checked_sub(1)?)?;
        slices.checked_add(rows)?.checked_add(copy.width)
    }

    /// Where a piece begins, for a side that begins at `start`. In an array, its message says so.
    pub(super) fn piece_start(&self, start: u64, piece: &Piece) -> u64 {
        match self.in_array {
            Some(_) => start,
            None => start + piece.z * self.slice + piece.y * self.pitch + piece.x,
        }
    }

    /// Where it is, of the kind of memory that was said.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it does not lie in such memory.
    pub(super) fn place(&self, process: &Process, copy: &Box3) -> CuResult<Place> {
        if self.in_array.is_some() {
            return Ok(Place::device(self.address));
        }
        let extent = self.extent(copy).ok_or(CuError::INVALID_VALUE)?;
        let place = Place::find(process, self.address, extent)?;
        match (self.kind, place.memory) {
            (Some(true), Memory::Pageable) | (Some(false), Memory::Device) => Err(CuError::INVALID_VALUE),
            _ => Ok(place),
        }
    }
}

impl Box3 {
    /// The box that a 2D description means.
    ///
    /// # Errors
    /// `INVALID_VALUE` for rows wider than their pitch, null sides, and arrays that are none or do not hold the box.
    pub(crate) fn from_2d(copy: &CUDA_MEMCPY2D) -> CuResult<Self> {
        let (width, height) = (copy.WidthInBytes as u64, copy.Height as u64);
        let source = Described {
            kind: copy.srcMemoryType,
            array: copy.srcArray.addr() as u64,
            host: copy.srcHost.expose_provenance() as u64,
            device: copy.srcDevice,
            x_bytes: copy.srcXInBytes,
            y: copy.srcY,
            z: 0,
            pitch: copy.srcPitch,
            rows: 0,
        };
        let target = Described {
            kind: copy.dstMemoryType,
            array: copy.dstArray.addr() as u64,
            host: copy.dstHost.expose_provenance() as u64,
            device: copy.dstDevice,
            x_bytes: copy.dstXInBytes,
            y: copy.dstY,
            z: 0,
            pitch: copy.dstPitch,
            rows: 0,
        };
        Self::new(&source, &target, width, height, 1)
    }

    /// The box that a 3D description means.
    ///
    /// # Errors
    /// As [`Box3::from_2d`].
    pub(crate) fn from_3d(copy: &CUDA_MEMCPY3D) -> CuResult<Self> {
        if copy.srcLOD != 0 || copy.dstLOD != 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let source = Described {
            kind: copy.srcMemoryType,
            array: copy.srcArray.addr() as u64,
            host: copy.srcHost.expose_provenance() as u64,
            device: copy.srcDevice,
            x_bytes: copy.srcXInBytes,
            y: copy.srcY,
            z: copy.srcZ,
            pitch: copy.srcPitch,
            rows: copy.srcHeight,
        };
        let target = Described {
            kind: copy.dstMemoryType,
            array: copy.dstArray.addr() as u64,
            host: copy.dstHost.expose_provenance() as u64,
            device: copy.dstDevice,
            x_bytes: copy.dstXInBytes,
            y: copy.dstY,
            z: copy.dstZ,
            pitch: copy.dstPitch,
            rows: copy.dstHeight,
        };
        Self::new(&source, &target, copy.WidthInBytes as u64, copy.Height as u64, copy.Depth as u64)
    }

    fn new(source: &Described, target: &Described, width: u64, height: u64, depth: u64) -> CuResult<Self> {
        Ok(Self {
            source: source.side(width, height, depth)?,
            target: target.side(width, height, depth)?,
            width,
            height,
            depth,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0 || self.depth == 0
    }

    /// The copy between places that the device reaches.
    pub(super) fn message(&self, target: u64, source: u64) -> BoxMessage {
        self.with_arrays(self.rows(target, source), [0; 3])
    }

    fn rows(&self, target: u64, source: u64) -> CopyBox {
        CopyBox {
            stream: 0,
            window: 0,
            target,
            target_pitch: self.target.pitch,
            target_slice_pitch: self.target.slice,
            source,
            source_pitch: self.source.pitch,
            source_slice_pitch: self.source.slice,
            width_bytes: self.width,
            height: self.height,
            depth: self.depth,
        }
    }

    /// The copy as it is said of what its sides are; `shift` is how far on it begins in an array.
    fn with_arrays(&self, copy: CopyBox, shift: [u64; 3]) -> BoxMessage {
        if !self.has_array() {
            return BoxMessage::Rows(copy);
        }
        let in_array = |side: &Side, flag: u32| if side.in_array.is_some() { flag } else { 0 };
        let at = |side: &Side| {
            let at = side.in_array.unwrap_or_default();
            std::array::from_fn(|axis| if side.in_array.is_some() { at[axis] + shift[axis] } else { 0 })
        };
        let end = |place, pitch, slice_pitch, side| BoxEnd { place, pitch, slice_pitch, at: at(side) };
        BoxMessage::Arrays(CopyArray {
            stream: 0,
            ends: copy.window | in_array(&self.target, TARGET_IN_ARRAY) | in_array(&self.source, SOURCE_IN_ARRAY),
            target: end(copy.target, copy.target_pitch, copy.target_slice_pitch, &self.target),
            source: end(copy.source, copy.source_pitch, copy.source_slice_pitch, &self.source),
            width_bytes: copy.width_bytes,
            height: copy.height,
            depth: copy.depth,
        })
    }

    /// Whether a side is an array.
    pub(super) fn has_array(&self) -> bool {
        self.target.in_array.is_some() || self.source.in_array.is_some()
    }

    /// A row of `len_bytes` bytes.
    pub(super) fn row(target: u64, source: u64, len_bytes: u64) -> Self {
        let side = |address| Side { address, in_array: None, kind: None, pitch: len_bytes, slice: len_bytes };
        Self { source: side(source), target: side(target), width: len_bytes, height: 1, depth: 1 }
    }

    /// The copy with one side in the window, without gaps.
    pub(super) fn packed(&self, window: u32, target: u64, source: u64) -> BoxMessage {
        let side = |bit: u32, side: &Side| match window & bit {
            0 => (side.pitch, side.slice),
            _ => (self.width, self.width * self.height),
        };
        let (target_pitch, target_slice_pitch) = side(TARGET_IN_WINDOW, &self.target);
        let (source_pitch, source_slice_pitch) = side(SOURCE_IN_WINDOW, &self.source);
        let copy = CopyBox {
            window,
            target_pitch,
            target_slice_pitch,
            source_pitch,
            source_slice_pitch,
            ..self.rows(target, source)
        };
        self.with_arrays(copy, [0; 3])
    }

    /// The copy of a piece, tight on one side.
    pub(super) fn piece(&self, window: u32, target: u64, source: u64, piece: &Piece) -> BoxMessage {
        let tight = |bit: u32, pitch: u64| if window & bit != 0 { piece.width } else { pitch };
        let copy = CopyBox {
            window,
            target_pitch: tight(TARGET_IN_WINDOW, self.target.pitch),
            source_pitch: tight(SOURCE_IN_WINDOW, self.source.pitch),
            target_slice_pitch: 0,
            source_slice_pitch: 0,
            width_bytes: piece.width,
            height: piece.rows,
            depth: 1,
            ..self.rows(target, source)
        };
        self.with_arrays(copy, [piece.x, piece.y, piece.z])
    }

    /// Calls `row` with each row's number and its offsets in target and source.
    pub(super) fn each_row(&self, mut row: impl FnMut(u64, u64, u64) -> CuResult) -> CuResult {
        for z in 0..self.depth {
            for y in 0..self.height {
                let to = z * self.target.slice + y * self.target.pitch;
                let from = z * self.source.slice + y * self.source.pitch;
                row(z * self.height + y, to, from)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(pitch: usize, rows: usize) -> Described {
        Described {
            kind: CUmemorytype::CU_MEMORYTYPE_DEVICE,
            array: 0,
            host: 0,
            device: 0x1000,
            x_bytes: 4,
            y: 2,
            z: 1,
            pitch,
            rows,
        }
    }

    #[test]
    fn a_side_starts_at_its_corner() {
        let side = described(64, 8).side(16, 3, 2).expect("fits");
        assert_eq!((side.address, side.pitch, side.slice), (0x1000 + 64 * 8 + 2 * 64 + 4, 64, 512));
    }

    #[test]
    fn rows_wider_than_their_pitch_are_invalid() {
        assert_eq!(described(19, 8).side(16, 3, 1), Err(CuError::INVALID_VALUE));
        assert_eq!(described(64, 4).side(16, 3, 2), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn overflowing_boxes_are_invalid() {
        assert_eq!(described(usize::MAX, usize::MAX).side(16, 3, 2), Err(CuError::INVALID_VALUE));
        assert_eq!(described(64, 8).side(u64::MAX, 3, 2), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn an_array_that_is_none_is_invalid() {
        let array = Described { kind: CUmemorytype::CU_MEMORYTYPE_ARRAY, ..described(64, 8) };
        assert_eq!(array.side(1, 1, 1), Err(CuError::INVALID_VALUE));
    }
}
