//! Events.

use std::ffi::c_uint;

use vgpu_core::abi::{CUevent, CUevent_record_flags, CUstream};
use vgpu_core::ffi::Out;
use vgpu_core::{CuError, CuResult};

use super::{handle, id};
use crate::guest::event::Event;
use crate::guest::{current, output};

/// Makes an event.
pub(crate) fn cuEventCreate(phEvent: Out<'_, CUevent>, Flags: c_uint) -> CuResult {
    let (process, context) = current::healthy()?;
    phEvent.write(handle(Event::create(process, context.device(process), context.number(), Flags)?.handle));
    Ok(())
}

/// Ends an event's handle.
pub(crate) fn cuEventDestroy_v2(hEvent: CUevent) -> CuResult {
    let (process, _) = current::context()?;
    Event::find(process, id(hEvent))?.destroy(process);
    Ok(())
}

/// Ends an event's handle.
pub(crate) fn cuEventDestroy(hEvent: CUevent) -> CuResult {
    cuEventDestroy_v2(hEvent)
}

/// Records an event after the work of a stream so far.
pub(crate) fn cuEventRecord(hEvent: CUevent, hStream: CUstream) -> CuResult {
    cuEventRecordWithFlags(hEvent, hStream, 0)
}

/// Records an event after the work of a stream so far; flag 1 makes that a node of a captured graph.
pub(crate) fn cuEventRecordWithFlags(hEvent: CUevent, hStream: CUstream, flags: c_uint) -> CuResult {
    const EXTERNAL: c_uint = CUevent_record_flags::CU_EVENT_RECORD_EXTERNAL.0;
    let (process, context) = current::healthy()?;
    if flags > EXTERNAL {
        return Err(CuError::INVALID_VALUE);
    }
    let stream = context.stream(process, id(hStream))?;
    let event = Event::find(process, id(hEvent))?;
    stream.allow_external(process, flags == EXTERNAL)?;
    event.record(process, &stream, flags == EXTERNAL)
}

/// Says whether an event is reached: success, or `NOT_READY`.
pub(crate) fn cuEventQuery(hEvent: CUevent) -> CuResult {
    let (process, _) = current::context()?;
    let event = Event::find(process, id(hEvent))?;
    if event.query(process)? { Ok(()) } else { Err(CuError::NOT_READY) }
}

/// Waits until an event is reached; one that was never recorded is.
pub(crate) fn cuEventSynchronize(hEvent: CUevent) -> CuResult {
    let (process, _) = current::context()?;
    let event = Event::find(process, id(hEvent))?;
    output::after(process, event.synchronize(process))
}

/// Gives the milliseconds between two events.
pub(crate) fn cuEventElapsedTime_v2(pMilliseconds: Out<'_, f32>, hStart: CUevent, hEnd: CUevent) -> CuResult {
    let (process, _) = current::context()?;
    let start = Event::find(process, id(hStart))?;
    let end = Event::find(process, id(hEnd))?;
    pMilliseconds.write(start.elapsed_ms(process, &end)?);
    Ok(())
}

/// Gives the milliseconds between two events.
pub(crate) fn cuEventElapsedTime(pMilliseconds: Out<'_, f32>, hStart: CUevent, hEnd: CUevent) -> CuResult {
    cuEventElapsedTime_v2(pMilliseconds, hStart, hEnd)
}
