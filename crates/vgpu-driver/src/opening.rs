//! Opening a stream of the driver's for a guest.

use std::sync::Arc;

use vgpu_core::CuResult;
use vgpu_core::abi::CUstream_flags;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::StreamCreate;
use vgpu_core::wire::{Seq, StreamSlot};

use crate::context::log_failure;
use crate::device::{DriverDevice, refused};
use crate::stream::Kind;

/// The one flag of a stream.
const STREAM_NON_BLOCKING: u32 = CUstream_flags::CU_STREAM_NON_BLOCKING.0;

impl DriverDevice {
    /// Counts the record that should have opened a stream among those of that stream, whatever became of it.
    pub(crate) fn order_opening(&mut self, slot: StreamSlot, seq: Seq, opened: Result<(), Refusal>) -> CuResult {
        if let Err((error, text)) = &opened {
            // Where no stream is open, the number is retired at once.
            self.completions.refuse(seq, *error, text);
        }
        let ordered = self.streams.enter(slot, seq);
        opened.map_err(|refusal| self.refuse(refusal)).and(ordered.map(drop))
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a slot that is taken, and the driver's.
    pub(crate) fn open_stream(&mut self, message: &StreamCreate) -> Result<(), Refusal> {
        let taken = |error| (error, format!("stream slot {} is taken", message.stream));
        self.streams.check_vacant(message.stream).map_err(taken)?;
        let context = self.enter_context(message.context).map_err(refused("a stream its context"))?;
        let driver = Arc::clone(&self.driver);
        let api = &driver.api;
        let stream = api.cuStreamCreateWithPriority(message.flags & STREAM_NON_BLOCKING, message.priority);
        let stream = stream.map_err(refused("a stream"))?;
        let waits = self.retirer.with_last_point(message.stream, |event| api.cuStreamWaitEvent(stream, event, 0));
        waits.map_err(|error| {
            log_failure("a stream", api.cuStreamDestroy_v2(stream));
            refused("waiting for the slot's last stream")(error)
        })?;
        let kind = if message.flags & STREAM_NON_BLOCKING == 0 { Kind::Blocking } else { Kind::NonBlocking };
        self.streams.open(message.stream, stream, &context, message.context, kind).map_err(taken)
    }
}
