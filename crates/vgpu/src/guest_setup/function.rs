//! The PCI functions that are there, ours told from real GPUs.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
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

/// The length of config space that every user may read, and what lies in there.
const CONFIG_BYTES: usize = 64;
const BAR0_OFFSET: usize = 0x10;
const BAR1_OFFSET: usize = 0x14;
/// The bits of a BAR that say what it is: our BAR0 is 32 bits wide, our BAR1 64 and prefetchable.
const BAR_KIND: u8 = 0xf;
const BAR_OF_32_BITS: u8 = 0;
const BAR_OF_64_BITS: u8 = 0xc;

/// One display function of NVIDIA's vendor number.
pub(crate) struct Function {
    pub(crate) address: String,
    /// Ours, with memory that programs can map.
    pub(crate) is_ours: bool,
    /// Ours, but nothing has given its memory an address.
    pub(crate) lacks_memory: bool,
    /// The driver that is bound to it.
    pub(crate) driver: Option<String>,
    /// Of ours.
    pub(crate) life: Life,
}

/// What reading a function tells of the daemon behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Life {
    /// It is there.
    Answers,
    /// It is gone, or the function's memory is switched off.
    Silent,
    /// Nothing: there is no permission, or a driver is in the way, or the kernel is locked down.
    Unread,
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
    let may_be_ours =
        device == u32::from(DEVICE_ID) && class >> 8 == CLASS >> 8 && driver.as_deref() != Some(NVIDIA_DRIVER);
    let life = if may_be_ours && has_our_lengths(folder) { life(folder) } else { None };
    let lacks_memory = may_be_ours && has_our_bars_without_memory(folder);
    let (is_ours, life) = (life.is_some(), life.unwrap_or(Life::Unread));
    Some(Function { address: address.to_owned(), is_ours, lacks_memory, driver, life })
}

fn len_bytes(folder: &Path, name: &str) -> u64 {
    fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len())
}

/// A real GPU of our numbers has a longer BAR1, or none.
fn has_our_lengths(folder: &Path) -> bool {
    len_bytes(folder, "resource0") == BAR0_BYTES && (1..=BAR1_MAX_BYTES).contains(&len_bytes(folder, "resource1"))
}

/// What its registers say; `None` if it is not ours after all. Where they cannot be read, the lengths must do.
fn life(folder: &Path) -> Option<Life> {
    let registers = OpenOptions::new().read(true).write(true).open(folder.join("resource0"));
    let page = registers.ok().and_then(|file| Mapping::near_part(file.as_fd(), PAGE_OFFSET, PAGE_BYTES, 0).ok());
    match page.map(|page| page.word32(0).load(Ordering::Relaxed)) {
        None => Some(Life::Unread),
        Some(MAGIC) => Some(Life::Answers),
        Some(NOBODY) => Some(Life::Silent),
        Some(_) => None,
    }
}

/// The kernel shows no file for memory without an address. Config space still tells ours from a real GPU, whose BAR0 is 64 bits
/// wide.
fn has_our_bars_without_memory(folder: &Path) -> bool {
    let has_memory = ["resource0", "resource1"].iter().all(|name| len_bytes(folder, name) > 0);
    let mut config = [0; CONFIG_BYTES];
    let read = File::open(folder.join("config")).and_then(|mut file| file.read_exact(&mut config));
    let kind = |offset: usize| config[offset] & BAR_KIND;
    !has_memory && read.is_ok() && kind(BAR0_OFFSET) == BAR_OF_32_BITS && kind(BAR1_OFFSET) == BAR_OF_64_BITS
}
