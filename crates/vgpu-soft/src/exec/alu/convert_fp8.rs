//! `cvt` to and from the formats of eight bits, which come in pairs: `.e4m3x2` and `.e5m2x2`.

use super::Form;
use super::half::{HalfFormat, Ieee, join};
use super::lanes::{Cold, map1, map2, stateless};
use super::modifiers::{Modifiers, Rounding, Type, flag};
use super::rounding::{encode_finite, relu};

/// Pairs of f16 to such pairs, and back.
pub(super) fn pair_to_pair(to: Type, from: Type, modifiers: &Modifiers) -> Option<Form> {
    let is_to = to != Type::F16x2;
    let always = if is_to { flag::SATFINITE } else { 0 };
    if modifiers.rounding != Some(Rounding::Nearest) || modifiers.flags & !flag::RELU != always {
        return None;
    }
    Some(match (if is_to { to } else { from }, is_to, modifiers.has(flag::RELU)) {
        (Type::E4m3x2, false, _) => from_fp8(modifiers, eight_bits::<4, 3>),
        (_, false, _) => from_fp8(modifiers, eight_bits::<5, 2>),
        (Type::E4m3x2, true, false) => map1(Cold, |a: u32| to_fp8::<4, 3>(upper(a), lower(a))),
        (Type::E4m3x2, true, true) => map1(Cold, |a: u32| to_fp8::<4, 3>(relu(upper(a)), relu(lower(a)))),
        (_, true, false) => map1(Cold, |a: u32| to_fp8::<5, 2>(upper(a), lower(a))),
        (_, true, true) => map1(Cold, |a: u32| to_fp8::<5, 2>(relu(upper(a)), relu(lower(a)))),
    })
}

/// Two f32 to a pair.
pub(super) fn two_to_pair(to: Type, modifiers: &Modifiers) -> Option<Form> {
    if modifiers.rounding != Some(Rounding::Nearest) || modifiers.flags & !flag::RELU != flag::SATFINITE {
        return None;
    }
    Some(match (to, modifiers.has(flag::RELU)) {
        (Type::E4m3x2, false) => map2(Cold, |a: f32, b: f32| to_fp8::<4, 3>(a, b)),
        (Type::E4m3x2, true) => map2(Cold, |a: f32, b: f32| to_fp8::<4, 3>(relu(a), relu(b))),
        (_, false) => map2(Cold, |a: f32, b: f32| to_fp8::<5, 2>(a, b)),
        (_, true) => map2(Cold, |a: f32, b: f32| to_fp8::<5, 2>(relu(a), relu(b))),
    })
}

#[inline(always)]
fn upper(pair: u32) -> f32 {
    Ieee::decode((pair >> 16) as u16)
}

#[inline(always)]
fn lower(pair: u32) -> f32 {
    Ieee::decode(pair as u16)
}

/// Two values in eight bits each, the first in the upper byte; too large ones become the largest.
///
/// e5m2 is a small f16. e4m3 has no infinities: its top exponent holds numbers, and only all ones is NaN.
#[inline(always)]
fn to_fp8<const EXPONENT: u32, const MANTISSA: u32>(upper: f32, lower: f32) -> u16 {
    let one = |value: f32| {
        let largest = if EXPONENT == 4 { 0x7e } else { 0x7b };
        let magnitude = encode_finite::<EXPONENT, MANTISSA>(f64::from(value), Rounding::Nearest);
        let finite = if value.is_infinite() { largest } else { magnitude.min(largest) };
        let sign = if value.is_sign_negative() { 0x80 } else { 0 };
        (if value.is_nan() { 0x7f } else { sign | finite }) as u16
    };
    one(upper) << 8 | one(lower)
}

/// The value of such a byte: exact, with NaN and the infinities of e5m2.
#[inline(always)]
pub(super) fn eight_bits<const EXPONENT: u32, const MANTISSA: u32>(byte: u8) -> f32 {
    if EXPONENT == 5 {
        return Ieee::decode(u16::from(byte) << 8);
    }
    let (sign, magnitude) = (u32::from(byte) & 0x80, u32::from(byte) & 0x7f);
    let mantissa = (magnitude & 7) as f32;
    let value = match magnitude >> 3 {
        0 => mantissa / 512.0,
        exponent => (1.0 + mantissa / 8.0) * f32::from_bits((exponent + 120) << 23),
    };
    let value = if magnitude == 0x7f { f32::NAN } else { value };
    if sign != 0 { -value } else { value }
}

fn from_fp8<F: Fn(u8) -> f32 + Copy>(modifiers: &Modifiers, _decode: F) -> Form {
    if modifiers.has(flag::RELU) {
        map1(Cold, |a: u16| {
            let decode = stateless::<F>();
            join(Ieee::encode(relu(decode((a >> 8) as u8))), Ieee::encode(relu(decode(a as u8))))
        })
    } else {
        map1(Cold, |a: u16| {
            let decode = stateless::<F>();
            join(Ieee::encode(decode((a >> 8) as u8)), Ieee::encode(decode(a as u8)))
        })
    }
}
