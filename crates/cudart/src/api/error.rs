//! Error handling.

use std::ffi::c_char;

use vgpu_core::abi::runtime::cudaError_t;

use crate::{entry, error};

/// This thread's last error, which is cleared unless it is sticky.
pub(crate) fn cudaGetLastError() -> cudaError_t {
    entry::take_last_error()
}

/// This thread's last error, which stays.
pub(crate) fn cudaPeekAtLastError() -> cudaError_t {
    entry::last_error()
}

pub(crate) fn cudaGetErrorName(error: cudaError_t) -> *const c_char {
    error::name(error).as_ptr()
}

pub(crate) fn cudaGetErrorString(error: cudaError_t) -> *const c_char {
    error::text(error).as_ptr()
}
