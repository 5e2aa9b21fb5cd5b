//! Textures: only what needs none.

use std::ffi::c_int;

use vgpu_core::abi::runtime::{cudaChannelFormatDesc, cudaChannelFormatKind};

/// Puts a channel format together; bits per component.
pub(crate) fn cudaCreateChannelDesc(
    x: c_int,
    y: c_int,
    z: c_int,
    w: c_int,
    f: cudaChannelFormatKind,
) -> cudaChannelFormatDesc {
    cudaChannelFormatDesc { x, y, z, w, f }
}
