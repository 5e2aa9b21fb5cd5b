//! `cp.async.bulk` to several blocks of a cluster: to the same place in the shared memory of each, whose barrier hears of it.
//!
//! The source is laid out as [`bulk`](super::bulk)'s; `a` target, a generic address in the memory of any of the blocks; behind the
//! list's five entries: the ranks of the blocks as a mask of 16 bits, and a barrier, as a generic address like the target.
//!
//! **Source:** PTX ISA, `cp.async.bulk`, `.multicast::cluster`.

use super::super::fault::FaultKind;
use super::super::op::{Op, OpFns};
use super::super::warp::Warp;
use super::bulk::Source;
use super::mbarrier;

/// The op.
pub(crate) const COPY: OpFns = OpFns { full: copy, masked: copy };
/// Length of a barrier.
const BARRIER_BYTES: u64 = 8;

unsafe fn copy(warp: &mut Warp, op: &Op, mask: u32) {
    if warp.fault.is_some() {
        // One of the two addresses could not be made generic.
        return;
    }
    // SAFETY: as the caller.
    let Some(from) = (unsafe { Source::of(warp, op, mask) }) else { return };
    // SAFETY: the list names a 16-bit register.
    let blocks = unsafe { warp.lanes::<u16>(op.operand(warp, 5)) };
    // SAFETY: the target and the list's barrier are 64-bit registers.
    let (targets, barriers) = unsafe { (warp.lanes::<u64>(op.a), warp.lanes::<u64>(op.operand(warp, 6))) };
    let cluster = warp.view.cluster;
    for lane in from.lanes() {
        let len = u64::from(from.len_bytes[lane]);
        let fail = |warp: &mut Warp, kind: FaultKind, text: String| {
            op.raise(warp, kind, u32::try_from(lane).unwrap_or(0), text);
        };
        if targets[lane] % 16 != 0 || barriers[lane] % BARRIER_BYTES != 0 {
            let text = "a copy to several blocks whose target or barrier is not aligned".to_owned();
            return fail(warp, FaultKind::MisalignedAddress, text);
        }
        for rank in (0..16).filter(|rank| blocks[lane] >> rank & 1 != 0) {
            let target = cluster.place_like(targets[lane], rank, len);
            let barrier = cluster.place_like(barriers[lane], rank, BARRIER_BYTES);
            let (target, barrier) = match (target, barrier) {
                (Ok(target), Ok(barrier)) => (target, barrier),
                (Err(text), _) | (_, Err(text)) => {
                    return fail(warp, FaultKind::IllegalAddress, format!("a copy to {text}"));
                }
            };
            // SAFETY: so many bytes are there at both ends; `copy` allows overlap.
            unsafe { std::ptr::copy(from.starts[lane] as *const u8, target as *mut u8, from.len_bytes[lane] as usize) };
            // SAFETY: a barrier's bytes are there, aligned.
            unsafe { mbarrier::complete_bytes(barrier as *mut u64, len) };
        }
    }
}
