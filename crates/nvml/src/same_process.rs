//! The memory that this process itself holds, where its libcuda has an executor of its own: nobody else knows of it.

use std::ffi::c_void;

use libloading::os::unix::{Library, RTLD_NOW};
use vgpu_core::abi::CUuuid;
use vgpu_core::private_table::{PRIVATE_TABLE_UUID, PrivateTable};
use vgpu_core::wire::messages::MemInfoReply;

/// What the process's libcuda says of the device of that UUID; `None` where it has not been loaded, is not ours, or has no
/// context on the device, which then holds nothing.
pub(crate) fn memory(uuid: &[u8; 16]) -> Option<MemInfoReply> {
    type ExportTable = unsafe extern "C" fn(*mut *const c_void, *const CUuuid) -> u32;
    // SAFETY: RTLD_NOLOAD runs no code; it only finds a library that is already loaded.
    let libcuda = unsafe { Library::open(Some("libcuda.so.1"), RTLD_NOW | libc::RTLD_NOLOAD) }.ok()?;
    // SAFETY: the public header declares the function so.
    let export_table = unsafe { libcuda.get::<ExportTable>(b"cuGetExportTable\0") }.ok()?;
    let mut found = std::ptr::null();
    let id = CUuuid { bytes: PRIVATE_TABLE_UUID.map(u8::cast_signed) };
    // SAFETY: both pointers are to locals.
    if unsafe { export_table(&raw mut found, &raw const id) } != 0 {
        return None;
    }
    // SAFETY: only our libcuda knows the UUID, and its table lives as long as it is loaded, which is for ever.
    let table = unsafe { found.cast::<PrivateTable>().as_ref() }.filter(|table| table.is_usable())?;
    let mut memory = MemInfoReply { free_bytes: 0, total_bytes: 0 };
    // SAFETY: both pointers are to what their types say.
    (unsafe { (table.memory)(uuid, &raw mut memory) } == 0).then_some(memory)
}
