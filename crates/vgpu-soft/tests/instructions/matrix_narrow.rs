//! Products of matrices whose elements are bytes, or have four bits, or one: fragments are filled by the tables of the PTX manual.

use super::differences;
use super::harness::{Random, case, compile, engines, launch};
use super::matrix::kernel;

/// A shape by the rows of a, and the registers of a and b.
const SHAPES: [(usize, usize, usize); 3] = [(8, 1, 1), (16, 2, 1), (16, 4, 2)];

/// An element as a number.
fn number(bits: u32, is_signed: bool, element: u32) -> i64 {
    let is_negative = is_signed && element >> (bits - 1) != 0;
    i64::from(element) - if is_negative { 1 << bits } else { 0 }
}

/// Checks a form of elements of so many bits. `times` is what two of them give.
fn check(opcode: &str, bits: u32, (rows, a, b): (usize, usize, usize), times: &dyn Fn(u32, u32) -> i64, is_cut: bool) {
    if !case(opcode) {
        return;
    }
    let blocks = rows / 8;
    let (d, packed) = (2 * blocks, (32 / bits) as usize);
    let depth = 4 * packed * b;
    let mut random = Random(7);
    let mut element = || (random.next() >> 33) as u32 & ((1 << bits) - 1);
    let a_matrix: Vec<Vec<u32>> = (0..rows).map(|_| (0..depth).map(|_| element()).collect()).collect();
    let b_matrix: Vec<Vec<u32>> = (0..depth).map(|_| (0..8).map(|_| element()).collect()).collect();
    // Near both ends of what a sum holds, and in between.
    let c = |row: usize, column: usize| match (row + column) % 3 {
        0 => i32::MAX - column as i32,
        1 => i32::MIN + row as i32,
        _ => (row * 8 + column) as i32 - 50,
    };
    // Of the registers of a, those of rows come first, then those along the depth; each has neighbours along it.
    let a_place = |lane: usize, i: usize| {
        let register = i / packed;
        (lane / 4 + register % blocks * 8, lane % 4 * packed + i % packed + register / blocks * 4 * packed)
    };
    let b_place = |lane: usize, i: usize| (lane % 4 * packed + i % packed + i / packed * 4 * packed, lane / 4);
    let c_place = |lane: usize, i: usize| (lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2);
    let stride = a + b + d;
    let mut data = vec![0u32; 32 * stride];
    for (lane, registers) in data.chunks_mut(stride).enumerate() {
        for i in 0..a * packed {
            let (row, column) = a_place(lane, i);
            registers[i / packed] |= a_matrix[row][column] << (bits * (i % packed) as u32);
        }
        for i in 0..b * packed {
            let (row, column) = b_place(lane, i);
            registers[a + i / packed] |= b_matrix[row][column] << (bits * (i % packed) as u32);
        }
        for i in 0..d {
            let (row, column) = c_place(lane, i);
            registers[a + b + i] = c(row, column) as u32;
        }
    }
    let text = kernel(opcode, [d, a, b, d]);
    for engine in engines() {
        let mut data = data.clone();
        launch(&compile(&text, engine), 1, 32, &mut data);
        for (lane, registers) in data.chunks(stride).enumerate() {
            for (i, got) in registers[..d].iter().enumerate() {
                let (row, column) = c_place(lane, i);
                let sum: i64 = (0..depth).map(|k| times(a_matrix[row][k], b_matrix[k][column])).sum();
                let exact = sum + i64::from(c(row, column));
                let expected = if is_cut { exact.clamp(i32::MIN.into(), i32::MAX.into()) } else { exact };
                let what = format!("{opcode} row {row} column {column}");
                differences::note_words(&what, &[], &[*got], &[expected as u32], engine);
            }
        }
    }
}

#[test]
pub(super) fn bytes_have_the_signs_of_their_types() {
    with_the_signs_of_their_types(8);
}

#[test]
pub(super) fn elements_of_four_bits_have_the_signs_of_their_types() {
    with_the_signs_of_their_types(4);
}

fn with_the_signs_of_their_types(bits: u32) {
    let (signed, unsigned) = if bits == 8 { ("s8", "u8") } else { ("s4", "u4") };
    for shape in SHAPES {
        let (rows, depth) = (shape.0, 128 / bits as usize * shape.2);
        for (a_type, b_type) in [(signed, signed), (signed, unsigned), (unsigned, signed), (unsigned, unsigned)] {
            for cut in ["", ".satfinite"] {
                let opcode = format!("mma.sync.aligned.m{rows}n8k{depth}.row.col{cut}.s32.{a_type}.{b_type}.s32");
                let times = |a: u32, b: u32| number(bits, a_type == signed, a) * number(bits, b_type == signed, b);
                check(&opcode, bits, shape, &times, !cut.is_empty());
            }
        }
    }
}

#[test]
pub(super) fn single_bits_are_counted_where_they_differ_or_are_both_set() {
    for shape in SHAPES {
        let (rows, _, b) = shape;
        let opcode =
            |operation: &str| format!("mma.sync.aligned.m{rows}n8k{}.row.col.s32.b1.b1.s32.{operation}.popc", 128 * b);
        check(&opcode("xor"), 1, shape, &|a, b| i64::from(a != b), false);
        check(&opcode("and"), 1, shape, &|a, b| i64::from(a & b), false);
    }
}
