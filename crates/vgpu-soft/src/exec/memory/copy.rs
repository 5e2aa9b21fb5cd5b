//! `cp.async`: global to shared memory, carried out when it is issued; waiting for it is then nothing to do.
//!
//! `a` shared address and `imm` its offset, `c` flags of it; `ext` list: global address, its offset (two halves), its
//! flags, bytes per lane, slot of the number of bytes to read or [`ALL_BYTES`].

use super::super::op::{Op, OpFns};
use super::super::race;
use super::super::warp::Warp;
use super::address::{resolve_each, resolve_each_at};
use super::space::{AccessKind, NARROW, Space};

/// In the place of the slot with the number of bytes to read: all of them.
pub(crate) const ALL_BYTES: u32 = u32::MAX;

unsafe fn copy<const LEN: usize>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the op's operand list has five entries.
    let [source, low, high, flags, count] = std::array::from_fn(|k| unsafe { op.operand(warp, k) });
    let imm = (u64::from(low) | u64::from(high) << 32).cast_signed();
    let count = if count == ALL_BYTES {
        [u32::MAX; 32]
    } else {
        // SAFETY: the list names a 32-bit register.
        unsafe { warp.lanes::<u32>(count) }
    };
    // Lanes that read nothing need no valid source.
    let mut reading = mask;
    for (lane, &count) in count.iter().enumerate() {
        if count == 0 {
            reading &= !(1 << lane);
        }
    }
    let shared = Space::SHARED;
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(to) = (unsafe { resolve_each::<LEN>(warp, op, shared, mask, AccessKind::Write) }) else { return };
    let from = if reading == 0 {
        Some([0; 32])
    } else {
        let narrow = flags & NARROW != 0;
        // SAFETY: as above.
        unsafe { resolve_each_at::<LEN>(warp, op, Space::LINEAR, source, imm, narrow, reading, AccessKind::Read) }
    };
    let Some(from) = from else { return };
    race::note_lanes(warp, op, AccessKind::Read, &from, reading, LEN as u64);
    race::note_lanes(warp, op, AccessKind::Write, &to, mask, LEN as u64);
    for lane in 0..32 {
        if (mask >> lane) & 1 == 0 {
            continue;
        }
        let mut bytes = [0u8; LEN];
        if (reading >> lane) & 1 != 0 {
            // SAFETY: the lane reads, so LEN bytes of its source were admitted.
            bytes = unsafe { (from[lane] as *const [u8; LEN]).read() };
            let count = LEN.min(count[lane] as usize);
            bytes[count..].fill(0);
        }
        // SAFETY: the lane is active, so LEN bytes of its destination were admitted.
        unsafe { (to[lane] as *mut [u8; LEN]).write(bytes) };
    }
}

/// The function for copies of so many bytes per lane.
pub(crate) fn select(len_bytes: u64) -> Option<OpFns> {
    let both = |function| Some(OpFns { full: function, masked: function });
    match len_bytes {
        4 => both(copy::<4>),
        8 => both(copy::<8>),
        16 => both(copy::<16>),
        _ => None,
    }
}
