//! Products of matrices of f64, in every direction of rounding.

use super::harness::Random;
use super::products::{Operands, Product, Type, matrix};

const SHAPES: [(usize, usize); 4] = [(8, 4), (16, 4), (16, 8), (16, 16)];
/// What the opcode says, and what that is.
const ROUNDINGS: [(&str, &str); 5] = [("", "rn"), (".rn", "rn"), (".rz", "rz"), (".rm", "rm"), (".rp", "rp")];

fn products() -> Vec<Product> {
    let mut all = Vec::new();
    for (rows, depth) in SHAPES {
        for (word, mode) in ROUNDINGS {
            // The assembler takes the rounding at either place.
            for (before, behind) in [(word, ""), ("", word)] {
                let opcode = format!("mma.sync.aligned.m{rows}n8k{depth}.row.col{before}.f64.f64.f64.f64{behind}");
                let double = Type("f64");
                all.push(Product { opcode, rows, depth, a: double, b: double, sum: double, mode, is_cut: false });
            }
        }
    }
    all
}

#[test]
pub(super) fn integers_are_multiplied_exactly() {
    for product in products() {
        let mut random = Random(product.depth as u64);
        let mut small = || ((random.next() >> 40) as i64 % 2001 - 1000) as f64;
        let operands = Operands {
            a: matrix(product.rows, product.depth, |_, _| small().to_bits()),
            b: matrix(product.depth, 8, |_, _| small().to_bits()),
            c: matrix(product.rows, 8, |_, _| small().to_bits()),
            sparsity: None,
        };
        product.check(&[operands]);
    }
}

#[test]
pub(super) fn a_product_and_its_sum_are_rounded_once_in_the_direction() {
    // One product for each sum, of numbers with digits everywhere; so no order of sums matters.
    let values = [1.0 / 3.0, -0.1, 1e300, -1e-300, 1e-310, 3.0, -0.0, f64::INFINITY];
    let addends = [0.0, -0.0, 1e16, -1.0 / 30.0, 1e-320, f64::MAX, f64::NEG_INFINITY, -0.1];
    for product in products() {
        let all: Vec<Operands> = (0..product.depth)
            .map(|at| Operands {
                a: matrix(product.rows, product.depth, |row, column| {
                    if column == at { values[(row + at) % 8] } else { 0.0 }.to_bits()
                }),
                b: matrix(product.depth, 8, |row, column| if row == at { values[column] } else { 0.0 }.to_bits()),
                c: matrix(product.rows, 8, |row, column| addends[(row + column + at) % 8].to_bits()),
                sparsity: None,
            })
            .map(without_nan)
            .collect();
        product.check(&all);
    }
}

/// PTX leaves open which NaN there is; so an infinity meets no zero, and no infinity of the other sign.
fn without_nan(mut operands: Operands) -> Operands {
    let finite = |bits: &mut u64| {
        if f64::from_bits(*bits).is_infinite() {
            *bits = f64::MAX.to_bits();
        }
    };
    operands.a.iter_mut().flatten().for_each(finite);
    operands.b.iter_mut().flatten().for_each(finite);
    operands
}

#[test]
pub(super) fn a_sum_that_is_zero_has_the_sign_of_its_direction() {
    for product in products() {
        let operands = Operands {
            a: matrix(product.rows, product.depth, |row, _| (row as f64 + 1.0).to_bits()),
            b: matrix(product.depth, 8, |row, _| if row == 0 { 1.0f64 } else { 0.0 }.to_bits()),
            c: matrix(product.rows, 8, |row, _| (-1.0 - row as f64).to_bits()),
            sparsity: None,
        };
        product.check(&[operands]);
    }
}
