//! Versions.

use std::ffi::c_int;

use vgpu_core::ffi::Out;

use crate::driver as cu;
use crate::error::{RtError, RtResult};

/// The runtime whose interface this is: 12.9, as 1000 · major + 10 · minor.
pub(crate) const RUNTIME_VERSION: c_int = 12_090;

/// The latest CUDA version that the driver supports; 0 without a driver, which is not an error.
pub(crate) fn cudaDriverGetVersion(driverVersion: Out<c_int>) -> RtResult {
    let mut version = 0;
    match cu::cuDriverGetVersion(&mut version) {
        Ok(()) | Err(RtError::INSUFFICIENT_DRIVER) => {
            driverVersion.write(version);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn cudaRuntimeGetVersion(runtimeVersion: Out<c_int>) -> RtResult {
    runtimeVersion.write(RUNTIME_VERSION);
    Ok(())
}
