//! Triangular solves: op(A) · X = alpha · B, or X · op(A) = alpha · B, with X in place of B.

use vgpu_core::abi::cublas::{cublasDiagType_t, cublasFillMode_t, cublasSideMode_t};
use vgpu_core::wire::messages::{BLAS_POINTER_ARRAYS, BLAS_SCALARS_ON_DEVICE, Trsm as Message};
use vgpu_core::{CuError, CuResult};

use super::super::failure::Failure;
use super::element::Element;
use super::operand::{BATCH_MAX, Matrix, is_transposed, read_pointers, read_scalar};
use crate::memory::MemoryMap;

/// A solve that has been checked as far as possible without looking at memory.
#[derive(Clone, Debug)]
pub(crate) struct Trsm {
    message: Message,
    element: Element,
    is_right: bool,
    is_transposed: bool,
    is_lower: bool,
    has_unit_diagonal: bool,
}

impl Trsm {
    /// Decodes a solve.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for other types than f32 and f64, `INVALID_VALUE` for numbers that mean nothing.
    pub(crate) fn decode(message: &Message) -> CuResult<Self> {
        let element = Element::from_code(message.data_type)?;
        if !matches!(element, Element::F32 | Element::F64) {
            return Err(CuError::NOT_SUPPORTED);
        }
        let choose = |code: u32, first: u32, second: u32| match code {
            code if code == first => Ok(false),
            code if code == second => Ok(true),
            _ => Err(CuError::INVALID_VALUE),
        };
        let is_right =
            choose(message.side, cublasSideMode_t::CUBLAS_SIDE_LEFT.0, cublasSideMode_t::CUBLAS_SIDE_RIGHT.0)?;
        let is_lower = choose(
            message.fill,
            cublasFillMode_t::CUBLAS_FILL_MODE_UPPER.0,
            cublasFillMode_t::CUBLAS_FILL_MODE_LOWER.0,
        )?;
        let has_unit_diagonal =
            choose(message.diag, cublasDiagType_t::CUBLAS_DIAG_NON_UNIT.0, cublasDiagType_t::CUBLAS_DIAG_UNIT.0)?;
        let order = if is_right { message.n } else { message.m };
        let is_sane = |size: u64| size <= 1 << 31;
        let fits = |lead: i64, rows: u64| u64::try_from(lead).is_ok_and(|lead| lead >= rows.max(1) && is_sane(lead));
        let is_valid = message.batch <= BATCH_MAX
            && is_sane(message.m)
            && is_sane(message.n)
            && fits(message.lda, order)
            && fits(message.ldb, message.m)
            // A batch of solves needs arrays of pointers.
            && (message.batch <= 1 || message.flags & BLAS_POINTER_ARRAYS != 0);
        if !is_valid || message.flags & !(BLAS_POINTER_ARRAYS | BLAS_SCALARS_ON_DEVICE) != 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let is_transposed = is_transposed(message.op_a)?;
        Ok(Self { message: *message, element, is_right, is_transposed, is_lower, has_unit_diagonal })
    }

    /// Solves.
    ///
    /// # Errors
    /// `ILLEGAL_ADDRESS` or `MISALIGNED_ADDRESS`, naming the matrix.
    pub(crate) fn run(&self, map: &MemoryMap) -> Result<(), Failure> {
        let message = &self.message;
        if message.m == 0 || message.n == 0 {
            return Ok(());
        }
        let alpha = read_scalar(map, "alpha", message.flags, &message.alpha, self.element)?;
        let addresses = |what, base| match message.flags & BLAS_POINTER_ARRAYS != 0 {
            true => read_pointers(map, what, base, u64::from(message.batch)),
            false => Ok(vec![base; message.batch as usize]),
        };
        let order = if self.is_right { message.n } else { message.m };
        for (a, b) in addresses("A", message.a)?.into_iter().zip(addresses("B", message.b)?) {
            let a = Matrix::admit(map, "A", a, order, order, message.lda.unsigned_abs(), self.element)?;
            let b = Matrix::admit(map, "B", b, message.m, message.n, message.ldb.unsigned_abs(), self.element)?;
            match self.element {
                Element::F64 => self.solve::<f64>(alpha, a, b),
                _ => self.solve::<f32>(alpha, a, b),
            }
        }
        Ok(())
    }

    /// One member of the batch. Sums are kept in f64 and rounded once per element of X.
    fn solve<T: Copy + Into<f64> + FromF64>(&self, alpha: f64, a: Matrix, b: Matrix) {
        let message = &self.message;
        let (order, vectors) = if self.is_right { (message.n, message.m) } else { (message.m, message.n) };
        // X · op(A) = B is op(A)ᵀ · Xᵀ = Bᵀ: the rows of B are then the vectors.
        let flips = self.is_transposed != self.is_right;
        let is_lower = self.is_lower != flips;
        let coefficient = |row: u64, column: u64| {
            let (row, column) = if flips { (column, row) } else { (row, column) };
            read::<T>(a.at(row, column))
        };
        let mut x = vec![0f64; order as usize];
        for vector in 0..vectors {
            let place = |index: u64| {
                if self.is_right { b.at(vector, index) } else { b.at(index, vector) }
            };
            for step in 0..order {
                let row = if is_lower { step } else { order - 1 - step };
                // A zero alpha means that B is not read.
                let mut sum = if alpha == 0.0 { 0.0 } else { alpha * read::<T>(place(row)) };
                let known = if is_lower { 0..row } else { row + 1..order };
                for column in known {
                    sum -= coefficient(row, column) * x[column as usize];
                }
                if !self.has_unit_diagonal && alpha != 0.0 {
                    sum /= coefficient(row, row);
                }
                let rounded = T::from_f64(sum);
                x[row as usize] = rounded.into();
                let target: *mut T = std::ptr::with_exposed_provenance_mut(place(row) as usize);
                // SAFETY: B was admitted, aligned, for m × n elements, and `place` stays within.
                unsafe { target.write(rounded) }
            }
        }
    }
}

fn read<T: Copy + Into<f64>>(address: u64) -> f64 {
    let source: *const T = std::ptr::with_exposed_provenance(address as usize);
    // SAFETY: callers pass places within matrices that were admitted and aligned.
    unsafe { source.read() }.into()
}

/// Rounding to the type in memory.
trait FromF64 {
    fn from_f64(value: f64) -> Self;
}

impl FromF64 for f32 {
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl FromF64 for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

#[cfg(test)]
mod tests {
    use vgpu_core::wire::messages::BlasSettings;

    use super::*;

    const M: usize = 3;
    const N: usize = 2;

    /// Solves with every choice of side, fill, transpose and diagonal, and multiplies back.
    #[test]
    fn multiplying_the_solution_gives_the_right_side_for_every_form() {
        for form in 0..16u32 {
            let (side, fill, op, diag) = (form & 1, form >> 1 & 1, form >> 2 & 1, form >> 3 & 1);
            let order = if side == 1 { N } else { M };
            let a: Vec<f64> = (0..order * order).map(|index| 2.0 + index as f64).collect();
            let before: Vec<f64> = (0..M * N).map(|index| 1.0 + index as f64).collect();
            let b = before.clone();
            let address = |memory: &[f64]| memory.as_ptr().expose_provenance() as u64;
            let range = |memory: &[f64]| address(memory)..address(memory) + 8 * memory.len() as u64;
            let map = MemoryMap::new(vec![range(&a), range(&b)]);
            let mut alpha = [0; 16];
            alpha[..8].copy_from_slice(&2f64.to_le_bytes());
            let message = Message {
                stream: 0,
                flags: 0,
                side,
                fill,
                op_a: op,
                diag,
                data_type: 1,
                batch: 1,
                m: M as u64,
                n: N as u64,
                lda: order as i64,
                ldb: M as i64,
                a: address(&a),
                b: address(&b),
                alpha,
                settings: BlasSettings::DEFAULT,
            };
            Trsm::decode(&message).unwrap().run(&map).unwrap();

            let triangle = |row: usize, column: usize| match (row == column, (row > column) == (fill == 0)) {
                (true, _) if diag == 1 => 1.0,
                (true, _) | (false, true) => a[column * order + row],
                _ => 0.0,
            };
            let op_a = |row: usize, column: usize| {
                if op == 1 { triangle(column, row) } else { triangle(row, column) }
            };
            for (row, column) in (0..M).flat_map(|row| (0..N).map(move |column| (row, column))) {
                let product: f64 = match side {
                    0 => (0..M).map(|at| op_a(row, at) * b[column * M + at]).sum(),
                    _ => (0..N).map(|at| b[at * M + row] * op_a(at, column)).sum(),
                };
                assert!(
                    (product - 2.0 * before[column * M + row]).abs() < 1e-9,
                    "form {form}, row {row}, column {column}"
                );
            }
        }
    }
}
