//! `CuError`: the driver API's result codes as a Rust error.
//!
//! What the codes are called and what they mean stands in [`crate::abi`], which builds on this.

/// A driver API error code, never `CUDA_SUCCESS`.
///
/// The named constants (`CuError::INVALID_VALUE`, ...) are generated from the header into [`abi::codes`](crate::abi::codes).
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

    /// The number that C callers see.
    pub const fn code(self) -> u32 {
        self.0
    }
}
