//! Waiting for a stream as programs do, which is not while it is captured.

use vgpu_core::{CuError, CuResult};

use super::gate::Arm;
use super::host_order;
use super::process::Process;
use super::reached::is_reached;
use super::stream::Stream;

impl Stream {
    /// Waits as `cuStreamSynchronize` does.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_UNSUPPORTED` during capture (which this ends), else what there is to report.
    pub(crate) fn synchronize(&self, process: &Process) -> CuResult {
        self.refuse_capture(process)?;
        if !host_order::end_unseen(process, self)? {
            self.wait_all(process)?;
        }
        process.link.report()
    }

    /// Whether `cuStreamQuery` says done.
    ///
    /// # Errors
    /// As [`Stream::synchronize`].
    pub(crate) fn query(&self, process: &Process) -> CuResult<bool> {
        self.refuse_capture(process)?;
        process.link.report()?;
        let others_idle =
            !self.is_legacy() || self.owner.live()?.blocking_streams(|stream| !stream.is_idle(process)).is_empty();
        Ok(others_idle && (self.is_idle(process) || is_reached(process, self.slot(), self.last())))
    }

    fn refuse_capture(&self, process: &Process) -> CuResult {
        match self.enter(process)? {
            Arm::Live(_) => Ok(()),
            Arm::Captured(captured) => Err(captured.broken_by(CuError::STREAM_CAPTURE_UNSUPPORTED)),
        }
    }
}
