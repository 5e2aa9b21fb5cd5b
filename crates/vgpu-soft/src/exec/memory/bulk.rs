//! `cp.async.bulk`: stretches between global and shared memory, carried out when they are asked for.
//!
//! `a` target address and `imm` its offset, `c` its flags and space; `ext` list: source address, its offset (two halves), its
//! flags and space, slot of the number of bytes.

use super::super::fault::FaultKind;
use super::super::op::{Op, OpFns};
use super::super::warp::Warp;
use super::address::resolve_each_at;
use super::space::{AccessKind, NARROW, SPACE_SHIFT, Space};

/// What addresses and lengths are multiples of.
const UNIT_BYTES: usize = 16;

/// The op.
pub(crate) const COPY: OpFns = OpFns { full: copy, masked: copy };

unsafe fn copy(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the op's operand list has five entries.
    let [source, low, high, flags, len] = std::array::from_fn(|k| unsafe { op.operand(warp, k) });
    let imm = (u64::from(low) | u64::from(high) << 32).cast_signed();
    // SAFETY: the list names a 32-bit register.
    let len = unsafe { warp.lanes::<u32>(len) };
    let mut moving = 0;
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        if !len[lane as usize].is_multiple_of(UNIT_BYTES as u32) {
            let text = format!("a copy of {} bytes, which are not a multiple of {UNIT_BYTES}", len[lane as usize]);
            return op.raise(warp, FaultKind::MisalignedAddress, lane, text);
        }
        moving |= u32::from(len[lane as usize] != 0) << lane;
    }
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(to) = (unsafe { stretches(warp, op, (op.a, op.imm, op.c), &len, moving, AccessKind::Write) }) else {
        return;
    };
    // SAFETY: as above.
    let from = unsafe { stretches(warp, op, (source, imm, flags), &len, moving, AccessKind::Read) };
    let Some(from) = from else { return };
    for lane in (0..32).filter(|lane| moving >> lane & 1 != 0) {
        // SAFETY: so many bytes were admitted at both ends; `copy` allows overlap.
        unsafe { std::ptr::copy(from[lane] as *const u8, to[lane] as *mut u8, len[lane] as usize) };
    }
}

/// Where each active lane's stretch starts, checked to its end. `None` after a fault was recorded.
///
/// # Safety
/// `slot` is an address register as the flags say.
unsafe fn stretches(
    warp: &mut Warp,
    op: &Op,
    (slot, imm, flags): (u32, i64, u32),
    len: &[u32; 32],
    mask: u32,
    kind: AccessKind,
) -> Option<[u64; 32]> {
    if mask == 0 {
        return Some([0; 32]);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (flags >> SPACE_SHIFT) as u8;
    let is_narrow = flags & NARROW != 0;
    // SAFETY: the caller's address operand.
    let starts = unsafe { resolve_each_at::<UNIT_BYTES>(warp, op, space, slot, imm, is_narrow, mask, kind) }?;
    for lane in (0..32u32).filter(|lane| mask >> lane & 1 != 0) {
        let (start, len) = (starts[lane as usize], u64::from(len[lane as usize]));
        let is_admitted = match space {
            Space::SHARED => warp.view.shared.covers(start, start, len),
            _ => warp.view.admits(start, len, kind),
        };
        if !is_admitted {
            let text = format!("a copy of {len} bytes that passes the end of where it starts");
            op.raise(warp, FaultKind::IllegalAddress, lane, text);
            return None;
        }
    }
    Some(starts)
}
