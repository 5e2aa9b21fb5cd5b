//! `mov`: copies, and packing of vectors into one register or out of it.

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::Form;
use super::bits::{MOVE, PredicateLogic};
use super::lanes::{
    Body, Hot, LANES, Level, Tier, Value, extended, map1, map2, masked_only, masked_only_cold, read, write_masked,
};
use super::modifiers::{Modifiers, Type};
use crate::ptx::ast::Width;

/// `mov d, a`
pub(super) fn scalar(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match modifiers.plain(0)?.width() {
        Width::Pred => Form::new(masked_only_cold::<PredicateLogic<MOVE>>(), &[Width::Pred; 2]),
        Width::B16 => map1(Hot(isa), |a: u16| a),
        Width::B32 => map1(Hot(isa), |a: u32| a),
        Width::B64 => map1(Hot(isa), |a: u64| a),
    })
}

/// `mov d, {a, ..}` and `mov {d, ..}, a`. The first element is the least significant.
pub(super) fn vector(modifiers: &Modifiers, destinations: usize, sources: usize, isa: Isa) -> Option<Form> {
    let r#type = modifiers.plain(0)?;
    if !matches!(r#type, Type::B16 | Type::B32 | Type::B64) {
        return None;
    }
    Some(match (r#type.width(), destinations, sources) {
        (Width::B16, 1, 2) => map2(Hot(isa), |a: u16, b: u16| a & 0xff | b << 8),
        (Width::B32, 1, 2) => map2(Hot(isa), |a: u16, b: u16| u32::from(a) | u32::from(b) << 16),
        (Width::B64, 1, 2) => map2(Hot(isa), |a: u32, b: u32| u64::from(a) | u64::from(b) << 32),
        (Width::B32, 1, 4) => pack::<u32, 8>(isa),
        (Width::B64, 1, 4) => pack::<u64, 16>(isa),
        (Width::B16, 2, 1) => unpack::<u16, u16, 2, 8>(isa),
        (Width::B32, 2, 1) => unpack::<u32, u16, 2, 16>(isa),
        (Width::B64, 2, 1) => unpack::<u64, u32, 2, 32>(isa),
        (Width::B32, 4, 1) => unpack::<u32, u16, 4, 8>(isa),
        (Width::B64, 4, 1) => unpack::<u64, u16, 4, 16>(isa),
        _ => return None,
    })
}

/// Integers that parts of a register fit into.
trait Word: Value {
    fn wide(self) -> u64;
    fn narrow(value: u64) -> Self;
}

macro_rules! words {
    ($($type:ty),*) => {
        $(impl Word for $type {
            #[inline(always)]
            fn wide(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn narrow(value: u64) -> Self {
                value as Self
            }
        })*
    };
}

words!(u16, u32, u64);

fn pack<R: Word, const BITS: usize>(isa: Isa) -> Form {
    let widths = [R::WIDTH, Width::B16, Width::B16, Width::B16, Width::B16];
    Form::new(masked_only::<Pack<R, BITS>>(isa), &widths)
}

/// Four elements of `BITS` bits, each in a 16-bit register.
struct Pack<R, const BITS: usize>(std::marker::PhantomData<R>);

impl<R: Word, const BITS: usize> Body for Pack<R, BITS> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let mut packed = [R::ZERO; LANES];
        for element in 0..4 {
            // SAFETY: as the caller: operands 1 to 4 are 16-bit slots.
            let values = unsafe { read::<u16>(warp, extended(warp, op, 1 + element)) };
            for lane in 0..LANES {
                let value = u64::from(values[lane]) & ((1 << BITS) - 1);
                packed[lane] = R::narrow(packed[lane].wide() | value << (BITS * element));
            }
        }
        // SAFETY: as the caller: operand 0 is a slot of R's width.
        unsafe { write_masked::<R, MASKED>(warp, extended(warp, op, 0), mask, packed) }
    }
}

fn unpack<A: Word, R: Word, const COUNT: usize, const BITS: usize>(isa: Isa) -> Form {
    let mut widths = vec![R::WIDTH; COUNT];
    widths.push(A::WIDTH);
    let hot = Hot(isa).fns::<Unpack<A, R, COUNT, BITS>>(R::WIDTH);
    Form::new(hot, &widths).destinations(COUNT)
}

/// `COUNT` elements of `BITS` bits out of one register.
struct Unpack<A, R, const COUNT: usize, const BITS: usize>(std::marker::PhantomData<(A, R)>);

impl<A: Word, R: Word, const COUNT: usize, const BITS: usize> Body for Unpack<A, R, COUNT, BITS> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // Three operands lie in the op itself, five in the list.
        let slot = |warp: &Warp, index: usize| {
            if COUNT == 2 {
                [op.d, op.a, op.b][index]
            } else {
                // SAFETY: as the caller: the form has COUNT + 1 operands.
                unsafe { extended(warp, op, index) }
            }
        };
        // SAFETY: as the caller: the last operand is a slot of A's width.
        let packed = unsafe { read::<A>(warp, slot(warp, COUNT)) };
        for element in 0..COUNT {
            let mut values = [R::ZERO; LANES];
            for lane in 0..LANES {
                values[lane] = R::narrow(packed[lane].wide() >> (BITS * element) & ((1 << BITS) - 1));
            }
            // SAFETY: as the caller: the first COUNT operands are slots of R's width.
            unsafe { write_masked::<R, MASKED>(warp, slot(warp, element), mask, values) }
        }
    }
}
