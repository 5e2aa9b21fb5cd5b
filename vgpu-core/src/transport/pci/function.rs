//! A function that is mapped and has been found to be ours: its registers, its directory, its channels' blocks.

use std::os::fd::AsFd;
use std::sync::atomic::{Ordering, fence};
use std::time::{Duration, Instant};

use super::Trouble;
use super::site::{Places, Site};
use super::speed::{self, Memory};
use crate::pci::BAR1_MAX_BYTES;
use crate::pci::channel::ChannelBlock;
use crate::pci::directory::{self, Directory, DirectoryError};
use crate::pci::regs::{BAR0_BYTES, MAGIC, NOBODY, PAGE_OFFSET, Register};
use crate::version::{Mismatch, Version};
use crate::window::layout::{ABI_HASH, PAGE_BYTES};
use crate::window::{Mapping, MappingError};
use crate::wire::{PROTOCOL_VERSION, Span};

/// For so long after a reset the directory may be missing.
const DIRECTORY_PATIENCE: Duration = Duration::from_millis(500);
/// What is written to doorbells. Their values mean nothing, but are not 0.
const RING: u32 = 1;
/// Drivers that only real GPUs keep: they let go of our function when it does not answer as one.
const NVIDIA_DRIVER: &str = "nvidia";

/// A mapped function.
#[derive(Debug)]
pub(super) struct Function {
    site: Site,
    registers: Mapping,
    memory: Memory,
    places: Places,
    front: Mapping,
    directory: Directory,
}

impl Function {
    /// Maps the function, after making sure that it is ours and can be used.
    pub(super) fn open(places: &Places, site: Site) -> Result<Self, Trouble> {
        if site.driver().as_deref() == Some(NVIDIA_DRIVER) {
            return Err(Trouble::foreign(&site, "NVIDIA's driver runs it; a real GPU needs no vgpu"));
        }
        check_lengths(&site)?;
        if site.decodes_memory() == Some(false) {
            return Err(Trouble::not_decoding(&site));
        }
        let registers = map_registers(places, &site)?;
        check_registers(&site, &registers)?;
        let memory = speed::open_memory(&site)?;
        let map_front = |len_bytes: u64| {
            Mapping::near_part(memory.file.as_fd(), 0, len_bytes, 0)
                .map_err(|error| Trouble::mapping(places, &site, &memory.path, error.io()))
        };
        let directory = read_directory(&site, &map_front(PAGE_BYTES)?, memory.len_bytes)?;
        let front = map_front(directory.front_bytes())?;
        Ok(Self { registers, memory, places: places.clone(), front, directory, site })
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    pub(super) fn channels(&self) -> u32 {
        self.directory.channels
    }

    /// A channel's words and mailbox. There is such a channel: numbers come from this side.
    pub(super) fn block(&self, channel: u32) -> ChannelBlock<'_> {
        self.directory.channel(&self.front, channel).expect("a channel that the directory was checked to have")
    }

    /// Whether the function was reset since it was mapped. Nothing that was agreed upon before holds then.
    pub(super) fn was_reset(&self) -> bool {
        directory::generation(&self.front).load(Ordering::Acquire) != self.directory.generation
    }

    /// The host's sign of life.
    pub(super) fn host_heartbeat(&self) -> u64 {
        directory::heartbeat(&self.front).load(Ordering::Relaxed)
    }

    /// Wakes the channel's executor.
    pub(super) fn ring_doorbell(&self, channel: u32) {
        self.write_register(Register::Doorbell(channel));
    }

    /// Makes the daemon look at the channel.
    pub(super) fn ring_attention(&self, channel: u32) {
        self.write_register(Register::Attention(channel));
    }

    fn write_register(&self, register: Register) {
        // What was written to the memory before must be seen by whoever the register wakes, gathered writes included.
        fence(Ordering::SeqCst);
        let at = self.registers.bytes(register.offset() - PAGE_OFFSET, 4).cast::<u32>();
        // SAFETY: in the mapped page and aligned; a device register, so exactly one store of exactly this width.
        unsafe { at.write_volatile(RING) };
    }

    /// Maps a part of BAR1 that the directory was checked to hold, at `address` if that is free.
    pub(super) fn map(&self, offset: u64, len_bytes: u64, address: u64) -> Result<Mapping, MappingError> {
        Mapping::near_part(self.memory.file.as_fd(), offset, len_bytes, address)
    }

    /// Where a channel's window lies.
    pub(super) fn arena(&self, channel: u32) -> Span {
        self.directory.arena(channel)
    }

    /// What a failure to map a window means.
    pub(super) fn mapping_trouble(&self, error: &MappingError) -> String {
        Trouble::mapping(&self.places, &self.site, &self.memory.path, error.io()).to_string()
    }
}

/// A real H100 is told from ours before anything of it is touched: it has no BAR of number 1, or else a longer one.
fn check_lengths(site: &Site) -> Result<(), Trouble> {
    let len_bytes = |name: &str| std::fs::metadata(site.path(name)).map(|metadata| metadata.len()).ok();
    let (Some(registers), Some(memory)) = (len_bytes("resource0"), len_bytes("resource1")) else {
        return Err(match site.has_bars_of_ours() {
            true => Trouble::without_memory(site),
            false => Trouble::foreign(site, "it has no BAR0 or no BAR1"),
        });
    };
    if registers != BAR0_BYTES || memory > BAR1_MAX_BYTES {
        let lengths =
            format_args!("BAR0 has {registers} bytes, BAR1 {memory}; another version's vgpud may have others");
        return Err(Trouble::foreign(site, lengths));
    }
    Ok(())
}

fn map_registers(places: &Places, site: &Site) -> Result<Mapping, Trouble> {
    const NAME: &str = "resource0";
    let path = site.path(NAME);
    let file = speed::open_resource(site, NAME)?;
    Mapping::near_part(file.as_fd(), PAGE_OFFSET, PAGE_BYTES, 0)
        .map_err(|error| Trouble::mapping(places, site, &path, error.io()))
}

fn read_register(registers: &Mapping, register: Register) -> u32 {
    let at = registers.bytes(register.offset() - PAGE_OFFSET, 4).cast::<u32>();
    // SAFETY: in the mapped page and aligned; a device register, so exactly one load of exactly this width.
    unsafe { at.read_volatile() }
}

fn check_registers(site: &Site, registers: &Mapping) -> Result<(), Trouble> {
    match read_register(registers, Register::Magic) {
        MAGIC => {}
        NOBODY => return Err(Trouble::nobody_answers(site)),
        other => return Err(Trouble::foreign(site, format_args!("its registers do not say so ({other:#010x})"))),
    }
    let protocol = read_register(registers, Register::Protocol);
    let low = read_register(registers, Register::AbiHashLow);
    let high = read_register(registers, Register::AbiHashHigh);
    if protocol != PROTOCOL_VERSION || (u64::from(high) << 32 | u64::from(low)) != ABI_HASH {
        let host = Version { release: read_register(registers, Register::Release), protocol };
        return Err(Trouble::unusable(site, Mismatch { guest: Version::OWN, host }));
    }
    Ok(())
}

fn read_directory(site: &Site, front: &Mapping, bar_bytes: u64) -> Result<Directory, Trouble> {
    let start = Instant::now();
    loop {
        match Directory::read_from_front(front, bar_bytes) {
            Ok(directory) => return Ok(directory),
            Err(DirectoryError::Absent { .. }) if start.elapsed() < DIRECTORY_PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(Trouble::unusable(site, error)),
        }
    }
}
