//! Boxes that a graph copies from or to pageable memory, which is read or written when the node runs.

use vgpu_core::wire::messages::{SOURCE_IN_WINDOW, TARGET_IN_WINDOW};
use vgpu_core::{CuError, CuResult};

use super::box3::Box3;
use super::graph_wire::Encoder;
use super::host_call::Action;
use super::host_copy::{Bounce, Rows, RowsCopy};
use super::place::{Memory, Place};
use super::process::process;

/// A box to copy in a graph, with pageable memory at one end or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageableBox {
    copy: Box3,
    target: Place,
    source: Place,
}

impl PageableBox {
    /// From there to there.
    pub(crate) fn new(copy: Box3, target: Place, source: Place) -> Self {
        Self { copy, target, source }
    }

    /// A row of `len` bytes.
    pub(crate) fn row(target: Place, source: Place, len: usize) -> Self {
        Self { copy: Box3::row(target.address, source.address, len as u64), target, source }
    }

    /// Appends what the guest does and what the executor does.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` without pinned memory for the bytes, else those of the encoder.
    pub(crate) fn encode(&self, after: &[u32], out: &mut Encoder) -> CuResult {
        let Self { copy, target, source } = *self;
        let to = Rows { address: target.address, pitch: copy.target.pitch, slice: copy.target.slice };
        let from = Rows { address: source.address, pitch: copy.source.pitch, slice: copy.source.slice };
        let rows = |target, source, bounce| {
            let Box3 { width, height, depth, .. } = copy;
            Action::Copy(RowsCopy { target, source, width, height, depth, _bounce: bounce })
        };
        match (target.memory, source.memory) {
            (Memory::Pageable, Memory::Pageable) => out.call(rows(to, from, None), after),
            (_, Memory::Pageable) => {
                let (bounce, packed) = bounce(&copy)?;
                let message = copy.packed(SOURCE_IN_WINDOW, target.address, bounce.offset());
                out.call(rows(packed, from, Some(bounce)), after)?;
                message.encode(&[out.node_count() - 1], out)
            }
            (Memory::Pageable, _) => {
                let (bounce, packed) = bounce(&copy)?;
                copy.packed(TARGET_IN_WINDOW, bounce.offset(), source.address).encode(after, out)?;
                out.call(rows(to, packed, Some(bounce)), &[out.node_count() - 1])
            }
            _ => copy.message(target.address, source.address).encode(after, out),
        }
    }
}

/// Pinned memory that holds all rows of a box without gaps.
fn bounce(copy: &Box3) -> CuResult<(Bounce, Rows)> {
    let slice = copy.width.checked_mul(copy.height).ok_or(CuError::OUT_OF_MEMORY)?;
    let len_bytes = slice.checked_mul(copy.depth).and_then(|len_bytes| usize::try_from(len_bytes).ok());
    let bounce = Bounce::new(process()?, len_bytes.ok_or(CuError::OUT_OF_MEMORY)?)?;
    let rows = Rows { address: bounce.address(), pitch: copy.width, slice };
    Ok((bounce, rows))
}
