//! Libraries and kernels: images that belong to no context.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::Arc;

use vgpu_core::abi::{
    CUdevice, CUdeviceptr, CUfunc_cache, CUfunction, CUfunction_attribute, CUjit_option, CUkernel, CUlibrary,
    CUlibraryOption, CUmodule,
};
use vgpu_core::ffi::{Out, OutOpt, OutSlice, Str};
use vgpu_core::{CuError, CuResult};

use super::module::{explain, name_of, read_file, report_function};
use super::{clamp, handle, id};
use crate::guest::context::Context;
use crate::guest::current;
use crate::guest::function::Function;
use crate::guest::image::Image;
use crate::guest::library::{Kernel, Library};
use crate::guest::primary::Primary;
use crate::guest::{Process, process};

fn library(process: &Process, library: CUlibrary) -> CuResult<Arc<Library>> {
    Library::find(process, id(library))
}

fn kernel(process: &Process, kernel: CUkernel) -> CuResult<Arc<Kernel>> {
    Kernel::find(process, id(kernel))
}

/// The context that stands for a device: the current one if it is on it, else the primary one.
fn context_on(process: &'static Process, dev: CUdevice) -> CuResult<&'static Context> {
    let device = process.device(dev)?;
    if let Ok((_, context)) = current::context()
        && context.ordinal == device.ordinal
    {
        return Ok(context);
    }
    let primary = Primary::of(device).context.get().copied().filter(|context| context.number() != 0);
    primary.ok_or(CuError::INVALID_CONTEXT)
}

/// Keeps an image for use in any context; options tune what does not exist here.
pub(crate) unsafe fn cuLibraryLoadData(
    library: Out<'_, CUlibrary>,
    code: *const c_void,
    _jitOptions: *mut CUjit_option,
    _jitOptionsValues: *mut *mut c_void,
    _numJitOptions: c_uint,
    _libraryOptions: *mut CUlibraryOption,
    _libraryOptionValues: *mut *mut c_void,
    _numLibraryOptions: c_uint,
) -> CuResult {
    let process = process()?;
    // SAFETY: the caller's pointer leads to an image.
    let image = unsafe { Image::at(code) }?;
    library.write(handle(Library::create(process, image.to_owned_image()).handle));
    Ok(())
}

/// Keeps an image from a file for use in any context.
pub(crate) unsafe fn cuLibraryLoadFromFile(
    library: Out<'_, CUlibrary>,
    fileName: Str<'_>,
    _jitOptions: *mut CUjit_option,
    _jitOptionsValues: *mut *mut c_void,
    _numJitOptions: c_uint,
    _libraryOptions: *mut CUlibraryOption,
    _libraryOptionValues: *mut *mut c_void,
    _numLibraryOptions: c_uint,
) -> CuResult {
    let process = process()?;
    let bytes = read_file(&fileName)?;
    let image = Image::in_file(&bytes)?;
    library.write(handle(Library::create(process, image.to_owned_image()).handle));
    Ok(())
}

/// Ends a library, its kernels and its modules.
pub(crate) fn cuLibraryUnload(library: CUlibrary) -> CuResult {
    let process = process()?;
    self::library(process, library)?.unload(process)
}

/// Finds a kernel of a library by name; loads the library in the current context for that.
pub(crate) fn cuLibraryGetKernel(pKernel: Out<'_, CUkernel>, library: CUlibrary, name: Str<'_>) -> CuResult {
    let (process, context) = current::healthy()?;
    let library = self::library(process, library)?;
    let found = library.kernel(process, context, name_of(&name)?);
    let kernel = found.inspect_err(|error| report_function(process, *error))?;
    pKernel.write(handle(kernel.handle));
    Ok(())
}

/// Counts the kernels of a library.
pub(crate) fn cuLibraryGetKernelCount(count: Out<'_, c_uint>, lib: CUlibrary) -> CuResult {
    let (process, context) = current::healthy()?;
    let module = library(process, lib)?.module(process, context)?;
    count.write(clamp(module.kernel_names(process)?.len() as u64));
    Ok(())
}

/// Gives as many kernels of a library as there is room for.
pub(crate) fn cuLibraryEnumerateKernels(
    kernels: OutSlice<'_, CUkernel>,
    numKernels: c_uint,
    lib: CUlibrary,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let library = library(process, lib)?;
    let names = library.module(process, context)?.kernel_names(process)?;
    let mut kernels = kernels;
    for (at, name) in names.into_iter().take(numKernels as usize).enumerate() {
        kernels.write_at(at, &[handle(library.kernel(process, context, name)?.handle)]);
    }
    Ok(())
}

/// Gives the library's module in the current context.
pub(crate) fn cuLibraryGetModule(pMod: Out<'_, CUmodule>, library: CUlibrary) -> CuResult {
    let (process, context) = current::healthy()?;
    let module = self::library(process, library)?.module(process, context);
    let module = module.inspect_err(|error| drop(explain(process, *error)))?;
    pMod.write(handle(module.handle));
    Ok(())
}

/// Finds a variable of a library in the current context: its address and length in bytes.
pub(crate) fn cuLibraryGetGlobal(
    dptr: OutOpt<'_, CUdeviceptr>,
    bytes: OutOpt<'_, usize>,
    library: CUlibrary,
    name: Str<'_>,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let module = self::library(process, library)?.module(process, context)?;
    let (address, len_bytes) = module.global(process, name_of(&name)?)?;
    dptr.write(address);
    bytes.write(usize::try_from(len_bytes).unwrap_or(usize::MAX));
    Ok(())
}

/// Gives a kernel's function in the current context.
pub(crate) fn cuKernelGetFunction(pFunc: Out<'_, CUfunction>, kernel: CUkernel) -> CuResult {
    let (process, context) = current::healthy()?;
    let function = self::kernel(process, kernel)?.function(process, context)?;
    pFunc.write(handle(function.handle));
    Ok(())
}

/// Gives the library that a kernel is of.
pub(crate) fn cuKernelGetLibrary(pLib: Out<'_, CUlibrary>, kernel: CUkernel) -> CuResult {
    pLib.write(handle(self::kernel(process()?, kernel)?.library));
    Ok(())
}

/// Gives a kernel's name; it lives as long as the kernel.
pub(crate) fn cuKernelGetName(name: Out<'_, *const c_char>, hfunc: CUkernel) -> CuResult {
    let process = process()?;
    if hfunc.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    name.write(kernel(process, hfunc)?.name.as_ptr());
    Ok(())
}

fn function_on(kernel: CUkernel, dev: CUdevice) -> CuResult<(&'static Process, Arc<Function>)> {
    let process = process()?;
    let kernel = self::kernel(process, kernel)?;
    Ok((process, kernel.function(process, context_on(process, dev)?)?))
}

/// Gives an attribute of a kernel on a device.
pub(crate) fn cuKernelGetAttribute(
    pi: Out<'_, c_int>,
    attrib: CUfunction_attribute,
    kernel: CUkernel,
    dev: CUdevice,
) -> CuResult {
    pi.write(function_on(kernel, dev)?.1.attribute(attrib)?);
    Ok(())
}

/// Sets an attribute of a kernel on a device.
pub(crate) fn cuKernelSetAttribute(
    attrib: CUfunction_attribute,
    val: c_int,
    kernel: CUkernel,
    dev: CUdevice,
) -> CuResult {
    let (process, function) = function_on(kernel, dev)?;
    function.set_attribute(process, attrib, val)
}

/// Accepts a preferred split between cache and shared memory: a preference without effect here.
pub(crate) fn cuKernelSetCacheConfig(kernel: CUkernel, config: CUfunc_cache, dev: CUdevice) -> CuResult {
    let process = process()?;
    self::kernel(process, kernel)?;
    process.device(dev)?;
    if config.0 > CUfunc_cache::CU_FUNC_CACHE_PREFER_EQUAL.0 { Err(CuError::INVALID_VALUE) } else { Ok(()) }
}

/// Gives where a kernel's parameter lies in the packed parameters, and its size.
pub(crate) fn cuKernelGetParamInfo(
    kernel: CUkernel,
    paramIndex: usize,
    paramOffset: Out<'_, usize>,
    paramSize: OutOpt<'_, usize>,
) -> CuResult {
    let (process, context) = current::context()?;
    let function = self::kernel(process, kernel)?.function(process, context)?;
    super::execution::param_info(&function, paramIndex, paramOffset, paramSize)
}

/// Counts a kernel's parameters.
pub(crate) fn cuKernelGetParamCount(kernel: CUkernel, paramCount: Out<'_, usize>) -> CuResult {
    let (process, context) = current::context()?;
    paramCount.write(self::kernel(process, kernel)?.function(process, context)?.params.len());
    Ok(())
}
