//! Logic, shifts, bit fields, byte permutation.

use super::differences;
use super::harness::{Kind, case, check, check_with, compile, engines, exactly, kind, launch, tuples, values};
use super::integer::{bits_of, value};

#[test]
pub(super) fn logic_works_on_each_bit() {
    for r#type in ["b16", "b32", "b64"] {
        check(&format!("and.{type}"), r#type, &[r#type; 2], |v| v[0] & v[1]);
        check(&format!("or.{type}"), r#type, &[r#type; 2], |v| v[0] | v[1]);
        check(&format!("xor.{type}"), r#type, &[r#type; 2], |v| v[0] ^ v[1]);
        check(&format!("not.{type}"), r#type, &[r#type], |v| !v[0]);
        check(&format!("cnot.{type}"), r#type, &[r#type], |v| u64::from(v[0] == 0));
    }
    for r#type in ["b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"] {
        check(&format!("mov.{type}"), r#type, &[r#type], |v| v[0]);
    }
    check("and.pred", "pred", &["pred"; 2], |v| v[0] & v[1]);
    check("or.pred", "pred", &["pred"; 2], |v| v[0] | v[1]);
    check("xor.pred", "pred", &["pred"; 2], |v| v[0] ^ v[1]);
    check("not.pred", "pred", &["pred"], |v| !v[0]);
    check("mov.pred", "pred", &["pred"], |v| v[0]);
}

#[test]
pub(super) fn any_function_of_three_bits_comes_from_its_table() {
    let list = values("b32", 3);
    for table in [0x00u64, 0xff, 0x80, 0x96, 0xe8, 0xca, 0x01, 0x1e] {
        check_with(
            "lop3.b32",
            Kind::B32,
            &[Kind::B32; 3],
            &table.to_string(),
            &tuples(&[list.clone(), list.clone(), list.clone()]),
            &exactly,
            |v| {
                (0..32).fold(0, |result, bit| {
                    let index = (v[0] >> bit & 1) << 2 | (v[1] >> bit & 1) << 1 | (v[2] >> bit & 1);
                    result | (table >> index & 1) << bit
                })
            },
        );
    }
}

#[test]
pub(super) fn shifts_by_the_width_or_more_leave_nothing_but_the_sign() {
    for r#type in ["b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64"] {
        let bits = u64::from(bits_of(r#type));
        let lists = [values(r#type, 2), values("shift", 2)];
        let kinds = [kind(r#type), Kind::B32];
        if r#type.starts_with('b') {
            check_with(&format!("shl.{type}"), kinds[0], &kinds, "", &tuples(&lists), &exactly, |v| {
                if v[1] >= bits { 0 } else { v[0] << v[1] }
            });
        }
        let as_type = r#type.replace('b', "u");
        check_with(&format!("shr.{type}"), kinds[0], &kinds, "", &tuples(&lists), &exactly, |v| {
            (value(&as_type, v[0]) >> v[1].min(100)) as u64
        });
    }
}

#[test]
pub(super) fn funnel_shifts_take_a_word_out_of_two() {
    let lists = [values("b32", 3), values("b32", 3), values("shift", 3)];
    for (mode, limit) in [("clamp", None), ("wrap", Some(31))] {
        let by = move |amount: u64| limit.map_or(amount.min(32), |mask| amount & mask) as u32;
        check_with(&format!("shf.l.{mode}.b32"), Kind::B32, &[Kind::B32; 3], "", &tuples(&lists), &exactly, |v| {
            ((u128::from(v[1] << 32 | v[0]) << by(v[2])) >> 32) as u64
        });
        check_with(&format!("shf.r.{mode}.b32"), Kind::B32, &[Kind::B32; 3], "", &tuples(&lists), &exactly, |v| {
            (u128::from(v[1] << 32 | v[0]) >> by(v[2])) as u64
        });
    }
}

/// The position or length of a bit field.
///
/// PTX takes them modulo 256. An NVIDIA H100 with driver 580 does not in 64 bits.
fn place(top: u64, amount: u64) -> u64 {
    if top > 31 { amount } else { amount & 255 }
}

#[test]
pub(super) fn bit_fields_are_cut_out_bit_by_bit() {
    for r#type in ["u32", "s32", "u64", "s64"] {
        let top = u64::from(bits_of(r#type)) - 1;
        let lists = [values(r#type, 3), values("shift", 3), values("shift", 3)];
        let kinds = [kind(r#type), Kind::B32, Kind::B32];
        check_with(&format!("bfe.{type}"), kinds[0], &kinds, "", &tuples(&lists), &exactly, |v| {
            let (start, length) = (place(top, v[1]), place(top, v[2]));
            let is_signed = r#type.starts_with('s');
            let sign = if is_signed && length != 0 { v[0] >> (start + length - 1).min(top) & 1 } else { 0 };
            (0..=top).fold(0, |result, bit| {
                let is_inside = bit < length && start + bit <= top;
                result | (if is_inside { v[0] >> (start + bit) & 1 } else { sign }) << bit
            })
        });
    }
    for r#type in ["b32", "b64"] {
        let top = u64::from(bits_of(r#type)) - 1;
        let lists = [values(r#type, 4), values(r#type, 4), values("shift", 3), values("shift", 3)];
        let kinds = [kind(r#type), kind(r#type), Kind::B32, Kind::B32];
        check_with(&format!("bfi.{type}"), kinds[0], &kinds, "", &tuples(&lists), &exactly, |v| {
            let (start, length) = (place(top, v[2]), place(top, v[3]));
            (0..=top)
                .filter(|bit| *bit < length && start + bit <= top)
                .fold(v[1], |result, bit| result & !(1 << (start + bit)) | (v[0] >> bit & 1) << (start + bit))
        });
    }
}

#[test]
pub(super) fn counting_and_searching_bits() {
    for r#type in ["b32", "b64"] {
        let bits = bits_of(r#type);
        check(&format!("popc.{type}"), "b32", &[r#type], |v| (0..bits).map(|bit| v[0] >> bit & 1).sum());
        check(&format!("clz.{type}"), "b32", &[r#type], |v| {
            (0..bits).rev().take_while(|bit| v[0] >> bit & 1 == 0).count() as u64
        });
        check(&format!("brev.{type}"), r#type, &[r#type], |v| {
            (0..bits).fold(0, |result, bit| result | (v[0] >> bit & 1) << (bits - 1 - bit))
        });
    }
    for r#type in ["u32", "s32", "u64", "s64"] {
        let bits = bits_of(r#type);
        let find = |v: u64| {
            let sign = if r#type.starts_with('s') { v >> (bits - 1) & 1 } else { 0 };
            (0..bits).rev().find(|bit| v >> bit & 1 != sign)
        };
        check(&format!("bfind.{type}"), "b32", &[r#type], |v| find(v[0]).map_or(u64::MAX, u64::from));
        check(&format!("bfind.shiftamt.{type}"), "b32", &[r#type], |v| {
            find(v[0]).map_or(u64::MAX, |bit| u64::from(bits - 1 - bit))
        });
    }
}

#[test]
pub(super) fn the_nth_set_bit_is_searched_from_a_base() {
    let lists = [
        values("b32", 2),
        vec![0, 1, 2, 3, 15, 30, 31, 32, 0x8000_0000],
        [0, 1, 2, 3, 5, 31, 32, 33, -1, -2, -3, -31, -33, i32::MIN, i32::MAX].map(|n| u64::from(n as u32)).to_vec(),
    ];
    check_with("fns.b32", Kind::B32, &[Kind::B32; 3], "", &tuples(&lists), &exactly, |v| {
        let (base, offset) = (v[1] as u32, v[2] as i32);
        let is_set = |place: &u32| v[0] >> place & 1 != 0;
        let found = match offset {
            _ if base > 31 => None,
            0 => Some(base).filter(is_set),
            1.. => (base..32).filter(is_set).nth(offset as usize - 1),
            _ => (0..=base).rev().filter(is_set).nth(offset.unsigned_abs() as usize - 1),
        };
        found.map_or(0xffff_ffff, u64::from)
    });
}

#[test]
pub(super) fn a_looked_up_word_is_tested_and_combined() {
    let text = |operation: &str, table: u64| {
        format!(
            ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
.reg .b64 %base; .reg .b32 %t<4>, %d; .reg .pred %p, %q, %r;
ld.param.u64 %base, [p]; mov.u32 %t0, %tid.x; mad.wide.u32 %base, %t0, 24, %base; setp.lt.u32 %r, %t0, 60;
ld.global.u32 %t0, [%base+12]; setp.ne.u32 %q, %t0, 0;
ld.global.u32 %t0, [%base]; ld.global.u32 %t1, [%base+4]; ld.global.u32 %t2, [%base+8];
mov.u32 %d, 77; setp.eq.u32 %p, %d, 0;
@%r lop3.{operation}.b32 %d|%p, %t0, %t1, %t2, {table}, %q;
selp.u32 %t0, 1, 0, %p; st.global.u32 [%base+16], %d; st.global.u32 [%base+20], %t0; ret;\n}}\n"
        )
    };
    for operation in ["and", "or"] {
        if !case(&format!("lop3.{operation}.b32")) {
            continue;
        }
        for table in [0u64, 0x80, 0x96, 0x3f] {
            for engine in engines() {
                let words = [0u32, 1, 0x8000_0000, 0xffff_ffff];
                let rows = (0..64).map(|i| [words[i % 4], words[i / 4 % 4], words[i / 8 % 4], i as u32 / 16 % 2, 0, 0]);
                let mut data: Vec<u32> = rows.flatten().collect();
                launch(&compile(&text(operation, table), engine), 1, 64, &mut data);
                for (index, row) in data.chunks(6).enumerate() {
                    let word = (0..32).fold(0, |word, bit| {
                        let at = (row[0] >> bit & 1) << 2 | (row[1] >> bit & 1) << 1 | (row[2] >> bit & 1);
                        word | (table >> at & 1) << bit
                    });
                    let (is_set, with) = (word != 0, row[3] != 0);
                    let predicate = if operation == "and" { is_set && with } else { is_set || with };
                    let expected = if index < 60 { [word as u32, u32::from(predicate)] } else { [77, 0] };
                    let form = format!("lop3.{operation}.b32 {table:#x}");
                    let operands: Vec<u64> = row[..4].iter().map(|word| u64::from(*word)).collect();
                    differences::note_words(&form, &operands, &row[4..], &expected, engine);
                }
            }
        }
    }
}

#[test]
pub(super) fn masks_and_extensions_clamp_or_wrap() {
    let lists = [values("shift", 2), values("shift", 2)];
    for (mode, wraps) in [("clamp", false), ("wrap", true)] {
        let limit = move |amount: u64| if wraps { amount & 31 } else { amount };
        check_with(&format!("bmsk.{mode}.b32"), Kind::B32, &[Kind::B32; 2], "", &tuples(&lists), &exactly, |v| {
            let (start, length) = (limit(v[0]), limit(v[1]));
            (0..32)
                .filter(|bit| *bit >= start && *bit < start.saturating_add(length))
                .fold(0, |mask, bit| mask | 1 << bit)
        });
        for r#type in ["u32", "s32"] {
            let lists = [values(r#type, 2), values("shift", 2)];
            check_with(
                &format!("szext.{mode}.{type}"),
                Kind::B32,
                &[Kind::B32; 2],
                "",
                &tuples(&lists),
                &exactly,
                |v| {
                    let length = limit(v[1]).min(32);
                    let low = v[0] & ((1 << length) - 1);
                    let is_negative = r#type == "s32" && length > 0 && low >> (length - 1) != 0;
                    if is_negative { low | u64::MAX << length } else { low }
                },
            );
        }
    }
}

#[test]
pub(super) fn bytes_are_picked_by_the_selector() {
    let byte = |v: &[u64], index: u64| (v[1] << 32 | v[0]) >> (8 * (index & 7)) & 0xff;
    check("prmt.b32", "b32", &["b32"; 3], |v| {
        (0..4).fold(0, |result, place| {
            let nibble = v[2] >> (4 * place) & 15;
            let picked = byte(v, nibble);
            let value = if nibble & 8 != 0 { if picked & 0x80 != 0 { 0xff } else { 0 } } else { picked };
            result | value << (8 * place)
        })
    });
    let modes: [(&str, fn(u64, u64) -> u64); 6] = [
        ("f4e", |c, place| c + place),
        ("b4e", |c, place| (c + 8 - place) & 7),
        ("rc8", |c, _| c),
        ("ecl", |c, place| c.max(place)),
        ("ecr", |c, place| c.min(place)),
        ("rc16", |c, place| (c & 1) * 2 + (place & 1)),
    ];
    for (mode, index) in modes {
        check(&format!("prmt.b32.{mode}"), "b32", &["b32"; 3], |v| {
            (0..4).fold(0, |result, place| result | byte(v, index(v[2] & 3, place)) << (8 * place))
        });
    }
}
