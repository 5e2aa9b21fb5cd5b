//! Streams.

use std::ffi::{c_int, c_uint, c_ulonglong, c_void};
use std::mem::transmute;
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{
    cudaEvent_t, cudaLaunchAttributeID, cudaLaunchAttributeValue, cudaStream_t, cudaStreamCallback_t,
    cudaStreamCaptureStatus,
};
use vgpu_core::abi::{CUstreamAttrID, CUstreamCallback, CUstreamCaptureStatus};
use vgpu_core::ffi::Out;

use crate::error::{RtError, RtResult};
use crate::pointer::address;
use crate::{current, driver as cu};

pub(crate) fn cudaStreamCreate(pStream: Out<cudaStream_t>) -> RtResult {
    cudaStreamCreateWithFlags(pStream, 0)
}

/// The flags have the driver's bits.
pub(crate) fn cudaStreamCreateWithFlags(pStream: Out<cudaStream_t>, flags: c_uint) -> RtResult {
    current::context()?;
    let mut created = null_mut();
    cu::cuStreamCreate(&mut created, flags)?;
    pStream.write(created);
    Ok(())
}

pub(crate) fn cudaStreamCreateWithPriority(pStream: Out<cudaStream_t>, flags: c_uint, priority: c_int) -> RtResult {
    current::context()?;
    let mut created = null_mut();
    cu::cuStreamCreateWithPriority(&mut created, flags, priority)?;
    pStream.write(created);
    Ok(())
}

pub(crate) fn cudaStreamDestroy(stream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuStreamDestroy_v2(stream)
}

pub(crate) fn cudaStreamSynchronize(stream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuStreamSynchronize(stream)
}

pub(crate) fn cudaStreamQuery(stream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuStreamQuery(stream)
}

pub(crate) fn cudaStreamWaitEvent(stream: cudaStream_t, event: cudaEvent_t, flags: c_uint) -> RtResult {
    current::context()?;
    cu::cuStreamWaitEvent(stream, event, flags)
}

pub(crate) unsafe fn cudaStreamAddCallback(
    stream: cudaStream_t,
    callback: cudaStreamCallback_t,
    userData: *mut c_void,
    flags: c_uint,
) -> RtResult {
    current::context()?;
    if callback.is_none() {
        return Err(RtError::INVALID_VALUE);
    }
    // SAFETY: the driver's callback type differs in the name of its status parameter only; both number it alike.
    let callback = unsafe { transmute::<cudaStreamCallback_t, CUstreamCallback>(callback) };
    // SAFETY: the program's callback and its data are passed through.
    unsafe { cu::cuStreamAddCallback(stream, callback, userData, flags) }
}

pub(crate) unsafe fn cudaStreamAttachMemAsync(
    stream: cudaStream_t,
    devPtr: *mut c_void,
    length: usize,
    flags: c_uint,
) -> RtResult {
    current::context()?;
    cu::cuStreamAttachMemAsync(stream, address(devPtr), length, flags)
}

pub(crate) fn cudaStreamGetPriority(hStream: cudaStream_t, priority: Out<c_int>) -> RtResult {
    current::context()?;
    let mut found = 0;
    cu::cuStreamGetPriority(hStream, &mut found)?;
    priority.write(found);
    Ok(())
}

pub(crate) fn cudaStreamGetFlags(hStream: cudaStream_t, flags: Out<c_uint>) -> RtResult {
    current::context()?;
    let mut found = 0;
    cu::cuStreamGetFlags(hStream, &mut found)?;
    flags.write(found);
    Ok(())
}

pub(crate) fn cudaStreamGetId(hStream: cudaStream_t, streamId: Out<c_ulonglong>) -> RtResult {
    current::context()?;
    let mut found = 0;
    cu::cuStreamGetId(hStream, &mut found)?;
    streamId.write(found);
    Ok(())
}

pub(crate) fn cudaStreamGetDevice(hStream: cudaStream_t, device: Out<c_int>) -> RtResult {
    current::context()?;
    let mut dev = 0;
    cu::cuStreamGetDevice(hStream, &mut dev)?;
    device.write(current::ordinal_of(dev)?);
    Ok(())
}

pub(crate) fn cudaStreamCopyAttributes(dstStream: cudaStream_t, srcStream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuStreamCopyAttributes(dstStream, srcStream)
}

/// Attributes have the same numbers and layout in both libraries.
pub(crate) unsafe fn cudaStreamGetAttribute(
    stream: cudaStream_t,
    attr: cudaLaunchAttributeID,
    value: *mut cudaLaunchAttributeValue,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's value is passed through.
    unsafe { cu::cuStreamGetAttribute(stream, CUstreamAttrID(attr.0), value.cast()) }
}

pub(crate) unsafe fn cudaStreamSetAttribute(
    stream: cudaStream_t,
    attr: cudaLaunchAttributeID,
    param: *const cudaLaunchAttributeValue,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's value is passed through.
    unsafe { cu::cuStreamSetAttribute(stream, CUstreamAttrID(attr.0), param.cast()) }
}

pub(crate) fn cudaStreamIsCapturing(stream: cudaStream_t, pCaptureStatus: Out<cudaStreamCaptureStatus>) -> RtResult {
    current::context()?;
    let mut status = CUstreamCaptureStatus(0);
    cu::cuStreamIsCapturing(stream, &mut status)?;
    pCaptureStatus.write(cudaStreamCaptureStatus(status.0));
    Ok(())
}
