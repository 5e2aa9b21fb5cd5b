//! Unified addressing and managed memory.

use std::ffi::{c_int, c_uint, c_void};

use vgpu_core::abi::runtime::{
    cudaMemLocation, cudaMemLocationType, cudaMemRangeAttribute, cudaMemoryAdvise, cudaPointerAttributes, cudaStream_t,
};
use vgpu_core::abi::{CUmem_advise, CUmem_range_attribute};
use vgpu_core::ffi::Out;

use crate::error::{RtError, RtResult};
use crate::pointer::{self, address};
use crate::{current, driver as cu};

/// `cudaCpuDeviceId`, which the driver numbers alike.
const CPU_DEVICE: c_int = -1;

pub(crate) unsafe fn cudaPointerGetAttributes(attributes: Out<cudaPointerAttributes>, ptr: *const c_void) -> RtResult {
    current::context()?;
    attributes.write(pointer::attributes(ptr)?);
    Ok(())
}

pub(crate) unsafe fn cudaMemAdvise(
    devPtr: *const c_void,
    count: usize,
    advice: cudaMemoryAdvise,
    device: c_int,
) -> RtResult {
    current::context()?;
    cu::cuMemAdvise(address(devPtr), count, CUmem_advise(advice.0), place(device)?)
}

pub(crate) unsafe fn cudaMemPrefetchAsync(
    devPtr: *const c_void,
    count: usize,
    dstDevice: c_int,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    cu::cuMemPrefetchAsync(address(devPtr), count, place(dstDevice)?, stream)
}

pub(crate) unsafe fn cudaMemRangeGetAttribute(
    data: *mut c_void,
    dataSize: usize,
    attribute: cudaMemRangeAttribute,
    devPtr: *const c_void,
    count: usize,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's buffer is passed through.
    unsafe { cu::cuMemRangeGetAttribute(data, dataSize, CUmem_range_attribute(attribute.0), address(devPtr), count) }
}

pub(crate) unsafe fn cudaMemAdvise_v2(
    devPtr: *const c_void,
    count: usize,
    advice: cudaMemoryAdvise,
    location: cudaMemLocation,
) -> RtResult {
    current::context()?;
    cu::cuMemAdvise(address(devPtr), count, CUmem_advise(advice.0), located(location)?)
}

/// No flags are defined.
pub(crate) unsafe fn cudaMemPrefetchAsync_v2(
    devPtr: *const c_void,
    count: usize,
    location: cudaMemLocation,
    flags: c_uint,
    stream: cudaStream_t,
) -> RtResult {
    current::context()?;
    if flags != 0 {
        return Err(RtError::INVALID_VALUE);
    }
    cu::cuMemPrefetchAsync(address(devPtr), count, located(location)?, stream)
}

/// A device, or the host as a whole: its single NUMA nodes cannot be told apart here.
fn located(location: cudaMemLocation) -> RtResult<c_int> {
    match location.type_ {
        cudaMemLocationType::cudaMemLocationTypeDevice => current::device_of(location.id),
        cudaMemLocationType::cudaMemLocationTypeHost => Ok(CPU_DEVICE),
        cudaMemLocationType::cudaMemLocationTypeHostNuma | cudaMemLocationType::cudaMemLocationTypeHostNumaCurrent => {
            Err(RtError::NOT_SUPPORTED)
        }
        _ => Err(RtError::INVALID_VALUE),
    }
}

fn place(ordinal: c_int) -> RtResult<c_int> {
    if ordinal == CPU_DEVICE { Ok(CPU_DEVICE) } else { current::device_of(ordinal) }
}
