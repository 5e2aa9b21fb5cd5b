//! The bounds of a region: an access lies within it as a whole, or is refused.

use std::fmt;

/// An access that leaves its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an access beyond the end of its region")
    }
}

impl std::error::Error for OutOfRange {}

/// The end of an access of `len_bytes` at `offset`, if it stays within `region_bytes`.
pub(crate) fn end_of(offset: u64, len_bytes: usize, region_bytes: u64) -> Result<u64, OutOfRange> {
    let end = offset.checked_add(len_bytes as u64);
    end.filter(|end| *end <= region_bytes).ok_or(OutOfRange)
}
