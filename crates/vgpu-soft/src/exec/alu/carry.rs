//! Sums that give or take the carry flag: `add`, `sub` and `mad` with `.cc`, `addc`, `subc`, `madc`.
//!
//! The parser makes the flag a predicate operand: the second destination of what gives one, the last source of what
//! takes one.
//!
//! A difference is the sum with the complement and one more, so that it leaves the flag set where there is no borrow.
//! PTX speaks of borrows. Within a chain of differences both are the same; a sum that reads the flag tells them apart.
//!
//! **Source:** observed on an H200 with driver 580: `addc` of zeroes behind `sub.cc` of zeroes gives 1.

use std::marker::PhantomData;
use std::ops::Not;

use super::super::op::{Isa, Op, Slot};
use super::super::warp::Warp;
use super::Form;
use super::lanes::{
    Body, LANES, Level, Value, extended, mask_of, masked_only, read, read_predicate, write_masked, write_predicate,
};
use super::modifiers::{Modifiers, Type, flag};
use crate::ptx::ast::Width;
use crate::ptx::opcodes::Arithmetic;

/// In `Op::imm`: whether the flag is a destination, and whether it is a source.
const GIVES: i64 = 1;
const TAKES: i64 = 2;

pub(super) fn select(operation: Arithmetic, takes: bool, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let r#type = modifiers.plain(flag::CC | flag::LO | flag::HI)?;
    let gives = modifiers.has(flag::CC);
    let form = match (operation, modifiers.flags & !flag::CC, r#type) {
        (Arithmetic::Add, 0, Type::U32 | Type::S32) => form::<u32, ADD>(gives, takes, isa),
        (Arithmetic::Add, 0, Type::U64 | Type::S64) => form::<u64, ADD>(gives, takes, isa),
        (Arithmetic::Sub, 0, Type::U32 | Type::S32) => form::<u32, SUB>(gives, takes, isa),
        (Arithmetic::Sub, 0, Type::U64 | Type::S64) => form::<u64, SUB>(gives, takes, isa),
        (Arithmetic::Mad, flag::LO, Type::U32 | Type::S32) => form::<u32, MAD_LOW>(gives, takes, isa),
        (Arithmetic::Mad, flag::LO, Type::U64 | Type::S64) => form::<u64, MAD_LOW>(gives, takes, isa),
        (Arithmetic::Mad, flag::HI, Type::U32) => form::<u32, MAD_HIGH>(gives, takes, isa),
        (Arithmetic::Mad, flag::HI, Type::S32) => form::<u32, MAD_HIGH_SIGNED>(gives, takes, isa),
        (Arithmetic::Mad, flag::HI, Type::U64) => form::<u64, MAD_HIGH>(gives, takes, isa),
        (Arithmetic::Mad, flag::HI, Type::S64) => form::<u64, MAD_HIGH_SIGNED>(gives, takes, isa),
        _ => return None,
    };
    Some(form.signed(r#type == Type::S32))
}

const ADD: u8 = 0;
const SUB: u8 = 1;
const MAD_LOW: u8 = 2;
const MAD_HIGH: u8 = 3;
const MAD_HIGH_SIGNED: u8 = 4;

const fn sources(operation: u8) -> usize {
    if operation >= MAD_LOW { 3 } else { 2 }
}

fn form<T: Word, const OPERATION: u8>(gives: bool, takes: bool, isa: Isa) -> Form {
    let mut widths = vec![T::WIDTH];
    widths.extend(gives.then_some(Width::Pred));
    widths.extend(vec![T::WIDTH; sources(OPERATION)]);
    widths.extend(takes.then_some(Width::Pred));
    let variant = if gives { GIVES } else { 0 } | if takes { TAKES } else { 0 };
    Form::new(masked_only::<Carry<T, OPERATION>>(isa), &widths).destinations(1 + usize::from(gives)).imm(variant)
}

/// Words whose sums may be too large for them.
trait Word: Value + Not<Output = Self> {
    fn product(self, other: Self) -> Self;
    fn product_high(self, other: Self) -> Self;
    fn product_high_signed(self, other: Self) -> Self;
    /// The sum of both and the flag, and whether it is too large.
    fn sum(self, other: Self, carry: bool) -> (Self, bool);
}

macro_rules! words {
    ($($type:ty, $signed:ty: $wide:ty, $wide_signed:ty;)*) => {
        $(impl Word for $type {
            #[inline(always)]
            fn product(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn product_high(self, other: Self) -> Self {
                ((<$wide>::from(self) * <$wide>::from(other)) >> Self::BITS) as Self
            }
            #[inline(always)]
            fn product_high_signed(self, other: Self) -> Self {
                let (a, b) = (<$wide_signed>::from(self as $signed), <$wide_signed>::from(other as $signed));
                ((a * b) >> Self::BITS) as Self
            }
            #[inline(always)]
            fn sum(self, other: Self, carry: bool) -> (Self, bool) {
                let sum = self.wrapping_add(other);
                let total = sum.wrapping_add(Self::from(carry));
                (total, (sum < self) | (total < sum))
            }
        })*
    };
}

words! {
    u32, i32: u64, i64;
    u64, i64: u128, i128;
}

struct Carry<T, const OPERATION: u8>(PhantomData<T>);

impl<T: Word, const OPERATION: u8> Body for Carry<T, OPERATION> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let (gives, takes) = (op.imm & GIVES != 0, op.imm & TAKES != 0);
        let first = 1 + usize::from(gives);
        let count = first + sources(OPERATION) + usize::from(takes);
        let slot = |warp: &Warp, index: usize| -> Slot {
            if count <= 4 {
                [op.d, op.a, op.b, op.c][index]
            } else {
                // SAFETY: as the caller: with more than four operands, they all lie in the list.
                unsafe { extended(warp, op, index) }
            }
        };
        // SAFETY: as the caller: two slots of T's width follow the destinations.
        let (a, b) = unsafe { (read::<T>(warp, slot(warp, first)), read::<T>(warp, slot(warp, first + 1))) };
        let mut c = [T::ZERO; LANES];
        if OPERATION >= MAD_LOW {
            // SAFETY: as the caller: products have a third source of that width.
            c = unsafe { read::<T>(warp, slot(warp, first + 2)) };
        }
        let mut carries = 0;
        if takes {
            // SAFETY: as the caller: the last source is a predicate slot.
            carries = unsafe { read_predicate(warp, slot(warp, count - 1)) };
        }
        let mut result = [T::ZERO; LANES];
        let mut flags = [0u8; LANES];
        for lane in L::lanes() {
            let (a, b, carry) = (a[lane], b[lane], carries >> lane & 1 != 0);
            let (value, carries) = match OPERATION {
                ADD => a.sum(b, carry),
                SUB => a.sum(!b, carry | !takes),
                MAD_LOW => a.product(b).sum(c[lane], carry),
                MAD_HIGH => a.product_high(b).sum(c[lane], carry),
                _ => a.product_high_signed(b).sum(c[lane], carry),
            };
            result[lane] = value;
            flags[lane] = if carries { 0xff } else { 0 };
        }
        // SAFETY: as the caller: the first operand is a slot of T's width.
        unsafe { write_masked::<T, true>(warp, slot(warp, 0), mask, result) }
        if gives {
            // SAFETY: as the caller: the second destination is a predicate slot.
            unsafe { write_predicate(warp, slot(warp, 1), mask, mask_of(flags)) }
        }
    }
}
