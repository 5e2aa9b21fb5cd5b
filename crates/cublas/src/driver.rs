//! What this library needs of libcuda: a current context, and the private table through which work reaches a stream.

use std::ffi::{c_int, c_uint, c_void};
use std::fmt;
use std::ptr::null_mut;

use libloading::os::unix::Library;
use once_cell::sync::OnceCell;
use vgpu_core::CuError;
use vgpu_core::abi::{CUDA_MEMCPY2D, CUcontext, CUdevice, CUresult, CUstream, CUuuid};
use vgpu_core::libcuda::{self, NotOpened};
use vgpu_core::private_table::{PRIVATE_TABLE_UUID, PrivateTable};
use vgpu_core::wire::Ordered;

use crate::error::{CublasError, CublasResult};

struct Driver {
    init: unsafe extern "C" fn(c_uint) -> CUresult,
    current: unsafe extern "C" fn(*mut CUcontext) -> CUresult,
    set_current: unsafe extern "C" fn(CUcontext) -> CUresult,
    device: unsafe extern "C" fn(*mut CUdevice, c_int) -> CUresult,
    retain_primary: unsafe extern "C" fn(*mut CUcontext, CUdevice) -> CUresult,
    copy: unsafe extern "C" fn(*const CUDA_MEMCPY2D) -> CUresult,
    copy_async: unsafe extern "C" fn(*const CUDA_MEMCPY2D, CUstream) -> CUresult,
    export_table: unsafe extern "C" fn(*mut *const c_void, *const CUuuid) -> CUresult,
}

/// Why there is no driver to work with.
enum NoDriver {
    NotOpened(NotOpened),
    /// It is older than what this library needs.
    Lacks(libloading::Error),
}

impl fmt::Display for NoDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOpened(error) => error.fmt(f),
            Self::Lacks(error) => error.fmt(f),
        }
    }
}

static DRIVER: OnceCell<Driver> = OnceCell::new();
static TABLE: OnceCell<&'static PrivateTable> = OnceCell::new();

impl Driver {
    fn load() -> Result<Self, NoDriver> {
        let library = libcuda::open().map_err(NoDriver::NotOpened)?;
        let driver = Self {
            // SAFETY: the field has the C type of libcuda's function of that name.
            init: unsafe { find(&library, "cuInit\0") }?,
            // SAFETY: as above.
            current: unsafe { find(&library, "cuCtxGetCurrent\0") }?,
            // SAFETY: as above.
            set_current: unsafe { find(&library, "cuCtxSetCurrent\0") }?,
            // SAFETY: as above.
            device: unsafe { find(&library, "cuDeviceGet\0") }?,
            // SAFETY: as above.
            retain_primary: unsafe { find(&library, "cuDevicePrimaryCtxRetain\0") }?,
            // SAFETY: as above.
            copy: unsafe { find(&library, "cuMemcpy2DUnaligned_v2\0") }?,
            // SAFETY: as above.
            copy_async: unsafe { find(&library, "cuMemcpy2DAsync_v2\0") }?,
            // SAFETY: as above.
            export_table: unsafe { find(&library, "cuGetExportTable\0") }?,
        };
        // The addresses stay valid only while the library is loaded.
        std::mem::forget(library);
        Ok(driver)
    }
}

/// Looks `symbol` (with its NUL) up as a function of type `F`.
///
/// # Safety
/// `F` is the C type of libcuda's function of that name.
unsafe fn find<F: Copy>(library: &Library, symbol: &str) -> Result<F, NoDriver> {
    // SAFETY: the caller vouches for the type.
    unsafe { library.get::<F>(symbol.as_bytes()) }.map(|found| *found).map_err(NoDriver::Lacks)
}

fn driver() -> CublasResult<&'static Driver> {
    DRIVER.get_or_try_init(Driver::load).map_err(|reason| {
        log::error!("no CUDA driver: {reason}");
        CublasError::NOT_INITIALIZED
    })
}

fn check(result: CUresult) -> CublasResult {
    CuError::check(result.0).map_err(|error| {
        log::debug!("libcuda answers {error}");
        error.into()
    })
}

fn table() -> CublasResult<&'static PrivateTable> {
    TABLE
        .get_or_try_init(|| {
            let mut found = std::ptr::null();
            let uuid = CUuuid { bytes: PRIVATE_TABLE_UUID.map(u8::cast_signed) };
            // SAFETY: both pointers are to locals.
            CuError::check(unsafe { (driver()?.export_table)(&raw mut found, &raw const uuid) }.0)
                .map_err(|_| CublasError::NOT_INITIALIZED)?;
            // SAFETY: only our libcuda knows the UUID, and its table lives as long as it is loaded, which is for ever.
            let table = unsafe { found.cast::<PrivateTable>().as_ref() };
            table.filter(|table| table.is_usable()).ok_or(CublasError::NOT_INITIALIZED)
        })
        .copied()
        .inspect_err(|_| log::error!("this libcublas works only with the libcuda.so.1 that it came with"))
}

/// Initialises the driver and gives the calling thread's context, the first device's primary one if it has none.
///
/// # Errors
/// `NOT_INITIALIZED`: there is no driver, no device, or the driver is not ours.
pub(crate) fn context() -> CublasResult<usize> {
    let driver = driver()?;
    // SAFETY: takes a number.
    check(unsafe { (driver.init)(0) })?;
    table()?;
    let mut context = null_mut();
    // SAFETY: the pointer is to a local.
    check(unsafe { (driver.current)(&raw mut context) })?;
    if context.is_null() {
        let mut dev = 0;
        // SAFETY: as above.
        check(unsafe { (driver.device)(&raw mut dev, 0) })?;
        // SAFETY: as above.
        check(unsafe { (driver.retain_primary)(&raw mut context, dev) })?;
        // SAFETY: the context was just given by the driver.
        check(unsafe { (driver.set_current)(context) })?;
    }
    Ok(context as usize)
}

/// Makes `context` current where the thread has none.
pub(crate) fn enter(context: usize) -> CublasResult {
    let driver = driver()?;
    let mut current = null_mut();
    // SAFETY: the pointer is to a local.
    check(unsafe { (driver.current)(&raw mut current) })?;
    if !current.is_null() {
        return Ok(());
    }
    // SAFETY: the driver gave this address as a context, and checks it.
    check(unsafe { (driver.set_current)(context as CUcontext) })
}

/// Queues `message` on `stream`, or adds it to the graph that the stream captures.
pub(crate) fn post<M: Ordered>(stream: CUstream, message: &M) -> CublasResult {
    let fixed = message.as_bytes();
    // SAFETY: the lengths are those of the message and of no tail.
    let code = unsafe {
        (table()?.post_on_stream)(stream.cast(), M::OP as u16, fixed.as_ptr(), fixed.len(), std::ptr::null(), 0)
    };
    check(CUresult(code))
}

/// When a copy happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CopyOrder {
    /// Before the call returns.
    Now,
    /// In the order of a stream.
    On(CUstream),
}

/// Copies a rectangle between host and device in the thread's context.
///
/// # Errors
/// `MAPPING_ERROR`: the driver refused it.
///
/// # Safety
/// The host's side is valid for the copy, until it is done.
pub(crate) unsafe fn copy(copy: &CUDA_MEMCPY2D, order: CopyOrder) -> CublasResult {
    context()?;
    let driver = driver()?;
    let result = match order {
        // SAFETY: the caller vouches for the host's side; the driver checks the device's.
        CopyOrder::Now => unsafe { (driver.copy)(copy) },
        // SAFETY: as above.
        CopyOrder::On(stream) => unsafe { (driver.copy_async)(copy, stream) },
    };
    check(result).map_err(|_| CublasError::MAPPING_ERROR)
}
