//! `CublasError`: the library's result codes as a Rust error.

use vgpu_core::CuError;
use vgpu_core::abi::cublas::cublasStatus_t;

/// A result code that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CublasError(cublasStatus_t);

/// The result of everything that can fail in this library's terms.
pub(crate) type CublasResult<T = ()> = Result<T, CublasError>;

impl CublasError {
    pub(crate) const NOT_INITIALIZED: Self = Self(cublasStatus_t::CUBLAS_STATUS_NOT_INITIALIZED);
    pub(crate) const ALLOC_FAILED: Self = Self(cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED);
    pub(crate) const MAPPING_ERROR: Self = Self(cublasStatus_t::CUBLAS_STATUS_MAPPING_ERROR);
    pub(crate) const EXECUTION_FAILED: Self = Self(cublasStatus_t::CUBLAS_STATUS_EXECUTION_FAILED);
    pub(crate) const INVALID_VALUE: Self = Self(cublasStatus_t::CUBLAS_STATUS_INVALID_VALUE);
    pub(crate) const NOT_SUPPORTED: Self = Self(cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED);
    pub(crate) const INTERNAL_ERROR: Self = Self(cublasStatus_t::CUBLAS_STATUS_INTERNAL_ERROR);

    /// The code that C callers see.
    pub(crate) const fn code(self) -> cublasStatus_t {
        self.0
    }
}

impl From<CuError> for CublasError {
    fn from(error: CuError) -> Self {
        match error {
            CuError::INVALID_VALUE => Self::INVALID_VALUE,
            CuError::NOT_SUPPORTED => Self::NOT_SUPPORTED,
            CuError::OUT_OF_MEMORY => Self::ALLOC_FAILED,
            CuError::NOT_INITIALIZED | CuError::NO_DEVICE => Self::NOT_INITIALIZED,
            _ => Self::EXECUTION_FAILED,
        }
    }
}
