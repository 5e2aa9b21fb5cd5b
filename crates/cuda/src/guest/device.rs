//! Devices: described once by the executor, answered from memory afterwards.

use vgpu_core::abi::CUdevice_attribute;
use vgpu_core::guest::Link;
use vgpu_core::wire::messages::{DEVICE_ATTRIBUTE_COUNT, DeviceInfo, DeviceInfoReply};
use vgpu_core::{CuError, CuResult};

/// More devices than any host has; a larger count is a broken executor.
pub(super) const MAX_DEVICES: u32 = 64;

/// A visible device.
pub(crate) struct Device {
    /// Its number among the visible ones: the program's `CUdevice`.
    pub(crate) ordinal: usize,
    /// Its number at the executor.
    pub(crate) wire: u32,
    pub(crate) name: String,
    pub(crate) uuid: [u8; 16],
    pub(crate) total_mem_bytes: u64,
    pub(crate) pci: PciAddress,
    /// What its executor asks of guests.
    wants: u32,
    attributes: Box<[i32; DEVICE_ATTRIBUTE_COUNT]>,
    pub(crate) launch_limits: Limits,
}

/// Where a device sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PciAddress {
    pub(crate) domain: u32,
    pub(crate) bus: u32,
    pub(crate) device: u32,
}

/// What a device allows of a launch's shape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) grid: [u32; 3],
    pub(crate) block: [u32; 3],
    pub(crate) block_threads: u32,
}

/// Asks the executor for all its devices.
///
/// # Errors
/// Those of the link; `UNKNOWN` when the answer makes no sense.
pub(crate) fn discover(link: &Link) -> CuResult<Vec<DeviceInfoReply>> {
    let mut all = Vec::new();
    let mut device = 0;
    loop {
        let mut info = link.call(&DeviceInfo { device, reserved: 0 }, &[])?.reply;
        if info.device_count > MAX_DEVICES {
            log::error!("the executor claims {} devices", info.device_count);
            return Err(CuError::UNKNOWN);
        }
        if device >= info.device_count {
            return Ok(all);
        }
        if let Some(place) = link.place() {
            place.move_here(device, &mut info);
        }
        all.push(info);
        device += 1;
    }
}

impl Device {
    pub(crate) fn new(ordinal: usize, wire: usize, info: &DeviceInfoReply) -> Self {
        let len = info.name.iter().position(|byte| *byte == 0).unwrap_or(info.name.len());
        let mut device = Self {
            ordinal,
            wire: u32::try_from(wire).expect("there are at most MAX_DEVICES devices"),
            name: String::from_utf8_lossy(&info.name[..len]).into_owned(),
            uuid: info.uuid,
            total_mem_bytes: info.total_mem_bytes,
            pci: PciAddress { domain: info.pci_domain, bus: info.pci_bus, device: info.pci_device },
            wants: info.wants,
            attributes: Box::new(info.attributes),
            launch_limits: Limits::default(),
        };
        device.launch_limits = device.limits_of_launches();
        device
    }

    /// The value of an attribute.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is no attribute of that number.
    pub(crate) fn attribute(&self, attribute: CUdevice_attribute) -> CuResult<i32> {
        let index = usize::try_from(attribute.0).map_err(|_| CuError::INVALID_VALUE)?;
        match index {
            1..DEVICE_ATTRIBUTE_COUNT => Ok(self.attributes[index]),
            _ => Err(CuError::INVALID_VALUE),
        }
    }

    /// The value of an attribute that is a count; 0 when the executor gave nonsense.
    pub(crate) fn limit(&self, attribute: CUdevice_attribute) -> u32 {
        self.attribute(attribute).ok().and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
    }

    fn limits_of_launches(&self) -> Limits {
        use CUdevice_attribute as A;
        Limits {
            grid: [
                self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X),
                self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y),
                self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z),
            ],
            block: [
                self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X),
                self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y),
                self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z),
            ],
            block_threads: self.limit(A::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
        }
    }

    /// Whether its executor asks for that: one of the flags of [`DeviceInfoReply::wants`].
    #[inline]
    pub(crate) fn wants(&self, flag: u32) -> bool {
        self.wants & flag != 0
    }

    /// The compute capability as 10 × major + minor.
    pub(crate) fn capability(&self) -> u32 {
        let major = self.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        let minor = self.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        major.saturating_mul(10).saturating_add(minor)
    }

    /// The device's number as C programs hold it.
    pub(crate) fn handle(&self) -> i32 {
        i32::try_from(self.ordinal).expect("there are at most MAX_DEVICES devices")
    }
}

impl PciAddress {
    /// Reads `[domain:]bus:device[.function]`, all in hexadecimal.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.split_once('.').map_or(text, |(address, _function)| address);
        let fields: Vec<u32> =
            text.split(':').map(|field| u32::from_str_radix(field, 16).ok()).collect::<Option<_>>()?;
        match fields[..] {
            [domain, bus, device] => Some(Self { domain, bus, device }),
            [bus, device] => Some(Self { domain: 0, bus, device }),
            _ => None,
        }
    }
}

impl std::fmt::Display for PciAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { domain, bus, device } = self;
        write!(f, "{domain:04X}:{bus:02X}:{device:02X}.0")
    }
}

#[cfg(test)]
mod tests {
    use super::PciAddress;

    #[test]
    fn pci_addresses_are_read_in_every_usual_form() {
        let address = PciAddress { domain: 0, bus: 0x3b, device: 5 };
        for text in ["0000:3b:05.0", "0000:3B:05", "3b:5.0", "00000000:3b:05.0"] {
            assert_eq!(PciAddress::parse(text), Some(address));
        }
        assert_eq!(address.to_string(), "0000:3B:05.0");
    }

    #[test]
    fn what_is_no_pci_address_is_refused() {
        for text in ["", "3b", "x:y:z", "1:2:3:4", "100000000:0:0"] {
            assert_eq!(PciAddress::parse(text), None);
        }
    }
}
