//! `cvt` of two floats to a pair: `cvt.f16x2.f32 d, a, b`, where `a` becomes the upper half.

use std::marker::PhantomData;

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::Form;
use super::convert_fp8;
use super::half::{Brain, HalfFormat, Ieee, join};
use super::lanes::{Body, Cold, LANES, Level, Tier, Warm, map2, read, write_masked};
use super::modifiers::{Modifiers, Rounding, Type, flag};
use super::rounding::{NEAREST, TO_ZERO, encode, relu};
use crate::ptx::ast::Width;

pub(super) fn select(to: Type, from: Type, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if from != Type::F32 {
        return None;
    }
    let (rounding, flags) = (modifiers.rounding?, modifiers.flags);
    let form = match (to, rounding, flags) {
        (Type::F16x2, Rounding::Nearest, 0) => {
            Form::new(Warm(isa).fns::<NarrowTwo<Ieee>>(Width::B32), &[Width::B32; 3])
        }
        (Type::Bf16x2, Rounding::Nearest, 0) => {
            Form::new(Warm(isa).fns::<NarrowTwo<Brain>>(Width::B32), &[Width::B32; 3])
        }
        (Type::F16x2, ..) => halves::<5, 10>(rounding, flags)?,
        (Type::Bf16x2, ..) => halves::<8, 7>(rounding, flags)?,
        (Type::E4m3x2 | Type::E5m2x2, ..) => convert_fp8::two_to_pair(to, modifiers)?,
        _ => return None,
    };
    Some(form.ftz(false))
}

fn halves<const EXPONENT: u32, const MANTISSA: u32>(rounding: Rounding, flags: u32) -> Option<Form> {
    const BOTH: u32 = flag::RELU | flag::SATFINITE;
    Some(match (rounding, flags) {
        (Rounding::Nearest, flag::RELU) => pair::<EXPONENT, MANTISSA, NEAREST, { flag::RELU }>(),
        (Rounding::Nearest, flag::SATFINITE) => pair::<EXPONENT, MANTISSA, NEAREST, { flag::SATFINITE }>(),
        (Rounding::Nearest, BOTH) => pair::<EXPONENT, MANTISSA, NEAREST, BOTH>(),
        (Rounding::Zero, 0) => pair::<EXPONENT, MANTISSA, TO_ZERO, 0>(),
        (Rounding::Zero, flag::RELU) => pair::<EXPONENT, MANTISSA, TO_ZERO, { flag::RELU }>(),
        (Rounding::Zero, flag::SATFINITE) => pair::<EXPONENT, MANTISSA, TO_ZERO, { flag::SATFINITE }>(),
        (Rounding::Zero, BOTH) => pair::<EXPONENT, MANTISSA, TO_ZERO, BOTH>(),
        _ => return None,
    })
}

fn pair<const EXPONENT: u32, const MANTISSA: u32, const MODE: u8, const FLAGS: u32>() -> Form {
    map2(Cold, |a: f32, b: f32| {
        join(narrow::<EXPONENT, MANTISSA, MODE, FLAGS>(a), narrow::<EXPONENT, MANTISSA, MODE, FLAGS>(b))
    })
}

#[inline(always)]
fn narrow<const EXPONENT: u32, const MANTISSA: u32, const MODE: u8, const FLAGS: u32>(value: f32) -> u16 {
    let value = if FLAGS & flag::RELU != 0 { relu(value) } else { value };
    let rounding = if MODE == TO_ZERO { Rounding::Zero } else { Rounding::Nearest };
    let bits = encode::<EXPONENT, MANTISSA>(f64::from(value), rounding);
    (if FLAGS & flag::SATFINITE != 0 { finite::<EXPONENT, MANTISSA>(bits) } else { bits }) as u16
}

/// `.satfinite`: the largest number for an infinity, of its sign; NaN stays.
#[inline(always)]
pub(super) fn finite<const EXPONENT: u32, const MANTISSA: u32>(bits: u32) -> u32 {
    let infinity = ((1 << EXPONENT) - 1) << MANTISSA;
    let magnitude = (1 << (EXPONENT + MANTISSA)) - 1;
    if bits & magnitude == infinity { bits - 1 } else { bits }
}

struct NarrowTwo<K>(PhantomData<K>);

impl<K: HalfFormat> Body for NarrowTwo<K> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a and b are 32-bit slots.
        let (a, b) = unsafe { (read::<f32>(warp, op.a), read::<f32>(warp, op.b)) };
        let (mut upper, mut lower) = ([0u16; LANES], [0u16; LANES]);
        K::encode_all::<L>(&a, &mut upper);
        K::encode_all::<L>(&b, &mut lower);
        let mut packed = [0u32; LANES];
        for lane in 0..LANES {
            packed[lane] = join(upper[lane], lower[lane]);
        }
        // SAFETY: as the caller: d is a 32-bit slot.
        unsafe { write_masked::<u32, MASKED>(warp, op.d, mask, packed) }
    }
}
