//! On which side of a copy what is.

use std::ffi::c_void;

use vgpu_core::abi::runtime::cudaMemcpyKind;
use vgpu_core::abi::{CUdeviceptr, CUmemorytype};

use crate::error::{RtError, RtResult};
use crate::pointer::address;

/// On which side of a copy host and device memory are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    HostToHost,
    HostToDevice,
    DeviceToHost,
    DeviceToDevice,
    /// The driver tells the sides from the addresses.
    Inferred,
}

impl Direction {
    /// # Errors
    /// `INVALID_MEMCPY_DIRECTION`: there is no such kind.
    pub(crate) fn from_kind(kind: cudaMemcpyKind) -> RtResult<Self> {
        Ok(match kind {
            cudaMemcpyKind::cudaMemcpyHostToHost => Self::HostToHost,
            cudaMemcpyKind::cudaMemcpyHostToDevice => Self::HostToDevice,
            cudaMemcpyKind::cudaMemcpyDeviceToHost => Self::DeviceToHost,
            cudaMemcpyKind::cudaMemcpyDeviceToDevice => Self::DeviceToDevice,
            cudaMemcpyKind::cudaMemcpyDefault => Self::Inferred,
            _ => return Err(RtError::INVALID_MEMCPY_DIRECTION),
        })
    }

    /// Source and target as the driver's memory types.
    pub(crate) fn sides(self) -> (CUmemorytype, CUmemorytype) {
        const HOST: CUmemorytype = CUmemorytype::CU_MEMORYTYPE_HOST;
        const DEVICE: CUmemorytype = CUmemorytype::CU_MEMORYTYPE_DEVICE;
        match self {
            Self::HostToHost => (HOST, HOST),
            Self::HostToDevice => (HOST, DEVICE),
            Self::DeviceToHost => (DEVICE, HOST),
            Self::DeviceToDevice => (DEVICE, DEVICE),
            Self::Inferred => (CUmemorytype::CU_MEMORYTYPE_UNIFIED, CUmemorytype::CU_MEMORYTYPE_UNIFIED),
        }
    }
}

pub(crate) fn source_side(memory: CUmemorytype, source: *const c_void) -> (*const c_void, CUdeviceptr) {
    if memory == CUmemorytype::CU_MEMORYTYPE_HOST { (source, 0) } else { (std::ptr::null(), address(source)) }
}

pub(crate) fn target_side(memory: CUmemorytype, target: *mut c_void) -> (*mut c_void, CUdeviceptr) {
    if memory == CUmemorytype::CU_MEMORYTYPE_HOST { (target, 0) } else { (std::ptr::null_mut(), address(target)) }
}
