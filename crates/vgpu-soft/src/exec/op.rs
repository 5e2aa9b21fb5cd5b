//! One decoded instruction as the warp loop runs it, and what a lane function may rely on.
//!
//! Constants and special registers are slots that are filled before the kernel starts, so lane functions never ask what kind
//! of operand they have.

use super::fault::FaultKind;
use super::warp::{Warp, WarpFault};

pub(crate) use crate::ir::Slot;

/// Executes one op for the lanes in `mask` (never 0).
///
/// # Safety
/// `warp.registers` leads to a register block in which every slot that `op` names lies whole and is aligned as
/// [`super::warp`] says; `op.ext` indexes the operand list of the kernel that `op` belongs to, and the CPU has the
/// features that the function was compiled for. Lanes outside `mask` keep their destination values.
pub(crate) type OpFn = unsafe fn(warp: &mut Warp, op: &Op, mask: u32);

/// The two versions of an op: `full` is called only with all 32 lanes active and may ignore the mask.
#[derive(Clone, Copy)]
pub(crate) struct OpFns {
    pub(crate) full: OpFn,
    pub(crate) masked: OpFn,
}

/// One op. 48 bytes, read once per warp instruction.
#[derive(Clone, Copy)]
pub(crate) struct Op {
    pub(crate) fns: OpFns,
    /// Destination, or the first source of ops without one.
    pub(crate) d: Slot,
    pub(crate) a: Slot,
    pub(crate) b: Slot,
    pub(crate) c: Slot,
    /// Address offset, or whatever the function's own module documents.
    pub(crate) imm: i64,
    /// Guard predicate, as [`Warp::guarded`] takes it.
    pub(crate) guard: i32,
    /// Start of this op's slots in `Warp::operands`, for ops of more than four operands.
    pub(crate) ext: u32,
}

impl Op {
    /// The k-th slot of its operand list.
    ///
    /// # Safety
    /// The op belongs to the kernel whose lists the warp's `operands` holds, and its list has more than `k` slots.
    #[inline(always)]
    pub(crate) unsafe fn operand(&self, warp: &Warp, k: usize) -> Slot {
        // SAFETY: the caller's list is that long.
        unsafe { *warp.operands.add(self.ext as usize + k) }
    }

    /// Records that it has failed on a warp, whose first failure stays.
    #[cold]
    #[inline(never)]
    pub(crate) fn raise(&self, warp: &mut Warp, kind: FaultKind, lane: u32, text: String) {
        if warp.fault.is_none() {
            let op = std::ptr::from_ref(self).addr();
            warp.fault = Some(Box::new(WarpFault { kind, op, lane, text, assertion: None }));
        }
    }
}

/// The instruction sets that ops are compiled for; one is chosen when the device starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// What every x86-64 (or other) CPU of the target has.
    Baseline,
    /// AVX2, FMA and F16C.
    Avx2,
    /// AVX-512 F, BW, DQ, VL and VNNI, on top of the above.
    Avx512,
}

impl Isa {
    /// The best one this CPU has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 =
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            match (avx2, avx512) {
                (true, true) => Self::Avx512,
                (true, false) => Self::Avx2,
                _ => Self::Baseline,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Baseline
    }
}
