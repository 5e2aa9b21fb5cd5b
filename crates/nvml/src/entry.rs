//! What every exported function does around its body: keep panics in, write the trace line, return a code.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use vgpu_core::abi::nvml::nvmlReturn_t;
use vgpu_core::ffi;

use crate::error::{NvmlError, NvmlResult};

/// Runs one API call's body and returns its code to C.
pub(crate) fn entry(name: &'static str, body: impl FnOnce() -> NvmlResult) -> nvmlReturn_t {
    let result = ffi::guard(name, Err(NvmlError::UNKNOWN), body);
    log::trace!("{name} -> {result:?}");
    match result {
        Ok(()) => nvmlReturn_t::NVML_SUCCESS,
        Err(error) => error.code(),
    }
}

/// The answer of a function that is not done: NOT_SUPPORTED, and one warning per name and process.
pub(crate) fn unsupported(name: &'static str) -> nvmlReturn_t {
    static WARNED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    vgpu_core::logging::start();
    entry(name, || {
        if WARNED.lock().insert(name) {
            log::warn!("{name} is not supported");
        }
        Err(NvmlError::NOT_SUPPORTED)
    })
}
