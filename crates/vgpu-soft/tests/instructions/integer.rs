//! Integer arithmetic.

use super::harness::check;

/// A register's value as a type's.
pub(crate) fn value(r#type: &str, bits: u64) -> i128 {
    match r#type {
        "u8" => i128::from(bits as u8),
        "s8" => i128::from(bits as i8),
        "u16" => i128::from(bits as u16),
        "s16" => i128::from(bits as i16),
        "u32" => i128::from(bits as u32),
        "s32" => i128::from(bits as i32),
        "u64" => i128::from(bits),
        _ => i128::from(bits as i64),
    }
}

pub(crate) fn bits_of(r#type: &str) -> u32 {
    r#type[1..].parse().expect("an integer type")
}

pub(crate) fn range(r#type: &str) -> (i128, i128) {
    let bits = bits_of(r#type);
    if r#type.starts_with('u') { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) }
}

const TYPES: [&str; 6] = ["u16", "s16", "u32", "s32", "u64", "s64"];

/// `opcode.type d, a, b` by a model of the operands' values.
fn binary(opcode: &str, types: &[&str], model: impl Fn(i128, i128) -> i128) {
    for &r#type in types {
        let opcode = format!("{opcode}.{type}");
        check(&opcode, r#type, &[r#type; 2], |v| model(value(r#type, v[0]), value(r#type, v[1])) as u64);
    }
}

#[test]
pub(super) fn sums_differences_and_products_wrap() {
    binary("add", &TYPES, |a, b| a + b);
    binary("sub", &TYPES, |a, b| a - b);
    binary("mul.lo", &TYPES, i128::wrapping_mul);
}

#[test]
pub(super) fn saturating_sums_stop_at_the_ends() {
    let (least, most) = range("s32");
    binary("add.sat", &["s32"], |a, b| (a + b).clamp(least, most));
    binary("sub.sat", &["s32"], |a, b| (a - b).clamp(least, most));
}

#[test]
pub(super) fn the_upper_half_of_a_product_is_that_of_the_exact_one() {
    for r#type in TYPES {
        let opcode = format!("mul.hi.{type}");
        check(&opcode, r#type, &[r#type; 2], |v| {
            let (a, b) = (value(r#type, v[0]), value(r#type, v[1]));
            // The largest product of unsigned 64-bit numbers needs all 128 bits.
            let product =
                if r#type == "u64" { (a as u128 * b as u128) >> 64 } else { ((a * b) >> bits_of(r#type)) as u128 };
            product as u64
        });
    }
}

#[test]
pub(super) fn wide_products_are_exact() {
    for (narrow, wide) in [("u16", "u32"), ("s16", "s32"), ("u32", "u64"), ("s32", "s64")] {
        check(&format!("mul.wide.{narrow}"), wide, &[narrow; 2], |v| {
            (value(narrow, v[0]) * value(narrow, v[1])) as u64
        });
        check(&format!("mad.wide.{narrow}"), wide, &[narrow, narrow, wide], |v| {
            (value(narrow, v[0]) * value(narrow, v[1]) + value(wide, v[2])) as u64
        });
    }
}

#[test]
pub(super) fn multiply_add_wraps() {
    for r#type in TYPES {
        check(&format!("mad.lo.{type}"), r#type, &[r#type; 3], |v| v[0].wrapping_mul(v[1]).wrapping_add(v[2]));
        check(&format!("mad.hi.{type}"), r#type, &[r#type; 3], |v| {
            let (a, b) = (value(r#type, v[0]), value(r#type, v[1]));
            let high =
                if r#type == "u64" { ((a as u128 * b as u128) >> 64) as i128 } else { (a * b) >> bits_of(r#type) };
            (high + value(r#type, v[2])) as u64
        });
    }
    let (least, most) = range("s32");
    check("mad.hi.sat.s32", "s32", &["s32"; 3], |v| {
        let [a, b, c] = [0, 1, 2].map(|i| value("s32", v[i]));
        (((a * b) >> 32) + c).clamp(least, most) as u64
    });
}

#[test]
pub(super) fn products_of_24_bits_ignore_the_upper_byte() {
    let low = |r#type: &str, bits: u64| {
        if r#type == "u32" { i128::from(bits & 0xff_ffff) } else { i128::from((bits as i32) << 8 >> 8) }
    };
    for r#type in ["u32", "s32"] {
        check(&format!("mul24.lo.{type}"), r#type, &[r#type; 2], |v| (low(r#type, v[0]) * low(r#type, v[1])) as u64);
        check(&format!("mul24.hi.{type}"), r#type, &[r#type; 2], |v| {
            ((low(r#type, v[0]) * low(r#type, v[1])) >> 16) as u64
        });
        check(&format!("mad24.lo.{type}"), r#type, &[r#type; 3], |v| {
            (low(r#type, v[0]) * low(r#type, v[1]) + i128::from(v[2])) as u64
        });
    }
}

#[test]
pub(super) fn sums_of_differences_take_the_distance() {
    for r#type in TYPES {
        check(&format!("sad.{type}"), r#type, &[r#type; 3], |v| {
            ((value(r#type, v[0]) - value(r#type, v[1])).abs() + value(r#type, v[2])) as u64
        });
    }
}

#[test]
pub(super) fn smaller_and_larger_heed_the_sign() {
    binary("min", &TYPES, i128::min);
    binary("max", &TYPES, i128::max);
    binary("min.relu", &["s32"], |a, b| a.min(b).max(0));
    for r#type in ["s16", "s32", "s64"] {
        check(&format!("abs.{type}"), r#type, &[r#type], |v| value(r#type, v[0]).unsigned_abs() as u64);
        check(&format!("neg.{type}"), r#type, &[r#type], |v| -value(r#type, v[0]) as u64);
    }
}

#[test]
pub(super) fn both_halves_of_a_word_are_numbers_of_their_own() {
    let halves = |opcode: &str, r#type: &str, model: fn(i128, i128) -> i128| {
        check(&format!("{opcode}.{type}x2"), "b32", &["b32"; 2], |v| {
            [0, 16].iter().fold(0, |word, at| {
                word | (model(value(r#type, v[0] >> at), value(r#type, v[1] >> at)) as u64 & 0xffff) << at
            })
        });
    };
    for r#type in ["u16", "s16"] {
        halves("add", r#type, |a, b| a + b);
        halves("min", r#type, i128::min);
        halves("max", r#type, i128::max);
    }
    halves("min.relu", "s16", |a, b| a.min(b).max(0));
    halves("max.relu", "s16", |a, b| a.max(b).max(0));
}

#[test]
pub(super) fn division_truncates_and_by_zero_gives_ones() {
    // PTX leaves the latter open; an NVIDIA H100 with driver 580 gives ones.
    binary("div", &TYPES, |a, b| if b == 0 { -1 } else { a / b });
    binary("rem", &TYPES, |a, b| if b == 0 { -1 } else { a % b });
}

#[test]
pub(super) fn dot_products_of_bytes_and_half_words() {
    let part = |r#type: &str, bits: u64, width: u32, index: u32| {
        let field = bits >> (width * index) & ((1 << width) - 1);
        let is_negative = r#type == "s32" && field >> (width - 1) != 0;
        i128::from(field) - if is_negative { 1 << width } else { 0 }
    };
    for a in ["u32", "s32"] {
        for b in ["u32", "s32"] {
            check(&format!("dp4a.{a}.{b}"), "b32", &[a, b, "b32"], |v| {
                let sum: i128 = (0..4).map(|i| part(a, v[0], 8, i) * part(b, v[1], 8, i)).sum();
                (sum + i128::from(v[2])) as u64
            });
            for (half, from) in [("lo", 0), ("hi", 2)] {
                check(&format!("dp2a.{half}.{a}.{b}"), "b32", &[a, b, "b32"], |v| {
                    let sum: i128 = (0..2).map(|i| part(a, v[0], 16, i) * part(b, v[1], 8, from + i)).sum();
                    (sum + i128::from(v[2])) as u64
                });
            }
        }
    }
}
