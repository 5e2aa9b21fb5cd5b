//! Events.

use std::ffi::c_uint;
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{cudaEvent_t, cudaStream_t};
use vgpu_core::ffi::Out;

use crate::error::RtResult;
use crate::{current, driver as cu};

pub(crate) fn cudaEventCreate(event: Out<cudaEvent_t>) -> RtResult {
    cudaEventCreateWithFlags(event, 0)
}

/// The flags have the driver's bits.
pub(crate) fn cudaEventCreateWithFlags(event: Out<cudaEvent_t>, flags: c_uint) -> RtResult {
    current::context()?;
    let mut created = null_mut();
    cu::cuEventCreate(&mut created, flags)?;
    event.write(created);
    Ok(())
}

pub(crate) fn cudaEventDestroy(event: cudaEvent_t) -> RtResult {
    current::context()?;
    cu::cuEventDestroy_v2(event)
}

pub(crate) fn cudaEventRecord(event: cudaEvent_t, stream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuEventRecord(event, stream)
}

pub(crate) fn cudaEventRecordWithFlags(event: cudaEvent_t, stream: cudaStream_t, flags: c_uint) -> RtResult {
    current::context()?;
    cu::cuEventRecordWithFlags(event, stream, flags)
}

pub(crate) fn cudaEventQuery(event: cudaEvent_t) -> RtResult {
    current::context()?;
    cu::cuEventQuery(event)
}

pub(crate) fn cudaEventSynchronize(event: cudaEvent_t) -> RtResult {
    current::context()?;
    cu::cuEventSynchronize(event)
}

/// Milliseconds between two recorded events.
pub(crate) fn cudaEventElapsedTime(ms: Out<f32>, start: cudaEvent_t, end: cudaEvent_t) -> RtResult {
    current::context()?;
    let mut elapsed = 0.0;
    cu::cuEventElapsedTime(&mut elapsed, start, end)?;
    ms.write(elapsed);
    Ok(())
}
