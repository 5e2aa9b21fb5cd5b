//! Barriers in shared memory that count arrivals and bytes: `mbarrier`.
//!
//! PTX leaves open what the 64 bits hold. Here they are arrivals that are still expected in this phase, those of each phase, and
//! bytes that are still expected; the topmost bit is the phase's parity. A token is the barrier as an arrival has found it.
//!
//! Arrivals, waits that do not wait: whoever waits asks again. Ops are laid out as [`atomic`](super::atomic)'s.
//!
//! **Source:** PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier".

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::op::{Op, OpFn, OpFns};
use super::super::warp::Warp;
use super::address::resolve_each;
use super::atomic::{Cell, Rule, run};
use super::space::{AccessKind, SPACE_SHIFT};

/// The most that a barrier counts.
const COUNT_MASK: u64 = (1 << 20) - 1;
const EXPECTED_SHIFT: u32 = 20;
const BYTES_SHIFT: u32 = 40;
const BYTES_MASK: u64 = (1 << 22) - 1;
const PARITY: u64 = 1 << 63;

/// A barrier's counts.
#[derive(Clone, Copy)]
struct Counts {
    pending: u64,
    expected: u64,
    bytes: u64,
    parity: u64,
}

impl Counts {
    fn of(word: u64) -> Self {
        Self {
            pending: word & COUNT_MASK,
            expected: word >> EXPECTED_SHIFT & COUNT_MASK,
            bytes: word >> BYTES_SHIFT & BYTES_MASK,
            parity: word & PARITY,
        }
    }

    /// The word; of the next phase, if nothing more is expected.
    fn settled(mut self) -> u64 {
        if self.pending & COUNT_MASK == 0 && self.bytes & BYTES_MASK == 0 {
            self.parity ^= PARITY;
            self.pending = self.expected;
        }
        self.word()
    }

    fn word(self) -> u64 {
        let Self { pending, expected, bytes, parity } = self;
        parity | (bytes & BYTES_MASK) << BYTES_SHIFT | (expected & COUNT_MASK) << EXPECTED_SHIFT | pending & COUNT_MASK
    }

    fn arrived(self, count: u64) -> Self {
        Self { pending: self.pending.wrapping_sub(count), ..self }
    }

    fn with_bytes(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.wrapping_add(bytes), ..self }
    }
}

macro_rules! rules {
    ($($name:ident: |$old:ident, $a:ident, $b:ident| $next:expr;)*) => {$(
        struct $name;
        impl Rule<u64> for $name {
            #[inline(always)]
            fn next($old: u64, $a: u64, $b: u64) -> u64 {
                let _ = ($old, $a, $b);
                $next
            }
        }
    )*};
}

rules! {
    Init: |old, count, b| Counts { pending: count, expected: count, bytes: 0, parity: 0 }.word();
    Inval: |old, a, b| 0;
    Arrive: |old, count, b| Counts::of(old).arrived(count).settled();
    ArriveDrop: |old, count, b| {
        let counts = Counts::of(old);
        Counts { expected: counts.expected.wrapping_sub(count), ..counts }.arrived(count).settled()
    };
    ArriveExpect: |old, bytes, b| Counts::of(old).with_bytes(bytes).arrived(1).settled();
    ArriveDropExpect: |old, bytes, b| {
        let counts = Counts::of(old).with_bytes(bytes);
        Counts { expected: counts.expected.wrapping_sub(1), ..counts }.arrived(1).settled()
    };
    ExpectBytes: |old, bytes, b| Counts::of(old).with_bytes(bytes).word();
    CompleteBytes: |old, bytes, b| Counts::of(old).with_bytes(bytes.wrapping_neg()).settled();
}

/// Tells a barrier of bytes that have come.
///
/// # Safety
/// `barrier` is valid for writes and aligned to 8.
pub(super) unsafe fn complete_bytes(barrier: *mut u64, bytes: u64) {
    // SAFETY: the caller vouches for the barrier.
    unsafe { u64::update(barrier, |old| CompleteBytes::next(old, bytes, 0)) };
}

/// What changes a barrier. The first operand is a number of arrivals or of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Init,
    Inval,
    Arrive,
    ArriveDrop,
    ArriveExpect,
    ArriveDropExpect,
    ExpectBytes,
    CompleteBytes,
}

impl Change {
    /// Its op.
    pub(crate) fn fns(self) -> OpFns {
        let function: OpFn = match self {
            Self::Init => run::<_, Init, 8>,
            Self::Inval => run::<_, Inval, 8>,
            Self::Arrive => run::<_, Arrive, 8>,
            Self::ArriveDrop => run::<_, ArriveDrop, 8>,
            Self::ArriveExpect => run::<_, ArriveExpect, 8>,
            Self::ArriveDropExpect => run::<_, ArriveDropExpect, 8>,
            Self::ExpectBytes => run::<_, ExpectBytes, 8>,
            Self::CompleteBytes => run::<_, CompleteBytes, 8>,
        };
        OpFns { full: function, masked: function }
    }
}

/// Whether a token's phase is over. `ext` list: predicate, token.
pub(crate) const TEST: OpFns = OpFns { full: test_token, masked: test_token };
/// Whether the phase of a parity is over: 32 bits in the token's place.
pub(crate) const TEST_PARITY: OpFns = OpFns { full: test_parity, masked: test_parity };
/// How many arrivals a token's barrier expected: `d` of `a`.
pub(crate) const PENDING_COUNT: OpFns = OpFns { full: pending_count, masked: pending_count };

unsafe fn test_token(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller; the list has a second slot, of 64 bits.
    let tokens = unsafe { warp.lanes::<u64>(op.operand(warp, 1)) };
    // SAFETY: as the caller.
    unsafe { test(warp, op, mask, |lane| tokens[lane] & PARITY) }
}

unsafe fn test_parity(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller; the list has a second slot, of 32 bits.
    let parities = unsafe { warp.lanes::<u32>(op.operand(warp, 1)) };
    // SAFETY: as the caller.
    unsafe { test(warp, op, mask, |lane| if parities[lane] & 1 == 0 { 0 } else { PARITY }) }
}

/// Sets the predicate of each lane whose barrier has another parity.
///
/// # Safety
/// As for an [`OpFn`].
unsafe fn test(warp: &mut Warp, op: &Op, mask: u32, parity: impl Fn(usize) -> u64) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(address) = (unsafe { resolve_each::<8>(warp, op, space, mask, AccessKind::Atomic) }) else { return };
    let mut over = 0;
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        // SAFETY: the lane is active, so its address was admitted, aligned to 8.
        let barrier = unsafe { AtomicU64::from_ptr(address[lane] as *mut u64) };
        over |= u32::from(barrier.load(Ordering::Acquire) & PARITY != parity(lane)) << lane;
    }
    // SAFETY: the first slot of the list is a predicate's.
    unsafe { warp.set_predicate(op.operand(warp, 0), mask, over) }
}

unsafe fn pending_count(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `a` is a register of 64 bits.
    let tokens = unsafe { warp.lanes::<u64>(op.a) };
    // SAFETY: `d` is a register of 32 bits.
    let to = unsafe { warp.place::<u32>(op.d) };
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        #[expect(clippy::cast_possible_truncation, reason = "20 bits")]
        let count = Counts::of(tokens[lane]).pending as u32;
        // SAFETY: a register has 32 lanes.
        unsafe { *to.add(lane) = count };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_over_when_nothing_more_is_expected() {
        let mut word = Init::next(7, 3, 0);
        for expected in [2, 1] {
            word = Arrive::next(word, 1, 0);
            assert_eq!((Counts::of(word).pending, word & PARITY), (expected, 0));
        }
        word = ArriveExpect::next(word, 100, 0);
        assert_eq!((Counts::of(word).pending, word & PARITY), (0, 0));
        word = CompleteBytes::next(word, 60, 0);
        assert_eq!(word & PARITY, 0);
        word = CompleteBytes::next(word, 40, 0);
        assert_eq!((Counts::of(word).pending, word & PARITY), (3, PARITY));
        word = ArriveDrop::next(word, 1, 0);
        word = Arrive::next(word, 2, 0);
        assert_eq!((Counts::of(word).pending, word & PARITY), (2, 0));
    }

    #[test]
    fn bytes_may_be_complete_before_they_are_expected() {
        let word = CompleteBytes::next(Init::next(0, 1, 0), 16, 0);
        assert_eq!(word & PARITY, 0);
        assert_eq!(ArriveExpect::next(word, 16, 0) & PARITY, PARITY);
    }
}
