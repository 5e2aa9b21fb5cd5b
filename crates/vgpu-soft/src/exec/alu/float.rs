//! Arithmetic of f32 and f64.
//!
//! A NaN of f32 is [`canonical`]; one of f64 keeps its operand's payload, as it does on the CPU. Denormals are the
//! engine's business, except where an instruction hands an operand through: those flush it here.

use super::super::op::Isa;
use super::Form;
use super::lanes::{Cold, Hot, Warm, map1, map2, map3};
use super::modifiers::{Modifiers, Rounding, Type, flag};
use super::rounding::{Directed, NAN, Single, canonical, canonical_root, flush, rounded, saturate, saturate_f64};
use crate::ptx::opcodes::Arithmetic::{
    self, Abs, Add, Copysign, Div, Fma, Mad, Mad24, Max, Min, Mul, Mul24, Neg, Rcp, Rem, Sad, Sqrt, Sub,
};

pub(super) fn select(operation: Arithmetic, modifiers: &Modifiers, operand_count: usize, isa: Isa) -> Option<Form> {
    let [r#type] = modifiers.types[..] else { return None };
    let form = match r#type {
        Type::F32 => f32_form(operation, modifiers, isa),
        Type::F64 => f64_form(operation, modifiers, isa),
        _ => None,
    }?;
    (form.operands.len() == operand_count).then(|| form.ftz(modifiers.ftz()))
}

fn f32_form(operation: Arithmetic, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let rounding = modifiers.rounding;
    let is_saturating = modifiers.has(flag::SAT);
    let allowed = match operation {
        Add | Sub | Mul | Fma | Mad => flag::FTZ | flag::SAT,
        Div => flag::FTZ | flag::APPROX | flag::FULL,
        Rcp | Sqrt => flag::FTZ | flag::APPROX,
        Min | Max => flag::FTZ | flag::NAN | flag::XORSIGN,
        Abs | Neg => flag::FTZ,
        _ => 0,
    };
    if !modifiers.only(allowed) || modifiers.has(flag::TO_INTEGER) {
        return None;
    }
    Some(match (operation, is_saturating) {
        (Add, false) => rounded!(rounding, Hot(isa), map2, |a: f32, b: f32| Single(a + b)),
        (Sub, false) => rounded!(rounding, Hot(isa), map2, |a: f32, b: f32| Single(a - b)),
        (Mul, false) => rounded!(rounding, Hot(isa), map2, |a: f32, b: f32| Single(a * b)),
        (Fma | Mad, false) => rounded!(rounding, Hot(isa), map3, |a: f32, b: f32, c: f32| Single(a.mul_add(b, c))),
        (Add, true) => rounded!(rounding, Warm(isa), map2, |a: f32, b: f32| saturate(a + b)),
        (Sub, true) => rounded!(rounding, Warm(isa), map2, |a: f32, b: f32| saturate(a - b)),
        (Mul, true) => rounded!(rounding, Warm(isa), map2, |a: f32, b: f32| saturate(a * b)),
        (Fma | Mad, true) => {
            rounded!(rounding, Warm(isa), map3, |a: f32, b: f32, c: f32| saturate(a.mul_add(b, c)))
        }
        (Div, _) if modifiers.has(flag::APPROX) => map2(Hot(isa), divide_approximately),
        (Div, _) => rounded!(rounding, Hot(isa), map2, |a: f32, b: f32| canonical(a / b)),
        (Rcp, _) => rounded!(rounding, Hot(isa), map1, |a: f32| canonical(1.0 / a)),
        (Sqrt, _) => rounded!(rounding, Hot(isa), map1, canonical_root),
        _ if rounding.is_some() => return None,
        (Min | Max, _) => min_max(operation, modifiers, isa)?,
        (Abs, _) if modifiers.ftz() => map1(Hot(isa), |a: f32| canonical(flush(a.abs()))),
        (Neg, _) if modifiers.ftz() => map1(Hot(isa), |a: f32| canonical(flush(-a))),
        (Abs, _) => map1(Warm(isa), |a: f32| canonical(a.abs())),
        (Neg, _) => map1(Warm(isa), |a: f32| canonical(-a)),
        (Copysign, _) => map2(Warm(isa), |a: f32, b: f32| b.copysign(a)),
        (Rem | Mul24 | Mad24 | Sad, _) => return None,
    })
}

/// `div.approx`: the reciprocal of a divisor between 2^126 and 2^128 is 0.
#[inline(always)]
fn divide_approximately(a: f32, b: f32) -> f32 {
    const SMALLEST: u32 = (126 + 127) << 23;
    const INFINITY: u32 = 0x7f80_0000;
    let magnitude = b.to_bits() & 0x7fff_ffff;
    let is_large = (magnitude > SMALLEST) & (magnitude < INFINITY);
    canonical(if is_large { a * 0f32.copysign(b) } else { a / b })
}

fn min_max(operation: Arithmetic, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    const FTZ_NAN: u32 = flag::FTZ | flag::NAN;
    Some(match (operation, modifiers.flags) {
        (Min, flag::FTZ) => map2(Hot(isa), |a: f32, b: f32| flush(min(a, b))),
        (Max, flag::FTZ) => map2(Hot(isa), |a: f32, b: f32| flush(max(a, b))),
        (Min, 0) => map2(Warm(isa), min),
        (Max, 0) => map2(Warm(isa), max),
        (Min, flag::NAN) => map2(Warm(isa), |a: f32, b: f32| or_nan(a, b, min(a, b))),
        (Max, flag::NAN) => map2(Warm(isa), |a: f32, b: f32| or_nan(a, b, max(a, b))),
        (Min, FTZ_NAN) => map2(Warm(isa), |a: f32, b: f32| or_nan(a, b, flush(min(a, b)))),
        (Max, FTZ_NAN) => map2(Warm(isa), |a: f32, b: f32| or_nan(a, b, flush(max(a, b)))),
        // Magnitudes are compared; the sign is that of the product.
        (Min, flags) if flags & !FTZ_NAN == flag::XORSIGN => match (modifiers.ftz(), modifiers.has(flag::NAN)) {
            (_, false) => map2(Cold, |a: f32, b: f32| xor_sign(a, b, min(a.abs(), b.abs()))),
            (_, true) => map2(Cold, |a: f32, b: f32| or_nan(a, b, xor_sign(a, b, min(a.abs(), b.abs())))),
        },
        (Max, flags) if flags & !FTZ_NAN == flag::XORSIGN => match (modifiers.ftz(), modifiers.has(flag::NAN)) {
            (_, false) => map2(Cold, |a: f32, b: f32| xor_sign(a, b, max(a.abs(), b.abs()))),
            (_, true) => map2(Cold, |a: f32, b: f32| or_nan(a, b, xor_sign(a, b, max(a.abs(), b.abs())))),
        },
        _ => return None,
    })
}

/// The operand that is a number; -0 is below +0.
#[inline(always)]
pub(super) fn min(a: f32, b: f32) -> f32 {
    let smaller = if a < b { a } else { b };
    let ordered = if a == b { f32::from_bits(a.to_bits() | b.to_bits()) } else { smaller };
    let number = if b.is_nan() { a } else { ordered };
    if a.is_nan() & b.is_nan() { NAN } else { number }
}

#[inline(always)]
pub(super) fn max(a: f32, b: f32) -> f32 {
    let larger = if a > b { a } else { b };
    let ordered = if a == b { f32::from_bits(a.to_bits() & b.to_bits()) } else { larger };
    let number = if b.is_nan() { a } else { ordered };
    if a.is_nan() & b.is_nan() { NAN } else { number }
}

/// `.NaN`: NaN if either operand is.
#[inline(always)]
pub(super) fn or_nan(a: f32, b: f32, otherwise: f32) -> f32 {
    if a.is_nan() | b.is_nan() { NAN } else { otherwise }
}

#[inline(always)]
pub(super) fn xor_sign(a: f32, b: f32, magnitude: f32) -> f32 {
    let sign = (a.to_bits() ^ b.to_bits()) & 0x8000_0000;
    if magnitude.is_nan() { magnitude } else { f32::from_bits(magnitude.to_bits() | sign) }
}

fn f64_form(operation: Arithmetic, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let rounding = modifiers.rounding;
    if operation == Rcp && modifiers.flags == flag::APPROX | flag::FTZ && rounding.is_none() {
        return Some(map1(Warm(isa), |a: f64| upper_half(a, |a| 1.0 / a)));
    }
    let allowed = match operation {
        Add | Sub | Mul | Fma | Mad => flag::SAT,
        _ => 0,
    };
    if !modifiers.only(allowed) || modifiers.has(flag::TO_INTEGER) {
        return None;
    }
    if modifiers.has(flag::SAT) {
        return Some(match operation {
            Add => rounded!(rounding, Cold, map2, |a: f64, b: f64| saturate_f64(a + b)),
            Sub => rounded!(rounding, Cold, map2, |a: f64, b: f64| saturate_f64(a - b)),
            Mul => rounded!(rounding, Cold, map2, |a: f64, b: f64| saturate_f64(a * b)),
            _ => rounded!(rounding, Cold, map3, |a: f64, b: f64, c: f64| saturate_f64(a.mul_add(b, c))),
        });
    }
    Some(match operation {
        Add => rounded!(rounding, Warm(isa), map2, |a: f64, b: f64| a + b),
        Sub => rounded!(rounding, Warm(isa), map2, |a: f64, b: f64| a - b),
        Mul => rounded!(rounding, Warm(isa), map2, |a: f64, b: f64| a * b),
        Fma | Mad => rounded!(rounding, Warm(isa), map3, |a: f64, b: f64, c: f64| a.mul_add(b, c)),
        Div => rounded!(rounding, Warm(isa), map2, |a: f64, b: f64| a / b),
        Rcp => rounded!(rounding, Warm(isa), map1, |a: f64| 1.0 / a),
        Sqrt => rounded!(rounding, Warm(isa), map1, |a: f64| a.sqrt()),
        _ if rounding.is_some() => return None,
        Min => map2(Warm(isa), |a: f64, b: f64| {
            let smaller = if a < b { a } else { b };
            let ordered = if a == b { f64::from_bits(a.to_bits() | b.to_bits()) } else { smaller };
            number_or_nan(a, b, ordered)
        }),
        Max => map2(Warm(isa), |a: f64, b: f64| {
            let larger = if a > b { a } else { b };
            let ordered = if a == b { f64::from_bits(a.to_bits() & b.to_bits()) } else { larger };
            number_or_nan(a, b, ordered)
        }),
        Abs => map1(Warm(isa), |a: f64| if a.is_nan() { quiet(a) } else { a.abs() }),
        Neg => map1(Warm(isa), |a: f64| if a.is_nan() { quiet(a) } else { -a }),
        Copysign => map2(Cold, |a: f64, b: f64| b.copysign(a)),
        Rem | Mul24 | Mad24 | Sad => return None,
    })
}

/// The operand that is a number, and `ordered` of two numbers. Of two NaNs the second, made quiet: PTX has no bits for the
/// canonical NaN of f64, and compilers for sm_70 and later select it so.
#[inline(always)]
fn number_or_nan(a: f64, b: f64, ordered: f64) -> f64 {
    let number = if b.is_nan() { a } else { ordered };
    if a.is_nan() & b.is_nan() { quiet(b) } else { number }
}

/// A NaN of f64 as it leaves an instruction: with its sign and payload. `abs` and `neg` too leave the sign.
///
/// **Source:** observed on an H200 with driver 580.
#[inline(always)]
fn quiet(nan: f64) -> f64 {
    f64::from_bits(nan.to_bits() | 1 << 51)
}

/// The `.approx.ftz` functions of f64 work on the upper 32 bits: the others count as 0, and are 0 in the result. A NaN whose
/// payload is all there counts as an infinity.
#[inline(always)]
pub(super) fn upper_half(a: f64, function: impl Fn(f64) -> f64) -> f64 {
    const UPPER: u64 = 0xffff_ffff_0000_0000;
    let result = function(f64::from_bits(a.to_bits() & UPPER));
    f64::from_bits(if result.is_nan() { 0x7fff_ffff_0000_0000 } else { result.to_bits() & UPPER })
}
