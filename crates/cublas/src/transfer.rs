//! Vectors and matrices on their way between host and device: rectangles of bytes, which the driver copies.

use std::ffi::c_void;

use vgpu_core::abi::{CUDA_MEMCPY2D, CUmemorytype};

use crate::driver::{self, CopyOrder};
use crate::error::{CublasError, CublasResult};

/// Which way the elements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToDevice,
    ToHost,
}

/// Columns of elements: distances between columns in elements. A vector has columns of one element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) rows: i64,
    pub(crate) columns: i64,
    pub(crate) element_bytes: i64,
    pub(crate) source: *const c_void,
    pub(crate) source_ld: i64,
    pub(crate) target: *mut c_void,
    pub(crate) target_ld: i64,
}

impl Columns {
    /// Copies the columns.
    ///
    /// # Errors
    /// `INVALID_VALUE`: an extent or distance is none; `MAPPING_ERROR`: the driver refused the copy.
    ///
    /// # Safety
    /// The host's side is valid for the copy, until it is done.
    pub(crate) unsafe fn copy(&self, way: Way, order: CopyOrder) -> CublasResult {
        match self.describe(way)? {
            // SAFETY: the caller vouches for the host's side.
            Some(copy) => unsafe { driver::copy(&copy, order) },
            None => Ok(()),
        }
    }

    fn describe(&self, way: Way) -> CublasResult<Option<CUDA_MEMCPY2D>> {
        let positive =
            |number: i64| usize::try_from(number).ok().filter(|&number| number > 0).ok_or(CublasError::INVALID_VALUE);
        let extent = |number: i64| usize::try_from(number).map_err(|_| CublasError::INVALID_VALUE);
        let bytes = |count: usize, element: usize| count.checked_mul(element).ok_or(CublasError::INVALID_VALUE);
        let (rows, columns) = (extent(self.rows)?, extent(self.columns)?);
        let element = positive(self.element_bytes)?;
        let (source_ld, target_ld) = (positive(self.source_ld)?, positive(self.target_ld)?);
        if source_ld < rows || target_ld < rows {
            return Err(CublasError::INVALID_VALUE);
        }
        if rows == 0 || columns == 0 {
            return Ok(None);
        }
        if self.source.is_null() || self.target.is_null() {
            return Err(CublasError::INVALID_VALUE);
        }
        // SAFETY: the struct holds integers and pointers, for which zero is a value.
        let mut copy: CUDA_MEMCPY2D = unsafe { std::mem::zeroed() };
        (copy.srcMemoryType, copy.dstMemoryType) = match way {
            Way::ToDevice => (CUmemorytype::CU_MEMORYTYPE_HOST, CUmemorytype::CU_MEMORYTYPE_DEVICE),
            Way::ToHost => (CUmemorytype::CU_MEMORYTYPE_DEVICE, CUmemorytype::CU_MEMORYTYPE_HOST),
        };
        match way {
            Way::ToDevice => (copy.srcHost, copy.dstDevice) = (self.source, self.target as u64),
            Way::ToHost => (copy.srcDevice, copy.dstHost) = (self.source as u64, self.target),
        }
        (copy.srcPitch, copy.dstPitch) = (bytes(source_ld, element)?, bytes(target_ld, element)?);
        (copy.WidthInBytes, copy.Height) = (bytes(rows, element)?, columns);
        if source_ld == rows && target_ld == rows {
            // Without gaps the columns are one row, which needs no pitch.
            (copy.WidthInBytes, copy.Height) = (bytes(copy.WidthInBytes, columns)?, 1);
            (copy.srcPitch, copy.dstPitch) = (copy.WidthInBytes, copy.WidthInBytes);
        }
        Ok(Some(copy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns {
            rows: 3,
            columns: 2,
            element_bytes: 4,
            source: std::ptr::without_provenance(0x100),
            source_ld: 5,
            target: std::ptr::without_provenance_mut(0x200),
            target_ld: 3,
        }
    }

    #[test]
    fn columns_become_rows_of_bytes() {
        let copy = columns().describe(Way::ToDevice).expect("it is valid").expect("it is not empty");
        assert_eq!((copy.WidthInBytes, copy.Height, copy.srcPitch, copy.dstPitch), (12, 2, 20, 12));
        assert_eq!((copy.srcHost as usize, copy.dstDevice), (0x100, 0x200));
    }

    #[test]
    fn columns_without_gaps_are_one_row() {
        let copy =
            Columns { source_ld: 3, ..columns() }.describe(Way::ToHost).expect("it is valid").expect("it is not empty");
        assert_eq!((copy.WidthInBytes, copy.Height), (24, 1));
        assert_eq!((copy.srcDevice, copy.dstHost as usize), (0x100, 0x200));
    }

    #[test]
    fn columns_that_overlap_and_elements_without_size_are_invalid() {
        let wrong = [
            Columns { source_ld: 2, ..columns() },
            Columns { element_bytes: 0, ..columns() },
            Columns { rows: -1, ..columns() },
            Columns { element_bytes: i64::MAX, ..columns() },
            Columns { target: std::ptr::null_mut(), ..columns() },
        ];
        assert_eq!(wrong.map(|columns| columns.describe(Way::ToHost).err()), [Some(CublasError::INVALID_VALUE); 5]);
    }

    #[test]
    fn no_columns_are_nothing_to_copy() {
        assert!(Columns { columns: 0, ..columns() }.describe(Way::ToHost).expect("it is valid").is_none());
    }
}
