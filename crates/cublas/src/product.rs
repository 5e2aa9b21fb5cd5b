//! A matrix product as a program asks for it, checked as cuBLAS checks it, and the message that it becomes.

use std::ffi::c_void;

use vgpu_core::abi::cublas::{cublasComputeType_t, cublasOperation_t, cudaDataType};
use vgpu_core::wire::messages::{BLAS_POINTER_ARRAYS, BLAS_SCALARS_ON_DEVICE, Gemm};

use crate::error::{CublasError, CublasResult};
use crate::handle::Settings;
use crate::scalar;

/// One matrix: its device address (or that of an array of them), element type, leading dimension, distance to the next of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix {
    pub(crate) data: *const c_void,
    pub(crate) kind: cudaDataType,
    pub(crate) ld: i64,
    pub(crate) stride: i64,
}

/// How many products there are, and where their matrices lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    One,
    /// At a fixed distance from each other.
    Strided(i64),
    /// At addresses that lie in device memory.
    Pointers(i64),
}

impl Batch {
    /// # Errors
    /// `INVALID_VALUE`: a negative count, or one that no device could hold.
    pub(crate) fn count(self) -> CublasResult<u32> {
        match self {
            Self::One => Ok(1),
            Self::Strided(count) | Self::Pointers(count) => {
                u32::try_from(count).map_err(|_| CublasError::INVALID_VALUE)
            }
        }
    }
}

/// C = alpha · op(A) · op(B) + beta · C.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) ops: [cublasOperation_t; 2],
    /// m, n, k: C is m × n.
    pub(crate) extent: [i64; 3],
    pub(crate) alpha: *const c_void,
    pub(crate) a: Matrix,
    pub(crate) b: Matrix,
    pub(crate) beta: *const c_void,
    pub(crate) c: Matrix,
    pub(crate) compute: cublasComputeType_t,
    pub(crate) batch: Batch,
}

impl Product {
    /// Checks the product and queues it on the handle's stream. A product without elements is done at once.
    ///
    /// # Errors
    /// `INVALID_VALUE`: a dimension, leading dimension, operation or pointer is none;
    /// `NOT_SUPPORTED`: this combination of types is not done; what queueing came to.
    ///
    /// # Safety
    /// Scalars on the host lead to values of the scale type of `compute`.
    pub(crate) unsafe fn queue(&self, settings: &Settings) -> CublasResult {
        // SAFETY: the caller vouches for the scalars.
        match unsafe { self.describe(settings) }? {
            Some(message) => settings.post(&message),
            None => Ok(()),
        }
    }

    /// # Safety
    /// As [`Self::queue`], where the scalars are on the host.
    unsafe fn describe(&self, settings: &Settings) -> CublasResult<Option<Gemm>> {
        let scalars_on_device = settings.scalars_on_device();
        let [op_a, op_b] = self.ops;
        let [m, n, k] = self.extent.map(|extent| u64::try_from(extent).map_err(|_| CublasError::INVALID_VALUE));
        let (m, n, k) = (m?, n?, k?);
        let is_plain = |op: cublasOperation_t| op == cublasOperation_t::CUBLAS_OP_N;
        if !is_operation(op_a) || !is_operation(op_b) {
            return Err(CublasError::INVALID_VALUE);
        }
        check_leading(self.a.ld, if is_plain(op_a) { m } else { k })?;
        check_leading(self.b.ld, if is_plain(op_b) { k } else { n })?;
        check_leading(self.c.ld, m)?;
        let batch = self.batch.count()?;
        let scale = scale_type(self.compute, [self.a.kind, self.b.kind, self.c.kind])?;
        if m == 0 || n == 0 || batch == 0 {
            return Ok(None);
        }
        if self.c.data.is_null() {
            return Err(CublasError::INVALID_VALUE);
        }
        // SAFETY: the caller vouches for the scalars.
        let alpha = unsafe { scalar::bytes(self.alpha, scale, scalars_on_device) }?;
        // SAFETY: as above.
        let beta = unsafe { scalar::bytes(self.beta, scale, scalars_on_device) }?;
        let pointers = if matches!(self.batch, Batch::Pointers(_)) { BLAS_POINTER_ARRAYS } else { 0 };
        let on_device = if scalars_on_device { BLAS_SCALARS_ON_DEVICE } else { 0 };
        Ok(Some(Gemm {
            stream: 0,
            flags: pointers | on_device,
            op_a: op_a.0,
            op_b: op_b.0,
            a_type: self.a.kind.0,
            b_type: self.b.kind.0,
            c_type: self.c.kind.0,
            compute: self.compute.0,
            scale_type: scale.0,
            batch,
            m,
            n,
            k,
            lda: self.a.ld,
            ldb: self.b.ld,
            ldc: self.c.ld,
            stride_a: self.a.stride,
            stride_b: self.b.stride,
            stride_c: self.c.stride,
            a: self.a.data as u64,
            b: self.b.data as u64,
            c: self.c.data as u64,
            alpha,
            beta,
            settings: settings.wire(),
        }))
    }
}

/// Whether `op` is one that a real matrix can have.
pub(crate) fn is_operation(op: cublasOperation_t) -> bool {
    op.0 <= cublasOperation_t::CUBLAS_OP_C.0
}

/// A leading dimension is at least the rows that are stored, and at least 1.
pub(crate) fn check_leading(ld: i64, rows: u64) -> CublasResult {
    match u64::try_from(ld) {
        Ok(ld) if ld >= rows.max(1) => Ok(()),
        _ => Err(CublasError::INVALID_VALUE),
    }
}

/// The type of alpha and beta for a compute type, given the types of A, B and C.
///
/// # Errors
/// `NOT_SUPPORTED`: cuBLAS does not compute these types so, or the device here does not (integers, complex numbers, 8-bit floats).
fn scale_type(compute: cublasComputeType_t, kinds: [cudaDataType; 3]) -> CublasResult<cudaDataType> {
    use cublasComputeType_t as C;
    const HALF: cudaDataType = cudaDataType::CUDA_R_16F;
    const BRAIN: cudaDataType = cudaDataType::CUDA_R_16BF;
    const SINGLE: cudaDataType = cudaDataType::CUDA_R_32F;
    const DOUBLE: cudaDataType = cudaDataType::CUDA_R_64F;
    match (compute, kinds) {
        (C::CUBLAS_COMPUTE_16F | C::CUBLAS_COMPUTE_16F_PEDANTIC, [HALF, HALF, HALF]) => Ok(HALF),
        (
            C::CUBLAS_COMPUTE_32F | C::CUBLAS_COMPUTE_32F_PEDANTIC,
            [SINGLE, SINGLE, SINGLE] | [HALF, HALF, HALF | SINGLE] | [BRAIN, BRAIN, BRAIN | SINGLE],
        )
        | (
            C::CUBLAS_COMPUTE_32F_FAST_16F
            | C::CUBLAS_COMPUTE_32F_FAST_16BF
            | C::CUBLAS_COMPUTE_32F_FAST_TF32
            | C::CUBLAS_COMPUTE_32F_EMULATED_16BFX9,
            [SINGLE, SINGLE, SINGLE],
        ) => Ok(SINGLE),
        (C::CUBLAS_COMPUTE_64F | C::CUBLAS_COMPUTE_64F_PEDANTIC, [DOUBLE, DOUBLE, DOUBLE]) => Ok(DOUBLE),
        _ => {
            log::debug!("no product of types {kinds:?} with {compute:?}");
            Err(CublasError::NOT_SUPPORTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use vgpu_core::abi::cublas::cublasPointerMode_t;

    use super::*;

    const N: cublasOperation_t = cublasOperation_t::CUBLAS_OP_N;
    const T: cublasOperation_t = cublasOperation_t::CUBLAS_OP_T;
    static ONE: f32 = 1.0;

    fn matrix(kind: cudaDataType, ld: i64) -> Matrix {
        Matrix { data: std::ptr::without_provenance(0x1000), kind, ld, stride: 0 }
    }

    /// A product of single-precision matrices with m, n, k = 4, 5, 6 and exact leading dimensions.
    fn product() -> Product {
        Product {
            ops: [N, N],
            extent: [4, 5, 6],
            alpha: (&raw const ONE).cast(),
            a: matrix(cudaDataType::CUDA_R_32F, 4),
            b: matrix(cudaDataType::CUDA_R_32F, 6),
            beta: (&raw const ONE).cast(),
            c: matrix(cudaDataType::CUDA_R_32F, 4),
            compute: cublasComputeType_t::CUBLAS_COMPUTE_32F,
            batch: Batch::One,
        }
    }

    fn describe(product: &Product) -> CublasResult<Option<Gemm>> {
        // SAFETY: the scalars are a static of single precision.
        unsafe { product.describe(&Settings::new(8)) }
    }

    #[test]
    fn a_product_becomes_one_message() {
        let message = describe(&product()).expect("it is valid").expect("it has elements");
        assert_eq!((message.m, message.n, message.k, message.batch, message.flags), (4, 5, 6, 1, 0));
        assert_eq!(message.alpha[..4], 1.0_f32.to_le_bytes());
    }

    #[test]
    fn a_leading_dimension_counts_the_rows_as_stored() {
        let transposed = Product { ops: [T, N], ..product() };
        assert_eq!(describe(&transposed).err(), Some(CublasError::INVALID_VALUE));
        let long_enough = Product { a: matrix(cudaDataType::CUDA_R_32F, 6), ..transposed };
        assert!(describe(&long_enough).is_ok());
    }

    #[test]
    fn negative_extents_counts_unknown_operations_and_missing_operands_are_invalid() {
        let wrong = [
            Product { extent: [-1, 5, 6], ..product() },
            Product { extent: [4, 5, -6], ..product() },
            Product { batch: Batch::Strided(-1), ..product() },
            Product { ops: [N, cublasOperation_t(3)], ..product() },
            Product { c: matrix(cudaDataType::CUDA_R_32F, 0), ..product() },
            Product { beta: std::ptr::null(), ..product() },
            Product { c: Matrix { data: std::ptr::null(), ..product().c }, ..product() },
        ];
        assert_eq!(wrong.map(|product| describe(&product).err()), [Some(CublasError::INVALID_VALUE); 7]);
    }

    #[test]
    fn a_product_without_elements_needs_no_work() {
        let empty = [Product { extent: [4, 0, 6], ..product() }, Product { batch: Batch::Pointers(0), ..product() }];
        assert!(empty.iter().all(|product| describe(product).expect("it is valid").is_none()));
    }

    #[test]
    fn no_inner_extent_still_scales_the_result() {
        let message = describe(&Product { extent: [4, 5, 0], b: matrix(cudaDataType::CUDA_R_32F, 1), ..product() });
        assert_eq!(message.expect("it is valid").expect("it has elements").k, 0);
    }

    #[test]
    fn pointers_and_device_scalars_are_flagged() {
        let product = Product { batch: Batch::Pointers(3), ..product() };
        let mut on_device = Settings::new(8);
        on_device.pointer_mode = cublasPointerMode_t::CUBLAS_POINTER_MODE_DEVICE;
        // SAFETY: device scalars are not followed.
        let message = unsafe { product.describe(&on_device) }.expect("it is valid").expect("it has elements");
        assert_eq!((message.flags, message.batch), (BLAS_POINTER_ARRAYS | BLAS_SCALARS_ON_DEVICE, 3));
        assert_eq!(message.alpha[..8], (&raw const ONE as u64).to_le_bytes());
    }

    #[test]
    fn scalars_have_the_type_of_the_computation() {
        let half = [cudaDataType::CUDA_R_16F; 3];
        assert_eq!(scale_type(cublasComputeType_t::CUBLAS_COMPUTE_16F, half), Ok(cudaDataType::CUDA_R_16F));
        assert_eq!(scale_type(cublasComputeType_t::CUBLAS_COMPUTE_32F, half), Ok(cudaDataType::CUDA_R_32F));
        assert_eq!(scale_type(cublasComputeType_t::CUBLAS_COMPUTE_64F, half), Err(CublasError::NOT_SUPPORTED));
        assert_eq!(scale_type(cublasComputeType_t::CUBLAS_COMPUTE_32I, half), Err(CublasError::NOT_SUPPORTED));
    }
}
