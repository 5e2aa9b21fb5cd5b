//! Where texels lie: rows and slices of one format.

use super::format::{Format, Texel};
use crate::allocations::Allocations;

/// Texels in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(super) start: u64,
    /// Width, height and depth in texels, rows and slices; 1 where there is no such dimension.
    pub(super) extents: [u64; 3],
    pub(super) row_pitch: u64,
    pub(super) slice_pitch: u64,
    pub(super) format: Format,
    /// It lies in memory that kernels reach by address: it may be freed by the time that it is read.
    pub(super) is_linear: bool,
}

impl Grid {
    /// The address of a texel that is there.
    fn address(&self, [x, y, z]: [u64; 3]) -> u64 {
        debug_assert!(x < self.extents[0] && y < self.extents[1] && z < self.extents[2]);
        self.start + z * self.slice_pitch + y * self.row_pitch + x * self.format.texel_bytes()
    }

    /// Reads a texel that is there.
    ///
    /// # Errors
    /// Its address, if it is not mapped.
    pub(super) fn read(&self, at: [u64; 3], map: &Allocations) -> Result<Texel, u64> {
        let (address, len_bytes) = (self.address(at), self.format.texel_bytes());
        if self.is_linear && !map.admits(address, len_bytes) {
            return Err(address);
        }
        let mut bytes = [0; 16];
        // SAFETY: the texel is within an array, whose memory stays until work that was queued before its end is done, or it has just
        // been admitted; it has 16 bytes at most.
        unsafe { std::ptr::copy_nonoverlapping(pointer(address), bytes.as_mut_ptr(), len_bytes as usize) };
        Ok(self.format.decode(&bytes))
    }
}

/// A pointer to device memory.
pub(super) fn pointer(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(address as usize)
}
