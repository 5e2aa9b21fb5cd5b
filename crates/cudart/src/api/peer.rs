//! Access between devices.

use std::ffi::{c_int, c_uint};

use vgpu_core::abi::CUdevice_P2PAttribute;
use vgpu_core::abi::runtime::cudaDeviceP2PAttr;
use vgpu_core::ffi::Out;

use crate::error::RtResult;
use crate::{current, driver as cu};

pub(crate) fn cudaDeviceCanAccessPeer(canAccessPeer: Out<c_int>, device: c_int, peerDevice: c_int) -> RtResult {
    let mut can = 0;
    cu::cuDeviceCanAccessPeer(&mut can, current::device_of(device)?, current::device_of(peerDevice)?)?;
    canAccessPeer.write(can);
    Ok(())
}

pub(crate) fn cudaDeviceEnablePeerAccess(peerDevice: c_int, flags: c_uint) -> RtResult {
    current::context()?;
    cu::cuCtxEnablePeerAccess(current::primary(current::device_of(peerDevice)?)?, flags)
}

pub(crate) fn cudaDeviceDisablePeerAccess(peerDevice: c_int) -> RtResult {
    current::context()?;
    cu::cuCtxDisablePeerAccess(current::primary(current::device_of(peerDevice)?)?)
}

pub(crate) fn cudaDeviceGetP2PAttribute(
    value: Out<c_int>,
    attr: cudaDeviceP2PAttr,
    srcDevice: c_int,
    dstDevice: c_int,
) -> RtResult {
    let (source, target) = (current::device_of(srcDevice)?, current::device_of(dstDevice)?);
    let mut found = 0;
    cu::cuDeviceGetP2PAttribute(&mut found, CUdevice_P2PAttribute(attr.0), source, target)?;
    value.write(found);
    Ok(())
}
