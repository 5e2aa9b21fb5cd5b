//! What events do to the order of work: recording them on streams, having streams wait for them, and asking how far it is.

use std::sync::Arc;

use vgpu_core::wire::messages::{EventElapsed, EventRecord};
use vgpu_core::wire::milliseconds;
use vgpu_core::{CuError, CuResult};

use super::capture;
use super::event::{Event, Point};
use super::gate::Arm;
use super::process::Process;
use super::reached::is_reached;
use super::stream::Stream;
use super::work::Work;

impl Stream {
    /// Whether an event may be a node of its own on this stream: only a capture has nodes.
    ///
    /// # Errors
    /// `INVALID_VALUE` when that is wanted and the stream is not captured, else as [`Stream::enter`].
    pub(crate) fn allow_external(&self, process: &Process, wanted: bool) -> CuResult {
        match wanted {
            true if matches!(self.enter(process)?, Arm::Live(_)) => Err(CuError::INVALID_VALUE),
            _ => Ok(()),
        }
    }
}

impl Event {
    /// Records the event on a stream, or in the graph that the stream is captured into: as a node if `external`.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when stream and event are of different contexts, else those of capture and link.
    pub(crate) fn record(self: &Arc<Self>, process: &Process, stream: &Stream, external: bool) -> CuResult {
        if stream.context != self.context {
            return Err(CuError::INVALID_HANDLE);
        }
        match stream.enter(process)? {
            Arm::Live(live) => {
                let seq = match self.slot {
                    Some(event) => live.post(&EventRecord { stream: 0, event }, &[])?,
                    None => live.mark()?,
                };
                self.set(live.slot(), seq);
                Ok(())
            }
            Arm::Captured(captured) if external => captured.add(Work::EventRecord(self.clone())),
            Arm::Captured(captured) => {
                let (capture, nodes) = captured.frontier()?;
                self.set_captured(capture.id, nodes);
                Ok(())
            }
        }
    }

    /// Has later work on `stream` wait for the event; during capture the event joins the stream to its graph.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_*` where captures would mix, else those of the link.
    pub(crate) fn hold_back(self: &Arc<Self>, process: &Process, stream: &Arc<Stream>, external: bool) -> CuResult {
        match (self.point(), stream.enter(process)?) {
            (Point::Captured { capture, nodes }, _) => capture::join(stream, capture, &nodes),
            (_, Arm::Captured(captured)) if external => captured.add(Work::EventWait(self.clone())),
            (_, Arm::Captured(captured)) => Err(captured.broken_by(CuError::STREAM_CAPTURE_ISOLATION)),
            (Point::Never, Arm::Live(_)) => Ok(()),
            (Point::At { stream: other, seq }, Arm::Live(live)) => live.wait_for(other, seq),
        }
    }

    /// Whether all work before the event is done.
    ///
    /// # Errors
    /// `CAPTURED_EVENT`, and what there is to report.
    pub(crate) fn query(&self, process: &Process) -> CuResult<bool> {
        let point = self.settled_point()?;
        process.link.report()?;
        Ok(point.is_none_or(|(stream, seq)| is_reached(process, stream, seq)))
    }

    /// Milliseconds from this event to `end`.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when one has no timing or was never recorded, `NOT_READY` before both are reached.
    pub(crate) fn elapsed_ms(&self, process: &Process, end: &Self) -> CuResult<f32> {
        let (Some(from), Some(to)) = (self.slot, end.slot) else {
            return Err(CuError::INVALID_HANDLE);
        };
        for event in [self, end] {
            let (stream, seq) = event.settled_point()?.ok_or(CuError::INVALID_HANDLE)?;
            if !is_reached(process, stream, seq) {
                process.link.sticky()?;
                return Err(CuError::NOT_READY);
            }
        }
        if self.asks_for_times {
            let question = EventElapsed { from_context: self.context, from, to_context: end.context, to };
            return Ok(f32::from_bits(process.link.call(&question, &[])?.reply.ms_bits));
        }
        Ok(milliseconds(process.link.event_ns(from), process.link.event_ns(to)))
    }
}
