//! Textures: memory, and how it is read.

use std::sync::Arc;

use vgpu_core::CuError;
use vgpu_core::abi::{
    CU_TRSF_NORMALIZED_COORDINATES, CUDA_ARRAY3D_CUBEMAP, CUDA_ARRAY3D_LAYERED, CUDA_ARRAY3D_TEXTURE_GATHER,
    CUresourcetype_enum as Kind,
};
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{Resource, Sampling, TextureView};
use vgpu_core::wire::texel_bytes;

use super::array::Array;
use super::coordinates::{At, Geometry, Mode, between, nearest};
use super::cube;
use super::format::{Format, Texel};
use super::grid::Grid;
use super::limits::{ALIGN_BYTES, LINEAR_WIDTH, PITCH_ALIGN_BYTES, PITCH_BYTES, PITCHED_EXTENTS};
use super::sampler::{Reading, Sampler};
use crate::allocations::Allocations;

/// A texture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Texture {
    pub(super) context: u32,
    /// What it reads: a level at least, unless that has ended.
    levels: Vec<Grid>,
    /// Of arrays: their numbers.
    arrays: Vec<u64>,
    shape: Form,
    sampler: Sampler,
}

/// What it may be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    dimensions: usize,
    is_layered: bool,
    is_cube: bool,
    may_be_gathered: bool,
}

/// A texel or a mixture of some, as a kernel asks for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fetch {
    pub(crate) geometry: Geometry,
    pub(crate) at: At,
    pub(crate) layer: u32,
    /// Texels to go on from there.
    pub(crate) offset: [i32; 3],
}

/// How fine a level is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Detail {
    Base,
    Level(f32),
    /// By how coordinates change from here to the right and down.
    Gradients([[f32; 3]; 2]),
}

/// What is asked of a texture but its texels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    Width,
    Height,
    Depth,
    Layers,
    Levels,
    Samples,
    IsNormalized,
}

fn refuse<T>(error: CuError, text: &str) -> Result<T, Refusal> {
    Err((error, text.to_owned()))
}

impl Texture {
    /// Checks a texture's description.
    ///
    /// # Errors
    /// `INVALID_VALUE` for what there is not, `NOT_SUPPORTED` for what is not done.
    pub(super) fn new(
        context: u32,
        resource: &Resource,
        arrays: &[Arc<Array>],
        sampling: &Sampling,
        view: &TextureView,
    ) -> Result<Self, Refusal> {
        let Some(whole) = arrays.first() else {
            if view.is_there != 0 {
                return refuse(CuError::INVALID_VALUE, "only arrays have views");
            }
            return Self::of_memory(context, resource, sampling);
        };
        if arrays.len() > 1 && sampling.flags & CU_TRSF_NORMALIZED_COORDINATES == 0 {
            return refuse(CuError::INVALID_VALUE, "a mip map's coordinates are normalised");
        }
        if arrays.len() > 1 && sampling.max_anisotropy > 1 {
            return refuse(CuError::NOT_SUPPORTED, "anisotropic filters are not done");
        }
        let (is_layered, is_cube) = (whole.shape.has(CUDA_ARRAY3D_LAYERED), whole.shape.has(CUDA_ARRAY3D_CUBEMAP));
        let dimensions = match (whole.shape.height, whole.shape.depth) {
            _ if is_cube => 3,
            (0, _) => 1,
            (_, 0) => 2,
            _ if is_layered => 2,
            _ => 3,
        };
        let may_be_gathered = whole.shape.has(CUDA_ARRAY3D_TEXTURE_GATHER);
        let mut texture = Self {
            context,
            levels: arrays.iter().map(|array| array.grid).collect(),
            arrays: arrays.iter().map(|array| array.number).collect(),
            shape: Form { dimensions, is_layered, is_cube, may_be_gathered },
            sampler: Sampler::new(whole.grid.format, sampling)?,
        };
        if view.is_there != 0 {
            texture.look(view, sampling)?;
        }
        Ok(texture)
    }

    /// Takes the array for what a view says.
    fn look(&mut self, view: &TextureView, sampling: &Sampling) -> Result<(), Refusal> {
        let of_array = self.levels[0].format;
        let format = match view.format {
            0 => of_array,
            format => Format::of_view(format)
                .ok_or_else(|| (CuError::NOT_SUPPORTED, format!("a view of format {format} is not done")))?,
        };
        let [width, height, depth] = self.levels[0].extents;
        let is_whole = (view.width, view.height.max(1)) == (width, height);
        if format.texel_bytes() != of_array.texel_bytes() || !is_whole {
            return refuse(CuError::INVALID_VALUE, "a view has other texels or extents than its array");
        }
        let (first, last) = (view.first_level as usize, view.last_level as usize);
        if first > last || last >= self.levels.len() {
            return refuse(CuError::INVALID_VALUE, "a view of levels that the mip map does not have");
        }
        self.levels = self.levels[first..=last].to_vec();
        let (first, last) = (u64::from(view.first_layer), u64::from(view.last_layer));
        let is_layered = self.shape.is_layered || self.shape.is_cube;
        if first > last || last > 0 && (!is_layered || last >= depth) {
            return refuse(CuError::INVALID_VALUE, "a view of layers that the array does not have");
        }
        for level in &mut self.levels {
            level.format = format;
            if is_layered && view.depth != 0 {
                level.start += first * level.slice_pitch;
                level.extents[2] = last - first + 1;
            }
        }
        if self.shape.is_cube && !self.levels[0].extents[2].is_multiple_of(6) {
            return refuse(CuError::INVALID_VALUE, "a view of a part of a cube");
        }
        self.sampler = Sampler::new(format, sampling)?;
        Ok(())
    }

    /// Of memory that kernels reach by address.
    fn of_memory(context: u32, resource: &Resource, sampling: &Sampling) -> Result<Self, Refusal> {
        let texel = texel_bytes(resource.format, resource.channels);
        let texel = u64::from(texel.map_err(|error| (error, "texels of such a format are not done".to_owned()))?);
        let format = Format::of_array(resource.format, resource.channels).expect("it has a texel's length");
        let start = resource.place;
        if start == 0 || !start.is_multiple_of(ALIGN_BYTES) {
            return refuse(CuError::INVALID_VALUE, "memory that is not aligned for textures");
        }
        let (dimensions, extents, row_pitch, sampler) = match Kind(resource.kind) {
            Kind::CU_RESOURCE_TYPE_LINEAR => {
                let width = resource.width / texel;
                if width > LINEAR_WIDTH {
                    return refuse(CuError::INVALID_VALUE, "more texels of linear memory than a texture has");
                }
                (1, [width, 1, 1], resource.width, Sampler::plain(format, sampling)?)
            }
            Kind::CU_RESOURCE_TYPE_PITCH2D => {
                let &Resource { width, height, pitch, .. } = resource;
                let [width_max, height_max] = PITCHED_EXTENTS;
                let is_sound = pitch.is_multiple_of(PITCH_ALIGN_BYTES) && pitch <= PITCH_BYTES;
                if !is_sound || width > width_max || height > height_max || width * texel > pitch {
                    return refuse(CuError::INVALID_VALUE, "rows that a texture cannot have");
                }
                (2, [width, height, 1], pitch, Sampler::new(format, sampling)?)
            }
            Kind(kind) => return Err((CuError::INVALID_VALUE, format!("there is no kind {kind} of resources"))),
        };
        if extents.contains(&0) {
            return refuse(CuError::INVALID_VALUE, "a texture of no texels");
        }
        let end = start.checked_add(row_pitch * extents[1]);
        if end.is_none() {
            return refuse(CuError::INVALID_VALUE, "memory past the last address");
        }
        let grid = Grid { start, extents, row_pitch, slice_pitch: 0, format, is_linear: true };
        let shape = Form { dimensions, is_layered: false, is_cube: false, may_be_gathered: dimensions == 2 };
        Ok(Self { context, levels: vec![grid], arrays: Vec::new(), shape, sampler })
    }

    /// Whether it reads the array of that number.
    pub(super) fn reads(&self, array: u64) -> bool {
        self.arrays.contains(&array)
    }

    /// The same texture, whose array has ended.
    pub(super) fn ended(&self) -> Self {
        Self { levels: Vec::new(), arrays: Vec::new(), ..self.clone() }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Why it cannot be read so.
    pub(crate) fn fetch(&self, fetch: &Fetch, detail: Detail, map: &Allocations) -> Result<[u32; 4], String> {
        self.check(fetch.geometry)?;
        let fetch = self.settled(fetch);
        let detail = match detail {
            Detail::Base => 0.0,
            Detail::Level(level) => level,
            Detail::Gradients(gradients) => self.detail_of(&gradients),
        };
        let (first, second, part) = self.sampler.levels(detail, self.levels.len());
        let value = self.read(&self.levels[first], &fetch, map)?;
        if part == 0.0 {
            return Ok(value.map_or_else(|texel| texel, |color| color.map(f32::to_bits)));
        }
        let other = self.read(&self.levels[second], &fetch, map)?;
        match (value, other) {
            (Ok(color), Ok(other)) => Ok(mixed(color, other, part).map(f32::to_bits)),
            // Integers are not mixed.
            (value, _) => Ok(value.map_or_else(|texel| texel, |color| color.map(f32::to_bits))),
        }
    }

    /// One channel of the four texels that a filter would mix: from the lower left one on, against the clock.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub(crate) fn gather(&self, fetch: &Fetch, channel: usize, map: &Allocations) -> Result<[u32; 4], String> {
        self.check(fetch.geometry)?;
        if !self.shape.may_be_gathered {
            return Err("its array was not made to be gathered".to_owned());
        }
        let fetch = self.settled(fetch);
        let grid = &self.levels[0];
        let At::Point(point) = fetch.at else { return Err("texels are gathered around points".to_owned()) };
        let [x, y] = [0, 1].map(|axis| {
            let place = self.scaled(point[axis], axis, grid);
            between(place, fetch.offset[axis], self.sampler.modes[axis], grid.extents[axis]).texels
        });
        let mut gathered = [0; 4];
        for (value, [i, j]) in gathered.iter_mut().zip([[0, 1], [1, 1], [1, 0], [0, 0]]) {
            let texel = self.texel(grid, [x[i], y[j], Some(self.slice(&fetch, grid))], map)?;
            *value = match self.sampler.reading {
                Reading::Integers => self.filled(texel, 1)[channel],
                _ => self.color(texel)[channel].to_bits(),
            };
        }
        Ok(gathered)
    }

    /// What it is, at a level.
    ///
    /// # Errors
    /// When its array has ended, or there is no such level.
    pub(crate) fn query(&self, query: Query, level: usize) -> Result<u32, String> {
        let grid = self.levels.get(level).ok_or_else(|| match self.levels.len() {
            0 => "its array has ended".to_owned(),
            count => format!("of its {count} levels there is no {level}"),
        })?;
        let has = |dimension: usize| self.shape.dimensions >= dimension;
        let counts_layers = self.shape.is_layered || self.shape.is_cube;
        let value = match query {
            Query::Width => grid.extents[0],
            Query::Height if has(2) => grid.extents[1],
            Query::Depth if has(3) && !counts_layers => grid.extents[2],
            Query::Layers if self.shape.is_cube && self.shape.is_layered => grid.extents[2] / 6,
            Query::Layers if self.shape.is_layered => grid.extents[2],
            Query::Height | Query::Depth | Query::Layers => 0,
            Query::Levels => self.levels.len() as u64,
            Query::Samples => 1,
            Query::IsNormalized => self.sampler.is_normalized.into(),
        };
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// Whether it can be read as that.
    fn check(&self, geometry: Geometry) -> Result<(), String> {
        if self.levels.is_empty() {
            return Err("its array has ended".to_owned());
        }
        let asked = (geometry.dimensions(), geometry.is_layered(), geometry.is_cube());
        let own = (self.shape.dimensions, self.shape.is_layered, self.shape.is_cube);
        if asked == own { Ok(()) } else { Err(format!("it is read as {geometry:?} and is none")) }
    }

    /// A direction from the middle of a cube becomes a place on a face.
    fn settled(&self, fetch: &Fetch) -> Fetch {
        let At::Point(direction) = fetch.at else { return *fetch };
        if !self.shape.is_cube {
            return *fetch;
        }
        let (face, [s, t]) = cube::face(direction);
        let layers = u32::try_from(self.levels[0].extents[2] / 6).unwrap_or(u32::MAX).max(1);
        let layer = if self.shape.is_layered { fetch.layer.min(layers - 1) } else { 0 };
        let face = u32::try_from(face).expect("a cube has six");
        Fetch { at: At::Point([s, t, 0.0]), layer: layer * 6 + face, ..*fetch }
    }

    /// How fine a level is needed, by how far apart neighbours' texels are.
    fn detail_of(&self, gradients: &[[f32; 3]; 2]) -> f32 {
        let extents = self.levels[0].extents;
        let length = |gradient: &[f32; 3]| {
            let axes = gradient.iter().zip(extents).take(self.shape.dimensions);
            #[expect(clippy::cast_precision_loss, reason = "extents have 28 bits at most")]
            axes.map(|(change, extent)| (change * extent as f32).powi(2)).sum::<f32>().sqrt()
        };
        length(&gradients[0]).max(length(&gradients[1])).log2()
    }

    /// A coordinate in texels.
    fn scaled(&self, x: f32, axis: usize, grid: &Grid) -> f64 {
        if self.shape.is_cube {
            // Faces have edges, whatever the coordinates' mode.
            return Mode::Clamp.scaled(x, grid.extents[axis]);
        }
        match self.sampler.is_normalized {
            true => self.sampler.modes[axis].scaled(x, grid.extents[axis]),
            false => x.into(),
        }
    }

    /// The slice of a layer, or the only one.
    fn slice(&self, fetch: &Fetch, grid: &Grid) -> u64 {
        let counts = self.shape.is_layered || self.shape.is_cube;
        if counts { u64::from(fetch.layer).min(grid.extents[2] - 1) } else { 0 }
    }

    /// How many of a texel's coordinates are not a layer's.
    fn axes(&self) -> usize {
        if self.shape.is_cube { 2 } else { self.shape.dimensions }
    }

    /// A level's value: a color, or integers.
    fn read(&self, grid: &Grid, fetch: &Fetch, map: &Allocations) -> Result<Result<[f32; 4], Texel>, String> {
        let axes = self.axes();
        let mut at = [Some(0); 3];
        if axes < 3 {
            at[2] = Some(self.slice(fetch, grid));
        }
        let mode = |axis: usize| {
            if self.shape.is_cube { Mode::Clamp } else { self.sampler.modes[axis] }
        };
        match fetch.at {
            At::Point(point) if self.sampler.is_linear => {
                let mut pairs = [None; 3];
                for axis in 0..axes {
                    let place = self.scaled(point[axis], axis, grid);
                    pairs[axis] = Some(between(place, fetch.offset[axis], mode(axis), grid.extents[axis]));
                }
                let mut sum = [0.0; 4];
                for corner in 0..1_usize << axes {
                    let mut weight = 1.0;
                    for (axis, pair) in pairs.iter().enumerate() {
                        let Some(pair) = pair else { continue };
                        let second = corner >> axis & 1;
                        at[axis] = pair.texels[second];
                        weight *= if second == 1 { pair.weight } else { 1.0 - pair.weight };
                    }
                    let color = self.color(self.texel(grid, at, map)?);
                    sum = std::array::from_fn(|channel| sum[channel] + weight * color[channel]);
                }
                return Ok(Ok(sum));
            }
            At::Point(point) => {
                for axis in 0..axes {
                    let place = self.scaled(point[axis], axis, grid);
                    at[axis] = nearest(place, fetch.offset[axis], mode(axis), grid.extents[axis]);
                }
            }
            At::Texels(texels) => {
                for axis in 0..axes {
                    let place = i64::from(texels[axis]) + i64::from(fetch.offset[axis]);
                    at[axis] = mode(axis).texel(place, grid.extents[axis]);
                }
            }
        }
        let texel = self.texel(grid, at, map)?;
        Ok(match self.sampler.reading {
            Reading::Integers => Err(self.filled(texel, 1)),
            _ => Ok(self.color(texel)),
        })
    }

    /// A texel as it is; `None` is one of the border.
    fn texel(&self, grid: &Grid, at: [Option<u64>; 3], map: &Allocations) -> Result<Option<Texel>, String> {
        let [Some(x), Some(y), Some(z)] = at else { return Ok(None) };
        let texel = grid.read([x, y, z], map);
        texel.map(Some).map_err(|address| format!("its memory at {address:#x} is in no allocation"))
    }

    /// A texel's value as floats.
    fn color(&self, texel: Option<Texel>) -> [f32; 4] {
        let Some(texel) = texel else { return self.sampler.border.map(f32::from_bits) };
        let format = self.levels[0].format;
        let values = texel.map(|value| format.promoted(value));
        let values = match self.sampler.reading {
            Reading::Colors => {
                let [red, green, blue, alpha] = values;
                let [red, green, blue] = [red, green, blue].map(linear_of_srgb);
                [red, green, blue, alpha]
            }
            _ => values,
        };
        let missing = |channel: u32| if channel == 3 { 1.0 } else { 0.0 };
        std::array::from_fn(|channel| {
            let number = channel as u32;
            if number < format.channels { values[channel] } else { missing(number) }
        })
    }

    /// A texel's integers, or the border's, with `one` for the last channel where the format has none.
    fn filled(&self, texel: Option<Texel>, one: u32) -> Texel {
        let Some(mut texel) = texel else { return self.sampler.border };
        if self.levels[0].format.channels < 4 {
            texel[3] = one;
        }
        texel
    }

    /// Whether its values are floats.
    pub(crate) fn gives_floats(&self) -> bool {
        self.sampler.reading != Reading::Integers
    }
}

/// So much of the second.
fn mixed(first: [f32; 4], second: [f32; 4], part: f32) -> [f32; 4] {
    std::array::from_fn(|channel| (1.0 - part) * first[channel] + part * second[channel])
}

/// **Source:** IEC 61966-2-1.
fn linear_of_srgb(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}
