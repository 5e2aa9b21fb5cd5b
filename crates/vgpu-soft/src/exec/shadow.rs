//! What is known of the accesses to a block's shared memory, byte by byte, and the races that follow from it. What the block does to
//! other memory goes to the launch's shadow.

use std::sync::Arc;

use super::grid_shadow::{GridShadow, Visitor};
use super::memory::AccessKind;

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
    pub(crate) kind: AccessKind,
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
pub(crate) struct Shadow {
    grid: Arc<GridShadow>,
    visitor: Visitor,
    bytes: Vec<Byte>,
    /// Counts barriers; 0 is before the first block.
    epoch: u32,
    pub(crate) found: Vec<Race>,
}

/// Races that one block reports; more say nothing new.
const FOUND_MAX: usize = 16;

impl Shadow {
    /// Of a block with so much shared memory, in a launch with such a shadow.
    pub(crate) fn new(grid: Arc<GridShadow>, len_bytes: usize) -> Self {
        let bytes = vec![Byte::default(); len_bytes];
        Self { grid, visitor: Visitor::new(0), bytes, epoch: 1, found: Vec::new() }
    }

    /// A block begins.
    pub(crate) fn start(&mut self, block: u64) {
        self.visitor = Visitor::new(block);
        self.pass_barrier();
    }

    /// Forgets everything about shared memory: a new block begins, or a barrier has put an order on what was before.
    pub(crate) fn pass_barrier(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.bytes.fill(Byte::default());
            self.epoch = 1;
        }
    }

    /// An access to memory that all blocks share.
    pub(crate) fn observe_elsewhere(&mut self, address: u64, len_bytes: u64, access: Access) {
        let Self { grid, visitor, .. } = self;
        grid.observe(visitor, address, len_bytes, access.op, access.kind);
    }

    /// What puts an order on blocks.
    pub(crate) fn put_in_order(&mut self) {
        self.grid.put_in_order(&mut self.visitor);
    }

    pub(crate) fn observe(&mut self, offset_bytes: u64, len_bytes: u64, access: Access) {
        let epoch = self.epoch;
        for offset in offset_bytes..offset_bytes + len_bytes {
            let Some(byte) = usize::try_from(offset).ok().and_then(|offset| self.bytes.get_mut(offset)) else { return };
            let both_atomic = byte.writer.kind == AccessKind::Atomic && access.kind == AccessKind::Atomic;
            let mut earlier = None;
            if byte.write_epoch == epoch && byte.writer.warp != access.warp && !both_atomic {
                earlier = Some(byte.writer);
            }
            if access.kind == AccessKind::Read {
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
