//! Arrays and mip maps.

use std::ffi::c_uint;

use vgpu_core::CuResult;
use vgpu_core::abi::{CUDA_ARRAY_DESCRIPTOR, CUDA_ARRAY3D_DESCRIPTOR, CUarray, CUarray_format, CUmipmappedArray};
use vgpu_core::ffi::{In, Out};
use vgpu_core::wire::messages::ArrayShape;

use super::{handle, id};
use crate::guest::array::{Array, Mipmap};
use crate::guest::{capture_mode, current};

fn shape_of(descriptor: &CUDA_ARRAY3D_DESCRIPTOR) -> ArrayShape {
    ArrayShape {
        width: descriptor.Width as u64,
        height: descriptor.Height as u64,
        depth: descriptor.Depth as u64,
        format: descriptor.Format.0,
        channels: descriptor.NumChannels,
        flags: descriptor.Flags,
        reserved: 0,
    }
}

fn descriptor_of(shape: &ArrayShape) -> CUDA_ARRAY3D_DESCRIPTOR {
    CUDA_ARRAY3D_DESCRIPTOR {
        Width: shape.width as usize,
        Height: shape.height as usize,
        Depth: shape.depth as usize,
        Format: CUarray_format(shape.format),
        NumChannels: shape.channels,
        Flags: shape.flags,
    }
}

fn create(shape: ArrayShape) -> CuResult<CUarray> {
    let (process, context) = current::healthy()?;
    capture_mode::refuse_unsafe_call()?;
    Ok(handle(Array::create(process, context.live()?.number, shape)?.handle))
}

/// Makes a one- or two-dimensional array.
pub(crate) fn cuArrayCreate_v2(pHandle: Out<'_, CUarray>, pAllocateArray: In<'_, CUDA_ARRAY_DESCRIPTOR>) -> CuResult {
    let &CUDA_ARRAY_DESCRIPTOR { Width, Height, Format, NumChannels } = pAllocateArray.get();
    pHandle.write(create(shape_of(&CUDA_ARRAY3D_DESCRIPTOR {
        Width,
        Height,
        Depth: 0,
        Format,
        NumChannels,
        Flags: 0,
    }))?);
    Ok(())
}

/// Makes an array of any kind.
pub(crate) fn cuArray3DCreate_v2(
    pHandle: Out<'_, CUarray>,
    pAllocateArray: In<'_, CUDA_ARRAY3D_DESCRIPTOR>,
) -> CuResult {
    pHandle.write(create(shape_of(pAllocateArray.get()))?);
    Ok(())
}

/// Ends an array once the work queued before is done.
pub(crate) fn cuArrayDestroy(hArray: CUarray) -> CuResult {
    let (process, _) = current::unfailed()?;
    capture_mode::refuse_unsafe_call()?;
    Array::find(id(hArray))?.destroy(process)
}

/// Says what an array was made of, but for its depth.
pub(crate) fn cuArrayGetDescriptor_v2(pArrayDescriptor: Out<'_, CUDA_ARRAY_DESCRIPTOR>, hArray: CUarray) -> CuResult {
    current::context()?;
    let CUDA_ARRAY3D_DESCRIPTOR { Width, Height, Format, NumChannels, .. } =
        descriptor_of(&Array::find(id(hArray))?.shape);
    pArrayDescriptor.write(CUDA_ARRAY_DESCRIPTOR { Width, Height, Format, NumChannels });
    Ok(())
}

/// Says what an array was made of.
pub(crate) fn cuArray3DGetDescriptor_v2(
    pArrayDescriptor: Out<'_, CUDA_ARRAY3D_DESCRIPTOR>,
    hArray: CUarray,
) -> CuResult {
    current::context()?;
    pArrayDescriptor.write(descriptor_of(&Array::find(id(hArray))?.shape));
    Ok(())
}

/// Makes a mip map; more levels than there can be are as many as can.
pub(crate) fn cuMipmappedArrayCreate(
    pHandle: Out<'_, CUmipmappedArray>,
    pMipmappedArrayDesc: In<'_, CUDA_ARRAY3D_DESCRIPTOR>,
    numMipmapLevels: c_uint,
) -> CuResult {
    let (process, context) = current::healthy()?;
    capture_mode::refuse_unsafe_call()?;
    let shape = shape_of(pMipmappedArrayDesc.get());
    pHandle.write(handle(Mipmap::create(process, context.live()?.number, shape, numMipmapLevels)?.handle));
    Ok(())
}

/// Ends a mip map once the work queued before is done.
pub(crate) fn cuMipmappedArrayDestroy(hMipmappedArray: CUmipmappedArray) -> CuResult {
    let (process, _) = current::unfailed()?;
    capture_mode::refuse_unsafe_call()?;
    Mipmap::find(id(hMipmappedArray))?.destroy(process)
}

/// Gives the array that is a level of a mip map.
pub(crate) fn cuMipmappedArrayGetLevel(
    pLevelArray: Out<'_, CUarray>,
    hMipmappedArray: CUmipmappedArray,
    level: c_uint,
) -> CuResult {
    let (process, _) = current::healthy()?;
    pLevelArray.write(handle(Mipmap::find(id(hMipmappedArray))?.level(process, level)?));
    Ok(())
}
