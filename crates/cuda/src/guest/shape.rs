//! The shape of a launch: how many threads, in which groups, and whether a device and a function allow it.

use vgpu_core::wire::messages::{LAUNCH_COOPERATIVE, Launch};
use vgpu_core::{CuError, CuResult};

use super::device::Limits;

/// How many threads a launch has and how they are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) grid: [u32; 3],
    pub(crate) block: [u32; 3],
    pub(crate) dynamic_shared_bytes: u32,
    pub(crate) cooperative: bool,
}

impl Shape {
    /// Checks the shape against what device and function allow.
    ///
    /// # Errors
    /// `INVALID_VALUE` for an empty or too large grid or block or too much shared memory, `LAUNCH_OUT_OF_RESOURCES`
    /// for more threads than this function can have.
    pub(crate) fn check(&self, limits: &Limits, max_threads: u32, max_dynamic_shared_bytes: u32) -> CuResult {
        let fits =
            |size: &[u32; 3], limit: &[u32; 3]| size.iter().zip(limit).all(|(size, limit)| (1..=*limit).contains(size));
        if !fits(&self.grid, &limits.grid) || !fits(&self.block, &limits.block) {
            return Err(CuError::INVALID_VALUE);
        }
        let threads = self.block.iter().map(|size| u64::from(*size)).product::<u64>();
        if threads > u64::from(limits.block_threads) || self.dynamic_shared_bytes > max_dynamic_shared_bytes {
            return Err(CuError::INVALID_VALUE);
        }
        if threads > u64::from(max_threads) {
            return Err(CuError::LAUNCH_OUT_OF_RESOURCES);
        }
        Ok(())
    }

    /// Threads of one block; meaningful for a checked shape.
    pub(super) fn block_threads(&self) -> u32 {
        self.block.iter().copied().fold(1, u32::saturating_mul)
    }

    /// Blocks of its grid.
    pub(super) fn blocks(&self) -> u64 {
        self.grid.iter().map(|size| u64::from(*size)).fold(1, u64::saturating_mul)
    }

    /// The launch of a function, by its number at the executor, as a message.
    pub(crate) fn message(&self, function: u64) -> Launch {
        let &Self { grid, block, dynamic_shared_bytes, cooperative } = self;
        let flags = if cooperative { LAUNCH_COOPERATIVE } else { 0 };
        Launch { function, stream: 0, flags, grid, block, dynamic_shared_bytes, reserved: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { grid: [1000, 100, 10], block: [1024, 1024, 64], block_threads: 1024 };

    fn check(grid: [u32; 3], block: [u32; 3], dynamic_shared_bytes: u32) -> CuResult {
        Shape { grid, block, dynamic_shared_bytes, cooperative: false }.check(&LIMITS, 256, 48 << 10)
    }

    #[test]
    fn shapes_up_to_the_limits_are_accepted() {
        assert_eq!(check([1000, 100, 10], [16, 4, 4], 48 << 10), Ok(()));
    }

    #[test]
    fn empty_and_too_large_shapes_are_invalid() {
        let bad = [
            ([0, 1, 1], [1, 1, 1]),
            ([1, 1, 1], [1, 0, 1]),
            ([1, 101, 1], [1, 1, 1]),
            ([1, 1, 1], [1, 1, 65]),
            ([1, 1, 1], [1024, 1024, 1]),
        ];
        for (grid, block) in bad {
            assert_eq!(check(grid, block, 0), Err(CuError::INVALID_VALUE));
        }
    }

    #[test]
    fn more_threads_than_the_function_can_have_are_out_of_resources() {
        assert_eq!(check([1, 1, 1], [257, 1, 1], 0), Err(CuError::LAUNCH_OUT_OF_RESOURCES));
    }

    #[test]
    fn more_shared_memory_than_allowed_is_invalid() {
        assert_eq!(check([1, 1, 1], [1, 1, 1], (48 << 10) + 1), Err(CuError::INVALID_VALUE));
    }
}
