//! Arrays, and the textures and surfaces that kernels see them through.
//!
//! Imports go one way, towards the top of this list:
//!
//! - `limits`: how large arrays may be. `format`: texels as bytes and as values. `grid`: where texels lie.
//! - `coordinates`: what a kernel asks for, and which texels that means. `cube`: the faces of cubes.
//! - `array`: arrays and mip maps. `sampler`: how a texture is read. `texture`, `surface`: what kernels have numbers of.
//! - [`Textures`]: the table of all that, by number.
//!
//! A launch has the table as it was when it was queued, in its [`MemoryMap`](crate::memory::MemoryMap): nobody waits for anybody to
//! look something up. What has been ended by then is not there, and reading it is a fault.

mod array;
pub(crate) mod coordinates;
mod cube;
mod format;
mod grid;
pub(crate) mod limits;
mod sampler;
pub(crate) mod surface;
pub(crate) mod texture;

use std::collections::HashMap;
use std::sync::Arc;

use vgpu_core::abi::{CUDA_ARRAY3D_SURFACE_LDST, CUresourcetype_enum as Kind};
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{ArrayShape, Resource, Sampling, TextureView};
use vgpu_core::{CuError, CuResult};

pub(crate) use array::Array;
use array::Layout;
use surface::Surface;
use texture::Texture;

/// More textures and surfaces than this there are not: each takes the host's memory, and none of the device's.
const VIEWS_MAX: usize = 1 << 20;

/// Every array, texture and surface that there is, by number. No number is used twice.
#[derive(Clone, Debug, Default)]
pub struct Textures {
    last: u64,
    arrays: HashMap<u64, Arc<Array>>,
    /// The arrays that are a mip map's levels.
    mipmaps: HashMap<u64, Vec<u64>>,
    textures: HashMap<u64, Arc<Texture>>,
    surfaces: HashMap<u64, Arc<Surface>>,
}

/// What a new array needs.
pub(crate) struct Plan {
    context: u32,
    is_mipmap: bool,
    levels: Vec<(ArrayShape, Layout)>,
    len_bytes: u64,
}

impl Plan {
    /// Lays out an array or, with `levels`, a mip map.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a shape or a count of levels that there cannot be or that is larger than the device's limits,
    /// `NOT_SUPPORTED` for formats that are not done.
    pub(crate) fn new(context: u32, shape: &ArrayShape, levels: u32) -> CuResult<Self> {
        shape.check()?;
        if levels > shape.levels_max() || !limits::admits(shape) {
            return Err(CuError::INVALID_VALUE);
        }
        let mut plan = Self { context, is_mipmap: levels > 0, levels: Vec::new(), len_bytes: 0 };
        for level in 0..levels.max(1) {
            let shape = shape.level(level);
            let layout = Layout::of(&shape, plan.len_bytes).ok_or(CuError::OUT_OF_MEMORY)?;
            plan.len_bytes = layout.end();
            plan.levels.push((shape, layout));
        }
        Ok(plan)
    }

    /// Bytes of device memory.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }
}

impl Textures {
    /// Refuses a texture or a surface too many.
    fn check_room(&self) -> Result<(), Refusal> {
        match self.textures.len() + self.surfaces.len() < VIEWS_MAX {
            true => Ok(()),
            false => Err((CuError::OUT_OF_MEMORY, format!("more than {VIEWS_MAX} textures and surfaces"))),
        }
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Makes what was planned, in memory that starts there; returns its number.
    pub(crate) fn add_array(&mut self, plan: &Plan, start: u64) -> u64 {
        let mut made = Vec::new();
        for (shape, layout) in &plan.levels {
            let number = self.number();
            let array = Array::new(number, (plan.context, start), *shape, layout, plan.is_mipmap);
            self.arrays.insert(number, Arc::new(array));
            made.push(number);
        }
        if !plan.is_mipmap {
            return made[0];
        }
        let number = self.number();
        self.mipmaps.insert(number, made);
        number
    }

    /// The array that is a level of a mip map.
    pub(crate) fn level(&self, mipmap: u64, level: u32) -> Result<u64, Refusal> {
        let levels = self.mipmaps.get(&mipmap).ok_or_else(|| unknown("mip map", mipmap))?;
        let found = levels.get(level as usize).copied();
        found.ok_or_else(|| {
            (CuError::INVALID_VALUE, format!("a mip map of {} levels has no level {level}", levels.len()))
        })
    }

    /// The array of that number.
    pub(crate) fn array(&self, number: u64) -> Option<&Arc<Array>> {
        self.arrays.get(&number)
    }

    /// The texture of that number.
    pub(crate) fn texture(&self, number: u64) -> Option<&Texture> {
        self.textures.get(&number).map(Arc::as_ref)
    }

    /// The surface of that number.
    pub(crate) fn surface(&self, number: u64) -> Option<&Surface> {
        self.surfaces.get(&number).map(Arc::as_ref)
    }

    /// Ends an array or a mip map; returns where its memory starts. Textures and surfaces of it can be read no more.
    pub(crate) fn end_array(&mut self, number: u64) -> Result<u64, Refusal> {
        if self.arrays.get(&number).is_some_and(|array| array.is_level) {
            return Err((CuError::INVALID_HANDLE, format!("array {number:#x} is a level, and ends with its mip map")));
        }
        let ended = match self.mipmaps.remove(&number) {
            Some(levels) => levels,
            None => vec![number],
        };
        let mut start = None;
        for number in ended {
            let array = self.arrays.remove(&number).ok_or_else(|| unknown("array", number))?;
            start = Some(array.memory);
            self.textures.values_mut().filter(|texture| texture.reads(number)).for_each(|texture| {
                *texture = Arc::new(texture.ended());
            });
            self.surfaces.retain(|_, surface| surface.array.number != number);
        }
        start.ok_or_else(|| unknown("array", number))
    }

    /// Ends all of a context. Its memory goes with the context's other memory.
    pub(crate) fn end_context(&mut self, context: u32) {
        let arrays = &self.arrays;
        self.mipmaps.retain(|_, levels| levels.iter().all(|level| arrays[level].context != context));
        self.arrays.retain(|_, array| array.context != context);
        self.textures.retain(|_, texture| texture.context != context);
        self.surfaces.retain(|_, surface| surface.array.context != context);
    }

    /// Makes a texture; returns its number.
    pub(crate) fn add_texture(
        &mut self,
        context: u32,
        resource: &Resource,
        sampling: &Sampling,
        view: &TextureView,
    ) -> Result<u64, Refusal> {
        self.check_room()?;
        let levels: Vec<Arc<Array>> = match Kind(resource.kind) {
            Kind::CU_RESOURCE_TYPE_ARRAY => {
                vec![self.array(resource.place).cloned().ok_or_else(|| unknown("array", resource.place))?]
            }
            Kind::CU_RESOURCE_TYPE_MIPMAPPED_ARRAY => {
                let levels = self.mipmaps.get(&resource.place).ok_or_else(|| unknown("mip map", resource.place))?;
                levels.iter().map(|level| self.arrays[level].clone()).collect()
            }
            _ => Vec::new(),
        };
        let texture = Texture::new(context, resource, &levels, sampling, view)?;
        let number = self.number();
        self.textures.insert(number, Arc::new(texture));
        Ok(number)
    }

    /// Ends a texture.
    pub(crate) fn end_texture(&mut self, number: u64) -> Result<(), Refusal> {
        self.textures.remove(&number).map(drop).ok_or_else(|| unknown("texture", number))
    }

    /// Makes a surface of an array; returns its number.
    pub(crate) fn add_surface(&mut self, number: u64) -> Result<u64, Refusal> {
        self.check_room()?;
        let array = self.array(number).cloned().ok_or_else(|| unknown("array", number))?;
        if !array.shape.has(CUDA_ARRAY3D_SURFACE_LDST) {
            return Err((CuError::INVALID_VALUE, "the array was not made for surfaces".to_owned()));
        }
        let number = self.number();
        self.surfaces.insert(number, Arc::new(Surface { array }));
        Ok(number)
    }

    /// Ends a surface.
    pub(crate) fn end_surface(&mut self, number: u64) -> Result<(), Refusal> {
        self.surfaces.remove(&number).map(drop).ok_or_else(|| unknown("surface", number))
    }
}

fn unknown(what: &str, number: u64) -> Refusal {
    (CuError::INVALID_HANDLE, format!("no {what} has handle {number:#x}"))
}
