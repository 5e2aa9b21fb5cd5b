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
    // SAFETY: as the caller.
    let Some((from, to)) = (unsafe { Source::of(warp, op, mask) }).and_then(|from| {
        // SAFETY: as the caller.
        let to = unsafe { from.target(warp, op, AccessKind::Write) };
        to.map(|to| (from, to))
    }) else {
        return;
    };
    for lane in from.lanes() {
        // SAFETY: so many bytes were admitted at both ends; `copy` allows overlap.
        unsafe { std::ptr::copy(from.starts[lane] as *const u8, to[lane] as *mut u8, from.len_bytes[lane] as usize) };
    }
}

/// What lanes copy from: checked stretches, each of its lane's length.
pub(super) struct Source {
    pub(super) starts: [u64; 32],
    pub(super) len_bytes: [u32; 32],
    /// Lanes that copy anything.
    moving: u32,
}

impl Source {
    /// The source of an op. `None` after a fault was recorded.
    ///
    /// # Safety
    /// As for an [`OpFn`](super::super::op::OpFn); the op is laid out as this file says.
    pub(super) unsafe fn of(warp: &mut Warp, op: &Op, mask: u32) -> Option<Self> {
        // SAFETY: the op's operand list has five entries.
        let [source, low, high, flags, len] = std::array::from_fn(|k| unsafe { op.operand(warp, k) });
        let imm = (u64::from(low) | u64::from(high) << 32).cast_signed();
        // SAFETY: the list names a 32-bit register.
        let len_bytes = unsafe { warp.lanes::<u32>(len) };
        let mut moving = 0;
        for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
            let len = len_bytes[lane as usize];
            if !len.is_multiple_of(UNIT_BYTES as u32) {
                let text = format!("a copy of {len} bytes, which are not a multiple of {UNIT_BYTES}");
                op.raise(warp, FaultKind::MisalignedAddress, lane, text);
                return None;
            }
            moving |= u32::from(len != 0) << lane;
        }
        // SAFETY: an op's address operand is as its lowering made it.
        let starts = unsafe { stretches(warp, op, (source, imm, flags), &len_bytes, moving, AccessKind::Read) }?;
        Some(Self { starts, len_bytes, moving })
    }

    /// Where the op's target stretches start, as long as the source's. `None` after a fault was recorded.
    ///
    /// # Safety
    /// As for [`Self::of`].
    pub(super) unsafe fn target(&self, warp: &mut Warp, op: &Op, kind: AccessKind) -> Option<[u64; 32]> {
        // SAFETY: an op's address operand is as its lowering made it.
        unsafe { stretches(warp, op, (op.a, op.imm, op.c), &self.len_bytes, self.moving, kind) }
    }

    /// The lanes that copy anything.
    pub(super) fn lanes(&self) -> impl Iterator<Item = usize> {
        let moving = self.moving;
        (0..32).filter(move |lane| moving >> lane & 1 != 0)
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
