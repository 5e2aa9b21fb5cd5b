//! Integer arithmetic: `add`, `sub`, `mul`, `mad`, `mul24`, `mad24`, `sad`, `min`, `max`, `abs`, `neg`, `div`, `rem`.

use super::super::op::Isa;
use super::Form;
use super::lanes::{Cold, Hot, Warm, map1, map2, map3};
use super::modifiers::{Modifiers, Type, flag};
use crate::ptx::opcodes::Arithmetic::{
    self, Abs, Add, Copysign, Div, Fma, Mad, Mad24, Max, Min, Mul, Mul24, Neg, Rcp, Rem, Sad, Sqrt, Sub,
};

pub(super) fn select(operation: Arithmetic, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    match operation {
        Add => add(modifiers, isa),
        Sub => sub(modifiers, isa),
        Mul => match which_half(modifiers, 0)? {
            Half::Low => mul_low(modifiers, isa),
            Half::High => mul_high(modifiers, isa),
            Half::Wide => mul_wide(modifiers, isa),
        },
        Mad => match which_half(modifiers, flag::SAT)? {
            Half::Low => mad_low(modifiers, isa),
            Half::High => mad_high(modifiers),
            Half::Wide => mad_wide(modifiers, isa),
        },
        Mul24 | Mad24 => mul24(operation, modifiers),
        Sad => sad(modifiers, isa),
        Min | Max => min_max(operation, modifiers, isa),
        Abs => Some(match modifiers.plain(0)? {
            Type::S16 => map1(Warm(isa), |a: i16| a.wrapping_abs()),
            Type::S32 => map1(Hot(isa), |a: i32| a.wrapping_abs()),
            Type::S64 => map1(Warm(isa), |a: i64| a.wrapping_abs()),
            _ => return None,
        }),
        Neg => Some(match modifiers.plain(0)? {
            Type::S16 => map1(Warm(isa), |a: i16| a.wrapping_neg()),
            Type::S32 => map1(Hot(isa), |a: i32| a.wrapping_neg()),
            Type::S64 => map1(Warm(isa), |a: i64| a.wrapping_neg()),
            _ => return None,
        }),
        Div => div(modifiers, isa),
        Rem => rem(modifiers, isa),
        Fma | Rcp | Sqrt | Copysign => None,
    }
}

fn add(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let r#type = modifiers.plain(flag::SAT)?;
    if modifiers.has(flag::SAT) {
        return (r#type == Type::S32).then(|| map2(Warm(isa), |a: i32, b: i32| a.saturating_add(b)));
    }
    Some(match r#type {
        Type::U16 | Type::S16 => map2(Hot(isa), |a: u16, b: u16| a.wrapping_add(b)).signed(r#type == Type::S16),
        Type::U32 | Type::S32 => map2(Hot(isa), |a: u32, b: u32| a.wrapping_add(b)).signed(r#type == Type::S32),
        Type::U64 | Type::S64 => map2(Hot(isa), |a: u64, b: u64| a.wrapping_add(b)),
        Type::U16x2 | Type::S16x2 => map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, u16::wrapping_add)),
        _ => return None,
    })
}

fn sub(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let r#type = modifiers.plain(flag::SAT)?;
    if modifiers.has(flag::SAT) {
        return (r#type == Type::S32).then(|| map2(Warm(isa), |a: i32, b: i32| a.saturating_sub(b)));
    }
    Some(match r#type {
        Type::U16 | Type::S16 => map2(Hot(isa), |a: u16, b: u16| a.wrapping_sub(b)).signed(r#type == Type::S16),
        Type::U32 | Type::S32 => map2(Hot(isa), |a: u32, b: u32| a.wrapping_sub(b)).signed(r#type == Type::S32),
        Type::U64 | Type::S64 => map2(Hot(isa), |a: u64, b: u64| a.wrapping_sub(b)),
        _ => return None,
    })
}

/// The part of a product that is wanted.
enum Half {
    Low,
    High,
    Wide,
}

fn which_half(modifiers: &Modifiers, allowed: u32) -> Option<Half> {
    modifiers.plain(flag::LO | flag::HI | flag::WIDE | allowed)?;
    match modifiers.flags & !allowed {
        flag::LO => Some(Half::Low),
        flag::HI => Some(Half::High),
        flag::WIDE => Some(Half::Wide),
        _ => None,
    }
}

fn mul_low(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(
        match modifiers.types[0] {
            Type::U16 | Type::S16 => map2(Warm(isa), |a: u16, b: u16| a.wrapping_mul(b)),
            Type::U32 | Type::S32 => map2(Hot(isa), |a: u32, b: u32| a.wrapping_mul(b)),
            Type::U64 | Type::S64 => map2(Hot(isa), |a: u64, b: u64| a.wrapping_mul(b)),
            _ => return None,
        }
        .signed(matches!(modifiers.types[0], Type::S16 | Type::S32)),
    )
}

fn mul_high(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match modifiers.types[0] {
        Type::U16 => map2(Warm(isa), |a: u16, b: u16| high_u16(a, b)),
        Type::S16 => map2(Warm(isa), |a: i16, b: i16| high_i16(a, b)),
        Type::U32 => map2(Hot(isa), |a: u32, b: u32| high_u32(a, b)),
        Type::S32 => map2(Hot(isa), |a: i32, b: i32| high_i32(a, b)),
        Type::U64 => map2(Warm(isa), |a: u64, b: u64| high_u64(a, b)),
        Type::S64 => map2(Warm(isa), |a: i64, b: i64| high_i64(a, b)),
        _ => return None,
    })
}

fn mul_wide(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match modifiers.types[0] {
        Type::U16 => map2(Hot(isa), |a: u16, b: u16| u32::from(a) * u32::from(b)),
        Type::S16 => map2(Hot(isa), |a: i16, b: i16| i32::from(a) * i32::from(b)),
        Type::U32 => map2(Hot(isa), |a: u32, b: u32| u64::from(a) * u64::from(b)),
        Type::S32 => map2(Hot(isa), |a: i32, b: i32| i64::from(a) * i64::from(b)),
        _ => return None,
    })
}

fn mad_low(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if modifiers.has(flag::SAT) {
        return None;
    }
    Some(
        match modifiers.types[0] {
            Type::U16 | Type::S16 => map3(Warm(isa), |a: u16, b: u16, c: u16| a.wrapping_mul(b).wrapping_add(c)),
            Type::U32 | Type::S32 => map3(Hot(isa), |a: u32, b: u32, c: u32| a.wrapping_mul(b).wrapping_add(c)),
            Type::U64 | Type::S64 => map3(Warm(isa), |a: u64, b: u64, c: u64| a.wrapping_mul(b).wrapping_add(c)),
            _ => return None,
        }
        .signed(matches!(modifiers.types[0], Type::S16 | Type::S32)),
    )
}

fn mad_high(modifiers: &Modifiers) -> Option<Form> {
    if modifiers.has(flag::SAT) {
        let saturating = |a: i32, b: i32, c: i32| high_i32(a, b).saturating_add(c);
        return (modifiers.types[0] == Type::S32).then(|| map3(Cold, saturating));
    }
    Some(match modifiers.types[0] {
        Type::U16 => map3(Cold, |a: u16, b: u16, c: u16| high_u16(a, b).wrapping_add(c)),
        Type::S16 => map3(Cold, |a: i16, b: i16, c: i16| high_i16(a, b).wrapping_add(c)),
        Type::U32 => map3(Cold, |a: u32, b: u32, c: u32| high_u32(a, b).wrapping_add(c)),
        Type::S32 => map3(Cold, |a: i32, b: i32, c: i32| high_i32(a, b).wrapping_add(c)),
        Type::U64 => map3(Cold, |a: u64, b: u64, c: u64| high_u64(a, b).wrapping_add(c)),
        Type::S64 => map3(Cold, |a: i64, b: i64, c: i64| high_i64(a, b).wrapping_add(c)),
        _ => return None,
    })
}

fn mad_wide(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if modifiers.has(flag::SAT) {
        return None;
    }
    Some(match modifiers.types[0] {
        Type::U16 => map3(Warm(isa), |a: u16, b: u16, c: u32| (u32::from(a) * u32::from(b)).wrapping_add(c)),
        Type::S16 => map3(Warm(isa), |a: i16, b: i16, c: i32| (i32::from(a) * i32::from(b)).wrapping_add(c)),
        Type::U32 => map3(Hot(isa), |a: u32, b: u32, c: u64| (u64::from(a) * u64::from(b)).wrapping_add(c)),
        Type::S32 => map3(Hot(isa), |a: i32, b: i32, c: i64| (i64::from(a) * i64::from(b)).wrapping_add(c)),
        _ => return None,
    })
}

#[inline(always)]
fn high_u16(a: u16, b: u16) -> u16 {
    ((u32::from(a) * u32::from(b)) >> 16) as u16
}

#[inline(always)]
fn high_i16(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

#[inline(always)]
fn high_u32(a: u32, b: u32) -> u32 {
    ((u64::from(a) * u64::from(b)) >> 32) as u32
}

#[inline(always)]
fn high_i32(a: i32, b: i32) -> i32 {
    ((i64::from(a) * i64::from(b)) >> 32) as i32
}

#[inline(always)]
fn high_u64(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

#[inline(always)]
fn high_i64(a: i64, b: i64) -> i64 {
    ((i128::from(a) * i128::from(b)) >> 64) as i64
}

/// Products of the low 24 bits, of which bits 0..32 (`lo`) or 16..48 (`hi`) are wanted.
fn mul24(operation: Arithmetic, modifiers: &Modifiers) -> Option<Form> {
    #[inline(always)]
    fn unsigned(a: u32, b: u32) -> u64 {
        u64::from(a & 0xff_ffff) * u64::from(b & 0xff_ffff)
    }
    #[inline(always)]
    fn signed(a: i32, b: i32) -> i64 {
        i64::from(a << 8 >> 8) * i64::from(b << 8 >> 8)
    }
    let r#type = modifiers.plain(flag::LO | flag::HI | flag::SAT)?;
    Some(match (operation, r#type, modifiers.flags) {
        (Mul24, Type::U32, flag::LO) => map2(Cold, |a: u32, b: u32| unsigned(a, b) as u32),
        (Mul24, Type::S32, flag::LO) => map2(Cold, |a: i32, b: i32| signed(a, b) as i32),
        (Mul24, Type::U32, flag::HI) => map2(Cold, |a: u32, b: u32| (unsigned(a, b) >> 16) as u32),
        (Mul24, Type::S32, flag::HI) => map2(Cold, |a: i32, b: i32| (signed(a, b) >> 16) as i32),
        (Mad24, Type::U32, flag::LO) => map3(Cold, |a: u32, b: u32, c: u32| (unsigned(a, b) as u32).wrapping_add(c)),
        (Mad24, Type::S32, flag::LO) => map3(Cold, |a: i32, b: i32, c: i32| (signed(a, b) as i32).wrapping_add(c)),
        (Mad24, Type::U32, flag::HI) => {
            map3(Cold, |a: u32, b: u32, c: u32| ((unsigned(a, b) >> 16) as u32).wrapping_add(c))
        }
        (Mad24, Type::S32, flag::HI) => {
            map3(Cold, |a: i32, b: i32, c: i32| ((signed(a, b) >> 16) as i32).wrapping_add(c))
        }
        (Mad24, Type::S32, flags) if flags == flag::HI | flag::SAT => {
            map3(Cold, |a: i32, b: i32, c: i32| ((signed(a, b) >> 16) as i32).saturating_add(c))
        }
        _ => return None,
    })
}

fn sad(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match modifiers.plain(0)? {
        Type::U16 => map3(Cold, |a: u16, b: u16, c: u16| c.wrapping_add(a.abs_diff(b))),
        Type::S16 => map3(Cold, |a: i16, b: i16, c: i16| c.wrapping_add_unsigned(a.abs_diff(b))),
        Type::U32 => map3(Warm(isa), |a: u32, b: u32, c: u32| c.wrapping_add(a.abs_diff(b))),
        Type::S32 => map3(Warm(isa), |a: i32, b: i32, c: i32| c.wrapping_add_unsigned(a.abs_diff(b))),
        Type::U64 => map3(Cold, |a: u64, b: u64, c: u64| c.wrapping_add(a.abs_diff(b))),
        Type::S64 => map3(Cold, |a: i64, b: i64, c: i64| c.wrapping_add_unsigned(a.abs_diff(b))),
        _ => return None,
    })
}

fn min_max(operation: Arithmetic, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let r#type = modifiers.plain(flag::RELU)?;
    if modifiers.has(flag::RELU) {
        return match (operation, r#type) {
            (Min, Type::S32) => Some(map2(Warm(isa), |a: i32, b: i32| a.min(b).max(0))),
            (Max, Type::S32) => Some(map2(Warm(isa), |a: i32, b: i32| a.max(b).max(0))),
            (Min, Type::S16x2) => {
                Some(map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, |a, b| (a as i16).min(b as i16).max(0) as u16)))
            }
            (Max, Type::S16x2) => {
                Some(map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, |a, b| (a as i16).max(b as i16).max(0) as u16)))
            }
            _ => None,
        };
    }
    Some(match (operation, r#type) {
        (Min, Type::U16) => map2(Warm(isa), |a: u16, b: u16| a.min(b)),
        (Min, Type::S16) => map2(Warm(isa), |a: i16, b: i16| a.min(b)),
        (Min, Type::U32) => map2(Hot(isa), |a: u32, b: u32| a.min(b)),
        (Min, Type::S32) => map2(Hot(isa), |a: i32, b: i32| a.min(b)),
        (Min, Type::U64) => map2(Warm(isa), |a: u64, b: u64| a.min(b)),
        (Min, Type::S64) => map2(Warm(isa), |a: i64, b: i64| a.min(b)),
        (Max, Type::U16) => map2(Warm(isa), |a: u16, b: u16| a.max(b)),
        (Max, Type::S16) => map2(Warm(isa), |a: i16, b: i16| a.max(b)),
        (Max, Type::U32) => map2(Hot(isa), |a: u32, b: u32| a.max(b)),
        (Max, Type::S32) => map2(Hot(isa), |a: i32, b: i32| a.max(b)),
        (Max, Type::U64) => map2(Warm(isa), |a: u64, b: u64| a.max(b)),
        (Max, Type::S64) => map2(Warm(isa), |a: i64, b: i64| a.max(b)),
        (Min, Type::U16x2) => map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, u16::min)),
        (Max, Type::U16x2) => map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, u16::max)),
        (Min, Type::S16x2) => map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, |a, b| (a as i16).min(b as i16) as u16)),
        (Max, Type::S16x2) => map2(Warm(isa), |a: u32, b: u32| by_halves(a, b, |a, b| (a as i16).max(b as i16) as u16)),
        _ => return None,
    })
}

/// A function of both halves of two words.
#[inline(always)]
fn by_halves(a: u32, b: u32, f: impl Fn(u16, u16) -> u16) -> u32 {
    u32::from(f(a as u16, b as u16)) | u32::from(f((a >> 16) as u16, (b >> 16) as u16)) << 16
}

fn div(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match modifiers.plain(0)? {
        Type::U16 => map2(Warm(isa), |a: u16, b: u16| quotient_u32(a.into(), b.into()) as u16),
        Type::S16 => map2(Warm(isa), |a: i16, b: i16| quotient_i32(a.into(), b.into()) as i16),
        Type::U32 => map2(Hot(isa), quotient_u32),
        Type::S32 => map2(Hot(isa), quotient_i32),
        Type::U64 => map2(Cold, quotient_u64),
        Type::S64 => map2(Cold, quotient_i64),
        _ => return None,
    })
}

fn rem(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match modifiers.plain(0)? {
        Type::U16 => map2(Warm(isa), |a: u16, b: u16| remainder_u32(a.into(), b.into()) as u16),
        Type::S16 => map2(Warm(isa), |a: i16, b: i16| remainder_i32(a.into(), b.into()) as i16),
        Type::U32 => map2(Hot(isa), remainder_u32),
        Type::S32 => map2(Hot(isa), remainder_i32),
        Type::U64 => map2(Cold, |a: u64, b: u64| a.checked_rem(b).unwrap_or(u64::MAX)),
        Type::S64 => map2(Cold, |a: i64, b: i64| if b == 0 { -1 } else { a.wrapping_rem(b) }),
        _ => return None,
    })
}

/// All ones when `b` is 0, which is what hardware gives.
///
/// In f64, because that vectorises: `a / b` differs from the next integer by at least 1 / `b`, a share of more than
/// 2^-33 of the quotient, so rounding to 53 bits never reaches that integer.
#[inline(always)]
fn quotient_u32(a: u32, b: u32) -> u32 {
    /// Adding this leaves the nearest integer in the low bits of the mantissa.
    const INTEGER: f64 = (1u64 << 52) as f64;
    let quotient = f64::from(a) / f64::from(b.max(1));
    let shifted = quotient + INTEGER;
    let is_rounded_up = shifted - INTEGER > quotient;
    let truncated = (shifted.to_bits() as u32).wrapping_sub(u32::from(is_rounded_up));
    if b == 0 { u32::MAX } else { truncated }
}

#[inline(always)]
fn quotient_i32(a: i32, b: i32) -> i32 {
    let magnitude = quotient_u32(a.unsigned_abs(), b.unsigned_abs()) as i32;
    let signed = if (a ^ b) < 0 { magnitude.wrapping_neg() } else { magnitude };
    if b == 0 { -1 } else { signed }
}

#[inline(always)]
fn quotient_u64(a: u64, b: u64) -> u64 {
    a.checked_div(b).unwrap_or(u64::MAX)
}

#[inline(always)]
fn quotient_i64(a: i64, b: i64) -> i64 {
    if b == 0 { -1 } else { a.wrapping_div(b) }
}

/// All ones when `b` is 0, as an NVIDIA H100 with driver 580 gives: PTX leaves it open.
#[inline(always)]
fn remainder_u32(a: u32, b: u32) -> u32 {
    if b == 0 { u32::MAX } else { a.wrapping_sub(quotient_u32(a, b).wrapping_mul(b)) }
}

#[inline(always)]
fn remainder_i32(a: i32, b: i32) -> i32 {
    if b == 0 { -1 } else { a.wrapping_sub(quotient_i32(a, b).wrapping_mul(b)) }
}
