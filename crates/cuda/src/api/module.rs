//! Modules.

use std::ffi::{CString, c_char, c_uint, c_void};

use vgpu_core::abi::{CUdeviceptr, CUfunction, CUjit_option, CUmodule, CUmoduleLoadingMode};
use vgpu_core::ffi::{Out, OutOpt, OutSlice, Str};
use vgpu_core::wire::messages::ErrorText;
use vgpu_core::{CuError, CuResult};

use super::{clamp, handle, id};
use crate::guest::image::Image;
use crate::guest::library::Library;
use crate::guest::module::Module;
use crate::guest::{Process, capture_mode, current, process};

/// The most options of one call; `CUjit_option` has fewer.
const MAX_OPTIONS: usize = 64;

pub(super) fn name_of(name: &Str<'_>) -> CuResult<CString> {
    CString::new(name.to_bytes()).map_err(|_| CuError::INVALID_VALUE)
}

/// The log buffers among a call's JIT options. All other options tune a compiler that does not exist here.
struct Logs {
    info: Log,
    error: Log,
}

struct Log {
    buffer: *mut c_char,
    /// Where to find the room, and to say how much was used.
    size: *mut *mut c_void,
}

impl Logs {
    /// # Safety
    /// `options` and `values` are readable for `count` items.
    unsafe fn find(count: c_uint, options: *const CUjit_option, values: *mut *mut c_void) -> CuResult<Self> {
        use CUjit_option as O;
        let none = || Log { buffer: std::ptr::null_mut(), size: std::ptr::null_mut() };
        let mut logs = Self { info: none(), error: none() };
        let count = count as usize;
        if count > MAX_OPTIONS || count > 0 && (options.is_null() || values.is_null()) {
            return Err(CuError::INVALID_VALUE);
        }
        for index in 0..count {
            // SAFETY: the caller's options are readable up to their count.
            let option = unsafe { options.add(index).read() };
            // SAFETY: and so are their values.
            let slot = unsafe { values.add(index) };
            // SAFETY: as above.
            let value = unsafe { slot.read() };
            match option {
                O::CU_JIT_INFO_LOG_BUFFER => logs.info.buffer = value.cast(),
                O::CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES => logs.info.size = slot,
                O::CU_JIT_ERROR_LOG_BUFFER => logs.error.buffer = value.cast(),
                O::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES => logs.error.size = slot,
                _ => {}
            }
        }
        Ok(logs)
    }

    /// # Safety
    /// As [`Log::write`].
    unsafe fn write(&self, error: &str) {
        // SAFETY: passed on.
        unsafe { self.info.write("") };
        // SAFETY: passed on.
        unsafe { self.error.write(error) };
    }
}

impl Log {
    /// # Safety
    /// The buffer is writable for the size that its option says.
    unsafe fn write(&self, text: &str) {
        if self.buffer.is_null() || self.size.is_null() {
            return;
        }
        // SAFETY: `size` is a slot of the caller's array of option values.
        let room = unsafe { self.size.read() }.addr();
        // SAFETY: the caller says that the buffer has that room.
        if let Ok(mut buffer) = unsafe { OutSlice::new(self.buffer, room) } {
            buffer.write_str(text);
        }
        let used = if text.is_empty() { 0 } else { (text.len() + 1).min(room) };
        // SAFETY: as above; option values are read and written back by this call.
        unsafe { self.size.write(std::ptr::without_provenance_mut(used)) };
    }
}

/// The executor's words about the call that it just refused.
fn refusal_text(process: &Process) -> String {
    let answer = process.link.call(&ErrorText { reserved: 0 }, &[]);
    answer.map(|answer| String::from_utf8_lossy(&answer.tail).into_owned()).unwrap_or_default()
}

/// Says in the log why an image was refused; returns the text.
pub(super) fn explain(process: &Process, error: CuError) -> String {
    let text = match error {
        // Found out before the executor was asked.
        CuError::NO_BINARY_FOR_GPU => "no image in the fatbin suits the device".to_owned(),
        _ => refusal_text(process),
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
    // SAFETY: the caller's options are as many as it says.
    let logs = unsafe { Logs::find(numOptions, options, optionValues) }?;
    // SAFETY: the caller's pointer leads to an image.
    let image = unsafe { Image::at(image) }?;
    match Module::load(process, context, &image) {
        Ok(loaded) => {
            // SAFETY: the options' buffers are as long as they say.
            unsafe { logs.write("") };
            module.write(handle(loaded.handle));
            Ok(())
        }
        Err(error) => {
            let text = explain(process, error);
            // SAFETY: as above.
            unsafe { logs.write(&text) };
            Err(error)
        }
    }
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
        log::error!("a kernel could not be made ready: {error}: {}", refusal_text(process));
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
