//! Stretches of addresses.

/// A stretch of addresses; `end` is the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Range {
    pub(super) const EMPTY: Self = Self { start: 0, end: 0 };

    /// Whether `len_bytes` bytes from each address between `low` and `high` lie within.
    #[inline(always)]
    pub(crate) fn covers(&self, low: u64, high: u64, len_bytes: u64) -> bool {
        low >= self.start && high <= self.end.wrapping_sub(len_bytes) && self.end >= len_bytes
    }
}
