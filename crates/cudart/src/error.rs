//! `RtError`: the runtime API's result codes as a Rust error, and the one place where driver codes become runtime codes.

use std::ffi::CStr;
use std::fmt;

use vgpu_core::CuError;
use vgpu_core::abi::codes;
use vgpu_core::abi::runtime::cudaError_t;

/// A runtime API error, never `cudaSuccess`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RtError(cudaError_t);

/// The result of everything that can fail in the runtime's terms.
pub(crate) type RtResult<T = ()> = Result<T, RtError>;

macro_rules! errors {
    ($($name:ident = $code:ident;)*) => {
        impl RtError { $(pub(crate) const $name: Self = Self(cudaError_t::$code);)* }
    };
}

errors! {
    INVALID_VALUE = cudaErrorInvalidValue;
    INVALID_CONFIGURATION = cudaErrorInvalidConfiguration;
    INVALID_PITCH_VALUE = cudaErrorInvalidPitchValue;
    INVALID_SYMBOL = cudaErrorInvalidSymbol;
    INVALID_MEMCPY_DIRECTION = cudaErrorInvalidMemcpyDirection;
    INVALID_CHANNEL_DESCRIPTOR = cudaErrorInvalidChannelDescriptor;
    INVALID_FILTER_SETTING = cudaErrorInvalidFilterSetting;
    INSUFFICIENT_DRIVER = cudaErrorInsufficientDriver;
    CALL_REQUIRES_NEWER_DRIVER = cudaErrorCallRequiresNewerDriver;
    MISSING_CONFIGURATION = cudaErrorMissingConfiguration;
    INVALID_DEVICE_FUNCTION = cudaErrorInvalidDeviceFunction;
    LAUNCH_OUT_OF_RESOURCES = cudaErrorLaunchOutOfResources;
    INVALID_KERNEL_IMAGE = cudaErrorInvalidKernelImage;
    NO_KERNEL_IMAGE = cudaErrorNoKernelImageForDevice;
    NO_DEVICE = cudaErrorNoDevice;
    INVALID_DEVICE = cudaErrorInvalidDevice;
    INVALID_PTX = cudaErrorInvalidPtx;
    UNSUPPORTED_PTX = cudaErrorUnsupportedPtxVersion;
    SYMBOL_NOT_FOUND = cudaErrorSymbolNotFound;
    NOT_SUPPORTED = cudaErrorNotSupported;
    UNKNOWN = cudaErrorUnknown;
}

impl RtError {
    /// Reads a driver result: 0 is success. Since CUDA 10.1 both libraries number their common errors alike;
    /// a driver code that the runtime has no name for becomes `cudaErrorUnknown`.
    pub(crate) fn check_driver(code: u32) -> RtResult {
        match code {
            0 => Ok(()),
            code => Err(CuError::from_code(code).into()),
        }
    }

    /// The code that C callers see.
    pub(crate) const fn code(self) -> cudaError_t {
        self.0
    }
}

/// Whether `code` is one of the errors that `cudaGetLastError` does not clear.
pub(crate) const fn is_sticky(code: cudaError_t) -> bool {
    CuError::from_code(code.0).is_fatal()
}

/// The enumerator's name, also for success.
pub(crate) fn name(code: cudaError_t) -> &'static CStr {
    codes::runtime_name_cstr(code.0).unwrap_or(codes::RUNTIME_UNKNOWN)
}

/// What the error means, in a few words.
pub(crate) fn text(code: cudaError_t) -> &'static CStr {
    codes::runtime_text_cstr(code.0).unwrap_or(codes::RUNTIME_UNKNOWN)
}

impl From<CuError> for RtError {
    fn from(error: CuError) -> Self {
        match codes::runtime_name_cstr(error.code()) {
            Some(_) if error.code() != 0 => Self(cudaError_t(error.code())),
            _ => Self::UNKNOWN,
        }
    }
}

impl fmt::Debug for RtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self.0).to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn driver_codes_keep_their_numbers_where_the_runtime_knows_them() {
        for code in [1, 2, 3, 4, 46, 100, 101, 201, 209, 218, 400, 500, 600, 700, 719, 720, 801, 900, 910] {
            assert_eq!(RtError::check_driver(code).unwrap_err().code().0, code);
        }
    }

    #[test]
    fn a_driver_code_without_a_runtime_name_is_unknown() {
        assert_eq!(RtError::check_driver(123_456), Err(RtError::UNKNOWN));
    }

    #[test]
    fn success_is_no_error() {
        assert_eq!(RtError::check_driver(0), Ok(()));
    }

    #[test]
    fn faults_are_sticky_and_bad_arguments_are_not() {
        assert!(is_sticky(cudaError_t::cudaErrorIllegalAddress));
        assert!(is_sticky(cudaError_t::cudaErrorAssert));
        assert!(!is_sticky(cudaError_t::cudaErrorInvalidValue));
        assert!(!is_sticky(cudaError_t::cudaErrorMemoryAllocation));
    }

    #[test]
    fn programs_find_the_words_that_they_search_for() {
        assert_eq!(text(cudaError_t::cudaErrorMemoryAllocation), c"out of memory");
        assert_eq!(text(cudaError_t::cudaErrorNoDevice), c"no CUDA-capable device is detected");
        assert_eq!(text(cudaError_t::cudaErrorNotSupported), c"operation not supported");
        assert_eq!(text(cudaError_t(7_777)), c"unrecognized error code");
    }

    #[test]
    fn every_code_has_a_name_and_a_text() {
        assert_eq!(name(cudaError_t::cudaSuccess), c"cudaSuccess");
        assert_eq!(name(cudaError_t::cudaErrorMemoryAllocation), c"cudaErrorMemoryAllocation");
        assert_eq!(name(cudaError_t(7_777)), c"unrecognized error code");
        assert!(!text(cudaError_t::cudaErrorIllegalAddress).is_empty());
    }
}
