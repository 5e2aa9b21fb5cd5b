//! The system: versions.

use std::ffi::{c_char, c_int, c_uint};

use vgpu_core::ffi::{Out, OutSlice};
use vgpu_core::reading::Reading;

use super::write_text;
use crate::error::NvmlResult;
use crate::session;

/// Drivers by the CUDA version that they came with, for the software GPU: the daemon states the version, and programs compare
/// the driver's name with what they need. Source: the toolkit release notes' table of drivers.
const DRIVERS: [(u32, &str); 6] = [
    (12_040, "550.54.14"),
    (12_050, "555.42.02"),
    (12_060, "560.28.03"),
    (12_080, "570.124.06"),
    (12_090, "575.57.08"),
    (13_000, "580.65.06"),
];

/// The latest driver whose CUDA version is not above `version`, the oldest below all of them.
fn driver_name(version: u32) -> &'static str {
    DRIVERS.iter().rev().find(|(cuda, _)| *cuda <= version).map_or(DRIVERS[0].1, |(_, name)| name)
}

/// What the driver supports where there is no device to ask: CUDA 12.9.
const CUDA_VERSION: u32 = 12_090;

pub(crate) fn nvmlSystemGetDriverVersion(version: OutSlice<c_char>, _length: c_uint) -> NvmlResult {
    let cuda = cuda_version()?;
    write_text(version, &hosts(Reading::DriverVersion).unwrap_or_else(|| driver_name(cuda).to_owned()))
}

/// The CUDA major version before the driver's name.
pub(crate) fn nvmlSystemGetNVMLVersion(version: OutSlice<c_char>, _length: c_uint) -> NvmlResult {
    let cuda = cuda_version()?;
    let own = || format!("{}.{}", cuda / 1000, driver_name(cuda));
    write_text(version, &hosts(Reading::NvmlVersion).unwrap_or_else(own))
}

/// 1000 · major + 10 · minor.
pub(crate) fn nvmlSystemGetCudaDriverVersion(cudaDriverVersion: Out<c_int>) -> NvmlResult {
    cudaDriverVersion.write(cuda_version()?.cast_signed());
    Ok(())
}

/// What the host's NVML says of itself, if there is one.
fn hosts(reading: Reading) -> Option<String> {
    session::current().ok()?.read(0, reading, 0).ok().map(|reply| reply.text())
}

fn cuda_version() -> NvmlResult<u32> {
    let session = session::current()?;
    Ok(session.devices().first().map_or(CUDA_VERSION, |device| device.driver_version()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_goes_with_its_cuda_version() {
        assert_eq!(driver_name(12_080), "570.124.06");
        assert_eq!(driver_name(12_085), "570.124.06");
        assert_eq!(driver_name(99_000), "580.65.06");
        assert_eq!(driver_name(0), "550.54.14");
    }
}
