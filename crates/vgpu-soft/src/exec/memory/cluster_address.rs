//! Addresses of a cluster's window and generic ones, made from each other.

use super::super::fault::FaultKind;
use super::super::op::{Op, OpFn, OpFns};
use super::super::warp::Warp;
use super::address::low_halves;
use super::cluster::Cluster;
use super::space::NARROW;

const fn both(function: OpFn) -> OpFns {
    OpFns { full: function, masked: function }
}

/// `d`: the generic address for the one that an access to the window names as [`super::atomic`]'s ops do; it must lie in memory of
/// the cluster.
pub(crate) const REACH: OpFns = both(reach);
/// `mapa` of 32 bits in the window: `a` address, `b` rank, `d` address.
pub(crate) const MAP: OpFns = both(map);
/// `mapa` of generic addresses.
pub(crate) const MAP_GENERIC: OpFns = both(map_generic);
/// `getctarank` of the window: 32 bits of `a`.
pub(crate) const RANK: OpFns = both(rank);
/// `getctarank` of generic addresses.
pub(crate) const RANK_GENERIC: OpFns = both(rank_generic);
/// `cvta.shared`
pub(crate) const GENERIC_FROM_SHARED: OpFns = both(generic_from_shared);
/// `cvta.to.shared`
pub(crate) const SHARED_FROM_GENERIC: OpFns = both(shared_from_generic);

unsafe fn reach(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the op's address register is as its flags say.
    let base = unsafe { low_halves(warp, op.a, op.c & NARROW != 0) };
    let cluster = warp.view.cluster;
    #[expect(clippy::cast_possible_truncation, reason = "spaces that count from 0 are addressed modulo 2^32")]
    let add = op.imm as u32;
    for lane in (0..32u32).filter(|lane| mask >> lane & 1 != 0) {
        let (rank, offset) = cluster.split(base[lane as usize].wrapping_add(add));
        match cluster.place(rank, offset, 1) {
            // SAFETY: `d` is a 64-bit register.
            Ok(address) => unsafe { *warp.place::<u64>(op.d).add(lane as usize) = address },
            Err(text) => return op.raise(warp, FaultKind::IllegalAddress, lane, format!("an access to {text}")),
        }
    }
}

/// Sets `d` of each active lane to `value(cluster, a, b)`.
///
/// # Safety
/// `a`, `b` and `d` are registers of these widths.
unsafe fn set_each<A: Copy, B: Copy, D>(warp: &mut Warp, op: &Op, mask: u32, value: impl Fn(&Cluster, A, B) -> D) {
    // SAFETY: the caller's slots.
    let (a, b) = unsafe { (warp.lanes::<A>(op.a), warp.lanes::<B>(op.b)) };
    let cluster = warp.view.cluster;
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        // SAFETY: as above; a register has 32 lanes.
        unsafe { *warp.place::<D>(op.d).add(lane) = value(&cluster, a[lane], b[lane]) };
    }
}

unsafe fn map(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: three 32-bit registers.
    unsafe { set_each(warp, op, mask, |cluster, address: u32, rank: u32| cluster.join(rank, address)) }
}

unsafe fn map_generic(warp: &mut Warp, op: &Op, mask: u32) {
    let value = |cluster: &Cluster, address: u64, rank: u32| match cluster.find(address) {
        Some((_, offset)) if rank < cluster.blocks => cluster.stretch(rank).start + u64::from(offset),
        // Nothing lies there, which whoever accesses it is told.
        _ => 0,
    };
    // SAFETY: two 64-bit registers around one of 32.
    unsafe { set_each(warp, op, mask, value) }
}

unsafe fn rank(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: 32-bit registers; `b` is `a`.
    unsafe { set_each(warp, op, mask, |cluster, address: u32, _: u32| cluster.split(address).0) }
}

unsafe fn rank_generic(warp: &mut Warp, op: &Op, mask: u32) {
    let value = |cluster: &Cluster, address: u64, _: u64| cluster.find(address).map_or(u32::MAX, |(rank, _)| rank);
    // SAFETY: `a` is a 64-bit register, and `b` the same; `d` is one of 32.
    unsafe { set_each(warp, op, mask, value) }
}

unsafe fn generic_from_shared(warp: &mut Warp, op: &Op, mask: u32) {
    if warp.view.cluster.blocks == 1 {
        let start = warp.view.shared.start;
        // SAFETY: 64-bit registers; `b` is `a`.
        return unsafe { set_each(warp, op, mask, |_, address: u64, _: u64| address.wrapping_add(start)) };
    }
    // SAFETY: 64-bit registers; `b` is `a`.
    unsafe { set_each(warp, op, mask, |cluster, address: u64, _: u64| cluster.generic(address)) }
}

unsafe fn shared_from_generic(warp: &mut Warp, op: &Op, mask: u32) {
    if warp.view.cluster.blocks == 1 {
        let start = warp.view.shared.start;
        // SAFETY: as above.
        return unsafe { set_each(warp, op, mask, |_, address: u64, _: u64| address.wrapping_sub(start)) };
    }
    // SAFETY: as above.
    unsafe { set_each(warp, op, mask, |cluster, address: u64, _: u64| cluster.shared(address)) }
}
