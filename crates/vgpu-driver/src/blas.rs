//! Products and solves on cuBLAS: a handle for each stream that asks for any.

#![allow(non_snake_case, reason = "the names are C's")]

use std::ffi::{c_int, c_uint, c_void};
use std::io;
use std::path::{Path, PathBuf};

use vgpu_core::CuError;
use vgpu_core::abi::cublas::{cublasMath_t, cublasPointerMode_t, cublasStatus_t, cudaDataType};
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{BLAS_POINTER_ARRAYS, BLAS_SCALARS_ON_DEVICE, BlasSettings, Gemm, Trsm};

use crate::api::{Address, Stream};
use crate::find::NotFound;
use crate::library::{self, Scope, functions, handles};
use crate::memory::Memory;

handles! {
    /// A `cublasHandle_t`.
    Handle
}

/// A handle at work for one stream, and what is set on it.
pub(crate) struct Session {
    pub(crate) handle: Handle,
    stream: Stream,
    /// A `cublasMath_t`.
    math_mode: c_uint,
    /// `None` while the library has its own.
    workspace: Option<Workspace>,
}

/// Device memory for intermediate results: address and length in bytes.
pub(crate) type Workspace = (Address, u64);

/// A status of cuBLAS that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Status(u32);

impl Status {
    fn check(status: c_uint) -> Result<(), Self> {
        if status == 0 { Ok(()) } else { Err(Self(status)) }
    }

    /// What CUDA calls it.
    fn to_cuda(self) -> CuError {
        match cublasStatus_t(self.0) {
            cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED => CuError::OUT_OF_MEMORY,
            cublasStatus_t::CUBLAS_STATUS_INVALID_VALUE => CuError::INVALID_VALUE,
            cublasStatus_t::CUBLAS_STATUS_ARCH_MISMATCH | cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED => {
                CuError::NOT_SUPPORTED
            }
            // The stream's own fault, if it has one, is found behind the work.
            _ => CuError::UNKNOWN,
        }
    }

    fn refuse(self, what: &str) -> Refusal {
        (self.to_cuda(), format!("cuBLAS refuses {what} with status {}", self.0))
    }
}

const ABSENT: Status = Status(cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED.0);

functions! {
    /// libcublas.
    struct Functions: Status, check Status::check, absent ABSENT;
    required {
        gives cublasCreate_v2() -> Handle;
        plain cublasDestroy_v2(handle: Handle);
        plain cublasSetStream_v2(handle: Handle, stream: Stream);
        plain cublasSetPointerMode_v2(handle: Handle, mode: c_uint);
        plain cublasSetMathMode(handle: Handle, mode: c_uint);
        raw cublasGemmEx(
            handle: Handle, op_a: c_uint, op_b: c_uint, m: c_int, n: c_int, k: c_int, alpha: *const c_void,
            a: Address, a_type: c_uint, lda: c_int, b: Address, b_type: c_uint, ldb: c_int, beta: *const c_void,
            c: Address, c_type: c_uint, ldc: c_int, compute: c_uint, algorithm: c_int,
        );
        raw cublasGemmStridedBatchedEx(
            handle: Handle, op_a: c_uint, op_b: c_uint, m: c_int, n: c_int, k: c_int, alpha: *const c_void,
            a: Address, a_type: c_uint, lda: c_int, stride_a: i64, b: Address, b_type: c_uint, ldb: c_int,
            stride_b: i64, beta: *const c_void, c: Address, c_type: c_uint, ldc: c_int, stride_c: i64, batch: c_int,
            compute: c_uint, algorithm: c_int,
        );
        raw cublasGemmBatchedEx(
            handle: Handle, op_a: c_uint, op_b: c_uint, m: c_int, n: c_int, k: c_int, alpha: *const c_void,
            a: Address, a_type: c_uint, lda: c_int, b: Address, b_type: c_uint, ldb: c_int, beta: *const c_void,
            c: Address, c_type: c_uint, ldc: c_int, batch: c_int, compute: c_uint, algorithm: c_int,
        );
        raw cublasStrsmBatched(
            handle: Handle, side: c_uint, fill: c_uint, op_a: c_uint, diag: c_uint, m: c_int, n: c_int,
            alpha: *const c_void, a: Address, lda: c_int, b: Address, ldb: c_int, batch: c_int,
        );
        raw cublasDtrsmBatched(
            handle: Handle, side: c_uint, fill: c_uint, op_a: c_uint, diag: c_uint, m: c_int, n: c_int,
            alpha: *const c_void, a: Address, lda: c_int, b: Address, ldb: c_int, batch: c_int,
        );
    }
    optional {
        plain cublasSetWorkspace_v2(handle: Handle, workspace: Address, len: usize);
        raw cublasGemmStridedBatchedEx_64(
            handle: Handle, op_a: c_uint, op_b: c_uint, m: i64, n: i64, k: i64, alpha: *const c_void, a: Address,
            a_type: c_uint, lda: i64, stride_a: i64, b: Address, b_type: c_uint, ldb: i64, stride_b: i64,
            beta: *const c_void, c: Address, c_type: c_uint, ldc: i64, stride_c: i64, batch: i64, compute: c_uint,
            algorithm: c_int,
        );
        raw cublasGemmBatchedEx_64(
            handle: Handle, op_a: c_uint, op_b: c_uint, m: i64, n: i64, k: i64, alpha: *const c_void, a: Address,
            a_type: c_uint, lda: i64, b: Address, b_type: c_uint, ldb: i64, beta: *const c_void, c: Address,
            c_type: c_uint, ldc: i64, batch: i64, compute: c_uint, algorithm: c_int,
        );
    }
}

/// Why there is no cuBLAS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlasError {
    #[error(transparent)]
    NotFound(#[from] NotFound),
    #[error("{}: {error}", path.display())]
    NotThere { path: PathBuf, error: io::Error },
    #[error(transparent)]
    NotLoaded(#[from] libloading::Error),
    #[error("{} has no {}", path.display(), missing.join(", "))]
    Lacks { path: PathBuf, missing: Vec<&'static str> },
}

/// An opened cuBLAS.
pub(crate) struct Blas {
    functions: Functions,
}

impl Blas {
    /// Opens it; libcuda is open already.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(crate) fn open(path: &Path) -> Result<Self, BlasError> {
        // Lies beside it wherever it comes from, which not every build of cuBLAS tells the loader.
        let lt = path.file_name().map(|name| name.to_string_lossy().replace("libcublas.", "libcublasLt."));
        if let Some(lt) = lt.map(|name| path.with_file_name(name)).filter(|lt| lt != path && lt.exists()) {
            library::open(&lt, Scope::Local)?;
        }
        let library = library::open(path, Scope::Local)?;
        let functions =
            Functions::find(&library).map_err(|missing| BlasError::Lacks { path: path.to_owned(), missing })?;
        Ok(Self { functions })
    }

    /// Makes a handle in the current context, which works for one of its streams.
    ///
    /// # Errors
    /// What cuBLAS refuses it for.
    pub(crate) fn start(&self, stream: Stream) -> Result<Session, Refusal> {
        let handle = self.functions.cublasCreate_v2().map_err(|status| status.refuse("a handle"))?;
        let set = self.functions.cublasSetStream_v2(handle, stream);
        set.map(|()| Session { handle, stream, math_mode: MATH_MODE, workspace: None }).map_err(|status| {
            self.end(handle);
            status.refuse("a stream")
        })
    }

    /// Ends a handle; it may wait for the device.
    pub(crate) fn end(&self, handle: Handle) {
        if let Err(status) = self.functions.cublasDestroy_v2(handle) {
            log::debug!("a handle of cuBLAS does not go: status {}", status.0);
        }
    }

    /// Has a handle compute so, with its intermediate results there. What is set already is not set again.
    ///
    /// # Errors
    /// What cuBLAS refuses it for.
    pub(crate) fn prepare(
        &self,
        session: &mut Session,
        math_mode: c_uint,
        workspace: Option<Workspace>,
    ) -> Result<(), Refusal> {
        if session.math_mode != math_mode {
            let set = self.functions.cublasSetMathMode(session.handle, math_mode);
            set.map_err(|status| status.refuse(&format!("math mode {math_mode}")))?;
            session.math_mode = math_mode;
        }
        if session.workspace != workspace {
            let set = match workspace {
                Some((address, len)) => self.functions.cublasSetWorkspace_v2(session.handle, address, len as usize),
                // Its own comes back with any stream, also the same.
                None => self.functions.cublasSetStream_v2(session.handle, session.stream),
            };
            set.map_err(|status| status.refuse("a workspace"))?;
            session.workspace = workspace;
        }
        Ok(())
    }

    /// Queues a product on a handle's stream, whose context is current.
    ///
    /// # Errors
    /// `INVALID_VALUE` for extents that nothing can have, or what cuBLAS refuses it for.
    pub(crate) fn gemm(&self, handle: Handle, product: &Gemm) -> Result<(), Refusal> {
        if !product.settings.has_known_algorithm() {
            return Err((CuError::INVALID_VALUE, format!("no algorithm has number {}", product.settings.algorithm)));
        }
        let scalars = self.scalars(handle, product.flags, [&product.alpha, &product.beta])?;
        let result = match Narrow::of(product) {
            Some(narrow) => self.gemm_narrow(handle, product, &narrow, scalars),
            None => self.gemm_wide(handle, product, scalars)?,
        };
        result.map_err(|status| {
            let (a, b, c) = (product.a_type, product.b_type, product.c_type);
            status.refuse(&format!("a product of types {a} x {b} -> {c} in {}", product.compute))
        })
    }

    fn gemm_narrow(&self, handle: Handle, product: &Gemm, narrow: &Narrow, scalars: Scalars) -> Result<(), Status> {
        let &Gemm { op_a, op_b, a, b, c, a_type, b_type, c_type, stride_a, stride_b, stride_c, compute, .. } = product;
        let &Narrow { m, n, k, lda, ldb, ldc, batch } = narrow;
        let ([alpha, beta], algorithm) = (scalars, product.settings.algorithm);
        let functions = &self.functions;
        if product.flags & BLAS_POINTER_ARRAYS != 0 {
            // SAFETY: the scalars lead to as many bytes as any type has, or are the device's; so are all other addresses.
            return unsafe {
                functions.cublasGemmBatchedEx(
                    handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc, batch,
                    compute, algorithm,
                )
            };
        }
        if batch == 1 {
            // SAFETY: as above.
            return unsafe {
                functions.cublasGemmEx(
                    handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc, compute,
                    algorithm,
                )
            };
        }
        // SAFETY: as above.
        unsafe {
            functions.cublasGemmStridedBatchedEx(
                handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, stride_a, b, b_type, ldb, stride_b, beta, c,
                c_type, ldc, stride_c, batch, compute, algorithm,
            )
        }
    }

    fn gemm_wide(&self, handle: Handle, product: &Gemm, scalars: Scalars) -> Result<Result<(), Status>, Refusal> {
        let &Gemm { op_a, op_b, a, b, c, a_type, b_type, c_type, stride_a, stride_b, stride_c, compute, .. } = product;
        let &Gemm { lda, ldb, ldc, batch, .. } = product;
        let [m, n, k] = [product.m, product.n, product.k].map(i64::try_from);
        let too_large = |_| (CuError::INVALID_VALUE, "a product of such extents cannot be".to_owned());
        let (m, n, k) = (m.map_err(too_large)?, n.map_err(too_large)?, k.map_err(too_large)?);
        let (batch, [alpha, beta], algorithm) = (i64::from(batch), scalars, product.settings.algorithm);
        let functions = &self.functions;
        if product.flags & BLAS_POINTER_ARRAYS != 0 {
            // SAFETY: as for narrow products.
            return Ok(unsafe {
                functions.cublasGemmBatchedEx_64(
                    handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc, batch,
                    compute, algorithm,
                )
            });
        }
        // SAFETY: as for narrow products.
        Ok(unsafe {
            functions.cublasGemmStridedBatchedEx_64(
                handle, op_a, op_b, m, n, k, alpha, a, a_type, lda, stride_a, b, b_type, ldb, stride_b, beta, c,
                c_type, ldc, stride_c, batch, compute, algorithm,
            )
        })
    }

    /// Queues a solve on a handle's stream, whose context is current.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for other types than f32 and f64, `INVALID_VALUE` for extents that are too large, or what cuBLAS
    /// refuses it for.
    pub(crate) fn trsm(&self, handle: Handle, solve: &Trsm) -> Result<(), Refusal> {
        let too_large = || (CuError::INVALID_VALUE, "a solve of such extents is not supported".to_owned());
        let [m, n] = [solve.m, solve.n].map(|extent| c_int::try_from(extent).ok());
        let [lda, ldb] = [solve.lda, solve.ldb].map(|leading| c_int::try_from(leading).ok());
        let batch = c_int::try_from(solve.batch).ok();
        let (Some(m), Some(n), Some(lda), Some(ldb), Some(batch)) = (m, n, lda, ldb, batch) else {
            return Err(too_large());
        };
        let &Trsm { side, fill, op_a, diag, a, b, .. } = solve;
        let [alpha, _] = self.scalars(handle, solve.flags, [&solve.alpha, &solve.alpha])?;
        let functions = &self.functions;
        let result = match cudaDataType(solve.data_type) {
            // SAFETY: the scalar leads to as many bytes as any type has, or is the device's; so are all other addresses.
            cudaDataType::CUDA_R_32F => unsafe {
                functions.cublasStrsmBatched(handle, side, fill, op_a, diag, m, n, alpha, a, lda, b, ldb, batch)
            },
            // SAFETY: as above.
            cudaDataType::CUDA_R_64F => unsafe {
                functions.cublasDtrsmBatched(handle, side, fill, op_a, diag, m, n, alpha, a, lda, b, ldb, batch)
            },
            cudaDataType(other) => {
                return Err((CuError::NOT_SUPPORTED, format!("a solve in type {other} is not supported")));
            }
        };
        result.map_err(|status| status.refuse("a solve"))
    }

    /// Tells a handle whether scalars are here or in device memory, and says where.
    fn scalars(&self, handle: Handle, flags: u32, scalars: [&[u8; 16]; 2]) -> Result<Scalars, Refusal> {
        let on_device = flags & BLAS_SCALARS_ON_DEVICE != 0;
        let mode = match on_device {
            true => cublasPointerMode_t::CUBLAS_POINTER_MODE_DEVICE,
            false => cublasPointerMode_t::CUBLAS_POINTER_MODE_HOST,
        };
        let set = self.functions.cublasSetPointerMode_v2(handle, mode.0);
        set.map_err(|status| status.refuse("a pointer mode"))?;
        Ok(scalars.map(|scalar| match on_device {
            true => {
                let address = scalar.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
                std::ptr::without_provenance(address as usize)
            }
            false => scalar.as_ptr().cast(),
        }))
    }
}

/// alpha and beta: here, or in device memory.
type Scalars = [*const c_void; 2];

/// What a new handle computes with.
const MATH_MODE: c_uint = cublasMath_t::CUBLAS_DEFAULT_MATH.0;

/// The workspace that a guest has given, if it has given one, which must be its own.
///
/// # Errors
/// `INVALID_VALUE` when it is not.
pub(crate) fn workspace_of(settings: &BlasSettings, memory: &Memory) -> Result<Option<Workspace>, Refusal> {
    let &BlasSettings { workspace, workspace_bytes, .. } = settings;
    if workspace_bytes == 0 {
        return Ok(None);
    }
    memory.place(workspace, workspace_bytes)?;
    Ok(Some((workspace, workspace_bytes)))
}

/// Extents that fit the usual functions, which are there since long ago.
struct Narrow {
    m: c_int,
    n: c_int,
    k: c_int,
    lda: c_int,
    ldb: c_int,
    ldc: c_int,
    batch: c_int,
}

impl Narrow {
    fn of(product: &Gemm) -> Option<Self> {
        Some(Self {
            m: c_int::try_from(product.m).ok()?,
            n: c_int::try_from(product.n).ok()?,
            k: c_int::try_from(product.k).ok()?,
            lda: c_int::try_from(product.lda).ok()?,
            ldb: c_int::try_from(product.ldb).ok()?,
            ldc: c_int::try_from(product.ldc).ok()?,
            batch: c_int::try_from(product.batch).ok()?,
        })
    }
}
