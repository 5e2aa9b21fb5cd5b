//! Floating-point matrix products of register fragments.
//!
//! Lane 4g + t holds row g of a fragment and there the elements around column t; what exactly is PTX's table for each
//! shape. Counting a register's values over all lanes, that makes eight rows (or columns) of eight halves or four words
//! each, so fragments turn into rows by plain copies.

#![allow(clippy::needless_range_loop, reason = "a lane or column is an index into several arrays at once")]

use std::marker::PhantomData;

use super::super::op::Op;
use super::super::warp::Warp;
use super::factor::tf32;
use super::half::{HalfFormat, Ieee};
use super::lanes::{Body, LANES, Level, extended, read, rolled_lanes, write_masked};
use super::rounding::canonical;

/// The lanes' values of operand `index`.
///
/// # Safety
/// The op has more operands than `index`, of T's width.
#[inline(always)]
pub(super) unsafe fn operand<T: Copy>(warp: &Warp, op: &Op, index: usize) -> [T; LANES] {
    // SAFETY: as the caller.
    unsafe { read::<T>(warp, extended(warp, op, index)) }
}

/// # Safety
/// As [`operand`].
#[inline(always)]
pub(super) unsafe fn set_operand<T: Copy>(warp: &mut Warp, op: &Op, mask: u32, index: usize, values: [T; LANES]) {
    // SAFETY: as the caller.
    unsafe { write_masked::<T, true>(warp, extended(warp, op, index), mask, values) }
}

/// Words of a, of which registers go down the rows first, then along them. Columns of b lie as eight rows of it do.
///
/// # Safety
/// As [`operand`], for so many 32-bit operands from `first` on.
#[inline(always)]
pub(super) unsafe fn word_rows<L: Level, const ROWS: usize, const WORDS: usize>(
    warp: &Warp,
    op: &Op,
    first: usize,
    registers: usize,
) -> [[u32; WORDS]; ROWS] {
    let row_blocks = ROWS / 8;
    let mut rows = [[0u32; WORDS]; ROWS];
    for register in 0..registers {
        // SAFETY: as the caller.
        let words = unsafe { operand::<u32>(warp, op, first + register) };
        for lane in L::lanes() {
            rows[register % row_blocks * 8 + lane / 4][register / row_blocks * 4 + lane % 4] = words[lane];
        }
    }
    rows
}

/// 64 halves of a register as eight rows of eight numbers.
///
/// # Safety
/// As [`operand`], for a 32-bit operand.
#[inline(always)]
unsafe fn half_rows<K: HalfFormat, L: Level>(warp: &Warp, op: &Op, index: usize) -> [[f32; 8]; 8] {
    // SAFETY: as the caller.
    let halves = unsafe { operand::<[u16; 2]>(warp, op, index) };
    let mut rows = [[0f32; 8]; 8];
    K::decode_all::<L>(halves.as_flattened(), rows.as_flattened_mut());
    rows
}

/// The sums of 8 columns that start from registers `first` and on: f32, or pairs of f16.
///
/// # Safety
/// As [`operand`].
#[inline(always)]
pub(super) unsafe fn read_sums<L: Level, const ROWS: usize, const PACKED: bool>(
    warp: &Warp,
    op: &Op,
    first: usize,
) -> [[f32; 8]; ROWS] {
    let mut sums = [[0f32; 8]; ROWS];
    for block in 0..ROWS / 8 {
        if PACKED {
            // SAFETY: as the caller.
            let rows = unsafe { half_rows::<Ieee, L>(warp, op, first + block) };
            sums[8 * block..8 * block + 8].copy_from_slice(&rows);
            continue;
        }
        for element in 0..2 {
            // SAFETY: as the caller.
            let values = unsafe { operand::<f32>(warp, op, first + 2 * block + element) };
            for lane in 0..LANES {
                sums[8 * block + lane / 4][lane % 4 * 2 + element] = values[lane];
            }
        }
    }
    sums
}

/// # Safety
/// As [`operand`].
#[inline(always)]
pub(super) unsafe fn write_sums<L: Level, const ROWS: usize, const PACKED: bool>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
    sums: &[[f32; 8]; ROWS],
) {
    for block in 0..ROWS / 8 {
        let rows = &sums[8 * block..8 * block + 8];
        if PACKED {
            let mut halves = [[0u16; 2]; LANES];
            Ieee::encode_all::<L>(rows.as_flattened(), halves.as_flattened_mut());
            // SAFETY: as the caller.
            unsafe { set_operand(warp, op, mask, block, halves) }
            continue;
        }
        for element in 0..2 {
            let mut values = [0f32; LANES];
            for lane in 0..LANES {
                values[lane] = canonical(rows[lane / 4][lane % 4 * 2 + element]);
            }
            // SAFETY: as the caller.
            unsafe { set_operand(warp, op, mask, 2 * block + element, values) }
        }
    }
}

/// `sums += a * b`, where `b_columns` holds columns of b.
#[inline(always)]
fn accumulate<const ROWS: usize, const DEPTH: usize>(
    sums: &mut [[f32; 8]; ROWS],
    a_rows: &[[f32; DEPTH]; ROWS],
    b_columns: &[[f32; DEPTH]; 8],
) {
    let mut b = [[0f32; 8]; DEPTH];
    for (column, values) in b_columns.iter().enumerate() {
        for (row, value) in values.iter().enumerate() {
            b[row][column] = *value;
        }
    }
    for (sums, a) in sums.iter_mut().zip(a_rows) {
        let mut row = *sums;
        for (a, b) in a.iter().zip(&b) {
            for column in 0..8 {
                row[column] = a.mul_add(b[column], row[column]);
            }
        }
        *sums = row;
    }
}

/// `m16n8k8` and `m16n8k16` of halves; `PACKED` sums are pairs of f16.
pub(super) struct HalfProduct<K, const DEPTH: usize, const D_PACKED: bool, const C_PACKED: bool>(PhantomData<K>);

impl<K: HalfFormat, const DEPTH: usize, const D_PACKED: bool, const C_PACKED: bool> Body
    for HalfProduct<K, DEPTH, D_PACKED, C_PACKED>
{
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let a_first = if D_PACKED { 2 } else { 4 };
        let b_first = a_first + DEPTH / 4;
        let c_first = b_first + DEPTH / 8;
        let mut a = [[0f32; DEPTH]; 16];
        for register in 0..DEPTH / 4 {
            // Registers go down the rows first, then along them.
            let (below, beside) = (register % 2 * 8, register / 2 * 8);
            // SAFETY: as the caller: the form has DEPTH / 4 registers of a.
            let rows = unsafe { half_rows::<K, L>(warp, op, a_first + register) };
            for (row, values) in rows.iter().enumerate() {
                a[below + row][beside..beside + 8].copy_from_slice(values);
            }
        }
        let mut b = [[0f32; DEPTH]; 8];
        for register in 0..DEPTH / 8 {
            // SAFETY: as the caller: and DEPTH / 8 registers of b.
            let columns = unsafe { half_rows::<K, L>(warp, op, b_first + register) };
            for (column, values) in columns.iter().enumerate() {
                b[column][8 * register..8 * register + 8].copy_from_slice(values);
            }
        }
        // SAFETY: as the caller: c's registers come last.
        let mut sums = unsafe { read_sums::<L, 16, C_PACKED>(warp, op, c_first) };
        accumulate(&mut sums, &a, &b);
        // SAFETY: as the caller: d's registers come first.
        unsafe { write_sums::<L, 16, D_PACKED>(warp, op, mask, &sums) }
    }
}

/// `m16n8k4` and `m16n8k8` of `.tf32`: f32 of which the low 13 bits do not count.
pub(super) struct Tf32Product<const DEPTH: usize>;

impl<const DEPTH: usize> Body for Tf32Product<DEPTH> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let a_first = 4;
        let b_first = a_first + DEPTH / 2;
        let c_first = b_first + DEPTH / 4;
        let mut a = [[0f32; DEPTH]; 16];
        for register in 0..DEPTH / 2 {
            // SAFETY: as the caller: the form has DEPTH / 2 registers of a.
            let words = unsafe { operand::<u32>(warp, op, a_first + register) };
            for lane in 0..LANES {
                a[register % 2 * 8 + lane / 4][register / 2 * 4 + lane % 4] = tf32(words[lane]);
            }
        }
        let mut b = [[0f32; DEPTH]; 8];
        for register in 0..DEPTH / 4 {
            // SAFETY: as the caller: and DEPTH / 4 registers of b.
            let words = unsafe { operand::<u32>(warp, op, b_first + register) };
            for lane in 0..LANES {
                b[lane / 4][register * 4 + lane % 4] = tf32(words[lane]);
            }
        }
        // SAFETY: as the caller: c's registers come last.
        let mut sums = unsafe { read_sums::<L, 16, false>(warp, op, c_first) };
        accumulate(&mut sums, &a, &b);
        // SAFETY: as the caller: d's registers come first.
        unsafe { write_sums::<L, 16, false>(warp, op, mask, &sums) }
    }
}

/// `m8n8k4` and `m16n8k4` to `m16n8k16` of f64.
pub(super) struct F64Product<const ROWS: usize, const DEPTH: usize>;

impl<const ROWS: usize, const DEPTH: usize> Body for F64Product<ROWS, DEPTH> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let row_blocks = ROWS / 8;
        let a_first = 2 * row_blocks;
        let b_first = a_first + row_blocks * DEPTH / 4;
        let c_first = b_first + DEPTH / 4;
        let mut a = [[0f64; DEPTH]; ROWS];
        for register in 0..row_blocks * DEPTH / 4 {
            // SAFETY: as the caller: the form has so many registers of a.
            let values = unsafe { operand::<f64>(warp, op, a_first + register) };
            for lane in 0..rolled_lanes() {
                a[register % row_blocks * 8 + lane / 4][register / row_blocks * 4 + lane % 4] = values[lane];
            }
        }
        let mut b = [[0f64; 8]; DEPTH];
        for register in 0..DEPTH / 4 {
            // SAFETY: as the caller: and DEPTH / 4 registers of b.
            let values = unsafe { operand::<f64>(warp, op, b_first + register) };
            for lane in 0..rolled_lanes() {
                b[register * 4 + lane % 4][lane / 4] = values[lane];
            }
        }
        let mut sums = [[0f64; LANES]; 4];
        for (register, sums) in sums.iter_mut().enumerate().take(2 * row_blocks) {
            // SAFETY: as the caller: c's registers come last.
            *sums = unsafe { operand::<f64>(warp, op, c_first + register) };
            for lane in 0..rolled_lanes() {
                let (row, column) = (register / 2 * 8 + lane / 4, lane % 4 * 2 + register % 2);
                for depth in 0..DEPTH {
                    sums[lane] = a[row][depth].mul_add(b[depth][column], sums[lane]);
                }
            }
        }
        for (register, sums) in sums.iter().enumerate().take(2 * row_blocks) {
            // SAFETY: as the caller: d's registers come first.
            unsafe { set_operand(warp, op, mask, register, *sums) }
        }
    }
}

/// `m8n8k4` of f16: lanes 4q..4q + 4 and 4q + 16..4q + 20 hold the q-th of four products.
/// `Op::imm` is a [`quad_variant`].
pub(super) struct QuadProduct<const D_PACKED: bool, const C_PACKED: bool>;

const A_COLUMNS: i64 = 1;
const B_COLUMNS: i64 = 2;

/// Which of the factors are column by column.
pub(super) fn quad_variant(a_columns: bool, b_columns: bool) -> i64 {
    (if a_columns { A_COLUMNS } else { 0 }) | if b_columns { B_COLUMNS } else { 0 }
}

impl<const D_PACKED: bool, const C_PACKED: bool> Body for QuadProduct<D_PACKED, C_PACKED> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let (a_columns, b_columns) = (op.imm & A_COLUMNS != 0, op.imm & B_COLUMNS != 0);
        let a_first = if D_PACKED { 4 } else { 8 };
        let (b_first, c_first) = (a_first + 2, a_first + 4);
        let mut a = [[[0f32; 4]; 8]; 4];
        let mut b = [[[0f32; 8]; 4]; 4];
        for register in 0..2 {
            // SAFETY: as the caller: the form has two registers of a and two of b.
            let of_a = unsafe { operand::<[u16; 2]>(warp, op, a_first + register) };
            // SAFETY: as above.
            let of_b = unsafe { operand::<[u16; 2]>(warp, op, b_first + register) };
            for lane in 0..rolled_lanes() {
                let (quad, upper, t) = (lane % 16 / 4, lane / 16 * 4, lane % 4);
                for half in 0..2 {
                    let index = 2 * register + half;
                    let (row, depth) = if a_columns { (upper + index, t) } else { (upper + t, index) };
                    a[quad][row][depth] = Ieee::decode(of_a[lane][half]);
                    let (depth, column) = if b_columns { (index, upper + t) } else { (t, upper + index) };
                    b[quad][depth][column] = Ieee::decode(of_b[lane][half]);
                }
            }
        }
        let mut sums = [[[0f32; 8]; 8]; 4];
        for register in 0..if C_PACKED { 4 } else { 8 } {
            if C_PACKED {
                // SAFETY: as the caller: c has four registers of pairs.
                let pairs = unsafe { operand::<[u16; 2]>(warp, op, c_first + register) };
                for lane in 0..rolled_lanes() {
                    for half in 0..2 {
                        let (quad, row, column) = packed_sum(lane, 2 * register + half);
                        sums[quad][row][column] = Ieee::decode(pairs[lane][half]);
                    }
                }
            } else {
                // SAFETY: as the caller: c has eight registers.
                let values = unsafe { operand::<f32>(warp, op, c_first + register) };
                for lane in 0..rolled_lanes() {
                    let (quad, row, column) = single_sum(lane, register);
                    sums[quad][row][column] = values[lane];
                }
            }
        }
        for quad in 0..4 {
            for row in 0..8 {
                for depth in 0..4 {
                    for column in 0..8 {
                        let sum = &mut sums[quad][row][column];
                        *sum = a[quad][row][depth].mul_add(b[quad][depth][column], *sum);
                    }
                }
            }
        }
        for register in 0..if D_PACKED { 4 } else { 8 } {
            if D_PACKED {
                let mut pairs = [[0u16; 2]; LANES];
                for lane in 0..rolled_lanes() {
                    for half in 0..2 {
                        let (quad, row, column) = packed_sum(lane, 2 * register + half);
                        pairs[lane][half] = Ieee::encode(sums[quad][row][column]);
                    }
                }
                // SAFETY: as the caller: d has four registers of pairs.
                unsafe { set_operand(warp, op, mask, register, pairs) }
            } else {
                let mut values = [0f32; LANES];
                for lane in 0..rolled_lanes() {
                    let (quad, row, column) = single_sum(lane, register);
                    values[lane] = canonical(sums[quad][row][column]);
                }
                // SAFETY: as the caller: d has eight registers.
                unsafe { set_operand(warp, op, mask, register, values) }
            }
        }
    }
}

/// Product, row and column of a lane's f16 sum.
#[inline(always)]
fn packed_sum(lane: usize, index: usize) -> (usize, usize, usize) {
    (lane % 16 / 4, lane / 16 * 4 + lane % 4, index)
}

/// Product, row and column of a lane's f32 sum.
#[inline(always)]
fn single_sum(lane: usize, index: usize) -> (usize, usize, usize) {
    (lane % 16 / 4, (lane & 1) + (index & 2) + lane / 16 * 4, (index & 4) + (lane & 2) + (index & 1))
}
