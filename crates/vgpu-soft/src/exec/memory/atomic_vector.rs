//! Atomics on vectors: every element is an atomic of its own.
//!
//! `a` address, `imm` offset, `c` flags and space; `ext` list: the number of elements, a destination for each (or
//! [`NO_DESTINATION`]), a source for each.
//!
//! **Source:** PTX ISA, `atom` and `red`: "atomicity is guaranteed separately for each of the individual scalar elements".

use super::super::op::{Op, OpFns};
use super::super::warp::Warp;
use super::address::resolve_each;
use super::atomic::{Cell, Make, NO_DESTINATION, Rule, choose};
use super::space::{AccessKind, SPACE_SHIFT};

unsafe fn run<T: Cell, O: Rule<T>, const LEN: usize>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    // SAFETY: the op's operand list begins with its length.
    let count = unsafe { op.operand(warp, 0) } as usize;
    // SAFETY: an op's address operand is as its lowering made it.
    let address = unsafe {
        match count * LEN {
            4 => resolve_each::<4>(warp, op, space, mask, AccessKind::Atomic),
            8 => resolve_each::<8>(warp, op, space, mask, AccessKind::Atomic),
            _ => resolve_each::<16>(warp, op, space, mask, AccessKind::Atomic),
        }
    };
    let Some(address) = address else { return };
    for element in 0..count {
        // SAFETY: the list has a destination and a source for each element.
        let [to, from] = [1, 1 + count].map(|first| unsafe { op.operand(warp, first + element) });
        // SAFETY: the source is a register of T's width.
        let values = unsafe { warp.lanes::<T>(from) };
        for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
            let place = (address[lane] as *mut T).wrapping_add(element);
            // SAFETY: the lane is active, so all elements were admitted, aligned to their sum.
            let old = unsafe { T::update(place, |old| O::next(old, values[lane], values[lane])) };
            if to != NO_DESTINATION {
                // SAFETY: the destination is a register of T's width.
                unsafe { *warp.place::<T>(to).add(lane) = old };
            }
        }
    }
}

struct Vectors;

impl Make for Vectors {
    type Made = (OpFns, u32);
    fn make<T: Cell, O: Rule<T>, const LEN: usize>() -> (OpFns, u32) {
        let len_bytes = u32::try_from(LEN).expect("8 at most");
        (OpFns { full: run::<T, O, LEN>, masked: run::<T, O, LEN> }, len_bytes)
    }
}

/// The function for vectors of so many elements, and an element's size in bytes.
pub(crate) fn select(operation: &str, ty: &str, count: usize) -> Option<(OpFns, u32)> {
    let is_there = match (operation, ty) {
        ("add", "f32") | ("add" | "min" | "max", "f16x2" | "bf16x2") => matches!(count, 2 | 4),
        ("add" | "min" | "max", "f16" | "bf16") => matches!(count, 2 | 4 | 8),
        _ => false,
    };
    is_there.then(|| choose::<Vectors>(operation, ty)).flatten()
}
