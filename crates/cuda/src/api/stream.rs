//! Streams.

use std::ffi::{c_int, c_uint, c_ulonglong, c_void};

use vgpu_core::abi::{
    CUcontext, CUdevice, CUevent, CUevent_wait_flags, CUgreenCtx, CUstream, CUstream_flags, CUstreamCallback,
    CUstreamCaptureStatus,
};
use vgpu_core::ffi::{Out, OutOpt};
use vgpu_core::{CuError, CuResult};

use super::{handle, id};
use crate::guest::event::Event;
use crate::guest::gate::Arm;
use crate::guest::host_call::{Action, Callback};
use crate::guest::stream::Stream;
use crate::guest::{current, output};

fn create(phStream: Out<'_, CUstream>, flags: c_uint, priority: c_int) -> CuResult {
    let (process, context) = current::healthy()?;
    if flags & !CUstream_flags::CU_STREAM_NON_BLOCKING.0 != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let priority = super::context::clamped_priority(process, context, priority)?;
    let stream = Stream::open(process, context, context.live()?.number, flags, priority, None)?;
    phStream.write(handle(stream.handle));
    Ok(())
}

/// Makes a stream.
pub(crate) fn cuStreamCreate(phStream: Out<'_, CUstream>, Flags: c_uint) -> CuResult {
    create(phStream, Flags, 0)
}

/// Makes a stream of a priority, moved into the device's range.
pub(crate) fn cuStreamCreateWithPriority(phStream: Out<'_, CUstream>, flags: c_uint, priority: c_int) -> CuResult {
    create(phStream, flags, priority)
}

/// Ends a stream's handle; queued work is still done.
pub(crate) fn cuStreamDestroy_v2(hStream: CUstream) -> CuResult {
    let (process, _) = current::context()?;
    let stream = Stream::find(process, id(hStream))?;
    stream.close(process);
    Ok(())
}

/// Ends a stream's handle; queued work is still done.
pub(crate) fn cuStreamDestroy(hStream: CUstream) -> CuResult {
    cuStreamDestroy_v2(hStream)
}

/// Waits for all work of a stream.
pub(crate) fn cuStreamSynchronize(hStream: CUstream) -> CuResult {
    let (process, context) = current::context()?;
    output::after(process, context.stream(process, id(hStream))?.synchronize(process))
}

/// Says whether all work of a stream is done: success, or `NOT_READY`.
pub(crate) fn cuStreamQuery(hStream: CUstream) -> CuResult {
    let (process, context) = current::context()?;
    let done = context.stream(process, id(hStream))?.query(process)?;
    if done { Ok(()) } else { Err(CuError::NOT_READY) }
}

/// Has later work of a stream wait for an event; flag 1 makes that a node of a captured graph.
pub(crate) fn cuStreamWaitEvent(hStream: CUstream, hEvent: CUevent, Flags: c_uint) -> CuResult {
    const EXTERNAL: c_uint = CUevent_wait_flags::CU_EVENT_WAIT_EXTERNAL.0;
    let (process, context) = current::healthy()?;
    if Flags > EXTERNAL {
        return Err(CuError::INVALID_VALUE);
    }
    let stream = context.stream(process, id(hStream))?;
    let event = Event::find(process, id(hEvent))?;
    stream.allow_external(process, Flags == EXTERNAL)?;
    event.hold_back(process, &stream, Flags == EXTERNAL)
}

/// Gives the flags that a stream was made with.
pub(crate) fn cuStreamGetFlags(hStream: CUstream, flags: Out<'_, c_uint>) -> CuResult {
    let (process, context) = current::context()?;
    flags.write(context.stream(process, id(hStream))?.flags);
    Ok(())
}

/// Gives a stream's priority.
pub(crate) fn cuStreamGetPriority(hStream: CUstream, priority: Out<'_, c_int>) -> CuResult {
    let (process, context) = current::context()?;
    priority.write(context.stream(process, id(hStream))?.priority);
    Ok(())
}

/// Gives a stream's context.
pub(crate) fn cuStreamGetCtx(hStream: CUstream, pctx: Out<'_, CUcontext>) -> CuResult {
    let (process, context) = current::context()?;
    pctx.write(handle(context.stream(process, id(hStream))?.owner.handle));
    Ok(())
}

/// Gives a stream's context; there are no green contexts.
pub(crate) fn cuStreamGetCtx_v2(
    hStream: CUstream,
    pCtx: Out<'_, CUcontext>,
    pGreenCtx: OutOpt<'_, CUgreenCtx>,
) -> CuResult {
    cuStreamGetCtx(hStream, pCtx)?;
    pGreenCtx.write(std::ptr::null_mut());
    Ok(())
}

/// Gives a stream's device.
pub(crate) fn cuStreamGetDevice(hStream: CUstream, device: Out<'_, CUdevice>) -> CuResult {
    let (process, context) = current::context()?;
    let stream = context.stream(process, id(hStream))?;
    device.write(stream.owner.device(process).handle());
    Ok(())
}

/// Gives a number that no other stream of the process has or had.
pub(crate) fn cuStreamGetId(hStream: CUstream, streamId: Out<'_, c_ulonglong>) -> CuResult {
    let (process, context) = current::context()?;
    streamId.write(context.stream(process, id(hStream))?.id);
    Ok(())
}

/// Says whether a stream is captured.
pub(crate) fn cuStreamIsCapturing(hStream: CUstream, captureStatus: Out<'_, CUstreamCaptureStatus>) -> CuResult {
    let (process, context) = current::context()?;
    let stream = context.stream(process, id(hStream))?;
    let (status, _) = super::capture::status(&stream.look(process)?);
    captureStatus.write(super::capture::status_code(status));
    Ok(())
}

/// Queues the call of a host function with the stream and what has become of its work; later work waits for it. It is called
/// whatever happens.
pub(crate) unsafe fn cuStreamAddCallback(
    hStream: CUstream,
    callback: CUstreamCallback,
    userData: *mut c_void,
    flags: c_uint,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let callback = Callback { function: callback.ok_or(CuError::INVALID_VALUE)?, stream: hStream, data: userData };
    if flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let stream = context.stream(process, id(hStream))?;
    match stream.enter(process)? {
        Arm::Live(live) => live.call(process, Action::Callback(callback)),
        Arm::Captured(captured) => Err(captured.broken_by(CuError::STREAM_CAPTURE_UNSUPPORTED)),
    }
}
