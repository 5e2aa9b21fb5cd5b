//! Finds races: two warps of a block at the same place of shared memory, one of them writing, with no barrier between; and two blocks
//! of a grid at the same place of other memory, where nothing puts an order on them.
//!
//! Kernels that are compiled with `race_check` have an observing op before every load, store and atomic that may reach such
//! memory; whole matrices and asynchronous copies, which compute addresses of their own, report to the detector themselves.
//! The shadow keeps, for every byte, who wrote it last and who has read it since the block's last barrier. Volatile and ordered
//! accesses are no races: programs use them to synchronise. Atomics do not race with each other.

use super::memory::{AccessKind, Range, SPACE_SHIFT, Space, resolve_each};
use super::op::{Op, OpFn, OpFns};
use super::shadow::Access;
use super::warp::Warp;

/// `a`, `imm` and `c` as in the access; `d` its kind, `b` its bytes per lane.
unsafe fn observe<const LEN: usize>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    let kind = match op.d {
        0 => AccessKind::Read,
        1 => AccessKind::Write,
        _ => AccessKind::Atomic,
    };
    let checked_as = if kind == AccessKind::Read { AccessKind::Read } else { AccessKind::Write };
    // SAFETY: the op's address operand is a copy of the access's own.
    let Some(address) = (unsafe { resolve_each::<LEN>(warp, op, space, mask, checked_as) }) else { return };
    if kind == AccessKind::Atomic {
        put_in_order(warp);
    }
    note_lanes(warp, op, kind, &address, mask, LEN as u64);
    if kind == AccessKind::Atomic {
        put_in_order(warp);
    }
}

/// Notes that an access puts an order on blocks.
unsafe fn observe_order(warp: &mut Warp, _: &Op, _: u32) {
    put_in_order(warp);
}

fn put_in_order(warp: &mut Warp) {
    // SAFETY: null, or the shadow of the block that the warp runs, which nobody else touches meanwhile.
    if let Some(shadow) = unsafe { warp.shadow.as_mut() } {
        shadow.put_in_order();
    }
}

/// Notes that the lanes of `mask` access `len_bytes` each at these addresses, which were admitted. Does nothing unless races
/// are looked for.
pub(crate) fn note_lanes(warp: &Warp, op: &Op, kind: AccessKind, address: &[u64; 32], mask: u32, len_bytes: u64) {
    if warp.shadow.is_null() {
        return;
    }
    for (lane, &address) in address.iter().enumerate() {
        if mask >> lane & 1 != 0 {
            note(warp, op, kind, address, len_bytes);
        }
    }
}

/// The same for one stretch of memory that the warp accesses as a whole.
pub(crate) fn note(warp: &Warp, op: &Op, kind: AccessKind, address: u64, len_bytes: u64) {
    let Range { start, end } = warp.view.shared;
    // SAFETY: null, or the shadow of the block that the warp runs, which nobody else touches meanwhile.
    let Some(shadow) = (unsafe { warp.shadow.as_mut() }) else { return };
    let access = Access { warp: warp.index, op: std::ptr::from_ref(op).addr(), kind };
    if (start..end).contains(&address) {
        shadow.observe(address - start, len_bytes, access);
    } else if warp.view.is_of_all_blocks(address) {
        shadow.observe_elsewhere(address, len_bytes, access);
    }
}

/// The op that observes an access of so many bytes per lane.
pub(crate) fn observer(len_bytes: u32) -> Option<OpFns> {
    let function: OpFn = match len_bytes {
        1 => observe::<1>,
        2 => observe::<2>,
        4 => observe::<4>,
        8 => observe::<8>,
        16 => observe::<16>,
        _ => return None,
    };
    Some(OpFns { full: function, masked: function })
}

/// The op that observes an access by which programs synchronise.
pub(crate) const ORDER: OpFns = OpFns { full: observe_order, masked: observe_order };

/// Whether other threads may reach what an access to this space does.
pub(crate) fn may_be_shared(space: Space) -> bool {
    matches!(space, Space::Shared | Space::Linear)
}
