//! The state of one warp: its register block, its fragments, its view of memory, and what went wrong. It knows no ops: they are
//! run on it.
//!
//! A warp's registers are one block of memory, structure of arrays: a slot is a byte offset into it and holds 32
//! lanes' values (a predicate: one u32 mask). B16 slots are 64 bytes, B32 128, B64 256, all 64-byte aligned;
//! predicate slots are 4 bytes, 4-byte aligned.

use super::allocator::Allocator;
use super::fault::FaultKind;
use super::memory::View;
use super::print::Assertion;
use super::shadow::Shadow;
use super::stray::Refuge;
use crate::ir::Slot;

/// The guard of what all lanes do.
pub(crate) const NO_GUARD: i32 = -1;

/// One warp: registers, fragments, and where its block's memory lies.
pub(crate) struct Warp {
    /// The register block.
    pub(crate) registers: *mut u8,
    /// The kernel's operand lists, for ops with more than four operands.
    pub(crate) operands: *const u32,
    /// What it may read and write.
    pub(crate) view: View,
    /// Lanes that have not exited.
    pub(crate) live: u32,
    /// Lanes that stand at different places. Their masks are disjoint and together `live`.
    pub(crate) fragments: Fragments,
    /// Which warp of its block this is.
    pub(crate) index: u32,
    /// Turns in which fragments were chosen by lowest position although others could run.
    pub(crate) impatience: u32,
    /// The lane that goes first for `favor_left` more ops, once patience has ended.
    pub(crate) favored: u32,
    pub(crate) favor_left: u32,
    /// The first failure; checked at the end of every run of ops.
    pub(crate) fault: Option<Box<WarpFault>>,
    /// What this warp has executed since its block began.
    pub(crate) warp_instructions: u64,
    /// As above, times active lanes.
    pub(crate) thread_instructions: u64,
    /// Watches the block's shared memory for races; null when nobody does.
    pub(crate) shadow: *mut Shadow,
    /// Takes in lanes that go astray; null where they end the launch.
    pub(crate) refuge: *mut Refuge,
    /// What `malloc` takes memory from; null when there is none.
    pub(crate) allocator: *const Allocator,
    /// Takes `printf` text.
    pub(crate) output: *const dyn super::print::Sink,
}

/// A failure, as the op saw it; the launch adds names.
pub(crate) struct WarpFault {
    pub(crate) kind: FaultKind,
    /// The address of the op whose it was, among the kernel's.
    pub(crate) op: usize,
    pub(crate) lane: u32,
    /// The address, and what it was taken for.
    pub(crate) text: String,
    pub(crate) assertion: Option<Assertion>,
}

/// Why a fragment does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    /// At a collective whose other members have not arrived.
    Parked,
    /// At a collective that it executes although members are missing, because nothing else can happen.
    Forced,
    /// At `bar.warp.sync`.
    AtWarpBarrier,
    /// At a block barrier with this number.
    AtBarrier(u8),
}

/// Lanes that are at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// The next op, as a position in the kernel's ops.
    pub(crate) pc: u32,
    pub(crate) mask: u32,
    pub(crate) state: State,
}

/// At most one fragment per lane.
pub(crate) struct Fragments {
    list: [Fragment; 32],
    len: usize,
}

impl Fragments {
    pub(crate) const fn new() -> Self {
        Self { list: [Fragment { pc: 0, mask: 0, state: State::Ready }; 32], len: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[Fragment] {
        &self.list[..self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [Fragment] {
        &mut self.list[..self.len]
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a fragment of at least one lane that no other has.
    pub(crate) fn push(&mut self, fragment: Fragment) {
        debug_assert!(self.len < 32 && fragment.mask != 0, "disjoint masks of a lane or more: no more than 32");
        if let Some(place) = self.list.get_mut(self.len) {
            *place = fragment;
            self.len += 1;
        }
    }

    /// Removes one; the order of the others changes.
    pub(crate) fn swap_remove(&mut self, index: usize) -> Fragment {
        let removed = self.list[index];
        self.len -= 1;
        self.list[index] = self.list[self.len];
        removed
    }
}

/// Takes the text of warps that run outside a launch.
static STDIO: super::print::Stdio = super::print::Stdio;

impl Warp {
    /// A warp of 32 live lanes with a register block and nothing else: it can run ops that touch registers only.
    pub(crate) fn bare(registers: *mut u8, operands: *const u32) -> Self {
        Self {
            registers,
            operands,
            view: View::empty(),
            live: !0,
            fragments: Fragments::new(),
            index: 0,
            impatience: 0,
            favored: 0,
            favor_left: 0,
            fault: None,
            warp_instructions: 0,
            thread_instructions: 0,
            shadow: std::ptr::null_mut(),
            refuge: std::ptr::null_mut(),
            allocator: std::ptr::null(),
            output: std::ptr::from_ref(&STDIO),
        }
    }

    /// Reads a predicate's mask.
    ///
    /// # Safety
    /// `slot` is a predicate's slot in this warp's register block.
    #[inline(always)]
    pub(crate) unsafe fn predicate(&self, slot: Slot) -> u32 {
        // SAFETY: the caller's slot lies in the block, aligned to 4.
        unsafe { *self.registers.add(slot as usize).cast::<u32>() }
    }

    /// Sets a predicate for the lanes in `mask`.
    ///
    /// # Safety
    /// As for [`Self::predicate`].
    #[inline(always)]
    pub(crate) unsafe fn set_predicate(&mut self, slot: Slot, mask: u32, value: u32) {
        // SAFETY: the caller's slot lies in the block, aligned to 4.
        let place = unsafe { &mut *self.registers.add(slot as usize).cast::<u32>() };
        *place = (*place & !mask) | (value & mask);
    }

    /// The lanes of `mask` for which a guard holds: [`NO_GUARD`], or a predicate's slot * 2 + (1 if negated).
    ///
    /// # Safety
    /// A guard other than `NO_GUARD` names a predicate's slot in this warp's register block.
    #[inline(always)]
    pub(crate) unsafe fn guarded(&self, guard: i32, mask: u32) -> u32 {
        if guard < 0 {
            return mask;
        }
        // SAFETY: the caller's guard names a predicate's slot.
        let value = unsafe { self.predicate(guard.cast_unsigned() >> 1) };
        mask & if guard & 1 != 0 { !value } else { value }
    }

    /// All lanes' values of a register.
    ///
    /// # Safety
    /// `slot` holds a register of `T`'s width (32 values) in this warp's register block.
    #[inline(always)]
    pub(crate) unsafe fn lanes<T: Copy>(&self, slot: Slot) -> [T; 32] {
        // SAFETY: the caller's slot lies in the block, aligned to 64.
        unsafe { *self.registers.add(slot as usize).cast::<[T; 32]>() }
    }

    /// The place of a register.
    ///
    /// # Safety
    /// `slot` lies in this warp's register block.
    #[inline(always)]
    pub(crate) unsafe fn place<T>(&self, slot: Slot) -> *mut T {
        // SAFETY: the caller's slot lies in the block.
        unsafe { self.registers.add(slot as usize).cast() }
    }
}
