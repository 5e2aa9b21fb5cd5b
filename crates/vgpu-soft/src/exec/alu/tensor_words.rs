//! Products whose factors are known only when they run: those of eight-bit floats, and those of a sparse matrix of any type.
//!
//! Registers are words of neighbours along the depth, which lie as in [`super::tensor`]; of a sparse factor they are the elements
//! that are stored. Both factors are unpacked to numbers first.

use std::marker::PhantomData;

use super::super::op::Op;
use super::super::warp::Warp;
use super::factor::{Factor, Float, Integer, Sum};
use super::lanes::{Body, Level};
use super::sparsity::Metadata;
use super::tensor::{operand, read_sums, word_rows, write_sums};
use super::tensor_integer::{read_c, write_d};

const ROWS: usize = 16;
/// Words along the longest row of a.
const A_WORDS: usize = 8;
/// Words along the longest column of b, of which a sparse a stores half.
const B_WORDS: usize = 2 * A_WORDS;
/// Elements in a word, at most.
const PER_WORD: usize = 8;

/// What `Op::imm` says of a product.
#[derive(Clone, Copy)]
pub(super) struct Variant<F> {
    pub(super) a: F,
    pub(super) b: F,
    /// Words along a row of a, as it is stored: 4 or 8.
    pub(super) words: usize,
    pub(super) is_sparse: bool,
    pub(super) is_saturating: bool,
}

impl<F: Factor> Variant<F> {
    /// Words along a column of b.
    #[inline(always)]
    fn b_words(&self) -> usize {
        if self.is_sparse { 2 * self.words } else { self.words }
    }

    /// How many registers of a lane d, a, b and c have. Metadata and selector are counted with c.
    pub(super) fn registers<S: Sums>(&self) -> [usize; 4] {
        let behind_c = if self.is_sparse { 2 } else { 0 };
        [S::REGISTERS, self.words / 2, self.b_words() / 4, S::REGISTERS + behind_c]
    }

    pub(super) fn to_imm(self) -> i64 {
        let code = |factor: F| F::ALL.iter().position(|other| *other == factor).expect("ALL has every type") as i64;
        let flags = i64::from(self.is_sparse) | i64::from(self.is_saturating) << 1;
        (self.words as i64) << 24 | flags << 16 | code(self.a) << 8 | code(self.b)
    }

    #[inline(always)]
    fn from_imm(imm: i64) -> Self {
        let byte = |shift: u32| (imm >> shift) as usize & 0xff;
        let flags = byte(16);
        Self {
            a: F::ALL[byte(8)],
            b: F::ALL[byte(0)],
            words: byte(24),
            is_sparse: flags & 1 != 0,
            is_saturating: flags & 2 != 0,
        }
    }
}

/// How sums lie in registers.
pub(super) trait Sums {
    type Factor: Factor<Number = Self::Number>;
    type Number: Sum;
    /// Those of a lane.
    const REGISTERS: usize;
    /// Reads c, from registers `first` and on.
    ///
    /// # Safety
    /// As [`operand`].
    unsafe fn read<L: Level>(warp: &Warp, op: &Op, first: usize) -> [[Self::Number; 8]; ROWS];
    /// What the first product is added to.
    fn start(c: &[[Self::Number; 8]; ROWS]) -> [[Self::Number; 8]; ROWS];
    /// Writes d.
    ///
    /// # Safety
    /// As [`operand`].
    unsafe fn write<L: Level>(
        warp: &mut Warp,
        op: &Op,
        mask: u32,
        sums: [[Self::Number; 8]; ROWS],
        c: &[[Self::Number; 8]; ROWS],
        is_saturating: bool,
    );
}

/// f32, or with `PACKED` pairs of f16.
pub(super) struct Floats<const PACKED: bool>;

impl<const PACKED: bool> Sums for Floats<PACKED> {
    type Factor = Float;
    type Number = f32;
    const REGISTERS: usize = if PACKED { 2 } else { 4 };

    #[inline(always)]
    unsafe fn read<L: Level>(warp: &Warp, op: &Op, first: usize) -> [[f32; 8]; ROWS] {
        // SAFETY: as the caller.
        unsafe { read_sums::<L, ROWS, PACKED>(warp, op, first) }
    }

    #[inline(always)]
    fn start(c: &[[f32; 8]; ROWS]) -> [[f32; 8]; ROWS] {
        *c
    }

    #[inline(always)]
    unsafe fn write<L: Level>(
        warp: &mut Warp,
        op: &Op,
        mask: u32,
        sums: [[f32; 8]; ROWS],
        _c: &[[f32; 8]; ROWS],
        _is_saturating: bool,
    ) {
        // SAFETY: as the caller.
        unsafe { write_sums::<L, ROWS, PACKED>(warp, op, mask, &sums) }
    }
}

/// s32. Products alone fit, so that c comes last, and the sum is cut once.
pub(super) struct Integers;

impl Sums for Integers {
    type Factor = Integer;
    type Number = i32;
    const REGISTERS: usize = 4;

    #[inline(always)]
    unsafe fn read<L: Level>(warp: &Warp, op: &Op, first: usize) -> [[i32; 8]; ROWS] {
        // SAFETY: as the caller.
        unsafe { read_c::<L, ROWS>(warp, op, first) }
    }

    #[inline(always)]
    fn start(_c: &[[i32; 8]; ROWS]) -> [[i32; 8]; ROWS] {
        [[0; 8]; ROWS]
    }

    #[inline(always)]
    unsafe fn write<L: Level>(
        warp: &mut Warp,
        op: &Op,
        mask: u32,
        sums: [[i32; 8]; ROWS],
        c: &[[i32; 8]; ROWS],
        is_saturating: bool,
    ) {
        // SAFETY: as the caller.
        unsafe { write_d::<L, ROWS>(warp, op, mask, sums, c, is_saturating) }
    }
}

/// The product. `Op::imm` is a [`Variant`].
pub(super) struct WordProduct<S>(PhantomData<S>);

impl<S: Sums> Body for WordProduct<S> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let variant = Variant::<S::Factor>::from_imm(op.imm);
        let [d_registers, a_registers, b_registers, _] = variant.registers::<S>();
        let b_first = d_registers + a_registers;
        let c_first = b_first + b_registers;
        // SAFETY: as the caller: the form has so many registers of a.
        let a = unsafe { word_rows::<L, ROWS, A_WORDS>(warp, op, d_registers, a_registers) };
        // SAFETY: and of b, whose columns lie as rows do.
        let b_columns = unsafe { word_rows::<L, 8, B_WORDS>(warp, op, b_first, b_registers) };
        // SAFETY: c's registers come behind them.
        let c = unsafe { S::read::<L>(warp, op, c_first) };
        let metadata = variant.is_sparse.then(|| Metadata {
            // SAFETY: a sparse form has two more registers behind c.
            words: unsafe { operand::<u32>(warp, op, c_first + S::REGISTERS) },
            // SAFETY: as above. The selector is a constant, so all lanes have the same.
            selector: unsafe { operand::<u32>(warp, op, c_first + S::REGISTERS + 1) }[0] as usize,
            bits: variant.a.bits(),
            row_words: variant.words,
        });

        let mut b = [[S::Number::default(); 8]; B_WORDS * PER_WORD];
        for (column, words) in b_columns.iter().enumerate() {
            let mut numbers = [S::Number::default(); B_WORDS * PER_WORD];
            variant.b.unpack(&words[..variant.b_words()], &mut numbers);
            for (row, number) in b.iter_mut().zip(numbers) {
                row[column] = number;
            }
        }
        let stored = variant.words * 32 / variant.a.bits();
        let mut sums = S::start(&c);
        for (row, words) in a.iter().enumerate() {
            let mut numbers = [S::Number::default(); A_WORDS * PER_WORD];
            variant.a.unpack(&words[..variant.words], &mut numbers);
            let indices = metadata.as_ref().map_or(0, |metadata| metadata.row(row));
            let mut of_row = sums[row];
            for (element, number) in numbers[..stored].iter().enumerate() {
                let column = metadata.as_ref().map_or(element, |metadata| metadata.column(indices, element));
                for (sum, factor) in of_row.iter_mut().zip(&b[column]) {
                    *sum = sum.add_product(*number, *factor);
                }
            }
            sums[row] = of_row;
        }
        // SAFETY: as the caller: d's registers come first.
        unsafe { S::write::<L>(warp, op, mask, sums, &c, variant.is_saturating) }
    }
}
