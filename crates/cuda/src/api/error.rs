//! Error names and texts. They work before `cuInit`.

use std::ffi::c_char;
use std::ptr;

use vgpu_core::abi::{CUresult, codes};
use vgpu_core::ffi::Out;
use vgpu_core::{CuError, CuResult};

/// Gives the name of a result code; null and `INVALID_VALUE` for an unknown one.
pub(crate) fn cuGetErrorName(error: CUresult, pStr: Out<'_, *const c_char>) -> CuResult {
    let name = codes::name_cstr(error.0);
    pStr.write(name.map_or(ptr::null(), |name| name.as_ptr()));
    name.map(drop).ok_or(CuError::INVALID_VALUE)
}

/// Gives a sentence about a result code; null and `INVALID_VALUE` for an unknown one.
pub(crate) fn cuGetErrorString(error: CUresult, pStr: Out<'_, *const c_char>) -> CuResult {
    let text = codes::text_cstr(error.0);
    pStr.write(text.map_or(ptr::null(), |text| text.as_ptr()));
    text.map(drop).ok_or(CuError::INVALID_VALUE)
}
