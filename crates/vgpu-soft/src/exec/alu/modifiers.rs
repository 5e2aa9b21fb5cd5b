//! The modifiers of an arithmetic opcode, read into flags and types.

use crate::ptx::ast::{Opcode, Width};

/// A PTX type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    B8,
    B16,
    B32,
    B64,
    U8,
    U16,
    U16x2,
    U32,
    U64,
    S8,
    S16,
    S16x2,
    S32,
    S64,
    F16,
    F16x2,
    Bf16,
    Bf16x2,
    Tf32,
    E4m3x2,
    E5m2x2,
    F32,
    F64,
    Pred,
}

impl Type {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "b8" => Self::B8,
            "b16" => Self::B16,
            "b32" => Self::B32,
            "b64" => Self::B64,
            "u8" => Self::U8,
            "u16" => Self::U16,
            "u16x2" => Self::U16x2,
            "u32" => Self::U32,
            "u64" => Self::U64,
            "s8" => Self::S8,
            "s16" => Self::S16,
            "s16x2" => Self::S16x2,
            "s32" => Self::S32,
            "s64" => Self::S64,
            "f16" => Self::F16,
            "f16x2" => Self::F16x2,
            "bf16" => Self::Bf16,
            "bf16x2" => Self::Bf16x2,
            "tf32" => Self::Tf32,
            "e4m3x2" => Self::E4m3x2,
            "e5m2x2" => Self::E5m2x2,
            "f32" => Self::F32,
            "f64" => Self::F64,
            "pred" => Self::Pred,
            _ => return None,
        })
    }

    /// The width of the register that holds such a value.
    pub(super) fn width(self) -> Width {
        match self {
            Self::Pred => Width::Pred,
            Self::B8 | Self::U8 | Self::S8 | Self::B16 | Self::U16 | Self::S16 => Width::B16,
            Self::F16 | Self::Bf16 | Self::E4m3x2 | Self::E5m2x2 => Width::B16,
            Self::B32 | Self::U32 | Self::S32 | Self::F32 => Width::B32,
            Self::U16x2 | Self::S16x2 | Self::F16x2 | Self::Bf16x2 | Self::Tf32 => Width::B32,
            Self::B64 | Self::U64 | Self::S64 | Self::F64 => Width::B64,
        }
    }
}

/// How a result that does not fit is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// To nearest, ties to even: `rn`, `rni`
    Nearest,
    /// Towards zero: `rz`, `rzi`
    Zero,
    /// Towards minus infinity: `rm`, `rmi`
    Down,
    /// Towards plus infinity: `rp`, `rpi`
    Up,
    /// To nearest, ties away from zero: `rna`
    NearestAway,
}

/// Modifiers that are either there or not, as bits.
pub(super) mod flag {
    pub(in super::super) const FTZ: u32 = 1;
    pub(in super::super) const SAT: u32 = 1 << 1;
    pub(in super::super) const APPROX: u32 = 1 << 2;
    pub(in super::super) const FULL: u32 = 1 << 3;
    pub(in super::super) const RELU: u32 = 1 << 4;
    pub(in super::super) const NAN: u32 = 1 << 5;
    pub(in super::super) const LO: u32 = 1 << 6;
    pub(in super::super) const HI: u32 = 1 << 7;
    pub(in super::super) const WIDE: u32 = 1 << 8;
    pub(in super::super) const CLAMP: u32 = 1 << 9;
    pub(in super::super) const WRAP: u32 = 1 << 10;
    pub(in super::super) const LEFT: u32 = 1 << 11;
    pub(in super::super) const RIGHT: u32 = 1 << 12;
    pub(in super::super) const SHIFTAMT: u32 = 1 << 13;
    pub(in super::super) const CC: u32 = 1 << 14;
    pub(in super::super) const XORSIGN: u32 = 1 << 15;
    pub(in super::super) const SATFINITE: u32 = 1 << 16;
    /// One of the rounding modes that name integers (`rni` and its like).
    pub(in super::super) const TO_INTEGER: u32 = 1 << 17;
    pub(in super::super) const NOFTZ: u32 = 1 << 18;
    pub(in super::super) const AND: u32 = 1 << 19;
    pub(in super::super) const OR: u32 = 1 << 20;
}

/// What stands behind an opcode's first dot.
#[derive(Clone, Debug)]
pub(super) struct Modifiers {
    pub(super) flags: u32,
    pub(super) rounding: Option<Rounding>,
    /// In order of appearance.
    pub(super) types: Vec<Type>,
}

impl Modifiers {
    /// `None` when a modifier is not one of arithmetic, or is given twice.
    pub(super) fn parse(opcode: Opcode<'_>) -> Option<Self> {
        let mut found = Self { flags: 0, rounding: None, types: Vec::new() };
        for word in opcode.modifiers() {
            if let Some(r#type) = Type::parse(word) {
                found.types.push(r#type);
                continue;
            }
            let (bit, rounding) = match word {
                "ftz" => (flag::FTZ, None),
                "sat" => (flag::SAT, None),
                "approx" => (flag::APPROX, None),
                "full" => (flag::FULL, None),
                "relu" => (flag::RELU, None),
                "NaN" => (flag::NAN, None),
                "lo" => (flag::LO, None),
                "hi" => (flag::HI, None),
                "wide" => (flag::WIDE, None),
                "clamp" => (flag::CLAMP, None),
                "wrap" => (flag::WRAP, None),
                "l" => (flag::LEFT, None),
                "r" => (flag::RIGHT, None),
                "shiftamt" => (flag::SHIFTAMT, None),
                "cc" => (flag::CC, None),
                "xorsign" | "abs" => (flag::XORSIGN, None),
                "satfinite" => (flag::SATFINITE, None),
                "noftz" => (flag::NOFTZ, None),
                "and" => (flag::AND, None),
                "or" => (flag::OR, None),
                "rn" => (0, Some(Rounding::Nearest)),
                "rz" => (0, Some(Rounding::Zero)),
                "rm" => (0, Some(Rounding::Down)),
                "rp" => (0, Some(Rounding::Up)),
                "rna" => (0, Some(Rounding::NearestAway)),
                "rni" => (flag::TO_INTEGER, Some(Rounding::Nearest)),
                "rzi" => (flag::TO_INTEGER, Some(Rounding::Zero)),
                "rmi" => (flag::TO_INTEGER, Some(Rounding::Down)),
                "rpi" => (flag::TO_INTEGER, Some(Rounding::Up)),
                _ => return None,
            };
            let doubled = found.flags & bit != 0 && bit != flag::XORSIGN;
            if doubled || rounding.is_some() && found.rounding.is_some() {
                return None;
            }
            found.flags |= bit;
            found.rounding = found.rounding.or(rounding);
        }
        Some(found)
    }

    pub(super) fn has(&self, bit: u32) -> bool {
        self.flags & bit != 0
    }

    /// Whether no flag but those in `allowed` is there.
    pub(super) fn only(&self, allowed: u32) -> bool {
        self.flags & !allowed == 0
    }

    /// The type of an instruction that has exactly one, no rounding mode, and no flag but those in `allowed`.
    pub(super) fn plain(&self, allowed: u32) -> Option<Type> {
        match self.types[..] {
            [r#type] if self.rounding.is_none() && self.only(allowed) => Some(r#type),
            _ => None,
        }
    }

    pub(super) fn ftz(&self) -> bool {
        self.has(flag::FTZ)
    }
}
