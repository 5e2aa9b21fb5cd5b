//! Extensions: products whose types are arguments.

use std::ffi::{c_int, c_void};

use vgpu_core::abi::cublas::{cublasComputeType_t, cublasGemmAlgo_t, cublasHandle_t, cublasOperation_t, cudaDataType};

use crate::error::CublasResult;
use crate::handle;
use crate::product::{Batch, Matrix, Product};

macro_rules! gemm_ex {
    ($($name:ident: $int:ty;)*) => {$(
        /// Queues one product.
        ///
        /// # Safety
        /// Scalars on the host lead to values of the compute type's scale type.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const c_void,
            A: *const c_void, Atype: cudaDataType, lda: $int, B: *const c_void, Btype: cudaDataType, ldb: $int, beta: *const c_void,
            C: *mut c_void, Ctype: cudaDataType, ldc: $int, computeType: cublasComputeType_t, algo: cublasGemmAlgo_t,
        ) -> CublasResult {
            let settings = handle::settings(handle)?.with_algorithm(algo)?;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha,
                a: Matrix { data: A, kind: Atype, ld: lda.into(), stride: 0 },
                b: Matrix { data: B, kind: Btype, ld: ldb.into(), stride: 0 },
                beta,
                c: Matrix { data: C, kind: Ctype, ld: ldc.into(), stride: 0 },
                compute: computeType,
                batch: Batch::One,
            };
            // SAFETY: the caller's scalars are passed through.
            unsafe { product.queue(&settings) }
        }
    )*};
}

gemm_ex! {
    cublasGemmEx: c_int;
    cublasGemmEx_64: i64;
}

macro_rules! sgemm_ex {
    ($($name:ident: $int:ty;)*) => {$(
        /// Queues one product that is computed in single precision.
        ///
        /// # Safety
        /// Scalars on the host lead to values.
        pub(crate) unsafe fn $name(
            handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: $int, n: $int, k: $int, alpha: *const f32,
            A: *const c_void, Atype: cudaDataType, lda: $int, B: *const c_void, Btype: cudaDataType, ldb: $int, beta: *const f32,
            C: *mut c_void, Ctype: cudaDataType, ldc: $int,
        ) -> CublasResult {
            let settings = handle::settings(handle)?;
            let product = Product {
                ops: [transa, transb],
                extent: [m.into(), n.into(), k.into()],
                alpha: alpha.cast(),
                a: Matrix { data: A, kind: Atype, ld: lda.into(), stride: 0 },
                b: Matrix { data: B, kind: Btype, ld: ldb.into(), stride: 0 },
                beta: beta.cast(),
                c: Matrix { data: C, kind: Ctype, ld: ldc.into(), stride: 0 },
                compute: cublasComputeType_t::CUBLAS_COMPUTE_32F,
                batch: Batch::One,
            };
            // SAFETY: the caller's scalars are of single precision.
            unsafe { product.queue(&settings) }
        }
    )*};
}

sgemm_ex! {
    cublasSgemmEx: c_int;
    cublasSgemmEx_64: i64;
}
