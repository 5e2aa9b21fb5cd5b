//! Textures.

use vgpu_core::abi::{CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC, CUtexObject};
use vgpu_core::ffi::{In, InOpt, Out};
use vgpu_core::{CuError, CuResult};

use crate::guest::current;
use crate::guest::texture::Texture;

/// Makes a texture of an array, of linear memory or of rows of it.
pub(crate) fn cuTexObjectCreate(
    pTexObject: Out<'_, CUtexObject>,
    pResDesc: In<'_, CUDA_RESOURCE_DESC>,
    pTexDesc: In<'_, CUDA_TEXTURE_DESC>,
    pResViewDesc: InOpt<'_, CUDA_RESOURCE_VIEW_DESC>,
) -> CuResult {
    let (process, context) = current::healthy()?;
    pTexObject.write(Texture::create(process, context, pResDesc.get(), pTexDesc.get(), pResViewDesc.get())?);
    Ok(())
}

/// Ends a texture; kernels that were launched before may read it still.
pub(crate) fn cuTexObjectDestroy(texObject: CUtexObject) -> CuResult {
    let (process, _) = current::unfailed()?;
    Texture::destroy(process, texObject)
}

/// Says what a texture reads.
pub(crate) fn cuTexObjectGetResourceDesc(pResDesc: Out<'_, CUDA_RESOURCE_DESC>, texObject: CUtexObject) -> CuResult {
    current::context()?;
    pResDesc.write(Texture::find(texObject)?.resource);
    Ok(())
}

/// Says what a texture takes its array for, if that was said when it was made.
pub(crate) fn cuTexObjectGetResourceViewDesc(
    pResViewDesc: Out<'_, CUDA_RESOURCE_VIEW_DESC>,
    texObject: CUtexObject,
) -> CuResult {
    current::context()?;
    pResViewDesc.write(Texture::find(texObject)?.view.ok_or(CuError::INVALID_VALUE)?);
    Ok(())
}

/// Says how a texture is read.
pub(crate) fn cuTexObjectGetTextureDesc(pTexDesc: Out<'_, CUDA_TEXTURE_DESC>, texObject: CUtexObject) -> CuResult {
    current::context()?;
    pTexDesc.write(Texture::find(texObject)?.sampling);
    Ok(())
}
