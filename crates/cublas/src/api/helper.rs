//! Helper functions: handles and what is set on them, versions, status texts, copies of vectors and matrices.

use std::ffi::{c_char, c_int, c_void};

use vgpu_core::abi::codes;
use vgpu_core::abi::cublas::{
    cublasAtomicsMode_t, cublasHandle_t, cublasMath_t, cublasPointerMode_t, cublasStatus_t, libraryPropertyType_t,
};
use vgpu_core::abi::runtime::cudaStream_t;
use vgpu_core::ffi::Out;

use crate::driver::CopyOrder;
use crate::error::{CublasError, CublasResult};
use crate::handle;
use crate::transfer::{Columns, Way};

/// The library whose interface this is: cuBLAS 12.9.0.
const VERSION: [c_int; 3] = [12, 9, 0];
/// The runtime's version that goes with it.
const CUDART_VERSION: usize = 12_090;
/// What cuBLAS demands of a workspace's address.
const WORKSPACE_ALIGN: usize = 256;

pub(crate) fn cublasCreate_v2(handle: Out<cublasHandle_t>) -> CublasResult {
    handle.write(handle::create()?);
    Ok(())
}

pub(crate) fn cublasDestroy_v2(handle: cublasHandle_t) -> CublasResult {
    handle::destroy(handle)
}

pub(crate) fn cublasSetStream_v2(handle: cublasHandle_t, streamId: cudaStream_t) -> CublasResult {
    handle::change(handle, |settings| settings.set_stream(streamId))
}

pub(crate) fn cublasGetStream_v2(handle: cublasHandle_t, streamId: Out<cudaStream_t>) -> CublasResult {
    streamId.write(handle::settings(handle)?.stream());
    Ok(())
}

/// The workspace is the handle's until it has another one, or another stream.
pub(crate) unsafe fn cublasSetWorkspace_v2(
    handle: cublasHandle_t,
    workspace: *mut c_void,
    workspaceSizeInBytes: usize,
) -> CublasResult {
    handle::settings(handle)?;
    if !(workspace as usize).is_multiple_of(WORKSPACE_ALIGN) {
        return Err(CublasError::INVALID_VALUE);
    }
    handle::change(handle, |settings| settings.set_workspace(workspace as usize, workspaceSizeInBytes))
}

/// Modes allow less precision or forbid it. They travel with products; the software GPU keeps full precision under each.
pub(crate) fn cublasSetMathMode(handle: cublasHandle_t, mode: cublasMath_t) -> CublasResult {
    let base = mode.0 & !cublasMath_t::CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION.0;
    if base > cublasMath_t::CUBLAS_FP32_EMULATED_BF16X9_MATH.0 {
        return Err(CublasError::INVALID_VALUE);
    }
    handle::change(handle, |settings| settings.math_mode = mode)
}

pub(crate) fn cublasGetMathMode(handle: cublasHandle_t, mode: Out<cublasMath_t>) -> CublasResult {
    mode.write(handle::settings(handle)?.math_mode);
    Ok(())
}

pub(crate) fn cublasSetPointerMode_v2(handle: cublasHandle_t, mode: cublasPointerMode_t) -> CublasResult {
    if mode.0 > cublasPointerMode_t::CUBLAS_POINTER_MODE_DEVICE.0 {
        return Err(CublasError::INVALID_VALUE);
    }
    handle::change(handle, |settings| settings.pointer_mode = mode)
}

pub(crate) fn cublasGetPointerMode_v2(handle: cublasHandle_t, mode: Out<cublasPointerMode_t>) -> CublasResult {
    mode.write(handle::settings(handle)?.pointer_mode);
    Ok(())
}

/// Allowing atomics is a permission that nothing here needs.
pub(crate) fn cublasSetAtomicsMode(handle: cublasHandle_t, mode: cublasAtomicsMode_t) -> CublasResult {
    if mode.0 > cublasAtomicsMode_t::CUBLAS_ATOMICS_ALLOWED.0 {
        return Err(CublasError::INVALID_VALUE);
    }
    handle::change(handle, |settings| settings.atomics_mode = mode)
}

pub(crate) fn cublasGetAtomicsMode(handle: cublasHandle_t, mode: Out<cublasAtomicsMode_t>) -> CublasResult {
    mode.write(handle::settings(handle)?.atomics_mode);
    Ok(())
}

/// A hint: how many multiprocessors to leave for others is not for a program to rely on.
pub(crate) fn cublasSetSmCountTarget(handle: cublasHandle_t, smCountTarget: c_int) -> CublasResult {
    if smCountTarget < 0 {
        return Err(CublasError::INVALID_VALUE);
    }
    handle::change(handle, |settings| settings.multiprocessors = smCountTarget)
}

pub(crate) fn cublasGetSmCountTarget(handle: cublasHandle_t, smCountTarget: Out<c_int>) -> CublasResult {
    smCountTarget.write(handle::settings(handle)?.multiprocessors);
    Ok(())
}

/// 10000 · major + 100 · minor + patch. The handle may be null.
pub(crate) fn cublasGetVersion_v2(_handle: cublasHandle_t, version: Out<c_int>) -> CublasResult {
    let [major, minor, patch] = VERSION;
    version.write(major * 10_000 + minor * 100 + patch);
    Ok(())
}

pub(crate) fn cublasGetProperty(type_: libraryPropertyType_t, value: Out<c_int>) -> CublasResult {
    let part = usize::try_from(type_.0).ok().and_then(|at| VERSION.get(at));
    value.write(*part.ok_or(CublasError::INVALID_VALUE)?);
    Ok(())
}

pub(crate) fn cublasGetCudartVersion() -> usize {
    CUDART_VERSION
}

pub(crate) fn cublasGetStatusName(status: cublasStatus_t) -> *const c_char {
    codes::cublas_name_cstr(status.0).unwrap_or(codes::CUBLAS_UNKNOWN).as_ptr()
}

pub(crate) fn cublasGetStatusString(status: cublasStatus_t) -> *const c_char {
    codes::cublas_text_cstr(status.0).unwrap_or(codes::CUBLAS_UNKNOWN).as_ptr()
}

macro_rules! order {
    () => {
        CopyOrder::Now
    };
    ($stream:ident) => {
        CopyOrder::On($stream)
    };
}

macro_rules! vectors {
    ($($name:ident: $int:ty, $way:ident $(, $stream:ident)?;)*) => {$(
        /// Copies `n` elements; `incx` and `incy` are distances in elements.
        ///
        /// # Safety
        /// The host's side is valid for the copy, until it is done.
        pub(crate) unsafe fn $name(
            n: $int, elemSize: $int, x: *const c_void, incx: $int, y: *mut c_void, incy: $int, $($stream: cudaStream_t)?
        ) -> CublasResult {
            let columns = Columns {
                rows: 1,
                columns: n.into(),
                element_bytes: elemSize.into(),
                source: x,
                source_ld: incx.into(),
                target: y,
                target_ld: incy.into(),
            };
            // SAFETY: the caller's memory is passed through.
            unsafe { columns.copy(Way::$way, order!($($stream)?)) }
        }
    )*};
}

macro_rules! matrices {
    ($($name:ident: $int:ty, $way:ident $(, $stream:ident)?;)*) => {$(
        /// Copies `cols` columns of `rows` elements; `lda` and `ldb` are distances between columns in elements.
        ///
        /// # Safety
        /// The host's side is valid for the copy, until it is done.
        pub(crate) unsafe fn $name(
            rows: $int, cols: $int, elemSize: $int, A: *const c_void, lda: $int, B: *mut c_void, ldb: $int, $($stream: cudaStream_t)?
        ) -> CublasResult {
            let columns = Columns {
                rows: rows.into(),
                columns: cols.into(),
                element_bytes: elemSize.into(),
                source: A,
                source_ld: lda.into(),
                target: B,
                target_ld: ldb.into(),
            };
            // SAFETY: the caller's memory is passed through.
            unsafe { columns.copy(Way::$way, order!($($stream)?)) }
        }
    )*};
}

vectors! {
    cublasSetVector: c_int, ToDevice;
    cublasSetVector_64: i64, ToDevice;
    cublasSetVectorAsync: c_int, ToDevice, stream;
    cublasSetVectorAsync_64: i64, ToDevice, stream;
    cublasGetVector: c_int, ToHost;
    cublasGetVector_64: i64, ToHost;
    cublasGetVectorAsync: c_int, ToHost, stream;
    cublasGetVectorAsync_64: i64, ToHost, stream;
}

matrices! {
    cublasSetMatrix: c_int, ToDevice;
    cublasSetMatrix_64: i64, ToDevice;
    cublasSetMatrixAsync: c_int, ToDevice, stream;
    cublasSetMatrixAsync_64: i64, ToDevice, stream;
    cublasGetMatrix: c_int, ToHost;
    cublasGetMatrix_64: i64, ToHost;
    cublasGetMatrixAsync: c_int, ToHost, stream;
    cublasGetMatrixAsync_64: i64, ToHost, stream;
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn the_version_is_one_number_and_three_parts() {
        let (mut version, mut minor) = (0, 0);
        cublasGetVersion_v2(std::ptr::null_mut(), (&mut version).into()).expect("it needs no handle");
        cublasGetProperty(libraryPropertyType_t::MINOR_VERSION, (&mut minor).into()).expect("it is a part");
        assert_eq!((version, minor), (120_900, 9));
        assert_eq!(cublasGetProperty(libraryPropertyType_t(3), (&mut minor).into()), Err(CublasError::INVALID_VALUE));
    }

    #[test]
    fn every_status_has_a_name() {
        // SAFETY: the function returns terminated strings.
        let name = |status| unsafe { CStr::from_ptr(cublasGetStatusName(cublasStatus_t(status))) };
        assert_eq!(name(15), c"CUBLAS_STATUS_NOT_SUPPORTED");
        assert_eq!(name(999), c"unrecognized status");
    }

    #[test]
    fn settings_need_a_handle() {
        assert_eq!(
            cublasSetMathMode(std::ptr::null_mut(), cublasMath_t::CUBLAS_DEFAULT_MATH),
            Err(CublasError::NOT_INITIALIZED)
        );
        assert_eq!(cublasSetStream_v2(std::ptr::null_mut(), std::ptr::null_mut()), Err(CublasError::NOT_INITIALIZED));
    }
}
