//! The pinned heap: host memory that kernels and copies reach in place. The guest alone decides who has which part.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use parking_lot::Mutex;

use super::channel::Channel;
use super::slabs::Slabs;
use crate::error::{CuError, CuResult};
use crate::wire::Span;

/// Allocations are whole pages.
const GRANULE: u64 = 4096;
/// Freed stretches from this length on are given back to the system.
const DISCARD_FROM_BYTES: u64 = 1 << 20;

/// Offsets and lengths within the heap, in bytes.
#[derive(Debug)]
struct Blocks {
    free: BTreeMap<u64, u64>,
    used: BTreeMap<u64, Used>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    /// What was asked for.
    len: u64,
    /// What was taken: whole granules.
    taken: u64,
}

impl Blocks {
    fn new(len: u64) -> Self {
        Self { free: BTreeMap::from([(0, len)]), used: BTreeMap::new() }
    }

    /// First fit: low addresses stay dense, so that the window's high pages are never touched.
    fn alloc(&mut self, len: u64) -> Option<u64> {
        let taken = len.checked_next_multiple_of(GRANULE)?;
        let (&start, &room) = self.free.iter().find(|(_, room)| **room >= taken)?;
        self.free.remove(&start);
        if room > taken {
            self.free.insert(start + taken, room - taken);
        }
        self.used.insert(start, Used { len, taken });
        Some(start)
    }

    /// Gives back what starts there; returns the whole stretch that is free now.
    fn free(&mut self, start: u64) -> Option<Range<u64>> {
        let used = self.used.remove(&start)?;
        let (mut from, mut len) = (start, used.taken);
        if let Some((&before, &before_len)) = self.free.range(..start).next_back()
            && before + before_len == start
        {
            self.free.remove(&before);
            (from, len) = (before, before_len + len);
        }
        if let Some(after_len) = self.free.remove(&(start + used.taken)) {
            len += after_len;
        }
        self.free.insert(from, len);
        Some(from..from + len)
    }

    /// Whether nobody has any of it.
    fn is_free(&self, stretch: &Range<u64>) -> bool {
        let before_end = self.used.range(..stretch.end).next_back();
        before_end.is_none_or(|(start, used)| start + used.taken <= stretch.start)
    }

    fn find(&self, at: u64) -> Option<Range<u64>> {
        let (&start, used) = self.used.range(..=at).next_back()?;
        (at < start + used.len).then(|| start..start + used.len)
    }
}

/// Memory of the window that guest and executor both reach; addresses are this process's.
pub struct PinnedHeap {
    channel: Arc<Channel>,
    area: Span,
    base: u64,
    host_base: u64,
    /// Held by whoever opens or closes slabs; taken before `blocks`.
    slabs: Mutex<Slabs>,
    blocks: Mutex<Blocks>,
}

impl PinnedHeap {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        let layout = *channel.window().layout();
        let area = layout.pinned;
        let base = channel.window().mapping().address() + area.offset;
        let host_base = layout.host_address.wrapping_add(area.offset);
        let (slabs, blocks) = (Mutex::new(Slabs::new(area)), Mutex::new(Blocks::new(area.len_bytes)));
        Self { channel, area, base, host_base, slabs, blocks }
    }

    /// Takes `len_bytes`, page-aligned. New memory is zero; reused memory may hold what its last owner left.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes, `OUT_OF_MEMORY` when no stretch is long enough, and why the executor does not open it.
    pub fn alloc(&self, len_bytes: usize) -> CuResult<NonNull<u8>> {
        self.channel.check()?;
        if len_bytes == 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let start = self.blocks.lock().alloc(len_bytes as u64).ok_or(CuError::OUT_OF_MEMORY)?;
        let stretch = start..start + len_bytes as u64;
        self.slabs.lock().open(&self.channel, &stretch).inspect_err(|_| {
            self.blocks.lock().free(start);
        })?;
        Ok(self.channel.window().mapping().bytes(self.area.offset + start, len_bytes as u64))
    }

    /// Gives back what [`alloc`](Self::alloc) gave. The caller has seen to it that no queued work uses it.
    ///
    /// # Errors
    /// `INVALID_VALUE` when no allocation starts at `address`, and those of the channel.
    pub fn free(&self, address: u64) -> CuResult {
        self.channel.check()?;
        let start = address.checked_sub(self.base).ok_or(CuError::INVALID_VALUE)?;
        let mut slabs = self.slabs.lock();
        let used = self.blocks.lock().used.get(&start).copied().ok_or(CuError::INVALID_VALUE)?;
        let stretch = start..start + used.taken;
        let is_long = used.taken >= DISCARD_FROM_BYTES;
        let (held, loose): (Vec<usize>, Vec<usize>) = match is_long {
            true => Slabs::touched(&stretch).partition(|number| slabs.holds_pages(*number)),
            false => (Vec::new(), Vec::new()),
        };
        // While the stretch still counts as used: nobody else may have been given it yet.
        for slab in loose.into_iter().map(|number| slabs.stretch(number)) {
            self.discard(&(slab.start.max(stretch.start)..slab.end.min(stretch.end)));
        }
        self.blocks.lock().free(start).ok_or(CuError::INVALID_VALUE)?;
        for number in held {
            let slab = slabs.stretch(number);
            // Whoever is given a part of it from now on waits for the slabs before it comes to use.
            if self.blocks.lock().is_free(&slab) {
                slabs.close(&self.channel, number)?;
                self.discard(&slab);
            }
        }
        Ok(())
    }

    /// Gives the pages of a stretch back to the system.
    fn discard(&self, stretch: &Range<u64>) {
        let offset = self.area.offset + stretch.start;
        self.channel.window().mapping().discard(offset, stretch.end - stretch.start);
    }

    /// The allocation that holds the byte at `address`: its whole range.
    pub fn find(&self, address: u64) -> Option<Range<u64>> {
        if !self.range().contains(&address) || self.channel.check().is_err() {
            return None;
        }
        let found = self.blocks.lock().find(address - self.base)?;
        Some(found.start + self.base..found.end + self.base)
    }

    /// The whole heap's addresses, allocated or not. Costs nothing: most pointers are not in it.
    pub fn range(&self) -> Range<u64> {
        self.base..self.base + self.area.len_bytes
    }

    /// The window's name for a stretch that lies in one allocation.
    pub fn span(&self, address: u64, len_bytes: usize) -> Option<Span> {
        let block = self.find(address)?;
        let end = address.checked_add(len_bytes as u64)?;
        let offset = self.area.offset + (address - self.base);
        (end <= block.end).then_some(Span { offset, len_bytes: len_bytes as u64 })
    }

    /// What messages call the byte at `address`: the executor's own address of it.
    pub fn host_address(&self, address: u64) -> u64 {
        address.wrapping_sub(self.base).wrapping_add(self.host_base)
    }

    /// Where kernels find the byte at `address` of an allocation; `None` where they do not reach the whole of that.
    pub fn device_address(&self, address: u64) -> Option<u64> {
        let block = self.find(address)?;
        let stretch = block.start - self.base..block.end - self.base;
        let start = self.slabs.lock().device_address(&stretch)?;
        Some(start + (address - block.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_neighbours_become_one_stretch() {
        let mut blocks = Blocks::new(16 * GRANULE);
        let starts: Vec<u64> = (0..16).map(|_| blocks.alloc(1).expect("room for 16 pages")).collect();
        assert_eq!(blocks.alloc(1), None);
        for at in [1, 3, 2, 0, 15, 14] {
            assert!(blocks.free(starts[at]).is_some());
        }
        assert_eq!(blocks.free, BTreeMap::from([(0, 4 * GRANULE), (14 * GRANULE, 2 * GRANULE)]));
        assert_eq!(blocks.alloc(4 * GRANULE), Some(0));
    }

    #[test]
    fn freeing_twice_or_inside_is_refused() {
        let mut blocks = Blocks::new(16 * GRANULE);
        let start = blocks.alloc(2 * GRANULE).expect("room");
        assert!(blocks.free(start + GRANULE).is_none());
        assert!(blocks.free(start).is_some());
        assert!(blocks.free(start).is_none());
    }

    #[test]
    fn a_pointer_is_found_in_what_was_asked_for_only() {
        let mut blocks = Blocks::new(16 * GRANULE);
        let start = blocks.alloc(100).expect("room");
        assert_eq!(blocks.find(start + 99), Some(start..start + 100));
        assert_eq!(blocks.find(start + 100), None);
    }

    #[test]
    fn absurd_lengths_do_not_fit() {
        let mut blocks = Blocks::new(16 * GRANULE);
        assert_eq!(blocks.alloc(u64::MAX), None);
        assert_eq!(blocks.alloc(17 * GRANULE), None);
    }
}
