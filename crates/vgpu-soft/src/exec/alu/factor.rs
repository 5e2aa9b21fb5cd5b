//! What the elements of a factor are: numbers that lie in words, of as many bits as their type has, from the low bits up.

use super::convert_fp8::eight_bits;
use super::half::{Brain, HalfFormat, Ieee};

/// What products are summed in.
pub(super) trait Sum: Copy + Default {
    fn add_product(self, a: Self, b: Self) -> Self;
}

impl Sum for f32 {
    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        a.mul_add(b, self)
    }
}

impl Sum for f64 {
    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        a.mul_add(b, self)
    }
}

impl Sum for i32 {
    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        self.wrapping_add(a * b)
    }
}

/// Exact, to be cut at the end.
impl Sum for i64 {
    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        self + a * b
    }
}

/// The type of a factor's elements.
pub(super) trait Factor: Copy + PartialEq + 'static {
    type Number: Sum;
    /// Every type; its place here is its code.
    const ALL: &'static [Self];
    fn named(name: &str) -> Option<Self>;
    fn bits(self) -> usize;
    /// The numbers in some words. `to` has room for all of them.
    fn unpack(self, words: &[u32], to: &mut [Self::Number]);
}

/// Numbers of f32's, or of fewer bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    Tf32,
    F16,
    Bf16,
    E4m3,
    E5m2,
}

/// Bytes, and halves of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    S8,
    U8,
    S4,
    U4,
}

impl Factor for Float {
    type Number = f32;
    const ALL: &'static [Self] = &[Self::Tf32, Self::F16, Self::Bf16, Self::E4m3, Self::E5m2];

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "tf32" => Self::Tf32,
            "f16" => Self::F16,
            "bf16" => Self::Bf16,
            "e4m3" => Self::E4m3,
            "e5m2" => Self::E5m2,
            _ => return None,
        })
    }

    fn bits(self) -> usize {
        match self {
            Self::Tf32 => 32,
            Self::F16 | Self::Bf16 => 16,
            Self::E4m3 | Self::E5m2 => 8,
        }
    }

    #[inline(always)]
    fn unpack(self, words: &[u32], to: &mut [f32]) {
        match self {
            Self::Tf32 => unpack_each::<32, _>(words, to, tf32),
            Self::F16 => unpack_each::<16, _>(words, to, |bits| Ieee::decode(bits as u16)),
            Self::Bf16 => unpack_each::<16, _>(words, to, |bits| Brain::decode(bits as u16)),
            Self::E4m3 => unpack_each::<8, _>(words, to, |bits| eight_bits::<4, 3>(bits as u8)),
            Self::E5m2 => unpack_each::<8, _>(words, to, |bits| eight_bits::<5, 2>(bits as u8)),
        }
    }
}

impl Integer {
    pub(super) fn is_signed(self) -> bool {
        matches!(self, Self::S8 | Self::S4)
    }
}

impl Factor for Integer {
    type Number = i32;
    const ALL: &'static [Self] = &[Self::S8, Self::U8, Self::S4, Self::U4];

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "s8" => Self::S8,
            "u8" => Self::U8,
            "s4" => Self::S4,
            "u4" => Self::U4,
            _ => return None,
        })
    }

    fn bits(self) -> usize {
        match self {
            Self::S8 | Self::U8 => 8,
            Self::S4 | Self::U4 => 4,
        }
    }

    #[inline(always)]
    fn unpack(self, words: &[u32], to: &mut [i32]) {
        match self {
            Self::S8 => unpack_each::<8, _>(words, to, |bits| i32::from(bits as i8)),
            Self::U8 => unpack_each::<8, _>(words, to, |bits| i32::from(bits as u8)),
            Self::S4 => unpack_each::<4, _>(words, to, |bits| (bits << 28) as i32 >> 28),
            Self::U4 => unpack_each::<4, _>(words, to, |bits| (bits & 15) as i32),
        }
    }
}

/// An f32 of which the low 13 bits do not count.
#[inline(always)]
pub(super) fn tf32(bits: u32) -> f32 {
    f32::from_bits(bits & 0xffff_e000)
}

/// `number` gets an element's bits, and those above it.
#[inline(always)]
fn unpack_each<const BITS: usize, N>(words: &[u32], to: &mut [N], number: impl Fn(u32) -> N) {
    for (word, to) in words.iter().zip(to.chunks_exact_mut(32 / BITS)) {
        for (place, to) in to.iter_mut().enumerate() {
            *to = number(word >> (BITS * place));
        }
    }
}
