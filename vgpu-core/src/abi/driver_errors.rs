//! What is known of the driver's errors beside their codes: names, and which of them end a context.

use std::fmt;

use super::codes;
use crate::error::CuError;

impl CuError {
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
}

impl fmt::Debug for CuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match codes::name(self.code()) {
            Some(name) => f.write_str(name),
            None => write!(f, "CUDA error {}", self.code()),
        }
    }
}

impl fmt::Display for CuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for CuError {}
