//! The model of matrix products: which element a lane's register holds by the tables of the PTX manual, and exact sums.
//!
//! An element is its bits. Values are such that sums are exact in whatever order they are added, unless a test says otherwise.

use super::differences;
use super::exact::{BF16, Exact, F16, F32, F64, Format};
use super::harness::{case, compile, engines, launch_in_turns};

/// A matrix, by rows.
pub(crate) type Matrix = Vec<Vec<u64>>;

/// The type of elements, by its name.
#[derive(Clone, Copy)]
pub(crate) struct Type(pub(crate) &'static str);

impl Type {
    pub(crate) fn bits(self) -> usize {
        match self.0 {
            "f64" => 64,
            "f32" | "tf32" | "s32" => 32,
            "f16" | "bf16" => 16,
            "s4" | "u4" => 4,
            _ => 8,
        }
    }

    fn format(self) -> Option<Format> {
        Some(match self.0 {
            "f64" => F64,
            "f32" | "tf32" => F32,
            "f16" => F16,
            "bf16" => BF16,
            "e5m2" => Format { exponent: 5, mantissa: 2 },
            "e4m3" => Format { exponent: 4, mantissa: 3 },
            _ => return None,
        })
    }

    pub(crate) fn decode(self, element: u64) -> Exact {
        let Some(format) = self.format() else {
            let is_negative = self.0.starts_with('s') && element >> (self.bits() - 1) != 0;
            return Exact::integer(i128::from(element) - if is_negative { 1 << self.bits() } else { 0 });
        };
        match self.0 {
            // The low 13 bits do not count.
            "tf32" => format.decode(element & 0xffff_e000),
            // No infinities: the topmost exponent has numbers, but for one.
            "e4m3" if element & 0x7f == 0x7f => Exact::Nan,
            "e4m3" if element & 0x78 == 0x78 => {
                Exact::Finite { negative: element & 0x80 != 0, mantissa: 8 | u128::from(element & 7), exponent: 5 }
            }
            _ => format.decode(element),
        }
    }

    /// A sum in a rounding; of integers beyond the ends, the end if `is_cut`.
    pub(crate) fn encode(self, sum: Exact, mode: &str, is_cut: bool) -> u64 {
        match self.format() {
            Some(format) => format.encode(sum, mode),
            None => {
                let whole = whole(sum);
                let kept = if is_cut { whole.clamp(i32::MIN.into(), i32::MAX.into()) } else { whole };
                u64::from(kept as u32)
            }
        }
    }

    /// A small integer, which every type has.
    pub(crate) fn number(self, value: i64) -> u64 {
        match self.0 {
            "e4m3" => {
                let of =
                    |magnitude: i64| (0..0x7f).find(|bits| same(self.decode(*bits), magnitude)).expect("a small one");
                if value < 0 { 0x80 | of(-value) } else { of(value) }
            }
            _ => match self.format() {
                Some(format) => format.encode(Exact::integer(value.into()), "rn"),
                None => value as u64 & ((1 << self.bits()) - 1),
            },
        }
    }
}

fn whole(sum: Exact) -> i128 {
    let Exact::Finite { negative, mantissa, exponent } = sum else { panic!("{sum:?} is no integer") };
    let magnitude = if exponent < 0 { mantissa >> -exponent } else { mantissa << exponent } as i128;
    if negative { -magnitude } else { magnitude }
}

/// Without zeros at the end, so that there is room for the next sum.
fn short(sum: Exact) -> Exact {
    match sum {
        Exact::Finite { negative, mantissa, exponent } if mantissa != 0 => {
            let zeros = mantissa.trailing_zeros();
            Exact::Finite { negative, mantissa: mantissa >> zeros, exponent: exponent + zeros as i32 }
        }
        _ => sum,
    }
}

fn same(value: Exact, integer: i64) -> bool {
    match value {
        Exact::Finite { mantissa, exponent, .. } if exponent < 0 => mantissa == (integer as u128) << -exponent,
        Exact::Finite { mantissa, exponent, .. } => mantissa << exponent == integer as u128,
        _ => false,
    }
}

/// How an element of the sparse factor is found: for each row and chunk, four bits of metadata.
#[derive(Clone)]
pub(crate) struct Sparsity {
    pub(crate) metadata: Vec<Vec<u8>>,
    pub(crate) selector: usize,
}

/// The factors and the addend of one warp. A sparse a has half of its columns.
#[derive(Clone)]
pub(crate) struct Operands {
    pub(crate) a: Matrix,
    pub(crate) b: Matrix,
    pub(crate) c: Matrix,
    pub(crate) sparsity: Option<Sparsity>,
}

/// A form of `mma`, by what its opcode says.
pub(crate) struct Product {
    pub(crate) opcode: String,
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) a: Type,
    pub(crate) b: Type,
    pub(crate) sum: Type,
    pub(crate) mode: &'static str,
    pub(crate) is_cut: bool,
}

/// A matrix of the size whose elements are what `element` says of each place.
pub(crate) fn matrix(rows: usize, columns: usize, mut element: impl FnMut(usize, usize) -> u64) -> Matrix {
    (0..rows).map(|row| (0..columns).map(|column| element(row, column)).collect()).collect()
}

/// Row and column of the `i`-th element of a lane in a factor whose registers go down the rows first, then along the depth. Every
/// table of the manual for rows of 8 and 16 is this one, for elements of `bits`. A column of b lies as a row of a does.
pub(crate) fn place(rows: usize, bits: usize, lane: usize, i: usize) -> (usize, usize) {
    let packed = (32 / bits).max(1);
    let (register, blocks) = (i / packed, rows / 8);
    (lane / 4 + register % blocks * 8, lane % 4 * packed + i % packed + register / blocks * 4 * packed)
}

/// Row and column of the `i`-th element of a lane in c and d.
pub(crate) fn sum_place(lane: usize, i: usize) -> (usize, usize) {
    (lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2)
}

/// Puts the elements of a lane into words, the first into the lowest bits.
fn pack(words: &mut Vec<u32>, bits: usize, elements: impl Iterator<Item = u64>) {
    let mut held = (0u64, 0);
    for element in elements {
        held = (held.0 | element << held.1, held.1 + bits);
        while held.1 >= 32 {
            words.push(held.0 as u32);
            held = (held.0.checked_shr(32).unwrap_or(0), held.1 - 32);
        }
    }
    assert_eq!(held.1, 0, "whole registers");
}

impl Product {
    /// Columns of a as it is stored.
    pub(crate) fn stored(&self) -> usize {
        if self.opcode.starts_with("mma.sp") { self.depth / 2 } else { self.depth }
    }

    fn counts(&self) -> [usize; 3] {
        [self.rows * self.stored() / 32, self.depth * 8 / 32, self.rows * 8 / 32]
    }

    /// What a lane has in registers: a, b, c and metadata.
    fn lane(&self, operands: &Operands, lane: usize) -> Vec<u32> {
        let mut words = Vec::new();
        let [of_a, of_b, of_c] = self.counts();
        let at = |matrix: &Matrix, (row, column): (usize, usize)| matrix[row][column];
        let a = (0..of_a).map(|i| at(&operands.a, place(self.rows, self.a.bits(), lane, i)));
        pack(&mut words, self.a.bits(), a);
        let b = (0..of_b).map(|i| {
            let (column, row) = place(8, self.b.bits(), lane, i);
            at(&operands.b, (row, column))
        });
        pack(&mut words, self.b.bits(), b);
        pack(&mut words, self.sum.bits(), (0..of_c).map(|i| at(&operands.c, sum_place(lane, i))));
        words.extend(operands.sparsity.as_ref().map(|sparsity| self.metadata(sparsity, lane)));
        words
    }

    /// A lane's word of metadata, by the figures of each shape. What no figure names holds something else.
    fn metadata(&self, sparsity: &Sparsity, lane: usize) -> u32 {
        let mut word = None;
        for (row, chunks) in sparsity.metadata.iter().enumerate() {
            for (chunk, indices) in chunks.iter().enumerate() {
                let (lower, first) = (row / 8, sparsity.selector);
                let (holder, bit) = match (self.a.bits(), self.depth * self.a.bits()) {
                    (16 | 32, 256) => (first, 4 * chunk + 16 * lower),
                    (16 | 32, _) => (2 * first + chunk / 4, 4 * (chunk % 4) + 16 * lower),
                    (_, 256) => (2 * first + lower, 4 * chunk),
                    _ => (lower + 2 * (chunk / 8), 4 * (chunk % 8)),
                };
                if (row % 8, holder) == (lane / 4, lane % 4) {
                    *word.get_or_insert(0) |= u32::from(*indices) << bit;
                }
            }
        }
        word.unwrap_or(0x9e4c_d1b7u32.rotate_left(lane as u32))
    }

    /// The row of b that a stored element of a row of a is multiplied by.
    fn partner(&self, operands: &Operands, row: usize, element: usize) -> usize {
        let Some(sparsity) = &operands.sparsity else { return element };
        let index = |chunk: usize, which: usize| usize::from(sparsity.metadata[row][chunk] >> (2 * which) & 3);
        match self.a.bits() {
            // 0b0100 is the first of two, 0b1110 the second.
            32 => 2 * element + index(element, 0) / 2,
            // Two neighbours together.
            4 => element / 4 * 8 + index(element / 4, element / 2 % 2) * 2 + element % 2,
            _ => element / 2 * 4 + index(element / 2, element % 2),
        }
    }

    /// d at a place. Sums of f64 are rounded after each product, along the depth, as `fma` does.
    fn expected(&self, operands: &Operands, (row, column): (usize, usize)) -> u64 {
        let products = (0..self.stored()).map(|element| {
            let b = operands.b[self.partner(operands, row, element)][column];
            self.a.decode(operands.a[row][element]).mul(self.b.decode(b))
        });
        let c = self.sum.decode(operands.c[row][column]);
        let sum = products.fold(c, |sum, product| match self.sum.0 {
            "f64" => F64.decode(F64.encode(sum.add(product, self.mode), self.mode)),
            _ => short(sum.add(product, self.mode)),
        });
        self.sum.encode(sum, self.mode, self.is_cut)
    }

    /// A kernel whose lanes load their words and store d over them. `selector` is that of a sparse product. The lanes come to the
    /// product at different times.
    pub(crate) fn kernel(&self, selector: Option<usize>, guard: &str) -> String {
        let wide = self.sum.bits() == 64;
        let bits = |count: usize, of: Type| count * of.bits() / if wide { 64 } else { 32 };
        let [a, b, c] = self.counts();
        let counts = [bits(c, self.sum), bits(a, self.a), bits(b, self.b), bits(c, self.sum)];
        let words = if wide { 2 } else { 1 };
        let (mut lists, mut body, mut next) = (Vec::new(), String::new(), 0);
        for (operand, count) in counts.into_iter().enumerate() {
            let names: Vec<String> = (next..next + count).map(|register| format!("%v{register}")).collect();
            for (register, name) in (next..).zip(names.iter().filter(|_| operand > 0)) {
                let at = 4 * words * (register - counts[0]);
                body += &if wide {
                    format!(
                        "ld.global.b32 %x, [%p+{at}]; ld.global.b32 %y, [%p+{}]; mov.b64 {name}, {{%x, %y}};\n",
                        at + 4
                    )
                } else {
                    format!("ld.global.b32 {name}, [%p+{at}];\n")
                };
            }
            lists.push(format!("{{{}}}", names.join(", ")));
            next += count;
        }
        let stride = words * (next - counts[0]) + usize::from(selector.is_some());
        if let Some(selector) = selector {
            body += &format!("ld.global.b32 %meta, [%p+{}];\n", 4 * (stride - 1));
            lists.extend(["%meta".to_owned(), selector.to_string()]);
        }
        let mut stores = String::new();
        for register in 0..counts[0] {
            let at = 4 * words * register;
            stores += &if wide {
                format!(
                    "mov.b64 {{%x, %y}}, %v{register}; st.global.b32 [%p+{at}], %x; st.global.b32 [%p+{}], %y;\n",
                    at + 4
                )
            } else {
                format!("st.global.b32 [%p+{at}], %v{register};\n")
            };
        }
        let presets: String =
            (0..counts[0]).map(|register| format!("mov.b{} %v{register}, {UNTOUCHED};\n", 32 * words)).collect();
        format!(
            ".version 8.7\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
.reg .b32 %t<4>, %x, %y, %meta; .reg .b64 %p; .reg .pred %odd, %never; .reg .b{} %v<{next}>;
ld.param.u64 %p, [p]; mov.u32 %t0, %tid.x; mov.u32 %t1, %ctaid.x; mov.u32 %t2, %ntid.x; mad.lo.u32 %t1, %t1, %t2, %t0;
mad.wide.u32 %p, %t1, {}, %p;
{body}{presets}and.b32 %t2, %t0, 1; setp.ne.u32 %odd, %t2, 0; setp.gt.u32 %never, %t0, 2000;
@%odd bra JOIN;
add.u32 %t2, %t2, 1; add.u32 %t2, %t2, 1; add.u32 %t2, %t2, 1; add.u32 %t2, %t2, 1; add.u32 %t2, %t2, 1;
JOIN:
{guard}{} {};
{stores}ret;\n}}\n",
            32 * words,
            4 * stride,
            self.opcode,
            lists.join(", "),
        )
    }

    /// Runs all of them, a warp each, in every order of turns, and compares d.
    pub(crate) fn check(&self, all: &[Operands]) {
        if !case(&self.opcode) {
            return;
        }
        let words = |operands: &Operands| (0..32).flat_map(|lane| self.lane(operands, lane)).collect::<Vec<u32>>();
        let selector = all[0].sparsity.as_ref().map(|sparsity| sparsity.selector);
        let text = self.kernel(selector, "");
        let before: Vec<u32> = all.iter().flat_map(words).collect();
        let stride = before.len() / all.len() / 32;
        let blocks = all.len() as u32;
        for engine in engines() {
            let mut after = before.clone();
            launch_in_turns(&compile(&text, engine), blocks, 32, &mut after);
            for (operands, warp) in all.iter().zip(after.chunks(32 * stride)) {
                for (lane, got) in warp.chunks(stride).enumerate() {
                    let places = (0..self.rows * 8 / 32).map(|i| sum_place(lane, i));
                    let mut expected = Vec::new();
                    pack(&mut expected, self.sum.bits(), places.map(|place| self.expected(operands, place)));
                    let what = format!("{} lane {lane}", self.opcode);
                    differences::note_words(&what, &[], &got[..expected.len()], &expected, engine);
                }
            }
        }
    }

    /// Where its predicate is false, nothing changes.
    pub(crate) fn check_guard(&self, operands: &Operands) {
        let selector = operands.sparsity.as_ref().map(|sparsity| sparsity.selector);
        let text = self.kernel(selector, "@%never ");
        for engine in engines() {
            let mut data: Vec<u32> = (0..32).flat_map(|lane| self.lane(operands, lane)).collect();
            let stride = data.len() / 32;
            launch_in_turns(&compile(&text, engine), 1, 32, &mut data);
            let kept = self.rows * 8 / 32 * self.sum.bits() / 32;
            for got in data.chunks(stride) {
                differences::note_words(&self.opcode, &[], &got[..kept], &vec![UNTOUCHED; kept], engine);
            }
        }
    }
}

/// What d holds before.
const UNTOUCHED: u32 = 0x1234_5678;
