//! Modules.

use std::ffi::{CStr, CString, c_char, c_uint, c_void};
use std::time::Instant;

use vgpu_core::abi::{
    CUdeviceptr, CUfunction, CUjit_option, CUjitInputType, CUlinkState, CUmodule, CUmoduleLoadingMode,
};
use vgpu_core::ffi::{InSlice, Out, OutOpt, OutSlice, Str};
use vgpu_core::{CuError, CuResult};

use super::{clamp, handle, id};
use crate::guest::image::Image;
use crate::guest::jit_options::{JitOptions, Use};
use crate::guest::library::Library;
use crate::guest::link_state::LinkState;
use crate::guest::module::Module;
use crate::guest::{Process, capture_mode, current, process};

pub(super) fn name_of(name: &Str<'_>) -> CuResult<CString> {
    CString::new(name.to_bytes()).map_err(|_| CuError::INVALID_VALUE)
}

/// Says in the log why an image was refused; returns the text.
pub(super) fn explain(process: &Process, error: CuError) -> String {
    let text = match error {
        // Found out before the executor was asked.
        CuError::NO_BINARY_FOR_GPU => "no image in the fatbin suits the device".to_owned(),
        _ => process.last_text(),
    };
    log::error!("an image could not be loaded: {error}: {text}");
    text
}

/// Loads an image; a fatbin's best entry only.
pub(crate) unsafe fn cuModuleLoadDataEx(
    module: Out<'_, CUmodule>,
    image: *const c_void,
    numOptions: c_uint,
    options: *mut CUjit_option,
    optionValues: *mut *mut c_void,
) -> CuResult {
    let (process, context) = current::healthy()?;
    capture_mode::refuse_unsafe_call()?;
    // SAFETY: the caller's options are as many as it says, and stay for this call.
    let options = unsafe { JitOptions::read(numOptions, options, optionValues, Use::Load) }?;
    // SAFETY: the caller's pointer leads to an image.
    let image = unsafe { Image::at(image) }?;
    let start = Instant::now();
    let loaded = Module::load(process, context, &image);
    let said = loaded.as_ref().map_or_else(|error| explain(process, *error), |_| String::new());
    options.answers.write("", &said);
    options.answers.write_time(start.elapsed());
    module.write(handle(loaded?.handle));
    Ok(())
}

/// Loads an image; a fatbin's best entry only.
pub(crate) unsafe fn cuModuleLoadData(module: Out<'_, CUmodule>, image: *const c_void) -> CuResult {
    let (options, values) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the caller's promise is passed on; there are no options.
    unsafe { cuModuleLoadDataEx(module, image, 0, options, values) }
}

/// Loads the best entry of a fatbin.
pub(crate) unsafe fn cuModuleLoadFatBinary(module: Out<'_, CUmodule>, fatCubin: *const c_void) -> CuResult {
    // SAFETY: the caller's promise is passed on.
    unsafe { cuModuleLoadData(module, fatCubin) }
}

/// Reads an image file.
pub(super) fn read_file(name: &Str<'_>) -> CuResult<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
    std::fs::read(path).map_err(|error| {
        log::error!("{}: {error}", path.display());
        CuError::FILE_NOT_FOUND
    })
}

/// Loads an image from a file.
pub(crate) fn cuModuleLoad(module: Out<'_, CUmodule>, fname: Str<'_>) -> CuResult {
    let (process, context) = current::healthy()?;
    capture_mode::refuse_unsafe_call()?;
    let bytes = read_file(&fname)?;
    let loaded = Module::load(process, context, &Image::in_file(&bytes)?);
    let loaded = loaded.inspect_err(|error| drop(explain(process, *error)))?;
    module.write(handle(loaded.handle));
    Ok(())
}

/// Unloads a module once the work queued before is done.
pub(crate) fn cuModuleUnload(hmod: CUmodule) -> CuResult {
    let (process, _) = current::context()?;
    capture_mode::refuse_unsafe_call()?;
    let module = Module::find(process, id(hmod))?;
    // Collected first: a library may be busy loading, and others must not wait for that.
    if Library::all(process).iter().any(|library| library.owns(&module)) {
        return Err(CuError::NOT_PERMITTED);
    }
    module.unload(process)
}

/// Says that functions are made ready when they are first asked for.
pub(crate) fn cuModuleGetLoadingMode(mode: Out<'_, CUmoduleLoadingMode>) -> CuResult {
    process()?;
    mode.write(CUmoduleLoadingMode::CU_MODULE_LAZY_LOADING);
    Ok(())
}

/// Finds a kernel of a module by name.
pub(crate) fn cuModuleGetFunction(hfunc: Out<'_, CUfunction>, hmod: CUmodule, name: Str<'_>) -> CuResult {
    let (process, _) = current::healthy()?;
    let module = Module::find(process, id(hmod))?;
    let function = module.function(process, name_of(&name)?).inspect_err(|error| report_function(process, *error))?;
    hfunc.write(handle(function.handle));
    Ok(())
}

/// Says in the log why a kernel could not be made ready; one that is not there is the program's question.
pub(super) fn report_function(process: &Process, error: CuError) {
    if error != CuError::NOT_FOUND {
        log::error!("a kernel could not be made ready: {error}: {}", process.last_text());
    }
}

/// Counts the kernels of a module.
pub(crate) fn cuModuleGetFunctionCount(count: Out<'_, c_uint>, mod_: CUmodule) -> CuResult {
    let (process, _) = current::healthy()?;
    let module = Module::find(process, id(mod_))?;
    count.write(clamp(module.kernel_names(process)?.len() as u64));
    Ok(())
}

/// Gives as many kernels of a module as there is room for.
pub(crate) fn cuModuleEnumerateFunctions(
    functions: OutSlice<'_, CUfunction>,
    numFunctions: c_uint,
    mod_: CUmodule,
) -> CuResult {
    let (process, _) = current::healthy()?;
    let module = Module::find(process, id(mod_))?;
    let mut functions = functions;
    for (at, name) in module.kernel_names(process)?.into_iter().take(numFunctions as usize).enumerate() {
        functions.write_at(at, &[handle(module.function(process, name)?.handle)]);
    }
    Ok(())
}

/// Finds a variable of a module by name: its address and length in bytes.
pub(crate) fn cuModuleGetGlobal_v2(
    dptr: OutOpt<'_, CUdeviceptr>,
    bytes: OutOpt<'_, usize>,
    hmod: CUmodule,
    name: Str<'_>,
) -> CuResult {
    let (process, _) = current::healthy()?;
    let module = Module::find(process, id(hmod))?;
    let (address, len_bytes) = module.global(process, name_of(&name)?)?;
    dptr.write(address);
    bytes.write(usize::try_from(len_bytes).unwrap_or(usize::MAX));
    Ok(())
}

/// Opens a link for the current context's device. Its logs and times are written for as long as it lives.
pub(crate) unsafe fn cuLinkCreate_v2(
    numOptions: c_uint,
    options: *mut CUjit_option,
    optionValues: *mut *mut c_void,
    stateOut: Out<'_, CUlinkState>,
) -> CuResult {
    let (process, context) = current::healthy()?;
    // SAFETY: the caller's options are as many as it says, and their values stay for as long as the link.
    let options = unsafe { JitOptions::read(numOptions, options, optionValues, Use::Link) }?;
    stateOut.write(handle(LinkState::open(process, context, options)?.handle));
    Ok(())
}

/// Adds an input to a link: PTX, a fatbin, a host's object or library with code in it, machine code where the device runs it.
pub(crate) unsafe fn cuLinkAddData_v2(
    state: CUlinkState,
    type_: CUjitInputType,
    data: *mut c_void,
    size: usize,
    name: *const c_char,
    numOptions: c_uint,
    options: *mut CUjit_option,
    optionValues: *mut *mut c_void,
) -> CuResult {
    let process = process()?;
    let link = LinkState::find(process, id(state))?;
    // SAFETY: the caller's options are as many as it says, and stay for this call.
    let options = unsafe { JitOptions::read(numOptions, options, optionValues, Use::Link) }?;
    // SAFETY: the caller's data are as long as it says.
    let data = unsafe { InSlice::new(data.cast::<u8>().cast_const(), size) }?;
    // SAFETY: a name is a string, where there is one.
    let name = if name.is_null() { c"<unnamed>" } else { unsafe { CStr::from_ptr(name) } };
    link.add(process, type_, name.to_bytes(), data.as_slice(), &options)
}

/// Adds a file's content to a link.
pub(crate) unsafe fn cuLinkAddFile_v2(
    state: CUlinkState,
    type_: CUjitInputType,
    path: Str<'_>,
    numOptions: c_uint,
    options: *mut CUjit_option,
    optionValues: *mut *mut c_void,
) -> CuResult {
    let process = process()?;
    let link = LinkState::find(process, id(state))?;
    // SAFETY: the caller's options are as many as it says, and stay for this call.
    let options = unsafe { JitOptions::read(numOptions, options, optionValues, Use::Link) }?;
    link.add(process, type_, path.to_bytes(), &read_file(&path)?, &options)
}

/// Links what was added to an image, which the link keeps.
pub(crate) fn cuLinkComplete(
    state: CUlinkState,
    cubinOut: Out<'_, *mut c_void>,
    sizeOut: OutOpt<'_, usize>,
) -> CuResult {
    let process = process()?;
    let image = LinkState::find(process, id(state))?.complete(process)?;
    cubinOut.write(image.as_ptr().cast_mut().cast());
    sizeOut.write(image.len());
    Ok(())
}

/// Ends a link, and its image.
pub(crate) fn cuLinkDestroy(state: CUlinkState) -> CuResult {
    let process = process()?;
    LinkState::find(process, id(state))?.destroy(process)
}
