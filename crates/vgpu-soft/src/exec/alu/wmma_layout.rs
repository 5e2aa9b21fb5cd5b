//! Which element of a matrix lies where in a `wmma` fragment.
//!
//! PTX leaves this open, so that it only has to be the same for `wmma.load`, `wmma.mma` and `wmma.store`. Here the
//! matrix is counted through row by row, and lane 0 holds the first elements, lane 1 the next ones, and so on, starting
//! over where a fragment has more room than the matrix has elements: element `i` of lane `l` is number `n * l + i`,
//! where `n` is [`Fragment::units`]. Elements fill a register from its low bits up.
//!
//! Elements of less than a byte have one layout in memory, in which those along the depth are neighbours. Whole words of
//! them are counted, and `b` by its columns: so fragments are those of `mma` in the same shape.

use crate::ptx::ast::{Opcode, Width};

/// Which operand of `d = a * b + c` a fragment is of. `C` stands for `d` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matrix {
    A,
    B,
    C,
}

/// The shape of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Of the matrix, in units.
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    /// How many registers a lane gives to it.
    pub(crate) registers: u32,
    pub(crate) register: Width,
    /// Bytes of a unit in memory and in a register.
    pub(crate) unit_bytes: u32,
    /// A unit is an element, or a word of smaller ones.
    pub(crate) per_unit: u32,
}

impl Fragment {
    /// The fragment of a matrix for a shape and element type as an opcode names them.
    pub(crate) fn new(matrix: Matrix, shape: &str, element: &str) -> Option<Self> {
        let (m, n, k) = match shape {
            "m16n16k16" => (16, 16, 16),
            "m8n32k16" => (8, 32, 16),
            "m32n8k16" => (32, 8, 16),
            "m16n16k8" => (16, 16, 8),
            "m8n8k4" => (8, 8, 4),
            "m8n8k32" => (8, 8, 32),
            "m8n8k128" => (8, 8, 128),
            _ => return None,
        };
        let (unit_bytes, per_unit, register) = match element {
            "b1" => (4, 32, Width::B32),
            "s4" | "u4" => (4, 8, Width::B32),
            "s8" | "u8" => (1, 1, Width::B32),
            "f16" | "bf16" => (2, 1, Width::B32),
            "f32" | "s32" | "tf32" => (4, 1, Width::B32),
            "f64" => (8, 1, Width::B64),
            _ => return None,
        };
        let (rows, columns) = match matrix {
            Matrix::A => (m, k / per_unit),
            Matrix::B if per_unit > 1 => (n, k / per_unit),
            Matrix::B => (k, n),
            Matrix::C => (m, n),
        };
        let is_valid = matches!(
            (shape, element, matrix),
            ("m16n16k8", "tf32", Matrix::A | Matrix::B)
                | ("m16n16k8", "f32", Matrix::C)
                | ("m8n8k4", "f64", _)
                | ("m8n8k32", "s4" | "u4", Matrix::A | Matrix::B)
                | ("m8n8k128", "b1", Matrix::A | Matrix::B)
                | ("m8n8k32" | "m8n8k128", "s32", Matrix::C)
                | ("m16n16k16" | "m8n32k16" | "m32n8k16", "f16", _)
                | ("m16n16k16" | "m8n32k16" | "m32n8k16", "bf16" | "s8" | "u8", Matrix::A | Matrix::B)
                | ("m16n16k16" | "m8n32k16" | "m32n8k16", "f32" | "s32", Matrix::C)
        );
        // f16 factors have room for the largest of them in every shape; all other fragments are as large as they need.
        let registers = match (element, matrix) {
            ("f16", Matrix::A | Matrix::B) => 8,
            _ => rows * columns * unit_bytes / (32 * register.lane_bytes()),
        };
        is_valid.then_some(Self { rows, columns, registers, register, unit_bytes, per_unit })
    }

    /// The fragment that `wmma.load.a...` or `wmma.store.d...` moves, and whether memory is column by column.
    pub(crate) fn of_memory_op(opcode: Opcode<'_>) -> Option<(Self, bool)> {
        let mut words = opcode.modifiers();
        let matrix = match (words.next()?, words.next()?) {
            ("load", "a") => Matrix::A,
            ("load", "b") => Matrix::B,
            ("load", "c") | ("store", "d") => Matrix::C,
            _ => return None,
        };
        let (mut shape, mut is_column_major) = (None, None);
        for word in words {
            match word {
                "sync" | "aligned" | "global" | "shared" | "shared::cta" => {}
                "row" => is_column_major = Some(false),
                "col" => is_column_major = Some(true),
                _ if word.starts_with('m') => shape = Some(word),
                // The element's type stands last.
                _ => {
                    let fragment = Self::new(matrix, shape?, word)?;
                    let is_column_major = is_column_major?;
                    if fragment.per_unit == 1 {
                        return Some((fragment, is_column_major));
                    }
                    // Rows of a, and columns of b, which are counted as rows.
                    let is_counted = is_column_major == (matrix == Matrix::B);
                    return is_counted.then_some((fragment, false));
                }
            }
        }
        None
    }

    /// Units that a lane holds.
    pub(crate) fn units(&self) -> u32 {
        self.registers * self.register.lane_bytes() / self.unit_bytes
    }
}
