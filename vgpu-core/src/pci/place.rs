//! Where a function sits on its machine's bus, which is where its device sits for the programs of that machine.

use crate::abi::CUdevice_attribute;
use crate::wire::messages::DeviceInfoReply;

/// A PCI address without its function number: CUDA writes that as 0 always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    domain: u32,
    bus: u32,
    device: u32,
}

impl Place {
    /// Reads `domain:bus:device.function`, as sysfs calls its folders.
    pub fn parse(address: &str) -> Option<Self> {
        let (place, _function) = address.split_once('.')?;
        let hex = |digits: &str| u32::from_str_radix(digits, 16).ok();
        match place.split(':').collect::<Vec<_>>()[..] {
            [domain, bus, device] => Some(Self { domain: hex(domain)?, bus: hex(bus)?, device: hex(device)? }),
            _ => None,
        }
    }

    /// Has a device sit here, instead of where its executor says: that is another machine's bus. Of several devices of one
    /// function, which has one place, the further ones are in domains that no bus is in, so that each has an address of its own.
    pub fn move_here(self, number: u32, info: &mut DeviceInfoReply) {
        let domain = self.domain.wrapping_add(number << 20);
        (info.pci_domain, info.pci_bus, info.pci_device) = (domain, self.bus, self.device);
        for (attribute, value) in [
            (CUdevice_attribute::CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, domain),
            (CUdevice_attribute::CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, self.bus),
            (CUdevice_attribute::CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, self.device),
        ] {
            info.attributes[attribute.0 as usize] = value.cast_signed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Pod;

    #[test]
    fn each_device_of_a_function_has_an_address_of_its_own() {
        let mut info = DeviceInfoReply::from_bytes(&[0; size_of::<DeviceInfoReply>()]).expect("enough bytes");
        let place = Place::parse("0000:00:04.0").expect("an address");
        let addresses = [0, 1, 2].map(|number| {
            place.move_here(number, &mut info);
            assert_eq!(info.attributes[50].cast_unsigned(), info.pci_domain, "CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID");
            (info.pci_domain, info.pci_bus, info.pci_device)
        });
        assert_eq!(addresses, [(0, 0, 4), (0x10_0000, 0, 4), (0x20_0000, 0, 4)]);
    }

    #[test]
    fn an_address_of_sysfs_is_a_place() {
        assert_eq!(Place::parse("0000:00:04.0"), Some(Place { domain: 0, bus: 0, device: 4 }));
        assert_eq!(Place::parse("10000:e1:1f.7"), Some(Place { domain: 0x1_0000, bus: 0xe1, device: 0x1f }));
        for text in ["", "0000:00:04", "00:04.0", "x:0:0.0", "1:2:3:4.0"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
