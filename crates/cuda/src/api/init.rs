//! Initialisation.

use std::ffi::c_uint;

use vgpu_core::{CuError, CuResult};

use crate::guest::process;

/// Connects to the GPU; everything else but version, names and entry points needs it first.
pub(crate) fn cuInit(Flags: c_uint) -> CuResult {
    if Flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    process::init()
}
