//! `CuError`: the driver API's result codes as a Rust error.

use std::fmt;

/// A driver API error code, never `CUDA_SUCCESS`.
///
/// The named constants (`CuError::INVALID_VALUE`, ...) are generated from the header into `abi::codes`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CuError(u32);

/// The result of everything that can fail in CUDA's terms.
pub type CuResult<T = ()> = Result<T, CuError>;

impl CuError {
    /// Wraps a code that is known to be an error.
    pub const fn from_code(code: u32) -> Self {
        Self(code)
    }

    /// Reads a result code: 0 is success, anything else the error of that number.
    ///
    /// # Errors
    /// The code itself, when it is not 0.
    pub const fn check(code: u32) -> CuResult {
        if code == 0 { Ok(()) } else { Err(Self(code)) }
    }

    /// Whether an error of that code ends its context: a fault of the device or of a kernel, after which every call
    /// gives the same error. What a call is merely refused for is none.
    ///
    /// **Source:** `CUresult` in NVIDIA's driver API reference: the codes that leave the process in an inconsistent state.
    pub const fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::ECC_UNCORRECTABLE
                | Self::NVLINK_UNCORRECTABLE
                | Self::CONTAINED
                | Self::ILLEGAL_ADDRESS
                | Self::LAUNCH_TIMEOUT
                | Self::ASSERT
                | Self::HARDWARE_STACK_ERROR
                | Self::ILLEGAL_INSTRUCTION
                | Self::MISALIGNED_ADDRESS
                | Self::INVALID_ADDRESS_SPACE
                | Self::INVALID_PC
                | Self::LAUNCH_FAILED
                | Self::TENSOR_MEMORY_LEAK
                | Self::EXTERNAL_DEVICE
                | Self::MPS_CLIENT_TERMINATED
        )
    }

    /// The number that C callers see.
    pub const fn code(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for CuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match crate::abi::codes::name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "CUDA error {}", self.0),
        }
    }
}

impl fmt::Display for CuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for CuError {}
