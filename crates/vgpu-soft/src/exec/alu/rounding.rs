//! Rounding other than to nearest, and what `.ftz`, `.sat` and `.relu` do to a value.

use std::marker::PhantomData;

use super::super::op::{Op, OpFns};
use super::super::warp::Warp;
use super::lanes::{Body, Cold, LANES, Level, Tier, Value};
use super::modifiers::Rounding;
use crate::ptx::ast::Width;

pub(super) const TO_ZERO: u8 = 0;
pub(super) const DOWN: u8 = 1;
pub(super) const UP: u8 = 2;
pub(super) const NEAREST: u8 = 3;

/// Code that runs with the CPU rounding in the direction that `Op::imm` says.
#[derive(Clone, Copy)]
pub(super) struct Directed;

impl Tier for Directed {
    fn fns<B: Body>(self, destination: Width) -> OpFns {
        Cold.fns::<InDirection<B>>(destination)
    }
}

/// A body, run so.
pub(super) struct InDirection<B>(PhantomData<B>);

impl<B: Body> Body for InDirection<B> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let saved = control::set_direction(op.imm as u8);
        // SAFETY: as the caller. The operands are read and the results written between the two changes of the control
        // register, which the compiler takes to touch memory, so the arithmetic stays between them too.
        unsafe { B::run::<L, MASKED>(warp, op, mask) };
        control::restore(saved);
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    #[inline(always)]
    pub(super) fn set_direction(mode: u8) -> u32 {
        let mut saved = 0u32;
        // SAFETY: stores the SSE control register to a local.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut saved, options(nostack, preserves_flags)) };
        let bits = match mode {
            super::TO_ZERO => 0x6000,
            super::DOWN => 0x2000,
            _ => 0x4000,
        };
        restore(saved & !0x6000 | bits);
        saved
    }

    #[inline(always)]
    pub(super) fn restore(value: u32) {
        // SAFETY: the value was read from the register, but for its rounding bits, of which all combinations are valid.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    #[inline(always)]
    pub(super) fn set_direction(mode: u8) -> u64 {
        let saved: u64;
        // SAFETY: reads the floating-point control register.
        unsafe { asm!("mrs {}, fpcr", out(reg) saved, options(nostack, preserves_flags)) };
        let bits = match mode {
            super::TO_ZERO => 3 << 22,
            super::DOWN => 2 << 22,
            _ => 1 << 22,
        };
        restore(saved & !(3 << 22) | bits);
        saved
    }

    #[inline(always)]
    pub(super) fn restore(value: u64) {
        // SAFETY: the value was read from the register, but for its rounding bits, of which all combinations are valid.
        unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

/// A form of the closure in the rounding mode that was asked for; nearest in the tier given.
macro_rules! rounded {
    ($rounding:expr, $tier:expr, $map:ident, $closure:expr) => {
        match $rounding {
            None | Some(Rounding::Nearest) => $map($tier, $closure),
            Some(Rounding::NearestAway) => return None,
            Some(direction) => $map(Directed, $closure).imm(direction.code().into()),
        }
    };
}
pub(super) use rounded;

impl Rounding {
    /// For `Op::imm` and const parameters.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Zero => TO_ZERO,
            Self::Down => DOWN,
            Self::Up => UP,
            Self::Nearest => NEAREST,
            Self::NearestAway => NEAREST + 1,
        }
    }

    #[inline(always)]
    pub(super) fn from_code(code: i64) -> Self {
        match code as u8 {
            TO_ZERO => Self::Zero,
            DOWN => Self::Down,
            UP => Self::Up,
            NEAREST => Self::Nearest,
            _ => Self::NearestAway,
        }
    }
}

/// The NaN of f32 that PTX calls canonical.
pub(super) const NAN: f32 = f32::from_bits(0x7fff_ffff);

/// The one NaN that arithmetic in f32 gives. PTX leaves open which; on GPUs no payload or sign passes.
#[inline(always)]
pub(super) fn canonical(value: f32) -> f32 {
    if value.is_nan() { NAN } else { value }
}

/// A result of arithmetic in f32, which becomes [`canonical`] with those of the other lanes: one look finds that none of them is a
/// NaN, where a selection for each lane would cost a fifth of a warp's time.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Single(pub(super) f32);

impl Value for Single {
    const WIDTH: Width = Width::B32;
    const SIGNED: bool = false;
    const ZERO: Self = Self(0.0);

    #[inline(always)]
    fn settled(values: [Self; LANES]) -> [Self; LANES] {
        const HALF: usize = LANES / 2;
        let mut has_nan = false;
        for lane in 0..HALF {
            has_nan |= values[lane].0.is_nan() | values[lane + HALF].0.is_nan();
        }
        let mut settled = values;
        if has_nan {
            for lane in 0..LANES {
                settled[lane] = Self(canonical(values[lane].0));
            }
        }
        settled
    }
}

/// [`canonical`] of a root, in integers: LLVM drops the comparison of a root with itself.
#[inline(always)]
pub(super) fn canonical_root(value: f32) -> f32 {
    let bits = value.sqrt().to_bits();
    f32::from_bits(if bits & 0x7fff_ffff > 0x7f80_0000 { 0x7fff_ffff } else { bits })
}

/// Zero of the same sign instead of a denormal.
#[inline(always)]
pub(super) fn flush(value: f32) -> f32 {
    let bits = value.to_bits();
    f32::from_bits(if bits & 0x7f80_0000 == 0 { bits & 0x8000_0000 } else { bits })
}

/// `.sat`: to 0..=1, and NaN to 0.
#[inline(always)]
pub(super) fn saturate(value: f32) -> f32 {
    let positive = if value > 0.0 { value } else { 0.0 };
    if positive > 1.0 { 1.0 } else { positive }
}

#[inline(always)]
pub(super) fn saturate_f64(value: f64) -> f64 {
    let positive = if value > 0.0 { value } else { 0.0 };
    if positive > 1.0 { 1.0 } else { positive }
}

/// `.relu`: negative values to 0; NaN stays.
#[inline(always)]
pub(super) fn relu(value: f32) -> f32 {
    if value <= 0.0 { 0.0 } else { value }
}

/// To an integer in a direction.
#[inline(always)]
pub(super) fn integral<const MODE: u8>(value: f32) -> f32 {
    match MODE {
        TO_ZERO => value.trunc(),
        DOWN => value.floor(),
        UP => value.ceil(),
        _ => value.round_ties_even(),
    }
}

/// As [`integral`], in a direction that is known only when the op runs.
#[inline(always)]
pub(super) fn integral_towards(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Zero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
        _ => value.round_ties_even(),
    }
}

/// `a * b + c` rounded to odd: a result that is not exact has its last bit set. Rounding that once more, to a format
/// with at least two bits less, is the same as rounding the exact result.
#[inline(always)]
pub(super) fn fma_to_odd(a: f32, b: f32, c: f32) -> f32 {
    let product = f64::from(a) * f64::from(b);
    let c = f64::from(c);
    let sum = product + c;
    let from_c = sum - product;
    let error = (product - (sum - from_c)) + (c - from_c);
    let bits = sum.to_bits();
    let is_away = (error > 0.0) == (sum > 0.0);
    let moved = if is_away { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    let is_inexact = (error < 0.0) | (error > 0.0);
    to_odd(f64::from_bits(if is_inexact & (bits & 1 == 0) { moved } else { bits }))
}

/// Narrows, rounding to odd.
#[inline(always)]
pub(super) fn to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    let back = f64::from(nearest);
    let bits = nearest.to_bits();
    let truncated = if back.abs() > value.abs() { bits.wrapping_sub(1) } else { bits };
    f32::from_bits(if back == value || value.is_nan() { bits } else { truncated | 1 })
}

/// An integer as f64, rounded to odd.
#[inline(always)]
pub(super) fn integer_to_odd(magnitude: u64) -> f64 {
    let excess = 11u32.saturating_sub(magnitude.leading_zeros());
    let kept = magnitude >> excess << excess;
    let sticky = if kept == magnitude { 0 } else { 1u64 << excess };
    (kept | sticky) as f64
}

/// A NaN of f64 as the bits of a narrower format: quiet, with its sign and the top of its payload.
///
/// **Source:** observed on an H200 with driver 580; PTX leaves open which NaN a conversion gives.
#[inline(always)]
pub(super) fn narrowed_nan<const EXPONENT: u32, const MANTISSA: u32>(nan: f64) -> u32 {
    const PAYLOAD_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = nan.to_bits();
    let sign = ((bits >> 63) as u32) << (EXPONENT + MANTISSA);
    let payload = (bits & ((1 << PAYLOAD_BITS) - 1)) >> (PAYLOAD_BITS - MANTISSA);
    let quiet = ((2u32 << EXPONENT) - 1) << (MANTISSA - 1);
    sign | quiet | payload as u32
}

/// A value as the bits of a binary format of `EXPONENT` and `MANTISSA` bits that has infinities, NaN being all ones.
#[inline(always)]
pub(super) fn encode<const EXPONENT: u32, const MANTISSA: u32>(value: f64, rounding: Rounding) -> u32 {
    let infinity = ((1u32 << EXPONENT) - 1) << MANTISSA;
    let sign = ((value.to_bits() >> 63) as u32) << (EXPONENT + MANTISSA);
    if value.is_nan() {
        return infinity | ((1 << MANTISSA) - 1);
    }
    if value.is_infinite() {
        return sign | infinity;
    }
    let magnitude = encode_finite::<EXPONENT, MANTISSA>(value, rounding);
    let rounds_to_infinity = match rounding {
        Rounding::Nearest | Rounding::NearestAway => true,
        Rounding::Zero => false,
        Rounding::Down => sign != 0,
        Rounding::Up => sign == 0,
    };
    match magnitude {
        finite if finite < infinity => sign | finite,
        _ if rounds_to_infinity => sign | infinity,
        _ => sign | (infinity - 1),
    }
}

/// The magnitude's bits, as if there were exponents above the largest.
#[inline(always)]
pub(super) fn encode_finite<const EXPONENT: u32, const MANTISSA: u32>(value: f64, rounding: Rounding) -> u32 {
    let bias = (1i32 << (EXPONENT - 1)) - 1;
    let is_negative = value.is_sign_negative();
    let value = value.abs();
    if value == 0.0 {
        return 0;
    }
    let exponent = ((value.to_bits() >> 52) as i32 - 1023).max(1 - bias);
    // The unit in the last place as a power of two; its reciprocal is a normal f64 for all formats up to f32.
    let unit = exponent - MANTISSA as i32;
    let scaled = value * f64::from_bits(((1023 - unit) as u64) << 52);
    let floor = scaled as u64;
    let rest = scaled - floor as f64;
    let is_up = match rounding {
        Rounding::Nearest => rest > 0.5 || rest == 0.5 && floor & 1 == 1,
        Rounding::NearestAway => rest >= 0.5,
        Rounding::Zero => false,
        Rounding::Down => is_negative && rest > 0.0,
        Rounding::Up => !is_negative && rest > 0.0,
    };
    // A mantissa that rounds up to the next power of two carries into the exponent, and a denormal into the normals.
    let field = (exponent - (1 - bias)) as u64;
    (field << MANTISSA).saturating_add(floor).saturating_add(is_up.into()).min(u32::MAX as u64 >> 1) as u32
}
