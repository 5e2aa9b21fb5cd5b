//! Version.

use std::ffi::c_int;

use vgpu_core::CuResult;
use vgpu_core::ffi::Out;

use crate::guest::process;

/// What is reported before `cuInit`, when no device could be asked: the version of the headers' API that we speak.
const OWN_VERSION: u32 = 12_080;

/// Reports the CUDA version of the driver as 1000 × major + 10 × minor; works before `cuInit`.
pub(crate) fn cuDriverGetVersion(driverVersion: Out<'_, c_int>) -> CuResult {
    let version = process().map_or(OWN_VERSION, |process| process.driver_version);
    driverVersion.write(super::clamp(version.into()));
    Ok(())
}
