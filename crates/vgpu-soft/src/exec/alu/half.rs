//! Arithmetic of f16 and bf16, single and packed in pairs.
//!
//! Operands are widened to f32, where sums and products of two halves round to the same half as the exact ones do;
//! a fused multiply-add is rounded to odd in between ([`fma_to_odd`]). f16 needs no denormals of f32, bf16 does.

use std::marker::PhantomData;

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::lanes::{Body, Cold, LANES, Level, Tier, Warm, read, stateless, write_masked};
use super::modifiers::{Modifiers, Type, flag};
use super::rounding::{fma_to_odd, relu, saturate};
use super::{Form, float};
use crate::ptx::opcodes::Arithmetic::{
    self, Abs, Add, Copysign, Div, Fma, Mad, Mad24, Max, Min, Mul, Mul24, Neg, Rcp, Rem, Sad, Sqrt, Sub,
};

/// A 16-bit floating-point format.
pub(super) trait HalfFormat {
    /// Exact.
    fn decode(bits: u16) -> f32;
    /// To nearest even; NaN becomes 0x7fff.
    fn encode(value: f32) -> u16;
    /// [`HalfFormat::decode`] for many values, both slices of the same length, a multiple of 16.
    #[inline(always)]
    fn decode_all<L: Level>(from: &[u16], to: &mut [f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = Self::decode(*from);
        }
    }
    #[inline(always)]
    fn encode_all<L: Level>(from: &[f32], to: &mut [u16]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = Self::encode(*from);
        }
    }
}

/// f16: 5 bits of exponent, 10 of mantissa.
pub(super) struct Ieee;

/// bf16: the upper half of an f32.
pub(super) struct Brain;

impl HalfFormat for Ieee {
    #[inline(always)]
    fn decode(bits: u16) -> f32 {
        let bits = u32::from(bits);
        let (sign, magnitude) = ((bits & 0x8000) << 16, bits & 0x7fff);
        // Denormals by conversion of the integer, so that no denormal f32 comes up.
        let denormal = (magnitude as i32 as f32 * (1.0 / 16_777_216.0)).to_bits();
        let normal = (magnitude << 13) + (112 << 23);
        let special = (magnitude << 13) | 0x7f80_0000;
        let finite = if magnitude < 0x400 { denormal } else { normal };
        f32::from_bits(sign | if magnitude >= 0x7c00 { special } else { finite })
    }

    #[inline(always)]
    fn encode(value: f32) -> u16 {
        let bits = value.to_bits();
        let (sign, magnitude) = (bits >> 16 & 0x8000, bits & 0x7fff_ffff);
        let is_odd = magnitude >> 13 & 1;
        let normal = magnitude.wrapping_sub(112 << 23).wrapping_add(0xfff + is_odd) >> 13;
        // Adding 0.5 leaves a denormal half in the low bits of the sum, rounded by the CPU.
        let denormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0x3f00_0000);
        let finite = if magnitude < 113 << 23 { denormal } else { normal };
        let finite = if magnitude >= 0x4780_0000 { 0x7c00 } else { finite };
        (if magnitude > 0x7f80_0000 { 0x7fff } else { sign | finite }) as u16
    }

    #[inline(always)]
    fn decode_all<L: Level>(from: &[u16], to: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if L::ISA >= Isa::Avx2 {
            // SAFETY: code for these levels runs only on CPUs that have their features.
            return unsafe { decode_f16c(from, to) };
        }
        for (to, from) in to.iter_mut().zip(from) {
            *to = Self::decode(*from);
        }
    }

    #[inline(always)]
    fn encode_all<L: Level>(from: &[f32], to: &mut [u16]) {
        #[cfg(target_arch = "x86_64")]
        if L::ISA >= Isa::Avx2 {
            // SAFETY: code for these levels runs only on CPUs that have their features.
            return unsafe { encode_f16c(from, to) };
        }
        for (to, from) in to.iter_mut().zip(from) {
            *to = Self::encode(*from);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx,f16c")]
#[inline]
fn decode_f16c(from: &[u16], to: &mut [f32]) {
    use std::arch::x86_64::{_mm_loadu_si128, _mm256_cvtph_ps, _mm256_storeu_ps};
    for (from, to) in from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0) {
        // SAFETY: `from` is 16 bytes.
        let halves = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
        // SAFETY: `to` is 32 bytes.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), _mm256_cvtph_ps(halves)) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,f16c")]
#[inline]
fn encode_f16c(from: &[f32], to: &mut [u16]) {
    use std::arch::x86_64::{
        _CMP_UNORD_Q, _MM_FROUND_TO_NEAREST_INT, _mm_blendv_epi8, _mm_packs_epi32, _mm_set1_epi16, _mm_storeu_si128,
        _mm256_castps_si256, _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cvtps_ph, _mm256_extracti128_si256,
        _mm256_loadu_ps,
    };
    for (from, to) in from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0) {
        // SAFETY: `from` is 32 bytes.
        let values = unsafe { _mm256_loadu_ps(from.as_ptr()) };
        let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(values);
        let is_nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(values, values));
        let is_nan = _mm_packs_epi32(_mm256_castsi256_si128(is_nan), _mm256_extracti128_si256::<1>(is_nan));
        let halves = _mm_blendv_epi8(halves, _mm_set1_epi16(0x7fff), is_nan);
        // SAFETY: `to` is 16 bytes.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), halves) }
    }
}

impl HalfFormat for Brain {
    #[inline(always)]
    fn decode(bits: u16) -> f32 {
        f32::from_bits(u32::from(bits) << 16)
    }

    #[inline(always)]
    fn encode(value: f32) -> u16 {
        let bits = value.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
        (if value.is_nan() { 0x7fff } else { rounded }) as u16
    }
}

/// `f` of up to three operands of `N` halves a lane; unused operands are 0. `Op::imm` is 1 for `.ftz`, which only the
/// compact version knows.
struct HalfMap<K, F, const N: usize, const SOURCES: usize>(PhantomData<(K, F)>);

impl<K: HalfFormat, F: Fn(f32, f32, f32) -> f32 + Copy, const N: usize, const SOURCES: usize> Body
    for HalfMap<K, F, N, SOURCES>
{
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let f = stateless::<F>();
        let mut sources = [[[0u16; N]; LANES]; SOURCES];
        for (source, slot) in sources.iter_mut().zip([op.a, op.b, op.c]) {
            // SAFETY: as the caller: the sources are slots of N halves a lane.
            *source = unsafe { read::<[u16; N]>(warp, slot) };
        }
        let mut halves = [[0u16; N]; LANES];
        if L::COMPACT {
            let flush = |half: u16| if op.imm != 0 { flushed(half) } else { half };
            for lane in L::lanes() {
                for element in 0..N {
                    let operand = |index: usize| match sources.get(index) {
                        Some(source) => K::decode(flush(source[lane][element])),
                        None => 0.0,
                    };
                    halves[lane][element] = flush(K::encode(f(operand(0), operand(1), operand(2))));
                }
            }
        } else {
            let mut values = [[[0f32; N]; LANES]; SOURCES];
            for (source, values) in sources.iter().zip(&mut values) {
                K::decode_all::<L>(source.as_flattened(), values.as_flattened_mut());
            }
            let mut results = [[0f32; N]; LANES];
            for lane in L::lanes() {
                for element in 0..N {
                    let operand = |index: usize| if index < SOURCES { values[index][lane][element] } else { 0.0 };
                    results[lane][element] = f(operand(0), operand(1), operand(2));
                }
            }
            K::encode_all::<L>(results.as_flattened(), halves.as_flattened_mut());
        }
        // SAFETY: as the caller: so is the destination.
        unsafe { write_masked::<[u16; N], MASKED>(warp, op.d, mask, halves) }
    }
}

/// Zero of the same sign instead of a denormal.
#[inline(always)]
fn flushed(half: u16) -> u16 {
    if half & 0x7c00 == 0 { half & 0x8000 } else { half }
}

/// The form of `f` for the type, with `.ftz` if `flush`.
pub(super) fn half_map<const SOURCES: usize, F: Fn(f32, f32, f32) -> f32 + Copy>(
    r#type: Type,
    flush: bool,
    tier: impl Tier,
    _f: F,
) -> Option<Form> {
    let width = r#type.width();
    let fns = match (r#type, flush) {
        (Type::F16, false) => tier.fns::<HalfMap<Ieee, F, 1, SOURCES>>(width),
        (Type::F16x2, false) => tier.fns::<HalfMap<Ieee, F, 2, SOURCES>>(width),
        (Type::Bf16, false) => tier.fns::<HalfMap<Brain, F, 1, SOURCES>>(width),
        (Type::Bf16x2, false) => tier.fns::<HalfMap<Brain, F, 2, SOURCES>>(width),
        (Type::F16, true) => Cold.fns::<HalfMap<Ieee, F, 1, SOURCES>>(width),
        (Type::F16x2, true) => Cold.fns::<HalfMap<Ieee, F, 2, SOURCES>>(width),
        (Type::Bf16, true) => Cold.fns::<HalfMap<Brain, F, 1, SOURCES>>(width),
        (Type::Bf16x2, true) => Cold.fns::<HalfMap<Brain, F, 2, SOURCES>>(width),
        _ => return None,
    };
    let form = Form::new(fns, &[width; 4][..1 + SOURCES]).imm(flush.into());
    Some(if matches!(r#type, Type::Bf16 | Type::Bf16x2) { form.ftz(false) } else { form })
}

pub(super) fn select(operation: Arithmetic, modifiers: &Modifiers, operand_count: usize, isa: Isa) -> Option<Form> {
    use super::modifiers::Rounding;
    const NAN_XORSIGN: u32 = flag::NAN | flag::XORSIGN;
    let [r#type] = modifiers.types[..] else { return None };
    let is_computed = matches!(operation, Add | Sub | Mul | Fma);
    if modifiers.rounding.is_some_and(|rounding| !is_computed || rounding != Rounding::Nearest)
        || modifiers.has(flag::TO_INTEGER)
    {
        return None;
    }
    let allowed = match operation {
        Add | Sub | Mul => flag::FTZ | flag::SAT,
        Fma => flag::FTZ | flag::SAT | flag::RELU,
        Min | Max => flag::FTZ | flag::NAN | flag::XORSIGN,
        Abs | Neg => flag::FTZ,
        Mad | Mul24 | Mad24 | Sad | Div | Rem | Rcp | Sqrt | Copysign => return None,
    };
    if !modifiers.only(allowed) {
        return None;
    }
    let flush = modifiers.ftz();
    let form = match (operation, modifiers.flags & !flag::FTZ) {
        (Add, 0) => half_map::<2, _>(r#type, flush, Warm(isa), |a, b, _| a + b),
        (Sub, 0) => half_map::<2, _>(r#type, flush, Warm(isa), |a, b, _| a - b),
        (Mul, 0) => half_map::<2, _>(r#type, flush, Warm(isa), |a, b, _| a * b),
        (Fma, 0) => half_map::<3, _>(r#type, flush, Warm(isa), fma_to_odd),
        (Add, flag::SAT) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| saturate(a + b)),
        (Sub, flag::SAT) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| saturate(a - b)),
        (Mul, flag::SAT) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| saturate(a * b)),
        (Fma, flag::SAT) => half_map::<3, _>(r#type, flush, Cold, |a, b, c| saturate(fma_to_odd(a, b, c))),
        (Fma, flag::RELU) => half_map::<3, _>(r#type, flush, Warm(isa), |a, b, c| relu(fma_to_odd(a, b, c))),
        (Min, 0) => half_map::<2, _>(r#type, flush, Warm(isa), |a, b, _| float::min(a, b)),
        (Max, 0) => half_map::<2, _>(r#type, flush, Warm(isa), |a, b, _| float::max(a, b)),
        (Min, flag::NAN) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| float::or_nan(a, b, float::min(a, b))),
        (Max, flag::NAN) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| float::or_nan(a, b, float::max(a, b))),
        (Min, flag::XORSIGN) => {
            half_map::<2, _>(r#type, flush, Cold, |a, b, _| float::xor_sign(a, b, float::min(a.abs(), b.abs())))
        }
        (Max, flag::XORSIGN) => {
            half_map::<2, _>(r#type, flush, Cold, |a, b, _| float::xor_sign(a, b, float::max(a.abs(), b.abs())))
        }
        (Min, NAN_XORSIGN) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| {
            float::or_nan(a, b, float::xor_sign(a, b, float::min(a.abs(), b.abs())))
        }),
        (Max, NAN_XORSIGN) => half_map::<2, _>(r#type, flush, Cold, |a, b, _| {
            float::or_nan(a, b, float::xor_sign(a, b, float::max(a.abs(), b.abs())))
        }),
        (Abs, 0) => half_map::<1, _>(r#type, flush, Cold, |a, _, _| a.abs()),
        (Neg, 0) => half_map::<1, _>(r#type, flush, Warm(isa), |a, _, _| -a),
        _ => None,
    }?;
    (form.operands.len() == operand_count).then_some(form)
}

/// Two halves as a word.
#[inline(always)]
pub(super) fn join(upper: u16, lower: u16) -> u32 {
    u32::from(upper) << 16 | u32::from(lower)
}
