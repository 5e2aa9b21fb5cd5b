//! The transcendental instructions: `rsqrt`, `sin`, `cos`, `ex2`, `lg2`, `tanh`.
//!
//! Hardware computes these to about 22 bits by tables of its own, so no software gives the same last bits. These are
//! accurate to an ulp or two and branch-free, so that they vectorise.

use super::super::op::Isa;
use super::Form;
use super::float::upper_half;
use super::half::half_map;
use super::lanes::{Hot, Warm, map1};
use super::modifiers::{Modifiers, Type, flag};
use super::rounding::{NAN, canonical};
use crate::ptx::opcodes::Approximation::{self, Cos, Ex2, Lg2, Rsqrt, Sin, Tanh};

pub(super) fn select(function: Approximation, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let r#type = modifiers.plain(flag::FTZ | flag::APPROX)?;
    if !modifiers.has(flag::APPROX) {
        return None;
    }
    let form = match (function, r#type) {
        (Rsqrt, Type::F32) => map1(Hot(isa), |a: f32| canonical(1.0 / a.sqrt())),
        (Rsqrt, Type::F64) if modifiers.ftz() => map1(Warm(isa), |a: f64| upper_half(a, |a| 1.0 / a.sqrt())),
        (Rsqrt, Type::F64) => map1(Warm(isa), |a: f64| 1.0 / a.sqrt()),
        (Sin, Type::F32) => map1(Warm(isa), sin),
        (Cos, Type::F32) => map1(Warm(isa), cos),
        (Ex2, Type::F32) => map1(Hot(isa), ex2),
        (Lg2, Type::F32) => map1(Hot(isa), lg2),
        (Tanh, Type::F32) if !modifiers.ftz() => map1(Warm(isa), tanh),
        // The half-precision forms name `.ftz` for bf16 only, where it is always on.
        (Ex2, _) => return half_map::<1, _>(r#type, modifiers.ftz(), Warm(isa), |a, _, _| ex2(a)),
        (Tanh, _) if !modifiers.ftz() => return half_map::<1, _>(r#type, false, Warm(isa), |a, _, _| tanh(a)),
        _ => return None,
    };
    Some(form.ftz(modifiers.ftz()))
}

/// Added and subtracted again, this rounds an f32 below 2^22 to an integer.
const INTEGER: f32 = 12_582_912.0;

/// 2 to the power of `x`.
#[inline(always)]
fn ex2(x: f32) -> f32 {
    // Beyond these the result is 0 or infinite anyway.
    let clamped = if x > 130.0 { 130.0 } else { x };
    let clamped = if clamped < -152.0 { -152.0 } else { clamped };
    let whole = (clamped + INTEGER) - INTEGER;
    let fraction = clamped - whole;
    // 2^f = e^(f ln 2), |f| <= 1/2: the Taylor series is accurate to 1e-8 after the seventh power.
    const L: f64 = std::f64::consts::LN_2;
    const SQUARE: f64 = L * L;
    const FOURTH: f64 = SQUARE * SQUARE;
    const C: [f32; 8] = [
        1.0,
        L as f32,
        (SQUARE / 2.0) as f32,
        (SQUARE * L / 6.0) as f32,
        (FOURTH / 24.0) as f32,
        (FOURTH * L / 120.0) as f32,
        (FOURTH * SQUARE / 720.0) as f32,
        (FOURTH * SQUARE * L / 5040.0) as f32,
    ];
    let mut power = C[7];
    for coefficient in [C[6], C[5], C[4], C[3], C[2], C[1], C[0]] {
        power = power * fraction + coefficient;
    }
    // In two steps, since neither 2^130 nor a denormal can be made from exponent bits.
    let exponent = (clamped + INTEGER).to_bits().wrapping_sub(INTEGER.to_bits()) as i32;
    let first = exponent >> 1;
    let scale = |exponent: i32| f32::from_bits((exponent.wrapping_add(127) as u32) << 23);
    let scaled = power * scale(first) * scale(exponent.wrapping_sub(first));
    if x.is_nan() { NAN } else { scaled }
}

/// Logarithm to base 2.
#[inline(always)]
fn lg2(x: f32) -> f32 {
    let is_denormal = x < f32::MIN_POSITIVE;
    let normal = if is_denormal { x * 16_777_216.0 } else { x };
    let bits = normal.to_bits();
    // The mantissa in sqrt(1/2)..sqrt(2), whose logarithm is small around 1.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32 >> 23) - if is_denormal { 24 } else { 0 };
    let mantissa = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    // ln m = 2 atanh s, with s = (m - 1) / (m + 1) and |s| < 0.172
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    const SCALE: f32 = 2.0 * std::f32::consts::LOG2_E;
    let series = square * (SCALE / 3.0 + square * (SCALE / 5.0 + square * (SCALE / 7.0 + square * (SCALE / 9.0))));
    let finite = exponent as f32 + (s * SCALE + s * series);
    let positive = if x == f32::INFINITY { x } else { finite };
    let ordered = if x == 0.0 { f32::NEG_INFINITY } else { positive };
    if (x < 0.0) | x.is_nan() { NAN } else { ordered }
}

#[inline(always)]
fn sin(x: f32) -> f32 {
    let (quadrant, angle) = reduce(x);
    let value = if quadrant & 1 == 0 { sin_core(angle) } else { cos_core(angle) };
    let signed = if quadrant & 2 == 0 { value } else { -value };
    // Keeps the sign of -0 and the value of denormals.
    canonical((if x.abs() < 1e-4 { f64::from(x) } else { signed }) as f32)
}

#[inline(always)]
fn cos(x: f32) -> f32 {
    let (quadrant, angle) = reduce(x);
    let value = if quadrant & 1 == 0 { cos_core(angle) } else { sin_core(angle) };
    canonical((if quadrant.wrapping_add(1) & 2 == 0 { value } else { -value }) as f32)
}

/// The number of right angles next to `x`, and what is left of it, in -pi/4..pi/4. In f64 this is good to 1e-9 for
/// angles up to a million; NaN for infinities.
#[inline(always)]
fn reduce(x: f32) -> (u32, f64) {
    const INTEGER: f64 = 6_755_399_441_055_744.0;
    const RIGHT_ANGLE_TAIL: f64 = 6.123_233_995_736_766e-17;
    let x = f64::from(x);
    let shifted = x * std::f64::consts::FRAC_2_PI + INTEGER;
    let count = shifted - INTEGER;
    let angle = (x - count * std::f64::consts::FRAC_PI_2) - count * RIGHT_ANGLE_TAIL;
    let bounded = if angle.abs() > 1.0 { 0.0 } else { angle };
    (shifted.to_bits() as u32, if x.is_finite() { bounded } else { f64::NAN })
}

/// Sine of an angle in -pi/4..pi/4, to 1e-11.
#[inline(always)]
fn sin_core(x: f64) -> f64 {
    let square = x * x;
    let series = 1.0 / 362_880.0;
    let series = -1.0 / 5040.0 + square * series;
    let series = 1.0 / 120.0 + square * series;
    let series = -1.0 / 6.0 + square * series;
    x + x * square * series
}

#[inline(always)]
fn cos_core(x: f64) -> f64 {
    let square = x * x;
    let series = -1.0 / 3_628_800.0;
    let series = 1.0 / 40_320.0 + square * series;
    let series = -1.0 / 720.0 + square * series;
    let series = 1.0 / 24.0 + square * series;
    let series = -0.5 + square * series;
    1.0 + square * series
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    // A continued fraction near 0, where the exponential loses digits.
    let square = x * x;
    let small = x * (945.0 + square * (105.0 + square)) / (945.0 + square * (420.0 + square * 15.0));
    let capped = if magnitude > 10.0 { 10.0 } else { magnitude };
    let power = ex2(capped * (2.0 * std::f32::consts::LOG2_E));
    let large = (1.0 - 2.0 / (power + 1.0)).copysign(x);
    let finite = if magnitude < 0.625 { small } else { large };
    if x.is_nan() { NAN } else { finite }
}
