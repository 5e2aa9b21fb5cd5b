//! Products of matrices of floats of 8 to 32 bits, summed in f32 or f16.

use super::harness::Random;
use super::products::{Operands, Product, Type, matrix};

/// Shapes by rows and depth, factors and sums, as the reference lists them.
const HALVES: [(usize, &str, &str); 6] = [
    (8, "f16", "f32"),
    (8, "f16", "f16"),
    (8, "bf16", "f32"),
    (16, "f16", "f32"),
    (16, "f16", "f16"),
    (16, "bf16", "f32"),
];
const BYTES: [&str; 2] = ["e4m3", "e5m2"];

fn product(depth: usize, a: &'static str, b: &'static str, sum: &'static str) -> Product {
    let opcode = format!("mma.sync.aligned.m16n8k{depth}.row.col.{sum}.{a}.{b}.{sum}");
    Product { opcode, rows: 16, depth, a: Type(a), b: Type(b), sum: Type(sum), mode: "rn", is_cut: false }
}

fn products() -> Vec<Product> {
    let mut all: Vec<Product> =
        HALVES.iter().map(|(depth, factor, sum)| product(*depth, factor, factor, sum)).collect();
    all.extend([4, 8].map(|depth| product(depth, "tf32", "tf32", "f32")));
    for depth in [16, 32] {
        for a in BYTES {
            for b in BYTES {
                all.extend(["f32", "f16"].map(|sum| product(depth, a, b, sum)));
            }
        }
    }
    all
}

/// One product for each element of d, of the elements `a` and `b`; all others are -0, and so is c: the sign of a zero shows.
fn outer(product: &Product, at: usize, a: impl Fn(usize) -> u64, b: impl Fn(usize) -> u64) -> Operands {
    let (minus, zero) = (product.b.number(0) | 1 << (product.b.bits() - 1), product.a.number(0));
    Operands {
        a: matrix(16, product.depth, |row, column| if column == at { a(row) } else { zero }),
        b: matrix(product.depth, 8, |row, column| if row == at { b(column) } else { minus }),
        c: matrix(16, 8, |_, _| 1 << (product.sum.bits() - 1)),
        sparsity: None,
    }
}

#[test]
pub(super) fn small_numbers_are_multiplied_exactly() {
    for product in products() {
        let mut random = Random(product.depth as u64);
        let mut small =
            |of: Type, limit: u64| of.number((random.next() >> 40) as i64 % (limit as i64 + 1) - limit as i64 / 2);
        let operands = [(); 3].map(|()| Operands {
            a: matrix(16, product.depth, |_, _| small(product.a, 8)),
            b: matrix(product.depth, 8, |_, _| small(product.b, 8)),
            c: matrix(16, 8, |_, _| small(product.sum, 200)),
            sparsity: None,
        });
        product.check(&operands);
    }
}

#[test]
pub(super) fn bytes_are_any_number_infinity_or_nan() {
    for a in BYTES {
        for b in BYTES {
            // Each byte of a with each of b; of each, sixteen and eight at once. The place in the row goes round.
            let product = product(32, a, b, "f32");
            let all: Vec<Operands> = (0..512)
                .map(|case| {
                    let (of_a, of_b) = (case / 32 * 16, case % 32 * 8);
                    outer(&product, case % 32, |row| (of_a + row) as u64, |column| (of_b + column) as u64)
                })
                .collect();
            product.check(&all);
        }
    }
}

#[test]
pub(super) fn what_is_no_number_or_too_large_shows_in_its_sums_only() {
    // Zeros, one, a power of two that is large in every type, and what is not finite; the types' bits of them.
    let specials = |of: Type| -> Vec<u64> {
        match of.0 {
            "e4m3" => vec![0, 0x80, 0x38, 0xb8, 0x78, 0xf8, 0x7f, 0xff],
            "e5m2" => vec![0, 0x80, 0x3c, 0xbc, 0x78, 0xf8, 0x7c, 0xfe],
            "f16" => vec![0, 0x8000, 0x3c00, 0xbc00, 0x7800, 0x7c00, 0xfc00, 0x7e01],
            "bf16" => vec![0, 0x8000, 0x3f80, 0xbf80, 0x5f80, 0x7f80, 0xff80, 0x7fc1],
            // The last is a NaN by bits that do not count only: an infinity.
            _ => vec![0, 0x8000_0000, 0x3f80_1fff, 0xbf80_0001, 0x5f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001],
        }
    };
    for product in products() {
        let (of_a, of_b) = (specials(product.a), specials(product.b));
        let all: Vec<Operands> = (0..product.depth)
            .map(|at| outer(&product, at, |row| of_a[(row + at) % 8], |column| of_b[column]))
            .collect();
        product.check(&all);
        // The sum has what c is, too.
        let (infinity, nan) = if product.sum.bits() == 32 { (0xff80_0000, 0x7fc0_0001) } else { (0xfc00, 0x7e01) };
        let with_c =
            Operands { c: matrix(16, 8, |row, _| if row % 2 == 0 { infinity } else { nan }), ..all[0].clone() };
        product.check(&[with_c]);
    }
}

#[test]
pub(super) fn sums_in_f16_are_rounded_once() {
    // 2048 + 1 + 1 is 2050 where it is rounded at the end, and 2048 where after each product. 65504 + 16 is infinite; less is not.
    for a in BYTES {
        let product = product(32, a, a, "f16");
        let of = |value: i64| product.a.number(value);
        let ones = |count: usize| matrix(16, 32, |_, column| of(i64::from(column < count)));
        let sum = |bits: u64| matrix(16, 8, |_, _| bits);
        let b = matrix(32, 8, |_, _| of(1));
        let all = [(2, 0x6800), (16, 0x7bff), (15, 0x7bff)].map(|(count, c)| Operands {
            a: ones(count),
            b: b.clone(),
            c: sum(c),
            sparsity: None,
        });
        product.check(&all);
    }
}

#[test]
fn a_false_predicate_leaves_the_sums() {
    let product = product(32, "e4m3", "e5m2", "f16");
    product.check_guard(&outer(&product, 0, |_| 0x38, |_| 0x3c));
}
