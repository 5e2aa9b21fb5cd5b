//! Video instructions: parts of words, elements of words, and what is done with a third word then.
//!
//! **Source:** PTX ISA 9.0, "Video Instructions": the models follow its pseudocode in exact integers.

use super::differences::{self, Difference, Expected};
use super::harness::{Lanes, case, compile, engines, launch};

const TYPES: [&str; 2] = ["u32", "s32"];
/// Edges of bytes, halves and words.
const WORDS: [u32; 14] = [
    0,
    1,
    0xffff_ffff,
    0x8000_0000,
    0x7fff_ffff,
    0x7f80_ff01,
    0x807f_01fe,
    0x8000_7fff,
    0xffff_0000,
    0x0002_0021,
    31,
    32,
    0x1234_5678,
    0xfedc_ba98,
];

/// Runs `opcode d, a, b{, c}` with these operands' selectors for all words. The model gets `a`, `b` and `c`.
fn check(opcode: &str, selectors: [&str; 3], has_c: bool, model: &dyn Fn(u32, u32, u32) -> u32) {
    if !case(opcode) {
        return;
    }
    let [d, a, b] = selectors;
    let c = if has_c { ", %c" } else { "" };
    let text = format!(
        ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
.reg .b64 %base; .reg .b32 %t<4>, %d, %a, %b, %c; .reg .pred %q;
ld.param.u64 %base, [p];
mov.u32 %t1, %ctaid.x; mov.u32 %t2, %ntid.x; mov.u32 %t3, %tid.x;
mad.lo.u32 %t1, %t1, %t2, %t3; mad.wide.u32 %base, %t1, 16, %base; setp.ne.u32 %q, %t3, 5;
ld.global.u32 %a, [%base]; ld.global.u32 %b, [%base+4]; ld.global.u32 %c, [%base+8]; mov.u32 %d, 77;
@%q {opcode} %d{d}, %a{a}, %b{b}{c};
st.global.u32 [%base+12], %d; ret;\n}}\n"
    );
    let form = format!("{opcode} d{d}, a{a}, b{b}{}", c.replace('%', ""));
    let len = WORDS.len();
    let rows = (0..len * len).map(|i| [WORDS[i % len], WORDS[i / len], WORDS[(i * 5 + i / len) % len], 0]);
    let before: Vec<u32> = rows.chain(std::iter::repeat([0; 4])).take(256).flatten().collect();
    for engine in engines() {
        let mut data = before.clone();
        launch(&compile(&text, engine), 4, 64, &mut data);
        let wrong = data.chunks(4).enumerate().filter_map(|(index, row)| {
            let (model, expected) = match index % 64 {
                5 => (77, Expected::Kept(77)),
                _ => {
                    let result = model(row[0], row[1], row[2]);
                    (result, Expected::Result(result.into()))
                }
            };
            let operands = row[..3].iter().map(|word| u64::from(*word)).collect();
            (row[3] != model).then(|| Difference { form: form.clone(), operands, got: row[3].into(), expected })
        });
        differences::note(&wrong.collect::<Vec<_>>(), engine, Lanes::All);
    }
}

/// The number of so many bytes of a word from `start` on.
fn bytes(word: &[u8], start: usize, count: usize, r#type: &str) -> i128 {
    let value = (0..count).rev().fold(0, |value, byte| value * 256 + i128::from(word[start + byte]));
    let half = 1i128 << (8 * count - 1);
    if r#type == "s32" && value >= half { value - 2 * half } else { value }
}

/// Where a selector's part starts and how long it is, in bytes.
fn part(selector: &str) -> (usize, usize) {
    let number = |from: usize| selector[from..].parse::<usize>().expect("a digit");
    match selector.get(..2) {
        None => (0, 4),
        Some(".b") => (number(2), 1),
        Some(_) => (2 * number(2), 2),
    }
}

fn select(word: u32, selector: &str, r#type: &str) -> i128 {
    let (start, count) = part(selector);
    bytes(&word.to_le_bytes(), start, count, r#type)
}

fn saturate(value: i128, count: usize, r#type: &str) -> i128 {
    let all = 1i128 << (8 * count);
    if r#type == "s32" { value.clamp(-all / 2, all / 2 - 1) } else { value.clamp(0, all - 1) }
}

fn put(word: u32, start: usize, count: usize, value: i128) -> u32 {
    let mut result = word.to_le_bytes();
    result[start..start + count].copy_from_slice(&value.to_le_bytes()[..count]);
    u32::from_le_bytes(result)
}

/// What follows the first operation: the rest of the opcode, the selector of `d`, and whether there is a `c`.
const SECOND: [(&str, &str, bool); 9] = [
    ("", "", false),
    (".sat", "", false),
    (".add", "", true),
    (".sat.add", "", true),
    (".sat.min", "", true),
    (".max", "", true),
    ("", ".b2", true),
    (".sat", ".h1", true),
    (".sat", ".b0", true),
];

/// The second operation of a scalar instruction.
fn second(value: i128, then: &str, d: &str, r#type: &str, c: u32) -> u32 {
    let (start, count) = part(d);
    let value = if then.contains("sat") { saturate(value, count, r#type) } else { value };
    let other = bytes(&c.to_le_bytes(), 0, 4, r#type);
    match then {
        _ if !d.is_empty() => put(c, start, count, value),
        _ if then.ends_with("add") => (value + other) as u32,
        _ if then.ends_with("min") => value.min(other) as u32,
        _ if then.ends_with("max") => value.max(other) as u32,
        _ => value as u32,
    }
}

const SELECTED: [[&str; 2]; 4] = [["", ""], [".b0", ".h1"], [".h0", ".b3"], [".b1", ""]];

#[test]
pub(super) fn parts_of_words_are_added_subtracted_and_compared() {
    let operations: [(&str, fn(i128, i128) -> i128); 5] = [
        ("vadd", |a, b| a + b),
        ("vsub", |a, b| a - b),
        ("vabsdiff", |a, b| if a > b { a - b } else { b - a }),
        ("vmin", |a, b| if a < b { a } else { b }),
        ("vmax", |a, b| if a > b { a } else { b }),
    ];
    for (index, (name, operation)) in operations.into_iter().enumerate() {
        for types in 0..8 {
            let [d, a, b] = [types & 1, types >> 1 & 1, types >> 2].map(|signed| TYPES[signed]);
            for (place, (then, part, has_c)) in SECOND.into_iter().enumerate() {
                let [from_a, from_b] = SELECTED[(index + types + place) % SELECTED.len()];
                check(&format!("{name}.{d}.{a}.{b}{then}"), [part, from_a, from_b], has_c, &|x, y, c| {
                    second(operation(select(x, from_a, a), select(y, from_b, b)), then, part, d, c)
                });
            }
        }
    }
}

#[test]
pub(super) fn parts_of_words_are_shifted_by_clamped_or_wrapped_distances() {
    for mode in ["clamp", "wrap"] {
        for types in 0..4 {
            let (d, a) = (TYPES[types & 1], TYPES[types >> 1]);
            for (place, (then, part, has_c)) in SECOND.into_iter().enumerate() {
                let [from_a, from_b] = SELECTED[(types + place) % SELECTED.len()];
                let distance = |word: u32| match (select(word, from_b, "u32"), mode) {
                    (distance, "wrap") => distance % 32,
                    (distance, _) => distance.min(32),
                };
                // The mode stands between the saturation and the second operation.
                let (sat, op2) = if then.starts_with(".sat") { then.split_at(4) } else { ("", then) };
                let opcode = |name: &str| format!("{name}.{d}.{a}.u32{sat}.{mode}{op2}");
                check(&opcode("vshl"), [part, from_a, from_b], has_c, &|x, y, c| {
                    second(select(x, from_a, a) * (1 << distance(y)), then, part, d, c)
                });
                check(&opcode("vshr"), [part, from_a, from_b], has_c, &|x, y, c| {
                    second(select(x, from_a, a).div_euclid(1 << distance(y)), then, part, d, c)
                });
            }
        }
    }
}

const RELATIONS: [(&str, fn(i128, i128) -> bool); 6] = [
    ("eq", |a, b| a == b),
    ("ne", |a, b| a != b),
    ("lt", |a, b| a < b),
    ("le", |a, b| a <= b),
    ("gt", |a, b| a > b),
    ("ge", |a, b| a >= b),
];

#[test]
pub(super) fn what_holds_of_parts_of_words_is_an_unsigned_one() {
    let seconds = SECOND.into_iter().filter(|(then, ..)| !then.contains("sat"));
    for (place, (then, part, has_c)) in seconds.enumerate() {
        for (index, (name, relation)) in RELATIONS.into_iter().enumerate() {
            for types in 0..4 {
                let (a, b) = (TYPES[types & 1], TYPES[types >> 1]);
                let [from_a, from_b] = SELECTED[(index + types + place) % SELECTED.len()];
                check(&format!("vset.{a}.{b}.{name}{then}"), [part, from_a, from_b], has_c, &|x, y, c| {
                    second(relation(select(x, from_a, a), select(y, from_b, b)).into(), then, part, "u32", c)
                });
            }
        }
    }
}

#[test]
pub(super) fn products_are_added_scaled_and_cut() {
    for types in 0..4 {
        let (a, b) = (TYPES[types & 1], TYPES[types >> 1]);
        // The result is signed once a source is.
        let d = if types == 0 { "u32" } else { "s32" };
        for (index, (mode, scale)) in [("", 0), (".po", 0), (".shr7", 7), (".shr15", 15)].into_iter().enumerate() {
            for sat in ["", ".sat"] {
                let [from_a, from_b] = SELECTED[(index + types) % SELECTED.len()];
                let opcode = match mode {
                    ".po" => format!("vmad.{d}.{a}.{b}.po{sat}"),
                    _ => format!("vmad.{d}.{a}.{b}{sat}{mode}"),
                };
                check(&opcode, ["", from_a, from_b], true, &|x, y, c| {
                    let product = select(x, from_a, a) * select(y, from_b, b);
                    let sum = product + bytes(&c.to_le_bytes(), 0, 4, d) + i128::from(mode == ".po");
                    let scaled = sum.div_euclid(1 << scale);
                    (if sat.is_empty() { scaled } else { saturate(scaled, 4, d) }) as u32
                });
            }
        }
    }
}

/// The places that a selector of elements names, the lowest element's first.
fn places(selector: &str, otherwise: std::ops::Range<usize>) -> Vec<usize> {
    match selector.get(2..) {
        None => otherwise.collect(),
        Some(digits) => digits.chars().rev().map(|digit| digit as usize - '0' as usize).collect(),
    }
}

/// What an instruction of `count` elements gives.
fn elements(
    count: usize,
    [d, a, b]: [&str; 3],
    [d_type, a_type, b_type]: [&str; 3],
    then: &str,
    operation: &dyn Fn(i128, i128) -> i128,
    [x, y, c]: [u32; 3],
) -> u32 {
    let size = 4 / count;
    let both = [x.to_le_bytes(), y.to_le_bytes()].concat();
    let (from_a, from_b) = (places(a, 0..count), places(b, count..2 * count));
    let results = (0..count).map(|element| {
        let source = |from: &[usize], r#type: &str| bytes(&both, from[element] * size, size, r#type);
        let value = operation(source(&from_a, a_type), source(&from_b, b_type));
        if then == ".sat" { saturate(value, size, d_type) } else { value }
    });
    let kept = places(d, 0..count);
    results.enumerate().filter(|(element, _)| kept.contains(element)).fold(c, |word, (element, value)| match then {
        ".add" => (i128::from(word) + value) as u32,
        _ => put(word, element * size, size, value),
    })
}

const TWO: [[&str; 3]; 4] = [["", "", ""], [".h0", ".h01", ".h32"], [".h1", ".h22", ".h13"], [".h10", ".h30", ""]];
const FOUR: [[&str; 3]; 4] =
    [["", "", ""], [".b210", ".b0123", ".b7654"], [".b3", ".b7070", ".b1111"], [".b31", "", ".b0246"]];

#[test]
pub(super) fn two_or_four_elements_are_computed_at_once() {
    let operations: [(&str, &dyn Fn(i128, i128) -> i128); 6] = [
        ("vadd", &|a, b| a + b),
        ("vsub", &|a, b| a - b),
        ("vavrg", &|a, b| if a + b >= 0 { (a + b + 1).div_euclid(2) } else { (a + b).div_euclid(2) }),
        ("vabsdiff", &|a, b| if a > b { a - b } else { b - a }),
        ("vmin", &|a, b| if a < b { a } else { b }),
        ("vmax", &|a, b| if a > b { a } else { b }),
    ];
    for (count, list) in [(2, TWO), (4, FOUR)] {
        for (index, (name, operation)) in operations.into_iter().enumerate() {
            for types in 0..8 {
                let types = [types & 1, types >> 1 & 1, types >> 2].map(|signed| TYPES[signed]);
                for (place, then) in ["", ".sat", ".add"].into_iter().enumerate() {
                    for selectors in [list[0], list[(index + place) % 4]] {
                        let opcode = format!("{name}{count}.{}{then}", types.join("."));
                        check(&opcode, selectors, true, &|x, y, c| {
                            elements(count, selectors, types, then, operation, [x, y, c])
                        });
                    }
                }
            }
        }
    }
}

#[test]
pub(super) fn two_or_four_elements_are_compared_at_once() {
    for (count, list) in [(2, TWO), (4, FOUR)] {
        for (index, (name, relation)) in RELATIONS.into_iter().enumerate() {
            for types in 0..4 {
                let [a, b] = [types & 1, types >> 1].map(|signed| TYPES[signed]);
                for then in ["", ".add"] {
                    let selectors = list[(index + types) % 4];
                    check(&format!("vset{count}.{a}.{b}.{name}{then}"), selectors, true, &|x, y, c| {
                        let truth = |a, b| i128::from(relation(a, b));
                        elements(count, selectors, ["u32", a, b], then, &truth, [x, y, c])
                    });
                }
            }
        }
    }
}
