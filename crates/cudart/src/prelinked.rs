//! Relocatable code (`nvcc -rdc=true`): the fatbins of several objects, which are linked when nothing is that the device runs.

use std::ffi::{c_char, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::{CUjit_option, CUjitInputType, CUlinkState, CUmodule};
use vgpu_core::fatbin;

use crate::driver as cu;
use crate::error::{RtError, RtResult};

/// As much of the linker's complaints as is told.
const LOG_BYTES: usize = 4096;

/// An open link, which ends with this.
struct Link(CUlinkState);

impl Drop for Link {
    fn drop(&mut self) {
        if let Err(error) = cu::cuLinkDestroy(self.0) {
            log::warn!("a link does not end: {error:?}");
        }
    }
}

/// Links fatbins and loads the result into the current context.
///
/// # Errors
/// libcuda's: what is wrong with a fatbin, or how they do not fit together.
///
/// # Safety
/// `fatbins` leads to addresses of whole fatbins, behind which stands a null, as `nvcc` has programs register them.
pub(crate) unsafe fn load(fatbins: *const *const c_void) -> RtResult<CUmodule> {
    let mut log = vec![0_u8; LOG_BYTES];
    let mut options = [CUjit_option::CU_JIT_ERROR_LOG_BUFFER, CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    let mut values: [*mut c_void; 2] = [log.as_mut_ptr().cast(), std::ptr::without_provenance_mut(LOG_BYTES)];
    let mut state: CUlinkState = null_mut();
    // SAFETY: options and values are two each, the buffer is as long as they say, and all three outlive the link.
    unsafe { cu::cuLinkCreate_v2(2, options.as_mut_ptr(), values.as_mut_ptr(), &mut state) }?;
    let link = Link(state);
    // SAFETY: the caller's promise is passed on.
    let linked = unsafe { link.load(fatbins) };
    drop(link);
    linked.inspect_err(|error| {
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
        log::error!("relocatable code does not link: {error:?}: {}", String::from_utf8_lossy(&log[..end]));
    })
}

impl Link {
    /// # Safety
    /// As [`load`].
    unsafe fn load(&self, mut fatbins: *const *const c_void) -> RtResult<CUmodule> {
        let mut number = 0;
        loop {
            // SAFETY: a null stands behind the last address.
            let fatbin = unsafe { fatbins.read() };
            if fatbin.is_null() {
                break;
            }
            number += 1;
            // SAFETY: the address is that of a whole fatbin.
            unsafe { self.add(fatbin, number) }?;
            // SAFETY: this was not the null behind the last.
            fatbins = unsafe { fatbins.add(1) };
        }
        let (mut image, mut len) = (null_mut(), 0);
        cu::cuLinkComplete(self.0, &mut image, &mut len)?;
        let mut module = null_mut();
        // SAFETY: the image is the link's, and whole.
        unsafe { cu::cuModuleLoadData(&mut module, image) }?;
        Ok(module)
    }

    /// # Safety
    /// `fatbin` leads to a whole fatbin.
    unsafe fn add(&self, fatbin: *const c_void, number: u32) -> RtResult<()> {
        // SAFETY: a fatbin is at least its header.
        let header = unsafe { std::slice::from_raw_parts(fatbin.cast::<u8>(), fatbin::HEADER_BYTES) };
        let len = fatbin::total_len(header).ok_or(RtError::INVALID_KERNEL_IMAGE)?;
        let name = format!("object {number}\0");
        let (name, data) = (name.as_ptr().cast::<c_char>(), fatbin.cast_mut());
        let kind = CUjitInputType::CU_JIT_INPUT_FATBINARY;
        // SAFETY: the fatbin is as long as its header says, the name ends with a NUL, and there are no options.
        unsafe { cu::cuLinkAddData_v2(self.0, kind, data, len, name, 0, null_mut(), null_mut()) }
    }
}
