//! What is current on the calling thread: its context, and the streams that it means there.

use std::sync::Arc;

use vgpu_core::{CuError, CuResult, ffi};

use super::context::Context;
use super::process::{Process, process};
use super::stream::{self, Stream};
use super::thread;

/// The calling thread's context, alive.
///
/// # Errors
/// `NOT_INITIALIZED`, `INVALID_CONTEXT` when none is current, `CONTEXT_IS_DESTROYED` when it was destroyed.
#[inline]
pub(crate) fn context() -> CuResult<(&'static Process, &'static Context)> {
    let process = process()?;
    let context = thread::current().ok_or(CuError::INVALID_CONTEXT)?;
    if context.number() == 0 {
        return Err(CuError::CONTEXT_IS_DESTROYED);
    }
    Ok((process, context))
}

/// The calling thread's context, for a call that reports errors of earlier work before it does its own.
///
/// # Errors
/// As [`context`], and what there is to report: a fault, or a refusal that is forgotten with this.
#[inline]
pub(crate) fn healthy() -> CuResult<(&'static Process, &'static Context)> {
    let (process, context) = context()?;
    process.link.report()?;
    Ok((process, context))
}

/// The calling thread's context, for a call that gives something back: a refusal must not keep it from that.
///
/// # Errors
/// As [`context`], and the process's sticky error.
pub(crate) fn unfailed() -> CuResult<(&'static Process, &'static Context)> {
    let (process, context) = context()?;
    process.link.sticky()?;
    Ok((process, context))
}

impl Context {
    /// Finds the stream that a program means by `handle` on this thread.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when it is no stream, `CONTEXT_IS_DESTROYED`.
    #[inline]
    pub(crate) fn stream(&'static self, process: &'static Process, handle: u64) -> CuResult<Arc<Stream>> {
        match handle {
            stream::NULL if ffi::is_per_thread_default() => self.per_thread_stream(process),
            stream::NULL | stream::LEGACY => Ok(self.live()?.legacy.clone()),
            stream::PER_THREAD => self.per_thread_stream(process),
            _ => Stream::find(process, handle),
        }
    }

    fn per_thread_stream(&'static self, process: &'static Process) -> CuResult<Arc<Stream>> {
        let live = self.live()?;
        let make = || {
            let stream = Stream::open(process, self, live.number, 0, 0, Some(stream::PER_THREAD))?;
            Ok(stream)
        };
        Ok(thread::default_stream(live.number, make)?.unwrap_or_else(|| live.legacy.clone()))
    }
}
