//! The pinned heap: host memory that kernels and copies reach in place. The guest alone decides who has which part.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use parking_lot::Mutex;

use super::channel::Channel;
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

    fn free(&mut self, start: u64) -> Option<Used> {
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
        Some(used)
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
    blocks: Mutex<Blocks>,
}

impl PinnedHeap {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        let layout = *channel.window().layout();
        let area = layout.pinned;
        let base = channel.window().mapping().address() + area.offset;
        let host_base = layout.host_address.wrapping_add(area.offset);
        Self { channel, area, base, host_base, blocks: Mutex::new(Blocks::new(area.len_bytes)) }
    }

    /// Takes `len_bytes`, page-aligned. New memory is zero; reused memory may hold what its last owner left.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes, `OUT_OF_MEMORY` when no stretch is long enough.
    pub fn alloc(&self, len_bytes: usize) -> CuResult<NonNull<u8>> {
        self.channel.check()?;
        if len_bytes == 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let start = self.blocks.lock().alloc(len_bytes as u64).ok_or(CuError::OUT_OF_MEMORY)?;
        Ok(self.channel.window().mapping().bytes(self.area.offset + start, len_bytes as u64))
    }

    /// Gives back what [`alloc`](Self::alloc) gave. The caller has seen to it that no queued work uses it.
    ///
    /// # Errors
    /// `INVALID_VALUE` when no allocation starts at `address`.
    pub fn free(&self, address: u64) -> CuResult {
        self.channel.check()?;
        let start = address.checked_sub(self.base).ok_or(CuError::INVALID_VALUE)?;
        let mut blocks = self.blocks.lock();
        let used = blocks.used.get(&start).copied().ok_or(CuError::INVALID_VALUE)?;
        if used.taken >= DISCARD_FROM_BYTES {
            // While the stretch still counts as used: nobody else may have been given it yet.
            self.channel.window().mapping().discard(self.area.offset + start, used.taken);
        }
        blocks.free(start).map(|_| ()).ok_or(CuError::INVALID_VALUE)
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

    /// The executor's address of the byte at `address`: the same number if both sides map alike.
    pub fn device_address(&self, address: u64) -> u64 {
        address.wrapping_sub(self.base).wrapping_add(self.host_base)
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
