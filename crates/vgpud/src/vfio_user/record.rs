//! What must be known of a VM to serve it on after a restart: a page that systemd keeps for us beside the VM's connection.
//!
//! It is written as things change, so that it is right whenever the daemon dies. Whoever takes it up believes nothing of it
//! unchecked: it may be another version's.

use std::ffi::OsStr;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use vgpu_core::pci::directory::Directory;
use vgpu_core::pci::regs::BAR0_BYTES;
use vgpu_core::window::mapping::{Mapping, create_object, sealed_len};
use vgpu_device::CONFIG_BYTES;

/// Length of the page.
pub const RECORD_BYTES: usize = 4096;
/// First bytes, with the format's number.
const MAGIC: u64 = u64::from_le_bytes(*b"vGPUvm01");

const MAGIC_AT: u64 = 0;
const BAR0_BYTES_AT: u64 = 8;
const BAR1_BYTES_AT: u64 = 16;
/// When the daemon last lived, in nanoseconds of the clock that no suspension stops.
const ALIVE_AT: u64 = 24;
const CHANNELS_AT: u64 = 32;
const GENERATION_AT: u64 = 36;
/// Number of the last message that was answered, with [`IS_ANSWERED`].
const ANSWERED_AT: u64 = 40;
/// 1 while a message or an answer is on its way in pieces.
const WITHIN_AT: u64 = 44;
const PATH_BYTES_AT: u64 = 48;
const CONFIG_AT: u64 = 256;
const PATH_AT: u64 = 512;
const PATH_MAX_BYTES: usize = 1024;

const IS_ANSWERED: u32 = 1 << 16;

/// What a record says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The socket that the VM came by.
    pub path: PathBuf,
    /// Length of the function's memory.
    pub bar1_bytes: u64,
    /// Its channels.
    pub channels: u32,
    /// How often it had been reset.
    pub generation: u32,
    /// The message that may have been answered without being taken off the stream.
    pub answered: Option<u16>,
    /// How long nobody has served the VM.
    pub absence: Duration,
    /// Config space.
    pub config: [u8; CONFIG_BYTES],
}

/// Why a record is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsound {
    /// Another format, or nothing of ours.
    Format,
    /// The function has another shape than this version's.
    Shape,
    /// Values that cannot be.
    Values,
    /// Where the next message begins is not known.
    WithinMessage,
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "its record is not of this version's format",
            Self::Shape => "its function has another shape than this version's",
            Self::Values => "its record is damaged",
            Self::WithinMessage => "the daemon died in the middle of a long message",
        })
    }
}

impl std::error::Error for Unsound {}

impl Saved {
    /// Checks a record's bytes; `now` is the time on its clock.
    ///
    /// # Errors
    /// [`Unsound`].
    pub fn parse(bytes: &[u8; RECORD_BYTES], now: Duration) -> Result<Self, Unsound> {
        let u64_at = |at: u64| bytes[at as usize..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        let u32_at = |at: u64| bytes[at as usize..].first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk));
        if u64_at(MAGIC_AT) != MAGIC {
            return Err(Unsound::Format);
        }
        if u64_at(BAR0_BYTES_AT) != BAR0_BYTES {
            return Err(Unsound::Shape);
        }
        let (bar1_bytes, channels) = (u64_at(BAR1_BYTES_AT), u32_at(CHANNELS_AT));
        if !bar1_bytes.is_power_of_two() || Directory::new(bar1_bytes, channels, 0).is_err() {
            return Err(Unsound::Values);
        }
        if u32_at(WITHIN_AT) != 0 {
            return Err(Unsound::WithinMessage);
        }
        let path_bytes = Some(u32_at(PATH_BYTES_AT) as usize).filter(|len| (1..=PATH_MAX_BYTES).contains(len));
        let path = &bytes[PATH_AT as usize..][..path_bytes.ok_or(Unsound::Values)?];
        let mut config = [0; CONFIG_BYTES];
        config.copy_from_slice(&bytes[CONFIG_AT as usize..][..CONFIG_BYTES]);
        let answered = u32_at(ANSWERED_AT);
        Ok(Self {
            path: Path::new(OsStr::from_bytes(path)).to_owned(),
            bar1_bytes,
            channels,
            generation: u32_at(GENERATION_AT),
            answered: (answered & IS_ANSWERED != 0).then_some(answered as u16),
            absence: now.saturating_sub(Duration::from_nanos(u64_at(ALIVE_AT))),
            config,
        })
    }
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// A VM's record.
#[derive(Debug)]
pub struct Record {
    object: OwnedFd,
    page: Mapping,
}

impl Record {
    /// A record of a VM that has just come.
    ///
    /// # Errors
    /// When the path is too long, or the kernel refuses.
    pub fn create(path: &Path, bar1_bytes: u64, channels: u32, generation: u32) -> Result<Self> {
        let path = path.as_os_str().as_bytes();
        ensure!(path.len() <= PATH_MAX_BYTES, "a path of {} bytes", path.len());
        let object = create_object(RECORD_BYTES as u64).context("a VM's record")?;
        let record = Self { page: map(&object)?, object };
        record.page.word64(BAR0_BYTES_AT).store(BAR0_BYTES, Ordering::Relaxed);
        record.page.word64(BAR1_BYTES_AT).store(bar1_bytes, Ordering::Relaxed);
        record.page.word32(CHANNELS_AT).store(channels, Ordering::Relaxed);
        record.page.word32(PATH_BYTES_AT).store(path.len() as u32, Ordering::Relaxed);
        record.page.write(PATH_AT, path);
        record.set_generation(generation);
        record.note_alive();
        record.page.word64(MAGIC_AT).store(MAGIC, Ordering::Release);
        Ok(record)
    }

    /// Takes up an earlier daemon's record.
    ///
    /// # Errors
    /// When it is none, or unsound.
    pub(crate) fn adopt(object: OwnedFd) -> Result<(Self, Saved)> {
        ensure!(sealed_len(object.as_fd())? == RECORD_BYTES as u64, "its record has another length");
        let record = Self { page: map(&object)?, object };
        let mut bytes = [0; RECORD_BYTES];
        record.page.read(0, &mut bytes);
        Ok((record, Saved::parse(&bytes, now())?))
    }

    /// The page, for keeping.
    pub fn object(&self) -> BorrowedFd<'_> {
        self.object.as_fd()
    }

    /// The function was reset so often.
    pub(crate) fn set_generation(&self, generation: u32) {
        self.page.word32(GENERATION_AT).store(generation, Ordering::Release);
    }

    /// Config space is now this.
    pub(crate) fn set_config(&self, config: &[u8; CONFIG_BYTES]) {
        self.page.write(CONFIG_AT, config);
    }

    /// This message is answered by the next thing that is sent.
    pub fn set_answered(&self, message: u16) {
        self.page.word32(ANSWERED_AT).store(IS_ANSWERED | u32::from(message), Ordering::Release);
    }

    /// Whether something is on its way in pieces.
    pub fn set_within(&self, is_within: bool) {
        self.page.word32(WITHIN_AT).store(is_within.into(), Ordering::Release);
    }

    /// The daemon lives.
    pub(crate) fn note_alive(&self) {
        let ns = u64::try_from(now().as_nanos()).unwrap_or(u64::MAX);
        self.page.word64(ALIVE_AT).store(ns, Ordering::Relaxed);
    }
}

fn map(object: &OwnedFd) -> Result<Mapping> {
    Mapping::near(object.as_fd(), RECORD_BYTES as u64, 0).context("a VM's record")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(record: &Record) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        record.page.read(0, &mut bytes);
        bytes
    }

    fn record() -> Record {
        Record::create(Path::new("/run/vm1.sock"), 1 << 30, 8, 3).expect("a page")
    }

    #[test]
    fn what_was_noted_is_taken_up() {
        let record = record();
        record.set_config(&[7; CONFIG_BYTES]);
        record.set_generation(4);
        let (_, saved) = Record::adopt(record.object.try_clone().expect("a descriptor")).expect("sound");
        assert_eq!(saved.path, Path::new("/run/vm1.sock"));
        assert_eq!((saved.bar1_bytes, saved.channels, saved.generation), (1 << 30, 8, 4));
        assert_eq!((saved.answered, saved.config), (None, [7; CONFIG_BYTES]));
        assert!(saved.absence < Duration::from_secs(60), "{:?}", saved.absence);
        record.set_answered(0);
        assert_eq!(Saved::parse(&bytes_of(&record), now()).expect("sound").answered, Some(0));
        record.set_within(true);
        assert_eq!(Saved::parse(&bytes_of(&record), now()), Err(Unsound::WithinMessage));
    }

    #[test]
    fn every_lie_in_a_record_is_found() {
        let sound = bytes_of(&record());
        let lies: [(&str, u64, &[u8]); 7] = [
            ("format", MAGIC_AT + 7, b"2"),
            ("registers", BAR0_BYTES_AT, &[1]),
            ("no power of two", BAR1_BYTES_AT, &[1]),
            ("no channels", CHANNELS_AT, &[0]),
            ("many channels", CHANNELS_AT, &[0xff; 4]),
            ("no path", PATH_BYTES_AT, &[0]),
            ("long path", PATH_BYTES_AT, &[0xff; 4]),
        ];
        for (name, at, lie) in lies {
            let mut bytes = sound;
            bytes[at as usize..][..lie.len()].copy_from_slice(lie);
            assert!(Saved::parse(&bytes, Duration::ZERO).is_err(), "{name} went unnoticed");
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let sound = bytes_of(&record());
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut bytes = sound;
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                bytes[(state >> 40) as usize % 64] = (state >> 32) as u8;
            }
            let _ = Saved::parse(&bytes, Duration::ZERO);
        }
    }

    #[test]
    fn other_objects_are_no_records() {
        let short = create_object(8192).expect("shared memory");
        assert!(Record::adopt(short).is_err());
        let null = std::fs::File::open("/dev/null").expect("a file");
        assert!(Record::adopt(null.into()).is_err());
        let empty = create_object(RECORD_BYTES as u64).expect("shared memory");
        assert!(Record::adopt(empty).is_err());
    }
}
