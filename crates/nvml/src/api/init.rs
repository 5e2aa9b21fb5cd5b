//! Initialisation and clean-up.

use std::ffi::{c_uint, c_void};

use vgpu_core::ffi::Out;

use crate::error::{NvmlError, NvmlResult};
use crate::session;

pub(crate) fn nvmlInit_v2() -> NvmlResult {
    session::open()
}

/// Bit 0: no GPU is no error, which is so in any case; bit 1: do not attach to GPUs, which this library never does.
pub(crate) fn nvmlInitWithFlags(flags: c_uint) -> NvmlResult {
    if flags > 3 {
        return Err(NvmlError::INVALID_ARGUMENT);
    }
    session::open()
}

pub(crate) fn nvmlShutdown() -> NvmlResult {
    session::close()
}

/// The table that nvidia-smi asks for, and refuses to start without. It checks each slot before it calls it.
const SMI_TABLE_ID: [u8; 16] =
    [0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e, 0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4];
/// More slots than any version of it has had (255).
static SMI_TABLE: [usize; 512] = [0; 512];

/// Whether `id` is that table's, in either of the byte orders in which such numbers are kept.
fn is_smi_table(id: [u8; 16]) -> bool {
    let mut swapped = SMI_TABLE_ID;
    swapped[..4].reverse();
    swapped[4..6].reverse();
    swapped[6..8].reverse();
    id == SMI_TABLE_ID || id == swapped
}

/// The table of nvidia-smi, with no function in it.
///
/// # Errors
/// `INVALID_ARGUMENT`: the id is null; `NOT_FOUND`: there is no other table.
pub(crate) unsafe fn nvmlInternalGetExportTable(table: Out<*const c_void>, id: *const c_void) -> NvmlResult {
    if id.is_null() {
        return Err(NvmlError::INVALID_ARGUMENT);
    }
    // SAFETY: an id is 16 bytes long.
    let id = unsafe { id.cast::<[u8; 16]>().read_unaligned() };
    if !is_smi_table(id) {
        return Err(NvmlError::NOT_FOUND);
    }
    table.write(SMI_TABLE.as_ptr().cast());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(id: [u8; 16]) -> NvmlResult<*const c_void> {
        let mut found = std::ptr::null::<c_void>();
        // SAFETY: the id is 16 bytes long.
        unsafe { nvmlInternalGetExportTable((&mut found).into(), (&raw const id).cast()) }.map(|()| found)
    }

    #[test]
    fn the_table_of_nvidia_smi_is_there_and_no_other() {
        assert!(table(SMI_TABLE_ID).is_ok_and(|found| !found.is_null()));
        assert_eq!(table([7; 16]), Err(NvmlError::NOT_FOUND));
    }

    #[test]
    fn unknown_flags_are_invalid() {
        assert_eq!(nvmlInitWithFlags(4), Err(NvmlError::INVALID_ARGUMENT));
    }
}
