//! `mma.m8n8k4` of f16: four products at once, each of them of eight lanes.

use super::differences;
use super::harness::{Random, case, compile, engines, launch_in_turns};
use super::matrix::kernel;
use super::products::{Matrix, Type, matrix};

const HALF: Type = Type("f16");
const LAYOUTS: [&str; 2] = ["row", "col"];

/// The product whose lanes include this one, and whether it is one of the upper four.
fn quad(lane: usize) -> (usize, usize) {
    (lane % 16 / 4, lane / 16)
}

/// Row and column of the `i`-th element of a lane in a. Of b, they are column and row, with the layouts changed.
fn a_place(layout: &str, lane: usize, i: usize) -> (usize, usize) {
    let (_, upper) = quad(lane);
    if layout == "row" { (lane % 4 + 4 * upper, i) } else { (i + 4 * upper, lane % 4) }
}

fn b_place(layout: &str, lane: usize, i: usize) -> (usize, usize) {
    let (column, row) = a_place(if layout == "col" { "row" } else { "col" }, lane, i);
    (row, column)
}

fn sum_place(r#type: Type, lane: usize, i: usize) -> (usize, usize) {
    let (_, upper) = quad(lane);
    match r#type.bits() {
        16 => (lane % 4 + 4 * upper, i),
        _ => ((lane & 1) + (i & 2) + 4 * upper, (i & 4) + (lane & 2) + (i & 1)),
    }
}

fn check(opcode: &str, layouts: [&str; 2], d: Type, c: Type) {
    if !case(opcode) {
        return;
    }
    let mut random = Random(4);
    let mut small = |limit: u64| (random.next() >> 40) as i64 % (2 * limit as i64 + 1) - limit as i64;
    let mut numbers = |rows: usize, columns: usize, limit: u64| -> Vec<Vec<i64>> {
        (0..rows).map(|_| (0..columns).map(|_| small(limit)).collect()).collect()
    };
    let factors: Vec<_> = (0..4).map(|_| (numbers(8, 4, 9), numbers(4, 8, 9), numbers(8, 8, 500))).collect();
    let bits = |of: Type, numbers: &[Vec<i64>]| -> Matrix {
        matrix(numbers.len(), numbers[0].len(), |row, column| of.number(numbers[row][column]))
    };
    let pack = |elements: Vec<u64>, of: Type| -> Vec<u32> {
        let word = |part: &[u64]| part.iter().rev().fold(0u64, |word, element| word << of.bits() | element) as u32;
        elements.chunks(32 / of.bits()).map(word).collect()
    };
    let (mut before, mut expected) = (Vec::new(), Vec::new());
    for lane in 0..32 {
        let (a, b, addend) = &factors[quad(lane).0];
        let at = |matrix: &Matrix, (row, column): (usize, usize)| matrix[row][column];
        let (of_a, of_b, of_c) = (bits(HALF, a), bits(HALF, b), bits(c, addend));
        before.extend(pack((0..4).map(|i| at(&of_a, a_place(layouts[0], lane, i))).collect(), HALF));
        before.extend(pack((0..4).map(|i| at(&of_b, b_place(layouts[1], lane, i))).collect(), HALF));
        before.extend(pack((0..8).map(|i| at(&of_c, sum_place(c, lane, i))).collect(), c));
        // Room for d, where it takes more than c does.
        before.resize((lane + 1) * 12, 0);
        let sum = |(row, column): (usize, usize)| {
            d.number((0..4).map(|k| a[row][k] * b[k][column]).sum::<i64>() + addend[row][column])
        };
        expected.push(pack((0..8).map(|i| sum(sum_place(d, lane, i))).collect(), d));
    }
    let text = kernel(opcode, [8 * d.bits() / 32, 2, 2, 8 * c.bits() / 32]);
    let stride = 4 * (4 + 8 * c.bits() / 32);
    let text = text.replace(&format!(", {stride}, %rd1"), ", 48, %rd1");
    for engine in engines() {
        let mut data = before.clone();
        launch_in_turns(&compile(&text, engine), 1, 32, &mut data);
        for (lane, (got, expected)) in data.chunks(12).zip(&expected).enumerate() {
            let what = format!("{opcode} lane {lane}");
            differences::note_words(&what, &[], &got[..expected.len()], expected, engine);
        }
    }
}

#[test]
pub(super) fn four_products_are_apart_in_every_layout() {
    for a in LAYOUTS {
        for b in LAYOUTS {
            for (d, c) in [("f16", "f16"), ("f32", "f32"), ("f32", "f16")] {
                let opcode = format!("mma.sync.aligned.m8n8k4.{a}.{b}.{d}.f16.f16.{c}");
                check(&opcode, [a, b], Type(d), Type(c));
            }
        }
    }
}
