//! A function's memory, BAR1: the object that the VM maps, our own mapping of it, and wiping.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use rustix::fs::{FallocateFlags, fallocate};
use vgpu_core::pci::channel::ChannelBlock;
use vgpu_core::pci::directory::{self, Directory};
use vgpu_core::window::control::Control;
use vgpu_core::window::{Mapping, mapping};
use vgpu_core::wire::Span;

use crate::daemon::Arena;

/// Giving back this much takes some tens of milliseconds: the host's heart must beat in between.
const WIPE_STEP_BYTES: u64 = 256 << 20;

/// A BAR1. The guest can write every byte of it at any time: what is in it is never believed.
#[derive(Debug)]
pub(crate) struct Bar {
    object: OwnedFd,
    mapping: Mapping,
    /// Where everything lies, for ourselves. Its generation is the first one's.
    layout: Directory,
    /// The heartbeat's count; the word in the BAR is only ever written.
    beats: AtomicU64,
}

impl Bar {
    /// Makes a BAR that is all zero but for its directory.
    ///
    /// # Errors
    /// When the channels do not fit, or the kernel refuses.
    pub(crate) fn create(bar_bytes: u64, channels: u32, generation: u32) -> Result<Self> {
        let layout = Directory::new(bar_bytes, channels, generation)?;
        let object = mapping::create_object(bar_bytes).context("the function's memory")?;
        let mapping = Mapping::near(object.as_fd(), bar_bytes, 0).context("the function's memory")?;
        let bar = Self { object, mapping, layout, beats: AtomicU64::new(0) };
        bar.publish(generation);
        Ok(bar)
    }

    /// Takes up a BAR that a VM has mapped since an earlier daemon. What is in it is anybody's: it must be wiped.
    ///
    /// # Errors
    /// When it is not that long, the channels do not fit, or the kernel refuses.
    pub(crate) fn adopt(object: OwnedFd, bar_bytes: u64, channels: u32) -> Result<Self> {
        let layout = Directory::new(bar_bytes, channels, 0)?;
        let object_bytes = mapping::sealed_len(object.as_fd()).context("the function's memory")?;
        ensure!(object_bytes == bar_bytes, "the function's memory has {object_bytes} bytes, not {bar_bytes}");
        let mapping = Mapping::near(object.as_fd(), bar_bytes, 0).context("the function's memory")?;
        Ok(Self { object, mapping, layout, beats: AtomicU64::new(0) })
    }

    /// The object, for the VM to map.
    pub(crate) fn object(&self) -> BorrowedFd<'_> {
        self.object.as_fd()
    }

    /// Number of channels.
    pub(crate) fn channels(&self) -> u32 {
        self.layout.channels
    }

    /// Writes the directory, and a first sign of life.
    pub(crate) fn publish(&self, generation: u32) {
        self.beat();
        Directory { generation, ..self.layout }.publish(&self.mapping);
    }

    /// Counts up the host's sign of life.
    pub(crate) fn beat(&self) {
        let count = self.beats.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        directory::heartbeat(&self.mapping).store(count, Ordering::Release);
    }

    /// A channel's words and mailbox.
    ///
    /// # Panics
    /// When there is no such channel.
    pub(crate) fn channel(&self, channel: u32) -> ChannelBlock<'_> {
        self.layout.channel(&self.mapping, channel).expect("callers count up to channels()")
    }

    /// Where a channel's window lies, for its executor.
    ///
    /// # Panics
    /// When there is no such channel.
    pub(crate) fn arena(&self, channel: u32) -> Arena<'_> {
        Arena { object: self.object(), span: self.layout.arena(channel) }
    }

    /// Wakes a channel's executor if it sleeps. There is no such channel: nothing to wake.
    pub(crate) fn wake_executor(&self, channel: u32) {
        if channel < self.channels() {
            Control::wake_host_at(&self.mapping, self.layout.arena(channel).offset);
        }
    }

    /// Makes a channel's arena all zero, and gives its memory back to the system.
    pub(crate) fn wipe_arena(&self, channel: u32) {
        self.wipe(self.layout.arena(channel));
    }

    /// Makes everything zero, the directory included.
    pub(crate) fn wipe_all(&self) {
        self.wipe(Span { offset: 0, len_bytes: self.layout.total_bytes });
    }

    fn wipe(&self, span: Span) {
        let end = span.offset + span.len_bytes;
        for offset in (span.offset..end).step_by(WIPE_STEP_BYTES as usize) {
            let len_bytes = WIPE_STEP_BYTES.min(end - offset);
            if let Err(error) = punch(self.object(), offset, len_bytes) {
                log::warn!("memory of a function is overwritten, for it cannot be given back: {error}");
                self.overwrite(offset, len_bytes);
            }
            self.beat();
        }
    }

    fn overwrite(&self, offset: u64, len_bytes: u64) {
        let zeroes = vec![0; 64 << 10];
        let end = offset + len_bytes;
        for at in (offset..end).step_by(zeroes.len()) {
            self.mapping.write(at, &zeroes[..zeroes.len().min((end - at) as usize)]);
        }
    }

    /// Reads by message, for a VMM that does not map the memory.
    ///
    /// # Panics
    /// When the stretch leaves the BAR.
    pub(crate) fn read(&self, offset: u64, target: &mut [u8]) {
        self.mapping.read(offset, target);
    }

    /// Writes by message.
    ///
    /// # Panics
    /// When the stretch leaves the BAR.
    pub(crate) fn write(&self, offset: u64, source: &[u8]) {
        self.mapping.write(offset, source);
    }
}

fn punch(object: BorrowedFd<'_>, offset: u64, len_bytes: u64) -> io::Result<()> {
    Ok(fallocate(object, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, len_bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR_BYTES: u64 = 256 << 20;

    #[test]
    fn a_new_bar_has_a_directory_and_a_heartbeat() {
        let bar = Bar::create(BAR_BYTES, 4, 7).expect("shared memory");
        let directory = Directory::read(&bar.mapping).expect("a directory");
        assert_eq!((directory.generation, directory.channels), (7, 4));
        let before = directory::heartbeat(&bar.mapping).load(Ordering::Acquire);
        // A guest may overwrite the word; the next beat is a change all the same.
        directory::heartbeat(&bar.mapping).store(u64::MAX, Ordering::Release);
        bar.beat();
        let after = directory::heartbeat(&bar.mapping).load(Ordering::Acquire);
        assert_eq!(after, before + 1);
    }

    #[test]
    fn a_wiped_arena_is_zero_and_its_neighbours_are_untouched() {
        let bar = Bar::create(BAR_BYTES, 4, 0).expect("shared memory");
        let [before, span, after] = [0, 1, 2].map(|channel| bar.arena(channel).span);
        let places = [span.offset, span.offset + span.len_bytes - 1];
        for at in places.into_iter().chain([before.offset + before.len_bytes - 1, after.offset]) {
            bar.write(at, &[7]);
        }
        bar.wipe_arena(1);
        let byte = |at| {
            let mut byte = [9];
            bar.read(at, &mut byte);
            byte[0]
        };
        assert_eq!(places.map(byte), [0, 0]);
        assert_eq!([byte(span.offset - 1), byte(after.offset)], [7, 7]);
        bar.overwrite(span.offset - 1, span.len_bytes + 2);
        assert_eq!([byte(span.offset - 1), byte(after.offset)], [0, 0]);
    }

    #[test]
    fn a_wipe_of_everything_takes_the_directory_along() {
        let bar = Bar::create(BAR_BYTES, 4, 0).expect("shared memory");
        bar.wipe_all();
        assert!(Directory::read(&bar.mapping).is_err());
        bar.publish(1);
        assert_eq!(Directory::read(&bar.mapping).map(|directory| directory.generation), Ok(1));
    }
}
