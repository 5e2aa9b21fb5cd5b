//! `cvt`: every numeric type to every other.
//!
//! Common conversions are code of their own; the rest go through an exact f64 and are rounded once from there.

use std::marker::PhantomData;

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::Form;
use super::convert_fp8;
use super::convert_packed::{self, finite};
use super::half::{Brain, HalfFormat, Ieee};
use super::lanes::{
    Body, Cold, Hot, LANES, Level, Tier, Value, Warm, map_variant, map1, read, stateless, write_masked,
};
use super::modifiers::{Modifiers, Rounding, Type, flag};
use super::rounding::{
    DOWN, Directed, NEAREST, TO_ZERO, UP, canonical, encode, flush, integer_to_odd, integral, integral_towards,
    narrowed_nan, relu, rounded, saturate, saturate_f64,
};
use crate::ptx::ast::Width;

pub(super) fn select(modifiers: &Modifiers, operand_count: usize, isa: Isa) -> Option<Form> {
    let [to, from] = modifiers.types[..] else { return None };
    if operand_count == 3 {
        return convert_packed::select(to, from, modifiers, isa);
    }
    match (is_integer(to), is_integer(from)) {
        (true, true) => integer_to_integer(to, from, modifiers, isa),
        (true, false) => float_to_integer(to, from, modifiers, isa),
        (false, true) => integer_to_float(to, from, modifiers, isa),
        (false, false) => float_to_float(to, from, modifiers, isa),
    }
}

fn is_integer(r#type: Type) -> bool {
    use Type::{S8, S16, S32, S64, U8, U16, U32, U64};
    matches!(r#type, S8 | S16 | S32 | S64 | U8 | U16 | U32 | U64)
}

/// An integer type, and the register that holds it.
trait Integer: Copy {
    type Register: Value;
    const MIN: i128;
    const MAX: i128;
    /// The topmost bit alone.
    const TOP: i64;
    fn exact(register: Self::Register) -> i128;
    /// The low bits, extended to the register.
    fn store(value: i64) -> Self::Register;
    fn from_f64(value: f64) -> Self::Register;
}

macro_rules! integers {
    ($($type:ident in $register:ident;)*) => {
        $(impl Integer for $type {
            type Register = $register;
            const MIN: i128 = $type::MIN as i128;
            const MAX: i128 = $type::MAX as i128;
            const TOP: i64 = 1 << ($type::BITS - 1);
            #[inline(always)]
            fn exact(register: $register) -> i128 {
                register as $type as i128
            }
            #[inline(always)]
            fn store(value: i64) -> $register {
                value as $type as $register
            }
            #[inline(always)]
            fn from_f64(value: f64) -> $register {
                value as $type as $register
            }
        })*
    };
}

integers! {
    u8 in u16;
    i8 in i16;
    u16 in u16;
    i16 in i16;
    u32 in u32;
    i32 in i32;
    u64 in u64;
    i64 in i64;
}

/// Hands the Rust type of an integer type to `$accept!(type)`.
macro_rules! with_integer {
    ($type:expr, $accept:ident) => {
        match $type {
            Type::U8 => $accept!(u8),
            Type::S8 => $accept!(i8),
            Type::U16 => $accept!(u16),
            Type::S16 => $accept!(i16),
            Type::U32 => $accept!(u32),
            Type::S32 => $accept!(i32),
            Type::U64 => $accept!(u64),
            Type::S64 => $accept!(i64),
            _ => return None,
        }
    };
}

fn integer_to_integer(to: Type, from: Type, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if modifiers.rounding.is_some() || !modifiers.only(flag::SAT) {
        return None;
    }
    let is_saturating = modifiers.has(flag::SAT);
    if !is_saturating {
        return Some(truncate(to, from, isa)?.signed(matches!(to, Type::S8 | Type::S16 | Type::S32)));
    }
    macro_rules! from_type {
        ($from:ty) => {{
            macro_rules! to_type {
                ($to:ty) => {
                    clamp::<$from, $to>()
                };
            }
            with_integer!(to, to_type)
        }};
    }
    Some(with_integer!(from, from_type))
}

/// Low bits do not depend on the sign, so that types of one width share their code, but for the source of a wider one.
fn truncate(to: Type, from: Type, isa: Isa) -> Option<Form> {
    use Type::{S8, S16, S32, S64, U8, U16, U32, U64};
    Some(match (to, from) {
        (U64 | S64, U64 | S64) => map1(Warm(isa), |a: u64| a),
        (U64 | S64, U32) => map1(Hot(isa), |a: u32| u64::from(a)),
        (U64 | S64, S32) => map1(Hot(isa), |a: i32| i64::from(a)),
        (U64 | S64, U16) => map1(Hot(isa), |a: u16| u64::from(a)),
        (U64 | S64, S16) => map1(Warm(isa), |a: i16| i64::from(a)),
        (U64 | S64, U8) => map1(Warm(isa), |a: u16| u64::from(a as u8)),
        (U64 | S64, S8) => map1(Warm(isa), |a: i16| i64::from(a as i8)),
        (U32 | S32, U64 | S64) => map1(Hot(isa), |a: u64| a as u32),
        (U32 | S32, U32 | S32) => map1(Warm(isa), |a: u32| a),
        (U32 | S32, U16) => map1(Hot(isa), |a: u16| u32::from(a)),
        (U32 | S32, S16) => map1(Hot(isa), |a: i16| i32::from(a)),
        (U32 | S32, U8) => map1(Warm(isa), |a: u16| u32::from(a as u8)),
        (U32 | S32, S8) => map1(Warm(isa), |a: i16| i32::from(a as i8)),
        (U16 | S16, U64 | S64) => map1(Warm(isa), |a: u64| a as u16),
        (U16 | S16, U32 | S32) => map1(Hot(isa), |a: u32| a as u16),
        (U16 | S16, U16 | S16) => map1(Warm(isa), |a: u16| a),
        (U16 | S16 | U8, U8) | (U8, U16 | S16 | S8) => map1(Warm(isa), |a: u16| a & 0xff),
        (U16 | S16 | S8, S8) | (S8, U16 | S16 | U8) => map1(Warm(isa), |a: i16| i16::from(a as i8)),
        (U8, U64 | S64) => map1(Cold, |a: u64| a as u16 & 0xff),
        (U8, U32 | S32) => map1(Warm(isa), |a: u32| a as u16 & 0xff),
        (S8, U64 | S64) => map1(Cold, |a: u64| i16::from(a as i8)),
        (S8, U32 | S32) => map1(Warm(isa), |a: u32| i16::from(a as i8)),
        _ => return None,
    })
}

fn clamp<S: Integer, D: Integer>() -> Form {
    map1(Cold, |a: S::Register| D::store(S::exact(a).clamp(D::MIN, D::MAX) as i64))
}

/// Values out of range give the nearest one in it. NaN gives 0, but the topmost bit where either side has 64 bits.
/// So says PTX ISA 9.0, and an NVIDIA H100 with driver 580 does it.
fn float_to_integer(to: Type, from: Type, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let allowed = flag::TO_INTEGER | flag::FTZ | flag::SAT;
    if !modifiers.has(flag::TO_INTEGER) || !modifiers.only(allowed) || modifiers.ftz() && from != Type::F32 {
        return None;
    }
    let (ftz, rounding) = (modifiers.ftz(), modifiers.rounding?);
    let form = match (from, to, rounding) {
        (_, _, Rounding::NearestAway) => return None,
        // Below 1/2 nothing depends on how small a value is.
        (Type::F32, Type::S32, Rounding::Zero) => map1(Hot(isa), |a: f32| a as i32),
        (Type::F32, Type::U32, Rounding::Zero) => map1(Hot(isa), |a: f32| a as u32),
        (Type::F32, Type::S64, Rounding::Zero) => {
            map1(Warm(isa), |a: f32| if a.is_nan() { i64::MIN } else { a as i64 })
        }
        (Type::F32, Type::S32, Rounding::Nearest) => map1(Hot(isa), |a: f32| a.round_ties_even() as i32),
        (Type::F32, Type::S32, Rounding::Down) if ftz => map1(Warm(isa), |a: f32| flush(a).floor() as i32),
        (Type::F32, Type::S32, Rounding::Up) if ftz => map1(Warm(isa), |a: f32| flush(a).ceil() as i32),
        _ => {
            macro_rules! to_type {
                ($to:ty) => {
                    match from {
                        Type::F32 if ftz => to_integer::<$to, f32, _>(rounding, |a| f64::from(flush(a))),
                        Type::F32 => to_integer::<$to, f32, _>(rounding, |a| f64::from(a)),
                        Type::F64 => to_integer::<$to, f64, _>(rounding, |a| a),
                        Type::F16 => to_integer::<$to, u16, _>(rounding, |a| f64::from(Ieee::decode(a))),
                        Type::Bf16 => to_integer::<$to, u16, _>(rounding, |a| f64::from(Brain::decode(a))),
                        _ => return None,
                    }
                };
            }
            with_integer!(to, to_type)
        }
    };
    Some(if from == Type::F16 { form } else { form.ftz(ftz) })
}

fn to_integer<D: Integer, A: Value, F: Fn(A) -> f64 + Copy>(rounding: Rounding, _decode: F) -> Form {
    map_variant(rounding.code().into(), |a: A, variant| {
        let value = stateless::<F>()(a);
        let is_wide = A::WIDTH == Width::B64 || D::Register::WIDTH == Width::B64;
        if is_wide && value.is_nan() {
            return D::store(D::TOP);
        }
        D::from_f64(integral_towards(value, Rounding::from_code(variant)))
    })
}

fn integer_to_float(to: Type, from: Type, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let rounding = modifiers.rounding?;
    if !modifiers.only(flag::FTZ | flag::SAT) || rounding == Rounding::NearestAway {
        return None;
    }
    if modifiers.has(flag::SAT) {
        return integer_to_unit(to, from);
    }
    macro_rules! from_type {
        ($from:ty) => {
            match (to, rounding) {
                (Type::F64, Rounding::Nearest) => map1(Cold, |a| <$from as Integer>::exact(a) as f64),
                (Type::F32, _) => from_integer::<$from, 8, 23, u32>(rounding),
                (Type::F16, _) => from_integer::<$from, 5, 10, u16>(rounding),
                (Type::Bf16, _) => from_integer::<$from, 8, 7, u16>(rounding),
                (Type::F64, _) => from_integer_f64::<$from>(rounding),
                _ => return None,
            }
        };
    }
    Some(match (to, from, rounding) {
        (Type::F32, Type::U16, Rounding::Nearest) => map1(Hot(isa), |a: u16| f32::from(a)),
        (Type::F32, Type::S16, Rounding::Nearest) => map1(Hot(isa), |a: i16| f32::from(a)),
        (Type::F32, Type::U32, Rounding::Nearest) => map1(Hot(isa), |a: u32| a as f32),
        (Type::F32, Type::S32, Rounding::Nearest) => map1(Hot(isa), |a: i32| a as f32),
        (Type::F32, Type::U64, Rounding::Nearest) => map1(Warm(isa), |a: u64| a as f32),
        (Type::F32, Type::S64, Rounding::Nearest) => map1(Warm(isa), |a: i64| a as f32),
        (Type::F64, Type::U32, Rounding::Nearest) => map1(Warm(isa), |a: u32| f64::from(a)),
        (Type::F64, Type::S32, Rounding::Nearest) => map1(Warm(isa), |a: i32| f64::from(a)),
        (Type::F64, Type::U64, Rounding::Nearest) => map1(Warm(isa), |a: u64| a as f64),
        (Type::F64, Type::S64, Rounding::Nearest) => map1(Warm(isa), |a: i64| a as f64),
        _ => with_integer!(from, from_type),
    })
}

/// Of integers, saturation to the numbers from 0 to 1 leaves these two.
fn integer_to_unit(to: Type, from: Type) -> Option<Form> {
    macro_rules! from_type {
        ($from:ty) => {
            match to {
                Type::F64 => map1(Cold, |a| f64::from(u8::from(<$from as Integer>::exact(a) > 0))),
                Type::F32 => map1(Cold, |a| f32::from(u8::from(<$from as Integer>::exact(a) > 0))),
                Type::F16 => map1(Cold, |a| Ieee::encode(f32::from(u8::from(<$from as Integer>::exact(a) > 0)))),
                _ => return None,
            }
        };
    }
    Some(with_integer!(from, from_type))
}

/// Bits of a narrow format in a register.
trait Bits: Value {
    fn from_bits(bits: u32) -> Self;
}

impl Bits for u16 {
    #[inline(always)]
    fn from_bits(bits: u32) -> Self {
        bits as u16
    }
}

impl Bits for u32 {
    #[inline(always)]
    fn from_bits(bits: u32) -> Self {
        bits
    }
}

#[inline(always)]
fn signed(is_negative: bool, magnitude: f64) -> f64 {
    if is_negative { -magnitude } else { magnitude }
}

/// The magnitude and sign of an integer.
#[inline(always)]
fn parts<S: Integer>(register: S::Register) -> (bool, u64) {
    let value = S::exact(register);
    (value < 0, value.unsigned_abs() as u64)
}

fn from_integer<S: Integer, const EXPONENT: u32, const MANTISSA: u32, R: Bits>(rounding: Rounding) -> Form {
    map_variant(rounding.code().into(), |a: S::Register, variant| {
        let (is_negative, magnitude) = parts::<S>(a);
        let value = signed(is_negative, integer_to_odd(magnitude));
        R::from_bits(encode::<EXPONENT, MANTISSA>(value, Rounding::from_code(variant)))
    })
}

/// Cuts off what does not fit 53 bits, then goes up by one unit if it must.
fn from_integer_f64<S: Integer>(rounding: Rounding) -> Form {
    map_variant(rounding.code().into(), |a: S::Register, variant| {
        let (is_negative, magnitude) = parts::<S>(a);
        let is_away = match Rounding::from_code(variant) {
            Rounding::Down => is_negative,
            Rounding::Up => !is_negative,
            _ => false,
        };
        let excess = 11u32.saturating_sub(magnitude.leading_zeros());
        let kept = magnitude >> excess << excess;
        let cut = kept as f64;
        signed(is_negative, if is_away && kept != magnitude { f64::from_bits(cut.to_bits() + 1) } else { cut })
    })
}

fn float_to_float(to: Type, from: Type, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    let fast = match (to, from, modifiers.rounding, modifiers.flags) {
        (Type::F32, Type::F16, None, 0 | flag::FTZ) => {
            Form::new(Hot(isa).fns::<Widen>(Width::B32), &[Width::B32, Width::B16])
        }
        (Type::F32, Type::Bf16, None, 0) => map1(Hot(isa), Brain::decode),
        (Type::F16, Type::F32, Some(Rounding::Nearest), 0 | flag::FTZ) => {
            Form::new(Hot(isa).fns::<Narrow<Ieee>>(Width::B16), &[Width::B16, Width::B32])
        }
        (Type::Bf16, Type::F32, Some(Rounding::Nearest), 0) => map1(Hot(isa), Brain::encode),
        (Type::F64, Type::F32, None, 0 | flag::FTZ) => map1(Warm(isa), |a: f32| f64::from(a)).ftz(modifiers.ftz()),
        (Type::F32, Type::F64, Some(rounding), 0 | flag::FTZ) => rounded!(Some(rounding), Warm(isa), map1, |a: f64| {
            if a.is_nan() { f32::from_bits(narrowed_nan::<8, 23>(a)) } else { a as f32 }
        })
        .ftz(modifiers.ftz()),
        (Type::F16, Type::F64, Some(rounding), 0) if rounding != Rounding::NearestAway => f64_to_half(rounding),
        (Type::F32, Type::F32, _, _) => return f32_to_f32(modifiers, isa),
        (Type::F64, Type::F64, _, _) => return f64_to_f64(modifiers),
        (Type::F16, Type::F16, Some(rounding), flags) if flags & !flag::SAT == flag::TO_INTEGER => {
            half_to_integral::<Ieee>(rounding, modifiers)?
        }
        (Type::Bf16, Type::Bf16, Some(rounding), flag::TO_INTEGER) => {
            half_to_integral::<Brain>(rounding, modifiers)?.ftz(false)
        }
        (Type::F16x2, Type::E4m3x2 | Type::E5m2x2, ..) | (Type::E4m3x2 | Type::E5m2x2, Type::F16x2, ..) => {
            return convert_fp8::pair_to_pair(to, from, modifiers);
        }
        _ => return any_float(to, from, modifiers),
    };
    Some(fast)
}

/// f16 to f32.
struct Widen;

impl Body for Widen {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a is a 16-bit slot.
        let halves = unsafe { read::<u16>(warp, op.a) };
        let mut values = [0f32; LANES];
        Ieee::decode_all::<L>(&halves, &mut values);
        // SAFETY: as the caller: d is a 32-bit slot.
        unsafe { write_masked::<f32, MASKED>(warp, op.d, mask, values.map(canonical)) }
    }
}

/// f32 to halves.
struct Narrow<K>(PhantomData<K>);

impl<K: HalfFormat> Body for Narrow<K> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a is a 32-bit slot.
        let values = unsafe { read::<f32>(warp, op.a) };
        let mut halves = [0u16; LANES];
        K::encode_all::<L>(&values, &mut halves);
        // SAFETY: as the caller: d is a 16-bit slot.
        unsafe { write_masked::<u16, MASKED>(warp, op.d, mask, halves) }
    }
}

fn f32_to_f32(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    if !modifiers.only(flag::FTZ | flag::SAT | flag::TO_INTEGER) {
        return None;
    }
    let is_saturating = modifiers.has(flag::SAT);
    macro_rules! apply {
        ($function:expr) => {
            match (modifiers.ftz(), is_saturating) {
                (false, false) => map1(Warm(isa), |a: f32| canonical($function(a))),
                (true, false) => map1(Warm(isa), |a: f32| canonical($function(flush(a)))),
                (false, true) => map1(Cold, |a: f32| saturate($function(a))),
                (true, true) => map1(Cold, |a: f32| saturate($function(flush(a)))),
            }
        };
    }
    let form = match (modifiers.rounding, modifiers.has(flag::TO_INTEGER)) {
        (None, false) => apply!(std::convert::identity),
        (Some(Rounding::Nearest), true) => apply!(integral::<NEAREST>),
        (Some(Rounding::Zero), true) => apply!(integral::<TO_ZERO>),
        (Some(Rounding::Down), true) => apply!(integral::<DOWN>),
        (Some(Rounding::Up), true) => apply!(integral::<UP>),
        _ => return None,
    };
    Some(form.ftz(modifiers.ftz()))
}

fn f64_to_f64(modifiers: &Modifiers) -> Option<Form> {
    if !modifiers.only(flag::SAT | flag::TO_INTEGER) || modifiers.rounding == Some(Rounding::NearestAway) {
        return None;
    }
    let form = match (modifiers.rounding, modifiers.has(flag::TO_INTEGER), modifiers.has(flag::SAT)) {
        (None, false, false) => map1(Cold, |a: f64| a),
        (None, false, true) => map1(Cold, saturate_f64),
        (Some(rounding), true, false) => {
            map_variant(rounding.code().into(), |a: f64, variant| integral_towards(a, Rounding::from_code(variant)))
        }
        (Some(rounding), true, true) => map_variant(rounding.code().into(), |a: f64, variant| {
            saturate_f64(integral_towards(a, Rounding::from_code(variant)))
        }),
        _ => return None,
    };
    Some(form.ftz(false))
}

fn f64_to_half(rounding: Rounding) -> Form {
    let form = map_variant(rounding.code().into(), |a: f64, variant| {
        let number = encode::<5, 10>(a, Rounding::from_code(variant));
        (if a.is_nan() { narrowed_nan::<5, 10>(a) } else { number }) as u16
    });
    form.ftz(false)
}

fn half_to_integral<K: HalfFormat>(rounding: Rounding, modifiers: &Modifiers) -> Option<Form> {
    let variant = rounding.code().into();
    Some(match (rounding, modifiers.has(flag::SAT)) {
        (Rounding::NearestAway, _) => return None,
        (_, false) => map_variant(variant, |a: u16, variant| {
            K::encode(integral_towards(f64::from(K::decode(a)), Rounding::from_code(variant)) as f32)
        }),
        (_, true) => map_variant(variant, |a: u16, variant| {
            K::encode(saturate(integral_towards(f64::from(K::decode(a)), Rounding::from_code(variant)) as f32))
        }),
    })
}

/// The conversions that are left: directed rounding, halves to halves, f64 and halves, `.tf32`.
fn any_float(to: Type, from: Type, modifiers: &Modifiers) -> Option<Form> {
    if !modifiers.only(flag::RELU | flag::SAT | flag::FTZ | flag::SATFINITE) {
        return None;
    }
    let flags = modifiers.flags & !flag::FTZ;
    let rounding = match (modifiers.rounding, from, to) {
        (Some(rounding), _, _) => rounding,
        (None, Type::F16 | Type::Bf16, Type::F64 | Type::F32) | (None, Type::F32, Type::F64) => Rounding::Nearest,
        (None, Type::F16, Type::F16) | (None, Type::Bf16, Type::Bf16) => Rounding::Nearest,
        // The reference asks for a rounding; the assembler does without, and makes the machine code of `.rn` of it.
        (None, Type::F16, Type::Bf16) | (None, Type::Bf16, Type::F16) => Rounding::Nearest,
        _ => return None,
    };
    macro_rules! from_value {
        ($register:ty, $decode:expr) => {
            match to {
                Type::F16 => convert::<$register, u16, _, 5, 10>($decode, rounding, flags),
                Type::Bf16 => convert::<$register, u16, _, 8, 7>($decode, rounding, flags),
                Type::F32 if from != Type::F64 => convert::<$register, u32, _, 8, 23>($decode, rounding, flags),
                Type::F32 if modifiers.ftz() && flags == flag::SAT => f64_to_unit_flushed(rounding),
                Type::F32 if flags == flag::SAT => convert::<$register, u32, _, 8, 23>($decode, rounding, flags),
                Type::Tf32 if from == Type::F32 => to_tf32(rounding, flags),
                Type::F64 if flags == 0 => Some(map1(Cold, $decode)),
                Type::F64 if flags == flag::SAT => Some(map1(Cold, |a| saturate_f64($decode(a)))),
                _ => None,
            }
        };
    }
    let form = match from {
        Type::F16 => from_value!(u16, |a: u16| f64::from(Ieee::decode(a))),
        Type::Bf16 => from_value!(u16, |a: u16| f64::from(Brain::decode(a))),
        Type::F32 => from_value!(u32, |a: u32| f64::from(f32::from_bits(a))),
        Type::F64 => from_value!(f64, |a: f64| a),
        _ => None,
    };
    form.map(|form| form.ftz(modifiers.ftz()))
}

fn convert<A: Value, R: Bits, F: Fn(A) -> f64 + Copy, const EXPONENT: u32, const MANTISSA: u32>(
    _decode: F,
    rounding: Rounding,
    flags: u32,
) -> Option<Form> {
    const RELU: i64 = 1 << 8;
    const SATURATING: i64 = 1 << 9;
    const FINITE: i64 = 1 << 10;
    if rounding == Rounding::NearestAway || flags & flag::SAT != 0 && flags != flag::SAT {
        return None;
    }
    let bit = |flag: u32, bit: i64| if flags & flag != 0 { bit } else { 0 };
    let variant = bit(flag::RELU, RELU) | bit(flag::SAT, SATURATING) | bit(flag::SATFINITE, FINITE);
    Some(map_variant(variant | i64::from(rounding.code()), |a: A, variant| {
        let value = stateless::<F>()(a);
        let value = if variant & RELU != 0 && value <= 0.0 { 0.0 } else { value };
        let value = if variant & SATURATING != 0 { saturate_f64(value) } else { value };
        let bits = encode::<EXPONENT, MANTISSA>(value, Rounding::from_code(variant));
        R::from_bits(if variant & FINITE != 0 { finite::<EXPONENT, MANTISSA>(bits) } else { bits })
    }))
}

/// `cvt.sat.ftz.f32.f64`
fn f64_to_unit_flushed(rounding: Rounding) -> Option<Form> {
    (rounding != Rounding::NearestAway).then(|| {
        map_variant(rounding.code().into(), |a: f64, variant| {
            let bits = encode::<8, 23>(saturate_f64(a), Rounding::from_code(variant));
            if bits >> 23 == 0 { 0 } else { bits }
        })
    })
}

/// `.tf32`: an f32 with ten bits of mantissa.
fn to_tf32(rounding: Rounding, flags: u32) -> Option<Form> {
    #[inline(always)]
    fn round(value: f32, rounding: Rounding) -> u32 {
        let bits = value.to_bits();
        let half = match rounding {
            Rounding::NearestAway => 0x1000,
            Rounding::Nearest => 0xfff + (bits >> 13 & 1),
            _ => 0,
        };
        let rounded = bits.wrapping_add(half) & 0xffff_e000;
        if value.is_nan() { 0x7fff_ffff } else { rounded }
    }
    Some(match (rounding, flags) {
        (Rounding::NearestAway, 0) => map1(Cold, |a: f32| round(a, Rounding::NearestAway)),
        (Rounding::Nearest, 0) => map1(Cold, |a: f32| round(a, Rounding::Nearest)),
        (Rounding::Zero, 0) => map1(Cold, |a: f32| round(a, Rounding::Zero)),
        (Rounding::Nearest, flag::RELU) => map1(Cold, |a: f32| round(relu(a), Rounding::Nearest)),
        (Rounding::Zero, flag::RELU) => map1(Cold, |a: f32| round(relu(a), Rounding::Zero)),
        (Rounding::NearestAway, flag::SATFINITE) => map1(Cold, |a: f32| {
            // Rounding in place has carried into the exponent where the value is too large.
            finite::<8, 10>(round(a, Rounding::NearestAway) >> 13) << 13
        }),
        _ => return None,
    })
}
