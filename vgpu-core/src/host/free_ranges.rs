//! Free stretches of an address range: which one to take from, and what comes together again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Free stretches that do not touch each other.
#[derive(Debug, Default)]
pub struct FreeRanges {
    /// Lengths by start, and the same by length for best fit.
    by_start: BTreeMap<u64, u64>,
    by_len: BTreeSet<(u64, u64)>,
}

impl FreeRanges {
    /// All of one range.
    pub fn of(range: Range<u64>) -> Self {
        let mut free = Self::default();
        free.give(range.start, range.end.saturating_sub(range.start));
        free
    }

    /// Where `len_bytes` could be [taken](Self::take): the start of the shortest stretch that has room.
    pub fn find(&self, len_bytes: u64) -> Option<u64> {
        self.by_len.range((len_bytes, 0)..).next().map(|(_, start)| *start)
    }

    /// The length of the longest stretch.
    pub fn longest_bytes(&self) -> u64 {
        self.by_len.last().map_or(0, |(len_bytes, _)| *len_bytes)
    }

    /// Takes `len_bytes` from the front of the shortest stretch that has room; returns where.
    pub fn take(&mut self, len_bytes: u64) -> Option<u64> {
        let start = self.find(len_bytes)?;
        self.take_at(start, len_bytes).then_some(start)
    }

    /// Takes that very stretch, if all of it is free.
    pub fn take_at(&mut self, start: u64, len_bytes: u64) -> bool {
        let Some((&from, &room)) = self.by_start.range(..=start).next_back() else {
            return false;
        };
        let before = start - from;
        let Some(after) = room.checked_sub(before).and_then(|room| room.checked_sub(len_bytes)) else {
            return false;
        };
        self.remove(from, room);
        self.insert(from, before);
        self.insert(start + len_bytes, after);
        true
    }

    /// Gives back a stretch that is not free; returns the whole free stretch that it is part of now.
    pub fn give(&mut self, start: u64, len_bytes: u64) -> Range<u64> {
        let (mut from, mut len) = (start, len_bytes);
        if let Some((&before, &before_len)) = self.by_start.range(..start).next_back()
            && before + before_len == start
        {
            self.remove(before, before_len);
            (from, len) = (before, before_len + len);
        }
        if let Some(&after_len) = self.by_start.get(&(from + len)) {
            self.remove(from + len, after_len);
            len += after_len;
        }
        self.insert(from, len);
        from..from + len
    }

    fn insert(&mut self, start: u64, len_bytes: u64) {
        if len_bytes > 0 {
            self.by_start.insert(start, len_bytes);
            self.by_len.insert((len_bytes, start));
        }
    }

    fn remove(&mut self, start: u64, len_bytes: u64) {
        self.by_start.remove(&start);
        self.by_len.remove(&(len_bytes, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_stretch_that_has_room_is_taken_from() {
        let mut free = FreeRanges::of(0..100);
        assert!(free.take_at(20, 30) && free.take_at(90, 10));
        // 0..20 and 50..90.
        assert_eq!((free.find(21), free.take(21)), (Some(50), Some(50)));
        assert_eq!(free.take(19), Some(71));
        assert_eq!(free.take(20), Some(0));
        assert_eq!(free.take(1), None);
    }

    #[test]
    fn neighbours_come_together() {
        let mut free = FreeRanges::of(0..40);
        assert!((0..4).all(|_| free.take(10).is_some()));
        assert_eq!(free.give(0, 10), 0..10);
        assert_eq!(free.give(20, 10), 20..30);
        assert_eq!(free.give(10, 10), 0..30);
        assert_eq!(free.give(30, 10), 0..40);
        assert_eq!(free.take(40), Some(0));
    }

    #[test]
    fn only_what_is_free_is_taken() {
        let mut free = FreeRanges::of(10..20);
        for (start, len_bytes) in [(9, 1), (9, 5), (15, 6), (20, 1), (0, 1), (10, u64::MAX)] {
            assert!(!free.take_at(start, len_bytes), "{start} {len_bytes}");
        }
        assert!(free.take_at(12, 3));
        assert!(!free.take_at(11, 2) && !free.take_at(14, 1));
        assert!(free.take_at(10, 2) && free.take_at(15, 5));
    }
}
