//! Sums that give or take the carry flag.

use super::differences::{self, Difference, Expected};
use super::harness::{Lanes, case, compile, engines, launch, tuples, values};
use super::integer::value;

/// The old value of the destination.
const OLD: u64 = 0x0123_4567_89ab_cdef;

/// What sets the flag before. Both leave what `%t0` was: a difference without a borrow has a carry.
const SETTERS: [&str; 2] = ["add.cc.u32", "sub.cc.u32"];
/// Sixty-four-bit words of a thread: three sources, the flag before, the result, what `addc` and `subc` read.
const WORDS: usize = 7;

/// A kernel that sets the flag, runs one instruction, and reads the flag, for `WORDS` of data.
fn source(setter: &str, opcode: &str, operands: &str, bits: u32, lanes: Lanes) -> String {
    let guard = match lanes {
        Lanes::All => "",
        Lanes::OddByPredicate => "@%q ",
        Lanes::OddByBranch => "@!%q bra PAST;\n",
    };
    format!(
        ".version 8.4\n.target sm_90\n.address_size 64\n
.visible .entry k(.param .u64 p)\n{{
.reg .b{bits} %d, %a, %b, %c; .reg .b64 %base; .reg .b32 %t<4>; .reg .pred %q;
ld.param.u64 %base, [p];
mov.u32 %t1, %ctaid.x; mov.u32 %t2, %ntid.x; mov.u32 %t3, %tid.x;
mad.lo.u32 %t1, %t1, %t2, %t3;
mad.wide.u32 %base, %t1, {}, %base;
and.b32 %t2, %t1, 1; setp.ne.u32 %q, %t2, 0;
ld.global.u{bits} %a, [%base]; ld.global.u{bits} %b, [%base+8]; ld.global.u{bits} %c, [%base+16];
ld.global.u32 %t0, [%base+24]; ld.global.u{bits} %d, [%base+32];
{setter} %t0, %t0, {};
{guard}{opcode} {operands};
PAST:
addc.u32 %t0, 0, 0; subc.u32 %t1, 0, 0;
st.global.u{bits} [%base+32], %d; st.global.u32 [%base+40], %t0; st.global.u32 [%base+48], %t1;
ret;\n}}\n",
        8 * WORDS,
        if setter.starts_with("add") { -1 } else { 1 }
    )
}

/// Checks one opcode; `model` is the exact sum of the sources, of which the result is the low bits.
fn check(opcode: &str, r#type: &str, sources: usize, model: impl Fn(&[u64], i128) -> i128) {
    if !case(opcode) {
        return;
    }
    let (bits, gives) = (if r#type.ends_with("64") { 64 } else { 32 }, opcode.contains(".cc"));
    let takes = opcode.contains("c.") && !opcode.starts_with("add.") && !opcode.starts_with("sub.");
    let takes = takes && !opcode.starts_with("mad.");
    let operands = if sources == 3 { "%d, %a, %b, %c" } else { "%d, %a, %b" };
    let mut lists = vec![values(r#type, sources); sources];
    lists.resize(3, vec![0]);
    lists.push(vec![0, 1]);
    let tuples = tuples(&lists);
    let low = |sum: i128| sum as u64 & (u64::MAX >> (64 - bits));
    let every = [Lanes::All, Lanes::OddByPredicate, Lanes::OddByBranch];
    for (setter, lanes) in SETTERS.into_iter().flat_map(|setter| every.map(|lanes| (setter, lanes))) {
        let text = source(setter, opcode, operands, bits, lanes);
        for engine in engines() {
            let threads = 64;
            let mut data = vec![0u64; tuples.len().next_multiple_of(threads) * WORDS];
            for (index, row) in data.chunks_mut(WORDS).enumerate() {
                row[..4].copy_from_slice(&tuples[index % tuples.len()]);
                row[4] = OLD;
            }
            launch(&compile(&text, engine), (data.len() / WORDS / threads) as u32, threads as u32, &mut data);
            let rows = data.chunks(WORDS).enumerate();
            let wrong = rows.flat_map(|(index, row)| {
                let before = row[3];
                let is_active = lanes == Lanes::All || index % 2 == 1;
                let (mut result, mut flag) = (low(OLD.into()), before);
                if is_active {
                    let sum = model(row, if takes { before.into() } else { 0 });
                    result = low(sum);
                    flag = if gives { u64::from(sum >> bits != 0) } else { before };
                }
                let words = [
                    ("", low(row[4].into()), result),
                    (", its flag by addc", row[5], flag),
                    (", its flag by subc", row[6], (flag as u32).wrapping_sub(1).into()),
                ];
                words.into_iter().filter(|(_, got, expected)| got != expected).map(move |(part, got, expected)| {
                    Difference {
                        form: format!("{opcode} behind {setter}{part}"),
                        operands: row[..4].to_vec(),
                        got,
                        expected: if is_active { Expected::Result(expected) } else { Expected::Kept(expected) },
                    }
                })
            });
            differences::note(&wrong.collect::<Vec<_>>(), engine, lanes);
        }
    }
}

/// As the register's bits say, whatever the type.
fn unsigned(r#type: &str, bits: u64) -> i128 {
    value(&r#type.replace('s', "u"), bits)
}

#[test]
pub(super) fn a_carry_goes_from_one_sum_to_the_next() {
    for r#type in ["u32", "s32", "u64", "s64"] {
        let operand = |row: &[u64], index: usize| unsigned(r#type, row[index]);
        for name in ["add.cc", "addc", "addc.cc"] {
            check(&format!("{name}.{type}"), r#type, 2, |row, carry| operand(row, 0) + operand(row, 1) + carry);
        }
        // The sum with the complement and one more, or the flag.
        let complement = |row: &[u64]| unsigned(r#type, u64::MAX) - operand(row, 1);
        check(&format!("sub.cc.{type}"), r#type, 2, |row, _| operand(row, 0) + complement(row) + 1);
        for name in ["subc", "subc.cc"] {
            check(&format!("{name}.{type}"), r#type, 2, |row, carry| operand(row, 0) + complement(row) + carry);
        }
    }
}

#[test]
pub(super) fn a_carry_goes_through_sums_of_products() {
    for r#type in ["u32", "s32", "u64", "s64"] {
        let bits = if r#type.ends_with("64") { 64 } else { 32 };
        let half = |product: u128| (product & (u128::MAX >> (128 - bits))) as i128;
        // The product of two unsigned numbers of 64 bits needs all 128.
        let product = |row: &[u64]| value(r#type, row[0]).wrapping_mul(value(r#type, row[1])) as u128;
        for name in ["mad.lo.cc", "madc.lo", "madc.lo.cc"] {
            check(&format!("{name}.{type}"), r#type, 3, |row, carry| {
                half(product(row)) + unsigned(r#type, row[2]) + carry
            });
        }
        for name in ["mad.hi.cc", "madc.hi", "madc.hi.cc"] {
            check(&format!("{name}.{type}"), r#type, 3, |row, carry| {
                half(product(row) >> bits) + unsigned(r#type, row[2]) + carry
            });
        }
    }
}

#[test]
pub(super) fn a_product_of_128_bits_is_made_of_a_chain() {
    let text = ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{
.reg .b64 %base, %a, %b, %l, %h, %m, %n; .reg .b32 %t<2>; .reg .pred %q;
ld.param.u64 %base, [p]; mov.u32 %t0, %tid.x; mad.wide.u32 %base, %t0, 48, %base;
ld.global.u64 %a, [%base]; ld.global.u64 %b, [%base+8]; ld.global.u64 %l, [%base+16]; ld.global.u64 %h, [%base+24];
mul.lo.u64 %m, %a, %b; mul.hi.u64 %n, %a, %b;
add.cc.u64 %l, %l, %m; setp.ne.u64 %q, %a, 0; @%q bra ON; mov.u64 %m, 1;
ON: addc.u64 %h, %h, %n;
st.global.u64 [%base+32], %l; st.global.u64 [%base+40], %h; ret;\n}\n";
    for engine in engines() {
        let list = values("u64", 3);
        let mut data = Vec::new();
        for (index, a) in list.iter().cycle().take(64).enumerate() {
            let at = |step: usize| list[(index * step + step) % list.len()];
            data.extend([*a, at(3), at(5), at(7), 0, 0]);
        }
        launch(&compile(text, engine), 1, 64, &mut data);
        for row in data.chunks(6) {
            let sum = u128::from(row[3]) << 64 | u128::from(row[2]);
            let expected = sum.wrapping_add(u128::from(row[0]) * u128::from(row[1]));
            let expected = [expected as u64, (expected >> 64) as u64];
            differences::note_words("add.cc.u64, addc.u64", &row[..4], &row[4..], &expected, engine);
        }
    }
}
