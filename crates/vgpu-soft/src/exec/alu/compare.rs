//! Comparisons and selections: `setp`, `set`, `selp`, `slct`, `testp`.

#![allow(clippy::neg_cmp_op_on_partial_ord, reason = "relations that hold for NaN are the others negated")]

use std::marker::PhantomData;

use super::super::op::{Isa, Op, Slot};
use super::super::warp::Warp;
use super::lanes::{
    Body, Cold, Hot, LANES, Level, Tier, Value, Warm, map3, mask_of, masked_only, masked_only_cold, read,
    read_predicate, stateless, write_masked, write_predicate,
};
use super::modifiers::{Modifiers, Type, flag};
use super::relation::{Comparison, NONE, OPERATION, PAIR, combined, operation, slots_of, with_relation};
use super::{Form, compare_half};
use crate::ptx::ast::{Opcode, Width};

pub(super) fn setp(opcode: Opcode<'_>, operand_count: usize, isa: Isa) -> Option<Form> {
    let comparison = Comparison::parse(opcode)?;
    let [r#type] = comparison.types[..] else { return None };
    let combining = usize::from(comparison.combine.is_some());
    if matches!(r#type, Type::F16 | Type::F16x2 | Type::Bf16 | Type::Bf16x2) {
        return compare_half::setp(&comparison, r#type, operand_count);
    }
    let form = match operand_count.checked_sub(3 + combining)? {
        0 if combining == 0 => {
            macro_rules! plain {
                ($type:ty, $closure:expr) => {
                    test($closure, isa)
                };
            }
            with_relation!(comparison.relation, r#type, plain)
        }
        is_pair @ (0 | 1) => {
            macro_rules! combined {
                ($type:ty, $closure:expr) => {
                    test_combined($closure, comparison.combine, is_pair == 1)
                };
            }
            with_relation!(comparison.relation, r#type, combined)
        }
        _ => return None,
    };
    Some(comparison.with_denormals(form, r#type))
}

fn test<A: Value, F: Fn(A, A) -> bool + Copy>(_relation: F, isa: Isa) -> Form {
    Form::new(masked_only::<Test<A, F>>(isa), &[Width::Pred, A::WIDTH, A::WIDTH])
}

/// `p = a ~ b`
struct Test<A, F>(PhantomData<(A, F)>);

impl<A: Value, F: Fn(A, A) -> bool + Copy> Body for Test<A, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a and b are slots of A's width.
        let bits = unsafe { compare::<A, F, L>(warp, op.a, op.b) };
        // SAFETY: as the caller: d is a predicate slot.
        unsafe { write_predicate(warp, op.d, mask, bits) }
    }
}

/// # Safety
/// Both slots are of A's width and lie in the register block.
#[inline(always)]
unsafe fn compare<A: Value, F: Fn(A, A) -> bool + Copy, L: Level>(warp: &Warp, a: Slot, b: Slot) -> u32 {
    let relation = stateless::<F>();
    // SAFETY: as the caller.
    let (a, b) = unsafe { (read::<A>(warp, a), read::<A>(warp, b)) };
    let mut flags = [0u8; LANES];
    for lane in L::lanes() {
        flags[lane] = if relation(a[lane], b[lane]) { 0xff } else { 0 };
    }
    mask_of(flags)
}

fn test_combined<A: Value, F: Fn(A, A) -> bool + Copy>(_relation: F, combine: Option<&str>, is_pair: bool) -> Form {
    let mut widths = vec![Width::Pred; 1 + usize::from(is_pair)];
    widths.extend([A::WIDTH; 2]);
    widths.extend(combine.map(|_| Width::Pred));
    Form::new(masked_only_cold::<TestCombined<A, F>>(), &widths)
        .destinations(1 + usize::from(is_pair))
        .imm(operation(combine) | if is_pair { PAIR } else { 0 })
}

/// `p|q = a ~ b, with c`: q is the negated relation, combined with the same predicate.
struct TestCombined<A, F>(PhantomData<(A, F)>);

impl<A: Value, F: Fn(A, A) -> bool + Copy> Body for TestCombined<A, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let is_pair = op.imm & PAIR != 0;
        let is_combined = op.imm & OPERATION != NONE;
        let first = 1 + usize::from(is_pair);
        let count = first + 2 + usize::from(is_combined);
        // SAFETY: as the caller.
        let slots = unsafe { slots_of(warp, op, count) };
        // SAFETY: as the caller: the operands behind the destinations are slots of A's width.
        let bits = unsafe { compare::<A, F, L>(warp, slots[first], slots[first + 1]) };
        let mut with = 0;
        if is_combined {
            // SAFETY: as the caller: the last operand is a predicate slot.
            with = unsafe { read_predicate(warp, slots[count - 1]) };
        }
        // SAFETY: as the caller: the first operand is a predicate slot.
        unsafe { write_predicate(warp, slots[0], mask, combined(op.imm, bits, with)) }
        if is_pair {
            // SAFETY: as the caller: and so is the second.
            unsafe { write_predicate(warp, slots[1], mask, combined(op.imm, !bits, with)) }
        }
    }
}

/// `set`: the relation as a number, all ones for integers and 1.0 for floats.
pub(super) fn set(opcode: Opcode<'_>, operand_count: usize) -> Option<Form> {
    let comparison = Comparison::parse(opcode)?;
    let [to, from] = comparison.types[..] else { return None };
    if operand_count != 3 + usize::from(comparison.combine.is_some()) {
        return None;
    }
    if matches!(from, Type::F16 | Type::F16x2 | Type::Bf16 | Type::Bf16x2) {
        return compare_half::set(&comparison, to, from);
    }
    let one = match to {
        Type::U32 | Type::S32 => 0xffff_ffff,
        Type::F32 => 1.0f32.to_bits(),
        _ => return None,
    };
    macro_rules! as_number {
        ($type:ty, $closure:expr) => {
            set_number::<$type, _>($closure, comparison.combine, one).signed(to == Type::S32)
        };
    }
    Some(comparison.with_denormals(with_relation!(comparison.relation, from, as_number), from))
}

/// Where `Op::imm` has what true is written as, above the operation.
const ONE_SHIFT: u32 = 16;

fn set_number<A: Value, F: Fn(A, A) -> bool + Copy>(_relation: F, combine: Option<&str>, one: u32) -> Form {
    let mut widths = vec![Width::B32, A::WIDTH, A::WIDTH];
    widths.extend(combine.map(|_| Width::Pred));
    let fns = Cold.fns::<SetNumber<A, F>>(Width::B32);
    Form::new(fns, &widths).imm(operation(combine) | i64::from(one) << ONE_SHIFT)
}

/// `d = a ~ b, with c`, as a number.
struct SetNumber<A, F>(PhantomData<(A, F)>);

impl<A: Value, F: Fn(A, A) -> bool + Copy> Body for SetNumber<A, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a and b are slots of A's width.
        let mut bits = unsafe { compare::<A, F, L>(warp, op.a, op.b) };
        if op.imm & OPERATION != NONE {
            // SAFETY: as the caller: what is combined is a predicate slot.
            bits = combined(op.imm, bits, unsafe { read_predicate(warp, op.c) });
        }
        let one = (op.imm >> ONE_SHIFT) as u32;
        let mut result = [0u32; LANES];
        for lane in L::lanes() {
            result[lane] = if bits >> lane & 1 != 0 { one } else { 0 };
        }
        // SAFETY: as the caller: d is a 32-bit slot.
        unsafe { write_masked::<u32, MASKED>(warp, op.d, mask, result) }
    }
}

pub(super) fn selp(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    match modifiers.plain(0)?.width() {
        Width::Pred => None,
        Width::B16 => Some(select::<u16>(isa)),
        Width::B32 => Some(select::<u32>(isa)),
        Width::B64 => Some(select::<u64>(isa)),
    }
}

fn select<T: Value>(isa: Isa) -> Form {
    Form::new(Hot(isa).fns::<Select<T>>(T::WIDTH), &[T::WIDTH, T::WIDTH, T::WIDTH, Width::Pred])
}

/// `d = c ? a : b`
struct Select<T>(PhantomData<T>);

impl<T: Value> Body for Select<T> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a and b are slots of T's width.
        let (a, b) = unsafe { (read::<T>(warp, op.a), read::<T>(warp, op.b)) };
        // SAFETY: as the caller: c is a predicate slot.
        let chosen = unsafe { read_predicate(warp, op.c) };
        let mut result = b;
        for lane in 0..LANES {
            result[lane] = if chosen >> lane & 1 != 0 { a[lane] } else { b[lane] };
        }
        // SAFETY: as the caller: d is a slot of T's width.
        unsafe { write_masked::<T, MASKED>(warp, op.d, mask, result) }
    }
}

/// `d = c >= 0 ? a : b`
pub(super) fn slct(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if modifiers.rounding.is_some() || !modifiers.only(flag::FTZ) {
        return None;
    }
    let [of, by] = modifiers.types[..] else { return None };
    Some(match (of.width(), by) {
        (Width::B16, Type::S32) => map3(Cold, |a: u16, b: u16, c: i32| if c >= 0 { a } else { b }),
        (Width::B32, Type::S32) => map3(Warm(isa), |a: u32, b: u32, c: i32| if c >= 0 { a } else { b }),
        (Width::B64, Type::S32) => map3(Cold, |a: u64, b: u64, c: i32| if c >= 0 { a } else { b }),
        (Width::B16, Type::F32) => map3(Cold, |a: u16, b: u16, c: f32| if c >= 0.0 { a } else { b }),
        (Width::B32, Type::F32) => map3(Warm(isa), |a: u32, b: u32, c: f32| if c >= 0.0 { a } else { b }),
        (Width::B64, Type::F32) => map3(Cold, |a: u64, b: u64, c: f32| if c >= 0.0 { a } else { b }),
        _ => return None,
    })
    .map(|form| if by == Type::F32 { form.ftz(modifiers.ftz()) } else { form })
}

/// `testp`: properties of one float.
pub(super) fn testp(opcode: Opcode<'_>) -> Option<Form> {
    let mut words = opcode.modifiers();
    let (property, r#type) = (words.next()?, Type::parse(words.next()?)?);
    if words.next().is_some() {
        return None;
    }
    macro_rules! property {
        ($type:ty) => {
            match property {
                "finite" => test_one(|a: $type| a.is_finite()),
                "infinite" => test_one(|a: $type| a.is_infinite()),
                "number" => test_one(|a: $type| !a.is_nan()),
                "notanumber" => test_one(|a: $type| a.is_nan()),
                "normal" => test_one(|a: $type| a.is_normal()),
                "subnormal" => test_one(|a: $type| a.is_subnormal()),
                _ => return None,
            }
        };
    }
    Some(match r#type {
        Type::F32 => property!(f32),
        Type::F64 => property!(f64),
        _ => return None,
    })
    .map(|form| form.ftz(false))
}

fn test_one<A: Value, F: Fn(A) -> bool + Copy>(_property: F) -> Form {
    Form::new(masked_only_cold::<TestOne<A, F>>(), &[Width::Pred, A::WIDTH])
}

struct TestOne<A, F>(PhantomData<(A, F)>);

impl<A: Value, F: Fn(A) -> bool + Copy> Body for TestOne<A, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let property = stateless::<F>();
        // SAFETY: as the caller: a is a slot of A's width.
        let a = unsafe { read::<A>(warp, op.a) };
        let bits = (0..LANES).fold(0, |bits, lane| bits | u32::from(property(a[lane])) << lane);
        // SAFETY: as the caller: d is a predicate slot.
        unsafe { write_predicate(warp, op.d, mask, bits) }
    }
}
