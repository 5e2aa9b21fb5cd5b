//! The scalars alpha and beta: read from the host at once, or named by their device address.

use std::ffi::c_void;

use vgpu_core::abi::cublas::cudaDataType;

use crate::error::{CublasError, CublasResult};

/// The sixteen bytes that a message has for a scalar of type `kind`.
///
/// # Errors
/// `INVALID_VALUE`: the pointer is null; `NOT_SUPPORTED`: the type is none that a scalar can have here.
///
/// # Safety
/// Unless `on_device`, a non-null `scalar` leads to a value of type `kind`.
pub(crate) unsafe fn bytes(scalar: *const c_void, kind: cudaDataType, on_device: bool) -> CublasResult<[u8; 16]> {
    if scalar.is_null() {
        return Err(CublasError::INVALID_VALUE);
    }
    let mut bytes = [0; 16];
    if on_device {
        bytes[..8].copy_from_slice(&(scalar as u64).to_le_bytes());
        return Ok(bytes);
    }
    let len = match kind {
        cudaDataType::CUDA_R_16F => 2,
        cudaDataType::CUDA_R_32F => 4,
        cudaDataType::CUDA_R_64F => 8,
        _ => return Err(CublasError::NOT_SUPPORTED),
    };
    // SAFETY: the caller's value is `len` bytes long, and the local has more room.
    unsafe { std::ptr::copy_nonoverlapping(scalar.cast::<u8>(), bytes.as_mut_ptr(), len) };
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_scalar_is_read_in_its_own_type() {
        let (half, single, double) = (0x3c00_u16, 1.5_f32, -2.0_f64);
        // SAFETY: each pointer leads to a value of the type named.
        let read = unsafe {
            [
                bytes((&raw const half).cast(), cudaDataType::CUDA_R_16F, false),
                bytes((&raw const single).cast(), cudaDataType::CUDA_R_32F, false),
                bytes((&raw const double).cast(), cudaDataType::CUDA_R_64F, false),
            ]
        }
        .map(|bytes| bytes.expect("it is valid"));
        assert_eq!(read[0][..4], [0, 0x3c, 0, 0]);
        assert_eq!(read[1][..4], single.to_le_bytes());
        assert_eq!(read[2][..8], double.to_le_bytes());
    }

    #[test]
    fn a_device_scalar_is_its_address() {
        // SAFETY: a device address is not followed.
        let read = unsafe { bytes(std::ptr::without_provenance(0x1234), cudaDataType::CUDA_R_32F, true) };
        assert_eq!(read.expect("it is valid")[..8], 0x1234_u64.to_le_bytes());
    }

    #[test]
    fn a_null_scalar_is_invalid() {
        // SAFETY: null is not followed.
        let read = unsafe { bytes(std::ptr::null(), cudaDataType::CUDA_R_32F, false) };
        assert_eq!(read, Err(CublasError::INVALID_VALUE));
    }
}
