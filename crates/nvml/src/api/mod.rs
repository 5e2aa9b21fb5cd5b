//! The functions' bodies under their C names, one file per chapter of NVML's reference.

#![allow(non_snake_case, reason = "the names are C's")]

use std::ffi::c_char;

use vgpu_core::ffi::OutSlice;

use crate::error::{NvmlError, NvmlResult};

pub(crate) mod device;
pub(crate) mod encoder;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod init;
pub(crate) mod multi_instance;
mod reading;
pub(crate) mod sensor;
pub(crate) mod system;

/// Writes all of `text` and its NUL.
///
/// # Errors
/// `INSUFFICIENT_SIZE`: there is no room.
fn write_text(mut target: OutSlice<c_char>, text: &str) -> NvmlResult {
    if target.len() <= text.len() {
        return Err(NvmlError::INSUFFICIENT_SIZE);
    }
    target.write_str(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_needs_room_for_its_nul() {
        let mut buffer: [c_char; 4] = [0x55; 4];
        // SAFETY: the array has four elements.
        let target = unsafe { OutSlice::new(buffer.as_mut_ptr(), 4) }.expect("it is not null");
        assert_eq!(write_text(target, "four"), Err(NvmlError::INSUFFICIENT_SIZE));
        // SAFETY: as above.
        let target = unsafe { OutSlice::new(buffer.as_mut_ptr(), 4) }.expect("it is not null");
        assert_eq!(write_text(target, "abc"), Ok(()));
        assert_eq!(buffer, [0x61, 0x62, 0x63, 0]);
    }
}
