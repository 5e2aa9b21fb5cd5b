//! Which NaN comes out, bit by bit.

use super::differences;
use super::exact::{BF16, Exact, F16, F32, F64, Format};
use super::harness::{Agree, Engine, Kind, case, check_with, compile, engines, exactly, kind, launch, tuples};

/// NaNs with payloads and signs, quiet and signaling; what makes NaN of others; a few numbers.
const SINGLES: [u64; 13] = [
    0x7fff_ffff,
    0x7fc1_2345,
    0xffc5_4321,
    0x7f80_0001,
    0xffa0_0000,
    0x7f80_0000,
    0xff80_0000,
    0,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x4020_0000,
    0x0000_0001,
];
const DOUBLES: [u64; 12] = [
    0x7ff8_0000_0000_0000,
    0x7ff8_0123_4567_89ab,
    0xfff9_8765_4321_0001,
    0x7ff0_0000_0000_0001,
    0xfff4_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0,
    1 << 63,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x4004_0000_0000_0000,
];

fn bits(format: Format) -> &'static [u64] {
    match format.mantissa {
        10 => &[0x7fff, 0x7e55, 0xfe01, 0x7c01, 0xfd00, 0x7c00, 0xfc00, 0, 0x8000, 0x3c00, 0xc100],
        7 => &[0x7fff, 0x7fd5, 0xffc1, 0x7f81, 0xffa0, 0x7f80, 0xff80, 0, 0x8000, 0x3f80, 0xc020],
        23 => &SINGLES,
        _ => &DOUBLES,
    }
}

fn check_all(opcode: &str, to: &str, from: &str, count: usize, format: Format, model: impl Fn(&[u64]) -> u64) {
    let lists = vec![bits(format).to_vec(); count];
    check_with(opcode, kind(to), &vec![kind(from); count], "", &tuples(&lists), &exactly, model);
}

#[test]
pub(super) fn arithmetic_gives_the_canonical_nan() {
    for (r#type, format) in [("f32", F32), ("f16", F16), ("bf16", BF16)] {
        let of = move |bits: u64| format.decode(bits);
        let check = |name: &str, count: usize, model: &dyn Fn(&[u64]) -> Exact| {
            check_all(&format!("{name}.{type}"), r#type, r#type, count, format, |v| format.encode(model(v), "rn"));
        };
        check("add.rn", 2, &|v| of(v[0]).add(of(v[1]), "rn"));
        check("sub.rn", 2, &|v| of(v[0]).add(of(v[1]).negated(), "rn"));
        check("mul.rn", 2, &|v| of(v[0]).mul(of(v[1])));
        check("fma.rn", 3, &|v| of(v[0]).mul(of(v[1])).add(of(v[2]), "rn"));
        if r#type == "bf16" {
            check("neg", 1, &|v| of(v[0]).negated());
        }
    }
    for mode in ["rz", "rm", "rp"] {
        check_all(&format!("fma.{mode}.f32"), "f32", "f32", 3, F32, |v| {
            F32.encode(F32.decode(v[0]).mul(F32.decode(v[1])).add(F32.decode(v[2]), mode), mode)
        });
    }
    // Which NaN these give is left open, and driver 580 gives different ones on an H200: any will do there.
    let agree: Agree<'_> = match engines()[0] {
        Engine::Interpreter(_) => &exactly,
        Engine::Gpu(_) => &|_, got, expected| got == expected || F32.is_nan(got) && F32.is_nan(expected),
    };
    let singles = tuples(&[SINGLES.to_vec()]);
    check_with("neg.f32", Kind::B32, &[Kind::B32], "", &singles, agree, |v| {
        F32.encode(F32.decode(v[0]).negated(), "rn")
    });
    check_with("abs.f32", Kind::B32, &[Kind::B32], "", &singles, agree, |v| {
        F32.encode(F32.decode(v[0] & 0x7fff_ffff), "rn")
    });
    let value = |bits: u64| f32::from_bits(bits as u32);
    let canonical = |value: f32| if value.is_nan() { 0x7fff_ffff } else { u64::from(value.to_bits()) };
    check_all("div.rn.f32", "f32", "f32", 2, F32, |v| canonical(value(v[0]) / value(v[1])));
    check_all("rcp.rn.f32", "f32", "f32", 1, F32, |v| canonical(1.0 / value(v[0])));
    check_all("sqrt.rn.f32", "f32", "f32", 1, F32, |v| canonical(value(v[0]).sqrt()));
    check_all("sqrt.rz.f32", "f32", "f32", 1, F32, |v| {
        let root = f64::from(value(v[0])).sqrt();
        let nearest = canonical(root as f32);
        nearest - u64::from(f64::from(value(nearest)) > root)
    });
}

#[test]
pub(super) fn approximations_give_the_canonical_nan() {
    let cases: [(&str, fn(f32) -> f32); 9] = [
        ("rcp", |a| 1.0 / a),
        ("sqrt", f32::sqrt),
        ("rsqrt", |a| 1.0 / a.sqrt()),
        ("sin", f32::sin),
        ("cos", f32::cos),
        ("ex2", f32::exp2),
        ("lg2", f32::log2),
        ("tanh", f32::tanh),
        ("div", |a| a / a),
    ];
    for (name, function) in cases {
        let count = if name == "div" { 2 } else { 1 };
        for form in [format!("{name}.approx.f32"), format!("{name}.approx.ftz.f32")] {
            if form == "tanh.approx.ftz.f32" {
                continue;
            }
            let model = |bits: u64| function(f32::from_bits(bits as u32));
            let list: Vec<Vec<u64>> =
                SINGLES.iter().filter(|bits| model(**bits).is_nan()).map(|bits| vec![*bits; count]).collect();
            check_with(&form, Kind::B32, &vec![Kind::B32; count], "", &list, &exactly, |_| 0x7fff_ffff);
        }
    }
}

#[test]
pub(super) fn smaller_and_larger_of_two_nans_is_the_canonical_one() {
    for (r#type, format) in [("f32", F32), ("f16", F16), ("bf16", BF16)] {
        let nan = format.encode(Exact::Nan, "rn");
        let key = move |bits: u64| {
            let top = format.exponent + format.mantissa;
            if bits >> top != 0 { -((bits & ((1 << top) - 1)) as i64) - 1 } else { bits as i64 }
        };
        let ordered = move |v: &[u64], larger: bool| if (key(v[0]) > key(v[1])) == larger { v[0] } else { v[1] };
        for (name, larger) in [("min", false), ("max", true)] {
            check_all(&format!("{name}.{type}"), r#type, r#type, 2, format, |v| {
                match (format.is_nan(v[0]), format.is_nan(v[1])) {
                    (true, true) => nan,
                    (true, false) => v[1],
                    (false, true) => v[0],
                    _ => ordered(v, larger),
                }
            });
            check_all(&format!("{name}.NaN.{type}"), r#type, r#type, 2, format, |v| {
                if format.is_nan(v[0]) || format.is_nan(v[1]) { nan } else { ordered(v, larger) }
            });
        }
    }
}

/// The NaN of f64 with its payload, quiet.
fn quiet(bits: u64) -> u64 {
    bits | 1 << 51
}

#[test]
pub(super) fn a_nan_of_f64_keeps_its_payload() {
    const INVALID: u64 = 0xfff8_0000_0000_0000;
    // With two NaNs, which one passes is left open.
    let one_at_most = |v: &Vec<u64>| v.iter().filter(|bits| F64.is_nan(**bits)).count() <= 1;
    let check = |opcode: &str, count: usize, model: &dyn Fn(&[u64]) -> f64| {
        let list = tuples(&vec![DOUBLES.to_vec(); count]).into_iter().filter(one_at_most).collect::<Vec<_>>();
        check_with(opcode, Kind::B64, &vec![Kind::B64; count], "", &list, &exactly, |v| {
            match v.iter().find(|bits| F64.is_nan(**bits)) {
                Some(nan) => quiet(*nan),
                None if model(v).is_nan() => INVALID,
                None => model(v).to_bits(),
            }
        });
    };
    let f = f64::from_bits;
    check("add.rn.f64", 2, &|v| f(v[0]) + f(v[1]));
    check("mul.rn.f64", 2, &|v| f(v[0]) * f(v[1]));
    check("fma.rn.f64", 3, &|v| f(v[0]).mul_add(f(v[1]), f(v[2])));
    check("div.rn.f64", 2, &|v| f(v[0]) / f(v[1]));
    check("rcp.rn.f64", 1, &|v| 1.0 / f(v[0]));
    check("sqrt.rn.f64", 1, &|v| f(v[0]).sqrt());
    check("abs.f64", 1, &|v| f(v[0]).abs());
    check("neg.f64", 1, &|v| -f(v[0]));
    for name in ["min", "max"] {
        check_all(&format!("{name}.f64"), "f64", "f64", 2, F64, |v| match (F64.is_nan(v[0]), F64.is_nan(v[1])) {
            (true, true) => quiet(v[1]),
            (true, false) => v[1],
            (false, true) => v[0],
            _ => {
                let key = |bits: u64| if bits >> 63 != 0 { !bits } else { bits | 1 << 63 };
                if (key(v[0]) > key(v[1])) == (name == "max") { v[0] } else { v[1] }
            }
        });
    }
}

#[test]
pub(super) fn conversions_lose_the_payload_but_from_and_to_f64() {
    let recode = |from: Format, to: Format, mode: &'static str| move |v: &[u64]| to.encode(from.decode(v[0]), mode);
    for (opcode, to, from) in [
        ("cvt.f32.f16", ("f32", F32), ("f16", F16)),
        ("cvt.rn.f16.f32", ("f16", F16), ("f32", F32)),
        ("cvt.rn.bf16.f32", ("bf16", BF16), ("f32", F32)),
        ("cvt.rz.f16.f32", ("f16", F16), ("f32", F32)),
    ] {
        check_all(opcode, to.0, from.0, 1, from.1, recode(from.1, to.1, "rn"));
    }
    for (to, format) in [("f32", F32), ("f16", F16)] {
        // Quiet, with the sign and the top of the payload.
        let narrowed = |nan: u64| {
            let (payload, exponent) = (quiet(nan) << 12 >> (64 - format.mantissa), (1 << format.exponent) - 1);
            (nan >> 63 << format.exponent | exponent) << format.mantissa | payload
        };
        for mode in ["rn", "rz", "rm", "rp"] {
            let of_number = recode(F64, format, mode);
            check_all(&format!("cvt.{mode}.{to}.f64"), to, "f64", 1, F64, |v| {
                if F64.is_nan(v[0]) { narrowed(v[0]) } else { of_number(v) }
            });
        }
    }
    check_all("cvt.rni.f32.f32", "f32", "f32", 1, F32, |v| match v[0] {
        0x4020_0000 => 0x4000_0000,
        1 => 0,
        other => F32.encode(F32.decode(other), "rn"),
    });
    check_all("cvt.f64.f32", "f64", "f32", 1, F32, |v| {
        if F32.is_nan(v[0]) {
            return v[0] >> 31 << 63 | 0x7ff8 << 48 | (v[0] & 0x003f_ffff) << 29;
        }
        F64.encode(F32.decode(v[0]), "rn")
    });
}

#[test]
pub(super) fn approximations_of_f64_use_the_upper_half() {
    let specials: [(&str, [u64; 6]); 2] = [
        // Of infinity, minus infinity, zero, minus zero, denormals.
        ("rcp", [0, 1 << 63, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff0 << 48, 0xfff0 << 48]),
        ("rsqrt", [0, 0x7fff_ffff << 32, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff0 << 48, 0xfff0 << 48]),
    ];
    let operands = [0x7ff0 << 48, 0xfff0 << 48, 0, 1 << 63, 0x000f_ffff_ffff_ffff, 0x800f_ffff_ffff_ffff];
    for (name, results) in specials {
        let form = format!("{name}.approx.ftz.f64");
        let mut list: Vec<Vec<u64>> = operands.iter().map(|bits| vec![*bits]).collect();
        list.extend(DOUBLES[..5].iter().map(|bits| vec![*bits]));
        check_with(&form, Kind::B64, &[Kind::B64], "", &list, &exactly, |v| {
            // The payload of this NaN is in the lower half.
            let bits = if v[0] == 0x7ff0_0000_0000_0001 { 0x7ff0 << 48 } else { v[0] };
            operands.iter().position(|operand| *operand == bits).map_or(0x7fff_ffff << 32, |index| results[index])
        });
        let numbers: Vec<Vec<u64>> =
            (1..200).map(|number| vec![(f64::from(number) * 0.377_123_456_789).to_bits()]).collect();
        let near = |_: Kind, got: u64, expected: u64| {
            let (got, expected) = (f64::from_bits(got), f64::from_bits(expected));
            got.to_bits() & 0xffff_ffff == 0 && (got - expected).abs() <= expected * 2f64.powi(-19)
        };
        check_with(&form, Kind::B64, &[Kind::B64], "", &numbers, &near, |v| {
            let value = f64::from_bits(v[0]);
            (if name == "rcp" { 1.0 / value } else { 1.0 / value.sqrt() }).to_bits()
        });
    }
}

#[test]
pub(super) fn a_matrix_product_gives_the_canonical_nan() {
    if !case("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32") {
        return;
    }
    // Infinity times zero, for every element.
    let text = ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{
        .reg .b32 %t, %a, %b; .reg .f32 %c, %d<4>; .reg .b64 %mine;
        ld.param.u64 %mine, [p]; mov.u32 %t, %tid.x; mad.wide.u32 %mine, %t, 16, %mine;
        mov.u32 %a, 0x7c007c00; mov.u32 %b, 0; mov.f32 %c, 0f3F800000;
        mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%d0, %d1, %d2, %d3}, {%a, %a}, {%b}, {%c, %c, %c, %c};
        st.global.v4.f32 [%mine], {%d0, %d1, %d2, %d3};
        ret;\n}\n";
    for engine in engines() {
        let mut data = vec![0u32; 128];
        launch(&compile(text, engine), 1, 32, &mut data);
        differences::note_words("mma of infinities", &[], &data, &[0x7fff_ffff; 128], engine);
    }
}
