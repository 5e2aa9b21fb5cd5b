//! BAR1's first page: where channels and arenas lie, and the host's sign of life.
//!
//! The host writes it and never reads it again. Guests copy it once and check the copy.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::channel::{BLOCK_BYTES, ChannelBlock};
use super::regs::CHANNELS_MAX;
use crate::version::{Mismatch, Version};
use crate::window::Mapping;
use crate::window::layout::{ABI_HASH, PAGE_BYTES};
use crate::wire::{PROTOCOL_VERSION, Pod, Span};

/// First bytes of BAR1: "vGPUbar" and a format digit.
pub const DIRECTORY_MAGIC: u64 = u64::from_le_bytes(*b"vGPUbar1");
const GENERATION_OFFSET: u64 = std::mem::offset_of!(Directory, generation) as u64;
/// The host counts up this word several times a second.
const HEARTBEAT_OFFSET: u64 = 0x400;
/// A page without meaning, for guests to measure how fast their mapping is.
pub const SCRATCH_OFFSET: u64 = 0x1_0000;
/// Length of the scratch pages.
pub(crate) const SCRATCH_BYTES: u64 = 0x1_0000;
/// The first channel's block.
const BLOCKS_OFFSET: u64 = SCRATCH_OFFSET + SCRATCH_BYTES;
/// Arenas start at multiples of this.
const ARENA_ALIGN: u64 = 64 << 10;
/// An arena must hold a window with some room to copy through.
const ARENA_MIN_BYTES: u64 = 8 << 20;

/// The page's contents.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// [`DIRECTORY_MAGIC`].
    pub magic: u64,
    /// The daemon's protocol version.
    pub protocol: u32,
    /// How often the function has been reset.
    pub generation: u32,
    /// The daemon's [`ABI_HASH`].
    pub abi_hash: u64,
    /// Length of BAR1.
    pub total_bytes: u64,
    /// Number of channels.
    pub channels: u32,
    /// The daemon's [`RELEASE`](crate::version::RELEASE).
    pub release: u32,
    /// The first channel's block; the others follow it.
    pub blocks_offset: u64,
    /// The first channel's arena; the others follow it.
    pub arenas_offset: u64,
    /// Length of each arena.
    pub arena_bytes: u64,
}

// SAFETY: u64, u32 × 2, u64 × 2, u32 × 2, u64 × 3 leave no gap.
unsafe impl Pod for Directory {}

/// Why a BAR cannot be laid out, or a directory is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryError {
    /// No directory is there: nobody has written one, or memory decoding is off.
    Absent {
        /// What is there instead.
        magic: u64,
    },
    /// The daemon was built from other sources.
    Version(Mismatch),
    /// Something does not fit.
    Unsound(String),
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { magic } => write!(f, "its memory starts with {magic:#x}, not with a directory's mark"),
            Self::Version(mismatch) => mismatch.fmt(f),
            Self::Unsound(reason) => write!(f, "its directory is not usable: {reason}"),
        }
    }
}

impl std::error::Error for DirectoryError {}

impl Directory {
    /// Lays out a BAR of that length for so many channels.
    ///
    /// # Errors
    /// When the arenas would be too small, or there are more channels than doorbells.
    pub fn new(total_bytes: u64, channels: u32, generation: u32) -> Result<Self, DirectoryError> {
        if !(1..=CHANNELS_MAX).contains(&channels) {
            return Err(DirectoryError::Unsound(format!(
                "{channels} channels; between 1 and {CHANNELS_MAX} are possible"
            )));
        }
        let arenas_offset = (BLOCKS_OFFSET + u64::from(channels) * BLOCK_BYTES).next_multiple_of(ARENA_ALIGN);
        let arena_bytes = total_bytes.saturating_sub(arenas_offset) / u64::from(channels) / ARENA_ALIGN * ARENA_ALIGN;
        let directory = Self {
            magic: DIRECTORY_MAGIC,
            protocol: PROTOCOL_VERSION,
            generation,
            abi_hash: ABI_HASH,
            total_bytes,
            channels,
            release: Version::OWN.release,
            blocks_offset: BLOCKS_OFFSET,
            arenas_offset,
            arena_bytes,
        };
        directory.check(total_bytes)?;
        Ok(directory)
    }

    /// Copies the directory out of a mapped BAR1 and checks the copy.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn read(bar: &Mapping) -> Result<Self, DirectoryError> {
        Self::read_from_front(bar, bar.len_bytes() as u64)
    }

    /// The same where only the front of BAR1 is mapped: mapping all of it fills a page table entry for each of its pages.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub(crate) fn read_from_front(front: &Mapping, bar_bytes: u64) -> Result<Self, DirectoryError> {
        let mut bytes = [0; size_of::<Self>()];
        if front.len_bytes() < bytes.len() {
            return Err(DirectoryError::Unsound(format!("BAR1 has {bar_bytes} bytes")));
        }
        front.read(0, &mut bytes);
        let directory = Self::from_bytes(&bytes).unwrap_or_default();
        directory.check(bar_bytes)?;
        Ok(directory)
    }

    /// Length of the front of BAR1 that holds this page, the scratch pages and every channel's block.
    pub(crate) fn front_bytes(&self) -> u64 {
        self.blocks_offset + u64::from(self.channels) * BLOCK_BYTES
    }

    fn check(&self, bar_bytes: u64) -> Result<(), DirectoryError> {
        let unsound = |reason: String| Err(DirectoryError::Unsound(reason));
        if self.magic != DIRECTORY_MAGIC {
            return Err(DirectoryError::Absent { magic: self.magic });
        }
        if self.protocol != PROTOCOL_VERSION || self.abi_hash != ABI_HASH {
            let host = Version { release: self.release, protocol: self.protocol };
            return Err(DirectoryError::Version(Mismatch { guest: Version::OWN, host }));
        }
        if self.total_bytes != bar_bytes {
            return unsound(format!("it says {} bytes, BAR1 has {bar_bytes}", self.total_bytes));
        }
        if !(1..=CHANNELS_MAX).contains(&self.channels) {
            return unsound(format!("{} channels", self.channels));
        }
        let channels = u64::from(self.channels);
        let end = |offset: u64, each: u64| each.checked_mul(channels).and_then(|all| all.checked_add(offset));
        let blocks_end = end(self.blocks_offset, BLOCK_BYTES);
        if self.blocks_offset < BLOCKS_OFFSET
            || !self.blocks_offset.is_multiple_of(PAGE_BYTES)
            || blocks_end.is_none_or(|end| end > self.arenas_offset)
        {
            return unsound("channel blocks lie over something else".to_owned());
        }
        if !self.arenas_offset.is_multiple_of(PAGE_BYTES)
            || !self.arena_bytes.is_multiple_of(PAGE_BYTES)
            || self.arena_bytes < ARENA_MIN_BYTES
            || end(self.arenas_offset, self.arena_bytes).is_none_or(|end| end > bar_bytes)
        {
            return unsound(format!(
                "{} channels of {} bytes each: too small, or more than BAR1 holds ({bar_bytes} bytes)",
                self.channels, self.arena_bytes
            ));
        }
        Ok(())
    }

    /// A channel's words and mailbox in a mapped BAR1, if there is such a channel.
    pub fn channel<'a>(&self, bar: &'a Mapping, channel: u32) -> Option<ChannelBlock<'a>> {
        (channel < self.channels).then(|| ChannelBlock::new(bar, self.blocks_offset + u64::from(channel) * BLOCK_BYTES))
    }

    /// Where a channel's block lies.
    ///
    /// # Panics
    /// When there is no such channel.
    pub fn block(&self, channel: u32) -> Span {
        assert!(channel < self.channels, "channel {channel} of {}", self.channels);
        Span { offset: self.blocks_offset + u64::from(channel) * BLOCK_BYTES, len_bytes: BLOCK_BYTES }
    }

    /// Where a channel's window lies.
    ///
    /// # Panics
    /// When there is no such channel.
    pub fn arena(&self, channel: u32) -> Span {
        assert!(channel < self.channels, "channel {channel} of {}", self.channels);
        Span { offset: self.arenas_offset + u64::from(channel) * self.arena_bytes, len_bytes: self.arena_bytes }
    }

    /// Host: writes the page. The magic comes last, so that nobody believes half of it.
    pub fn publish(&self, bar: &Mapping) {
        bar.write(8, &self.as_bytes()[8..]);
        bar.word64(0).store(self.magic, std::sync::atomic::Ordering::Release);
    }
}

/// How often the function has been reset, as the page in memory says now.
pub fn generation(bar: &Mapping) -> &AtomicU32 {
    bar.word32(GENERATION_OFFSET)
}

/// The word that the host counts up while it lives.
pub fn heartbeat(bar: &Mapping) -> &AtomicU64 {
    bar.word64(HEARTBEAT_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::mapping;
    use std::os::fd::AsFd;

    const TOTAL_BYTES: u64 = 256 << 20;

    #[test]
    fn a_published_directory_is_read_back() {
        let object = mapping::create_object(TOTAL_BYTES).expect("shared memory");
        let bar = Mapping::near(object.as_fd(), TOTAL_BYTES, 0).expect("shared memory");
        assert_eq!(Directory::read(&bar), Err(DirectoryError::Absent { magic: 0 }));
        let directory = Directory::new(TOTAL_BYTES, 8, 3).expect("a sound size");
        directory.publish(&bar);
        assert_eq!(Directory::read(&bar), Ok(directory));
        let last = directory.arena(7);
        assert!(last.offset + last.len_bytes <= TOTAL_BYTES);
        assert!(directory.block(7).offset + BLOCK_BYTES <= directory.arena(0).offset);
        assert!(directory.channel(&bar, 7).is_some() && directory.channel(&bar, 8).is_none());
    }

    #[test]
    fn every_lie_in_a_directory_is_found() {
        let honest = Directory::new(TOTAL_BYTES, 8, 3).expect("a sound size");
        type Lie = (&'static str, Box<dyn Fn(&mut Directory)>);
        let lies: Vec<Lie> = vec![
            ("magic", Box::new(|d| d.magic = u64::MAX)),
            ("protocol", Box::new(|d| d.protocol += 1)),
            ("abi hash", Box::new(|d| d.abi_hash ^= 1)),
            ("total", Box::new(|d| d.total_bytes += 4096)),
            ("no channels", Box::new(|d| d.channels = 0)),
            ("many channels", Box::new(|d| d.channels = 129)),
            ("more channels", Box::new(|d| d.channels = 9)),
            ("blocks over the page", Box::new(|d| d.blocks_offset = 0)),
            ("blocks overflow", Box::new(|d| d.blocks_offset = u64::MAX - 4095)),
            ("arenas over blocks", Box::new(|d| d.arenas_offset = d.blocks_offset)),
            ("arenas overflow", Box::new(|d| d.arenas_offset = u64::MAX - 4095)),
            ("arena length overflow", Box::new(|d| d.arena_bytes = !4095)),
            ("tiny arenas", Box::new(|d| d.arena_bytes = 4096)),
            ("odd arenas", Box::new(|d| d.arena_bytes -= 8)),
        ];
        for (name, lie) in lies {
            let mut directory = honest;
            lie(&mut directory);
            assert!(directory.check(TOTAL_BYTES).is_err(), "{name} went unnoticed");
        }
    }

    #[test]
    fn a_bar_that_is_too_small_is_refused() {
        assert!(Directory::new(1 << 20, 1, 0).is_err());
        assert!(Directory::new(TOTAL_BYTES, 64, 0).is_err());
        assert!(Directory::new(TOTAL_BYTES, 0, 0).is_err());
        assert!(Directory::new(TOTAL_BYTES, 1 << 30, 0).is_err());
    }
}
