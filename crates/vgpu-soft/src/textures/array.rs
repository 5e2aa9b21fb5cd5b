//! Arrays: texels that no address leads to.

use vgpu_core::abi::{CUDA_ARRAY3D_CUBEMAP, CUDA_ARRAY3D_LAYERED};
use vgpu_core::wire::messages::ArrayShape;

use super::format::Format;
use super::grid::Grid;

/// Rows start at multiples of this: of the largest texel.
const ROW_ALIGN_BYTES: u64 = 16;
/// And levels at multiples of this.
const LEVEL_ALIGN_BYTES: u64 = 512;

/// How an array lies in its memory.
pub(super) struct Layout {
    start: u64,
    row_pitch: u64,
    slice_pitch: u64,
    slices: u64,
}

impl Layout {
    /// The layout of an array behind so many bytes; `None` where bytes cannot be counted.
    pub(super) fn of(shape: &ArrayShape, behind_bytes: u64) -> Option<Self> {
        let row_pitch = shape.row_bytes().checked_next_multiple_of(ROW_ALIGN_BYTES)?;
        let slice_pitch = row_pitch.checked_mul(shape.rows())?;
        let start = behind_bytes.checked_next_multiple_of(LEVEL_ALIGN_BYTES)?;
        let layout = Self { start, row_pitch, slice_pitch, slices: shape.slices() };
        slice_pitch.checked_mul(layout.slices)?.checked_add(start)?;
        Some(layout)
    }

    /// Where it ends.
    pub(super) fn end(&self) -> u64 {
        self.start + self.slice_pitch * self.slices
    }
}

/// An array, maybe a level of a mip map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Array {
    pub(crate) number: u64,
    pub(super) context: u32,
    /// Where the allocation starts that it lies in.
    pub(super) memory: u64,
    pub(crate) shape: ArrayShape,
    pub(super) grid: Grid,
    /// It ends with its mip map.
    pub(super) is_level: bool,
}

impl Array {
    pub(super) fn new(
        number: u64,
        (context, memory): (u32, u64),
        shape: ArrayShape,
        layout: &Layout,
        is_level: bool,
    ) -> Self {
        let format = Format::of_array(shape.format, shape.channels).expect("the shape was checked");
        let grid = Grid {
            start: memory + layout.start,
            extents: [shape.width, shape.rows(), shape.slices()],
            row_pitch: layout.row_pitch,
            slice_pitch: layout.slice_pitch,
            format,
            is_linear: false,
        };
        Self { number, context, memory, shape, grid, is_level }
    }

    /// The address of a place in it: bytes, rows, slices.
    pub(crate) fn address(&self, at: [u64; 3]) -> u64 {
        self.grid.start + at[2] * self.grid.slice_pitch + at[1] * self.grid.row_pitch + at[0]
    }

    /// Bytes of a texel.
    pub(crate) fn texel_bytes(&self) -> u64 {
        self.grid.format.texel_bytes()
    }

    /// Whether its slices are layers.
    pub(super) fn counts_layers(&self) -> bool {
        self.shape.has(CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP)
    }

    /// How far its rows and its slices are apart.
    pub(crate) fn pitches(&self) -> (u64, u64) {
        (self.grid.row_pitch, self.grid.slice_pitch)
    }
}
