//! One decoded instruction as the warp loop runs it, and what a lane function may rely on.
//!
//! A warp's registers are one block of memory, structure of arrays: a slot is a byte offset into it and holds 32
//! lanes' values (a predicate: one u32 mask). B16 slots are 64 bytes, B32 128, B64 256, all 64-byte aligned;
//! predicate slots are 4 bytes, 4-byte aligned. Constants and special registers are slots that are filled before the
//! kernel starts, so lane functions never ask what kind of operand they have.

use super::warp::Warp;

pub(crate) use crate::ir::Slot;

/// Executes one op for the lanes in `mask` (never 0).
///
/// # Safety
/// `warp.registers` leads to a register block in which every slot that `op` names lies whole and is aligned as above;
/// `op.ext` indexes the operand list of the kernel that `op` belongs to, and the CPU has the features that the
/// function was compiled for. Lanes outside `mask` keep their destination values.
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
    /// Guard predicate: [`NO_GUARD`], or slot * 2 + (1 if negated).
    pub(crate) guard: i32,
    /// Start of this op's slots in `Warp::operands`, for ops of more than four operands.
    pub(crate) ext: u32,
}

/// `Op::guard` of an unguarded op.
pub(crate) const NO_GUARD: i32 = -1;

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
