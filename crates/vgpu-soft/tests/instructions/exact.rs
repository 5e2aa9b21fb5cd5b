//! Binary numbers computed exactly, and rounded once: the model for floating-point instructions.

/// `mantissa * 2^exponent`, or what is not a number of that kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exact {
    Finite { negative: bool, mantissa: u128, exponent: i32 },
    Infinite { negative: bool },
    Nan,
}

/// A format by its bits of exponent and mantissa.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub(crate) exponent: u32,
    pub(crate) mantissa: u32,
}

pub(crate) const F16: Format = Format { exponent: 5, mantissa: 10 };
pub(crate) const BF16: Format = Format { exponent: 8, mantissa: 7 };
pub(crate) const F32: Format = Format { exponent: 8, mantissa: 23 };
pub(crate) const F64: Format = Format { exponent: 11, mantissa: 52 };

impl Format {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "f16" => F16,
            "bf16" => BF16,
            "f32" => F32,
            _ => F64,
        }
    }

    fn bias(self) -> i32 {
        (1 << (self.exponent - 1)) - 1
    }

    fn infinity(self) -> u64 {
        ((1 << self.exponent) - 1) << self.mantissa
    }

    fn sign(self, negative: bool) -> u64 {
        u64::from(negative) << (self.exponent + self.mantissa)
    }

    pub(crate) fn is_nan(self, bits: u64) -> bool {
        bits & !self.sign(true) > self.infinity()
    }

    pub(crate) fn decode(self, bits: u64) -> Exact {
        let negative = bits & self.sign(true) != 0;
        let magnitude = bits & !self.sign(true);
        let (field, fraction) =
            ((magnitude >> self.mantissa) as i32, u128::from(magnitude & ((1 << self.mantissa) - 1)));
        if magnitude > self.infinity() {
            return Exact::Nan;
        }
        if magnitude == self.infinity() {
            return Exact::Infinite { negative };
        }
        let least = 1 - self.bias() - self.mantissa as i32;
        match field {
            0 => Exact::Finite { negative, mantissa: fraction, exponent: least },
            _ => Exact::Finite { negative, mantissa: fraction | 1 << self.mantissa, exponent: least + field - 1 },
        }
    }

    /// Rounds by PTX's name of the mode. NaN is given as all ones.
    pub(crate) fn encode(self, value: Exact, mode: &str) -> u64 {
        let (negative, mut mantissa, mut exponent) = match value {
            Exact::Nan => return self.infinity() | ((1 << self.mantissa) - 1),
            Exact::Infinite { negative } => return self.sign(negative) | self.infinity(),
            Exact::Finite { negative, mantissa, exponent } => (negative, mantissa, exponent),
        };
        if mantissa == 0 {
            return self.sign(negative);
        }
        // As many digits below the last place as there are.
        let shift = mantissa.leading_zeros() as i32;
        mantissa <<= shift;
        exponent -= shift;
        let least = 1 - self.bias() - self.mantissa as i32;
        let last = (exponent + 127 - self.mantissa as i32).max(least);
        let dropped = (last - exponent) as u32;
        let (kept, rest, half) = match dropped {
            0..128 => (mantissa >> dropped, mantissa & ((1 << dropped) - 1), 1u128 << (dropped - 1)),
            128 => (0, mantissa, 1 << 127),
            _ => (0, 1, 2),
        };
        let is_up = match mode {
            "rn" => rest > half || rest == half && kept & 1 == 1,
            "rna" => rest >= half,
            "rz" => false,
            "rm" => negative && rest != 0,
            _ => !negative && rest != 0,
        };
        let field = (last - least) as u128;
        let bits = ((field << self.mantissa) + kept + u128::from(is_up)) as u64;
        let overflows_to_largest = match mode {
            "rz" => true,
            "rm" => !negative,
            "rp" => negative,
            _ => false,
        };
        if bits < self.infinity() {
            self.sign(negative) | bits
        } else {
            self.sign(negative) | (self.infinity() - u64::from(overflows_to_largest))
        }
    }
}

impl Exact {
    pub(crate) fn integer(value: i128) -> Self {
        Self::Finite { negative: value < 0, mantissa: value.unsigned_abs(), exponent: 0 }
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Finite { negative, mantissa, exponent } => Self::Finite { negative: !negative, mantissa, exponent },
            Self::Infinite { negative } => Self::Infinite { negative: !negative },
            Self::Nan => Self::Nan,
        }
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        use Exact::{Finite, Infinite, Nan};
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Infinite { negative: a }, Infinite { negative: b }) => Infinite { negative: a != b },
            (Infinite { negative: a }, Finite { negative: b, mantissa, .. })
            | (Finite { negative: b, mantissa, .. }, Infinite { negative: a }) => {
                if mantissa == 0 {
                    Nan
                } else {
                    Infinite { negative: a != b }
                }
            }
            (Finite { negative: a, mantissa: m, exponent: e }, Finite { negative: b, mantissa: n, exponent: f }) => {
                Finite { negative: a != b, mantissa: m * n, exponent: e + f }
            }
        }
    }

    /// The sum; where the operands are too far apart for 128 bits, the smaller one is replaced by a tiny one of its
    /// sign, which rounds the same. The sign of a zero sum is `mode`'s.
    pub(crate) fn add(self, other: Self, mode: &str) -> Self {
        use Exact::{Finite, Infinite, Nan};
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Infinite { negative: a }, Infinite { negative: b }) => {
                if a == b {
                    self
                } else {
                    Nan
                }
            }
            (Infinite { .. }, _) => self,
            (_, Infinite { .. }) => other,
            (Finite { mantissa: 0, negative: a, .. }, Finite { mantissa: 0, negative: b, .. }) => {
                Finite { negative: if a == b { a } else { mode == "rm" }, mantissa: 0, exponent: 0 }
            }
            (Finite { mantissa: 0, .. }, _) => other,
            (_, Finite { mantissa: 0, .. }) => self,
            (Finite { .. }, Finite { .. }) => {
                let (large, small) = if self.top() >= other.top() { (self, other) } else { (other, self) };
                let (
                    Finite { negative: a, mantissa: m, exponent: e },
                    Finite { negative: b, mantissa: n, exponent: f },
                ) = (large, small)
                else {
                    unreachable!("both are finite")
                };
                // The larger one to the top but two bits, the smaller one to the same exponent.
                let up = m.leading_zeros() as i32 - 2;
                let (m, e) = (m << up, e - up);
                let down = e - f;
                let n = match down {
                    ..=0 => n << -down,
                    1..=126 => (n >> down) | u128::from(n & ((1 << down) - 1) != 0),
                    _ => 1,
                };
                let (m, n) = (m as i128, n as i128);
                let sum = (if a { -m } else { m }) + if b { -n } else { n };
                let negative = if sum == 0 { mode == "rm" } else { sum < 0 };
                Finite { negative, mantissa: sum.unsigned_abs(), exponent: e }
            }
        }
    }

    /// One above the exponent of the topmost bit.
    fn top(self) -> i32 {
        match self {
            Self::Finite { mantissa, exponent, .. } => exponent + 128 - mantissa.leading_zeros() as i32,
            _ => i32::MAX,
        }
    }
}
