//! Textures, and the channels of what they read.

use std::ffi::{c_int, c_uint};

use vgpu_core::abi::runtime::{
    cudaArray_const_t, cudaChannelFormatDesc, cudaChannelFormatKind, cudaResourceDesc, cudaResourceType,
    cudaResourceViewDesc, cudaResourceViewFormat, cudaTextureAddressMode, cudaTextureDesc, cudaTextureFilterMode,
    cudaTextureObject_t, cudaTextureReadMode,
};
use vgpu_core::abi::{
    CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION, CU_TRSF_NORMALIZED_COORDINATES, CU_TRSF_READ_AS_INTEGER,
    CU_TRSF_SEAMLESS_CUBEMAP, CU_TRSF_SRGB, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC, CUaddress_mode, CUfilter_mode,
    CUresourceViewFormat, CUtexObject,
};
use vgpu_core::ffi::{In, InOpt, Out};

use crate::array;
use crate::error::{RtError, RtResult};
use crate::resource;
use crate::{current, driver as cu};

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

pub(crate) fn cudaGetChannelDesc(desc: Out<cudaChannelFormatDesc>, array: cudaArray_const_t) -> RtResult {
    current::context()?;
    let found = array::description_of(array)?;
    desc.write(array::channels_of(found.Format, found.NumChannels));
    Ok(())
}

pub(crate) fn cudaCreateTextureObject(
    pTexObject: Out<cudaTextureObject_t>,
    pResDesc: In<cudaResourceDesc>,
    pTexDesc: In<cudaTextureDesc>,
    pResViewDesc: InOpt<cudaResourceViewDesc>,
) -> RtResult {
    current::context()?;
    let described = resource::describe(pResDesc.get())?;
    check_filter(pResDesc.get(), pTexDesc.get())?;
    let view = pResViewDesc.get().map(describe_view);
    let view = view.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let mut made: CUtexObject = 0;
    // SAFETY: the view is null or leads to a local.
    unsafe { cu::cuTexObjectCreate(&mut made, &described, &describe_sampling(pTexDesc.get()), view) }?;
    pTexObject.write(made);
    Ok(())
}

pub(crate) fn cudaDestroyTextureObject(texObject: cudaTextureObject_t) -> RtResult {
    current::context()?;
    if texObject == 0 { Ok(()) } else { cu::cuTexObjectDestroy(texObject) }
}

pub(crate) fn cudaGetTextureObjectResourceDesc(
    pResDesc: Out<cudaResourceDesc>,
    texObject: cudaTextureObject_t,
) -> RtResult {
    current::context()?;
    let mut found = resource::blank();
    cu::cuTexObjectGetResourceDesc(&mut found, texObject)?;
    pResDesc.write(resource::described(&found));
    Ok(())
}

pub(crate) fn cudaGetTextureObjectTextureDesc(
    pTexDesc: Out<cudaTextureDesc>,
    texObject: cudaTextureObject_t,
) -> RtResult {
    current::context()?;
    let mut found = CUDA_TEXTURE_DESC::default();
    cu::cuTexObjectGetTextureDesc(&mut found, texObject)?;
    pTexDesc.write(described_sampling(&found));
    Ok(())
}

pub(crate) fn cudaGetTextureObjectResourceViewDesc(
    pResViewDesc: Out<cudaResourceViewDesc>,
    texObject: cudaTextureObject_t,
) -> RtResult {
    current::context()?;
    let mut found = CUDA_RESOURCE_VIEW_DESC::default();
    cu::cuTexObjectGetResourceViewDesc(&mut found, texObject)?;
    pResViewDesc.write(cudaResourceViewDesc {
        format: cudaResourceViewFormat(found.format.0),
        width: found.width,
        height: found.height,
        depth: found.depth,
        firstMipmapLevel: found.firstMipmapLevel,
        lastMipmapLevel: found.lastMipmapLevel,
        firstLayer: found.firstLayer,
        lastLayer: found.lastLayer,
    });
    Ok(())
}

/// The runtime has a word of its own for integers that are filtered.
fn check_filter(resource: &cudaResourceDesc, sampling: &cudaTextureDesc) -> RtResult {
    let is_linear = sampling.filterMode == cudaTextureFilterMode::cudaFilterModeLinear;
    if !is_linear || resource.resType == cudaResourceType::cudaResourceTypeLinear {
        return Ok(());
    }
    let channels = resource::channels(resource)?;
    let is_float = channels.f == cudaChannelFormatKind::cudaChannelFormatKindFloat;
    let is_promoted = sampling.readMode == cudaTextureReadMode::cudaReadModeNormalizedFloat;
    if is_float || is_promoted { Ok(()) } else { Err(RtError::INVALID_FILTER_SETTING) }
}

const FLAGS: [c_uint; 5] = [
    CU_TRSF_READ_AS_INTEGER,
    CU_TRSF_NORMALIZED_COORDINATES,
    CU_TRSF_SRGB,
    CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION,
    CU_TRSF_SEAMLESS_CUBEMAP,
];

fn describe_sampling(sampling: &cudaTextureDesc) -> CUDA_TEXTURE_DESC {
    let is_set = [
        sampling.readMode == cudaTextureReadMode::cudaReadModeElementType,
        sampling.normalizedCoords != 0,
        sampling.sRGB != 0,
        sampling.disableTrilinearOptimization != 0,
        sampling.seamlessCubemap != 0,
    ];
    CUDA_TEXTURE_DESC {
        addressMode: sampling.addressMode.map(|mode| CUaddress_mode(mode.0)),
        filterMode: CUfilter_mode(sampling.filterMode.0),
        flags: FLAGS.into_iter().zip(is_set).map(|(flag, is_set)| if is_set { flag } else { 0 }).sum(),
        maxAnisotropy: sampling.maxAnisotropy,
        mipmapFilterMode: CUfilter_mode(sampling.mipmapFilterMode.0),
        mipmapLevelBias: sampling.mipmapLevelBias,
        minMipmapLevelClamp: sampling.minMipmapLevelClamp,
        maxMipmapLevelClamp: sampling.maxMipmapLevelClamp,
        borderColor: sampling.borderColor,
        reserved: [0; 12],
    }
}

fn described_sampling(sampling: &CUDA_TEXTURE_DESC) -> cudaTextureDesc {
    let [is_integer, normalizedCoords, sRGB, disableTrilinearOptimization, seamlessCubemap] =
        FLAGS.map(|flag| c_int::from(sampling.flags & flag != 0));
    let mode = if is_integer != 0 {
        cudaTextureReadMode::cudaReadModeElementType
    } else {
        cudaTextureReadMode::cudaReadModeNormalizedFloat
    };
    cudaTextureDesc {
        addressMode: sampling.addressMode.map(|mode| cudaTextureAddressMode(mode.0)),
        filterMode: cudaTextureFilterMode(sampling.filterMode.0),
        readMode: mode,
        sRGB,
        borderColor: sampling.borderColor,
        normalizedCoords,
        maxAnisotropy: sampling.maxAnisotropy,
        mipmapFilterMode: cudaTextureFilterMode(sampling.mipmapFilterMode.0),
        mipmapLevelBias: sampling.mipmapLevelBias,
        minMipmapLevelClamp: sampling.minMipmapLevelClamp,
        maxMipmapLevelClamp: sampling.maxMipmapLevelClamp,
        disableTrilinearOptimization,
        seamlessCubemap,
    }
}

fn describe_view(view: &cudaResourceViewDesc) -> CUDA_RESOURCE_VIEW_DESC {
    CUDA_RESOURCE_VIEW_DESC {
        format: CUresourceViewFormat(view.format.0),
        width: view.width,
        height: view.height,
        depth: view.depth,
        firstMipmapLevel: view.firstMipmapLevel,
        lastMipmapLevel: view.lastMipmapLevel,
        firstLayer: view.firstLayer,
        lastLayer: view.lastLayer,
        reserved: [0; 16],
    }
}
