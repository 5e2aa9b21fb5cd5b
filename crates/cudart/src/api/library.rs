//! Libraries: images that a program loads itself. Their kernels are the driver's, and launched like registered ones.

use std::ffi::{CString, c_int, c_uint, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::CUfunction_attribute;
use vgpu_core::abi::runtime::{cudaFuncAttribute, cudaJitOption, cudaKernel_t, cudaLibrary_t, cudaLibraryOption};
use vgpu_core::ffi::{Out, OutOpt, OutSlice, Str};

use crate::error::{RtError, RtResult};
use crate::pointer::pointer;
use crate::{current, driver as cu, registry};

/// Options have the same numbers in both libraries.
pub(crate) unsafe fn cudaLibraryLoadData(
    library: Out<cudaLibrary_t>,
    code: *const c_void,
    jitOptions: *mut cudaJitOption,
    jitOptionsValues: *mut *mut c_void,
    numJitOptions: c_uint,
    libraryOptions: *mut cudaLibraryOption,
    libraryOptionValues: *mut *mut c_void,
    numLibraryOptions: c_uint,
) -> RtResult {
    current::context()?;
    if code.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    let mut loaded = null_mut();
    // SAFETY: the caller's image and options are passed through.
    unsafe {
        cu::cuLibraryLoadData(
            &mut loaded,
            code,
            jitOptions.cast(),
            jitOptionsValues,
            numJitOptions,
            libraryOptions.cast(),
            libraryOptionValues,
            numLibraryOptions,
        )
    }?;
    library.write(loaded);
    Ok(())
}

pub(crate) unsafe fn cudaLibraryLoadFromFile(
    library: Out<cudaLibrary_t>,
    fileName: Str,
    jitOptions: *mut cudaJitOption,
    jitOptionsValues: *mut *mut c_void,
    numJitOptions: c_uint,
    libraryOptions: *mut cudaLibraryOption,
    libraryOptionValues: *mut *mut c_void,
    numLibraryOptions: c_uint,
) -> RtResult {
    current::context()?;
    let file = owned(&fileName)?;
    let mut loaded = null_mut();
    // SAFETY: the name is terminated, and the caller's options are passed through.
    unsafe {
        cu::cuLibraryLoadFromFile(
            &mut loaded,
            file.as_ptr(),
            jitOptions.cast(),
            jitOptionsValues,
            numJitOptions,
            libraryOptions.cast(),
            libraryOptionValues,
            numLibraryOptions,
        )
    }?;
    library.write(loaded);
    Ok(())
}

/// Its kernels' handles mean nothing from then on; where it cannot be loaded it has given out none.
pub(crate) fn cudaLibraryUnload(library: cudaLibrary_t) -> RtResult {
    let kernels = kernels_of(library, c_uint::MAX).unwrap_or_default();
    cu::cuLibraryUnload(library)?;
    registry::remove_kernels(&kernels);
    Ok(())
}

pub(crate) fn cudaLibraryGetKernel(pKernel: Out<cudaKernel_t>, library: cudaLibrary_t, name: Str) -> RtResult {
    current::context()?;
    let name = owned(&name)?;
    let mut kernel = null_mut();
    // SAFETY: the name is terminated.
    unsafe { cu::cuLibraryGetKernel(&mut kernel, library, name.as_ptr()) }?;
    registry::add_kernel(kernel);
    pKernel.write(kernel);
    Ok(())
}

pub(crate) fn cudaLibraryGetKernelCount(count: Out<c_uint>, lib: cudaLibrary_t) -> RtResult {
    count.write(kernel_count(lib)?);
    Ok(())
}

fn kernel_count(library: cudaLibrary_t) -> RtResult<c_uint> {
    current::context()?;
    let mut count = 0;
    cu::cuLibraryGetKernelCount(&mut count, library)?;
    Ok(count)
}

pub(crate) fn cudaLibraryEnumerateKernels(
    mut kernels: OutSlice<cudaKernel_t>,
    numKernels: c_uint,
    lib: cudaLibrary_t,
) -> RtResult {
    let found = kernels_of(lib, numKernels)?;
    found.iter().copied().for_each(registry::add_kernel);
    kernels.write_at(0, &found);
    Ok(())
}

/// The first `most` kernels of a library.
fn kernels_of(library: cudaLibrary_t, most: c_uint) -> RtResult<Vec<cudaKernel_t>> {
    let count = kernel_count(library)?.min(most);
    let mut found: Vec<cudaKernel_t> = vec![null_mut(); usize::try_from(count).map_err(|_| RtError::INVALID_VALUE)?];
    // SAFETY: the array has `count` entries.
    unsafe { cu::cuLibraryEnumerateKernels(found.as_mut_ptr(), count, library) }?;
    Ok(found)
}

pub(crate) fn cudaLibraryGetGlobal(
    dptr: OutOpt<*mut c_void>,
    bytes: OutOpt<usize>,
    library: cudaLibrary_t,
    name: Str,
) -> RtResult {
    current::context()?;
    let name = owned(&name)?;
    let (mut address, mut len) = (0, 0);
    // SAFETY: the name is terminated.
    unsafe { cu::cuLibraryGetGlobal(&mut address, &mut len, library, name.as_ptr()) }?;
    dptr.write(pointer(address));
    bytes.write(len);
    Ok(())
}

/// A kernel is one of a library, or the host stub that stands for one of the program's own.
pub(crate) fn cudaKernelSetAttributeForDevice(
    kernel: cudaKernel_t,
    attr: cudaFuncAttribute,
    value: c_int,
    device: c_int,
) -> RtResult {
    let (dev, attribute) = (current::device_of(device)?, CUfunction_attribute(attr.0));
    current::on_device(dev, |context| {
        if registry::is_registered(kernel.cast()) {
            return cu::cuFuncSetAttribute(registry::function(kernel.cast(), context)?, attribute, value);
        }
        cu::cuKernelSetAttribute(attribute, value, kernel, dev)
    })
}

fn owned(text: &Str) -> RtResult<CString> {
    CString::new(text.to_bytes()).map_err(|_| RtError::INVALID_VALUE)
}
