//! What is known of the accesses of a launch's blocks to memory that they share, word by word, and the races that follow from it.
//!
//! Nothing puts an order on blocks but atomics and volatile, relaxed, acquire and release accesses. Each of them is taken for an
//! acquire and a release at once, of whatever memory: a block that does one is ordered behind all that others did before their last.
//! That is more order than there may be, so that no race is told of that is none; some are missed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use parking_lot::Mutex;

use super::memory::AccessKind;

/// Memory is watched in pieces of so many bytes, from the first access on.
const PAGE_BYTES: u64 = 4096;
const WORD_BYTES: u64 = 4;
/// Pages that are watched: 128 MiB of memory, by ten times as much.
const PAGES_MAX: usize = 1 << 15;
/// Pages are kept apart by number, so that workers seldom wait for each other.
const SHARDS: usize = 64;
/// Pairs of instructions that are told of; more say nothing new.
const FOUND_MAX: usize = 64;
/// No block has this number.
const NOBODY: u32 = u32::MAX;

/// Two accesses of different blocks without order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GridRace {
    pub(crate) address: u64,
    /// In the order in which they came.
    pub(crate) accesses: [GridAccess; 2],
}

/// Who accessed a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GridAccess {
    pub(crate) block: u32,
    /// The address of the op.
    pub(crate) op: usize,
    pub(crate) kind: AccessKind,
}

/// An access to some bytes of a word.
#[derive(Clone, Copy)]
struct Mark {
    block: u32,
    /// The time before it.
    stamp: u32,
    /// Which op of the kernel, from bit 6 on; which bytes, from bit 2 on; what it does.
    what: u32,
}

impl Mark {
    const NONE: Self = Self { block: NOBODY, stamp: 0, what: 0 };

    fn kind(self) -> AccessKind {
        match self.what & 3 {
            0 => AccessKind::Read,
            1 => AccessKind::Write,
            _ => AccessKind::Atomic,
        }
    }

    /// Whether the two are accesses of different blocks to the same bytes that may not come in either order.
    fn is_against(self, other: Self) -> bool {
        let is_atomic = |mark: Self| mark.kind() == AccessKind::Atomic;
        self.block != NOBODY
            && self.block != other.block
            && self.what & other.what & 0b11_1100 != 0
            && !(is_atomic(self) && is_atomic(other))
    }
}

/// What is known of a word: its last writer, and the last two blocks that have read it.
#[derive(Clone, Copy)]
struct Word {
    writer: Mark,
    readers: [Mark; 2],
}

type Page = Box<[Word]>;

/// The memory of a launch as its blocks have seen it so far.
pub(crate) struct GridShadow {
    /// Where the kernel's ops begin, and how many bytes each has.
    ops: usize,
    op_bytes: usize,
    pages: [Mutex<HashMap<u64, Page>>; SHARDS],
    /// Counts what puts an order on blocks.
    clock: AtomicU32,
    /// When each block did so.
    departures: Mutex<HashMap<u32, Vec<u32>>>,
    is_full: AtomicBool,
    found: Mutex<Vec<GridRace>>,
}

/// A block, and what it has come behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    block: u32,
    /// The time up to which other blocks' departures are known to it.
    arrived: u32,
    /// It has accessed something since it last departed.
    has_accessed: bool,
}

impl Visitor {
    /// A block that begins. Numbers that are too large for the shadow are one.
    pub(crate) fn new(block: u64) -> Self {
        Self { block: u32::try_from(block).unwrap_or(NOBODY - 1), arrived: 0, has_accessed: false }
    }
}

impl GridShadow {
    /// Of a kernel whose ops, of so many bytes each, begin at this address.
    pub(crate) fn new(ops: usize, op_bytes: usize) -> Self {
        Self {
            ops,
            op_bytes,
            pages: std::array::from_fn(|_| Mutex::default()),
            clock: AtomicU32::new(1),
            departures: Mutex::default(),
            is_full: AtomicBool::new(false),
            found: Mutex::default(),
        }
    }

    /// The block comes behind all that have departed, and departs.
    pub(crate) fn put_in_order(&self, visitor: &mut Visitor) {
        visitor.arrived = self.clock.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        if std::mem::take(&mut visitor.has_accessed) {
            self.departures.lock().entry(visitor.block).or_default().push(visitor.arrived);
        }
    }

    /// A block accesses so many bytes.
    pub(crate) fn observe(&self, visitor: &mut Visitor, address: u64, len_bytes: u64, op: usize, kind: AccessKind) {
        visitor.has_accessed = true;
        let stamp = self.clock.load(Ordering::Acquire);
        let index = u32::try_from(op.saturating_sub(self.ops) / self.op_bytes).unwrap_or(u32::MAX);
        let end = address.saturating_add(len_bytes);
        let mut next = address;
        while next < end {
            let word = next / WORD_BYTES * WORD_BYTES;
            let behind = end.min(word + WORD_BYTES);
            let bytes = (next..behind).fold(0, |bytes, byte| bytes | 1 << (byte - word));
            let what = index << 6 | bytes << 2 | kind as u32;
            self.observe_word(visitor, word, Mark { block: visitor.block, stamp, what });
            next = behind;
        }
    }

    fn observe_word(&self, visitor: &Visitor, address: u64, mark: Mark) {
        let number = address / PAGE_BYTES;
        let mut pages = self.pages[number as usize % SHARDS].lock();
        if !pages.contains_key(&number) {
            if pages.len() >= PAGES_MAX / SHARDS {
                if !self.is_full.swap(true, Ordering::Relaxed) {
                    log::warn!("racecheck: a kernel accesses more memory than is watched for races between its blocks");
                }
                return;
            }
            let nobody = Word { writer: Mark::NONE, readers: [Mark::NONE; 2] };
            pages.insert(number, vec![nobody; (PAGE_BYTES / WORD_BYTES) as usize].into_boxed_slice());
        }
        let Some(page) = pages.get_mut(&number) else { return };
        let word = &mut page[(address % PAGE_BYTES / WORD_BYTES) as usize];
        let is_read = mark.kind() == AccessKind::Read;
        let readers = if is_read { &[][..] } else { &word.readers };
        let others = readers.iter().chain([&word.writer]).copied();
        let earlier = others.into_iter().find(|&earlier| earlier.is_against(mark) && !self.is_behind(visitor, earlier));
        if is_read {
            if word.readers[0].block != mark.block {
                word.readers[1] = word.readers[0];
            }
            word.readers[0] = mark;
        } else {
            word.writer = mark;
        }
        drop(pages);
        if let Some(earlier) = earlier {
            self.tell(address, earlier, mark);
        }
    }

    /// Whether a block has come behind an access of another's.
    fn is_behind(&self, visitor: &Visitor, earlier: Mark) -> bool {
        let departures = self.departures.lock();
        let Some(times) = departures.get(&earlier.block) else { return false };
        let next = times.partition_point(|&time| time <= earlier.stamp);
        times.get(next).is_some_and(|&time| time <= visitor.arrived)
    }

    fn tell(&self, address: u64, earlier: Mark, later: Mark) {
        let access = |mark: Mark| GridAccess {
            block: mark.block,
            op: self.ops + (mark.what >> 6) as usize * self.op_bytes,
            kind: mark.kind(),
        };
        let race = GridRace { address, accesses: [access(earlier), access(later)] };
        let mut found = self.found.lock();
        let is_known =
            |known: &GridRace| known.accesses.map(|access| access.op) == race.accesses.map(|access| access.op);
        if found.len() < FOUND_MAX && !found.iter().any(is_known) {
            found.push(race);
        }
    }

    /// The races that nobody has asked for yet.
    pub(crate) fn take_found(&self) -> Vec<GridRace> {
        std::mem::take(&mut *self.found.lock())
    }
}
