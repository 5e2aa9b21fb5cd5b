//! What the addresses of a warp's lanes have in common: the question that every access asks first.
//!
//! Written twice: `plain`, in loops, and `avx512`, which only sums of 32-bit values do without. Both answer with what `found`
//! has, and do not know each other; the choice is made here, by a constant of whoever asks.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod found;
mod plain;

use found::{Bounds, Pattern};

pub(super) use plain::sum_u32;

/// The pattern of 64-bit values that lie `LEN` bytes apart when contiguous.
///
/// # Safety
/// With `AVX512`, the CPU has it (F, DQ and VL).
#[inline(always)]
pub(super) unsafe fn of_u64<const LEN: usize, const AVX512: bool>(values: &[u64; 32]) -> Pattern {
    #[cfg(target_arch = "x86_64")]
    if AVX512 {
        // SAFETY: the caller vouches for the CPU.
        return unsafe { avx512::of_u64::<LEN>(values) };
    }
    plain::of_u64::<LEN>(values)
}

/// The pattern of 32-bit values.
///
/// # Safety
/// As for [`of_u64`].
#[inline(always)]
pub(super) unsafe fn of_u32<const LEN: usize, const AVX512: bool>(values: &[u32; 32]) -> Pattern {
    #[cfg(target_arch = "x86_64")]
    if AVX512 {
        // SAFETY: the caller vouches for the CPU.
        return unsafe { avx512::of_u32::<LEN>(values) };
    }
    plain::of_u32::<LEN>(values)
}

/// Adds `add` to all values; the sums go to `to`. The result is about the lanes in `mask`.
///
/// # Safety
/// As for [`of_u64`].
#[inline(always)]
pub(super) unsafe fn sum_u64<const AVX512: bool>(
    values: &[u64; 32],
    add: u64,
    mask: u32,
    to: &mut [u64; 32],
) -> Bounds {
    #[cfg(target_arch = "x86_64")]
    if AVX512 {
        // SAFETY: the caller vouches for the CPU.
        return unsafe { avx512::sum_u64(values, add, mask, to) };
    }
    plain::sum_u64(values, add, mask, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(value: impl Fn(u64) -> u64) -> [u64; 32] {
        std::array::from_fn(|lane| value(lane as u64))
    }

    fn all(values: &[u64; 32], mask: u32) -> [(Pattern, Pattern, Bounds); 2] {
        let narrow = values.map(|value| u32::try_from(value & 0xffff_ffff).expect("masked"));
        let mut to = [0; 32];
        // SAFETY: no features are asked for.
        let plain = unsafe {
            (of_u64::<4, false>(values), of_u32::<4, false>(&narrow), sum_u64::<false>(values, 8, mask, &mut to))
        };
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
            let mut other = [0; 32];
            // SAFETY: the CPU has the features.
            let wide = unsafe {
                (of_u64::<4, true>(values), of_u32::<4, true>(&narrow), sum_u64::<true>(values, 8, mask, &mut other))
            };
            assert_eq!(to, other);
            return [plain, wide];
        }
        [plain, plain]
    }

    #[test]
    fn consecutive_elements_are_contiguous_and_equal_ones_uniform() {
        let contiguous = Pattern { is_contiguous: true, is_uniform: false };
        let uniform = Pattern { is_contiguous: false, is_uniform: true };
        let neither = Pattern { is_contiguous: false, is_uniform: false };
        for (values, expected) in [
            (lanes(|lane| 0x1000 + 4 * lane), contiguous),
            (lanes(|_| 0x1000), uniform),
            (lanes(|lane| 0x1000 + 4 * lane + u64::from(lane == 31)), neither),
            (lanes(|lane| 0x1000 + 8 * u64::from(lane == 17)), neither),
        ] {
            for (wide, narrow, _) in all(&values, !0) {
                assert_eq!((wide, narrow), (expected, expected));
            }
        }
    }

    #[test]
    fn bounds_are_those_of_the_active_lanes() {
        let values = lanes(|lane| if lane % 2 == 0 { 1 << lane } else { u64::MAX - 99 });
        for (_, _, bounds) in all(&values, 0b1_0001_0000) {
            assert_eq!(bounds, Bounds { low: 24, high: 264, bits: 24 | 264 });
        }
    }
}
