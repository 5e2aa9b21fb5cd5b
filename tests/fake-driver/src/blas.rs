//! Products and solves, which are only noted.

use std::ffi::{c_int, c_uint};

use crate::call::{Address, Answer, Blas, In, Out, Shown, Stream, done, exports};
use crate::state::{Guard, Kind, LEGACY, State, What};
use crate::work::{self, Work};

exports! {
    fn cublasCreate_v2(handle: Out<usize>) [state] {
        let context = state.context()?;
        let blas = state.insert(Kind::Blas, context, What::Blas { stream: LEGACY });
        handle.put(blas);
        Ok(State::name(blas))
    }
    fn cublasDestroy_v2(handle: Blas) [state] {
        state.remove(Blas::KIND, handle.0)?;
        done()
    }
    fn cublasSetStream_v2(handle: Blas, stream: Stream) [state] {
        state.stream(stream.0)?;
        *stream_of(state, handle)? = stream.0;
        done()
    }
    fn cublasSetPointerMode_v2(handle: Blas, mode: c_uint) [state] {
        stream_of(state, handle)?;
        done()
    }
    fn cublasSetMathMode(handle: Blas, mode: c_uint) [state] {
        stream_of(state, handle)?;
        done()
    }
    fn cublasSetWorkspace_v2(handle: Blas, workspace: Address, len: usize) [state] {
        stream_of(state, handle)?;
        done()
    }
    fn cublasGemmEx(
        handle: Blas, op_a: c_uint, op_b: c_uint, m: c_int, n: c_int, k: c_int, alpha: Scalar, a: Address,
        a_type: c_uint, lda: c_int, b: Address, b_type: c_uint, ldb: c_int, beta: Scalar, c: Address, c_type: c_uint,
        ldc: c_int, compute: c_uint, algorithm: c_int,
    ) [state] {
        queue(state, handle)
    }
    fn cublasGemmStridedBatchedEx(
        handle: Blas, op_a: c_uint, op_b: c_uint, m: c_int, n: c_int, k: c_int, alpha: Scalar, a: Address,
        a_type: c_uint, lda: c_int, stride_a: i64, b: Address, b_type: c_uint, ldb: c_int, stride_b: i64,
        beta: Scalar, c: Address, c_type: c_uint, ldc: c_int, stride_c: i64, batch: c_int, compute: c_uint,
        algorithm: c_int,
    ) [state] {
        queue(state, handle)
    }
    fn cublasGemmBatchedEx(
        handle: Blas, op_a: c_uint, op_b: c_uint, m: c_int, n: c_int, k: c_int, alpha: Scalar, a: Address,
        a_type: c_uint, lda: c_int, b: Address, b_type: c_uint, ldb: c_int, beta: Scalar, c: Address, c_type: c_uint,
        ldc: c_int, batch: c_int, compute: c_uint, algorithm: c_int,
    ) [state] {
        queue(state, handle)
    }
    fn cublasGemmStridedBatchedEx_64(
        handle: Blas, op_a: c_uint, op_b: c_uint, m: i64, n: i64, k: i64, alpha: Scalar, a: Address, a_type: c_uint,
        lda: i64, stride_a: i64, b: Address, b_type: c_uint, ldb: i64, stride_b: i64, beta: Scalar, c: Address,
        c_type: c_uint, ldc: i64, stride_c: i64, batch: i64, compute: c_uint, algorithm: c_int,
    ) [state] {
        queue(state, handle)
    }
    fn cublasGemmBatchedEx_64(
        handle: Blas, op_a: c_uint, op_b: c_uint, m: i64, n: i64, k: i64, alpha: Scalar, a: Address, a_type: c_uint,
        lda: i64, b: Address, b_type: c_uint, ldb: i64, beta: Scalar, c: Address, c_type: c_uint, ldc: i64,
        batch: i64, compute: c_uint, algorithm: c_int,
    ) [state] {
        queue(state, handle)
    }
    fn cublasStrsmBatched(
        handle: Blas, side: c_uint, fill: c_uint, op_a: c_uint, diag: c_uint, m: c_int, n: c_int, alpha: Scalar,
        a: Address, lda: c_int, b: Address, ldb: c_int, batch: c_int,
    ) [state] {
        queue(state, handle)
    }
    fn cublasDtrsmBatched(
        handle: Blas, side: c_uint, fill: c_uint, op_a: c_uint, diag: c_uint, m: c_int, n: c_int, alpha: Scalar,
        a: Address, lda: c_int, b: Address, ldb: c_int, batch: c_int,
    ) [state] {
        queue(state, handle)
    }
}

/// alpha or beta, as a note shows them: the first four bytes, or the place on the device.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Scalar(*const [u8; 4]);

impl Shown for Scalar {
    fn shown(&self, state: &State) -> Option<String> {
        let address = self.0.expose_provenance() as u64;
        match state.stretch(address) {
            Some(_) => Some(state.place(address)),
            None => Some(f32::from_le_bytes(In(self.0).get()).to_string()),
        }
    }
}

/// The stream that a handle works for.
fn stream_of(state: &mut State, handle: Blas) -> Result<&mut usize, c_uint> {
    match &mut state.object(Blas::KIND, handle.0)?.what {
        What::Blas { stream } => Ok(stream),
        _ => unreachable!("the kind was checked"),
    }
}

fn queue(state: &mut Guard, handle: Blas) -> Answer {
    let stream = *stream_of(state, handle)?;
    work::queue(state, stream, Work::Nothing)
}
