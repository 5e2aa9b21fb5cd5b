//! Products of a sparse matrix: half of each row of a is stored, and metadata say which half.

use super::harness::{Random, compile_error};
use super::products::{Matrix, Operands, Product, Sparsity, Type, matrix};

/// Depths, and how many values the selector has at each; factors, and sums, as the reference lists them.
const HALVES: [(usize, usize); 2] = [(16, 4), (32, 2)];
const WORDS: [(usize, usize); 2] = [(8, 4), (16, 2)];
const BYTES: [(usize, usize); 2] = [(32, 2), (64, 1)];
const NIBBLES: [(usize, usize); 2] = [(64, 2), (128, 1)];

/// Indices of two of four in ascending order, and all that name two different ones.
const ORDERED: [u8; 6] = [0b0100, 0b1000, 0b1100, 0b1001, 0b1101, 0b1110];
const DIFFERENT: [u8; 12] =
    [0b0100, 0b1000, 0b1100, 0b1001, 0b1101, 0b1110, 0b0001, 0b0010, 0b0011, 0b0110, 0b0111, 0b1011];
/// Those that a chunk of two words may have.
const OF_WORDS: [u8; 2] = [0b0100, 0b1110];

fn product(variant: &str, depth: usize, [sum, a, b]: [&'static str; 3], cut: &str) -> Product {
    let opcode = format!("mma.{variant}.sync.aligned.m16n8k{depth}.row.col{cut}.{sum}.{a}.{b}.{sum}");
    let is_cut = !cut.is_empty();
    Product { opcode, rows: 16, depth, a: Type(a), b: Type(b), sum: Type(sum), mode: "rn", is_cut }
}

/// Every form of a variant, with the number of its selectors.
fn forms(variant: &str) -> Vec<(Product, usize)> {
    let mut all = Vec::new();
    let mut add = |shapes: &[(usize, usize)], types: [&'static str; 3], cut: &str| {
        all.extend(shapes.iter().map(|(depth, selectors)| (product(variant, *depth, types, cut), *selectors)));
    };
    for types in [["f32", "f16", "f16"], ["f16", "f16", "f16"], ["f32", "bf16", "bf16"]] {
        add(&HALVES, types, "");
    }
    add(&WORDS, ["f32", "tf32", "tf32"], "");
    for (a, b) in [("e4m3", "e4m3"), ("e4m3", "e5m2"), ("e5m2", "e4m3"), ("e5m2", "e5m2")] {
        add(&BYTES[1..], ["f32", a, b], "");
    }
    for (shapes, signed, unsigned) in [(&BYTES, "s8", "u8"), (&NIBBLES, "s4", "u4")] {
        for (a, b) in [(signed, signed), (signed, unsigned), (unsigned, signed), (unsigned, unsigned)] {
            add(shapes, ["s32", a, b], "");
            add(shapes, ["s32", a, b], ".satfinite");
        }
    }
    all
}

/// Metadata that go through `patterns`, each of which comes in each chunk of some row.
fn metadata(product: &Product, patterns: &[u8], from: usize) -> Vec<Vec<u8>> {
    let per_chunk = match product.a.bits() {
        32 => 2,
        4 => 8,
        _ => 4,
    };
    let of = |row: usize, chunk: usize| patterns[(from + row + 5 * chunk) % patterns.len()];
    (0..16).map(|row| (0..product.depth / per_chunk).map(|chunk| of(row, chunk)).collect()).collect()
}

fn elements(product: &Product, of: Type, rows: usize, columns: usize, random: &mut Random) -> Matrix {
    matrix(rows, columns, |_, _| {
        let bits = random.next() >> 33;
        match product.sum.0 {
            // All of them.
            "s32" => bits & ((1 << of.bits()) - 1),
            _ => of.number(bits as i64 % 9 - 4),
        }
    })
}

fn check(product: &Product, selectors: usize, patterns: &[u8]) {
    let mut random = Random(3);
    for selector in 0..selectors {
        let all: Vec<Operands> = (0..patterns.len())
            .map(|from| Operands {
                a: elements(product, product.a, 16, product.depth / 2, &mut random),
                b: elements(product, product.b, product.depth, 8, &mut random),
                // Near the ends, where sums are cut or wrap.
                c: matrix(16, 8, |row, column| match (product.sum.0, (row + column) % 3) {
                    ("s32", 0) => (i32::MAX - column as i32) as u64 & 0xffff_ffff,
                    ("s32", 1) => u64::from((i32::MIN + row as i32) as u32),
                    _ => product.sum.number((row * 8 + column) as i64 - 50),
                }),
                sparsity: Some(Sparsity { metadata: metadata(product, patterns, from), selector }),
            })
            .collect();
        product.check(&all);
    }
}

#[test]
pub(super) fn stored_elements_meet_the_rows_that_metadata_name() {
    for (product, selectors) in forms("sp::ordered_metadata") {
        check(&product, selectors, if product.a.bits() == 32 { &OF_WORDS } else { &ORDERED });
    }
    for (product, selectors) in forms("sp") {
        check(&product, selectors, if product.a.bits() == 32 { &OF_WORDS } else { &DIFFERENT });
    }
}

/// The reference leaves open what these do: here, each element belongs where its own index says.
#[test]
fn each_index_is_taken_by_itself() {
    let all: Vec<u8> = (0..16).collect();
    for (product, selectors) in forms("sp") {
        check(&product, selectors.min(1), &all);
    }
}

#[test]
fn what_is_not_stored_is_not_multiplied() {
    // b has a NaN in every row that no index names.
    let product = product("sp", 32, ["f32", "f16", "f16"], "");
    let number = |value: i64| product.a.number(value);
    let operands = Operands {
        a: matrix(16, 16, |row, column| number((row + column) as i64 % 7)),
        b: matrix(32, 8, |row, column| if row % 4 < 2 { 0x7e00 } else { number(column as i64) }),
        c: matrix(16, 8, |_, _| 0),
        sparsity: Some(Sparsity { metadata: metadata(&product, &[0b1110], 0), selector: 1 }),
    };
    product.check(&[operands]);
}

#[test]
fn a_false_predicate_leaves_the_sums() {
    let (product, _) = &forms("sp")[0];
    let mut random = Random(9);
    product.check_guard(&Operands {
        a: elements(product, product.a, 16, product.depth / 2, &mut random),
        b: elements(product, product.b, product.depth, 8, &mut random),
        c: matrix(16, 8, |_, _| 0),
        sparsity: Some(Sparsity { metadata: metadata(product, &ORDERED, 0), selector: 3 }),
    });
}

#[test]
fn a_selector_that_there_is_not_is_refused() {
    for (product, selectors) in forms("sp::ordered_metadata") {
        let text = product.kernel(Some(selectors), "");
        let error = compile_error(&text);
        assert!(error.contains(&format!("selector that is not below {selectors}")), "{}: {error}", product.opcode);
        let error = compile_error(&text.replace(&format!("%meta, {selectors};"), "%meta, %meta;"));
        assert!(error.contains("selector that is no constant"), "{}: {error}", product.opcode);
    }
}
