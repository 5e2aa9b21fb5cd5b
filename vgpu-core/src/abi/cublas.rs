//! Types and constants of cuBLAS 12's core API, written by hand: its wheel is 600 MB and is not fetched for a header.
//!
//! Source: cuBLAS reference, "Using the cuBLAS API", data types. Every value here, and every signature in `headers/spec/cublas`,
//! has been held against `cublas_api.h` of 12.9.1.4.

use core::ffi::c_char;

pub use super::runtime::{cudaDataType, cudaDataType_t};

/// What a handle points to; only its address means anything to a program.
#[repr(C)]
#[derive(Debug)]
pub struct cublasContext {
    _opaque: [u8; 0],
}

/// A program's handle: device, stream, modes and workspace of its cuBLAS calls.
pub type cublasHandle_t = *mut cublasContext;

/// The older name of [`cudaDataType`].
pub type cublasDataType_t = cudaDataType;

/// Receives log lines.
pub type cublasLogCallback = Option<unsafe extern "C" fn(msg: *const c_char)>;

/// A single-precision complex number.
#[repr(C, align(8))]
#[derive(Debug, Default, Copy, Clone, PartialEq)]
pub struct cuComplex {
    /// Real part.
    pub x: f32,
    /// Imaginary part.
    pub y: f32,
}

/// A double-precision complex number.
#[repr(C, align(16))]
#[derive(Debug, Default, Copy, Clone, PartialEq)]
pub struct cuDoubleComplex {
    /// Real part.
    pub x: f64,
    /// Imaginary part.
    pub y: f64,
}

/// The bits of an IEEE 754 binary16 number.
#[repr(transparent)]
#[derive(Debug, Default, Copy, Clone, PartialEq, Eq, Hash)]
pub struct __half(pub u16);

/// The bits of a bfloat16 number.
#[repr(transparent)]
#[derive(Debug, Default, Copy, Clone, PartialEq, Eq, Hash)]
pub struct __nv_bfloat16(pub u16);

/// What a cuBLAS call came to.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasStatus_t(pub u32);

impl cublasStatus_t {
    pub const CUBLAS_STATUS_SUCCESS: Self = Self(0);
    pub const CUBLAS_STATUS_NOT_INITIALIZED: Self = Self(1);
    pub const CUBLAS_STATUS_ALLOC_FAILED: Self = Self(3);
    pub const CUBLAS_STATUS_INVALID_VALUE: Self = Self(7);
    pub const CUBLAS_STATUS_ARCH_MISMATCH: Self = Self(8);
    pub const CUBLAS_STATUS_MAPPING_ERROR: Self = Self(11);
    pub const CUBLAS_STATUS_EXECUTION_FAILED: Self = Self(13);
    pub const CUBLAS_STATUS_INTERNAL_ERROR: Self = Self(14);
    pub const CUBLAS_STATUS_NOT_SUPPORTED: Self = Self(15);
    pub const CUBLAS_STATUS_LICENSE_ERROR: Self = Self(16);
}

/// Which triangle of a matrix is stored.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasFillMode_t(pub u32);

impl cublasFillMode_t {
    pub const CUBLAS_FILL_MODE_LOWER: Self = Self(0);
    pub const CUBLAS_FILL_MODE_UPPER: Self = Self(1);
    pub const CUBLAS_FILL_MODE_FULL: Self = Self(2);
}

/// Whether a triangular matrix has ones on its diagonal without storing them.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasDiagType_t(pub u32);

impl cublasDiagType_t {
    pub const CUBLAS_DIAG_NON_UNIT: Self = Self(0);
    pub const CUBLAS_DIAG_UNIT: Self = Self(1);
}

/// On which side of a product the special matrix stands.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasSideMode_t(pub u32);

impl cublasSideMode_t {
    pub const CUBLAS_SIDE_LEFT: Self = Self(0);
    pub const CUBLAS_SIDE_RIGHT: Self = Self(1);
}

/// What happens to a matrix before it is used.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasOperation_t(pub u32);

impl cublasOperation_t {
    pub const CUBLAS_OP_N: Self = Self(0);
    pub const CUBLAS_OP_T: Self = Self(1);
    pub const CUBLAS_OP_C: Self = Self(2);
    pub const CUBLAS_OP_HERMITAN: Self = Self(2);
    pub const CUBLAS_OP_CONJG: Self = Self(3);
}

/// Where scalars live.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasPointerMode_t(pub u32);

impl cublasPointerMode_t {
    pub const CUBLAS_POINTER_MODE_HOST: Self = Self(0);
    pub const CUBLAS_POINTER_MODE_DEVICE: Self = Self(1);
}

/// Whether results may depend on the order of atomic additions.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasAtomicsMode_t(pub u32);

impl cublasAtomicsMode_t {
    pub const CUBLAS_ATOMICS_NOT_ALLOWED: Self = Self(0);
    pub const CUBLAS_ATOMICS_ALLOWED: Self = Self(1);
}

/// Whether products may be computed from parts of less precision.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasEmulationStrategy_t(pub u32);

impl cublasEmulationStrategy_t {
    pub const CUBLAS_EMULATION_STRATEGY_DEFAULT: Self = Self(0);
    pub const CUBLAS_EMULATION_STRATEGY_PERFORMANT: Self = Self(1);
    pub const CUBLAS_EMULATION_STRATEGY_EAGER: Self = Self(2);
}

/// Which implementation of a product to use; since Ampere only a hint.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasGemmAlgo_t(pub i32);

impl cublasGemmAlgo_t {
    pub const CUBLAS_GEMM_DEFAULT: Self = Self(-1);
    pub const CUBLAS_GEMM_DFALT: Self = Self(-1);
    pub const CUBLAS_GEMM_ALGO0: Self = Self(0);
    pub const CUBLAS_GEMM_ALGO1: Self = Self(1);
    pub const CUBLAS_GEMM_ALGO2: Self = Self(2);
    pub const CUBLAS_GEMM_ALGO3: Self = Self(3);
    pub const CUBLAS_GEMM_ALGO4: Self = Self(4);
    pub const CUBLAS_GEMM_ALGO5: Self = Self(5);
    pub const CUBLAS_GEMM_ALGO6: Self = Self(6);
    pub const CUBLAS_GEMM_ALGO7: Self = Self(7);
    pub const CUBLAS_GEMM_ALGO8: Self = Self(8);
    pub const CUBLAS_GEMM_ALGO9: Self = Self(9);
    pub const CUBLAS_GEMM_ALGO10: Self = Self(10);
    pub const CUBLAS_GEMM_ALGO11: Self = Self(11);
    pub const CUBLAS_GEMM_ALGO12: Self = Self(12);
    pub const CUBLAS_GEMM_ALGO13: Self = Self(13);
    pub const CUBLAS_GEMM_ALGO14: Self = Self(14);
    pub const CUBLAS_GEMM_ALGO15: Self = Self(15);
    pub const CUBLAS_GEMM_ALGO16: Self = Self(16);
    pub const CUBLAS_GEMM_ALGO17: Self = Self(17);
    pub const CUBLAS_GEMM_ALGO18: Self = Self(18);
    pub const CUBLAS_GEMM_ALGO19: Self = Self(19);
    pub const CUBLAS_GEMM_ALGO20: Self = Self(20);
    pub const CUBLAS_GEMM_ALGO21: Self = Self(21);
    pub const CUBLAS_GEMM_ALGO22: Self = Self(22);
    pub const CUBLAS_GEMM_ALGO23: Self = Self(23);
    pub const CUBLAS_GEMM_DEFAULT_TENSOR_OP: Self = Self(99);
    pub const CUBLAS_GEMM_DFALT_TENSOR_OP: Self = Self(99);
    pub const CUBLAS_GEMM_ALGO0_TENSOR_OP: Self = Self(100);
    pub const CUBLAS_GEMM_ALGO1_TENSOR_OP: Self = Self(101);
    pub const CUBLAS_GEMM_ALGO2_TENSOR_OP: Self = Self(102);
    pub const CUBLAS_GEMM_ALGO3_TENSOR_OP: Self = Self(103);
    pub const CUBLAS_GEMM_ALGO4_TENSOR_OP: Self = Self(104);
    pub const CUBLAS_GEMM_ALGO5_TENSOR_OP: Self = Self(105);
    pub const CUBLAS_GEMM_ALGO6_TENSOR_OP: Self = Self(106);
    pub const CUBLAS_GEMM_ALGO7_TENSOR_OP: Self = Self(107);
    pub const CUBLAS_GEMM_ALGO8_TENSOR_OP: Self = Self(108);
    pub const CUBLAS_GEMM_ALGO9_TENSOR_OP: Self = Self(109);
    pub const CUBLAS_GEMM_ALGO10_TENSOR_OP: Self = Self(110);
    pub const CUBLAS_GEMM_ALGO11_TENSOR_OP: Self = Self(111);
    pub const CUBLAS_GEMM_ALGO12_TENSOR_OP: Self = Self(112);
    pub const CUBLAS_GEMM_ALGO13_TENSOR_OP: Self = Self(113);
    pub const CUBLAS_GEMM_ALGO14_TENSOR_OP: Self = Self(114);
    pub const CUBLAS_GEMM_ALGO15_TENSOR_OP: Self = Self(115);
}

/// Which lower-precision units a handle may use.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasMath_t(pub u32);

impl cublasMath_t {
    pub const CUBLAS_DEFAULT_MATH: Self = Self(0);
    pub const CUBLAS_TENSOR_OP_MATH: Self = Self(1);
    pub const CUBLAS_PEDANTIC_MATH: Self = Self(2);
    pub const CUBLAS_TF32_TENSOR_OP_MATH: Self = Self(3);
    pub const CUBLAS_FP32_EMULATED_BF16X9_MATH: Self = Self(4);
    pub const CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION: Self = Self(16);
}

/// The type in which products are computed and summed.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct cublasComputeType_t(pub u32);

impl cublasComputeType_t {
    pub const CUBLAS_COMPUTE_16F: Self = Self(64);
    pub const CUBLAS_COMPUTE_16F_PEDANTIC: Self = Self(65);
    pub const CUBLAS_COMPUTE_32F: Self = Self(68);
    pub const CUBLAS_COMPUTE_32F_PEDANTIC: Self = Self(69);
    pub const CUBLAS_COMPUTE_64F: Self = Self(70);
    pub const CUBLAS_COMPUTE_64F_PEDANTIC: Self = Self(71);
    pub const CUBLAS_COMPUTE_32I: Self = Self(72);
    pub const CUBLAS_COMPUTE_32I_PEDANTIC: Self = Self(73);
    pub const CUBLAS_COMPUTE_32F_FAST_16F: Self = Self(74);
    pub const CUBLAS_COMPUTE_32F_FAST_16BF: Self = Self(75);
    pub const CUBLAS_COMPUTE_32F_FAST_TF32: Self = Self(77);
    pub const CUBLAS_COMPUTE_32F_EMULATED_16BFX9: Self = Self(78);
}

/// A part of a library's version.
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct libraryPropertyType_t(pub u32);

impl libraryPropertyType_t {
    pub const MAJOR_VERSION: Self = Self(0);
    pub const MINOR_VERSION: Self = Self(1);
    pub const PATCH_LEVEL: Self = Self(2);
}
