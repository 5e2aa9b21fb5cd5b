//! What a device allows of arrays, textures and surfaces, and the attributes that say so.
//!
//! **Source:** the table of compute capabilities in NVIDIA's CUDA C++ Programming Guide, for 7.5 to 9.0. Earlier ones have the same
//! or less; a device is not held to less.

use vgpu_core::abi::CUdevice_attribute as Attribute;
use vgpu_core::abi::{CUDA_ARRAY3D_CUBEMAP, CUDA_ARRAY3D_LAYERED};
use vgpu_core::wire::messages::ArrayShape;

/// How linear memory that textures read is aligned, and rows of it.
pub(super) const ALIGN_BYTES: u64 = 512;
pub(super) const PITCH_ALIGN_BYTES: u64 = 32;
/// Texels of linear memory.
pub(super) const LINEAR_WIDTH: u64 = 1 << 28;
/// Texels and rows of pitched memory, and bytes of its rows.
pub(super) const PITCHED_EXTENTS: [u64; 2] = [131_072, 65_000];
pub(super) const PITCH_BYTES: u64 = 2_097_120;

const LINE: u64 = 131_072;
const PLANE: [u64; 2] = [131_072, 65_536];
const SPACE: u64 = 16_384;
/// An edge of a cube or of a plane among layers, or a line among them.
const EDGE: u64 = 32_768;
const LAYERS: u64 = 2048;
const CUBE_LAYERS: u64 = 2046;

/// Whether a device has arrays that large.
pub(super) fn admits(shape: &ArrayShape) -> bool {
    let (is_layered, is_cube) = (shape.has(CUDA_ARRAY3D_LAYERED), shape.has(CUDA_ARRAY3D_CUBEMAP));
    let &ArrayShape { width, height, depth, .. } = shape;
    if is_cube {
        return width <= EDGE && depth <= if is_layered { CUBE_LAYERS } else { 6 };
    }
    match (height, depth) {
        _ if is_layered => width.max(height) <= EDGE && depth <= LAYERS,
        (0, _) => width <= LINE,
        (_, 0) => width <= PLANE[0] && height <= PLANE[1],
        _ => width.max(height).max(depth) <= SPACE,
    }
}

/// The attributes with these limits.
pub(crate) fn attributes() -> [(Attribute, u64); 43] {
    [
        (Attribute::CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, ALIGN_BYTES),
        (Attribute::CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT, PITCH_ALIGN_BYTES),
        (Attribute::CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT, ALIGN_BYTES),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH, LINE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH, LINEAR_WIDTH),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_MIPMAPPED_WIDTH, LINE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS, LAYERS),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH, PLANE[0]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT, PLANE[1]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_WIDTH, PITCHED_EXTENTS[0]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_HEIGHT, PITCHED_EXTENTS[1]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_PITCH, PITCH_BYTES),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_WIDTH, PLANE[0]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_HEIGHT, PLANE[1]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_WIDTH, PLANE[0]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_HEIGHT, PLANE[1]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_HEIGHT, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS, LAYERS),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH_ALTERNATE, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT_ALTERNATE, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS, CUBE_LAYERS),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_WIDTH, LINE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_LAYERS, LAYERS),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_WIDTH, PLANE[0]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_HEIGHT, PLANE[1]),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_HEIGHT, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_LAYERS, LAYERS),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_WIDTH, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_HEIGHT, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_DEPTH, SPACE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_WIDTH, EDGE),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_LAYERS, CUBE_LAYERS),
    ]
}
