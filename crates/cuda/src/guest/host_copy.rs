//! Graphs' copies from and to pageable memory: the program's memory is read or written when the node runs, by our thread.
//!
//! Each executable graph has its own pinned memory for it. A node of the graph becomes two for the executor: a call that gathers
//! rows into the pinned memory and a copy from there, or the other way round.

use vgpu_core::wire::Span;
use vgpu_core::{CuError, CuResult};

use super::process::{Process, process};

/// Pinned memory that is given back when nobody uses it any more.
pub(crate) struct Bounce {
    address: u64,
    span: Span,
}

impl Bounce {
    /// Takes `len_bytes` of it.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when there is not so much.
    pub(crate) fn new(process: &Process, len_bytes: usize) -> CuResult<Self> {
        let pinned = process.link.pinned();
        let address = pinned.alloc(len_bytes)?.as_ptr().expose_provenance() as u64;
        let span = pinned.span(address, len_bytes).ok_or(CuError::UNKNOWN)?;
        Ok(Self { address, span })
    }

    /// Where it lies in the window.
    pub(crate) fn offset(&self) -> u64 {
        self.span.offset
    }

    pub(crate) fn address(&self) -> u64 {
        self.address
    }
}

impl Drop for Bounce {
    fn drop(&mut self) {
        if let Ok(process) = process()
            && let Err(error) = process.link.pinned().free(self.address)
        {
            log::error!("memory of a graph's copy is not given back: {error}");
        }
    }
}

/// One end of a copy of rows in this process's memory: where it starts, and how far rows and slices are apart in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) address: u64,
    pub(crate) pitch: u64,
    pub(crate) slice: u64,
}

/// A copy of rows within this process's memory.
pub(crate) struct RowsCopy {
    pub(crate) target: Rows,
    pub(crate) source: Rows,
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) depth: u64,
    /// The memory at one end, where that is ours.
    pub(crate) _bounce: Option<Bounce>,
}

impl RowsCopy {
    /// Copies.
    pub(crate) fn run(&self) {
        for z in 0..self.depth {
            for y in 0..self.height {
                let at = |rows: &Rows| host(rows.address + z * rows.slice + y * rows.pitch);
                // SAFETY: the program's memory is valid for the rows of a copy whenever its graph runs, and the pinned memory was
                // made for them; `copy` allows overlap.
                unsafe { std::ptr::copy(at(&self.source), at(&self.target), host(self.width).addr()) };
            }
        }
    }
}

fn host(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(
        usize::try_from(address).expect("host addresses and lengths fit the address space"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_packed_and_unpacked() {
        let from: Vec<u8> = (0..32).collect();
        let mut to = [0u8; 12];
        let source = Rows { address: from.as_ptr().expose_provenance() as u64 + 1, pitch: 5, slice: 16 };
        let target = Rows { address: to.as_mut_ptr().expose_provenance() as u64, pitch: 3, slice: 6 };
        RowsCopy { target, source, width: 3, height: 2, depth: 2, _bounce: None }.run();
        assert_eq!(to, [1, 2, 3, 6, 7, 8, 17, 18, 19, 22, 23, 24]);
    }
}
