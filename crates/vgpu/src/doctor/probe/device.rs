//! What libcuda and libcudart say about devices.

use std::ffi::{OsStr, c_char, c_int};

use serde::{Deserialize, Serialize};

use super::library::{self, Kept, function};
use super::refusal::Refusal;

pub(super) const DRIVER: &str = "libcuda.so.1";
const RUNTIME: &str = "libcudart.so.12";
/// More devices than this are not asked.
pub(super) const DEVICES_MAX: c_int = 64;
/// What Ollama before 0.12.4 looked for in libcuda, all or nothing.
const EARLIEST: [&str; 10] = [
    "cuInit",
    "cuDriverGetVersion",
    "cuDeviceGetCount",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetUuid",
    "cuDeviceGetName",
    "cuCtxCreate_v3",
    "cuMemGetInfo_v2",
    "cuCtxDestroy",
];

/// What the libraries say about devices; codes are theirs.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct DeviceAnswer {
    pub(crate) init: u32,
    pub(crate) driver_version: i32,
    pub(crate) count: i32,
    /// Code and count of `cudaGetDeviceCount`, where there is a runtime.
    pub(crate) runtime: Option<(u32, i32)>,
    pub(crate) devices: Vec<Device>,
    /// Functions that early versions of Ollama need and libcuda lacks.
    pub(crate) lacks: Vec<String>,
}

/// One device.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) capability: (i32, i32),
    pub(crate) memory_bytes: u64,
    pub(crate) is_integrated: bool,
    /// Empty where libcuda does not tell.
    pub(crate) pci_address: String,
}

/// Asks both libraries.
pub(super) fn ask() -> Result<DeviceAnswer, Refusal> {
    let driver = library::open(OsStr::new(DRIVER))?;
    let mut answer = ask_driver(&driver)?;
    if let Ok(runtime) = library::open(OsStr::new(RUNTIME)) {
        type Count = unsafe extern "C" fn(*mut c_int) -> u32;
        let count = function!(runtime, b"cudaGetDeviceCount", Count)?;
        let mut devices = 0;
        // SAFETY: the pointer is to an int of this frame.
        let code = unsafe { count(&raw mut devices) };
        answer.runtime = Some((code, devices));
    }
    answer.lacks = EARLIEST.iter().filter(|name| !library::has(&driver, name)).map(|&name| name.to_owned()).collect();
    Ok(answer)
}

/// Asks libcuda alone.
pub(super) fn ask_driver(driver: &Kept) -> Result<DeviceAnswer, Refusal> {
    type Init = unsafe extern "C" fn(u32) -> u32;
    type Number = unsafe extern "C" fn(*mut c_int) -> u32;
    type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> u32;
    type Attribute = unsafe extern "C" fn(*mut c_int, c_int, c_int) -> u32;
    type Total = unsafe extern "C" fn(*mut usize, c_int) -> u32;
    type Uuid = unsafe extern "C" fn(*mut [u8; 16], c_int) -> u32;
    const INTEGRATED: c_int = 18;
    const CAPABILITY_MAJOR: c_int = 75;
    const CAPABILITY_MINOR: c_int = 76;

    let init = function!(driver, b"cuInit", Init)?;
    let version = function!(driver, b"cuDriverGetVersion", Number)?;
    let count = function!(driver, b"cuDeviceGetCount", Number)?;
    // SAFETY: cuInit takes flags, of which none is set.
    let init = unsafe { init(0) };
    let mut answer = DeviceAnswer { init, ..DeviceAnswer::default() };
    // SAFETY: the pointer is to an int of this frame.
    let _ = unsafe { version(&raw mut answer.driver_version) };
    if answer.init == 0 {
        // SAFETY: the pointer is to an int of this frame.
        Refusal::check("cuDeviceGetCount", unsafe { count(&raw mut answer.count) })?;
    }
    if answer.count <= 0 {
        return Ok(answer);
    }
    let name = function!(driver, b"cuDeviceGetName", Name)?;
    let attribute = function!(driver, b"cuDeviceGetAttribute", Attribute)?;
    let total = function!(driver, b"cuDeviceTotalMem_v2", Total)?;
    let uuid = function!(driver, b"cuDeviceGetUuid_v2", Uuid)?;
    let address = function!(driver, b"cuDeviceGetPCIBusId", Name).ok();
    for number in 0..answer.count.min(DEVICES_MAX) {
        let mut text = [0u8; 256];
        // SAFETY: the buffer has 256 bytes, of which the last stays 0.
        let _ = unsafe { name(text.as_mut_ptr().cast(), 255, number) };
        let [major, minor, integrated] = [CAPABILITY_MAJOR, CAPABILITY_MINOR, INTEGRATED].map(|which| {
            let mut value = 0;
            // SAFETY: the pointer is to an int of this frame.
            let _ = unsafe { attribute(&raw mut value, which, number) };
            value
        });
        let (mut bytes, mut id) = (0usize, [0u8; 16]);
        // SAFETY: the pointer is to a size_t of this frame.
        let _ = unsafe { total(&raw mut bytes, number) };
        // SAFETY: a CUuuid is 16 bytes.
        let _ = unsafe { uuid(&raw mut id, number) };
        let mut place = [0u8; 64];
        if let Some(address) = &address {
            // SAFETY: the buffer has 64 bytes, of which the last stays 0.
            let _ = unsafe { address(place.as_mut_ptr().cast(), 63, number) };
        }
        answer.devices.push(Device {
            name: library::text(&text),
            uuid: uuid_text(&id),
            capability: (major, minor),
            memory_bytes: bytes as u64,
            is_integrated: integrated != 0,
            pci_address: library::text(&place).to_ascii_lowercase(),
        });
    }
    Ok(answer)
}

fn uuid_text(id: &[u8; 16]) -> String {
    let hex: Vec<_> = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex[range].concat();
    format!("GPU-{}-{}-{}-{}-{}", part(0..4), part(4..6), part(6..8), part(8..10), part(10..16))
}
