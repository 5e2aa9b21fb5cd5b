//! What every exported function does around its body: keep panics in, write the trace line, return a code.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use vgpu_core::abi::CUresult;
use vgpu_core::{CuError, CuResult, ffi};

/// Runs one API call's body and returns its code to C.
pub(crate) fn entry(name: &'static str, body: impl FnOnce() -> CuResult) -> CUresult {
    CUresult(ffi::entry(name, body))
}

/// The answer of a function that is not done: `CUDA_ERROR_NOT_SUPPORTED`, and one warning per name and process.
pub(crate) fn unsupported(name: &'static str) -> CUresult {
    static WARNED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    entry(name, || {
        if WARNED.lock().insert(name) {
            log::warn!("{name} is not supported");
        }
        Err(CuError::NOT_SUPPORTED)
    })
}
