//! How a guest wants products computed.

use super::Pod;
use crate::abi::cublas::{cublasGemmAlgo_t, cublasMath_t};

/// How the guest's handle of cuBLAS wants its work done. None of it changes what is asked for: an executor may do without.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlasSettings {
    /// A `cublasMath_t`: which loss of precision is allowed.
    pub math_mode: u32,
    /// A `cublasGemmAlgo_t`.
    pub algorithm: i32,
    /// Device memory for intermediate results, where `workspace_bytes` is not 0. Else the executor brings its own.
    pub workspace: u64,
    /// Its length.
    pub workspace_bytes: u64,
}

// SAFETY: u32, i32, u64, u64 leave no gap.
unsafe impl Pod for BlasSettings {}

impl BlasSettings {
    /// What a handle has that nobody has set anything on.
    pub const DEFAULT: Self = Self {
        math_mode: cublasMath_t::CUBLAS_DEFAULT_MATH.0,
        algorithm: cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT.0,
        workspace: 0,
        workspace_bytes: 0,
    };

    /// Whether the number of the algorithm is one that the header names.
    pub const fn has_known_algorithm(&self) -> bool {
        matches!(self.algorithm, -1..=23 | 99..=115)
    }
}
