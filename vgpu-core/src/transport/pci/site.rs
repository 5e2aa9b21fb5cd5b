//! One PCI function's folder in sysfs, and looking for such folders.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::pci::{CLASS, DEVICE_ID, VENDOR_ID};

/// The variable that names another folder of PCI functions, for tests and unusual mounts.
const SYSFS_VARIABLE: &str = "VGPU_SYSFS";
const DEVICES: &str = "/sys/bus/pci/devices";
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
/// No attribute that is read here is longer.
const ATTRIBUTE_MAX_BYTES: u64 = 4096;
/// Config space: the command register, and its bit that makes a function answer to memory accesses.
const COMMAND_OFFSET: usize = 4;
const COMMAND_MEMORY: u8 = 1 << 1;
/// And the kinds of its first two BARs: of 32 bits for registers, of 64 and prefetchable for memory. A real GPU's BAR0 is of 64.
const BAR0_OFFSET: usize = 0x10;
const BAR1_OFFSET: usize = 0x14;
const BAR_KIND: u8 = 0xf;
const BAR_OF_32_BITS: u8 = 0;
const BAR_OF_64_BITS: u8 = 0xc;

/// Where the kernel shows what is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// A folder for each PCI function.
    pub(super) devices: PathBuf,
    /// The kernel's lockdown mode.
    pub(super) lockdown: PathBuf,
}

impl Places {
    /// The usual ones, or what the environment says.
    pub(crate) fn from_env() -> Self {
        let devices = std::env::var_os(SYSFS_VARIABLE).filter(|folder| !folder.is_empty());
        Self { devices: devices.map_or_else(|| DEVICES.into(), PathBuf::from), lockdown: LOCKDOWN.into() }
    }
}

/// One function's folder.
#[derive(Clone, Debug)]
pub(super) struct Site {
    folder: PathBuf,
    address: String,
}

/// Why no function of ours has an address that a user has written.
#[derive(Debug)]
pub(super) enum NoSite {
    /// It is no address.
    NoAddress(String),
    /// Nothing is there.
    Missing(Site),
    /// What is there has other numbers.
    Another(Site),
}

impl fmt::Display for NoSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress(text) => write!(f, "{text} is no PCI address; they look like 0000:00:05.0"),
            Self::Missing(site) => {
                write!(f, "there is no PCI function {}: {} does not exist", site.address, site.folder.display())
            }
            Self::Another(site) => {
                let [vendor, device, class] =
                    ["vendor", "device", "class"].map(|name| site.text(name).unwrap_or_else(|| "unknown".to_owned()));
                let address = &site.address;
                write!(f, "PCI function {address} is no vgpu function: vendor {vendor}, device {device}, class {class}")
            }
        }
    }
}

impl Site {
    /// Every function that has our numbers, by address. Whether one is ours is not known yet: real GPUs have them too.
    pub(super) fn scan(places: &Places) -> Vec<Self> {
        let entries = match fs::read_dir(&places.devices) {
            Ok(entries) => entries,
            Err(error) => {
                log::debug!("{}: {error}", places.devices.display());
                return Vec::new();
            }
        };
        let mut sites: Vec<Self> = entries
            .flatten()
            .filter_map(|entry| Self::at(places, entry.file_name().to_str()?))
            .filter(Self::has_our_numbers)
            .collect();
        sites.sort_by(|a, b| a.address.cmp(&b.address));
        sites
    }

    /// The function at an address as users write it.
    ///
    /// # Errors
    /// Why there is none of ours.
    pub(super) fn named(places: &Places, address: &str) -> Result<Self, NoSite> {
        let Some(site) = Self::at(places, address) else {
            return Err(NoSite::NoAddress(address.to_owned()));
        };
        if !site.folder.is_dir() {
            return Err(NoSite::Missing(site));
        }
        if !site.has_our_numbers() {
            return Err(NoSite::Another(site));
        }
        Ok(site)
    }

    fn at(places: &Places, address: &str) -> Option<Self> {
        let address = full_address(address)?;
        Some(Self { folder: places.devices.join(&address), address })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn has_our_numbers(&self) -> bool {
        let class = self.number("class").map(|class| class >> 8);
        self.number("vendor") == Some(VENDOR_ID.into())
            && self.number("device") == Some(DEVICE_ID.into())
            && class == Some(CLASS >> 8)
    }

    /// The kernel driver that is bound to the function.
    pub(super) fn driver(&self) -> Option<String> {
        let target = fs::read_link(self.path("driver")).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Whether the function answers to memory accesses; `None` when that cannot be read.
    pub(super) fn decodes_memory(&self) -> Option<bool> {
        let config = read_front(&self.path("config"))?;
        config.get(COMMAND_OFFSET).map(|command| command & COMMAND_MEMORY != 0)
    }

    /// Whether config space, which is there even where the memory has no address, describes the BARs that ours has.
    pub(super) fn has_bars_of_ours(&self) -> bool {
        let config = read_front(&self.path("config")).unwrap_or_default();
        let kind = |offset: usize| config.get(offset).map(|bar| bar & BAR_KIND);
        kind(BAR0_OFFSET) == Some(BAR_OF_32_BITS) && kind(BAR1_OFFSET) == Some(BAR_OF_64_BITS)
    }

    /// An attribute, as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        Some(String::from_utf8(read_front(&self.path(name))?).ok()?.trim().to_owned())
    }

    fn number(&self, name: &str) -> Option<u32> {
        u32::from_str_radix(self.text(name)?.strip_prefix("0x")?, 16).ok()
    }
}

/// `05.0` needs its bus; without a domain it is in domain 0.
fn full_address(text: &str) -> Option<String> {
    let (rest, function) = text.rsplit_once('.')?;
    let mut parts: Vec<&str> = rest.split(':').collect();
    if parts.len() == 2 {
        parts.insert(0, "0000");
    }
    let [domain, bus, device] = parts[..] else {
        return None;
    };
    let is_hex = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_address = is_hex(domain, 4..=8) && is_hex(bus, 2..=2) && is_hex(device, 2..=2) && is_hex(function, 1..=1);
    is_address.then(|| format!("{domain}:{bus}:{device}.{function}").to_ascii_lowercase())
}

/// The first bytes of a file that may be anything.
pub(super) fn read_front(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(ATTRIBUTE_MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed_and_nothing_else_becomes_a_path() {
        assert_eq!(full_address("00:05.0").as_deref(), Some("0000:00:05.0"));
        assert_eq!(full_address("0000:0A:1f.7").as_deref(), Some("0000:0a:1f.7"));
        assert_eq!(full_address("10000:e1:00.0").as_deref(), Some("10000:e1:00.0"));
        for text in
            ["", "05.0", "../../etc", "0000:00:05", "0000:00:05.00", "0:0:0:0.0", "00:..5.0", "zz:05.0", "é:05.0"]
        {
            assert_eq!(full_address(text), None, "{text}");
        }
    }
}
