//! What all comparisons have in common: their words, the relations, and combining with a predicate.

use super::super::op::{Op, Slot};
use super::super::warp::Warp;
use super::Form;
use super::lanes::extended;
use super::modifiers::Type;
use crate::ptx::ast::Opcode;

/// What stands behind `setp` or `set`.
pub(super) struct Comparison<'s> {
    pub(super) relation: &'s str,
    pub(super) combine: Option<&'s str>,
    ftz: bool,
    pub(super) types: Vec<Type>,
}

impl<'s> Comparison<'s> {
    pub(super) fn parse(opcode: Opcode<'s>) -> Option<Self> {
        let mut words = opcode.modifiers();
        let mut found = Self { relation: words.next()?, combine: None, ftz: false, types: Vec::new() };
        for word in words {
            match word {
                "and" | "or" | "xor" if found.combine.is_none() => found.combine = Some(word),
                "ftz" if !found.ftz => found.ftz = true,
                _ => found.types.push(Type::parse(word)?),
            }
        }
        // Bits are compared as unsigned integers, for equality only.
        if let Some(from) = found.types.last_mut() {
            let unsigned = match *from {
                Type::B16 => Type::U16,
                Type::B32 => Type::U32,
                Type::B64 => Type::U64,
                other => other,
            };
            if unsigned != *from && !matches!(found.relation, "eq" | "ne") {
                return None;
            }
            *from = unsigned;
        }
        Some(found)
    }

    /// The mode that floats are compared in.
    pub(super) fn with_denormals(&self, form: Form, r#type: Type) -> Form {
        match r#type {
            Type::F32 | Type::F64 | Type::Bf16 | Type::Bf16x2 => form.ftz(self.ftz),
            _ => form,
        }
    }
}

/// Hands a comparison of the type and relation that were asked for to `$accept!(type, closure)`.
macro_rules! with_relation {
    ($relation:expr, $type:expr, $accept:ident) => {
        match $type {
            Type::U16 => with_relation!(@integer $relation, u16, $accept),
            Type::U32 => with_relation!(@integer $relation, u32, $accept),
            Type::U64 => with_relation!(@integer $relation, u64, $accept),
            Type::S16 => with_relation!(@integer $relation, i16, $accept),
            Type::S32 => with_relation!(@integer $relation, i32, $accept),
            Type::S64 => with_relation!(@integer $relation, i64, $accept),
            Type::F32 => with_relation!(@float $relation, f32, $accept),
            Type::F64 => with_relation!(@float $relation, f64, $accept),
            _ => return None,
        }
    };
    (@integer $relation:expr, $type:ty, $accept:ident) => {
        match $relation {
            "eq" => $accept!($type, |a: $type, b: $type| a == b),
            "ne" => $accept!($type, |a: $type, b: $type| a != b),
            "lt" | "lo" => $accept!($type, |a: $type, b: $type| a < b),
            "le" | "ls" => $accept!($type, |a: $type, b: $type| a <= b),
            "gt" | "hi" => $accept!($type, |a: $type, b: $type| a > b),
            "ge" | "hs" => $accept!($type, |a: $type, b: $type| a >= b),
            _ => return None,
        }
    };
    // The plain relations are false of NaN, those with `u` true.
    (@float $relation:expr, $type:ty, $accept:ident) => {
        match $relation {
            "eq" => $accept!($type, |a: $type, b: $type| a == b),
            "ne" => $accept!($type, |a: $type, b: $type| (a < b) | (a > b)),
            "lt" => $accept!($type, |a: $type, b: $type| a < b),
            "le" => $accept!($type, |a: $type, b: $type| a <= b),
            "gt" => $accept!($type, |a: $type, b: $type| a > b),
            "ge" => $accept!($type, |a: $type, b: $type| a >= b),
            "equ" => $accept!($type, |a: $type, b: $type| !((a < b) | (a > b))),
            "neu" => $accept!($type, |a: $type, b: $type| a != b),
            "ltu" => $accept!($type, |a: $type, b: $type| !(a >= b)),
            "leu" => $accept!($type, |a: $type, b: $type| !(a > b)),
            "gtu" => $accept!($type, |a: $type, b: $type| !(a <= b)),
            "geu" => $accept!($type, |a: $type, b: $type| !(a < b)),
            "num" => $accept!($type, |a: $type, b: $type| !a.is_nan() & !b.is_nan()),
            "nan" => $accept!($type, |a: $type, b: $type| a.is_nan() | b.is_nan()),
            _ => return None,
        }
    };
}

pub(super) use with_relation;

/// What `Op::imm` says of a combined comparison: the operation in the low bits, and whether there is a second result.
pub(super) const NONE: i64 = 0;
const AND: i64 = 1;
const OR: i64 = 2;
const XOR: i64 = 3;
pub(super) const OPERATION: i64 = 3;
pub(super) const PAIR: i64 = 4;

pub(super) fn operation(combine: Option<&str>) -> i64 {
    match combine {
        Some("and") => AND,
        Some("or") => OR,
        Some(_) => XOR,
        None => NONE,
    }
}

#[inline(always)]
pub(super) fn combined(variant: i64, bits: u32, with: u32) -> u32 {
    match variant & OPERATION {
        AND => bits & with,
        OR => bits | with,
        XOR => bits ^ with,
        _ => bits,
    }
}

/// The slots of a form of up to five operands.
///
/// # Safety
/// The op has `count` operands.
#[inline(always)]
pub(super) unsafe fn slots_of(warp: &Warp, op: &Op, count: usize) -> [Slot; 5] {
    let mut slots = [op.d, op.a, op.b, op.c, 0];
    if count == 5 {
        for (index, slot) in slots.iter_mut().enumerate() {
            // SAFETY: as the caller: five operands lie in the list.
            *slot = unsafe { extended(warp, op, index) };
        }
    }
    slots
}
