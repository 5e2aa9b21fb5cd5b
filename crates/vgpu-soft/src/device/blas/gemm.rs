//! Matrix products: C = alpha · op(A) · op(B) + beta · C for a batch of column-major matrices.
//!
//! Narrow types are converted panel by panel, accumulated in f32 and rounded once.

use std::sync::atomic::{AtomicU64, Ordering};

use gemm::Parallelism;
use vgpu_core::abi::cublas::cublasComputeType_t;
use vgpu_core::wire::messages::{BLAS_POINTER_ARRAYS, BLAS_SCALARS_ON_DEVICE, Gemm as Message};
use vgpu_core::{CuError, CuResult};

use super::super::failure::Failure;
use super::element::{Element, Real};
use super::operand::{BATCH_MAX, Matrix, is_transposed, read_pointers, read_scalar};
use crate::memory::MemoryMap;

/// Rows and columns of the part of C that one worker computes at a time.
const TILE: u64 = 256;
/// Depth of the panels that are converted at a time.
const PANEL_DEPTH: u64 = 1024;

/// What products are accumulated in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accumulate {
    F32,
    F64,
}

/// A product that has been checked as far as possible without looking at memory.
#[derive(Clone, Debug)]
pub(crate) struct Gemm {
    message: Message,
    transposed_a: bool,
    transposed_b: bool,
    a: Element,
    b: Element,
    c: Element,
    scale: Element,
    accumulate: Accumulate,
}

impl Gemm {
    /// Decodes a product.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for types that are not computed here, `INVALID_VALUE` for dimensions that make no sense.
    pub(crate) fn decode(message: &Message) -> CuResult<Self> {
        let (a, b) = (Element::from_code(message.a_type)?, Element::from_code(message.b_type)?);
        let (c, scale) = (Element::from_code(message.c_type)?, Element::from_code(message.scale_type)?);
        let accumulate = accumulator(message.compute, a, b, c)?;
        let (transposed_a, transposed_b) = (is_transposed(message.op_a)?, is_transposed(message.op_b)?);
        let rows_a = if transposed_a { message.k } else { message.m };
        let rows_b = if transposed_b { message.n } else { message.k };
        let leads = [(message.lda, rows_a), (message.ldb, rows_b), (message.ldc, message.m)];
        // Any larger size overflows offsets before it meets the bounds check.
        let is_sane = |size: u64| size <= 1 << 31;
        let sizes_fit = [message.m, message.n, message.k].into_iter().all(is_sane);
        let leads_fit = leads
            .iter()
            .all(|&(lead, rows)| u64::try_from(lead).is_ok_and(|lead| lead >= rows.max(1) && is_sane(lead)));
        if !sizes_fit
            || !leads_fit
            || message.batch > BATCH_MAX
            || message.flags & !(BLAS_POINTER_ARRAYS | BLAS_SCALARS_ON_DEVICE) != 0
        {
            return Err(CuError::INVALID_VALUE);
        }
        Ok(Self { message: *message, transposed_a, transposed_b, a, b, c, scale, accumulate })
    }

    /// Reads scalars and pointers and checks every matrix.
    ///
    /// # Errors
    /// `ILLEGAL_ADDRESS` or `MISALIGNED_ADDRESS`, naming the matrix.
    pub(crate) fn start(&self, map: &MemoryMap) -> Result<GemmRun, Failure> {
        let message = &self.message;
        let alpha = read_scalar(map, "alpha", message.flags, &message.alpha, self.scale)?;
        let beta = read_scalar(map, "beta", message.flags, &message.beta, self.scale)?;
        let batch = u64::from(message.batch);
        let is_empty = message.m == 0 || message.n == 0;
        let reads_operands = alpha != 0.0 && message.k != 0;
        let addresses = |what, base: u64, stride: i64, element: Element, is_read: bool| -> Result<Vec<u64>, Failure> {
            match (is_empty || !is_read, message.flags & BLAS_POINTER_ARRAYS != 0) {
                (true, _) => Ok(Vec::new()),
                (false, true) => read_pointers(map, what, base, batch),
                (false, false) => strided(what, base, stride, element, batch),
            }
        };
        let a = addresses("A", message.a, message.stride_a, self.a, reads_operands)?;
        let b = addresses("B", message.b, message.stride_b, self.b, reads_operands)?;
        let c = addresses("C", message.c, message.stride_c, self.c, true)?;
        let mut members = Vec::with_capacity(c.len());
        for (index, &address) in c.iter().enumerate() {
            let admit =
                |what, addresses: &[u64], rows, columns, transposed, lead: i64, element| match addresses.get(index) {
                    None => Ok(None),
                    Some(&address) => {
                        let (rows, columns) = if transposed { (columns, rows) } else { (rows, columns) };
                        Matrix::admit(map, what, address, rows, columns, lead.unsigned_abs(), element).map(Some)
                    }
                };
            members.push(Member {
                a: admit("A", &a, message.m, message.k, self.transposed_a, message.lda, self.a)?,
                b: admit("B", &b, message.k, message.n, self.transposed_b, message.ldb, self.b)?,
                c: Matrix::admit(map, "C", address, message.m, message.n, message.ldc.unsigned_abs(), self.c)?,
            });
        }
        let (tiles_m, tiles_n) = (message.m.div_ceil(TILE), message.n.div_ceil(TILE));
        let tiles = tiles_m.saturating_mul(tiles_n).saturating_mul(members.len() as u64);
        Ok(GemmRun { plan: self.clone(), alpha, beta, members, tiles_m, tiles_n, tiles, next: AtomicU64::new(0) })
    }
}

fn accumulator(compute: u32, a: Element, b: Element, c: Element) -> CuResult<Accumulate> {
    let is_single = |element| matches!(element, Element::F16 | Element::Bf16 | Element::F32);
    let compute = cublasComputeType_t(compute);
    match compute {
        cublasComputeType_t::CUBLAS_COMPUTE_64F | cublasComputeType_t::CUBLAS_COMPUTE_64F_PEDANTIC
            if [a, b, c] == [Element::F64; 3] =>
        {
            Ok(Accumulate::F64)
        }
        // Exact in f64: sums of products of bytes stay far below 2^53.
        cublasComputeType_t::CUBLAS_COMPUTE_32I | cublasComputeType_t::CUBLAS_COMPUTE_32I_PEDANTIC
            if [a, b, c] == [Element::I8, Element::I8, Element::I32] =>
        {
            Ok(Accumulate::F64)
        }
        cublasComputeType_t::CUBLAS_COMPUTE_16F | cublasComputeType_t::CUBLAS_COMPUTE_16F_PEDANTIC
            if [a, b, c] == [Element::F16; 3] =>
        {
            Ok(Accumulate::F32)
        }
        cublasComputeType_t::CUBLAS_COMPUTE_32F
        | cublasComputeType_t::CUBLAS_COMPUTE_32F_PEDANTIC
        | cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_16F
        | cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_16BF
        | cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
        | cublasComputeType_t::CUBLAS_COMPUTE_32F_EMULATED_16BFX9
            if (is_single(a) && is_single(b) && is_single(c))
                || [a, b, c] == [Element::I8, Element::I8, Element::F32] =>
        {
            Ok(Accumulate::F32)
        }
        _ => Err(CuError::NOT_SUPPORTED),
    }
}

fn strided(what: &str, base: u64, stride: i64, element: Element, batch: u64) -> Result<Vec<u64>, Failure> {
    let step = i128::from(stride) * i128::from(element.len_bytes());
    (0..i128::from(batch))
        .map(|index| u64::try_from(i128::from(base) + index * step))
        .collect::<Result<_, _>>()
        .map_err(|_| (CuError::ILLEGAL_ADDRESS, format!("the stride of {what} leaves the address space")))
}

/// Matrices of one member of a batch; A and B are absent when they are not read.
#[derive(Clone, Copy, Debug)]
struct Member {
    a: Option<Matrix>,
    b: Option<Matrix>,
    c: Matrix,
}

/// A product under way, shared by workers.
pub(crate) struct GemmRun {
    plan: Gemm,
    alpha: f64,
    beta: f64,
    members: Vec<Member>,
    tiles_m: u64,
    tiles_n: u64,
    tiles: u64,
    next: AtomicU64,
}

/// A worker's reusable buffers.
#[derive(Default)]
pub(crate) struct Panels {
    single: Buffers<f32>,
    double: Buffers<f64>,
}

#[derive(Default)]
struct Buffers<T> {
    a: Vec<T>,
    b: Vec<T>,
    c: Vec<T>,
}

impl GemmRun {
    /// How many workers can be of use.
    pub(crate) fn tile_count(&self) -> u64 {
        self.tiles
    }

    /// Takes tiles until none is left.
    pub(crate) fn run(&self, panels: &mut Panels) {
        loop {
            let tile = self.next.fetch_add(1, Ordering::Relaxed);
            if tile >= self.tiles {
                return;
            }
            match self.plan.accumulate {
                Accumulate::F32 => self.tile(tile, &mut panels.single),
                Accumulate::F64 => self.tile(tile, &mut panels.double),
            }
        }
    }

    fn tile<T: Real>(&self, tile: u64, buffers: &mut Buffers<T>) {
        let message = &self.plan.message;
        let per_member = self.tiles_m * self.tiles_n;
        let member = self.members[(tile / per_member) as usize];
        let (row, column) = (tile % per_member % self.tiles_m * TILE, tile % per_member / self.tiles_m * TILE);
        let (rows, columns) = ((message.m - row).min(TILE), (message.n - column).min(TILE));
        let (alpha, beta) = (T::from_f64(self.alpha), T::from_f64(self.beta));
        let product = &mut buffers.c;
        product.clear();
        product.resize((rows * columns) as usize, T::ZERO);
        if let (Some(a), Some(b)) = (member.a, member.b) {
            for depth in (0..message.k).step_by(PANEL_DEPTH as usize) {
                let depths = (message.k - depth).min(PANEL_DEPTH);
                let left = Panel::cut(&mut buffers.a, a, self.plan.transposed_a, (row, rows), (depth, depths));
                let right = Panel::cut(&mut buffers.b, b, self.plan.transposed_b, (depth, depths), (column, columns));
                // SAFETY: `product` has rows × columns elements, and the panels cover rows × depths and depths × columns elements.
                unsafe { accumulate(product, (rows, columns, depths), left, right) }
            }
        }
        let mut previous = vec![T::ZERO; rows as usize];
        for (index, sums) in product.chunks_exact_mut(rows as usize).enumerate() {
            let target: *mut u8 =
                std::ptr::with_exposed_provenance_mut(member.c.at(row, column + index as u64) as usize);
            // A zero beta means that C is not read: it may hold anything.
            if beta != T::ZERO {
                // SAFETY: C was admitted, aligned, for m × n elements, and this column's part lies within.
                unsafe { T::load(member.c.element, target, &mut previous) };
                sums.iter_mut().zip(&previous).for_each(|(sum, &before)| *sum = T::scale(alpha, *sum, beta, before));
            } else {
                sums.iter_mut().for_each(|sum| *sum = alpha.mul(*sum));
            }
            // SAFETY: as above.
            unsafe { T::store(member.c.element, sums, target) };
        }
    }
}

/// Elements of a product's operand, in place or converted.
#[derive(Clone, Copy)]
struct Panel<T> {
    start: *const T,
    row_stride: isize,
    column_stride: isize,
}

impl<T: Real> Panel<T> {
    /// Rows and columns (start, count) of op(matrix).
    fn cut(buffer: &mut Vec<T>, matrix: Matrix, transposed: bool, rows: (u64, u64), columns: (u64, u64)) -> Self {
        // From here on "lines" are the runs that are consecutive in memory.
        let (along, lines) = if transposed { (columns, rows) } else { (rows, columns) };
        let (start, pitch) = if matrix.element == T::ELEMENT {
            let start: *const T = std::ptr::with_exposed_provenance(matrix.at(along.0, lines.0) as usize);
            (start, matrix.lead)
        } else {
            buffer.resize((along.1 * lines.1) as usize, T::ZERO);
            for (index, line) in buffer.chunks_exact_mut(along.1 as usize).enumerate() {
                let source: *const u8 =
                    std::ptr::with_exposed_provenance(matrix.at(along.0, lines.0 + index as u64) as usize);
                // SAFETY: the matrix was admitted, aligned, and the line lies within its rows and columns.
                unsafe { T::load(matrix.element, source, line) };
            }
            (buffer.as_ptr(), along.1)
        };
        let pitch = isize::try_from(pitch).expect("leading dimensions are limited to 2^31");
        let (row_stride, column_stride) = if transposed { (pitch, 1) } else { (1, pitch) };
        Self { start, row_stride, column_stride }
    }
}

/// `product += left · right`.
///
/// # Safety
/// `product` holds rows × columns elements; the panels are readable for rows × depths and depths × columns elements.
unsafe fn accumulate<T: Real>(
    product: &mut [T],
    (rows, columns, depths): (u64, u64, u64),
    left: Panel<T>,
    right: Panel<T>,
) {
    // SAFETY: the caller's promise; `product` is column-major without gaps and overlaps neither panel.
    unsafe {
        gemm::gemm(
            rows as usize,
            columns as usize,
            depths as usize,
            product.as_mut_ptr(),
            rows as isize,
            1,
            true,
            left.start,
            left.column_stride,
            left.row_stride,
            right.start,
            right.column_stride,
            right.row_stride,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests;
