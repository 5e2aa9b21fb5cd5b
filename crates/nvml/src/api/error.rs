//! Error reporting.

use std::ffi::c_char;

use vgpu_core::abi::nvml::nvmlReturn_t;

macro_rules! texts {
    ($($name:ident: $text:literal;)*) => {
        pub(crate) fn nvmlErrorString(result: nvmlReturn_t) -> *const c_char {
            match result {
                $(nvmlReturn_t::$name => concat!($text, "\0").as_ptr().cast(),)*
                _ => c"Unknown Error".as_ptr(),
            }
        }
    };
}

texts! {
    NVML_SUCCESS: "Success";
    NVML_ERROR_UNINITIALIZED: "Uninitialized";
    NVML_ERROR_INVALID_ARGUMENT: "Invalid Argument";
    NVML_ERROR_NOT_SUPPORTED: "Not Supported";
    NVML_ERROR_NO_PERMISSION: "No Permission";
    NVML_ERROR_ALREADY_INITIALIZED: "Already Initialized";
    NVML_ERROR_NOT_FOUND: "Not Found";
    NVML_ERROR_INSUFFICIENT_SIZE: "Insufficient Size";
    NVML_ERROR_INSUFFICIENT_POWER: "Insufficient Power";
    NVML_ERROR_DRIVER_NOT_LOADED: "Driver Not Loaded";
    NVML_ERROR_TIMEOUT: "Timeout";
    NVML_ERROR_IRQ_ISSUE: "Interrupt Issue";
    NVML_ERROR_LIBRARY_NOT_FOUND: "Library Not Found";
    NVML_ERROR_FUNCTION_NOT_FOUND: "Function Not Found";
    NVML_ERROR_CORRUPTED_INFOROM: "Corrupted InfoROM";
    NVML_ERROR_GPU_IS_LOST: "GPU is lost";
    NVML_ERROR_RESET_REQUIRED: "GPU needs a reset";
    NVML_ERROR_OPERATING_SYSTEM: "Blocked by the operating system";
    NVML_ERROR_LIB_RM_VERSION_MISMATCH: "Versions of driver and library differ";
    NVML_ERROR_IN_USE: "In use";
    NVML_ERROR_MEMORY: "Out of memory";
    NVML_ERROR_NO_DATA: "No data";
    NVML_ERROR_INSUFFICIENT_RESOURCES: "Insufficient Resources";
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH: "Argument's version is not known";
    NVML_ERROR_DEPRECATED: "Deprecated";
    NVML_ERROR_NOT_READY: "Not ready";
    NVML_ERROR_GPU_NOT_FOUND: "No GPU was found";
    NVML_ERROR_INVALID_STATE: "Invalid State";
}
