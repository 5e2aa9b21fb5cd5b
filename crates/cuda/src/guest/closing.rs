//! How streams end: closed by the program, left by a thread that has ended, or with their context.

use vgpu_core::wire::messages::StreamDestroy;

use super::capture;
use super::host_order;
use super::process::Process;
use super::stream::{self, Stream};
use super::thread;

impl Stream {
    /// Closes the stream: work queued on it is still done.
    pub(crate) fn close(&self, process: &Process) {
        if let Ok(live) = self.owner.live()
            && live.number == self.context
        {
            if let Err(error) = host_order::leave(process, self) {
                log::warn!("a copy of a stream that is closed may come late for others: {error}");
            }
            live.release(self.slot());
        }
        if self.forget() {
            let posted = process.link.post(&StreamDestroy { stream: self.slot(), reserved: 0 }, &[]);
            if posted.is_ok() {
                stream::give_back_slot(self.slot());
            }
        }
    }

    /// Ends the handle of a stream whose context ends and takes it along. Its slot is free once that is posted:
    /// returns whether this call is the one that frees it.
    pub(super) fn forget(&self) -> bool {
        let is_first = self.end_handle();
        if is_first {
            capture::abandon(self);
            if self.is_apart() {
                host_order::closed();
            }
        }
        is_first
    }
}

/// Closes the streams of threads that have ended.
pub(crate) fn close_left(process: &Process) {
    thread::each_left(|stream| stream.close(process));
}
