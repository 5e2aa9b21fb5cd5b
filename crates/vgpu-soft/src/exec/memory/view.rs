//! Ranges of addresses, and which of them a warp may touch.

use super::space::AccessKind;
use crate::memory::MemoryMap;

/// A stretch of addresses; `end` is the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Range {
    const EMPTY: Self = Self { start: 0, end: 0 };

    /// Whether `len_bytes` bytes from each address between `low` and `high` lie within.
    #[inline(always)]
    pub(crate) fn covers(&self, low: u64, high: u64, len_bytes: u64) -> bool {
        low >= self.start && high <= self.end.wrapping_sub(len_bytes) && self.end >= len_bytes
    }
}

/// Ranges that were admitted lately, and the memory of the warp's block.
pub(crate) struct View {
    /// Two that were used last, of those that may be written.
    recent: [Range; 2],
    next_recent: usize,
    /// The block's shared memory.
    pub(crate) shared: Range,
    /// The warp's local memory: 32 stretches of `local_lane_bytes`.
    pub(crate) local: Range,
    pub(crate) local_lane_bytes: u32,
    /// The launch's copy of the parameters, which all its blocks read and none may change.
    pub(crate) params: Range,
    /// The launch's workspace for grid barriers.
    pub(crate) workspace: Range,
    /// The launch's allocations.
    pub(crate) map: *const MemoryMap,
}

impl View {
    /// Admits nothing.
    pub(crate) const fn empty() -> Self {
        Self {
            recent: [Range::EMPTY; 2],
            next_recent: 0,
            shared: Range::EMPTY,
            local: Range::EMPTY,
            local_lane_bytes: 0,
            params: Range::EMPTY,
            workspace: Range::EMPTY,
            map: std::ptr::null(),
        }
    }

    /// Whether a generic access of `len_bytes` at every address from `low` to `high` is sure to be valid without a
    /// look at each lane.
    #[inline(always)]
    pub(crate) fn covers(&mut self, low: u64, high: u64, len_bytes: u64, kind: AccessKind) -> bool {
        self.recent[0].covers(low, high, len_bytes)
            || self.recent[1].covers(low, high, len_bytes)
            || self.covers_slow(low, high, len_bytes, kind)
    }

    #[cold]
    #[inline(never)]
    fn covers_slow(&mut self, low: u64, high: u64, len_bytes: u64, kind: AccessKind) -> bool {
        if kind == AccessKind::Read && self.params.covers(low, high, len_bytes) {
            // Not remembered: a write that comes next is to be refused.
            return true;
        }
        for range in [self.shared, self.local, self.workspace] {
            if range.covers(low, high, len_bytes) {
                return self.remember(range);
            }
        }
        match self.find(low) {
            Some(range) if range.covers(low, high, len_bytes) => self.remember(range),
            _ => false,
        }
    }

    fn remember(&mut self, range: Range) -> bool {
        self.recent[self.next_recent] = range;
        self.next_recent ^= 1;
        true
    }

    /// The launch's snapshot of what it may touch.
    pub(crate) fn map<'m>(&self) -> Option<&'m MemoryMap> {
        // SAFETY: `map` is null or the launch's map, which outlives the block that this warp runs.
        unsafe { self.map.as_ref() }
    }

    fn find(&self, address: u64) -> Option<Range> {
        self.map()?.find(address).map(|range| Range { start: range.start, end: range.end })
    }

    /// Whether one lane's generic access is valid.
    pub(crate) fn admits(&mut self, address: u64, len_bytes: u64, kind: AccessKind) -> bool {
        self.covers(address, address, len_bytes, kind)
    }

    /// Whether `address` is in memory that other blocks may reach as well, and that kernels know of.
    pub(crate) fn is_of_all_blocks(&self, address: u64) -> bool {
        let own = [self.shared, self.local, self.workspace, self.params];
        !own.iter().any(|range| range.covers(address, address, 1)) && self.find(address).is_some()
    }

    /// What is at `address`, where so many bytes may not be accessed.
    pub(super) fn describe(&self, address: u64, len_bytes: u64) -> String {
        if self.params.covers(address, address, len_bytes) {
            return "among the parameters".to_owned();
        }
        // SAFETY: as in `find`.
        match unsafe { self.map.as_ref() }.and_then(|map| map.nearest(address)) {
            None => "in no allocation".to_owned(),
            Some(std::ops::Range { start, end }) => {
                let len = end - start;
                let (distance, side) = match address {
                    _ if address < start => (start - address, "before"),
                    _ if address < end => (end - address, "before the end of"),
                    _ => (address - end, "behind"),
                };
                format!("in no allocation, {distance} bytes {side} the one of {len} bytes at {start:#x}")
            }
        }
    }

    /// How many bytes from `address` may be read, 0 when it is not valid.
    pub(crate) fn readable_bytes(&mut self, address: u64) -> u64 {
        if !self.admits(address, 1, AccessKind::Read) {
            return 0;
        }
        let within = |range: &Range| range.covers(address, address, 1).then(|| range.end - address);
        self.recent.iter().chain([&self.params]).find_map(within).unwrap_or(0)
    }
}
