//! What textures and surfaces are of, in the runtime's struct and in the driver's.

use vgpu_core::abi::runtime::{
    cudaChannelFormatDesc, cudaResourceDesc, cudaResourceDesc__bindgen_ty_1 as Of,
    cudaResourceDesc__bindgen_ty_1__bindgen_ty_1 as OfArray, cudaResourceDesc__bindgen_ty_1__bindgen_ty_2 as OfMipmap,
    cudaResourceDesc__bindgen_ty_1__bindgen_ty_3 as OfLinear, cudaResourceDesc__bindgen_ty_1__bindgen_ty_4 as OfRows,
    cudaResourceType as Kind,
};
use vgpu_core::abi::{CUDA_RESOURCE_DESC, CUarray, CUresourcetype};

use crate::array;
use crate::driver as cu;
use crate::error::{RtError, RtResult};
use crate::pointer::{address, pointer};

/// A description of nothing, to be written over.
pub(crate) fn blank() -> CUDA_RESOURCE_DESC {
    CUDA_RESOURCE_DESC::default()
}

/// The driver's description.
///
/// # Errors
/// `INVALID_VALUE`: there is no such kind; what channels are refused for.
pub(crate) fn describe(resource: &cudaResourceDesc) -> RtResult<CUDA_RESOURCE_DESC> {
    let mut described = blank();
    described.resType = CUresourcetype(resource.resType.0);
    match resource.resType {
        Kind::cudaResourceTypeArray => {
            // SAFETY: all bits are a handle's.
            described.res.array.hArray = unsafe { resource.res.array }.array.cast();
        }
        Kind::cudaResourceTypeMipmappedArray => {
            // SAFETY: all bits are a handle's.
            described.res.mipmap.hMipmappedArray = unsafe { resource.res.mipmap }.mipmap.cast();
        }
        Kind::cudaResourceTypeLinear => {
            // SAFETY: all bits are numbers.
            let linear = unsafe { resource.res.linear };
            let (format, count) = array::format_of(&linear.desc)?;
            // SAFETY: the description is all zeros, which are numbers.
            let to = unsafe { &mut described.res.linear };
            (to.devPtr, to.format, to.numChannels) = (address(linear.devPtr), format, count);
            to.sizeInBytes = linear.sizeInBytes;
        }
        Kind::cudaResourceTypePitch2D => {
            // SAFETY: all bits are numbers.
            let rows = unsafe { resource.res.pitch2D };
            let (format, count) = array::format_of(&rows.desc)?;
            // SAFETY: the description is all zeros, which are numbers.
            let to = unsafe { &mut described.res.pitch2D };
            (to.devPtr, to.format, to.numChannels) = (address(rows.devPtr), format, count);
            (to.width, to.height, to.pitchInBytes) = (rows.width, rows.height, rows.pitchInBytes);
        }
        _ => return Err(RtError::INVALID_VALUE),
    }
    Ok(described)
}

/// The runtime's description.
pub(crate) fn described(resource: &CUDA_RESOURCE_DESC) -> cudaResourceDesc {
    let kind = Kind(resource.resType.0);
    let res = match resource.resType {
        CUresourcetype::CU_RESOURCE_TYPE_MIPMAPPED_ARRAY => {
            // SAFETY: all bits are a handle's.
            Of { mipmap: OfMipmap { mipmap: unsafe { resource.res.mipmap }.hMipmappedArray.cast() } }
        }
        CUresourcetype::CU_RESOURCE_TYPE_LINEAR => {
            // SAFETY: all bits are numbers.
            let linear = unsafe { resource.res.linear };
            Of {
                linear: OfLinear {
                    devPtr: pointer(linear.devPtr),
                    desc: array::channels_of(linear.format, linear.numChannels),
                    sizeInBytes: linear.sizeInBytes,
                },
            }
        }
        CUresourcetype::CU_RESOURCE_TYPE_PITCH2D => {
            // SAFETY: all bits are numbers.
            let rows = unsafe { resource.res.pitch2D };
            Of {
                pitch2D: OfRows {
                    devPtr: pointer(rows.devPtr),
                    desc: array::channels_of(rows.format, rows.numChannels),
                    width: rows.width,
                    height: rows.height,
                    pitchInBytes: rows.pitchInBytes,
                },
            }
        }
        // SAFETY: all bits are a handle's.
        _ => Of { array: OfArray { array: unsafe { resource.res.array }.hArray.cast() } },
    };
    cudaResourceDesc { resType: kind, res }
}

/// The channels of a resource's texels.
///
/// # Errors
/// What the driver says of an array.
pub(crate) fn channels(resource: &cudaResourceDesc) -> RtResult<cudaChannelFormatDesc> {
    Ok(match resource.resType {
        Kind::cudaResourceTypeMipmappedArray => {
            let mut level: CUarray = std::ptr::null_mut();
            // SAFETY: all bits are a handle's.
            let mipmap = unsafe { resource.res.mipmap }.mipmap;
            cu::cuMipmappedArrayGetLevel(&mut level, mipmap.cast(), 0)?;
            let found = array::description_of(level.cast())?;
            array::channels_of(found.Format, found.NumChannels)
        }
        Kind::cudaResourceTypeArray => {
            // SAFETY: all bits are a handle's.
            let found = array::description_of(unsafe { resource.res.array }.array)?;
            array::channels_of(found.Format, found.NumChannels)
        }
        // SAFETY: all bits are numbers.
        _ => unsafe { resource.res.pitch2D }.desc,
    })
}
