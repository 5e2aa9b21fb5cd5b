//! Level 3: one product or one triangular system of plain matrices.

use std::ffi::c_int;

use vgpu_core::abi::cublas::{
    __half, cublasComputeType_t, cublasDiagType_t, cublasFillMode_t, cublasHandle_t, cublasOperation_t,
    cublasSideMode_t, cudaDataType,
};

use crate::error::CublasResult;
use crate::handle;
use crate::product::{Batch, Matrix, Product};
use crate::solve::Solve;

macro_rules! gemm {
    ($($name:ident: $int:ty, $element:ty, $kind:ident, $compute:ident;)*) => {$(
        /// Queues one product.
        ///
        /// # Safety
        /// Scalars on the host lead to values.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const $element,
            A: *const $element, lda: $int, B: *const $element, ldb: $int, beta: *const $element, C: *mut $element, ldc: $int,
        ) -> CublasResult {
            let settings = handle::settings(handle)?;
            let kind = cudaDataType::$kind;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha: alpha.cast(),
                a: Matrix { data: A.cast(), kind, ld: lda.into(), stride: 0 },
                b: Matrix { data: B.cast(), kind, ld: ldb.into(), stride: 0 },
                beta: beta.cast(),
                c: Matrix { data: C.cast(), kind, ld: ldc.into(), stride: 0 },
                compute: cublasComputeType_t::$compute,
                batch: Batch::One,
            };
            // SAFETY: the caller's scalars have the type that the name says.
            unsafe { product.queue(&settings) }
        }
    )*};
}

gemm! {
    cublasHgemm: c_int, __half, CUDA_R_16F, CUBLAS_COMPUTE_16F;
    cublasHgemm_64: i64, __half, CUDA_R_16F, CUBLAS_COMPUTE_16F;
    cublasSgemm_v2: c_int, f32, CUDA_R_32F, CUBLAS_COMPUTE_32F;
    cublasSgemm_v2_64: i64, f32, CUDA_R_32F, CUBLAS_COMPUTE_32F;
    cublasDgemm_v2: c_int, f64, CUDA_R_64F, CUBLAS_COMPUTE_64F;
    cublasDgemm_v2_64: i64, f64, CUDA_R_64F, CUBLAS_COMPUTE_64F;
}

macro_rules! trsm {
    ($($name:ident: $int:ty, $element:ty, $kind:ident;)*) => {$(
        /// Queues one triangular system.
        ///
        /// # Safety
        /// A scalar on the host leads to a value.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, m: $int,
            n: $int, alpha: *const $element, A: *const $element, lda: $int, B: *mut $element, ldb: $int,
        ) -> CublasResult {
            let settings = handle::settings(handle)?;
            let solve = Solve {
                side,
                fill: uplo,
                op: trans,
                diag,
                extent: [m.into(), n.into()],
                alpha: alpha.cast(),
                kind: cudaDataType::$kind,
                a: A.cast(),
                lda: lda.into(),
                b: B.cast(),
                ldb: ldb.into(),
                batch: Batch::One,
            };
            // SAFETY: the caller's scalar has the type that the name says.
            unsafe { solve.queue(&settings) }
        }
    )*};
}

trsm! {
    cublasStrsm_v2: c_int, f32, CUDA_R_32F;
    cublasStrsm_v2_64: i64, f32, CUDA_R_32F;
    cublasDtrsm_v2: c_int, f64, CUDA_R_64F;
    cublasDtrsm_v2_64: i64, f64, CUDA_R_64F;
}
