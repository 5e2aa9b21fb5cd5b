//! `cvt.pack`: two integers, cut to the range of a narrower type, side by side.

use super::super::op::Isa;
use super::Form;
use super::lanes::{Cold, Warm, map2, map3};
use crate::ptx::ast::Opcode;

/// 16-bit halves fill the result; above two narrower ones come the low bits of a third source.
pub(super) fn select(opcode: Opcode<'_>, operand_count: usize, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    Some(match (&words[..], operand_count) {
        (["pack", "sat", "u16", "s32"], 3) => map2(Warm(isa), halves::<false, 16>),
        (["pack", "sat", "s16", "s32"], 3) => map2(Warm(isa), halves::<true, 16>),
        (["pack", "sat", "u8", "s32", "b32"], 4) => map3(Warm(isa), onto::<false, 8>),
        (["pack", "sat", "s8", "s32", "b32"], 4) => map3(Warm(isa), onto::<true, 8>),
        (["pack", "sat", "u4", "s32", "b32"], 4) => map3(Cold, onto::<false, 4>),
        (["pack", "sat", "s4", "s32", "b32"], 4) => map3(Cold, onto::<true, 4>),
        (["pack", "sat", "u2", "s32", "b32"], 4) => map3(Cold, onto::<false, 2>),
        (["pack", "sat", "s2", "s32", "b32"], 4) => map3(Cold, onto::<true, 2>),
        _ => return None,
    })
}

/// `a` above `b`, each of `BITS` bits.
#[inline(always)]
fn halves<const SIGNED: bool, const BITS: u32>(a: i32, b: i32) -> u32 {
    let (least, most) = if SIGNED { (-1 << (BITS - 1), (1 << (BITS - 1)) - 1) } else { (0, (1 << BITS) - 1) };
    let cut = |value: i32| value.clamp(least, most) as u32 & ((1 << BITS) - 1);
    cut(a) << BITS | cut(b)
}

#[inline(always)]
fn onto<const SIGNED: bool, const BITS: u32>(a: i32, b: i32, c: u32) -> u32 {
    c << (2 * BITS) | halves::<SIGNED, BITS>(a, b)
}
