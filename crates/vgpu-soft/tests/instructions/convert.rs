//! `cvt` between all types, and vector moves.

use super::exact::{Exact, F32, Format};
use super::harness::{Kind, check, check_with, exactly, kind, tuples, values};
use super::integer::{bits_of, range, value};

const INTEGERS: [&str; 8] = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"];

/// A value as the bits of the register that a type lives in.
fn stored(r#type: &str, value: i128) -> u64 {
    let bits = bits_of(r#type);
    let truncated = value & ((1 << bits) - 1);
    let is_negative = r#type.starts_with('s') && truncated >> (bits - 1) != 0;
    (if is_negative { truncated - (1 << bits) } else { truncated }) as u64
}

#[test]
pub(super) fn integers_are_cut_or_extended() {
    for to in INTEGERS {
        for from in INTEGERS {
            check(&format!("cvt.{to}.{from}"), to, &[from], |v| stored(to, value(from, v[0])));
            // PTX has no saturation where nothing can be too large.
            let ((least, most), (smallest, largest)) = (range(to), range(from));
            if smallest < least || largest > most {
                let clamped = |v: &[u64]| stored(to, value(from, v[0]).clamp(least, most));
                check(&format!("cvt.sat.{to}.{from}"), to, &[from], clamped);
            }
        }
    }
}

/// What NaN becomes.
///
/// Source: PTX ISA 9.0 on `cvt`, and an NVIDIA H100 with driver 580 for each of these forms.
fn of_nan(to: &str, from: &str) -> i128 {
    if from == "f64" || bits_of(to) == 64 { 1 << (bits_of(to) - 1) } else { 0 }
}

/// The integer next to a number of the type `from` in a direction, if it is not too large to matter.
fn to_integer(value: Exact, mode: &str, to: &str, from: &str) -> i128 {
    let (least, most) = range(to);
    let (negative, mantissa, exponent) = match value {
        Exact::Nan => return of_nan(to, from),
        Exact::Infinite { negative } => return if negative { least } else { most },
        Exact::Finite { negative, mantissa, exponent } => (negative, mantissa, exponent),
    };
    let magnitude = if exponent >= 0 {
        if mantissa == 0 {
            0
        } else if exponent > 70 {
            i128::MAX
        } else {
            (mantissa as i128) << exponent
        }
    } else {
        let dropped = (-exponent) as u32;
        let whole = if dropped > 120 { 0 } else { mantissa >> dropped };
        let rest = if dropped > 120 { mantissa } else { mantissa & ((1 << dropped) - 1) };
        let half = if dropped > 120 { u128::MAX } else { 1 << (dropped - 1) };
        let is_up = match mode {
            "rni" => rest > half || rest == half && whole & 1 == 1,
            "rzi" => false,
            "rmi" => negative && rest != 0,
            _ => !negative && rest != 0,
        };
        whole as i128 + i128::from(is_up)
    };
    (if negative { -magnitude } else { magnitude }).clamp(least, most)
}

/// PTX converts between all integers and floats but these.
fn is_missing(integer: &str, float: &str) -> bool {
    float == "bf16" && bits_of(integer) == 8
}

#[test]
pub(super) fn floats_become_the_integer_in_the_direction_or_the_nearest_end() {
    for from in ["f32", "f64", "f16", "bf16"] {
        let format = Format::named(from);
        for to in INTEGERS.into_iter().filter(|to| !is_missing(to, from)) {
            for mode in ["rni", "rzi", "rmi", "rpi"] {
                check(&format!("cvt.{mode}.{to}.{from}"), to, &[from], |v| {
                    stored(to, to_integer(format.decode(v[0]), mode, to, from))
                });
            }
        }
    }
    for mode in ["rni", "rzi", "rmi", "rpi"] {
        for to in ["s32", "u32", "s64", "u64"] {
            check(&format!("cvt.{mode}.ftz.{to}.f32"), to, &["f32"], |v| {
                let flushed = if v[0] & 0x7f80_0000 == 0 { 0 } else { v[0] };
                stored(to, to_integer(F32.decode(flushed), mode, to, "f32"))
            });
        }
    }
}

#[test]
pub(super) fn integers_become_floats_rounded_once() {
    for to in ["f32", "f64", "f16", "bf16"] {
        let format = Format::named(to);
        for from in INTEGERS.into_iter().filter(|from| !is_missing(from, to)) {
            for mode in ["rn", "rz", "rm", "rp"] {
                check(&format!("cvt.{mode}.{to}.{from}"), to, &[from], |v| {
                    format.encode(Exact::integer(value(from, v[0])), mode)
                });
            }
        }
    }
}

#[test]
pub(super) fn floats_narrow_rounded_once_and_widen_exactly() {
    let same = |from: &'static str, to: &'static str, opcode: &str, mode: &'static str| {
        let (source, target) = (Format::named(from), Format::named(to));
        let lists = [values(from, 1)];
        let agree = match to {
            "f16" => |_: Kind, a: u64, b: u64| a == b || super::exact::F16.is_nan(a) && super::exact::F16.is_nan(b),
            "bf16" => |_: Kind, a: u64, b: u64| a == b || super::exact::BF16.is_nan(a) && super::exact::BF16.is_nan(b),
            "f32" => |_: Kind, a: u64, b: u64| a == b || super::exact::F32.is_nan(a) && super::exact::F32.is_nan(b),
            _ => |_: Kind, a: u64, b: u64| a == b || super::exact::F64.is_nan(a) && super::exact::F64.is_nan(b),
        };
        check_with(opcode, kind(to), &[kind(from)], "", &tuples(&lists), &agree, |v| {
            target.encode(source.decode(v[0]), mode)
        });
    };
    for mode in ["rn", "rz", "rm", "rp"] {
        same("f64", "f32", &format!("cvt.{mode}.f32.f64"), mode);
        same("f64", "f16", &format!("cvt.{mode}.f16.f64"), mode);
        same("f32", "f16", &format!("cvt.{mode}.f16.f32"), mode);
        same("f32", "bf16", &format!("cvt.{mode}.bf16.f32"), mode);
    }
    let lists = [values("f64", 1), vec![1e-40f64.to_bits(), (-1e-40f64).to_bits(), 0x380f_ffff_ffff_ffff]].concat();
    let agree = |_: Kind, a: u64, b: u64| a == b || F32.is_nan(a) && F32.is_nan(b);
    check_with("cvt.rn.ftz.f32.f64", Kind::B32, &[Kind::B64], "", &tuples(&[lists]), &agree, |v| {
        let rounded = F32.encode(Format::named("f64").decode(v[0]), "rn");
        if rounded & 0x7f80_0000 == 0 { rounded & 0x8000_0000 } else { rounded }
    });
    same("f32", "f64", "cvt.f64.f32", "rn");
    same("f16", "f32", "cvt.f32.f16", "rn");
    same("bf16", "f32", "cvt.f32.bf16", "rn");
    same("f16", "f64", "cvt.f64.f16", "rn");
    for (from, to) in [("f16", "bf16"), ("bf16", "f16")] {
        same(from, to, &format!("cvt.{to}.{from}"), "rn");
        for mode in ["rn", "rz", "rm", "rp"] {
            same(from, to, &format!("cvt.{mode}.{to}.{from}"), mode);
        }
    }
}

#[test]
pub(super) fn two_floats_are_packed_the_first_on_top() {
    use half::{bf16, f16};
    let value = |bits: u64| f32::from_bits(bits as u32);
    let lists = vec![values("f32", 2).into_iter().filter(|bits| !F32.is_nan(*bits)).collect::<Vec<_>>(); 2];
    check_with("cvt.rn.f16x2.f32", Kind::B32, &[Kind::B32; 2], "", &tuples(&lists), &exactly, |v| {
        u64::from(f16::from_f32(value(v[0])).to_bits()) << 16 | u64::from(f16::from_f32(value(v[1])).to_bits())
    });
    check_with("cvt.rn.bf16x2.f32", Kind::B32, &[Kind::B32; 2], "", &tuples(&lists), &exactly, |v| {
        u64::from(bf16::from_f32(value(v[0])).to_bits()) << 16 | u64::from(bf16::from_f32(value(v[1])).to_bits())
    });
}

#[test]
pub(super) fn floats_are_rounded_to_integers_as_floats() {
    let functions: [(&str, fn(f32) -> f32); 4] =
        [("rni", f32::round_ties_even), ("rzi", f32::trunc), ("rmi", f32::floor), ("rpi", f32::ceil)];
    let lists = [values("f32", 1).into_iter().filter(|bits| !F32.is_nan(*bits)).collect::<Vec<_>>()];
    for (mode, function) in functions {
        let model = |bits: u64| u64::from(function(f32::from_bits(bits as u32)).to_bits());
        check_with(&format!("cvt.{mode}.f32.f32"), Kind::B32, &[Kind::B32], "", &tuples(&lists), &exactly, |v| {
            model(v[0])
        });
        check_with(&format!("cvt.{mode}.ftz.f32.f32"), Kind::B32, &[Kind::B32], "", &tuples(&lists), &exactly, |v| {
            model(if v[0] & 0x7f80_0000 == 0 { v[0] & 0x8000_0000 } else { v[0] })
        });
    }
}

#[test]
pub(super) fn two_integers_are_cut_and_packed_the_first_on_top() {
    let cut = |to: &str, bits: u64| {
        let (least, most) = range(to);
        value("s32", bits).clamp(least, most) as u64 & ((1 << bits_of(to)) - 1)
    };
    for to in ["u16", "s16"] {
        check(&format!("cvt.pack.sat.{to}.s32"), "b32", &["s32"; 2], |v| cut(to, v[0]) << 16 | cut(to, v[1]));
    }
    let mut list = values("s32", 3);
    list.extend([-129i32, -128, 127, 128, 255, 256, -9, -8, 8, 15, 16, -3, -2, 2, 4].map(|n| u64::from(n as u32)));
    for to in ["u8", "s8", "u4", "s4", "u2", "s2"] {
        let lists = [list.clone(), list.clone(), values("b32", 3)];
        let opcode = format!("cvt.pack.sat.{to}.s32.b32");
        check_with(&opcode, Kind::B32, &[Kind::B32; 3], "", &tuples(&lists), &exactly, |v| {
            v[2] << (2 * bits_of(to)) | cut(to, v[0]) << bits_of(to) | cut(to, v[1])
        });
    }
}
