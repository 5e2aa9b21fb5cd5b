//! Device addresses as the runtime writes them: `void*` at the border, numbers towards the driver.

use std::ffi::{c_int, c_uint, c_void};

use vgpu_core::abi::runtime::{cudaMemoryType, cudaPointerAttributes};
use vgpu_core::abi::{CUdeviceptr, CUmemorytype, CUpointer_attribute};

use crate::driver as cu;
use crate::error::RtResult;

/// The address that a pointer holds.
pub(crate) fn address(pointer: *const c_void) -> CUdeviceptr {
    pointer as usize as CUdeviceptr
}

/// A device address as a program's pointer. It leads nowhere on the host unless the memory is managed or pinned.
pub(crate) fn pointer(address: CUdeviceptr) -> *mut c_void {
    // The driver's addresses fit a pointer: both are 64 bits wide.
    std::ptr::with_exposed_provenance_mut(address as usize)
}

/// `cudaInvalidDeviceId`: the device of memory that CUDA does not know.
const NO_DEVICE: c_int = -2;

/// What the driver knows about `address`. Memory that it does not know is unregistered host memory, not an error.
pub(crate) fn attributes(at: *const c_void) -> RtResult<cudaPointerAttributes> {
    let mut kind = CUmemorytype(0);
    let mut managed: c_uint = 0;
    let mut device: c_int = NO_DEVICE;
    let (mut device_pointer, mut host_pointer) = (0u64, std::ptr::null_mut::<c_void>());
    query(
        address(at),
        [
            (CUpointer_attribute::CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (&raw mut kind).cast()),
            (CUpointer_attribute::CU_POINTER_ATTRIBUTE_IS_MANAGED, (&raw mut managed).cast()),
            (CUpointer_attribute::CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, (&raw mut device).cast()),
            (CUpointer_attribute::CU_POINTER_ATTRIBUTE_DEVICE_POINTER, (&raw mut device_pointer).cast()),
            (CUpointer_attribute::CU_POINTER_ATTRIBUTE_HOST_POINTER, (&raw mut host_pointer).cast()),
        ],
    )?;
    let type_ = match (kind, managed) {
        (CUmemorytype(0), _) => cudaMemoryType::cudaMemoryTypeUnregistered,
        (_, 1..) => cudaMemoryType::cudaMemoryTypeManaged,
        (CUmemorytype::CU_MEMORYTYPE_HOST, _) => cudaMemoryType::cudaMemoryTypeHost,
        _ => cudaMemoryType::cudaMemoryTypeDevice,
    };
    if type_ == cudaMemoryType::cudaMemoryTypeUnregistered {
        return Ok(cudaPointerAttributes {
            type_,
            device: NO_DEVICE,
            devicePointer: std::ptr::null_mut(),
            hostPointer: at.cast_mut(),
        });
    }
    Ok(cudaPointerAttributes { type_, device, devicePointer: pointer(device_pointer), hostPointer: host_pointer })
}

/// Whether `address` lies in managed memory.
pub(crate) fn is_managed(address: CUdeviceptr) -> bool {
    let mut managed: c_uint = 0;
    query(address, [(CUpointer_attribute::CU_POINTER_ATTRIBUTE_IS_MANAGED, (&raw mut managed).cast())]).is_ok()
        && managed != 0
}

/// Asks for several attributes at once: then an address that the driver does not know leaves zeros instead of an error.
fn query<const N: usize>(address: CUdeviceptr, rows: [(CUpointer_attribute, *mut c_void); N]) -> RtResult {
    let names = rows.map(|row| row.0);
    let slots = rows.map(|row| row.1);
    let count = c_uint::try_from(N).unwrap_or(c_uint::MAX);
    // SAFETY: both arrays hold `count` entries, and each slot is a local of the type that its attribute has.
    unsafe { cu::cuPointerGetAttributes(count, names.as_ptr(), slots.as_ptr(), address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_way_to_a_pointer_and_back() {
        assert_eq!(address(pointer(0x7f00_1234_5678)), 0x7f00_1234_5678);
    }
}
