//! Access between devices: there is none.

use std::ffi::{c_int, c_uint};

use vgpu_core::abi::{CUcontext, CUdevice, CUdevice_P2PAttribute};
use vgpu_core::ffi::Out;
use vgpu_core::{CuError, CuResult};

use crate::guest::context::Context;
use crate::guest::current;
use crate::guest::process;

/// Says that one device's kernels cannot reach another's memory.
pub(crate) fn cuDeviceCanAccessPeer(canAccessPeer: Out<'_, c_int>, dev: CUdevice, peerDev: CUdevice) -> CuResult {
    let process = process()?;
    process.device(dev)?;
    process.device(peerDev)?;
    canAccessPeer.write(0);
    Ok(())
}

/// Gives an attribute of the way between two devices; all are 0, as there is no way.
pub(crate) fn cuDeviceGetP2PAttribute(
    value: Out<'_, c_int>,
    attrib: CUdevice_P2PAttribute,
    srcDevice: CUdevice,
    dstDevice: CUdevice,
) -> CuResult {
    let process = process()?;
    let (source, target) = (process.device(srcDevice)?, process.device(dstDevice)?);
    if source.ordinal == target.ordinal {
        return Err(CuError::INVALID_DEVICE);
    }
    if !(1..=4).contains(&attrib.0) {
        return Err(CuError::INVALID_VALUE);
    }
    value.write(0);
    Ok(())
}

/// Refuses access to another context's memory, as `cuDeviceCanAccessPeer` announces.
pub(crate) fn cuCtxEnablePeerAccess(peerContext: CUcontext, Flags: c_uint) -> CuResult {
    let (process, own) = current::context()?;
    let peer = Context::find(process, super::id(peerContext))?;
    if Flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    if peer.ordinal == own.ordinal { Err(CuError::INVALID_DEVICE) } else { Err(CuError::PEER_ACCESS_UNSUPPORTED) }
}

/// Reports that there is no access to end.
pub(crate) fn cuCtxDisablePeerAccess(peerContext: CUcontext) -> CuResult {
    let (process, _) = current::context()?;
    Context::find(process, super::id(peerContext))?;
    Err(CuError::PEER_ACCESS_NOT_ENABLED)
}
