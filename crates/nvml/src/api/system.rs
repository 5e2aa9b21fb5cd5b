//! The system: versions.

use std::ffi::{c_char, c_int, c_uint};

use vgpu_core::ffi::{Out, OutSlice};
use vgpu_core::reading::Reading;

use super::write_text;
use crate::device::Device;
use crate::error::NvmlResult;
use crate::session::{self, Session};

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
    session::current()?;
    write_text(version, &hosts(Reading::DriverVersion).unwrap_or_else(|| driver_name(cuda_version()).to_owned()))
}

/// The CUDA major version before the driver's name. It needs no init.
///
/// **Source:** NVML's reference, system queries.
pub(crate) fn nvmlSystemGetNVMLVersion(version: OutSlice<c_char>, _length: c_uint) -> NvmlResult {
    let cuda = cuda_version();
    let own = || format!("{}.{}", cuda / 1000, driver_name(cuda));
    write_text(version, &hosts(Reading::NvmlVersion).unwrap_or_else(own))
}

/// 1000 · major + 10 · minor. It needs no init either.
pub(crate) fn nvmlSystemGetCudaDriverVersion(cudaDriverVersion: Out<c_int>) -> NvmlResult {
    cudaDriverVersion.write(cuda_version().cast_signed());
    Ok(())
}

/// What the host's NVML says of itself, if there is one.
fn hosts(reading: Reading) -> Option<String> {
    session::current().ok()?.read(0, reading, 0).ok().map(|reply| reply.text())
}

fn cuda_version() -> u32 {
    let first = |session: &Session| session.devices().first().map(Device::driver_version);
    session::current().ok().and_then(|session| first(&session)).unwrap_or(CUDA_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::NvmlError;

    #[test]
    fn the_versions_of_interfaces_need_no_init_and_that_of_the_driver_does() {
        let (mut version, mut text) = (0, [0; 80]);
        assert_eq!(nvmlSystemGetCudaDriverVersion((&mut version).into()), Ok(()));
        assert_eq!(version, 12_090);
        let mut room = || {
            // SAFETY: the array has that many elements.
            unsafe { OutSlice::new(text.as_mut_ptr(), text.len()) }.expect("it is not null")
        };
        assert_eq!(nvmlSystemGetNVMLVersion(room(), 80), Ok(()));
        assert_eq!(nvmlSystemGetDriverVersion(room(), 80), Err(NvmlError::UNINITIALIZED));
    }

    #[test]
    fn a_driver_goes_with_its_cuda_version() {
        assert_eq!(driver_name(12_080), "570.124.06");
        assert_eq!(driver_name(12_085), "570.124.06");
        assert_eq!(driver_name(99_000), "580.65.06");
        assert_eq!(driver_name(0), "550.54.14");
    }
}
