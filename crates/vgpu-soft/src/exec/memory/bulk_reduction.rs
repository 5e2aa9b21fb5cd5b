//! `cp.reduce.async.bulk`: each element of a stretch is combined with one in shared memory, by an atomic of its own.
//!
//! Laid out as [`bulk`](super::bulk)'s copies.
//!
//! **Source:** PTX ISA, `cp.reduce.async.bulk`, with the table of operations and types.

use super::super::op::{Op, OpFns};
use super::super::warp::Warp;
use super::atomic::{Cell, Make, Rule, choose};
use super::bulk::Source;
use super::space::AccessKind;

unsafe fn reduce<T: Cell, O: Rule<T>, const LEN: usize>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller.
    let Some(from) = (unsafe { Source::of(warp, op, mask) }) else { return };
    // SAFETY: as the caller.
    let Some(to) = (unsafe { from.target(warp, op, AccessKind::Atomic) }) else { return };
    for lane in from.lanes() {
        let (source, target) = (from.starts[lane] as *const T, to[lane] as *mut T);
        for element in 0..from.len_bytes[lane] as usize / LEN {
            // SAFETY: so many bytes were admitted at both ends, aligned to more than an element.
            unsafe {
                let value = source.add(element).read();
                T::update(target.add(element), |old| O::next(old, value, value));
            }
        }
    }
}

struct Stretches;

impl Make for Stretches {
    type Made = OpFns;
    fn make<T: Cell, O: Rule<T>, const LEN: usize>() -> OpFns {
        OpFns { full: reduce::<T, O, LEN>, masked: reduce::<T, O, LEN> }
    }
}

/// Whether there is such a reduction of the shared memory of a cluster's blocks, in bulk or as `red.async`.
pub(crate) fn is_of_clusters(operation: &str, ty: &str) -> bool {
    matches!(
        (operation, ty),
        ("add", "u32" | "s32" | "u64")
            | ("min" | "max", "u32" | "s32")
            | ("inc" | "dec", "u32")
            | ("and" | "or" | "xor", "b32")
    )
}

/// Whether there is one of global memory only.
fn is_of_global(operation: &str, ty: &str) -> bool {
    matches!(
        (operation, ty),
        ("add", "f32" | "f64" | "f16" | "bf16")
            | ("min" | "max", "u64" | "s64" | "f16" | "bf16")
            | ("and" | "or" | "xor", "b64")
    )
}

/// The function for reductions into global memory, or into the shared memory of a cluster's block.
pub(crate) fn select(operation: &str, ty: &str, is_global: bool) -> Option<OpFns> {
    let is_there = is_of_clusters(operation, ty) || is_global && is_of_global(operation, ty);
    is_there.then(|| choose::<Stretches>(operation, ty)).flatten()
}
