//! The questions for AVX-512, where the compiler's own choice is several times slower.

use std::arch::x86_64::*;

use super::found::{Bounds, Pattern};

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
