//! Dot products of packed bytes and half words: `dp4a`, `dp2a`.

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::Form;
use super::lanes::{Body, Hot, LANES, Level, Tier, Warm, map3, read, write_masked};
use super::modifiers::{Modifiers, Type, flag};
use crate::ptx::ast::Width;
use crate::ptx::opcodes::Dot::{self, Dp2a, Dp4a};

pub(super) fn select(product: Dot, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if modifiers.rounding.is_some() || !modifiers.only(flag::LO | flag::HI) {
        return None;
    }
    let [a, b] = modifiers.types[..] else { return None };
    if !matches!((a, b), (Type::U32 | Type::S32, Type::U32 | Type::S32)) {
        return None;
    }
    let (is_a_signed, is_b_signed) = (a == Type::S32, b == Type::S32);
    let form = match (product, modifiers.flags, is_a_signed, is_b_signed) {
        (Dp4a, 0, true, true) => Form::new(Hot(isa).fns::<SignedBytes>(Width::B32), &[Width::B32; 4]),
        (Dp4a, 0, true, false) => map3(Warm(isa), bytes::<true, false>),
        (Dp4a, 0, false, true) => map3(Warm(isa), bytes::<false, true>),
        (Dp4a, 0, false, false) => map3(Warm(isa), bytes::<false, false>),
        (Dp2a, flag::LO, true, true) => map3(Warm(isa), words::<true, true, 0>),
        (Dp2a, flag::LO, true, false) => map3(Warm(isa), words::<true, false, 0>),
        (Dp2a, flag::LO, false, true) => map3(Warm(isa), words::<false, true, 0>),
        (Dp2a, flag::LO, false, false) => map3(Warm(isa), words::<false, false, 0>),
        (Dp2a, flag::HI, true, true) => map3(Warm(isa), words::<true, true, 16>),
        (Dp2a, flag::HI, true, false) => map3(Warm(isa), words::<true, false, 16>),
        (Dp2a, flag::HI, false, true) => map3(Warm(isa), words::<false, true, 16>),
        (Dp2a, flag::HI, false, false) => map3(Warm(isa), words::<false, false, 16>),
        _ => return None,
    };
    Some(form.signed(is_a_signed || is_b_signed))
}

/// Bits `shift..shift + BITS` as a number.
#[inline(always)]
fn part<const SIGNED: bool, const BITS: u32>(word: u32, shift: u32) -> i32 {
    let left = word << (32 - BITS - shift);
    if SIGNED { left as i32 >> (32 - BITS) } else { (left >> (32 - BITS)) as i32 }
}

#[inline(always)]
fn bytes<const A_SIGNED: bool, const B_SIGNED: bool>(a: u32, b: u32, c: u32) -> u32 {
    let mut sum = c as i32;
    for shift in [0, 8, 16, 24] {
        sum = sum.wrapping_add(part::<A_SIGNED, 8>(a, shift) * part::<B_SIGNED, 8>(b, shift));
    }
    sum as u32
}

/// Two half words of `a` by two bytes of `b`, its lower or upper ones.
#[inline(always)]
fn words<const A_SIGNED: bool, const B_SIGNED: bool, const FROM: u32>(a: u32, b: u32, c: u32) -> u32 {
    let mut sum = c as i32;
    for index in 0..2 {
        let product = part::<A_SIGNED, 16>(a, 16 * index) * part::<B_SIGNED, 8>(b, FROM + 8 * index);
        sum = sum.wrapping_add(product);
    }
    sum as u32
}

/// `dp4a.s32.s32`, which is what quantised matrix products are made of.
struct SignedBytes;

impl Body for SignedBytes {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a, b and c are 32-bit slots.
        let (a, b, c) = unsafe { (read(warp, op.a), read(warp, op.b), read(warp, op.c)) };
        let result = dot_signed_bytes::<L>(&a, &b, &c);
        // SAFETY: as above, and so is d.
        unsafe { write_masked::<u32, MASKED>(warp, op.d, mask, result) }
    }
}

#[inline(always)]
fn dot_signed_bytes<L: Level>(a: &[u32; LANES], b: &[u32; LANES], c: &[u32; LANES]) -> [u32; LANES] {
    #[cfg(target_arch = "x86_64")]
    if L::ISA == Isa::Avx512 {
        // SAFETY: code for this level runs only on CPUs that have its features.
        return unsafe { dot_signed_bytes_vnni(a, b, c) };
    }
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = bytes::<true, true>(a[lane], b[lane], c[lane]);
    }
    result
}

/// The CPU's byte dot product wants one side unsigned, so even and odd bytes go through the one of 16-bit values.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn dot_signed_bytes_vnni(a: &[u32; LANES], b: &[u32; LANES], c: &[u32; LANES]) -> [u32; LANES] {
    use std::arch::x86_64::{
        __m512i, _mm512_dpwssd_epi32, _mm512_loadu_si512, _mm512_slli_epi16, _mm512_srai_epi16, _mm512_storeu_si512,
    };
    let even = |v: __m512i| _mm512_srai_epi16::<8>(_mm512_slli_epi16::<8>(v));
    let odd = |v: __m512i| _mm512_srai_epi16::<8>(v);
    let mut result = [0u32; LANES];
    for half in 0..2 {
        let at = |values: &[u32; LANES]| {
            let from = values[16 * half..].as_ptr().cast::<__m512i>();
            // SAFETY: `from` leads to 16 of the 32 values.
            unsafe { _mm512_loadu_si512(from) }
        };
        let (a, b, c) = (at(a), at(b), at(c));
        let sum = _mm512_dpwssd_epi32(c, even(a), even(b));
        let sum = _mm512_dpwssd_epi32(sum, odd(a), odd(b));
        let to = result[16 * half..].as_mut_ptr().cast::<__m512i>();
        // SAFETY: `to` leads to 16 of the 32 values.
        unsafe { _mm512_storeu_si512(to, sum) }
    }
    result
}
