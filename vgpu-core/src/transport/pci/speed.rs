//! Which of the kernel's two ways to map the memory is the faster one.
//!
//! Most machines treat a VM's shared memory as plain memory whichever way it is mapped, and then `resource1` is as good as
//! any. Some honour the guest's wish: there `resource1` is uncached, and `resource1_wc` at least gathers writes.

use std::fs::{File, OpenOptions};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Trouble;
use super::site::Site;
use crate::pci::directory::{SCRATCH_BYTES, SCRATCH_OFFSET};
use crate::window::{Mapping, MappingError};

const PLAIN: &str = "resource1";
const WRITE_COMBINING: &str = "resource1_wc";
/// Bytes written and read for a measurement: about 0.2 ms on uncached memory.
const WRITTEN_BYTES: usize = 8 << 10;
const READ_BYTES: usize = 4 << 10;
/// The best of so many counts.
const ROUNDS: u32 = 3;
/// Cached memory takes a few microseconds, even in an emulator; uncached memory a hundred and more.
const CACHED_MAX: Duration = Duration::from_micros(25);

/// Opens one of the function's files for reading and writing.
pub(super) fn open_resource(site: &Site, name: &str) -> Result<File, Trouble> {
    let path = site.path(name);
    OpenOptions::new().read(true).write(true).open(&path).map_err(|error| Trouble::opening(site, &path, &error))
}

/// BAR1, opened the way that it is best mapped.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) len_bytes: u64,
}

/// Opens BAR1, which must hold the scratch pages. No other mapping of BAR1 may exist in this process: the kernel
/// would give the new one the old one's kind.
pub(super) fn open_memory(site: &Site) -> Result<Memory, Trouble> {
    let plain = open_resource(site, PLAIN)?;
    let len_bytes = len_bytes(site, &plain)?;
    if len_bytes < SCRATCH_OFFSET + SCRATCH_BYTES {
        return Err(Trouble::unusable(site, format_args!("BAR1 has only {len_bytes} bytes")));
    }
    let (file, name) = choose(site, plain);
    Ok(Memory { file, path: site.path(name), len_bytes })
}

fn choose(site: &Site, plain: File) -> (File, &'static str) {
    let Ok(plain_time) = measure(&plain) else {
        // Whoever maps it next will say why it does not work.
        return (plain, PLAIN);
    };
    if plain_time <= CACHED_MAX {
        log::debug!("{}: {PLAIN} is cached ({plain_time:?}), so it is used", site.address());
        return (plain, PLAIN);
    }
    let combining = open_resource(site, WRITE_COMBINING).ok().and_then(|file| {
        let is_whole = file.metadata().ok()?.len() == plain.metadata().ok()?.len();
        is_whole.then(|| measure(&file).ok())?.map(|time| (time, file))
    });
    match combining {
        Some((time, file)) if time * 2 < plain_time => {
            log::debug!("{}: {WRITE_COMBINING} is faster ({time:?}, {PLAIN} {plain_time:?})", site.address());
            (file, WRITE_COMBINING)
        }
        Some((time, _)) => {
            log::debug!("{}: {PLAIN} is as fast ({plain_time:?}, {WRITE_COMBINING} {time:?})", site.address());
            (plain, PLAIN)
        }
        None => {
            log::debug!("{}: {PLAIN} is slow ({plain_time:?}), and there is no {WRITE_COMBINING}", site.address());
            (plain, PLAIN)
        }
    }
}

/// How long some bytes take there and back through the scratch pages, which mean nothing.
fn measure(file: &File) -> Result<Duration, MappingError> {
    let scratch = Mapping::near_part(file.as_fd(), SCRATCH_OFFSET, SCRATCH_BYTES, 0)?;
    let mut bytes = [0x5a; WRITTEN_BYTES];
    let round = |bytes: &mut [u8; WRITTEN_BYTES]| {
        let start = Instant::now();
        scratch.write(0, bytes);
        // Gathered writes must have left before the clock is read; the fence waits for them.
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        scratch.read(0, &mut bytes[..READ_BYTES]);
        start.elapsed()
    };
    // The first round only brings the pages in.
    round(&mut bytes);
    Ok((0..ROUNDS).map(|_| round(&mut bytes)).min().unwrap_or(Duration::MAX))
}

/// Length of a resource; sysfs and files agree on where that stands.
pub(super) fn len_bytes(site: &Site, file: &File) -> Result<u64, Trouble> {
    let metadata = file.metadata();
    Ok(metadata.map_err(|error| Trouble::unusable(site, format_args!("length of its resources: {error}")))?.len())
}
