//! Handles: what a program has set on each. A handle's value is a number, so that a wrong one is an error and no crash.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use vgpu_core::abi::CUstream;
use vgpu_core::abi::cublas::{
    cublasAtomicsMode_t, cublasGemmAlgo_t, cublasHandle_t, cublasMath_t, cublasPointerMode_t,
};
use vgpu_core::wire::Ordered;
use vgpu_core::wire::messages::BlasSettings;

use crate::driver;
use crate::error::{CublasError, CublasResult};

/// The settings of one handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The context that it was created in.
    context: usize,
    stream: usize,
    pub(crate) pointer_mode: cublasPointerMode_t,
    pub(crate) math_mode: cublasMath_t,
    pub(crate) atomics_mode: cublasAtomicsMode_t,
    pub(crate) multiprocessors: i32,
    /// Address and length of the program's own workspace, while it has set one.
    workspace: Option<(usize, usize)>,
    /// Of one product only.
    algorithm: cublasGemmAlgo_t,
}

impl Settings {
    pub(crate) const fn new(context: usize) -> Self {
        Self {
            context,
            stream: 0,
            pointer_mode: cublasPointerMode_t::CUBLAS_POINTER_MODE_HOST,
            math_mode: cublasMath_t::CUBLAS_DEFAULT_MATH,
            atomics_mode: cublasAtomicsMode_t::CUBLAS_ATOMICS_NOT_ALLOWED,
            multiprocessors: 0,
            workspace: None,
            algorithm: cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
        }
    }

    pub(crate) fn stream(&self) -> CUstream {
        std::ptr::with_exposed_provenance_mut(self.stream)
    }

    /// Work goes to that stream from now on. The workspace is the library's own again, even if the stream is the same.
    ///
    /// **Source:** cuBLAS' manual, `cublasSetStream()`.
    pub(crate) fn set_stream(&mut self, stream: CUstream) {
        self.stream = stream as usize;
        self.workspace = None;
    }

    pub(crate) fn set_workspace(&mut self, address: usize, len_bytes: usize) {
        self.workspace = Some((address, len_bytes));
    }

    /// The settings for a product that names an algorithm.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a number that names none. Otherwise the choice is a hint, as on recent devices.
    pub(crate) fn with_algorithm(self, algorithm: cublasGemmAlgo_t) -> CublasResult<Self> {
        let settings = Self { algorithm, ..self };
        if settings.wire().has_known_algorithm() { Ok(settings) } else { Err(CublasError::INVALID_VALUE) }
    }

    /// What of them travels with work.
    pub(crate) fn wire(&self) -> BlasSettings {
        let (workspace, workspace_bytes) = self.workspace.unwrap_or_default();
        BlasSettings {
            math_mode: self.math_mode.0,
            algorithm: self.algorithm.0,
            workspace: workspace as u64,
            workspace_bytes: workspace_bytes as u64,
        }
    }

    /// Whether scalars are read on the device when the work runs.
    pub(crate) fn scalars_on_device(&self) -> bool {
        self.pointer_mode == cublasPointerMode_t::CUBLAS_POINTER_MODE_DEVICE
    }

    /// Queues work on the handle's stream.
    pub(crate) fn post<M: Ordered>(&self, message: &M) -> CublasResult {
        driver::enter(self.context)?;
        driver::post(self.stream(), message)
    }
}

static HANDLES: RwLock<Table> = RwLock::new(Table { last: 0, settings: BTreeMap::new() });

/// The few handles of a process, by number. Numbers are not used twice.
struct Table {
    last: usize,
    settings: BTreeMap<usize, Settings>,
}

/// Opens a handle in the calling thread's context.
pub(crate) fn create() -> CublasResult<cublasHandle_t> {
    Ok(insert(driver::context()?))
}

fn insert(context: usize) -> cublasHandle_t {
    let mut table = HANDLES.write();
    // Spaced like pointers, for programs that look at the low bits.
    table.last += 16;
    let number = table.last;
    table.settings.insert(number, Settings::new(context));
    std::ptr::without_provenance_mut(number)
}

/// # Errors
/// `NOT_INITIALIZED`: there is no such handle.
pub(crate) fn destroy(handle: cublasHandle_t) -> CublasResult {
    HANDLES.write().settings.remove(&(handle as usize)).map(drop).ok_or(CublasError::NOT_INITIALIZED)
}

/// What is set on a handle.
///
/// # Errors
/// As [`destroy`].
pub(crate) fn settings(handle: cublasHandle_t) -> CublasResult<Settings> {
    HANDLES.read().settings.get(&(handle as usize)).copied().ok_or(CublasError::NOT_INITIALIZED)
}

/// Changes what is set on a handle.
///
/// # Errors
/// As [`destroy`].
pub(crate) fn change(handle: cublasHandle_t, change: impl FnOnce(&mut Settings)) -> CublasResult {
    HANDLES.write().settings.get_mut(&(handle as usize)).map(change).ok_or(CublasError::NOT_INITIALIZED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_keeps_what_is_set_on_it() {
        let (handle, other) = (insert(8), insert(8));
        change(handle, |settings| settings.math_mode = cublasMath_t::CUBLAS_TF32_TENSOR_OP_MATH)
            .expect("it is a handle");
        assert_eq!(settings(handle).expect("it is a handle").math_mode, cublasMath_t::CUBLAS_TF32_TENSOR_OP_MATH);
        assert_eq!(settings(other).expect("it is a handle").math_mode, cublasMath_t::CUBLAS_DEFAULT_MATH);
    }

    #[test]
    fn what_is_set_travels_with_work() {
        let mut settings = Settings::new(8);
        assert_eq!(settings.wire(), BlasSettings::DEFAULT);
        settings.math_mode = cublasMath_t::CUBLAS_TF32_TENSOR_OP_MATH;
        settings.set_workspace(0x100, 64);
        let named = settings.with_algorithm(cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT_TENSOR_OP).expect("it is one");
        let expected = BlasSettings { math_mode: 3, algorithm: 99, workspace: 0x100, workspace_bytes: 64 };
        assert_eq!(named.wire(), expected);
        settings.set_stream(settings.stream());
        assert_eq!(settings.wire(), BlasSettings { math_mode: 3, ..BlasSettings::DEFAULT });
    }

    #[test]
    fn an_unknown_algorithm_is_invalid() {
        let unknown = Settings::new(8).with_algorithm(cublasGemmAlgo_t(50));
        assert_eq!(unknown.err(), Some(CublasError::INVALID_VALUE));
    }

    #[test]
    fn a_destroyed_or_invented_handle_is_not_initialised() {
        let handle = insert(8);
        assert_eq!(destroy(handle), Ok(()));
        assert_eq!(destroy(handle), Err(CublasError::NOT_INITIALIZED));
        assert_eq!(settings(handle).err(), Some(CublasError::NOT_INITIALIZED));
        assert_eq!(settings(std::ptr::null_mut()).err(), Some(CublasError::NOT_INITIALIZED));
    }
}
