//! Floating-point arithmetic, rounded in every direction.

use super::exact::{BF16, Exact, F16, F32, F64, Format};
use super::gpu::Gpu;
use super::harness::{Agree, Kind, check, check_with, kind, tuples, values};

/// Equal, or both NaN.
fn same_f32(_kind: Kind, got: u64, expected: u64) -> bool {
    got == expected || F32.is_nan(got) && F32.is_nan(expected)
}

fn same_f64(_kind: Kind, got: u64, expected: u64) -> bool {
    got == expected || F64.is_nan(got) && F64.is_nan(expected)
}

fn check_float(opcode: &str, r#type: &str, count: usize, model: impl Fn(&[u64]) -> u64) {
    let agree: Agree<'_> = if r#type == "f64" { &same_f64 } else { &same_f32 };
    let lists = vec![values(r#type, count); count];
    check_with(opcode, kind(r#type), &vec![kind(r#type); count], "", &tuples(&lists), agree, model);
}

fn flush(bits: u64) -> u64 {
    if bits & 0x7f80_0000 == 0 { bits & 0x8000_0000 } else { bits }
}

#[test]
pub(super) fn sums_and_products_are_rounded_once_in_the_direction_asked_for() {
    for (r#type, format) in [("f32", F32), ("f64", F64)] {
        let exact = move |bits: u64| format.decode(bits);
        for mode in ["rn", "rz", "rm", "rp"] {
            check_float(&format!("add.{mode}.{type}"), r#type, 2, |v| {
                format.encode(exact(v[0]).add(exact(v[1]), mode), mode)
            });
            check_float(&format!("sub.{mode}.{type}"), r#type, 2, |v| {
                format.encode(exact(v[0]).add(exact(v[1]).negated(), mode), mode)
            });
            check_float(&format!("mul.{mode}.{type}"), r#type, 2, |v| {
                format.encode(exact(v[0]).mul(exact(v[1])), mode)
            });
            check_float(&format!("fma.{mode}.{type}"), r#type, 3, |v| {
                format.encode(exact(v[0]).mul(exact(v[1])).add(exact(v[2]), mode), mode)
            });
        }
    }
}

#[test]
pub(super) fn flushing_arithmetic_has_no_denormals() {
    let exact = |bits: u64| F32.decode(flush(bits));
    check_float("add.ftz.f32", "f32", 2, |v| flush(F32.encode(exact(v[0]).add(exact(v[1]), "rn"), "rn")));
    check_float("add.f32", "f32", 2, |v| F32.encode(F32.decode(v[0]).add(F32.decode(v[1]), "rn"), "rn"));
    check_float("add.rz.ftz.f32", "f32", 2, |v| flush(F32.encode(exact(v[0]).add(exact(v[1]), "rz"), "rz")));
    check_float("sub.ftz.f32", "f32", 2, |v| flush(F32.encode(exact(v[0]).add(exact(v[1]).negated(), "rn"), "rn")));
    check_float("mul.ftz.f32", "f32", 2, |v| flush(F32.encode(exact(v[0]).mul(exact(v[1])), "rn")));
    check_float("fma.rn.ftz.f32", "f32", 3, |v| {
        flush(F32.encode(exact(v[0]).mul(exact(v[1])).add(exact(v[2]), "rn"), "rn"))
    });
    check_float("abs.ftz.f32", "f32", 1, |v| flush(v[0]) & 0x7fff_ffff);
    check_float("neg.ftz.f32", "f32", 1, |v| flush(v[0]) ^ 0x8000_0000);
}

#[test]
pub(super) fn saturated_results_lie_between_zero_and_one() {
    check_float("add.sat.f32", "f32", 2, |v| {
        let sum = f32::from_bits(v[0] as u32) + f32::from_bits(v[1] as u32);
        let clamped = if sum.is_nan() || sum <= 0.0 { 0.0 } else { sum.min(1.0) };
        u64::from(clamped.to_bits())
    });
}

#[test]
pub(super) fn smaller_and_larger_prefer_numbers_and_order_zeroes() {
    // Magnitude and sign as one ordered integer, in which -0 is below +0.
    let key = |bits: u64| if bits >> 31 != 0 { -((bits & 0x7fff_ffff) as i64) - 1 } else { bits as i64 };
    let choose = move |v: &[u64], larger: bool| match (F32.is_nan(v[0]), F32.is_nan(v[1])) {
        (true, true) => 0x7fff_ffff,
        (true, false) => v[1],
        (false, true) => v[0],
        _ => {
            if (key(v[0]) > key(v[1])) == larger {
                v[0]
            } else {
                v[1]
            }
        }
    };
    check_float("min.f32", "f32", 2, |v| choose(v, false));
    check_float("max.f32", "f32", 2, |v| choose(v, true));
    check_float("min.ftz.f32", "f32", 2, |v| choose(&[flush(v[0]), flush(v[1])], false));
    check_float("max.ftz.f32", "f32", 2, |v| choose(&[flush(v[0]), flush(v[1])], true));
    check_float("max.NaN.f32", "f32", 2, |v| {
        if F32.is_nan(v[0]) || F32.is_nan(v[1]) { 0x7fff_ffff } else { choose(v, true) }
    });
    check("copysign.f32", "f32", &["f32"; 2], |v| v[1] & 0x7fff_ffff | v[0] & 0x8000_0000);
}

#[test]
pub(super) fn quotients_and_roots_are_the_nearest() {
    let value = |bits: u64| f64::from(f32::from_bits(bits as u32));
    // A quotient or root of 24 bits, taken to 53 and then to 24, is the nearest one; denormal results are not.
    check_float("div.rn.ftz.f32", "f32", 2, |v| {
        flush(u64::from(((value(flush(v[0])) / value(flush(v[1]))) as f32).to_bits()))
    });
    check_float("sqrt.rn.f32", "f32", 1, |v| u64::from((value(v[0]).sqrt() as f32).to_bits()));
    check_float("rcp.rn.ftz.f32", "f32", 1, |v| flush(u64::from(((1.0 / value(flush(v[0]))) as f32).to_bits())));
    check_float("div.rn.f64", "f64", 2, |v| (f64::from_bits(v[0]) / f64::from_bits(v[1])).to_bits());
    check_float("rcp.rn.f64", "f64", 1, |v| (1.0 / f64::from_bits(v[0])).to_bits());
    check_float("sqrt.rn.f64", "f64", 1, |v| f64::from_bits(v[0]).sqrt().to_bits());
}

fn single(bits: u64) -> f64 {
    f64::from(f32::from_bits(bits as u32))
}

/// Equal, or apart by so much of the expected value or so much at all.
fn near(got: u64, expected: u64, (relative, absolute): (f64, f64)) -> bool {
    let (a, b) = (single(got), single(expected));
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= (b.abs() * relative).max(absolute)
}

/// The largest angle that is tried on a GPU, whose error grows with it.
const ANGLE_MAX: f64 = std::f64::consts::TAU;

/// How far an approximation may be from its value. The interpreter's own are within four units in the last place; a GPU's are
/// as good as PTX promises, and the model rounds.
///
/// **Source:** PTX ISA 9.1, the notes on each instruction.
fn tolerance(name: &str) -> (f64, f64) {
    const NOTHING_MUCH: f64 = 1e-9;
    let rounding = 2f64.powi(-24);
    if Gpu::asked_for().is_none() {
        return (5e-7, NOTHING_MUCH);
    }
    match name {
        "ex2" | "div" => (2f64.powi(-22) + rounding, NOTHING_MUCH),
        "lg2" => (2f64.powi(-22) + rounding, 2f64.powi(-22)),
        "rsqrt" => (2f64.powf(-22.9) + rounding, NOTHING_MUCH),
        "sqrt" | "rcp" => (2f64.powi(-23) + rounding, NOTHING_MUCH),
        "tanh" => (2f64.powi(-11), NOTHING_MUCH),
        "sin" | "cos" => (rounding, 2f64.powf(-20.5)),
        _ => unreachable!("no approximation is called {name}"),
    }
}

/// Whether an operand is one that an approximation is tried with.
fn is_tried(name: &str, value: f64) -> bool {
    let limit = if Gpu::asked_for().is_some() { ANGLE_MAX } else { 1e5 };
    !matches!(name, "sin" | "cos") || value.abs() < limit || value.is_nan()
}

#[test]
pub(super) fn approximations_are_close() {
    let mut list: Vec<u64> = (-2000..2000).map(|i| u64::from((i as f32 * 0.013).to_bits())).collect();
    list.extend(values("f32", 1));
    let unary: [(&str, fn(f64) -> f64); 8] = [
        ("ex2", f64::exp2),
        ("lg2", f64::log2),
        ("rsqrt", |a| 1.0 / a.sqrt()),
        ("sqrt", f64::sqrt),
        ("rcp", |a| 1.0 / a),
        ("tanh", f64::tanh),
        ("sin", f64::sin),
        ("cos", f64::cos),
    ];
    for (name, model) in unary {
        let tuples = tuples(&[list.iter().copied().filter(|bits| is_tried(name, single(*bits))).collect()]);
        let tolerance = tolerance(name);
        let close = |_: Kind, got: u64, expected: u64| near(got, expected, tolerance);
        check_with(&format!("{name}.approx.f32"), Kind::B32, &[Kind::B32], "", &tuples, &close, |v| {
            u64::from((model(single(v[0])) as f32).to_bits())
        });
    }
}

#[test]
pub(super) fn flushing_approximations_are_close() {
    let mut list: Vec<u64> = (-2000..2000).map(|i| u64::from((i as f32 * 0.013).to_bits())).collect();
    list.extend(values("f32", 1));
    let value = |bits: u64| single(flush(bits));
    let rounded = |value: f64| flush(u64::from((value as f32).to_bits()));
    let unary: [(&str, fn(f64) -> f64); 7] = [
        ("ex2", f64::exp2),
        ("lg2", f64::log2),
        ("rsqrt", |a| 1.0 / a.sqrt()),
        ("sqrt", f64::sqrt),
        ("rcp", |a| 1.0 / a),
        ("sin", f64::sin),
        ("cos", f64::cos),
    ];
    for (name, model) in unary {
        let tuples = tuples(&[list.iter().copied().filter(|bits| is_tried(name, value(*bits))).collect()]);
        let tolerance = tolerance(name);
        let close = |_: Kind, got: u64, expected: u64| near(got, expected, tolerance);
        check_with(&format!("{name}.approx.ftz.f32"), Kind::B32, &[Kind::B32], "", &tuples, &close, |v| {
            rounded(model(value(v[0])))
        });
    }
    list.extend(
        [126, 127]
            .iter()
            .flat_map(|power| [2f32.powi(*power), -1.5 * 2f32.powi(*power)])
            .map(f32::to_bits)
            .map(u64::from),
    );
    let pairs = tuples(&[values("f32", 2), list]);
    let tolerance = tolerance("div");
    let close = |_: Kind, got: u64, expected: u64| near(got, expected, tolerance);
    check_with("div.approx.ftz.f32", Kind::B32, &[Kind::B32; 2], "", &pairs, &close, |v| {
        // The quotient by the reciprocal, which is 0 for divisors from 2^126 to 2^128.
        let is_large = value(v[1]).abs() > 2f64.powi(126) && value(v[1]).is_finite();
        rounded(if is_large { value(v[0]) * 0f64.copysign(value(v[1])) } else { value(v[0]) / value(v[1]) })
    });
}

#[test]
pub(super) fn halves_are_rounded_once() {
    for (r#type, format) in [("f16", F16), ("bf16", BF16)] {
        let canonical = move |value: Exact, mode: &str| {
            let bits = format.encode(value, mode);
            if format.is_nan(bits) { 0x7fff } else { bits }
        };
        let exact = move |bits: u64| format.decode(bits & 0xffff);
        check(&format!("add.rn.{type}"), r#type, &[r#type; 2], |v| canonical(exact(v[0]).add(exact(v[1]), "rn"), "rn"));
        check(&format!("sub.rn.{type}"), r#type, &[r#type; 2], |v| {
            canonical(exact(v[0]).add(exact(v[1]).negated(), "rn"), "rn")
        });
        check(&format!("mul.rn.{type}"), r#type, &[r#type; 2], |v| canonical(exact(v[0]).mul(exact(v[1])), "rn"));
        check(&format!("fma.rn.{type}"), r#type, &[r#type; 3], |v| {
            canonical(exact(v[0]).mul(exact(v[1])).add(exact(v[2]), "rn"), "rn")
        });
        let pairs: [(&str, fn(Exact, Exact) -> Exact); 2] = [("add", |a, b| a.add(b, "rn")), ("mul", Exact::mul)];
        for (name, model) in pairs {
            check(&format!("{name}.{type}x2"), "b32", &["b32"; 2], |v| {
                let half = |at: u32| canonical(model(exact(v[0] >> at), exact(v[1] >> at)), "rn") << at;
                half(0) | half(16)
            });
        }
        check(&format!("fma.rn.{type}x2"), "b32", &["b32"; 3], |v| {
            [0, 16].iter().fold(0, |pair, at| {
                let fused = exact(v[0] >> at).mul(exact(v[1] >> at)).add(exact(v[2] >> at), "rn");
                pair | canonical(fused, "rn") << at
            })
        });
    }
}

#[test]
pub(super) fn formats_round_trip() {
    for (format, bits) in [(F16, 0x3c01u64), (BF16, 0x0001), (F32, 0x0080_0000), (Format { ..F64 }, 1)] {
        assert_eq!(format.encode(format.decode(bits), "rn"), bits);
    }
}
