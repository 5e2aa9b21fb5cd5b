//! A triangular system as a program asks for it, checked as cuBLAS checks it, and the message that it becomes.

use std::ffi::c_void;

use vgpu_core::abi::cublas::{cublasDiagType_t, cublasFillMode_t, cublasOperation_t, cublasSideMode_t, cudaDataType};
use vgpu_core::wire::messages::{BLAS_POINTER_ARRAYS, BLAS_SCALARS_ON_DEVICE, Trsm};

use crate::error::{CublasError, CublasResult};
use crate::handle::Settings;
use crate::product::{Batch, check_leading, is_operation};
use crate::scalar;

/// op(A) · X = alpha · B, or X · op(A) = alpha · B; X replaces B.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Solve {
    pub(crate) side: cublasSideMode_t,
    pub(crate) fill: cublasFillMode_t,
    pub(crate) op: cublasOperation_t,
    pub(crate) diag: cublasDiagType_t,
    /// m, n: B is m × n.
    pub(crate) extent: [i64; 2],
    pub(crate) alpha: *const c_void,
    /// Element type of A, B and alpha.
    pub(crate) kind: cudaDataType,
    pub(crate) a: *const c_void,
    pub(crate) lda: i64,
    pub(crate) b: *const c_void,
    pub(crate) ldb: i64,
    pub(crate) batch: Batch,
}

impl Solve {
    /// Checks the system and queues it on the handle's stream.
    ///
    /// # Errors
    /// `INVALID_VALUE`: a dimension, leading dimension, mode or pointer is none; what queueing came to.
    ///
    /// # Safety
    /// A scalar on the host leads to a value of type `kind`.
    pub(crate) unsafe fn queue(&self, settings: &Settings) -> CublasResult {
        // SAFETY: the caller vouches for the scalar.
        match unsafe { self.describe(settings) }? {
            Some(message) => settings.post(&message),
            None => Ok(()),
        }
    }

    /// # Safety
    /// As [`Self::queue`], where the scalar is on the host.
    unsafe fn describe(&self, settings: &Settings) -> CublasResult<Option<Trsm>> {
        let scalar_on_device = settings.scalars_on_device();
        let [m, n] = self.extent.map(|extent| u64::try_from(extent).map_err(|_| CublasError::INVALID_VALUE));
        let (m, n) = (m?, n?);
        if self.side.0 > 1 || self.fill.0 > 1 || self.diag.0 > 1 || !is_operation(self.op) {
            return Err(CublasError::INVALID_VALUE);
        }
        let is_left = self.side == cublasSideMode_t::CUBLAS_SIDE_LEFT;
        check_leading(self.lda, if is_left { m } else { n })?;
        check_leading(self.ldb, m)?;
        let batch = self.batch.count()?;
        if m == 0 || n == 0 || batch == 0 {
            return Ok(None);
        }
        // SAFETY: the caller vouches for the scalar.
        let alpha = unsafe { scalar::bytes(self.alpha, self.kind, scalar_on_device) }?;
        let pointers = if matches!(self.batch, Batch::Pointers(_)) { BLAS_POINTER_ARRAYS } else { 0 };
        let on_device = if scalar_on_device { BLAS_SCALARS_ON_DEVICE } else { 0 };
        Ok(Some(Trsm {
            stream: 0,
            flags: pointers | on_device,
            side: self.side.0,
            fill: self.fill.0,
            op_a: self.op.0,
            diag: self.diag.0,
            data_type: self.kind.0,
            batch,
            m,
            n,
            lda: self.lda,
            ldb: self.ldb,
            a: self.a as u64,
            b: self.b as u64,
            alpha,
            settings: settings.wire(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TWO: f64 = 2.0;

    fn solve() -> Solve {
        Solve {
            side: cublasSideMode_t::CUBLAS_SIDE_LEFT,
            fill: cublasFillMode_t::CUBLAS_FILL_MODE_LOWER,
            op: cublasOperation_t::CUBLAS_OP_N,
            diag: cublasDiagType_t::CUBLAS_DIAG_NON_UNIT,
            extent: [4, 7],
            alpha: (&raw const TWO).cast(),
            kind: cudaDataType::CUDA_R_64F,
            a: std::ptr::without_provenance(0x1000),
            lda: 4,
            b: std::ptr::without_provenance(0x2000),
            ldb: 4,
            batch: Batch::Pointers(3),
        }
    }

    fn describe(solve: &Solve) -> CublasResult<Option<Trsm>> {
        // SAFETY: the scalar is a static of double precision.
        unsafe { solve.describe(&Settings::new(8)) }
    }

    #[test]
    fn a_system_becomes_one_message() {
        let message = describe(&solve()).expect("it is valid").expect("it has elements");
        assert_eq!((message.m, message.n, message.batch, message.flags), (4, 7, 3, BLAS_POINTER_ARRAYS));
        assert_eq!(message.alpha[..8], TWO.to_le_bytes());
    }

    #[test]
    fn the_triangle_is_as_large_as_the_side_it_stands_on() {
        let right = Solve { side: cublasSideMode_t::CUBLAS_SIDE_RIGHT, ..solve() };
        assert_eq!(describe(&right).err(), Some(CublasError::INVALID_VALUE));
        assert!(describe(&Solve { lda: 7, ..right }).is_ok());
    }

    #[test]
    fn unknown_modes_are_invalid() {
        let wrong = [
            Solve { side: cublasSideMode_t(2), ..solve() },
            Solve { fill: cublasFillMode_t::CUBLAS_FILL_MODE_FULL, ..solve() },
            Solve { diag: cublasDiagType_t(2), ..solve() },
            Solve { op: cublasOperation_t(3), ..solve() },
        ];
        assert_eq!(wrong.map(|solve| describe(&solve).err()), [Some(CublasError::INVALID_VALUE); 4]);
    }
}
