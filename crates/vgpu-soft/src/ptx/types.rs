//! Types: fundamental ones, and what a declaration says around a name.

use super::ast::{Immediate, Width};
use super::cursor::{Cursor, Result};

/// Dimensions of an array.
const MAX_DIMENSIONS: usize = 8;

/// A fundamental type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) bytes: u32,
    is_float: bool,
    is_predicate: bool,
}

impl Scalar {
    pub(super) fn named(name: &str) -> Option<Self> {
        let (bytes, is_float) = match name {
            "b8" | "u8" | "s8" | "e4m3" | "e5m2" => (1, false),
            "b16" | "u16" | "s16" | "e4m3x2" | "e5m2x2" => (2, false),
            // Half precision constants are written as their bits.
            "f16" | "bf16" => (2, false),
            "b32" | "u32" | "s32" | "f16x2" | "bf16x2" => (4, false),
            "b64" | "u64" | "s64" => (8, false),
            "b128" => (16, false),
            "f32" => (4, true),
            "f64" => (8, true),
            "pred" => {
                return Some(Self { bytes: 0, is_float: false, is_predicate: true });
            }
            _ => return None,
        };
        Some(Self { bytes, is_float, is_predicate: false })
    }

    /// How wide a register of this type is.
    pub(super) fn width(self) -> Option<Width> {
        match self.bytes {
            0 => Some(Width::Pred),
            1 | 2 => Some(Width::B16),
            4 => Some(Width::B32),
            8 => Some(Width::B64),
            _ => None,
        }
    }

    /// The bytes of a constant of this type, lowest first; the first `self.bytes` count.
    pub(super) fn bytes_of(self, value: Immediate) -> Option<[u8; 8]> {
        #[expect(clippy::cast_possible_truncation, reason = "a double that initialises a float is rounded")]
        let bits = match (self.is_float, self.bytes, value) {
            (false, _, Immediate::Integer(value)) => value,
            (true, 4, Immediate::F32(bits)) => u64::from(bits),
            (true, 4, Immediate::F64(bits)) => u64::from((f64::from_bits(bits) as f32).to_bits()),
            (true, 8, Immediate::F64(bits)) => bits,
            // Zero is zero in any type; other integers would need to say whether they are bits or values.
            (true, _, Immediate::Integer(0)) => 0,
            _ => return None,
        };
        Some(bits.to_le_bytes())
    }
}

/// What stands before the name in a declaration.
pub(super) struct Prefix {
    pub(super) scalar: Scalar,
    /// Elements of `.v2`, `.v4`.
    pub(super) vector: u32,
    pub(super) align_bytes: Option<u32>,
    pub(super) is_managed: bool,
}

impl Prefix {
    /// Reads `.align 4 .b8` and the like; the state space has been read.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let mut scalar = None;
        let mut prefix = Self {
            scalar: Scalar { bytes: 1, is_float: false, is_predicate: false },
            vector: 1,
            align_bytes: None,
            is_managed: false,
        };
        let mut is_pointee = false;
        loop {
            let start = cursor.position();
            let Some(word) = cursor.directive()? else {
                break;
            };
            match word {
                "align" => {
                    let align = cursor.integer_u32("an alignment")?;
                    if !align.is_power_of_two() {
                        return Err(cursor.error(start, format!("alignment {align} is no power of two")));
                    }
                    // `.ptr .global .align 16` tells about what the parameter points at.
                    if !is_pointee {
                        prefix.align_bytes = Some(align);
                    }
                }
                "ptr" => is_pointee = true,
                "global" | "const" | "shared" | "local" | "param" | "generic" if is_pointee => {}
                "v2" => prefix.vector = 2,
                "v4" => prefix.vector = 4,
                "attribute" => prefix.is_managed |= attributes(cursor)?,
                other => match Scalar::named(other) {
                    Some(found) if !found.is_predicate && scalar.is_none() => scalar = Some(found),
                    _ => {
                        return Err(cursor.error(start, format!("`.{other}` is not known in a declaration")));
                    }
                },
            }
        }
        match scalar {
            Some(scalar) => Ok(Self { scalar, ..prefix }),
            None => Err(cursor.expected("a type")),
        }
    }
}

/// Reads `(.managed)` and says whether it is.
fn attributes(cursor: &mut Cursor<'_>) -> Result<bool> {
    cursor.expect(b'(')?;
    let mut is_managed = false;
    loop {
        let start = cursor.position();
        match cursor.directive()? {
            Some("managed") => is_managed = true,
            // Two numbers that name a variable across programs.
            Some("unified") => {
                cursor.expect(b'(')?;
                cursor.integer("a number")?;
                cursor.expect(b',')?;
                cursor.integer("a number")?;
                cursor.expect(b')')?;
            }
            _ => return Err(cursor.error(start, "unknown attribute of a variable")),
        }
        if !cursor.eat(b',') {
            break;
        }
    }
    cursor.expect(b')')?;
    Ok(is_managed)
}

/// The dimensions behind a name; 0 for `[]`, which only the first may be.
pub(super) struct Dimensions {
    pub(super) sizes: Vec<u64>,
}

impl Dimensions {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let mut sizes = Vec::new();
        loop {
            let start = cursor.position();
            if !cursor.eat(b'[') {
                break;
            }
            let is_open = sizes.is_empty() && cursor.peek() == Some(b']');
            let size = if is_open { 0 } else { cursor.integer("the size of an array")? };
            cursor.expect(b']')?;
            sizes.push(size);
            if sizes.len() > MAX_DIMENSIONS {
                return Err(cursor.error(start, "arrays of more than 8 dimensions are not supported"));
            }
        }
        Ok(Self { sizes })
    }

    /// Elements of a whole array at brace depth `depth`: 1 is the variable, 2 its rows, ... `None` on overflow.
    pub(super) fn elements(&self, depth: usize) -> Option<u64> {
        let inner = self.sizes.get(depth - 1..)?;
        inner.iter().try_fold(1u64, |product, size| product.checked_mul(*size))
    }
}
