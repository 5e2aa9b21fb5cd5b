//! The PCI functions that are there, ours told from real GPUs.

use std::fs::{self, OpenOptions};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use vgpu_core::pci::regs::{BAR0_BYTES, MAGIC, NOBODY, PAGE_OFFSET};
use vgpu_core::pci::{BAR1_MAX_BYTES, CLASS, DEVICE_ID, VENDOR_ID};
use vgpu_core::window::Mapping;

use super::root::Root;

const DEVICES: &str = "/sys/bus/pci/devices";
/// Only real GPUs keep it: it lets go of ours.
const NVIDIA_DRIVER: &str = "nvidia";
const PAGE_BYTES: u64 = 4096;

/// One display function of NVIDIA's vendor number.
pub(crate) struct Function {
    pub(crate) address: String,
    pub(crate) is_ours: bool,
    /// The driver that is bound to it.
    pub(crate) driver: Option<String>,
}

impl Function {
    /// A path of the function's folder.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{DEVICES}/{}/{name}", self.address)
    }
}

/// Every NVIDIA display function, by address.
pub(crate) fn scan(root: &Root) -> Result<Vec<Function>> {
    let folder = root.path(DEVICES);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        // A VM without PCI.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    let mut functions: Vec<Function> =
        entries.flatten().filter_map(|entry| look(&entry.path(), entry.file_name().to_str()?)).collect();
    functions.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(functions)
}

fn look(folder: &Path, address: &str) -> Option<Function> {
    let number = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
    };
    let (vendor, device, class) = (number("vendor")?, number("device")?, number("class")?);
    if vendor != u32::from(VENDOR_ID) || class >> 16 != CLASS >> 16 {
        return None;
    }
    let driver = fs::read_link(folder.join("driver")).ok();
    let driver = driver.and_then(|target| Some(target.file_name()?.to_str()?.to_owned()));
    let has_our_numbers = device == u32::from(DEVICE_ID) && class >> 8 == CLASS >> 8;
    let is_ours = has_our_numbers && driver.as_deref() != Some(NVIDIA_DRIVER) && looks_ours(folder);
    Some(Function { address: address.to_owned(), is_ours, driver })
}

/// By the length of its memory (a real GPU of our numbers has a longer BAR1, or none), and by its registers where they can be read.
fn looks_ours(folder: &Path) -> bool {
    let len_bytes = |name: &str| fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
    if len_bytes("resource0") != BAR0_BYTES || !(1..=BAR1_MAX_BYTES).contains(&len_bytes("resource1")) {
        return false;
    }
    let registers = OpenOptions::new().read(true).write(true).open(folder.join("resource0"));
    // A driver in the way, or no permission: then the lengths must do.
    let page = registers.ok().and_then(|file| Mapping::near_part(file.as_fd(), PAGE_OFFSET, PAGE_BYTES, 0).ok());
    // Nobody answers while memory decoding is off, as it is without firmware.
    page.is_none_or(|page| matches!(page.word32(0).load(Ordering::Relaxed), MAGIC | NOBODY))
}
