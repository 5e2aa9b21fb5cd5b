//! The rows that a copy of a box or a fill touches.

use crate::error::{CuError, CuResult};

/// The rows of a box: `depth` slices of `height` rows of `width_bytes` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of a row.
    pub width_bytes: u64,
    /// Rows of a slice.
    pub height: u64,
    /// Slices.
    pub depth: u64,
}

impl Extent {
    /// Whether it touches nothing.
    pub fn is_empty(self) -> bool {
        self.width_bytes == 0 || self.height == 0 || self.depth == 0
    }

    /// Bytes from the first row's start to the last row's end.
    ///
    /// # Errors
    /// `INVALID_VALUE` when rows or slices overlap or the sum is more than an address can hold.
    pub fn span_bytes(self, pitch: u64, slice_pitch: u64) -> CuResult<u64> {
        if self.is_empty() {
            return Ok(0);
        }
        if self.height > 1 && pitch < self.width_bytes {
            return Err(CuError::INVALID_VALUE);
        }
        let slice = pitch.checked_mul(self.height - 1).and_then(|rows| rows.checked_add(self.width_bytes));
        let slice = slice.ok_or(CuError::INVALID_VALUE)?;
        if self.depth > 1 && slice_pitch < slice {
            return Err(CuError::INVALID_VALUE);
        }
        let slices = slice_pitch.checked_mul(self.depth - 1);
        slices.and_then(|slices| slices.checked_add(slice)).ok_or(CuError::INVALID_VALUE)
    }

    /// Bytes of all rows, without the gaps.
    pub fn total_bytes(self) -> u64 {
        self.width_bytes.saturating_mul(self.height).saturating_mul(self.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overflowing_extents_are_invalid() {
        let extent = Extent { width_bytes: u64::MAX, height: 2, depth: 2 };
        assert!(extent.span_bytes(u64::MAX, u64::MAX).is_err());
    }

    #[test]
    fn slices_that_overlap_are_invalid() {
        let extent = Extent { width_bytes: 4, height: 2, depth: 1 << 62 };
        assert_eq!(extent.span_bytes(8, 0), Err(CuError::INVALID_VALUE));
        let extent = Extent { depth: 3, ..extent };
        assert_eq!(extent.span_bytes(8, 11), Err(CuError::INVALID_VALUE));
        assert_eq!(extent.span_bytes(8, 12), Ok(36));
    }
}
