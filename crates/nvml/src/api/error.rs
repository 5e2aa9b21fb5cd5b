//! Error reporting.

use std::ffi::c_char;

use vgpu_core::abi::codes;
use vgpu_core::abi::nvml::nvmlReturn_t;

pub(crate) fn nvmlErrorString(result: nvmlReturn_t) -> *const c_char {
    codes::nvml_text_cstr(result.0).unwrap_or(codes::NVML_UNKNOWN).as_ptr()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn every_result_has_a_text() {
        // SAFETY: the function returns terminated strings.
        let text = |code| unsafe { CStr::from_ptr(nvmlErrorString(nvmlReturn_t(code))) };
        assert_eq!([text(0), text(9), text(20)], [c"Success", c"Driver Not Loaded", c"Insufficient Memory"]);
        assert_eq!(text(7_777), c"Unknown Error");
    }
}
