//! `wmma.mma`: matrix products of fragments laid out as in [`super::wmma_layout`].

use std::marker::PhantomData;

use super::super::op::{Isa, Op, OpFns};
use super::super::warp::Warp;
use super::factor::{Sum, tf32};
use super::half::{Brain, HalfFormat, Ieee};
use super::lanes::{Body, LANES, Level, masked_only, masked_only_cold, rolled_lanes};
use super::modifiers::Rounding;
use super::rounding::InDirection;
use super::tensor::{operand, set_operand};

/// The functions for the types of d, a, b and c. They find the shape in `Op::imm`, a [`shape_variant`]. Only sums of integers can
/// be saturating.
pub(super) fn body(types: (&str, &str, &str, &str), is_saturating: bool, isa: Isa) -> Option<OpFns> {
    if is_saturating {
        return Some(match types {
            ("s32", "s8", "s8", "s32") => masked_only_cold::<Product<S32Cut, S8Exact, S32Cut>>(),
            ("s32", "u8", "u8", "s32") => masked_only_cold::<Product<S32Cut, U8Exact, S32Cut>>(),
            _ => return None,
        });
    }
    Some(match types {
        ("f16", "f16", "f16", "f16") => masked_only::<Product<F16, F16Factor, F16>>(isa),
        ("f16", "f16", "f16", "f32") => masked_only::<Product<F16, F16Factor, F32>>(isa),
        ("f32", "f16", "f16", "f16") => masked_only::<Product<F32, F16Factor, F16>>(isa),
        ("f32", "f16", "f16", "f32") => masked_only::<Product<F32, F16Factor, F32>>(isa),
        ("f32", "bf16", "bf16", "f32") => masked_only::<Product<F32, Bf16, F32>>(isa),
        ("s32", "s8", "s8", "s32") => masked_only::<Product<S32, S8, S32>>(isa),
        ("s32", "u8", "u8", "s32") => masked_only::<Product<S32, U8, S32>>(isa),
        ("f32", "tf32", "tf32", "f32") => masked_only::<Product<F32, Tf32, F32>>(isa),
        ("f64", "f64", "f64", "f64") => masked_only::<Product<F64, F64, F64>>(isa),
        _ => return None,
    })
}

/// As [`body`], of f64, in a direction that stands in the low byte of `Op::imm`.
pub(super) fn rounded_body(rounding: Rounding, isa: Isa) -> OpFns {
    match rounding {
        Rounding::Nearest => masked_only::<Product<F64, F64, F64>>(isa),
        _ => masked_only_cold::<InDirection<Product<F64, F64, F64>>>(),
    }
}

/// Rows of a, columns of b, and the depth between them, above the low byte of `Op::imm`.
pub(super) fn shape_variant(m: u32, n: u32, k: u32) -> i64 {
    i64::from(m) << 24 | i64::from(n) << 16 | i64::from(k) << 8
}

/// How the elements of a fragment lie in registers.
trait Element {
    /// What products are summed in.
    type Sum: Sum;
    /// A register of one lane.
    type Register: Copy + Default;
    /// Elements in a register.
    const PACKED: usize;
    /// Registers of a fragment of so many elements.
    fn registers(elements: usize) -> usize {
        elements / (LANES * Self::PACKED)
    }
    fn get(register: Self::Register, index: usize) -> Self::Sum;
    fn set(register: &mut Self::Register, index: usize, value: Self::Sum);
}

struct F16;
struct F16Factor;
struct Bf16;
struct Tf32;
struct F32;
struct F64;
struct S8;
struct U8;
struct S32;
struct S8Exact;
struct U8Exact;
/// The largest or smallest of what is beyond it.
struct S32Cut;

impl Element for F16 {
    type Sum = f32;
    type Register = [u16; 2];
    const PACKED: usize = 2;
    #[inline(always)]
    fn get(register: [u16; 2], index: usize) -> f32 {
        Ieee::decode(register[index])
    }
    #[inline(always)]
    fn set(register: &mut [u16; 2], index: usize, value: f32) {
        register[index] = Ieee::encode(value);
    }
}

impl Element for F16Factor {
    type Sum = f32;
    type Register = [u16; 2];
    const PACKED: usize = 2;
    fn registers(_elements: usize) -> usize {
        8
    }
    #[inline(always)]
    fn get(register: [u16; 2], index: usize) -> f32 {
        F16::get(register, index)
    }
    #[inline(always)]
    fn set(register: &mut [u16; 2], index: usize, value: f32) {
        F16::set(register, index, value);
    }
}

impl Element for Bf16 {
    type Sum = f32;
    type Register = [u16; 2];
    const PACKED: usize = 2;
    #[inline(always)]
    fn get(register: [u16; 2], index: usize) -> f32 {
        Brain::decode(register[index])
    }
    #[inline(always)]
    fn set(register: &mut [u16; 2], index: usize, value: f32) {
        register[index] = Brain::encode(value);
    }
}

/// Elements that are a register of their own.
macro_rules! whole_registers {
    ($($element:ident: $sum:ident = |$value:ident| $get:expr;)*) => {
        $(impl Element for $element {
            type Sum = $sum;
            type Register = $sum;
            const PACKED: usize = 1;
            #[inline(always)]
            fn get($value: $sum, _index: usize) -> $sum {
                $get
            }
            #[inline(always)]
            fn set(register: &mut $sum, _index: usize, value: $sum) {
                *register = value;
            }
        })*
    };
}

whole_registers! {
    Tf32: f32 = |value| tf32(value.to_bits());
    F32: f32 = |value| value;
    F64: f64 = |value| value;
    S32: i32 = |value| value;
}

macro_rules! bytes {
    ($($element:ident: $byte:ident in $sum:ident;)*) => {
        $(impl Element for $element {
            type Sum = $sum;
            type Register = [$byte; 4];
            const PACKED: usize = 4;
            #[inline(always)]
            fn get(register: [$byte; 4], index: usize) -> $sum {
                $sum::from(register[index])
            }
            #[inline(always)]
            fn set(register: &mut [$byte; 4], index: usize, value: $sum) {
                register[index] = value as $byte;
            }
        })*
    };
}

bytes! {
    S8: i8 in i32;
    U8: u8 in i32;
    S8Exact: i8 in i64;
    U8Exact: u8 in i64;
}

impl Element for S32Cut {
    type Sum = i64;
    type Register = i32;
    const PACKED: usize = 1;
    #[inline(always)]
    fn get(register: i32, _index: usize) -> i64 {
        register.into()
    }
    #[inline(always)]
    fn set(register: &mut i32, _index: usize, value: i64) {
        *register = value.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    }
}

/// Elements of the largest factor.
const LARGEST: usize = 512;

struct Product<D, F, C>(PhantomData<(D, F, C)>);

impl<S, D, F, C> Body for Product<D, F, C>
where
    S: Sum,
    D: Element<Sum = S>,
    F: Element<Sum = S>,
    C: Element<Sum = S>,
{
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let part = |shift: u32| (op.imm >> shift) as usize & 0xff;
        let (m, n, k) = (part(24), part(16), part(8));
        let a_first = D::registers(m * n);
        let b_first = a_first + F::registers(m * k);
        let c_first = b_first + F::registers(k * n);
        let mut a = [S::default(); LARGEST];
        let mut b = [S::default(); LARGEST];
        let mut sums = [S::default(); LARGEST];
        let (a, b, sums) = (&mut a[..m * k], &mut b[..k * n], &mut sums[..m * n]);
        // SAFETY: as the caller: the form's operands are the registers of d, a, b and c.
        unsafe { load::<F, S>(warp, op, a_first, F::registers(m * k), a) };
        // SAFETY: as above.
        unsafe { load::<F, S>(warp, op, b_first, F::registers(k * n), b) };
        // SAFETY: as above.
        unsafe { load::<C, S>(warp, op, c_first, C::registers(m * n), sums) };
        for (sums, a) in sums.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
            for (a, b) in a.iter().zip(b.chunks_exact(n)) {
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = sum.add_product(*a, *b);
                }
            }
        }
        let registers = D::registers(m * n);
        for register in 0..registers {
            let mut values = [D::Register::default(); LANES];
            for (lane, value) in values.iter_mut().enumerate().take(rolled_lanes()) {
                for index in 0..D::PACKED {
                    let element = (lane * registers + register) * D::PACKED + index;
                    D::set(value, index, sums[element % sums.len()]);
                }
            }
            // SAFETY: as above: d's registers come first.
            unsafe { set_operand(warp, op, mask, register, values) }
        }
    }
}

/// A fragment's elements in the order of its matrix. Copies of an element are equal, or its fragment was not loaded.
///
/// # Safety
/// The op has the fragment's registers from operand `first` on.
#[inline(always)]
unsafe fn load<E: Element<Sum = S>, S: Sum>(warp: &Warp, op: &Op, first: usize, registers: usize, to: &mut [S]) {
    for register in 0..registers {
        // SAFETY: as the caller.
        let values = unsafe { operand::<E::Register>(warp, op, first + register) };
        for (lane, value) in values.iter().enumerate().take(rolled_lanes()) {
            for index in 0..E::PACKED {
                let element = (lane * registers + register) * E::PACKED + index;
                if let Some(to) = to.get_mut(element) {
                    *to = E::get(*value, index);
                }
            }
        }
    }
}
