//! `cvt` to fewer values than there are: `.sat`, `.satfinite`, `.relu`, and the formats of eight bits.

use super::exact::{BF16, Exact, F16, F32, F64, Format};
use super::harness::{Kind, check_with, kind, tuples, values};
use super::integer::value;

/// Eight bits: e5m2 is a small f16; e4m3 has numbers up to 448 where others have infinities.
const E5M2: Format = Format { exponent: 5, mantissa: 2 };
const E4M3: Format = Format { exponent: 4, mantissa: 3 };

/// What modifiers do to a number, before it is rounded.
fn relu(value: Exact) -> Exact {
    match value {
        Exact::Finite { negative: true, .. } | Exact::Infinite { negative: true } => Exact::integer(0),
        other => other,
    }
}

/// From 0 to 1; NaN gives 0.
fn unit(value: Exact) -> Exact {
    match value {
        Exact::Nan | Exact::Infinite { negative: true } | Exact::Finite { negative: true, .. } => Exact::integer(0),
        Exact::Infinite { negative: false } => Exact::integer(1),
        Exact::Finite { mantissa, exponent, .. } => {
            let is_large = mantissa != 0 && 127 - mantissa.leading_zeros() as i32 + exponent >= 0;
            if is_large { Exact::integer(1) } else { value }
        }
    }
}

/// The largest number of its sign for an infinity.
fn finite(format: Format, bits: u64) -> u64 {
    let infinity = format.encode(Exact::Infinite { negative: false }, "rn");
    let magnitude = (1 << (format.exponent + format.mantissa)) - 1;
    if bits & magnitude == infinity { bits - 1 } else { bits }
}

/// A number in eight bits. NaN is 0x7f in both, and too large ones are the largest.
fn eight_bits(format: Format, value: Exact) -> u64 {
    let largest = if format.mantissa == 3 { 0x7e } else { 0x7b };
    match value {
        Exact::Nan => 0x7f,
        Exact::Infinite { negative } => u64::from(negative) << 7 | largest,
        Exact::Finite { negative, mantissa, exponent } if format.mantissa == 3 => {
            // Of the numbers with one power of two, which is -6 for the denormal ones, too, the unit is an eighth of that.
            let power = if mantissa == 0 { -6 } else { (127 - mantissa.leading_zeros() as i32 + exponent).max(-6) };
            let units = nearest(Exact::Finite { negative: false, mantissa, exponent: exponent - (power - 3) });
            let bits = ((power + 6) as u64) * 8 + units;
            u64::from(negative) << 7 | bits.min(largest)
        }
        finite => {
            let bits = format.encode(finite, "rn");
            bits & 0x80 | (bits & 0x7f).min(largest)
        }
    }
}

/// The nearest integer, ties to even, of a number below some thousand.
fn nearest(value: Exact) -> u64 {
    let Exact::Finite { mantissa, exponent, .. } = value else { return 0 };
    if exponent >= 0 {
        return (mantissa << exponent) as u64;
    }
    let dropped = -exponent as u32;
    if dropped > 127 {
        return 0;
    }
    let (whole, rest, half) = (mantissa >> dropped, mantissa & ((1 << dropped) - 1), 1 << (dropped - 1));
    (whole + u128::from(rest > half || rest == half && whole & 1 == 1)) as u64
}

/// All NaN are one.
fn but_for_nan(format: Format) -> impl Fn(Kind, u64, u64) -> bool {
    move |_, got, expected| got == expected || format.is_nan(got) && format.is_nan(expected)
}

#[test]
fn integers_saturate_to_zero_or_one() {
    for to in ["f16", "f32", "f64"] {
        let format = Format::named(to);
        for from in ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"] {
            for mode in ["rn", "rz", "rm", "rp"] {
                let opcode = format!("cvt.{mode}.sat.{to}.{from}");
                check_with(
                    &opcode,
                    kind(to),
                    &[kind(from)],
                    "",
                    &tuples(&[values(from, 1)]),
                    &but_for_nan(format),
                    |v| format.encode(unit(Exact::integer(value(from, v[0]))), mode),
                );
            }
        }
    }
}

#[test]
fn floats_saturate_to_what_lies_between_zero_and_one() {
    let narrow = |opcode: &str, to: &str, from: &str, mode: &str| {
        let (target, source) = (Format::named(to), Format::named(from));
        check_with(opcode, kind(to), &[kind(from)], "", &tuples(&[values(from, 1)]), &but_for_nan(target), |v| {
            target.encode(unit(source.decode(v[0])), mode)
        });
    };
    for mode in ["rn", "rz", "rm", "rp"] {
        narrow(&format!("cvt.{mode}.sat.f32.f64"), "f32", "f64", mode);
        narrow(&format!("cvt.{mode}.sat.f16.f32"), "f16", "f32", mode);
        narrow(&format!("cvt.{mode}.sat.f16.f64"), "f16", "f64", mode);
        let opcode = format!("cvt.{mode}.ftz.sat.f32.f64");
        let small = [1e-40f64, -1e-40, 1.1e-38, 1.2e-38].map(f64::to_bits);
        let lists = [[values("f64", 1), small.to_vec()].concat()];
        check_with(&opcode, Kind::B32, &[Kind::B64], "", &tuples(&lists), &but_for_nan(F32), |v| {
            let bits = F32.encode(unit(F64.decode(v[0])), mode);
            if bits & 0x7f80_0000 == 0 { 0 } else { bits }
        });
    }
    narrow("cvt.sat.f64.f32", "f64", "f32", "rn");
    narrow("cvt.sat.f64.f16", "f64", "f16", "rn");
    narrow("cvt.sat.f32.f16", "f32", "f16", "rn");
    let flushed = |bits: u64| if bits & 0x7f80_0000 == 0 { 0 } else { bits };
    check_with(
        "cvt.ftz.sat.f64.f32",
        Kind::B64,
        &[Kind::B32],
        "",
        &tuples(&[values("f32", 1)]),
        &but_for_nan(F64),
        |v| F64.encode(unit(F32.decode(flushed(v[0]))), "rn"),
    );
}

#[test]
fn halves_are_integers_between_zero_and_one() {
    let lists = tuples(&[values("f16", 1)]);
    for (mode, is_one) in [("rni", 0.5), ("rzi", 1.0), ("rmi", 1.0), ("rpi", 0.0)] {
        check_with(&format!("cvt.{mode}.sat.f16.f16"), Kind::B16, &[Kind::B16], "", &lists, &but_for_nan(F16), |v| {
            let value = half::f16::from_bits(v[0] as u16).to_f64();
            // A half is as far from 0 as from 1, and 0 is even.
            let is_one = if mode == "rzi" || mode == "rmi" { value >= is_one } else { value > is_one };
            if is_one { 0x3c00 } else { 0 }
        });
    }
}

#[test]
fn narrow_floats_stay_finite_and_positive_as_asked() {
    let list = values("f32", 2);
    for (to, format) in [("f16", F16), ("bf16", BF16)] {
        for mode in ["rn", "rz"] {
            for (modifiers, is_relu, is_finite) in [
                ("", false, false),
                (".relu", true, false),
                (".satfinite", false, true),
                (".relu.satfinite", true, true),
            ] {
                let one = |bits: u64| {
                    let value = F32.decode(bits);
                    let rounded = format.encode(if is_relu { relu(value) } else { value }, mode);
                    if is_finite { finite(format, rounded) } else { rounded }
                };
                let opcode = format!("cvt.{mode}{modifiers}.{to}.f32");
                let lists = tuples(std::slice::from_ref(&list));
                check_with(&opcode, Kind::B16, &[Kind::B32], "", &lists, &but_for_nan(format), |v| one(v[0]));
                let opcode = format!("cvt.{mode}{modifiers}.{to}x2.f32");
                let lists = tuples(&[list.clone(), list.clone()]);
                let agree = |_: Kind, got: u64, expected: u64| {
                    [0, 16].into_iter().all(|shift| {
                        let [got, expected] = [got, expected].map(|pair| pair >> shift & 0xffff);
                        but_for_nan(format)(Kind::B16, got, expected)
                    })
                };
                check_with(&opcode, Kind::B32, &[Kind::B32; 2], "", &lists, &agree, |v| one(v[0]) << 16 | one(v[1]));
            }
        }
    }
}

#[test]
fn tf32_stays_finite_as_asked() {
    let tf32 = Format { exponent: 8, mantissa: 10 };
    let lists = tuples(&[[values("f32", 2), vec![0x7f7f_f000, 0x7f7f_efff, 0xff7f_ffff]].concat()]);
    check_with("cvt.rna.satfinite.tf32.f32", Kind::B32, &[Kind::B32], "", &lists, &but_for_nan(F32), |v| {
        finite(tf32, tf32.encode(F32.decode(v[0]), "rna")) << 13
    });
}

#[test]
fn eight_bits_come_in_pairs_the_first_on_top() {
    let near = [448.0f32, 464.0, 465.0, -500.0, 57344.0, 61440.0, 65536.0, 0.001, 0.0009, 0.015, -0.0156, 1e-5, 7.6e-6];
    let list: Vec<u64> = values("f32", 2).into_iter().chain(near.map(|value| u64::from(value.to_bits()))).collect();
    let halves: Vec<u64> = values("f16", 2);
    for (to, format) in [("e4m3x2", E4M3), ("e5m2x2", E5M2)] {
        for (modifiers, is_relu) in [(".satfinite", false), (".satfinite.relu", true)] {
            let one = |value: Exact| eight_bits(format, if is_relu { relu(value) } else { value });
            let lists = tuples(&[list.clone(), list.clone()]);
            let opcode = format!("cvt.rn{modifiers}.{to}.f32");
            check_with(&opcode, Kind::B16, &[Kind::B32; 2], "", &lists, &|_, a, b| a == b, |v| {
                one(F32.decode(v[0])) << 8 | one(F32.decode(v[1]))
            });
            let pairs: Vec<u64> =
                halves.iter().flat_map(|upper| halves.iter().map(move |lower| upper << 16 | lower)).collect();
            let opcode = format!("cvt.rn{modifiers}.{to}.f16x2");
            check_with(&opcode, Kind::B16, &[Kind::B32], "", &tuples(&[pairs]), &|_, a, b| a == b, |v| {
                one(F16.decode(v[0] >> 16)) << 8 | one(F16.decode(v[0] & 0xffff))
            });
        }
    }
}
