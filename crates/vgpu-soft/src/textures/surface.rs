//! Surfaces: arrays that kernels write to.

use std::sync::Arc;

use super::array::Array;
use super::coordinates::Geometry;
use super::format::Texel;

/// A surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Surface {
    pub(crate) array: Arc<Array>,
}

/// What becomes of an access outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    Trap,
    Clamp,
    Zero,
}

impl Outside {
    /// What PTX calls it.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "trap" => Self::Trap,
            "clamp" => Self::Clamp,
            "zero" => Self::Zero,
            _ => return None,
        })
    }
}

/// A place in a surface: along the row in bytes or in texels, then rows and slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) geometry: Geometry,
    pub(crate) at: [i32; 3],
    pub(crate) layer: u32,
    pub(crate) is_in_texels: bool,
}

/// What is asked of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    Width,
    Height,
    Depth,
    Layers,
}

impl Surface {
    /// What it is.
    pub(crate) fn query(&self, query: Query) -> u32 {
        let shape = &self.array.shape;
        let is_layered = self.array.counts_layers();
        let value = match query {
            Query::Width => shape.width,
            Query::Height => shape.height,
            Query::Depth if !is_layered => shape.depth,
            Query::Layers if is_layered => shape.depth,
            Query::Depth | Query::Layers => 0,
        };
        u32::try_from(value).unwrap_or(u32::MAX)
    }

    /// The address of an access of so many bytes; `None` for one outside that is not made.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub(crate) fn place(&self, spot: &Spot, len_bytes: u64, outside: Outside) -> Result<Option<u64>, String> {
        let shape = &self.array.shape;
        let is_layered = self.array.counts_layers();
        let dimensions = match (shape.height, shape.depth) {
            (0, _) => 1,
            (_, 0) => 2,
            _ if is_layered => 2,
            _ => 3,
        };
        if (dimensions, is_layered) != (spot.geometry.dimensions(), spot.geometry.is_layered()) {
            return Err(format!("it is accessed as {:?} and is none", spot.geometry));
        }
        let unit = if spot.is_in_texels { self.array.texel_bytes() } else { 1 };
        let x = i64::from(spot.at[0]) * unit.cast_signed();
        let layer = i64::from(spot.layer);
        let mut place = [x, i64::from(spot.at[1]), i64::from(spot.at[2])];
        for (axis, place) in place.iter_mut().enumerate().skip(dimensions) {
            *place = if axis == 2 && is_layered { layer } else { 0 };
        }
        if x % len_bytes.cast_signed() != 0 {
            return Err(format!("an access of {len_bytes} bytes at byte {x} of a row"));
        }
        let ends = [shape.row_bytes().cast_signed() - len_bytes.cast_signed(), end(shape.rows()), end(shape.slices())];
        if ends[0] < 0 {
            return Err(format!("an access of {len_bytes} bytes to rows of {}", shape.row_bytes()));
        }
        if place.iter().zip(ends).any(|(place, end)| !(0..=end).contains(place)) {
            match outside {
                Outside::Trap => return Err(format!("{place:?} (bytes, rows, slices) is outside")),
                Outside::Zero => return Ok(None),
                Outside::Clamp => {
                    place = std::array::from_fn(|axis| place[axis].clamp(0, ends[axis]));
                    place[0] -= place[0] % len_bytes.cast_signed();
                }
            }
        }
        Ok(Some(self.array.address(place.map(i64::cast_unsigned))))
    }

    /// A texel's bytes of 32-bit channels.
    pub(crate) fn encode(&self, texel: Texel) -> [u8; 16] {
        self.array.grid.format.encode(texel)
    }
}

/// The last of so many.
fn end(count: u64) -> i64 {
    count.cast_signed() - 1
}
