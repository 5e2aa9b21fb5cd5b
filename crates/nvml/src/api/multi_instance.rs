//! Multi-instance GPUs, of which there are none.

use std::ffi::c_uint;

use vgpu_core::abi::nvml::nvmlDevice_t;
use vgpu_core::ffi::Out;

use crate::error::NvmlResult;
use crate::session;

/// Never: every handle is a whole device.
pub(crate) fn nvmlDeviceIsMigDeviceHandle(device: nvmlDevice_t, isMigDevice: Out<c_uint>) -> NvmlResult {
    session::with_device(device, |_| Ok(()))?;
    isMigDevice.write(0);
    Ok(())
}
