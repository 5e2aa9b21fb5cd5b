//! `setp` and `set` of halves, single and packed: seldom enough for one body that looks up its variant.

#![allow(clippy::neg_cmp_op_on_partial_ord, reason = "relations that hold for NaN are the others negated")]

use std::marker::PhantomData;

use super::super::op::{Op, Slot};
use super::super::warp::Warp;
use super::half::{Brain, HalfFormat, Ieee};
use super::lanes::{
    Body, LANES, Level, masked_only_cold, read, read_predicate, stateless, write_masked, write_predicate,
};
use super::modifiers::Type;
use super::relation::{Comparison, NONE, OPERATION, combined, operation, slots_of, with_relation};
use super::{Form, Layout};
use crate::ptx::ast::Width;

/// In `Op::imm`, beside [`OPERATION`]: bf16 instead of f16, two halves a lane, and from bit 16 on what `set` writes.
const BRAIN: i64 = 1 << 4;
const PACKED: i64 = 1 << 5;
/// The result of `set` has 32 bits where the halves compared are single.
const WIDE: i64 = 1 << 6;
const ONE_SHIFT: u32 = 16;

fn variant(r#type: Type) -> i64 {
    match r#type {
        Type::F16 => 0,
        Type::F16x2 => PACKED,
        Type::Bf16 => BRAIN,
        _ => BRAIN | PACKED,
    }
}

/// The masks of the lanes whose lower and upper halves are so related.
///
/// # Safety
/// Both slots are of one or two halves a lane, as the variant says, and lie in the register block.
#[inline(always)]
unsafe fn compare<F: Fn(f32, f32) -> bool + Copy, L: Level>(warp: &Warp, a: Slot, b: Slot, variant: i64) -> [u32; 2] {
    let relation = stateless::<F>();
    let decode = |bits: u16| if variant & BRAIN != 0 { Brain::decode(bits) } else { Ieee::decode(bits) };
    let mut halves = [[[0u16; 2]; LANES]; 2];
    for (slot, halves) in [a, b].into_iter().zip(&mut halves) {
        if variant & PACKED != 0 {
            // SAFETY: as the caller.
            *halves = unsafe { read::<[u16; 2]>(warp, slot) };
        } else {
            // SAFETY: as the caller.
            let single = unsafe { read::<u16>(warp, slot) };
            for lane in L::lanes() {
                halves[lane][0] = single[lane];
            }
        }
    }
    let mut bits = [0; 2];
    for lane in L::lanes() {
        for (element, bits) in bits.iter_mut().enumerate() {
            let is_true = relation(decode(halves[0][lane][element]), decode(halves[1][lane][element]));
            *bits |= u32::from(is_true) << lane;
        }
    }
    bits
}

/// One result, or for packed operands one for each half. No pairs of opposites here.
pub(super) fn setp(comparison: &Comparison<'_>, r#type: Type, operand_count: usize) -> Option<Form> {
    let variant = variant(r#type) | operation(comparison.combine);
    let destinations = if variant & PACKED != 0 { 2 } else { 1 };
    let mut widths = vec![Width::Pred; destinations];
    widths.extend([r#type.width(); 2]);
    widths.extend(comparison.combine.map(|_| Width::Pred));
    if operand_count != widths.len() {
        return None;
    }
    macro_rules! body {
        ($type:ty, $relation:expr) => {
            test($relation)
        };
    }
    let form = with_relation!(@float comparison.relation, f32, body);
    let layout = if operand_count > 4 { Layout::Extended } else { Layout::Slots };
    Some(comparison.with_denormals(Form { operands: widths, layout, destinations, imm: variant, ..form }, r#type))
}

fn test<F: Fn(f32, f32) -> bool + Copy>(_relation: F) -> Form {
    Form::new(masked_only_cold::<Test<F>>(), &[])
}

struct Test<F>(PhantomData<F>);

impl<F: Fn(f32, f32) -> bool + Copy> Body for Test<F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let results = if op.imm & PACKED != 0 { 2 } else { 1 };
        let is_combined = op.imm & OPERATION != NONE;
        let count = results + 2 + usize::from(is_combined);
        // SAFETY: as the caller.
        let slots = unsafe { slots_of(warp, op, count) };
        // SAFETY: as the caller: the operands behind the destinations are slots of halves.
        let bits = unsafe { compare::<F, L>(warp, slots[results], slots[results + 1], op.imm) };
        let mut with = 0;
        if is_combined {
            // SAFETY: as the caller: the last operand is a predicate slot.
            with = unsafe { read_predicate(warp, slots[count - 1]) };
        }
        for (bits, slot) in bits.into_iter().zip(slots).take(results) {
            // SAFETY: as the caller: the destinations are predicate slots.
            unsafe { write_predicate(warp, slot, mask, combined(op.imm, bits, with)) }
        }
    }
}

/// True is 1.0 for float results, all ones for integers.
pub(super) fn set(comparison: &Comparison<'_>, to: Type, from: Type) -> Option<Form> {
    let one = match (to, from) {
        (Type::F16, Type::F16) | (Type::F16x2, Type::F16x2) => 0x3c00,
        (Type::Bf16, Type::Bf16) | (Type::Bf16x2, Type::Bf16x2) => 0x3f80,
        (Type::U16 | Type::S16, Type::F16 | Type::Bf16) => 0xffff,
        (Type::U32 | Type::S32, Type::F16x2 | Type::Bf16x2) => 0xffff,
        (Type::U32 | Type::S32, Type::F16 | Type::Bf16) => 0xffff,
        _ => return None,
    };
    macro_rules! body {
        ($type:ty, $relation:expr) => {
            number($relation)
        };
    }
    let form = with_relation!(@float comparison.relation, f32, body);
    let mut operands = vec![to.width(), from.width(), from.width()];
    let wide = if to.width() == from.width() { 0 } else { WIDE };
    operands.extend(comparison.combine.map(|_| Width::Pred));
    let variant = variant(from) | operation(comparison.combine) | wide | one << ONE_SHIFT;
    let form = Form { operands, ..form }.imm(variant);
    Some(comparison.with_denormals(form, from))
}

fn number<F: Fn(f32, f32) -> bool + Copy>(_relation: F) -> Form {
    Form::new(masked_only_cold::<Number<F>>(), &[])
}

struct Number<F>(PhantomData<F>);

impl<F: Fn(f32, f32) -> bool + Copy> Body for Number<F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a and b are slots of halves.
        let mut bits = unsafe { compare::<F, L>(warp, op.a, op.b, op.imm) };
        if op.imm & OPERATION != NONE {
            // SAFETY: as the caller: what is combined is a predicate slot.
            let with = unsafe { read_predicate(warp, op.c) };
            bits = bits.map(|bits| combined(op.imm, bits, with));
        }
        let one = (op.imm >> ONE_SHIFT) as u16;
        let value = |lane: usize, element: usize| if bits[element] >> lane & 1 != 0 { one } else { 0 };
        if op.imm & PACKED != 0 {
            let mut result = [[0u16; 2]; LANES];
            for lane in L::lanes() {
                result[lane] = [value(lane, 0), value(lane, 1)];
            }
            // SAFETY: as the caller: and so is d, with two halves a lane.
            unsafe { write_masked::<[u16; 2], true>(warp, op.d, mask, result) }
        } else if op.imm & WIDE != 0 {
            let mut result = [0u32; LANES];
            for lane in L::lanes() {
                result[lane] = if bits[0] >> lane & 1 != 0 { u32::MAX } else { 0 };
            }
            // SAFETY: as the caller: d is a 32-bit slot.
            unsafe { write_masked::<u32, true>(warp, op.d, mask, result) }
        } else {
            let mut result = [0u16; LANES];
            for lane in L::lanes() {
                result[lane] = value(lane, 0);
            }
            // SAFETY: as the caller: and so is d, with one half a lane.
            unsafe { write_masked::<u16, true>(warp, op.d, mask, result) }
        }
    }
}
