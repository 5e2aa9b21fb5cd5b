//! What the addresses of a warp's lanes have in common: the question that every access asks first.
//!
//! Written twice: in plain loops, and for AVX-512, where the compiler's own choice is several times slower.

/// How the values of all 32 lanes relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Each is the one before plus the element's length.
    pub(super) is_contiguous: bool,
    /// All are the same.
    pub(super) is_uniform: bool,
}

/// The smallest and the largest active value, and all their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) bits: u64,
}

/// Lanes that the plain loops treat side by side.
const SIDE: usize = 8;

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
pub(super) fn sum_u32(
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

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{Bounds, Pattern};

    /// # Safety
    /// AVX-512 F, DQ and VL.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
    pub(super) unsafe fn of_u64<const LEN: usize>(values: &[u64; 32]) -> Pattern {
        let len = LEN as i64;
        let first = _mm512_set1_epi64(values[0].cast_signed());
        let count = _mm512_set_epi64(7 * len, 6 * len, 5 * len, 4 * len, 3 * len, 2 * len, len, 0);
        let mut expected = _mm512_add_epi64(first, count);
        let side = _mm512_set1_epi64(8 * len);
        let (mut steps, mut same) = (0, 0);
        for part in 0..4 {
            // SAFETY: eight values of 32.
            let value = unsafe { _mm512_loadu_si512(values.as_ptr().add(8 * part).cast()) };
            steps |= _mm512_cmpneq_epi64_mask(value, expected);
            same |= _mm512_cmpneq_epi64_mask(value, first);
            expected = _mm512_add_epi64(expected, side);
        }
        Pattern { is_contiguous: steps == 0, is_uniform: same == 0 }
    }

    /// # Safety
    /// As for [`of_u64`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
    pub(super) unsafe fn of_u32<const LEN: usize>(values: &[u32; 32]) -> Pattern {
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "16 at most")]
        let len = LEN as i32;
        let first = _mm512_set1_epi32(values[0].cast_signed());
        let count = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        let low = _mm512_add_epi32(first, _mm512_mullo_epi32(count, _mm512_set1_epi32(len)));
        let high = _mm512_add_epi32(low, _mm512_set1_epi32(16 * len));
        // SAFETY: the first sixteen values of 32.
        let value = unsafe { _mm512_loadu_si512(values.as_ptr().cast()) };
        let mut steps = _mm512_cmpneq_epi32_mask(value, low);
        let mut same = _mm512_cmpneq_epi32_mask(value, first);
        // SAFETY: the other sixteen.
        let value = unsafe { _mm512_loadu_si512(values.as_ptr().add(16).cast()) };
        steps |= _mm512_cmpneq_epi32_mask(value, high);
        same |= _mm512_cmpneq_epi32_mask(value, first);
        Pattern { is_contiguous: steps == 0, is_uniform: same == 0 }
    }

    /// # Safety
    /// As for [`of_u64`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
    pub(super) unsafe fn sum_u64(values: &[u64; 32], add: u64, mask: u32, to: &mut [u64; 32]) -> Bounds {
        let add = _mm512_set1_epi64(add.cast_signed());
        let (mut low, mut high, mut bits) = (_mm512_set1_epi64(-1), _mm512_setzero_si512(), _mm512_setzero_si512());
        for part in 0..4 {
            #[expect(clippy::cast_possible_truncation, reason = "eight lanes' bits are meant")]
            let lanes = (mask >> (8 * part)) as u8;
            // SAFETY: eight values of 32.
            let value = unsafe { _mm512_loadu_si512(values.as_ptr().add(8 * part).cast()) };
            let sum = _mm512_add_epi64(value, add);
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().add(8 * part).cast(), sum) };
            low = _mm512_mask_min_epu64(low, lanes, low, sum);
            high = _mm512_mask_max_epu64(high, lanes, high, sum);
            bits = _mm512_mask_or_epi64(bits, lanes, bits, sum);
        }
        Bounds {
            low: _mm512_reduce_min_epu64(low),
            high: _mm512_reduce_max_epu64(high),
            bits: _mm512_reduce_or_epi64(bits).cast_unsigned(),
        }
    }
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
