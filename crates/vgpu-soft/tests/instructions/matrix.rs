//! Matrix products: fragments are filled by the tables of the PTX manual, and compared with a plain product.

use super::differences;
use super::harness::{Random, case, compile, engines, launch};

/// Row and column of the `index`-th element of a lane.
type Place = fn(usize, usize) -> (usize, usize);

struct Product {
    opcode: &'static str,
    element_bits: u32,
    sum_bits: u32,
    depth: usize,
    rows: usize,
    /// Registers of d, a, b.
    registers: [usize; 3],
    a: Place,
    b: Place,
    c: Place,
    encode: fn(i64) -> u32,
    encode_sum: fn(i64) -> u32,
}

fn words(lane: usize) -> (usize, usize) {
    (lane / 4, lane % 4)
}

fn sums(lane: usize, index: usize) -> (usize, usize) {
    let (g, t) = words(lane);
    (g + index / 2 * 8, 2 * t + index % 2)
}

fn half(value: i64) -> u32 {
    half::f16::from_f64(value as f64).to_bits().into()
}

fn single(value: i64) -> u32 {
    (value as f32).to_bits()
}

const PRODUCTS: [Product; 10] = [
    Product {
        opcode: "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32",
        element_bits: 16,
        sum_bits: 32,
        depth: 8,
        rows: 16,
        registers: [4, 2, 1],
        a: |lane, i| (lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2),
        b: |lane, i| (lane % 4 * 2 + i, lane / 4),
        c: sums,
        encode: half,
        encode_sum: single,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16",
        element_bits: 16,
        sum_bits: 16,
        depth: 8,
        rows: 16,
        registers: [2, 2, 1],
        a: |lane, i| (lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2),
        b: |lane, i| (lane % 4 * 2 + i, lane / 4),
        c: sums,
        encode: half,
        encode_sum: half,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32",
        element_bits: 16,
        sum_bits: 32,
        depth: 16,
        rows: 16,
        registers: [4, 4, 2],
        a: |lane, i| (lane / 4 + i / 2 % 2 * 8, lane % 4 * 2 + i % 2 + i / 4 * 8),
        b: |lane, i| (lane % 4 * 2 + i % 2 + i / 2 * 8, lane / 4),
        c: sums,
        encode: half,
        encode_sum: single,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16",
        element_bits: 16,
        sum_bits: 16,
        depth: 16,
        rows: 16,
        registers: [2, 4, 2],
        a: |lane, i| (lane / 4 + i / 2 % 2 * 8, lane % 4 * 2 + i % 2 + i / 4 * 8),
        b: |lane, i| (lane % 4 * 2 + i % 2 + i / 2 * 8, lane / 4),
        c: sums,
        encode: half,
        encode_sum: half,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
        element_bits: 16,
        sum_bits: 32,
        depth: 16,
        rows: 16,
        registers: [4, 4, 2],
        a: |lane, i| (lane / 4 + i / 2 % 2 * 8, lane % 4 * 2 + i % 2 + i / 4 * 8),
        b: |lane, i| (lane % 4 * 2 + i % 2 + i / 2 * 8, lane / 4),
        c: sums,
        encode: |v| (v as f32).to_bits() >> 16,
        encode_sum: single,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
        element_bits: 32,
        sum_bits: 32,
        depth: 8,
        rows: 16,
        registers: [4, 4, 2],
        a: |lane, i| (lane / 4 + i % 2 * 8, lane % 4 + i / 2 * 4),
        b: |lane, i| (lane % 4 + i * 4, lane / 4),
        c: sums,
        encode: single,
        encode_sum: single,
    },
    Product {
        opcode: "mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32",
        element_bits: 8,
        sum_bits: 32,
        depth: 16,
        rows: 8,
        registers: [2, 1, 1],
        a: |lane, i| (lane / 4, lane % 4 * 4 + i),
        b: |lane, i| (lane % 4 * 4 + i, lane / 4),
        c: sums,
        encode: |v| v as u8 as u32,
        encode_sum: |v| v as u32,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32",
        element_bits: 8,
        sum_bits: 32,
        depth: 16,
        rows: 16,
        registers: [4, 2, 1],
        a: |lane, i| (lane / 4 + i / 4 * 8, lane % 4 * 4 + i % 4),
        b: |lane, i| (lane % 4 * 4 + i, lane / 4),
        c: sums,
        encode: |v| v as u8 as u32,
        encode_sum: |v| v as u32,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32",
        element_bits: 8,
        sum_bits: 32,
        depth: 32,
        rows: 16,
        registers: [4, 4, 2],
        a: |lane, i| (lane / 4 + i / 4 % 2 * 8, lane % 4 * 4 + i % 4 + i / 8 * 16),
        b: |lane, i| (lane % 4 * 4 + i % 4 + i / 4 * 16, lane / 4),
        c: sums,
        encode: |v| v as u8 as u32,
        encode_sum: |v| v as u32,
    },
    Product {
        opcode: "mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32",
        element_bits: 8,
        sum_bits: 32,
        depth: 32,
        rows: 16,
        registers: [4, 4, 2],
        a: |lane, i| (lane / 4 + i / 4 % 2 * 8, lane % 4 * 4 + i % 4 + i / 8 * 16),
        b: |lane, i| (lane % 4 * 4 + i % 4 + i / 4 * 16, lane / 4),
        c: sums,
        encode: |v| v as u8 as u32,
        encode_sum: |v| v as u32,
    },
];

/// A kernel that loads the registers of a, b and c of a lane, and stores those of d over them.
pub(super) fn kernel(opcode: &str, registers: [usize; 4]) -> String {
    let total: usize = registers.iter().sum();
    let mut body = String::new();
    let mut lists = Vec::new();
    let mut next = 0;
    for count in registers {
        let names: Vec<String> = (next..next + count).map(|register| format!("%r{register}")).collect();
        for (offset, name) in names.iter().enumerate().filter(|_| next >= registers[0]) {
            body += &format!("ld.global.b32 {name}, [%rd1+{}];\n", 4 * (next - registers[0] + offset));
        }
        lists.push(format!("{{{}}}", names.join(", ")));
        next += count;
    }
    body += &format!("{opcode} {};\n", lists.join(", "));
    for register in 0..registers[0] {
        body += &format!("st.global.b32 [%rd1+{}], %r{register};\n", 4 * register);
    }
    format!(
        ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{\n.reg .b32 %r<{}>; .reg .b64 %rd<4>;
ld.param.u64 %rd1, [p]; mov.u32 %r{total}, %tid.x; mad.wide.u32 %rd1, %r{total}, {}, %rd1;\n{body}ret;\n}}\n",
        total + 1,
        4 * (total - registers[0]),
    )
}

#[test]
pub(super) fn fragments_multiply_as_the_matrices_they_hold() {
    for product in &PRODUCTS {
        if !case(product.opcode) {
            continue;
        }
        let [d, a, b] = product.registers;
        let stride = a + b + d;
        let text = kernel(product.opcode, [d, a, b, d]);
        let is_unsigned = product.opcode.contains("u8");
        let mut random = Random(5);
        let mut small = |limit: i64| {
            if is_unsigned {
                (random.next() >> 40) as i64 % 256
            } else {
                (random.next() >> 40) as i64 % (2 * limit + 1) - limit
            }
        };
        let limit = if product.element_bits == 8 { 127 } else { 3 };
        let a_matrix: Vec<Vec<i64>> =
            (0..product.rows).map(|_| (0..product.depth).map(|_| small(limit)).collect()).collect();
        let b_matrix: Vec<Vec<i64>> = (0..product.depth).map(|_| (0..8).map(|_| small(limit)).collect()).collect();
        let c_matrix: Vec<Vec<i64>> = (0..product.rows).map(|_| (0..8).map(|_| small(100)).collect()).collect();
        let mut data = vec![0u32; 32 * stride];
        for (lane, registers) in data.chunks_mut(stride).enumerate() {
            let mut fill =
                |first: usize, count: usize, bits: u32, encode: fn(i64) -> u32, value: &dyn Fn(usize) -> i64| {
                    let packed = (32 / bits) as usize;
                    for index in 0..count * packed {
                        registers[first + index / packed] |= encode(value(index)) << (bits * (index % packed) as u32);
                    }
                };
            let at = |matrix: &[Vec<i64>], (row, column): (usize, usize)| matrix[row][column];
            fill(0, a, product.element_bits, product.encode, &|i| at(&a_matrix, (product.a)(lane, i)));
            fill(a, b, product.element_bits, product.encode, &|i| at(&b_matrix, (product.b)(lane, i)));
            fill(a + b, d, product.sum_bits, product.encode_sum, &|i| at(&c_matrix, (product.c)(lane, i)));
        }
        for engine in engines() {
            let mut data = data.clone();
            launch(&compile(&text, engine), 1, 32, &mut data);
            for (lane, registers) in data.chunks(stride).enumerate() {
                let packed = (32 / product.sum_bits) as usize;
                for index in 0..d * packed {
                    let (row, column) = (product.c)(lane, index);
                    let sum: i64 = (0..product.depth).map(|k| a_matrix[row][k] * b_matrix[k][column]).sum();
                    let expected = (product.encode_sum)(sum + c_matrix[row][column]);
                    let got = registers[index / packed] >> (product.sum_bits * (index % packed) as u32);
                    let got = if packed == 2 { got & 0xffff } else { got };
                    let what = format!("{} row {row} column {column}", product.opcode);
                    differences::note_words(&what, &[], &[got], &[expected], engine);
                }
            }
        }
    }
}

#[test]
pub(super) fn a_transposed_matrix_has_rows_for_columns() {
    const OPCODE: &str = "movmatrix.sync.aligned.m8n8.trans.b16";
    if !case(OPCODE) {
        return;
    }
    let text = kernel(OPCODE, [1, 1, 0, 0]).replace(", {}", "").replace(['{', '}'], "");
    let text = text.replacen("(.param .u64 p)\n", "(.param .u64 p)\n{", 1) + "}";
    let element = |row: usize, column: usize| (row * 8 + column) as u32;
    for engine in engines() {
        let mut data: Vec<u32> =
            (0..32).map(|lane| element(lane / 4, lane % 4 * 2) | element(lane / 4, lane % 4 * 2 + 1) << 16).collect();
        launch(&compile(&text, engine), 1, 32, &mut data);
        let expected: Vec<u32> =
            (0..32).map(|lane| element(lane % 4 * 2, lane / 4) | element(lane % 4 * 2 + 1, lane / 4) << 16).collect();
        differences::note_words(OPCODE, &[], &data, &expected, engine);
    }
}
