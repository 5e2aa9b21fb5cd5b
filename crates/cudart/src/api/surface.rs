//! Surfaces.

use vgpu_core::abi::CUsurfObject;
use vgpu_core::abi::runtime::{cudaResourceDesc, cudaSurfaceObject_t};
use vgpu_core::ffi::{In, Out};

use crate::error::RtResult;
use crate::resource;
use crate::{current, driver as cu};

pub(crate) fn cudaCreateSurfaceObject(
    pSurfObject: Out<cudaSurfaceObject_t>,
    pResDesc: In<cudaResourceDesc>,
) -> RtResult {
    current::context()?;
    let mut made: CUsurfObject = 0;
    cu::cuSurfObjectCreate(&mut made, &resource::describe(pResDesc.get())?)?;
    pSurfObject.write(made);
    Ok(())
}

pub(crate) fn cudaDestroySurfaceObject(surfObject: cudaSurfaceObject_t) -> RtResult {
    current::context()?;
    if surfObject == 0 { Ok(()) } else { cu::cuSurfObjectDestroy(surfObject) }
}

pub(crate) fn cudaGetSurfaceObjectResourceDesc(
    pResDesc: Out<cudaResourceDesc>,
    surfObject: cudaSurfaceObject_t,
) -> RtResult {
    current::context()?;
    let mut found = resource::blank();
    cu::cuSurfObjectGetResourceDesc(&mut found, surfObject)?;
    pResDesc.write(resource::described(&found));
    Ok(())
}
