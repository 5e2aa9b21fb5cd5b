//! The questions in plain loops, for every processor.

use super::found::{Bounds, Pattern};

/// Lanes that the plain loops treat side by side.
const SIDE: usize = 8;

/// The pattern of 64-bit values that lie `LEN` bytes apart when contiguous.
#[inline(always)]
pub(super) fn of_u64<const LEN: usize>(values: &[u64; 32]) -> Pattern {
    let first = values[0];
    let (mut steps, mut same) = ([0; SIDE], [0; SIDE]);
    for side in 0..32 / SIDE {
        for lane in 0..SIDE {
            let value = values[side * SIDE + lane];
            steps[lane] |= value ^ first.wrapping_add(((side * SIDE + lane) * LEN) as u64);
            same[lane] |= value ^ first;
        }
    }
    Pattern { is_contiguous: steps == [0; SIDE], is_uniform: same == [0; SIDE] }
}

/// The pattern of 32-bit values.
#[inline(always)]
pub(super) fn of_u32<const LEN: usize>(values: &[u32; 32]) -> Pattern {
    let first = values[0];
    let (mut steps, mut same) = ([0; SIDE], [0; SIDE]);
    for side in 0..32 / SIDE {
        for lane in 0..SIDE {
            let value = values[side * SIDE + lane];
            #[expect(clippy::cast_possible_truncation, reason = "lanes and lengths are small")]
            let step = ((side * SIDE + lane) * LEN) as u32;
            steps[lane] |= value ^ first.wrapping_add(step);
            same[lane] |= value ^ first;
        }
    }
    Pattern { is_contiguous: steps == [0; SIDE], is_uniform: same == [0; SIDE] }
}

/// Adds `add` to all values; the sums go to `to`. The result is about the lanes in `mask`.
#[inline(always)]
pub(super) fn sum_u64(values: &[u64; 32], add: u64, mask: u32, to: &mut [u64; 32]) -> Bounds {
    let (mut low, mut high, mut bits) = ([u64::MAX; SIDE], [0; SIDE], [0; SIDE]);
    for side in 0..32 / SIDE {
        for lane in 0..SIDE {
            let at = side * SIDE + lane;
            let sum = values[at].wrapping_add(add);
            to[at] = sum;
            let active = 0u64.wrapping_sub(u64::from((mask >> at) & 1));
            low[lane] = low[lane].min(sum | !active);
            high[lane] = high[lane].max(sum & active);
            bits[lane] |= sum & active;
        }
    }
    Bounds {
        low: low.into_iter().fold(u64::MAX, u64::min),
        high: high.into_iter().fold(0, u64::max),
        bits: bits.into_iter().fold(0, |all, bits| all | bits),
    }
}

/// Adds `add` to all values modulo 2³², and then `base` and `lane_step` times the lane; the sums go to `to`. The result
/// is about the values before the base is added, of the lanes in `mask`.
#[inline(always)]
pub(crate) fn sum_u32(
    values: &[u32; 32],
    add: u32,
    mask: u32,
    base: u64,
    lane_step: u64,
    to: &mut [u64; 32],
) -> Bounds {
    let (mut high, mut bits) = ([0u32; SIDE], [0u32; SIDE]);
    for side in 0..32 / SIDE {
        for lane in 0..SIDE {
            let at = side * SIDE + lane;
            let sum = values[at].wrapping_add(add);
            let active = 0u32.wrapping_sub((mask >> at) & 1);
            high[lane] = high[lane].max(sum & active);
            bits[lane] |= sum & active;
            to[at] = base.wrapping_add(u64::from(sum)).wrapping_add(at as u64 * lane_step);
        }
    }
    Bounds {
        low: 0,
        high: u64::from(high.into_iter().fold(0, u32::max)),
        bits: u64::from(bits.into_iter().fold(0, |all, bits| all | bits)),
    }
}
