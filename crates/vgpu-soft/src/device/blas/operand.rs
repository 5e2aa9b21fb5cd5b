//! Operands of products and solves: matrices, arrays of pointers to them, scalars; each admitted before it is touched.

use vgpu_core::abi::cublas::cublasOperation_t;
use vgpu_core::wire::messages::BLAS_SCALARS_ON_DEVICE;
use vgpu_core::{CuError, CuResult};

use super::super::failure::Failure;
use super::element::Element;
use crate::memory::MemoryMap;

/// The most members of a batch: a list of 2^32 would take more memory than the matrices that it names.
pub(super) const BATCH_MAX: u32 = 1 << 24;

/// Whether a matrix is used as it stands or transposed.
///
/// # Errors
/// `INVALID_VALUE` for a number that is no `cublasOperation_t`.
pub(super) fn is_transposed(operation: u32) -> CuResult<bool> {
    match cublasOperation_t(operation) {
        cublasOperation_t::CUBLAS_OP_N => Ok(false),
        // Conjugation does nothing to the real types.
        cublasOperation_t::CUBLAS_OP_T | cublasOperation_t::CUBLAS_OP_C => Ok(true),
        _ => Err(CuError::INVALID_VALUE),
    }
}

/// A column-major matrix in device memory that has been admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    address: u64,
    /// Elements between columns.
    pub(super) lead: u64,
    pub(super) element: Element,
}

impl Matrix {
    /// Checks that a `rows` × `columns` matrix at `address` may be touched.
    pub(super) fn admit(
        map: &MemoryMap,
        what: &str,
        address: u64,
        rows: u64,
        columns: u64,
        lead: u64,
        element: Element,
    ) -> Result<Self, Failure> {
        let size = element.len_bytes();
        let len_bytes = columns
            .checked_sub(1)
            .and_then(|last| last.checked_mul(lead)?.checked_add(rows)?.checked_mul(size))
            .filter(|_| rows > 0);
        match len_bytes {
            None if rows == 0 || columns == 0 => Ok(Self { address, lead, element }),
            Some(len_bytes) if map.admits(address, len_bytes) && address.is_multiple_of(size) => {
                Ok(Self { address, lead, element })
            }
            Some(_) if !address.is_multiple_of(size) => Err((
                CuError::MISALIGNED_ADDRESS,
                format!("matrix {what} at {address:#x} is not aligned to {size} bytes"),
            )),
            _ => Err((
                CuError::ILLEGAL_ADDRESS,
                format!(
                    "matrix {what} ({rows} x {columns}, leading dimension {lead}) at {address:#x} is not within an allocation"
                ),
            )),
        }
    }

    /// The element at a row and column.
    pub(super) fn at(self, row: u64, column: u64) -> u64 {
        self.address + (column * self.lead + row) * self.element.len_bytes()
    }
}

/// Reads `count` device pointers.
pub(super) fn read_pointers(map: &MemoryMap, what: &str, address: u64, count: u64) -> Result<Vec<u64>, Failure> {
    let admitted = count.checked_mul(8).is_some_and(|len_bytes| map.admits(address, len_bytes));
    if !admitted || !address.is_multiple_of(8) {
        return Err((
            CuError::ILLEGAL_ADDRESS,
            format!("the array of {count} pointers to {what} at {address:#x} is not within an allocation"),
        ));
    }
    let start: *const u64 = std::ptr::with_exposed_provenance(address as usize);
    // SAFETY: the map admits `count` aligned words, and device memory stays mapped while work on it is queued.
    Ok((0..count as usize).map(|index| unsafe { start.add(index).read() }).collect())
}

/// A scalar: given in the record, or in device memory.
pub(super) fn read_scalar(
    map: &MemoryMap,
    what: &str,
    flags: u32,
    bytes: &[u8; 16],
    element: Element,
) -> Result<f64, Failure> {
    let mut value = *bytes;
    if flags & BLAS_SCALARS_ON_DEVICE != 0 {
        let address = u64::from_le_bytes(bytes[..8].try_into().expect("eight of sixteen bytes"));
        let len_bytes = element.len_bytes();
        if !map.admits(address, len_bytes) {
            return Err((CuError::ILLEGAL_ADDRESS, format!("{what} at {address:#x} is not within an allocation")));
        }
        let source: *const u8 = std::ptr::with_exposed_provenance(address as usize);
        // SAFETY: the map admits the element's bytes, which are at most eight.
        unsafe { std::ptr::copy_nonoverlapping(source, value.as_mut_ptr(), len_bytes as usize) }
    }
    Ok(element.decode(&value))
}
