//! `NvmlError`: the library's result codes as a Rust error.

use vgpu_core::CuError;
use vgpu_core::abi::nvml::nvmlReturn_t;

/// A result code that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NvmlError(nvmlReturn_t);

/// The result of everything that can fail in this library's terms.
pub(crate) type NvmlResult<T = ()> = Result<T, NvmlError>;

impl NvmlError {
    pub(crate) const INVALID_ARGUMENT: Self = Self(nvmlReturn_t::NVML_ERROR_INVALID_ARGUMENT);
    pub(crate) const UNINITIALIZED: Self = Self(nvmlReturn_t::NVML_ERROR_UNINITIALIZED);
    pub(crate) const NOT_FOUND: Self = Self(nvmlReturn_t::NVML_ERROR_NOT_FOUND);
    pub(crate) const INSUFFICIENT_SIZE: Self = Self(nvmlReturn_t::NVML_ERROR_INSUFFICIENT_SIZE);
    pub(crate) const DRIVER_NOT_LOADED: Self = Self(nvmlReturn_t::NVML_ERROR_DRIVER_NOT_LOADED);
    pub(crate) const GPU_IS_LOST: Self = Self(nvmlReturn_t::NVML_ERROR_GPU_IS_LOST);
    pub(crate) const VERSION_MISMATCH: Self = Self(nvmlReturn_t::NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    pub(crate) const NOT_SUPPORTED: Self = Self(nvmlReturn_t::NVML_ERROR_NOT_SUPPORTED);
    pub(crate) const UNKNOWN: Self = Self(nvmlReturn_t::NVML_ERROR_UNKNOWN);

    /// The error that a result code stands for.
    ///
    /// # Errors
    /// It, unless it is success.
    pub(crate) const fn check(code: u32) -> NvmlResult {
        match nvmlReturn_t(code) {
            nvmlReturn_t::NVML_SUCCESS => Ok(()),
            code => Err(Self(code)),
        }
    }

    /// The code that C callers see.
    pub(crate) const fn code(self) -> nvmlReturn_t {
        self.0
    }
}

impl From<CuError> for NvmlError {
    fn from(error: CuError) -> Self {
        match error {
            CuError::INVALID_VALUE => Self::INVALID_ARGUMENT,
            CuError::NOT_SUPPORTED => Self::NOT_SUPPORTED,
            CuError::DEVICE_UNAVAILABLE => Self::GPU_IS_LOST,
            _ => Self::UNKNOWN,
        }
    }
}
