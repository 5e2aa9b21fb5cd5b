//! Comparisons and selections.

use super::exact::{F32, F64, Format};
use super::harness::{check, kind};
use super::integer::value;

#[test]
pub(super) fn integers_compare_by_their_sign() {
    for r#type in ["u16", "s16", "u32", "s32", "u64", "s64"] {
        let relations: [(&str, fn(i128, i128) -> bool); 6] = [
            ("eq", |a, b| a == b),
            ("ne", |a, b| a != b),
            ("lt", |a, b| a < b),
            ("le", |a, b| a <= b),
            ("gt", |a, b| a > b),
            ("ge", |a, b| a >= b),
        ];
        for (name, relation) in relations {
            let model = |v: &[u64]| u64::from(relation(value(r#type, v[0]), value(r#type, v[1])));
            check(&format!("setp.{name}.{type}"), "pred", &[r#type; 2], model);
            if kind(r#type) == kind("u32") {
                check(&format!("set.{name}.u32.{type}"), "u32", &[r#type; 2], |v| 0u64.wrapping_sub(model(v)));
                let combine: [(&str, fn(u64, u64) -> u64); 3] =
                    [("and", |a, b| a & b), ("or", |a, b| a | b), ("xor", |a, b| a ^ b)];
                for (operation, combine) in combine {
                    let opcode = format!("set.{name}.{operation}");
                    let from = [r#type, r#type, "pred"];
                    check(&format!("{opcode}.s32.{type}"), "s32", &from, |v| {
                        0u64.wrapping_sub(combine(model(v), v[2]))
                    });
                    check(&format!("{opcode}.f32.{type}"), "f32", &from, |v| combine(model(v), v[2]) * 0x3f80_0000);
                }
                check(&format!("setp.{name}.and.{type}"), "pred", &[r#type, r#type, "pred"], |v| model(v) & v[2]);
                check(&format!("setp.{name}.xor.{type}"), "pred", &[r#type, r#type, "pred"], |v| model(v) ^ v[2]);
            }
        }
    }
    for r#type in ["b16", "b32", "b64"] {
        check(&format!("setp.eq.{type}"), "pred", &[r#type; 2], |v| u64::from(v[0] == v[1]));
        check(&format!("setp.ne.{type}"), "pred", &[r#type; 2], |v| u64::from(v[0] != v[1]));
    }
    check("setp.hi.u32", "pred", &["u32"; 2], |v| u64::from(v[0] > v[1]));
}

#[test]
pub(super) fn floats_compare_with_nan_as_the_relation_says() {
    let decode = |format: Format, bits: u64| {
        if format.exponent == 8 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) }
    };
    for (r#type, format) in [("f32", F32), ("f64", F64)] {
        let ordered: [(&str, fn(f64, f64) -> bool); 6] = [
            ("eq", |a, b| a == b),
            ("ne", |a, b| a != b),
            ("lt", |a, b| a < b),
            ("le", |a, b| a <= b),
            ("gt", |a, b| a > b),
            ("ge", |a, b| a >= b),
        ];
        let is_nan = |v: &[u64]| format.is_nan(v[0]) || format.is_nan(v[1]);
        for (name, relation) in ordered {
            let holds = |v: &[u64]| relation(decode(format, v[0]), decode(format, v[1]));
            check(&format!("setp.{name}.{type}"), "pred", &[r#type; 2], |v| u64::from(!is_nan(v) && holds(v)));
            check(&format!("setp.{name}u.{type}"), "pred", &[r#type; 2], |v| u64::from(is_nan(v) || holds(v)));
        }
        check(&format!("setp.num.{type}"), "pred", &[r#type; 2], |v| u64::from(!is_nan(v)));
        check(&format!("setp.nan.{type}"), "pred", &[r#type; 2], |v| u64::from(is_nan(v)));
        check(&format!("testp.notanumber.{type}"), "pred", &[r#type], |v| u64::from(format.is_nan(v[0])));
        check(&format!("testp.subnormal.{type}"), "pred", &[r#type], |v| {
            let magnitude =
                v[0] << (64 - format.exponent - format.mantissa) >> (64 - format.exponent - format.mantissa);
            u64::from(magnitude != 0 && magnitude >> format.mantissa == 0)
        });
    }
}

#[test]
pub(super) fn flushing_comparisons_see_denormals_as_zero() {
    let flushed = |bits: u64| if bits & 0x7f80_0000 == 0 { 0.0 } else { f32::from_bits(bits as u32) };
    let relations: [(&str, fn(f32, f32) -> bool); 6] = [
        ("eq", |a, b| a == b),
        ("ne", |a, b| a != b),
        ("lt", |a, b| a < b),
        ("le", |a, b| a <= b),
        ("gt", |a, b| a > b),
        ("ge", |a, b| a >= b),
    ];
    for (name, relation) in relations {
        let compare = |v: &[u64]| {
            let (a, b) = (flushed(v[0]), flushed(v[1]));
            (relation(a, b), a.is_nan() || b.is_nan())
        };
        check(&format!("setp.{name}.ftz.f32"), "pred", &["f32"; 2], |v| {
            let (holds, is_nan) = compare(v);
            u64::from(holds && !is_nan)
        });
        check(&format!("setp.{name}u.ftz.f32"), "pred", &["f32"; 2], |v| {
            let (holds, is_nan) = compare(v);
            u64::from(holds || is_nan)
        });
    }
}

#[test]
pub(super) fn selections_follow_the_predicate_or_the_sign() {
    for r#type in ["u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"] {
        check(&format!("selp.{type}"), r#type, &[r#type, r#type, "pred"], |v| if v[2] != 0 { v[0] } else { v[1] });
    }
    for r#type in ["b16", "b32", "b64"] {
        check(&format!("selp.{type}"), r#type, &[r#type, r#type, "pred"], |v| if v[2] != 0 { v[0] } else { v[1] });
        check(&format!("slct.{type}.s32"), r#type, &[r#type, r#type, "s32"], |v| {
            if v[2] as i32 >= 0 { v[0] } else { v[1] }
        });
        check(&format!("slct.{type}.f32"), r#type, &[r#type, r#type, "f32"], |v| {
            if f32::from_bits(v[2] as u32) >= 0.0 { v[0] } else { v[1] }
        });
    }
}

#[test]
pub(super) fn halves_compare_by_value() {
    use half::f16;
    let value = |bits: u64| f16::from_bits(bits as u16);
    check("setp.lt.f16", "pred", &["f16"; 2], |v| u64::from(value(v[0]) < value(v[1])));
    check("setp.geu.f16", "pred", &["f16"; 2], |v| {
        u64::from(value(v[0]) >= value(v[1]) || value(v[0]).is_nan() || value(v[1]).is_nan())
    });
    check("set.ge.s32.f16", "s32", &["f16"; 2], |v| if value(v[0]) >= value(v[1]) { u64::MAX } else { 0 });
    check("set.neu.and.u32.f16", "u32", &["f16", "f16", "pred"], |v| {
        if value(v[0]) != value(v[1]) && v[2] != 0 { u64::MAX } else { 0 }
    });
    check("set.ltu.u32.bf16", "u32", &["bf16"; 2], |v| {
        let [a, b] = [0, 1].map(|i| half::bf16::from_bits(v[i] as u16));
        if a < b || a.is_nan() || b.is_nan() { u64::MAX } else { 0 }
    });
    check("set.lt.or.f16.f16", "f16", &["f16", "f16", "pred"], |v| {
        if value(v[0]) < value(v[1]) || v[2] != 0 { 0x3c00 } else { 0 }
    });
    check("set.le.xor.u32.f16x2", "b32", &["b32", "b32", "pred"], |v| {
        [0, 16].iter().fold(0, |set, at| {
            let holds = value(v[0] >> at) <= value(v[1] >> at);
            set | if holds != (v[2] != 0) { 0xffff << at } else { 0 }
        })
    });
    check("set.gt.f16x2.f16x2", "b32", &["b32"; 2], |v| {
        [0, 16].iter().fold(0, |set, at| set | if value(v[0] >> at) > value(v[1] >> at) { 0x3c00 << at } else { 0 })
    });
}
