//! What belongs to one thread: its context stack, its own default streams, its capture mode.
//!
//! The current context and the capture mode have no destructor, so they work while a thread or the process ends
//! (C++ destructors run CUDA calls then). The rest does have one, which gives the thread's streams back.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use vgpu_core::abi::CUstreamCaptureMode;
use vgpu_core::{CuError, CuResult};

use super::context::Context;
use super::process::process;
use super::stream::Stream;

thread_local! {
    static CURRENT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    static CAPTURE_MODE: Cell<CUstreamCaptureMode> = const { Cell::new(CUstreamCaptureMode(0)) };
    static OWN: Own = const { Own { below: RefCell::new(Vec::new()), streams: RefCell::new(Vec::new()) } };
}

struct Own {
    /// The context stack under the current one; `None` is the empty bottom that `cuCtxSetCurrent` filled.
    below: RefCell<Vec<Option<&'static Context>>>,
    /// This thread's default stream in each context, by the context's wire number.
    streams: RefCell<Vec<(u32, Arc<Stream>)>>,
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Ok(process) = process() {
            for (_, stream) in self.streams.take() {
                stream.close(process);
            }
        }
    }
}

/// The thread's current context, dead or alive.
#[inline]
pub(crate) fn current() -> Option<&'static Context> {
    CURRENT.get()
}

/// Replaces the top of the context stack; `None` pops it.
pub(crate) fn set_current(context: Option<&'static Context>) {
    match context {
        Some(_) => CURRENT.set(context),
        None => drop(pop()),
    }
}

/// Puts a context on top of the stack.
///
/// # Errors
/// `DEINITIALIZED` while the thread ends.
pub(crate) fn push(context: &'static Context) -> CuResult {
    if let Some(before) = CURRENT.get() {
        OWN.try_with(|own| own.below.borrow_mut().push(Some(before))).map_err(|_| CuError::DEINITIALIZED)?;
    }
    CURRENT.set(Some(context));
    Ok(())
}

/// Takes the top off the stack.
pub(crate) fn pop() -> Option<&'static Context> {
    let below = OWN.try_with(|own| own.below.borrow_mut().pop()).ok().flatten().flatten();
    CURRENT.replace(below)
}

/// This thread's default stream in the live context of that number, made by `make` at first use. `None` while the
/// thread ends: its streams are gone then.
///
/// # Errors
/// Those of `make`.
pub(crate) fn default_stream(
    context: u32,
    make: impl FnOnce() -> CuResult<Arc<Stream>>,
) -> CuResult<Option<Arc<Stream>>> {
    OWN.try_with(|own| {
        let known =
            own.streams.borrow().iter().find(|(number, _)| *number == context).map(|(_, stream)| stream.clone());
        if let Some(stream) = known {
            return Ok(Some(stream));
        }
        let stream = make()?;
        let mut streams = own.streams.borrow_mut();
        streams.retain(|(_, stream)| !stream.is_closed());
        streams.push((context, stream.clone()));
        Ok(Some(stream))
    })
    .unwrap_or(Ok(None))
}

/// Sets how strict captures are with this thread's calls; returns the mode before.
pub(crate) fn exchange_capture_mode(mode: CUstreamCaptureMode) -> CUstreamCaptureMode {
    CAPTURE_MODE.replace(mode)
}

/// How strict captures are with this thread's calls.
pub(crate) fn capture_mode() -> CUstreamCaptureMode {
    CAPTURE_MODE.get()
}
