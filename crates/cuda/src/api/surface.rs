//! Surfaces.

use vgpu_core::CuResult;
use vgpu_core::abi::{CUDA_RESOURCE_DESC, CUsurfObject};
use vgpu_core::ffi::{In, Out};

use crate::guest::{current, texture};

/// Makes a surface of an array.
pub(crate) fn cuSurfObjectCreate(pSurfObject: Out<'_, CUsurfObject>, pResDesc: In<'_, CUDA_RESOURCE_DESC>) -> CuResult {
    let (process, context) = current::healthy()?;
    pSurfObject.write(texture::create_surface(process, context, pResDesc.get())?);
    Ok(())
}

/// Ends a surface; kernels that were launched before may use it still.
pub(crate) fn cuSurfObjectDestroy(surfObject: CUsurfObject) -> CuResult {
    let (process, _) = current::unfailed()?;
    texture::destroy_surface(process, surfObject)
}

/// Says which array a surface is of.
pub(crate) fn cuSurfObjectGetResourceDesc(pResDesc: Out<'_, CUDA_RESOURCE_DESC>, surfObject: CUsurfObject) -> CuResult {
    current::context()?;
    pResDesc.write(texture::surface_resource(surfObject)?);
    Ok(())
}
