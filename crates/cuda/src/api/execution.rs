//! Execution: functions and launches.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::Arc;

use vgpu_core::abi::{
    CUfunc_cache, CUfunction, CUfunction_attribute, CUfunctionLoadingState, CUhostFn, CUlaunchConfig, CUmodule,
    CUsharedconfig, CUstream,
};
use vgpu_core::ffi::{In, Out, OutOpt};
use vgpu_core::wire::launch_attributes::LaunchAttributes;
use vgpu_core::{CuError, CuResult};

use super::launch_attribute::Asked;
use super::{handle, id};
use crate::guest::function::Function;
use crate::guest::gate::Arm;
use crate::guest::host_call::{Action, HostFunction};
use crate::guest::launch;
use crate::guest::shape::Shape;
use crate::guest::work::Work;
use crate::guest::{Process, current, library};

fn find(function: CUfunction) -> CuResult<(&'static Process, Arc<Function>)> {
    let (process, context) = current::context()?;
    Ok((process, library::find_function(process, context, id(function))?))
}

/// Launches a kernel on a grid of blocks.
pub(crate) unsafe fn cuLaunchKernel(
    f: CUfunction,
    gridDimX: c_uint,
    gridDimY: c_uint,
    gridDimZ: c_uint,
    blockDimX: c_uint,
    blockDimY: c_uint,
    blockDimZ: c_uint,
    sharedMemBytes: c_uint,
    hStream: CUstream,
    kernelParams: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> CuResult {
    let shape = Shape {
        grid: [gridDimX, gridDimY, gridDimZ],
        block: [blockDimX, blockDimY, blockDimZ],
        dynamic_shared_bytes: sharedMemBytes,
        cooperative: false,
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { run(f, shape, &LaunchAttributes::NONE, hStream, kernelParams, extra) }
}

/// # Safety
/// As for `cuLaunchKernel`.
#[inline]
unsafe fn run(
    f: CUfunction,
    shape: Shape,
    attributes: &LaunchAttributes,
    hStream: CUstream,
    kernelParams: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let function = library::find_function(process, context, id(f))?;
    let stream = context.stream(process, id(hStream))?;
    // SAFETY: the caller's promise is passed on.
    unsafe { launch::launch(process, &function, &stream, shape, attributes, kernelParams, extra) }
}

/// Launches a kernel whose blocks may wait for each other.
pub(crate) unsafe fn cuLaunchCooperativeKernel(
    f: CUfunction,
    gridDimX: c_uint,
    gridDimY: c_uint,
    gridDimZ: c_uint,
    blockDimX: c_uint,
    blockDimY: c_uint,
    blockDimZ: c_uint,
    sharedMemBytes: c_uint,
    hStream: CUstream,
    kernelParams: *mut *mut c_void,
) -> CuResult {
    let shape = Shape {
        grid: [gridDimX, gridDimY, gridDimZ],
        block: [blockDimX, blockDimY, blockDimZ],
        dynamic_shared_bytes: sharedMemBytes,
        cooperative: true,
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { run(f, shape, &LaunchAttributes::NONE, hStream, kernelParams, std::ptr::null_mut()) }
}

/// Launches a kernel with attributes.
pub(crate) unsafe fn cuLaunchKernelEx(
    config: In<'_, CUlaunchConfig>,
    f: CUfunction,
    kernelParams: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> CuResult {
    let config = config.get();
    // SAFETY: the caller's configuration has as many attributes as it says.
    let asked = unsafe { Asked::of(config) }?;
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(config.hStream))?;
    let events = asked.events(process, stream.context)?;
    let shape = shape_of(config, asked.cooperative);
    // SAFETY: the caller's promise is passed on.
    unsafe { run(f, shape, &asked.attributes, config.hStream, kernelParams, extra) }?;
    events.iter().try_for_each(|event| event.record(process, &stream, false))
}

/// The shape in a configuration.
pub(super) fn shape_of(config: &CUlaunchConfig, cooperative: bool) -> Shape {
    Shape {
        grid: [config.gridDimX, config.gridDimY, config.gridDimZ],
        block: [config.blockDimX, config.blockDimY, config.blockDimZ],
        dynamic_shared_bytes: config.sharedMemBytes,
        cooperative,
    }
}

/// Queues the call of a host function: a thread of ours calls it once the work before it is done, and later work waits for it.
/// It is not called once work has failed.
pub(crate) unsafe fn cuLaunchHostFunc(hStream: CUstream, fn_: CUhostFn, userData: *mut c_void) -> CuResult {
    let (process, context) = current::healthy()?;
    let function = HostFunction { function: fn_.ok_or(CuError::INVALID_VALUE)?, data: userData };
    let stream = context.stream(process, id(hStream))?;
    match stream.enter(process)? {
        Arm::Live(live) => live.call(process, Action::Function(function)),
        Arm::Captured(captured) => captured.add(Work::Host(function)),
    }
}

/// Gives an attribute of a function.
pub(crate) fn cuFuncGetAttribute(pi: Out<'_, c_int>, attrib: CUfunction_attribute, hfunc: CUfunction) -> CuResult {
    pi.write(find(hfunc)?.1.attribute(attrib)?);
    Ok(())
}

/// Sets an attribute of a function.
pub(crate) fn cuFuncSetAttribute(hfunc: CUfunction, attrib: CUfunction_attribute, value: c_int) -> CuResult {
    let (process, function) = find(hfunc)?;
    function.set_attribute(process, attrib, value)
}

/// Accepts a preferred split between cache and shared memory: a preference without effect here.
pub(crate) fn cuFuncSetCacheConfig(hfunc: CUfunction, config: CUfunc_cache) -> CuResult {
    find(hfunc)?;
    if config.0 > CUfunc_cache::CU_FUNC_CACHE_PREFER_EQUAL.0 { Err(CuError::INVALID_VALUE) } else { Ok(()) }
}

/// Accepts a width of shared memory banks: without effect, as on every current device.
pub(crate) fn cuFuncSetSharedMemConfig(hfunc: CUfunction, config: CUsharedconfig) -> CuResult {
    find(hfunc)?;
    let most = CUsharedconfig::CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE.0;
    if config.0 > most { Err(CuError::INVALID_VALUE) } else { Ok(()) }
}

/// Gives the module that a function is of.
pub(crate) fn cuFuncGetModule(hmod: Out<'_, CUmodule>, hfunc: CUfunction) -> CuResult {
    hmod.write(handle(find(hfunc)?.1.module));
    Ok(())
}

/// Gives a function's name; it lives as long as the function.
pub(crate) fn cuFuncGetName(name: Out<'_, *const c_char>, hfunc: CUfunction) -> CuResult {
    if hfunc.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    name.write(find(hfunc)?.1.name.as_ptr());
    Ok(())
}

pub(super) fn param_info(
    function: &Function,
    index: usize,
    offset: Out<'_, usize>,
    size: OutOpt<'_, usize>,
) -> CuResult {
    let param = function.params.get(index).ok_or(CuError::INVALID_VALUE)?;
    offset.write(param.offset_bytes as usize);
    size.write(param.len_bytes as usize);
    Ok(())
}

/// Gives where a function's parameter lies in the packed parameters, and its size.
pub(crate) fn cuFuncGetParamInfo(
    func: CUfunction,
    paramIndex: usize,
    paramOffset: Out<'_, usize>,
    paramSize: OutOpt<'_, usize>,
) -> CuResult {
    param_info(&find(func)?.1, paramIndex, paramOffset, paramSize)
}

/// Counts a function's parameters.
pub(crate) fn cuFuncGetParamCount(func: CUfunction, paramCount: Out<'_, usize>) -> CuResult {
    paramCount.write(find(func)?.1.params.len());
    Ok(())
}

/// Says that a function is ready: it is made so before its handle exists.
pub(crate) fn cuFuncIsLoaded(state: Out<'_, CUfunctionLoadingState>, function: CUfunction) -> CuResult {
    find(function)?;
    state.write(CUfunctionLoadingState::CU_FUNCTION_LOADING_STATE_LOADED);
    Ok(())
}

/// Makes a function ready, which it is.
pub(crate) fn cuFuncLoad(function: CUfunction) -> CuResult {
    find(function).map(drop)
}
