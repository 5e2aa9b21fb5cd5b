//! Products of matrices of bytes, of halves of them, and of bits, summed in 32 bits.

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::lanes::{Body, LANES, Level};
use super::tensor::{operand, set_operand, word_rows};

const A_SIGNED: i64 = 1;
const B_SIGNED: i64 = 2;
const SATURATING: i64 = 4;

/// What `Op::imm` says of the operands.
pub(super) fn variant(is_a_signed: bool, is_b_signed: bool, is_saturating: bool) -> i64 {
    let flag = |is_set: bool, bit: i64| if is_set { bit } else { 0 };
    flag(is_a_signed, A_SIGNED) | flag(is_b_signed, B_SIGNED) | flag(is_saturating, SATURATING)
}

/// What a factor is: a byte.
pub(super) const BYTES: u8 = 0;
/// Four bits.
pub(super) const NIBBLES: u8 = 1;
/// A bit; the product is whether two differ.
pub(super) const BITS_XOR: u8 = 2;
/// A bit; the product is whether both are set.
pub(super) const BITS_AND: u8 = 3;

/// `m8n8k16`, `m16n8k16` and `m16n8k32` of bytes, and what takes as many registers. A register is a word of four neighbours along
/// the depth (eight, or 32 of smaller factors); the layout of words is that of `tensor`. `Op::imm` is a [`variant`].
pub(super) struct IntegerProduct<const ROWS: usize, const DEPTH: usize, const FACTOR: u8>;

impl<const ROWS: usize, const DEPTH: usize, const FACTOR: u8> Body for IntegerProduct<ROWS, DEPTH, FACTOR> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        /// Words along the largest depth.
        const WORDS: usize = 8;
        let row_blocks = ROWS / 8;
        let a_first = 2 * row_blocks;
        let b_first = a_first + row_blocks * DEPTH / 16;
        let c_first = b_first + DEPTH / 16;
        // SAFETY: as the caller: the form has so many registers of a.
        let a = unsafe { word_rows::<L, ROWS, WORDS>(warp, op, a_first, row_blocks * DEPTH / 16) };
        let mut b = [[0u32; 8]; WORDS];
        for register in 0..DEPTH / 16 {
            // SAFETY: as the caller: and DEPTH / 16 registers of b.
            let words = unsafe { operand::<u32>(warp, op, b_first + register) };
            for lane in L::lanes() {
                b[register * 4 + lane % 4][lane / 4] = words[lane];
            }
        }
        // SAFETY: as the caller: c's registers come last.
        let c = unsafe { read_c::<L, ROWS>(warp, op, c_first) };
        let b = &b[..DEPTH / 4];
        let mut sums = [[0i32; 8]; ROWS];
        for (sums, a) in sums.iter_mut().zip(&a) {
            *sums = match FACTOR {
                BYTES => dot::<L>(a, b, op.imm),
                NIBBLES => dot_nibbles(a, b, op.imm),
                BITS_XOR => dot_bits(a, b, |a, b| a ^ b),
                _ => dot_bits(a, b, |a, b| a & b),
            };
        }
        // SAFETY: as the caller: d's registers come first. The products fit: 32 terms of less than 2^16, or more of smaller ones.
        unsafe { write_d::<L, ROWS>(warp, op, mask, sums, &c, op.imm & SATURATING != 0) }
    }
}

/// The rows of c, from registers `first` and on.
///
/// # Safety
/// As [`operand`], for ROWS / 4 registers.
#[inline(always)]
pub(super) unsafe fn read_c<L: Level, const ROWS: usize>(warp: &Warp, op: &Op, first: usize) -> [[i32; 8]; ROWS] {
    let mut c = [[0i32; 8]; ROWS];
    for register in 0..ROWS / 4 {
        // SAFETY: as the caller.
        let values = unsafe { operand::<i32>(warp, op, first + register) };
        for lane in L::lanes() {
            c[register / 2 * 8 + lane / 4][lane % 4 * 2 + register % 2] = values[lane];
        }
    }
    c
}

/// Writes d, which is the products, as far as they are summed exactly, and c.
///
/// # Safety
/// As [`operand`], for ROWS / 4 registers.
#[inline(always)]
pub(super) unsafe fn write_d<L: Level, const ROWS: usize>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
    mut sums: [[i32; 8]; ROWS],
    c: &[[i32; 8]; ROWS],
    is_saturating: bool,
) {
    for (sums, c) in sums.iter_mut().zip(c) {
        for column in 0..8 {
            sums[column] = if is_saturating {
                sums[column].saturating_add(c[column])
            } else {
                sums[column].wrapping_add(c[column])
            };
        }
    }
    for register in 0..ROWS / 4 {
        let mut values = [0i32; LANES];
        for lane in L::lanes() {
            values[lane] = sums[register / 2 * 8 + lane / 4][lane % 4 * 2 + register % 2];
        }
        // SAFETY: as the caller.
        unsafe { set_operand(warp, op, mask, register, values) }
    }
}

/// One row of words by eight columns.
#[inline(always)]
fn dot<L: Level>(a: &[u32; 8], b: &[[u32; 8]], variant: i64) -> [i32; 8] {
    let signs = variant & (A_SIGNED | B_SIGNED);
    #[cfg(target_arch = "x86_64")]
    if L::ISA == Isa::Avx512 && signs == A_SIGNED | B_SIGNED {
        // SAFETY: code for this level runs only on CPUs that have its features.
        return unsafe { dot_signed_vnni(a, b) };
    }
    match signs {
        0 => dot_bytes(a, b, |a| i32::from(a as u8), |b| i32::from(b as u8)),
        A_SIGNED => dot_bytes(a, b, |a| i32::from(a as i8), |b| i32::from(b as u8)),
        B_SIGNED => dot_bytes(a, b, |a| i32::from(a as u8), |b| i32::from(b as i8)),
        _ => dot_bytes(a, b, |a| i32::from(a as i8), |b| i32::from(b as i8)),
    }
}

#[inline(always)]
fn dot_bytes(a: &[u32; 8], b: &[[u32; 8]], of_a: impl Fn(u32) -> i32, of_b: impl Fn(u32) -> i32) -> [i32; 8] {
    let mut sums = [0i32; 8];
    for (a, b) in a.iter().zip(b) {
        for shift in std::hint::black_box([0, 8, 16, 24]) {
            let a = of_a(a >> shift);
            for column in 0..8 {
                sums[column] += a * of_b(b[column] >> shift);
            }
        }
    }
    sums
}

#[inline(always)]
fn dot_nibbles(a: &[u32; 8], b: &[[u32; 8]], variant: i64) -> [i32; 8] {
    let number = |word: u32, place: u32, sign: i64| {
        let top = word << (28 - 4 * place);
        if variant & sign != 0 { top as i32 >> 28 } else { (top >> 28) as i32 }
    };
    let mut sums = [0i32; 8];
    for (&a, b) in a.iter().zip(b) {
        for place in 0..8 {
            for column in 0..8 {
                sums[column] += number(a, place, A_SIGNED) * number(b[column], place, B_SIGNED);
            }
        }
    }
    sums
}

#[inline(always)]
fn dot_bits(a: &[u32; 8], b: &[[u32; 8]], both: impl Fn(u32, u32) -> u32) -> [i32; 8] {
    let mut sums = [0i32; 8];
    for (&a, b) in a.iter().zip(b) {
        for column in 0..8 {
            sums[column] += both(a, b[column]).count_ones() as i32;
        }
    }
    sums
}

/// The CPU multiplies unsigned by signed bytes, so 128 is added to a's and taken off again with b's sum.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512vl,avx512vnni")]
#[inline]
fn dot_signed_vnni(a: &[u32; 8], b: &[[u32; 8]]) -> [i32; 8] {
    use std::arch::x86_64::{
        _mm256_dpbusd_epi32, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
        _mm256_sub_epi32,
    };
    const OFFSET: u32 = 0x8080_8080;
    let mut sums = _mm256_setzero_si256();
    let mut excess = _mm256_setzero_si256();
    for (a, b) in a.iter().zip(b) {
        // SAFETY: `b` is 32 bytes.
        let b = unsafe { _mm256_loadu_si256(b.as_ptr().cast()) };
        sums = _mm256_dpbusd_epi32(sums, _mm256_set1_epi32((a ^ OFFSET) as i32), b);
        excess = _mm256_dpbusd_epi32(excess, _mm256_set1_epi32(OFFSET as i32), b);
    }
    let mut result = [0i32; 8];
    // SAFETY: `result` is 32 bytes.
    unsafe { _mm256_storeu_si256(result.as_mut_ptr().cast(), _mm256_sub_epi32(sums, excess)) };
    result
}
