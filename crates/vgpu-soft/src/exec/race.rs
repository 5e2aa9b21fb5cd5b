//! Finds races in shared memory: two warps of a block at the same place, one of them writing, with no barrier between.
//!
//! Kernels that are compiled with `race_check` have an observing op before every load, store and atomic that may reach shared
//! memory; whole matrices and asynchronous copies, which compute addresses of their own, report to the detector themselves.
//! It keeps, for every byte, who wrote it last and who has read it since the block's last barrier. Volatile and ordered
//! accesses are not observed: programs use them to synchronise. Atomics do not race with each other.

use std::fmt;

use super::memory::{AccessKind, Range, SPACE_SHIFT, Space, resolve_each};
use super::op::{Op, OpFn, OpFns};
use super::warp::Warp;

/// Two accesses without order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Race {
    /// Offset in the block's shared memory.
    pub(crate) offset_bytes: u32,
    /// The earlier access and the later one: warp and position of the op.
    pub(crate) earlier: Access,
    pub(crate) later: Access,
}

/// Who accessed a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Access {
    pub(crate) warp: u32,
    pub(crate) op: usize,
    pub(crate) kind: Kind,
}

/// How.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    #[default]
    Read,
    Write,
    Atomic,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Atomic => "changes atomically",
        })
    }
}

/// What is known about a byte. Entries of earlier epochs mean nothing.
#[derive(Clone, Copy, Default)]
struct Byte {
    write_epoch: u32,
    read_epoch: u32,
    writer: Access,
    /// The last reader, and all warps that have read.
    reader: Access,
    readers: u32,
}

/// A block's shared memory as seen so far.
#[derive(Default)]
pub(crate) struct Shadow {
    bytes: Vec<Byte>,
    /// Counts barriers; 0 is before the first block.
    epoch: u32,
    pub(crate) found: Vec<Race>,
}

/// Races that one block reports; more say nothing new.
const FOUND_MAX: usize = 16;

impl Shadow {
    /// Forgets everything: a new block begins, or a barrier has put an order on what was before.
    pub(crate) fn pass_barrier(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.bytes.fill(Byte::default());
            self.epoch = 1;
        }
    }

    /// Makes room for so much shared memory.
    pub(crate) fn resize(&mut self, len_bytes: usize) {
        self.bytes.resize(len_bytes, Byte::default());
        self.pass_barrier();
    }

    fn observe(&mut self, offset_bytes: u64, len_bytes: u64, access: Access) {
        let epoch = self.epoch;
        for offset in offset_bytes..offset_bytes + len_bytes {
            let Some(byte) = usize::try_from(offset).ok().and_then(|offset| self.bytes.get_mut(offset)) else { return };
            let both_atomic = byte.writer.kind == Kind::Atomic && access.kind == Kind::Atomic;
            let mut earlier = None;
            if byte.write_epoch == epoch && byte.writer.warp != access.warp && !both_atomic {
                earlier = Some(byte.writer);
            }
            if access.kind == Kind::Read {
                byte.readers = if byte.read_epoch == epoch { byte.readers } else { 0 } | 1 << (access.warp & 31);
                byte.read_epoch = epoch;
                byte.reader = access;
            } else {
                let others = byte.readers & !(1 << (access.warp & 31));
                if byte.read_epoch == epoch && others != 0 && earlier.is_none() {
                    let last = byte.reader;
                    let warp = if last.warp == access.warp { others.trailing_zeros() } else { last.warp };
                    earlier = Some(Access { warp, ..last });
                }
                byte.write_epoch = epoch;
                byte.writer = access;
            }
            if let Some(earlier) = earlier {
                let race = Race { offset_bytes: u32::try_from(offset).unwrap_or(u32::MAX), earlier, later: access };
                let is_known = |known: &Race| known.earlier.op == earlier.op && known.later.op == access.op;
                if self.found.len() < FOUND_MAX && !self.found.iter().any(is_known) {
                    self.found.push(race);
                }
                return;
            }
        }
    }
}

/// `a`, `imm` and `c` as in the access; `d` its kind, `b` its bytes per lane.
unsafe fn observe<const LEN: usize>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    let kind = match op.d {
        0 => Kind::Read,
        1 => Kind::Write,
        _ => Kind::Atomic,
    };
    let checked_as = if kind == Kind::Read { AccessKind::Read } else { AccessKind::Write };
    // SAFETY: the op's address operand is a copy of the access's own.
    let Some(address) = (unsafe { resolve_each::<LEN>(warp, op, space, mask, checked_as) }) else { return };
    note_lanes(warp, op, kind, &address, mask, LEN as u64);
}

/// Notes that the lanes of `mask` access `len_bytes` each at these addresses, which were admitted. Does nothing unless races
/// are looked for.
pub(crate) fn note_lanes(warp: &Warp, op: &Op, kind: Kind, address: &[u64; 32], mask: u32, len_bytes: u64) {
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
pub(crate) fn note(warp: &Warp, op: &Op, kind: Kind, address: u64, len_bytes: u64) {
    let Range { start, end } = warp.view.shared;
    // SAFETY: null, or the shadow of the block that the warp runs, which nobody else touches meanwhile.
    let Some(shadow) = (unsafe { warp.shadow.as_mut() }) else { return };
    if (start..end).contains(&address) {
        let access = Access { warp: warp.index, op: std::ptr::from_ref(op).addr(), kind };
        shadow.observe(address - start, len_bytes, access);
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

/// Whether an access to this space may reach shared memory.
pub(crate) fn may_be_shared(space: Space) -> bool {
    matches!(space, Space::Shared | Space::Linear)
}
