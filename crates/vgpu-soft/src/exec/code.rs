//! What the lowering produces and the warp loop reads: ops in blocks, and slots to fill before a block starts.

use std::collections::HashMap;

use super::op::{Op, Slot};
use crate::ptx::ast::Width;

/// A kernel's ops. Positions in `ops` ("pc") also name places where fragments stand.
#[derive(Default)]
pub(crate) struct Code {
    pub(crate) ops: Vec<Op>,
    /// Slots of ops with operand lists.
    pub(crate) operands: Vec<u32>,
    /// In the order of their ops; the last one ends in an exit.
    pub(crate) blocks: Vec<Block>,
    /// By pc.
    pub(crate) block_of: Vec<u32>,
    /// By pc: the op runs for all live lanes together, or waits until they have arrived.
    pub(crate) is_collective: Vec<bool>,
    /// By pc: denormals are flushed here. Read only when `has_mixed_denormals`.
    pub(crate) flushes: Vec<bool>,
    pub(crate) has_mixed_denormals: bool,
    /// How the kernel starts.
    pub(crate) flush_denormals: bool,
    /// Warps of a block may wait for each other, so the order of their turns can be seen.
    pub(crate) has_barriers: bool,
    /// It calls `malloc` or `free`.
    pub(crate) allocates: bool,
    /// Compiled with observers of shared memory.
    pub(crate) watches_races: bool,
    pub(crate) constants: Vec<Constant>,
    pub(crate) specials: Vec<(Slot, Special)>,
    pub(crate) register_bytes: u32,
    /// By pc: index into `sources`.
    pub(crate) source_of: Vec<u32>,
    /// Line and opcode of the instructions that ops were made from.
    pub(crate) sources: Vec<(u32, Box<str>)>,
    /// What the text says of its lines: where they are from, as an index into `files` and a line there.
    pub(crate) locations: HashMap<u32, (usize, u32)>,
    pub(crate) files: Vec<Box<str>>,
}

/// Ops that run from the first to the last, and then a decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) start: u32,
    /// The terminator's pc, or the next block's start when there is none.
    pub(crate) end: u32,
    pub(crate) terminator: Terminator,
}

/// What ends a block. All but `Fall` take a pc of their own; their guards are as in [`Op::guard`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Terminator {
    Fall,
    /// To the start of a block, by its pc.
    Branch {
        target: u32,
        guard: i32,
    },
    /// `index` slot, and the table in `operands`: length, then pcs.
    Table {
        index: Slot,
        table: u32,
        guard: i32,
    },
    Exit {
        guard: i32,
    },
    Barrier {
        barrier: Barrier,
        guard: i32,
    },
    /// The op at `end` is a collective whose members the lanes of register `members` name.
    Collective {
        members: Slot,
    },
    /// `bar.warp.sync`
    WarpBarrier {
        members: Slot,
        guard: i32,
    },
}

/// One of the `bar`/`barrier` instructions. Operands are slots of 32-bit registers, the same in all lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Barrier {
    pub(crate) kind: BarrierKind,
    pub(crate) number: Slot,
    /// Threads that take part; all of the block when absent.
    pub(crate) threads: Option<Slot>,
}

/// What a barrier does besides counting threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarrierKind {
    Sync,
    /// Counts, but does not wait.
    Arrive,
    /// Combines predicates.
    Reduce {
        operation: Reduction,
        to: Slot,
        source: Slot,
        negated: bool,
    },
}

/// How a `bar.red` combines predicates. `Count` writes a 32-bit register, the others a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    And,
    Or,
    Count,
}

/// A slot that holds one value in all lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant {
    pub(crate) slot: Slot,
    pub(crate) width: Width,
    pub(crate) value: u64,
}

/// Special registers that do not change while a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Special {
    Tid(u8),
    Ntid(u8),
    Ctaid(u8),
    Nctaid(u8),
    LaneId,
    WarpId,
    WarpCount,
    SmId,
    SmCount,
    GridId,
    LaneMask(LaneMask),
    DynamicShared,
    TotalShared,
    /// Where a thread's local memory ends.
    LocalEnd,
    /// `%envregN`
    Environment(u8),
    /// 0 in every thread (cluster positions in a cluster of one).
    Zero,
    /// 1 in every thread (cluster sizes).
    One,
}

/// Which lanes a `%lanemask` register names, seen from the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LaneMask {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Code {
    /// Line and opcode of an op, by pc, and the line of the program's source, where the text says so.
    pub(crate) fn source(&self, pc: usize) -> (String, &str) {
        let found = self.source_of.get(pc).and_then(|&index| self.sources.get(index as usize));
        let (line, opcode) = found.map_or((0, ""), |(line, opcode)| (*line, &**opcode));
        let location = self.locations.get(&line).and_then(|&(file, line)| Some((self.files.get(file)?, line)));
        match location {
            Some((file, source_line)) => (format!("line {line} ({file}:{source_line})"), opcode),
            None => (format!("line {line}"), opcode),
        }
    }
}
