//! What is known about a device: its identity as NVML writes it, and its attributes.

use vgpu_core::abi::CUdevice_attribute;
use vgpu_core::abi::nvml::{
    NVML_DEVICE_ARCH_ADA, NVML_DEVICE_ARCH_AMPERE, NVML_DEVICE_ARCH_BLACKWELL, NVML_DEVICE_ARCH_HOPPER,
    NVML_DEVICE_ARCH_KEPLER, NVML_DEVICE_ARCH_MAXWELL, NVML_DEVICE_ARCH_PASCAL, NVML_DEVICE_ARCH_TURING,
    NVML_DEVICE_ARCH_UNKNOWN, NVML_DEVICE_ARCH_VOLTA,
};
use vgpu_core::reading::uuid_text;
use vgpu_core::wire::messages::DeviceInfoReply;

/// One device.
pub(crate) struct Device {
    info: DeviceInfoReply,
    name: String,
    uuid: String,
}

impl Device {
    pub(crate) fn new(info: DeviceInfoReply) -> Self {
        let len = info.name.iter().position(|&byte| byte == 0).unwrap_or(info.name.len());
        let name = String::from_utf8_lossy(&info.name[..len]).into_owned();
        Self { name, uuid: uuid_text(info.uuid), info }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// "GPU-" and the number in its usual groups.
    pub(crate) fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The same number as bytes.
    pub(crate) fn uuid_bytes(&self) -> [u8; 16] {
        self.info.uuid
    }

    pub(crate) fn pci(&self) -> PciAddress {
        PciAddress { domain: self.info.pci_domain, bus: self.info.pci_bus, device: self.info.pci_device }
    }

    /// The CUDA version that the driver supports, as 1000 · major + 10 · minor.
    pub(crate) fn driver_version(&self) -> u32 {
        self.info.driver_version
    }

    pub(crate) fn attribute(&self, attribute: CUdevice_attribute) -> i32 {
        usize::try_from(attribute.0).ok().and_then(|at| self.info.attributes.get(at)).copied().unwrap_or(0)
    }

    /// Compute capability.
    pub(crate) fn capability(&self) -> (i32, i32) {
        (
            self.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
            self.attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        )
    }

    /// The architecture whose instructions the device has.
    pub(crate) fn architecture(&self) -> u32 {
        match self.capability() {
            (3, _) => NVML_DEVICE_ARCH_KEPLER,
            (5, _) => NVML_DEVICE_ARCH_MAXWELL,
            (6, _) => NVML_DEVICE_ARCH_PASCAL,
            (7, 0..=4) => NVML_DEVICE_ARCH_VOLTA,
            (7, _) => NVML_DEVICE_ARCH_TURING,
            (8, 9) => NVML_DEVICE_ARCH_ADA,
            (8, _) => NVML_DEVICE_ARCH_AMPERE,
            (9, _) => NVML_DEVICE_ARCH_HOPPER,
            (10 | 12, _) => NVML_DEVICE_ARCH_BLACKWELL,
            _ => NVML_DEVICE_ARCH_UNKNOWN,
        }
    }
}

/// Where a device is on the PCI bus; its function is always 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PciAddress {
    pub(crate) domain: u32,
    pub(crate) bus: u32,
    pub(crate) device: u32,
}

impl PciAddress {
    /// "00000000:01:00.0", as NVML writes it today.
    pub(crate) fn text(self) -> String {
        format!("{:08X}:{:02X}:{:02X}.0", self.domain, self.bus, self.device)
    }

    /// "0000:01:00.0", as it did once.
    pub(crate) fn legacy_text(self) -> String {
        format!("{:04X}:{:02X}:{:02X}.0", self.domain, self.bus, self.device)
    }

    /// Reads `[domain:]bus:device[.function]` in hexadecimal. Only function 0 is a device.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (place, function) = text.rsplit_once('.').unwrap_or((text, "0"));
        let hex = |digits: &str| u32::from_str_radix(digits, 16).ok();
        if hex(function)? != 0 {
            return None;
        }
        let parts: Vec<_> = place.split(':').collect();
        match parts[..] {
            [bus, device] => Some(Self { domain: 0, bus: hex(bus)?, device: hex(device)? }),
            [domain, bus, device] => Some(Self { domain: hex(domain)?, bus: hex(bus)?, device: hex(device)? }),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use vgpu_core::wire::messages::DEVICE_ATTRIBUTE_COUNT;

    use super::*;

    pub(crate) fn device(capability: (i32, i32)) -> Device {
        let mut attributes = [0; DEVICE_ATTRIBUTE_COUNT];
        (attributes[75], attributes[76]) = capability;
        let mut name = [0; 256];
        name[..4].copy_from_slice(b"Test");
        let uuid = std::array::from_fn(|at| u8::try_from(at).unwrap_or(0));
        Device::new(DeviceInfoReply {
            device_count: 1,
            driver_version: 12_090,
            uuid,
            name,
            total_mem_bytes: 1 << 30,
            pci_domain: 1,
            pci_bus: 0x2b,
            pci_device: 3,
            wants: 0,
            attributes,
        })
    }

    #[test]
    fn a_name_ends_at_its_nul() {
        assert_eq!(device((7, 5)).name(), "Test");
    }

    #[test]
    fn a_pci_address_survives_being_written_and_read() {
        let address = device((7, 5)).pci();
        assert_eq!(address.text(), "00000001:2B:03.0");
        assert_eq!(PciAddress::parse(&address.text()), Some(address));
        assert_eq!(PciAddress::parse(&address.legacy_text()), Some(address));
        assert_eq!(PciAddress::parse("2b:03"), Some(PciAddress { domain: 0, ..address }));
    }

    #[test]
    fn nonsense_is_no_pci_address() {
        for text in ["", "1", "x:y", "0:1:2:3", "00:00.1", "00:00.", "99999999999:0:0.0"] {
            assert_eq!(PciAddress::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_architecture_follows_from_the_capability() {
        assert_eq!(device((6, 1)).architecture(), NVML_DEVICE_ARCH_PASCAL);
        assert_eq!(device((7, 0)).architecture(), NVML_DEVICE_ARCH_VOLTA);
        assert_eq!(device((7, 5)).architecture(), NVML_DEVICE_ARCH_TURING);
        assert_eq!(device((8, 9)).architecture(), NVML_DEVICE_ARCH_ADA);
        assert_eq!(device((99, 0)).architecture(), NVML_DEVICE_ARCH_UNKNOWN);
    }
}
