//! What is said of the opened driver and its GPUs: to guests what the driver says, but for what [`attributes`] overwrites, and
//! a line for the log.

use vgpu_core::CuError;
use vgpu_core::abi::CUdevice_attribute_enum as Attribute;
use vgpu_core::wire::messages::{
    DEVICE_ATTRIBUTE_COUNT, DeviceInfoReply, WANTS_ELAPSED, WANTS_MACHINE_CODE, WANTS_POINTS,
};

use crate::attributes;
use crate::open::Driver;

impl Driver {
    /// Each GPU as a guest is told of it, but for how much of its memory it may use.
    ///
    /// # Errors
    /// The driver's.
    pub fn describe_gpus(&self) -> Result<Vec<DeviceInfoReply>, CuError> {
        self.devices.iter().map(|device| describe(self, *device)).collect()
    }

    /// The driver in one line: library, version, GPUs.
    pub fn describe(&self) -> String {
        let name = |device: &i32| name(self, *device).unwrap_or_else(|error| error.to_string());
        let names: Vec<String> = self.devices.iter().map(name).collect();
        let (major, minor) = (self.version / 1000, self.version % 1000 / 10);
        format!("{} (CUDA {major}.{minor}), {}", self.path.display(), names.join(", "))
    }
}

/// The description of one of the driver's devices.
pub(crate) fn describe(driver: &Driver, device: i32) -> Result<DeviceInfoReply, CuError> {
    let api = &driver.api;
    let attributes = attributes::of(api, device);
    let of = |attribute: Attribute| attributes[attribute.0 as usize].cast_unsigned();
    let mut info = DeviceInfoReply {
        driver_version: driver.version,
        uuid: api.cuDeviceGetUuid_v2(device)?,
        total_mem_bytes: api.cuDeviceTotalMem_v2(device)? as u64,
        pci_domain: of(Attribute::CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID),
        pci_bus: of(Attribute::CU_DEVICE_ATTRIBUTE_PCI_BUS_ID),
        pci_device: of(Attribute::CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID),
        wants: WANTS_POINTS | WANTS_ELAPSED | WANTS_MACHINE_CODE,
        attributes,
        ..none(driver)
    };
    let name = name(driver, device)?;
    let len = name.len().min(info.name.len() - 1);
    info.name[..len].copy_from_slice(&name.as_bytes()[..len]);
    Ok(info)
}

/// What is said of a device that there is not: how many there are.
pub(crate) fn none(driver: &Driver) -> DeviceInfoReply {
    DeviceInfoReply {
        device_count: u32::try_from(driver.devices.len()).unwrap_or(u32::MAX),
        driver_version: 0,
        uuid: [0; 16],
        name: [0; 256],
        total_mem_bytes: 0,
        pci_domain: 0,
        pci_bus: 0,
        pci_device: 0,
        wants: 0,
        attributes: [0; DEVICE_ATTRIBUTE_COUNT],
    }
}

/// A device's name.
fn name(driver: &Driver, device: i32) -> Result<String, CuError> {
    let mut name = [0_u8; 256];
    // SAFETY: the first argument leads to as many bytes as the second says.
    unsafe { driver.api.cuDeviceGetName(name.as_mut_ptr().cast(), 256, device) }?;
    let len = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Ok(String::from_utf8_lossy(&name[..len]).into_owned())
}
