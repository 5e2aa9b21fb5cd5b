//! Unified addressing: what an address is.

use std::ffi::{c_int, c_uint, c_void};

use vgpu_core::abi::{CUDA_POINTER_ATTRIBUTE_ACCESS_FLAGS as Access, CUcontext, CUmemorytype, CUpointer_attribute};
use vgpu_core::ffi::InSlice;
use vgpu_core::{CuError, CuResult};

use super::handle;
use crate::guest::allocation::{Allocation, Kind};
use crate::guest::context::Context;
use crate::guest::{Process, process};

/// An attribute's value in the type that it has in C.
enum Value {
    Int(c_int),
    Unsigned(c_uint),
    Long(u64),
    Pointer(*mut c_void),
}

impl Value {
    /// # Safety
    /// `data` is writable for the attribute's type.
    unsafe fn write(self, data: *mut c_void) {
        match self {
            // SAFETY: the caller has room for the attribute's type.
            Self::Int(value) => unsafe { data.cast::<c_int>().write_unaligned(value) },
            // SAFETY: as above.
            Self::Unsigned(value) => unsafe { data.cast::<c_uint>().write_unaligned(value) },
            // SAFETY: as above.
            Self::Long(value) => unsafe { data.cast::<u64>().write_unaligned(value) },
            // SAFETY: as above.
            Self::Pointer(value) => unsafe { data.cast::<*mut c_void>().write_unaligned(value) },
        }
    }
}

/// The value of an attribute for an address in `range`.
fn value(process: &Process, range: &Allocation, address: u64, attribute: CUpointer_attribute) -> CuResult<Value> {
    use CUpointer_attribute as A;
    let owner = Context::all(process).into_iter().find(|context| context.number() == range.context);
    Ok(match attribute {
        A::CU_POINTER_ATTRIBUTE_CONTEXT => {
            let context: CUcontext = owner.map_or(std::ptr::null_mut(), |context| handle(context.handle));
            Value::Pointer(context.cast())
        }
        A::CU_POINTER_ATTRIBUTE_MEMORY_TYPE => Value::Unsigned(match range.kind {
            Kind::Pinned(_) | Kind::Registered(_) | Kind::Mapped(_) => CUmemorytype::CU_MEMORYTYPE_HOST.0,
            Kind::Device | Kind::Variable | Kind::Managed => CUmemorytype::CU_MEMORYTYPE_DEVICE.0,
        }),
        A::CU_POINTER_ATTRIBUTE_DEVICE_POINTER => {
            Value::Long(range.device_address(&process.link, address).ok_or(CuError::INVALID_VALUE)?)
        }
        A::CU_POINTER_ATTRIBUTE_HOST_POINTER => {
            if !range.kind.is_host() {
                return Err(CuError::INVALID_VALUE);
            }
            Value::Long(address)
        }
        A::CU_POINTER_ATTRIBUTE_SYNC_MEMOPS
        | A::CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE
        | A::CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE
        | A::CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE => Value::Int(0),
        A::CU_POINTER_ATTRIBUTE_BUFFER_ID => Value::Long(range.id),
        A::CU_POINTER_ATTRIBUTE_IS_MANAGED => Value::Int((range.kind == Kind::Managed).into()),
        A::CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL => {
            Value::Int(owner.map_or(-1, |context| context.device(process).handle()))
        }
        A::CU_POINTER_ATTRIBUTE_RANGE_START_ADDR => Value::Long(range.base),
        A::CU_POINTER_ATTRIBUTE_RANGE_SIZE => Value::Long(range.len_bytes),
        A::CU_POINTER_ATTRIBUTE_MAPPED => Value::Int(range.kind.is_device().into()),
        // No way to share it with other processes.
        A::CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES => Value::Long(0),
        A::CU_POINTER_ATTRIBUTE_ACCESS_FLAGS => Value::Unsigned(Access::CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE.0),
        A::CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE => Value::Pointer(std::ptr::null_mut()),
        _ => return Err(CuError::INVALID_VALUE),
    })
}

/// What `cuPointerGetAttributes` says about memory that CUDA does not know.
fn nothing(attribute: CUpointer_attribute) -> Option<Value> {
    use CUpointer_attribute as A;
    Some(match attribute {
        A::CU_POINTER_ATTRIBUTE_CONTEXT | A::CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE => {
            Value::Pointer(std::ptr::null_mut())
        }
        A::CU_POINTER_ATTRIBUTE_MEMORY_TYPE => Value::Unsigned(0),
        A::CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL => Value::Int(-2),
        A::CU_POINTER_ATTRIBUTE_SYNC_MEMOPS
        | A::CU_POINTER_ATTRIBUTE_IS_MANAGED
        | A::CU_POINTER_ATTRIBUTE_MAPPED
        | A::CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE
        | A::CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE
        | A::CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE
        | A::CU_POINTER_ATTRIBUTE_ACCESS_FLAGS => Value::Int(0),
        A::CU_POINTER_ATTRIBUTE_DEVICE_POINTER
        | A::CU_POINTER_ATTRIBUTE_HOST_POINTER
        | A::CU_POINTER_ATTRIBUTE_BUFFER_ID
        | A::CU_POINTER_ATTRIBUTE_RANGE_START_ADDR
        | A::CU_POINTER_ATTRIBUTE_RANGE_SIZE
        | A::CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES => Value::Long(0),
        _ => return None,
    })
}

/// Gives an attribute of the memory at an address; memory that CUDA does not know is an error.
pub(crate) unsafe fn cuPointerGetAttribute(data: *mut c_void, attribute: CUpointer_attribute, ptr: u64) -> CuResult {
    let process = process()?;
    if data.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    let range = process.allocations.find(ptr).ok_or(CuError::INVALID_VALUE)?;
    let value = value(process, &range, ptr, attribute)?;
    // SAFETY: the caller has room for the attribute's type.
    unsafe { value.write(data) };
    Ok(())
}

/// Gives several attributes of the memory at an address; memory that CUDA does not know has null ones.
pub(crate) unsafe fn cuPointerGetAttributes(
    _numAttributes: c_uint,
    attributes: InSlice<'_, CUpointer_attribute>,
    data: *mut *mut c_void,
    ptr: u64,
) -> CuResult {
    let process = process()?;
    let range = process.allocations.find(ptr);
    // SAFETY: the caller gives as many places as attributes.
    let data = unsafe { InSlice::new(data.cast_const(), attributes.as_slice().len()) }?;
    for (attribute, slot) in attributes.as_slice().iter().zip(data.as_slice()) {
        let value = match &range {
            Some(range) => value(process, range, ptr, *attribute).ok().or_else(|| nothing(*attribute)),
            None => nothing(*attribute),
        };
        let value = value.ok_or(CuError::INVALID_VALUE)?;
        if slot.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller has room for each attribute's type.
        unsafe { value.write(*slot) };
    }
    Ok(())
}
