//! How strict captures are with calls that are not safe meanwhile: those that may wait for the device.
//!
//! The thread's mode has no destructor, so it works while the thread or the process ends.

use std::cell::Cell;
use std::sync::Arc;

use vgpu_core::abi::CUstreamCaptureMode;
use vgpu_core::{CuError, CuResult};

use super::capture::{self, Capture};
use super::closing;
use super::context::Context;
use super::process::process;

thread_local! {
    static MODE: Cell<CUstreamCaptureMode> = const { Cell::new(CUstreamCaptureMode(0)) };
}

/// Sets how strict captures are with this thread's calls; returns the mode before.
pub(crate) fn exchange(mode: CUstreamCaptureMode) -> CUstreamCaptureMode {
    MODE.replace(mode)
}

/// Refuses a call that is not safe during capture, as strictly as the modes say.
///
/// # Errors
/// `STREAM_CAPTURE_UNSUPPORTED`; the captures concerned are broken by it.
pub(crate) fn refuse_unsafe_call() -> CuResult {
    let process = process()?;
    if !capture::are_open() {
        return Ok(());
    }
    // A capture that an ended thread left open is over.
    closing::close_left(process);
    let mode = MODE.get();
    if mode == CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED {
        return Ok(());
    }
    let mut seen: Vec<Arc<Capture>> = Vec::new();
    for live in Context::all(process).iter().filter_map(|context| context.live().ok()) {
        seen.extend(live.streams().iter().filter_map(|stream| capture::of(stream)));
    }
    let thread = std::thread::current().id();
    let mut refused = false;
    for capture in seen {
        refused |= capture.break_by_unsafe_call(thread, mode);
    }
    if refused { Err(CuError::STREAM_CAPTURE_UNSUPPORTED) } else { Ok(()) }
}
