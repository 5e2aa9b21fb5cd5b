//! Coordinates: what a kernel asks for, and which texels that means.
//!
//! **Source:** "Texture Fetching" in NVIDIA's CUDA C++ Programming Guide.

/// How many dimensions a texture has, and what it has many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Geometry {
    Line,
    Plane,
    Space,
    Lines,
    Planes,
    Cube,
    Cubes,
}

impl Geometry {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Line, Self::Plane, Self::Space, Self::Lines, Self::Planes, Self::Cube, Self::Cubes];

    /// What PTX calls it.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "1d" => Self::Line,
            "2d" => Self::Plane,
            "3d" => Self::Space,
            "a1d" => Self::Lines,
            "a2d" => Self::Planes,
            "cube" => Self::Cube,
            "acube" => Self::Cubes,
            _ => return None,
        })
    }

    /// How many coordinates there are besides a layer.
    pub(crate) fn dimensions(self) -> usize {
        match self {
            Self::Line | Self::Lines => 1,
            Self::Plane | Self::Planes => 2,
            Self::Space | Self::Cube | Self::Cubes => 3,
        }
    }

    /// Whether the first coordinate is a layer.
    pub(crate) fn is_layered(self) -> bool {
        matches!(self, Self::Lines | Self::Planes | Self::Cubes)
    }

    /// Whether coordinates are directions from the middle of a cube.
    pub(crate) fn is_cube(self) -> bool {
        matches!(self, Self::Cube | Self::Cubes)
    }
}

/// A place in a texture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum At {
    /// Texels.
    Texels([i32; 3]),
    /// Between them: the middle of the first is at one half.
    Point([f32; 3]),
}

/// What becomes of coordinates outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Wrap,
    Clamp,
    Mirror,
    Border,
}

impl Mode {
    /// The texel of an index; `None` is the border's colour.
    pub(super) fn texel(self, index: i64, extent: u64) -> Option<u64> {
        let len = extent.cast_signed();
        let inside = match self {
            Self::Clamp => index.clamp(0, len - 1),
            Self::Wrap => index.rem_euclid(len),
            Self::Mirror => match index.rem_euclid(2 * len) {
                there if there < len => there,
                back => 2 * len - 1 - back,
            },
            Self::Border if (0..len).contains(&index) => index,
            Self::Border => return None,
        };
        Some(inside.cast_unsigned())
    }

    /// A normalised coordinate, in texels.
    pub(super) fn scaled(self, x: f32, extent: u64) -> f64 {
        let x = f64::from(x);
        let part = || x - x.floor();
        let inside = match self {
            Self::Wrap => part(),
            Self::Mirror if x.floor().rem_euclid(2.0) == 0.0 => part(),
            Self::Mirror => 1.0 - part(),
            Self::Clamp | Self::Border => x,
        };
        #[expect(clippy::cast_precision_loss, reason = "extents have 28 bits at most")]
        return inside * extent as f64;
    }
}

/// The two texels around a coordinate, and the second one's part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) texels: [Option<u64>; 2],
    pub(super) weight: f32,
}

/// The index of the texel that holds a coordinate. What is no number is taken for 0.
#[expect(clippy::cast_possible_truncation, reason = "the largest index stands for all that are larger")]
pub(super) fn index(x: f64) -> i64 {
    x.floor() as i64
}

/// The texel that holds a coordinate.
pub(super) fn nearest(x: f64, offset: i32, mode: Mode, extent: u64) -> Option<u64> {
    let index = index(x).saturating_add(offset.into());
    mode.texel(index, extent)
}

/// The two texels whose middles a coordinate lies between. The weight has 8 bits of fraction.
pub(super) fn between(x: f64, offset: i32, mode: Mode, extent: u64) -> Pair {
    let middle = x - 0.5;
    let first = index(middle).saturating_add(offset.into());
    let texels = [mode.texel(first, extent), mode.texel(first.saturating_add(1), extent)];
    Pair { texels, weight: fraction(middle) }
}

/// The fraction of a number in 8 bits; 0 where it has none.
#[expect(clippy::cast_possible_truncation, reason = "it is between 0 and 1")]
pub(super) fn fraction(x: f64) -> f32 {
    let part = x - x.floor();
    if part.is_nan() { 0.0 } else { ((part * 256.0).round() / 256.0) as f32 }
}
