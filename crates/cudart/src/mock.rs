//! A driver for unit tests: two devices with primary contexts, modules that "have" any kernel whose name does not start with
//! `missing`, and a record of what was launched. Tests tell their own work apart by the addresses that they use.

#![allow(non_snake_case, reason = "the functions have their C names")]

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use parking_lot::Mutex;

use vgpu_core::abi::{
    CUcontext, CUdevice, CUdeviceptr, CUevent, CUfunction, CUkernel, CUlibrary, CUmodule, CUresult, CUstream,
};

/// What happened, for tests to look at.
pub(crate) struct Record {
    /// Images given to cuModuleLoadData.
    pub(crate) loaded: Vec<usize>,
    /// Images whose modules were unloaded.
    pub(crate) unloaded: Vec<usize>,
    /// Functions that were resolved, as (name, module).
    functions: Vec<(String, usize)>,
    /// Launches: name of the kernel, its image, its stream, its first argument.
    pub(crate) launches: Vec<Launch>,
    /// Functions whose attributes were set: the image, and the context that was current.
    pub(crate) attributes: Vec<(usize, usize)>,
    modules: Vec<usize>,
    contexts: [usize; 2],
    next_context: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) kernel: String,
    pub(crate) image: usize,
    pub(crate) stream: usize,
    pub(crate) context: usize,
}

static RECORD: Mutex<Record> = Mutex::new(Record {
    loaded: Vec::new(),
    unloaded: Vec::new(),
    functions: Vec::new(),
    launches: Vec::new(),
    attributes: Vec::new(),
    modules: Vec::new(),
    contexts: [0; 2],
    next_context: 0x10,
});

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn look<R>(look: impl FnOnce(&Record) -> R) -> R {
    look(&RECORD.lock())
}

const OK: CUresult = CUresult::CUDA_SUCCESS;
const INVALID_VALUE: CUresult = CUresult::CUDA_ERROR_INVALID_VALUE;
const INVALID_DEVICE: CUresult = CUresult::CUDA_ERROR_INVALID_DEVICE;
const INVALID_CONTEXT: CUresult = CUresult::CUDA_ERROR_INVALID_CONTEXT;
const NO_BINARY_FOR_GPU: CUresult = CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU;
const INVALID_HANDLE: CUresult = CUresult::CUDA_ERROR_INVALID_HANDLE;
const NOT_FOUND: CUresult = CUresult::CUDA_ERROR_NOT_FOUND;

/// A library with nothing for the devices; any other is without kernels.
pub(crate) const FOREIGN_LIBRARY: CUlibrary = std::ptr::without_provenance_mut(0x30);

fn put<T>(slot: *mut T, value: T) -> CUresult {
    // SAFETY: the code under test passes live references for its output parameters.
    unsafe { slot.write(value) };
    OK
}

extern "C" fn cuInit(_flags: c_uint) -> CUresult {
    OK
}

extern "C" fn cuDeviceGetCount(count: *mut c_int) -> CUresult {
    put(count, 2)
}

extern "C" fn cuDeviceGet(dev: *mut CUdevice, ordinal: c_int) -> CUresult {
    if (0..2).contains(&ordinal) { put(dev, ordinal) } else { INVALID_DEVICE }
}

extern "C" fn cuDevicePrimaryCtxRetain(context: *mut CUcontext, dev: CUdevice) -> CUresult {
    let mut record = RECORD.lock();
    let at = usize::try_from(dev).expect("devices are checked before");
    if record.contexts[at] == 0 {
        record.next_context += 0x10;
        record.contexts[at] = record.next_context;
    }
    put(context, record.contexts[at] as CUcontext)
}

extern "C" fn cuDevicePrimaryCtxReset_v2(dev: CUdevice) -> CUresult {
    RECORD.lock().contexts[usize::try_from(dev).expect("devices are checked before")] = 0;
    OK
}

extern "C" fn cuDevicePrimaryCtxRelease_v2(_dev: CUdevice) -> CUresult {
    OK
}

extern "C" fn cuCtxGetCurrent(context: *mut CUcontext) -> CUresult {
    put(context, CURRENT.get() as CUcontext)
}

extern "C" fn cuCtxSetCurrent(context: CUcontext) -> CUresult {
    CURRENT.set(context as usize);
    OK
}

extern "C" fn cuCtxGetDevice(dev: *mut CUdevice) -> CUresult {
    match RECORD.lock().contexts.iter().position(|&context| context == CURRENT.get()) {
        Some(at) if CURRENT.get() != 0 => put(dev, c_int::from(at == 1)),
        _ => INVALID_CONTEXT,
    }
}

extern "C" fn cuModuleLoadData(module: *mut CUmodule, image: *const c_void) -> CUresult {
    let mut record = RECORD.lock();
    record.loaded.push(image as usize);
    record.modules.push(image as usize);
    put(module, record.modules.len() as CUmodule)
}

extern "C" fn cuModuleUnload(module: CUmodule) -> CUresult {
    let mut record = RECORD.lock();
    let image = record.modules[module as usize - 1];
    record.unloaded.push(image);
    OK
}

extern "C" fn cuModuleGetFunction(function: *mut CUfunction, module: CUmodule, name: *const c_char) -> CUresult {
    // SAFETY: the code under test passes a terminated name.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
    if name.starts_with("missing") {
        return NOT_FOUND;
    }
    let mut record = RECORD.lock();
    record.functions.push((name, module as usize));
    put(function, record.functions.len() as CUfunction)
}

extern "C" fn cuModuleGetGlobal_v2(
    address: *mut CUdeviceptr,
    bytes: *mut usize,
    _module: CUmodule,
    name: *const c_char,
) -> CUresult {
    // SAFETY: as above.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    if name.starts_with(b"missing") {
        return NOT_FOUND;
    }
    put(bytes, 64);
    put(address, 0x9000)
}

extern "C" fn cuLaunchKernel(
    function: CUfunction,
    gridX: c_uint,
    _: c_uint,
    _: c_uint,
    _: c_uint,
    _: c_uint,
    _: c_uint,
    _: c_uint,
    stream: CUstream,
    _: *mut *mut c_void,
    _: *mut *mut c_void,
) -> CUresult {
    if gridX == 0 {
        return INVALID_VALUE;
    }
    let mut record = RECORD.lock();
    let (kernel, module) = record.functions[function as usize - 1].clone();
    let image = record.modules[module - 1];
    record.launches.push(Launch { kernel, image, stream: stream as usize, context: CURRENT.get() });
    OK
}

extern "C" fn cuDeviceGetAttribute(value: *mut c_int, _attribute: c_uint, _dev: CUdevice) -> CUresult {
    put(value, 1024)
}

extern "C" fn cuFuncGetAttribute(value: *mut c_int, _attribute: c_uint, _function: CUfunction) -> CUresult {
    put(value, 1024)
}

extern "C" fn cuMemcpyHtoD_v2(_target: CUdeviceptr, _source: *const c_void, _bytes: usize) -> CUresult {
    OK
}

/// Kernels are host stubs in tests, which this driver does not know.
extern "C" fn cuKernelSetAttribute(_attribute: c_uint, _value: c_int, _kernel: CUkernel, _dev: CUdevice) -> CUresult {
    INVALID_HANDLE
}

extern "C" fn cuFuncSetAttribute(function: CUfunction, _attribute: c_uint, _value: c_int) -> CUresult {
    let mut record = RECORD.lock();
    let (_, module) = record.functions[function as usize - 1];
    let image = record.modules[module - 1];
    record.attributes.push((image, CURRENT.get()));
    OK
}

/// Of what works in the current context.
fn in_context() -> CUresult {
    if CURRENT.get() == 0 { INVALID_CONTEXT } else { OK }
}

extern "C" fn cuEventQuery(_event: CUevent) -> CUresult {
    in_context()
}

extern "C" fn cuEventSynchronize(_event: CUevent) -> CUresult {
    in_context()
}

extern "C" fn cuEventElapsedTime(ms: *mut f32, _start: CUevent, _end: CUevent) -> CUresult {
    put(ms, 1.0);
    in_context()
}

extern "C" fn cuEventDestroy_v2(_event: CUevent) -> CUresult {
    in_context()
}

extern "C" fn cuStreamDestroy_v2(_stream: CUstream) -> CUresult {
    in_context()
}

extern "C" fn cuLibraryGetKernelCount(count: *mut c_uint, library: CUlibrary) -> CUresult {
    put(count, 0);
    if library == FOREIGN_LIBRARY { NO_BINARY_FOR_GPU } else { in_context() }
}

extern "C" fn cuLibraryEnumerateKernels(_kernels: *mut CUkernel, _room: c_uint, _library: CUlibrary) -> CUresult {
    in_context()
}

extern "C" fn cuLibraryUnload(_library: CUlibrary) -> CUresult {
    OK
}

/// The address of a function of this driver, by its name with the NUL.
pub(crate) fn symbol(name: &str) -> *mut c_void {
    macro_rules! symbols {
        ($($function:ident),* $(,)?) => {
            match name.trim_end_matches('\0') {
                $(stringify!($function) => $function as *mut c_void,)*
                _ => std::ptr::null_mut(),
            }
        };
    }
    symbols!(
        cuInit,
        cuDeviceGetCount,
        cuDeviceGet,
        cuDeviceGetAttribute,
        cuDevicePrimaryCtxRetain,
        cuDevicePrimaryCtxReset_v2,
        cuDevicePrimaryCtxRelease_v2,
        cuCtxGetCurrent,
        cuCtxSetCurrent,
        cuCtxGetDevice,
        cuModuleLoadData,
        cuModuleUnload,
        cuModuleGetFunction,
        cuModuleGetGlobal_v2,
        cuFuncGetAttribute,
        cuLaunchKernel,
        cuMemcpyHtoD_v2,
        cuKernelSetAttribute,
        cuFuncSetAttribute,
        cuEventQuery,
        cuEventSynchronize,
        cuEventElapsedTime,
        cuEventDestroy_v2,
        cuStreamDestroy_v2,
        cuLibraryGetKernelCount,
        cuLibraryEnumerateKernels,
        cuLibraryUnload,
    )
}
