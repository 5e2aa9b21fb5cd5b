//! Memory of the pinned heap: page-locked, and managed.

use std::ffi::c_void;

use vgpu_core::{CuError, CuResult};

use super::allocation::Kind;
use super::capture_mode;
use super::context::Context;
use super::process::Process;

/// Allocates memory that host and device share; returns its host address.
pub(crate) fn alloc(process: &Process, context: &Context, bytes: usize, kind: Kind) -> CuResult<*mut c_void> {
    capture_mode::refuse_unsafe_call()?;
    if bytes == 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let number = context.live()?.number;
    let host: *mut c_void = process.link.pinned().alloc(bytes)?.as_ptr().cast();
    let address = host.expose_provenance() as u64;
    let known = process.allocations.insert(address, bytes as u64, kind, number);
    if let Err(error) = known {
        process.link.pinned().free(address)?;
        return Err(error);
    }
    Ok(host)
}

/// Frees pinned memory. The device may be using it still, in any context: its work is waited for, as in CUDA.
pub(crate) fn free(process: &Process, address: u64) -> CuResult {
    wait_everywhere(process);
    process.link.pinned().free(address)
}

/// Waits for the work of all contexts.
pub(crate) fn wait_everywhere(process: &Process) {
    for live in Context::all(process).iter().filter_map(|context| context.live().ok()) {
        // A fault is reported by the next call that may; the memory is free all the same.
        let _fault = live.wait_all(process);
    }
}

/// Allocates memory that host and device reach at the same addresses.
///
/// # Errors
/// `NOT_SUPPORTED` where they do not, `OUT_OF_MEMORY`, `INVALID_VALUE` for no bytes.
pub(crate) fn alloc_managed(process: &Process, context: &Context, bytes: usize) -> CuResult<u64> {
    let address = alloc(process, context, bytes, Kind::Managed)?.addr() as u64;
    if process.link.pinned().device_address(address) != Some(address) {
        process.allocations.remove(address, |range| range.kind == Kind::Managed);
        process.link.pinned().free(address)?;
        return Err(CuError::NOT_SUPPORTED);
    }
    Ok(address)
}
