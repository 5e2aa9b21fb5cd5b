//! Arrays, and what textures read: the descriptions that both sides agree on, in CUDA's own numbers.
//!
//! **Source:** `cuArray3DCreate` and `cuTexObjectCreate` in NVIDIA's driver API reference.

use super::Pod;
use crate::abi::{
    CUDA_ARRAY3D_CUBEMAP, CUDA_ARRAY3D_LAYERED, CUDA_ARRAY3D_SURFACE_LDST, CUDA_ARRAY3D_TEXTURE_GATHER,
    CUarray_format_enum as Format,
};
use crate::error::{CuError, CuResult};

/// The flags of arrays that there are.
const FLAGS: u32 =
    CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_TEXTURE_GATHER;

/// More levels no array has.
const LEVELS_MAX: u32 = 32;

/// What an array is made of: `CUDA_ARRAY3D_DESCRIPTOR`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayShape {
    /// In texels.
    pub width: u64,
    /// 0 where there are no rows.
    pub height: u64,
    /// Slices or, by the flags, layers; 0 where there are none.
    pub depth: u64,
    /// A `CUarray_format`.
    pub format: u32,
    /// 1, 2 or 4.
    pub channels: u32,
    /// `CUDA_ARRAY3D_*`.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: three u64 and four u32 leave no gap.
unsafe impl Pod for ArrayShape {}

/// How many bytes a channel of a `CUarray_format` has; `None` for one that is not done.
pub fn channel_bytes(format: u32) -> Option<u32> {
    Some(match Format(format) {
        Format::CU_AD_FORMAT_UNSIGNED_INT8 | Format::CU_AD_FORMAT_SIGNED_INT8 => 1,
        Format::CU_AD_FORMAT_UNSIGNED_INT16 | Format::CU_AD_FORMAT_SIGNED_INT16 | Format::CU_AD_FORMAT_HALF => 2,
        Format::CU_AD_FORMAT_UNSIGNED_INT32 | Format::CU_AD_FORMAT_SIGNED_INT32 | Format::CU_AD_FORMAT_FLOAT => 4,
        _ => return None,
    })
}

/// How many bytes a texel has.
///
/// # Errors
/// `INVALID_VALUE` for a number of channels that there is not, `NOT_SUPPORTED` for a format that is not done.
pub fn texel_bytes(format: u32, channels: u32) -> CuResult<u32> {
    match (channel_bytes(format), channels) {
        (Some(bytes), 1 | 2 | 4) => Ok(bytes * channels),
        (Some(_), _) => Err(CuError::INVALID_VALUE),
        (None, _) => Err(CuError::NOT_SUPPORTED),
    }
}

impl ArrayShape {
    /// Whether it has that flag.
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether there can be such an array, on whatever device.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there cannot, `NOT_SUPPORTED` for formats and flags that are not done.
    pub fn check(&self) -> CuResult {
        texel_bytes(self.format, self.channels)?;
        if self.flags & !FLAGS != 0 {
            return Err(CuError::NOT_SUPPORTED);
        }
        let (is_layered, is_cube) = (self.has(CUDA_ARRAY3D_LAYERED), self.has(CUDA_ARRAY3D_CUBEMAP));
        let is_sound = match (is_cube, is_layered) {
            (true, false) => self.width == self.height && self.depth == 6,
            (true, true) => self.width == self.height && self.depth > 0 && self.depth.is_multiple_of(6),
            (false, true) => self.depth > 0,
            (false, false) => self.depth == 0 || self.height > 0,
        };
        let may_be_gathered =
            !self.has(CUDA_ARRAY3D_TEXTURE_GATHER) || self.height > 0 && (self.depth == 0 || is_layered);
        if self.width == 0 || !is_sound || !may_be_gathered {
            return Err(CuError::INVALID_VALUE);
        }
        self.len_bytes().map(drop).ok_or(CuError::INVALID_VALUE)
    }

    /// How many bytes a row has; meaningful for a shape that was checked.
    pub fn row_bytes(&self) -> u64 {
        let texel = texel_bytes(self.format, self.channels).unwrap_or(0);
        self.width.saturating_mul(texel.into())
    }

    /// Rows of a slice.
    pub fn rows(&self) -> u64 {
        self.height.max(1)
    }

    /// Slices or layers.
    pub fn slices(&self) -> u64 {
        self.depth.max(1)
    }

    /// Bytes of all its texels.
    fn len_bytes(&self) -> Option<u64> {
        let texel = texel_bytes(self.format, self.channels).ok()?;
        self.width.checked_mul(texel.into())?.checked_mul(self.rows())?.checked_mul(self.slices())
    }

    /// The most levels that a mip map of it has.
    pub fn levels_max(&self) -> u32 {
        let depth = if self.has(CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP) { 0 } else { self.depth };
        let longest = self.width.max(self.height).max(depth).max(1);
        longest.ilog2() + 1
    }

    /// The shape of a level of its mip map: each extent is halved, but there are as many layers.
    pub fn level(&self, level: u32) -> Self {
        let level = level.min(LEVELS_MAX);
        let halved = |extent: u64| if extent == 0 { 0 } else { (extent >> level).max(1) };
        let is_layered = self.has(CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP);
        let depth = if is_layered { self.depth } else { halved(self.depth) };
        Self { width: halved(self.width), height: halved(self.height), depth, ..*self }
    }

    /// Whether a box from `at` (bytes, rows, slices) lies within.
    pub fn holds(&self, at: [u64; 3], width_bytes: u64, height: u64, depth: u64) -> bool {
        let extents =
            [(at[0], width_bytes, self.row_bytes()), (at[1], height, self.rows()), (at[2], depth, self.slices())];
        extents.iter().all(|(start, len, end)| start.checked_add(*len).is_some_and(|past| past <= *end))
    }
}

/// One end of a copy that has an array at an end.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxEnd {
    /// By the message's flags an array's handle or an offset in the window, else a device address.
    pub place: u64,
    /// How far rows are apart, in bytes; 0 for an array.
    pub pitch: u64,
    /// How far slices are apart, in bytes; 0 for an array.
    pub slice_pitch: u64,
    /// Where the box begins in an array: bytes, rows, slices.
    pub at: [u64; 3],
}

// SAFETY: six u64.
unsafe impl Pod for BoxEnd {}

/// What a texture reads: `CUDA_RESOURCE_DESC`. Of an array, only kind and place count.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// A `CUresourcetype`.
    pub kind: u32,
    /// A `CUarray_format`.
    pub format: u32,
    /// 1, 2 or 4.
    pub channels: u32,
    /// Zero.
    pub reserved: u32,
    /// An array's handle, or a device address.
    pub place: u64,
    /// In texels; of linear memory, in bytes.
    pub width: u64,
    /// Rows of pitched memory.
    pub height: u64,
    /// How far its rows are apart, in bytes.
    pub pitch: u64,
}

// SAFETY: four u32 and four u64 leave no gap.
unsafe impl Pod for Resource {}

/// How a texture is read: `CUDA_TEXTURE_DESC`. Floats are their bits.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// `CUaddress_mode` of each dimension.
    pub address_modes: [u32; 3],
    /// A `CUfilter_mode`.
    pub filter: u32,
    /// `CU_TRSF_*`.
    pub flags: u32,
    pub max_anisotropy: u32,
    /// A `CUfilter_mode`: between levels.
    pub level_filter: u32,
    pub level_bias: u32,
    pub level_min: u32,
    pub level_max: u32,
    pub border: [u32; 4],
}

// SAFETY: fourteen u32.
unsafe impl Pod for Sampling {}

/// What a texture takes an array for: `CUDA_RESOURCE_VIEW_DESC`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextureView {
    /// 0 where there is no view, and all else is zero.
    pub is_there: u32,
    /// A `CUresourceViewFormat`.
    pub format: u32,
    pub width: u64,
    pub height: u64,
    pub depth: u64,
    pub first_level: u32,
    pub last_level: u32,
    pub first_layer: u32,
    pub last_layer: u32,
}

// SAFETY: two u32, three u64 and four u32 leave no gap.
unsafe impl Pod for TextureView {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(width: u64, height: u64, depth: u64, flags: u32) -> ArrayShape {
        let format = Format::CU_AD_FORMAT_HALF.0;
        ArrayShape { width, height, depth, format, channels: 2, flags, reserved: 0 }
    }

    #[test]
    fn arrays_have_the_dimensions_of_the_reference() {
        let sound = [
            (8, 0, 0, 0),
            (8, 4, 0, 0),
            (8, 4, 2, CUDA_ARRAY3D_SURFACE_LDST),
            (8, 0, 3, CUDA_ARRAY3D_LAYERED),
            (8, 4, 3, CUDA_ARRAY3D_LAYERED),
            (8, 8, 6, CUDA_ARRAY3D_CUBEMAP),
            (8, 8, 12, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED),
            (8, 8, 0, CUDA_ARRAY3D_TEXTURE_GATHER),
        ];
        for (width, height, depth, flags) in sound {
            assert_eq!(shape(width, height, depth, flags).check(), Ok(()), "{width} {height} {depth} {flags}");
        }
        let unsound = [
            (0, 0, 0, 0),
            (8, 0, 2, 0),
            (8, 0, 0, CUDA_ARRAY3D_LAYERED),
            (8, 4, 6, CUDA_ARRAY3D_CUBEMAP),
            (8, 8, 7, CUDA_ARRAY3D_CUBEMAP),
            (8, 8, 8, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED),
            (8, 0, 0, CUDA_ARRAY3D_TEXTURE_GATHER),
            (u64::MAX, u64::MAX, 0, 0),
        ];
        for (width, height, depth, flags) in unsound {
            let checked = shape(width, height, depth, flags).check();
            assert_eq!(checked, Err(CuError::INVALID_VALUE), "{width} {height} {depth} {flags}");
        }
    }

    #[test]
    fn a_box_outside_is_not_held() {
        let shape = shape(8, 4, 2, 0);
        assert!(shape.holds([0; 3], 32, 4, 2) && shape.holds([28, 3, 1], 4, 1, 1));
        assert!(!shape.holds([1, 0, 0], 32, 1, 1) && !shape.holds([0, 4, 0], 1, 1, 1));
        assert!(!shape.holds([0, 0, u64::MAX], 1, 1, 2));
    }

    #[test]
    fn levels_are_halved_down_to_one_texel_and_layers_stay() {
        let whole = shape(8, 3, 4, 0);
        let extents = |shape: ArrayShape| (shape.width, shape.height, shape.depth);
        assert_eq!((whole.levels_max(), extents(whole.level(1)), extents(whole.level(3))), (4, (4, 1, 2), (1, 1, 1)));
        let layers = shape(2, 0, 9, CUDA_ARRAY3D_LAYERED);
        assert_eq!((layers.levels_max(), extents(layers.level(1))), (2, (1, 0, 9)));
    }
}
