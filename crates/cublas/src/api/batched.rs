//! Many products or triangular systems at once: at fixed distances, or at addresses that lie in device memory.

use std::ffi::{c_int, c_longlong, c_void};

use vgpu_core::abi::cublas::{
    __half, cublasComputeType_t, cublasDiagType_t, cublasFillMode_t, cublasGemmAlgo_t, cublasHandle_t,
    cublasOperation_t, cublasSideMode_t, cudaDataType,
};

use crate::error::CublasResult;
use crate::handle;
use crate::product::{Batch, Matrix, Product};
use crate::solve::Solve;

macro_rules! gemm_batched {
    ($($name:ident: $int:ty, $element:ty, $kind:ident, $compute:ident;)*) => {$(
        /// Queues products whose matrices' addresses lie in device memory.
        ///
        /// # Safety
        /// Scalars on the host lead to values.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const $element,
            Aarray: *const *const $element, lda: $int, Barray: *const *const $element, ldb: $int, beta: *const $element,
            Carray: *const *mut $element, ldc: $int, batchCount: $int,
        ) -> CublasResult {
            let settings = handle::settings(handle)?;
            let kind = cudaDataType::$kind;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha: alpha.cast(),
                a: Matrix { data: Aarray.cast(), kind, ld: lda.into(), stride: 0 },
                b: Matrix { data: Barray.cast(), kind, ld: ldb.into(), stride: 0 },
                beta: beta.cast(),
                c: Matrix { data: Carray.cast(), kind, ld: ldc.into(), stride: 0 },
                compute: cublasComputeType_t::$compute,
                batch: Batch::Pointers(batchCount.into()),
            };
            // SAFETY: the caller's scalars have the type that the name says.
            unsafe { product.queue(&settings) }
        }
    )*};
}

gemm_batched! {
    cublasHgemmBatched: c_int, __half, CUDA_R_16F, CUBLAS_COMPUTE_16F;
    cublasHgemmBatched_64: i64, __half, CUDA_R_16F, CUBLAS_COMPUTE_16F;
    cublasSgemmBatched: c_int, f32, CUDA_R_32F, CUBLAS_COMPUTE_32F;
    cublasSgemmBatched_64: i64, f32, CUDA_R_32F, CUBLAS_COMPUTE_32F;
    cublasDgemmBatched: c_int, f64, CUDA_R_64F, CUBLAS_COMPUTE_64F;
    cublasDgemmBatched_64: i64, f64, CUDA_R_64F, CUBLAS_COMPUTE_64F;
}

macro_rules! gemm_strided {
    ($($name:ident: $int:ty, $element:ty, $kind:ident, $compute:ident;)*) => {$(
        /// Queues products whose matrices lie at fixed distances, in elements.
        ///
        /// # Safety
        /// Scalars on the host lead to values.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const $element,
            A: *const $element, lda: $int, strideA: c_longlong, B: *const $element, ldb: $int, strideB: c_longlong, beta: *const $element,
            C: *mut $element, ldc: $int, strideC: c_longlong, batchCount: $int,
        ) -> CublasResult {
            let settings = handle::settings(handle)?;
            let kind = cudaDataType::$kind;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha: alpha.cast(),
                a: Matrix { data: A.cast(), kind, ld: lda.into(), stride: strideA },
                b: Matrix { data: B.cast(), kind, ld: ldb.into(), stride: strideB },
                beta: beta.cast(),
                c: Matrix { data: C.cast(), kind, ld: ldc.into(), stride: strideC },
                compute: cublasComputeType_t::$compute,
                batch: Batch::Strided(batchCount.into()),
            };
            // SAFETY: the caller's scalars have the type that the name says.
            unsafe { product.queue(&settings) }
        }
    )*};
}

gemm_strided! {
    cublasHgemmStridedBatched: c_int, __half, CUDA_R_16F, CUBLAS_COMPUTE_16F;
    cublasHgemmStridedBatched_64: i64, __half, CUDA_R_16F, CUBLAS_COMPUTE_16F;
    cublasSgemmStridedBatched: c_int, f32, CUDA_R_32F, CUBLAS_COMPUTE_32F;
    cublasSgemmStridedBatched_64: i64, f32, CUDA_R_32F, CUBLAS_COMPUTE_32F;
    cublasDgemmStridedBatched: c_int, f64, CUDA_R_64F, CUBLAS_COMPUTE_64F;
    cublasDgemmStridedBatched_64: i64, f64, CUDA_R_64F, CUBLAS_COMPUTE_64F;
}

macro_rules! gemm_batched_ex {
    ($($name:ident: $int:ty;)*) => {$(
        /// Queues products whose matrices' addresses lie in device memory and whose types are arguments.
        ///
        /// # Safety
        /// Scalars on the host lead to values of the compute type's scale type.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const c_void,
            Aarray: *const *const c_void, Atype: cudaDataType, lda: $int, Barray: *const *const c_void, Btype: cudaDataType, ldb: $int,
            beta: *const c_void, Carray: *const *mut c_void, Ctype: cudaDataType, ldc: $int, batchCount: $int,
            computeType: cublasComputeType_t, algo: cublasGemmAlgo_t,
        ) -> CublasResult {
            let settings = handle::settings(handle)?.with_algorithm(algo)?;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha,
                a: Matrix { data: Aarray.cast(), kind: Atype, ld: lda.into(), stride: 0 },
                b: Matrix { data: Barray.cast(), kind: Btype, ld: ldb.into(), stride: 0 },
                beta,
                c: Matrix { data: Carray.cast(), kind: Ctype, ld: ldc.into(), stride: 0 },
                compute: computeType,
                batch: Batch::Pointers(batchCount.into()),
            };
            // SAFETY: the caller's scalars are passed through.
            unsafe { product.queue(&settings) }
        }
    )*};
}

gemm_batched_ex! {
    cublasGemmBatchedEx: c_int;
    cublasGemmBatchedEx_64: i64;
}

macro_rules! gemm_strided_ex {
    ($($name:ident: $int:ty;)*) => {$(
        /// Queues products whose matrices lie at fixed distances, in elements, and whose types are arguments.
        ///
        /// # Safety
        /// Scalars on the host lead to values of the compute type's scale type.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const c_void,
            A: *const c_void, Atype: cudaDataType, lda: $int, strideA: c_longlong, B: *const c_void, Btype: cudaDataType, ldb: $int,
            strideB: c_longlong, beta: *const c_void, C: *mut c_void, Ctype: cudaDataType, ldc: $int, strideC: c_longlong, batchCount: $int,
            computeType: cublasComputeType_t, algo: cublasGemmAlgo_t,
        ) -> CublasResult {
            let settings = handle::settings(handle)?.with_algorithm(algo)?;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha,
                a: Matrix { data: A, kind: Atype, ld: lda.into(), stride: strideA },
                b: Matrix { data: B, kind: Btype, ld: ldb.into(), stride: strideB },
                beta,
                c: Matrix { data: C, kind: Ctype, ld: ldc.into(), stride: strideC },
                compute: computeType,
                batch: Batch::Strided(batchCount.into()),
            };
            // SAFETY: the caller's scalars are passed through.
            unsafe { product.queue(&settings) }
        }
    )*};
}

gemm_strided_ex! {
    cublasGemmStridedBatchedEx: c_int;
    cublasGemmStridedBatchedEx_64: i64;
}

macro_rules! trsm_batched {
    ($($name:ident: $int:ty, $element:ty, $kind:ident;)*) => {$(
        /// Queues triangular systems whose matrices' addresses lie in device memory.
        ///
        /// # Safety
        /// A scalar on the host leads to a value.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, m: $int,
            n: $int, alpha: *const $element, A: *const *const $element, lda: $int, B: *const *mut $element, ldb: $int, batchCount: $int,
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
                batch: Batch::Pointers(batchCount.into()),
            };
            // SAFETY: the caller's scalar has the type that the name says.
            unsafe { solve.queue(&settings) }
        }
    )*};
}

trsm_batched! {
    cublasStrsmBatched: c_int, f32, CUDA_R_32F;
    cublasStrsmBatched_64: i64, f32, CUDA_R_32F;
    cublasDtrsmBatched: c_int, f64, CUDA_R_64F;
    cublasDtrsmBatched_64: i64, f64, CUDA_R_64F;
}
