//! Atomics of 128 bits, by the host's instruction for it: they are atomic against every access of the host's, as narrower ones are.
//!
//! `a` address, `imm` offset, `c` flags and space; `ext` list: the low and high halves of the destination, of the first operand, and
//! of the second.

use super::super::op::{Op, OpFns};
use super::super::warp::Warp;
use super::address::resolve_each;
use super::space::{AccessKind, SPACE_SHIFT};

/// Stores `new` at `place` if `old` is there. What was there before.
///
/// # Safety
/// `place` is valid for writes and aligned to 16; the CPU has the instruction.
#[cfg(target_arch = "x86_64")]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
unsafe fn compare_exchange(place: *mut u128, old: u128, new: u128) -> u128 {
    let halves = |value: u128| (value as u64, (value >> 64) as u64);
    let ((mut low, mut high), (new_low, new_high)) = (halves(old), halves(new));
    // SAFETY: the caller vouches for the place and the CPU; `rbx`, which the compiler keeps for itself, is as it was.
    unsafe {
        std::arch::asm!(
            "xchg rbx, {new_low}",
            "lock cmpxchg16b [rdi]",
            "mov rbx, {new_low}",
            new_low = inout(reg) new_low => _,
            in("rcx") new_high,
            in("rdi") place,
            inout("rax") low,
            inout("rdx") high,
            options(nostack),
        );
    }
    u128::from(low) | u128::from(high) << 64
}

/// Replaces the value at `place` by `next(value)`; returns the old one.
///
/// # Safety
/// As for [`compare_exchange`].
#[cfg(target_arch = "x86_64")]
unsafe fn update(place: *mut u128, next: impl Fn(u128) -> u128) -> u128 {
    // Nothing else reads 128 bits at once, so the first value is a guess.
    let mut old = 0;
    loop {
        // SAFETY: the caller vouches for the place and the CPU.
        let now = unsafe { compare_exchange(place, old, next(old)) };
        if now == old {
            return old;
        }
        old = now;
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn run<const IS_CAS: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(address) = (unsafe { resolve_each::<16>(warp, op, space, mask, AccessKind::Atomic) }) else { return };
    // SAFETY: the list has six 64-bit registers.
    let halves: [[u64; 32]; 6] = std::array::from_fn(|k| unsafe { warp.lanes(op.operand(warp, k)) });
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        let value = |low: usize| u128::from(halves[low][lane]) | u128::from(halves[low + 1][lane]) << 64;
        let (a, b) = (value(2), value(4));
        let next = |old: u128| match IS_CAS {
            true if old == a => b,
            true => old,
            false => a,
        };
        // SAFETY: the lane is active, so its address was admitted, aligned to 16; `select` has asked the CPU.
        let old = unsafe { update(address[lane] as *mut u128, next) };
        for (k, shift) in [(0, 0), (1, 64)] {
            #[expect(clippy::cast_possible_truncation, reason = "a half is meant")]
            // SAFETY: as above.
            unsafe {
                *warp.place::<u64>(op.operand(warp, k)).add(lane) = (old >> shift) as u64;
            }
        }
    }
}

/// The function of `exch` or `cas`, where the CPU has such atomics.
#[cfg(target_arch = "x86_64")]
pub(crate) fn select(operation: &str) -> Option<OpFns> {
    let function = match operation {
        "exch" => run::<false>,
        "cas" => run::<true>,
        _ => return None,
    };
    is_x86_feature_detected!("cmpxchg16b").then_some(OpFns { full: function, masked: function })
}

/// The function of `exch` or `cas`, where the CPU has such atomics.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn select(_: &str) -> Option<OpFns> {
    None
}
