//! What the compiler's own code calls: start-up registration, and the two halves of a `<<<...>>>` launch.

use std::ffi::{c_char, c_int, c_uint, c_void};

use vgpu_core::abi::CUstream_st;
use vgpu_core::abi::runtime::{cudaKernel_t, cudaStream_t, dim3, uint3};
use vgpu_core::ffi::Out;

use crate::call_configuration::{self, CallConfiguration};
use crate::entry;
use crate::error::{RtError, RtResult};
use crate::registry::{self, Kind};
use crate::{current, launch};

pub(crate) unsafe fn __cudaRegisterFatBinary(fatCubin: *mut c_void) -> *mut *mut c_void {
    registry::add_fatbin(fatCubin)
}

/// Nothing is left to do: modules are loaded when something in them is used.
pub(crate) unsafe fn __cudaRegisterFatBinaryEnd(_fatCubinHandle: *mut *mut c_void) {}

pub(crate) unsafe fn __cudaUnregisterFatBinary(fatCubinHandle: *mut *mut c_void) {
    registry::remove_fatbin(fatCubinHandle);
}

pub(crate) unsafe fn __cudaRegisterFunction(
    fatCubinHandle: *mut *mut c_void,
    hostFun: *const c_char,
    _deviceFun: *mut c_char,
    deviceName: *const c_char,
    _threadLimit: c_int,
    _tid: *mut uint3,
    _bid: *mut uint3,
    _bDim: *mut dim3,
    _gDim: *mut dim3,
    _wSize: *mut c_int,
) {
    registry::add_symbol(fatCubinHandle, Kind::Function, hostFun.cast(), deviceName);
}

pub(crate) unsafe fn __cudaRegisterVar(
    fatCubinHandle: *mut *mut c_void,
    hostVar: *mut c_char,
    _deviceAddress: *mut c_char,
    deviceName: *const c_char,
    _ext: c_int,
    _size: usize,
    _constant: c_int,
    _global: c_int,
) {
    registry::add_symbol(fatCubinHandle, Kind::Variable, hostVar.cast(), deviceName);
}

pub(crate) unsafe fn __cudaRegisterManagedVar(
    fatCubinHandle: *mut *mut c_void,
    hostVarPtrAddress: *mut *mut c_void,
    _deviceAddress: *mut c_char,
    deviceName: *const c_char,
    _ext: c_int,
    _size: usize,
    _constant: c_int,
    _global: c_int,
) {
    registry::add_symbol(fatCubinHandle, Kind::Managed, hostVarPtrAddress.cast(), deviceName);
}

/// Loads the module now, which gives its managed variables their memory. 1 when that worked.
pub(crate) unsafe fn __cudaInitModule(fatCubinHandle: *mut *mut c_void) -> c_char {
    match current::context().and_then(|context| registry::load_fatbin(fatCubinHandle, context)) {
        Ok(()) => 1,
        Err(error) => {
            entry::set_last_error(error.code());
            0
        }
    }
}

/// 0 when the configuration was taken.
pub(crate) unsafe fn __cudaPushCallConfiguration(
    gridDim: dim3,
    blockDim: dim3,
    sharedMem: usize,
    stream: *mut CUstream_st,
) -> c_uint {
    match call_configuration::push(CallConfiguration {
        grid: gridDim,
        block: blockDim,
        shared_bytes: sharedMem,
        stream,
    }) {
        Ok(()) => 0,
        Err(error) => {
            entry::set_last_error(error.code());
            error.code().0
        }
    }
}

pub(crate) unsafe fn __cudaPopCallConfiguration(
    gridDim: Out<dim3>,
    blockDim: Out<dim3>,
    sharedMem: Out<usize>,
    stream: *mut c_void,
) -> RtResult {
    if stream.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    let found = call_configuration::pop()?;
    gridDim.write(found.grid);
    blockDim.write(found.block);
    sharedMem.write(found.shared_bytes);
    // SAFETY: the compiler's stub passes the address of its stream variable.
    unsafe { stream.cast::<cudaStream_t>().write_unaligned(found.stream) };
    Ok(())
}

/// A kernel's handle is its host stub's address: it needs no context, and the launch looks it up like any other.
pub(crate) unsafe fn __cudaGetKernel(kernel: Out<cudaKernel_t>, entryFuncAddr: *const c_void) -> RtResult {
    if !registry::is_registered(entryFuncAddr) {
        return Err(RtError::INVALID_DEVICE_FUNCTION);
    }
    kernel.write(entryFuncAddr.cast_mut().cast());
    Ok(())
}

pub(crate) unsafe fn __cudaLaunchKernel(
    kernel: cudaKernel_t,
    gridDim: dim3,
    blockDim: dim3,
    args: *mut *mut c_void,
    sharedMem: usize,
    stream: cudaStream_t,
) -> RtResult {
    let shape = launch::Shape { grid: gridDim, block: blockDim, shared_bytes: sharedMem };
    // SAFETY: the caller's arguments are passed through.
    unsafe { launch::kernel(kernel.cast(), shape, args, stream) }
}
