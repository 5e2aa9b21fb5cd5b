//! The messages about arrays, textures and surfaces.

use std::sync::Arc;

use vgpu_core::abi::{
    CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC, CUaddress_mode, CUarray_format, CUfilter_mode,
    CUresourceViewFormat, CUresourcetype as Kind,
};
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{
    ArrayCreate, ArrayLevel, CopyArray, Resource, Sampling, SurfaceCreate, TextureCreate, TextureView,
};
use vgpu_core::{CuError, CuResult};

use crate::api::Stream;
use crate::array::{Array, Made, texels_bytes};
use crate::array_copy::ArrayCopy;
use crate::context::Context;
use crate::counts::Counts;
use crate::device::{DriverDevice, refused};
use crate::reaper::What;

impl DriverDevice {
    /// Makes an array or a mip map; gives the guest's number.
    pub(crate) fn make_array(&mut self, message: &ArrayCreate) -> CuResult<u64> {
        let &ArrayCreate { context: number, levels, shape } = message;
        let context = self.enter_context(number)?;
        let checked = shape.check().and_then(|()| match levels <= shape.levels_max() {
            true => texels_bytes(&shape, levels).ok_or(CuError::OUT_OF_MEMORY),
            false => Err(CuError::INVALID_VALUE),
        });
        let len_bytes = checked.map_err(|error| self.refuse((error, format!("an array of {shape:?}"))))?;
        if !context.ledger.reserve(len_bytes) {
            return Err(self.refuse((CuError::OUT_OF_MEMORY, format!("{len_bytes} bytes of device memory"))));
        }
        let made = Made::new(&self.driver.api, &shape, levels).map_err(refused("an array"));
        let made = made.inspect_err(|_| context.ledger.release(len_bytes));
        let made = self.answered(&context, made)?;
        Ok(self.arrays.insert(Array { made, shape, context, number, len_bytes }))
    }

    /// The array that is a level of a mip map.
    pub(crate) fn find_level(&mut self, message: &ArrayLevel) -> CuResult<u64> {
        let &ArrayLevel { array: number, level, .. } = message;
        let Some(&Array { made: Made::Mipmap(mipmap), shape, number: of, ref context, .. }) = self.arrays.get(number)
        else {
            return Err(self.unknown_handle("mip map", number));
        };
        let context = Arc::clone(context);
        self.enter(&context)?;
        let found = self.driver.api.cuMipmappedArrayGetLevel(mipmap, level).map_err(refused("a level"));
        let found = self.answered(&context, found)?;
        let made = Made::Level(found, number);
        if let Some(known) = self.arrays.find(|array| array.made == made) {
            return Ok(known);
        }
        Ok(self.arrays.insert(Array { made, shape: shape.level(level), context, number: of, len_bytes: 0 }))
    }

    /// Ends an array or a mip map, with its levels.
    pub(crate) fn end_array(&mut self, number: u64) -> CuResult {
        let is_level = |array: &Array| matches!(array.made, Made::Level(..));
        if self.arrays.get(number).is_none_or(is_level) {
            return Err(self.unknown_handle("array", number));
        }
        let array = self.arrays.remove(number).expect("it was just found");
        self.arrays.remove_where(|level| matches!(level.made, Made::Level(_, of) if of == number));
        self.bury(&Arc::clone(&array.context), [What::Array(array.made, array.len_bytes)]);
        Ok(())
    }

    /// Queues a copy with an array at an end.
    pub(crate) fn queue_array_copy(&self, stream: Stream, message: &CopyArray) -> Result<(), Refusal> {
        let Some(copy) = ArrayCopy::decode(message, self.ground(), &self.arrays)? else { return Ok(()) };
        Counts::add(&self.counts.copied_bytes, copy.total_bytes());
        let queued = copy.each_part(&self.memory, &mut |part| {
            // SAFETY: the description is of checked places, and stays until the call is over.
            unsafe { self.driver.api.cuMemcpy3DAsync_v2(part, stream) }
        });
        queued.map_err(refused("a copy of an array"))
    }

    /// Makes a texture; its number is the driver's own.
    pub(crate) fn make_texture(&mut self, message: &TextureCreate) -> CuResult<u64> {
        let context = self.enter_context(message.context)?;
        let resource = self.resource(&message.resource).map_err(|refusal| self.refuse(refusal))?;
        let (sampling, view) = (sampling_of(&message.sampling), view_of(&message.view));
        let view = view.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let mut texture = 0;
        // SAFETY: the pointers lead to locals, the view's maybe nowhere; what the resource names is the guest's.
        let made = unsafe {
            self.driver.api.cuTexObjectCreate(&raw mut texture, &raw const resource, &raw const sampling, view)
        };
        self.answered(&context, made.map_err(refused("a texture")))?;
        self.textures.insert(texture, context);
        Ok(texture)
    }

    /// Ends a texture once the work so far is done.
    pub(crate) fn end_texture(&mut self, number: u64) -> CuResult {
        let Some(context) = self.textures.remove(&number) else {
            return Err(self.unknown_handle("texture", number));
        };
        self.bury(&context, [What::Texture(number)]);
        Ok(())
    }

    /// Makes a surface; its number is the driver's own.
    pub(crate) fn make_surface(&mut self, message: &SurfaceCreate) -> CuResult<u64> {
        let context = self.enter_context(message.context)?;
        let of_array = Resource {
            kind: Kind::CU_RESOURCE_TYPE_ARRAY.0,
            format: 0,
            channels: 0,
            reserved: 0,
            place: message.array,
            width: 0,
            height: 0,
            pitch: 0,
        };
        let resource = self.resource(&of_array).map_err(|refusal| self.refuse(refusal))?;
        let mut surface = 0;
        // SAFETY: the pointers lead to locals; the array is the guest's.
        let made = unsafe { self.driver.api.cuSurfObjectCreate(&raw mut surface, &raw const resource) };
        self.answered(&context, made.map_err(refused("a surface")))?;
        self.surfaces.insert(surface, context);
        Ok(surface)
    }

    /// Ends a surface once the work so far is done.
    pub(crate) fn end_surface(&mut self, number: u64) -> CuResult {
        let Some(context) = self.surfaces.remove(&number) else {
            return Err(self.unknown_handle("surface", number));
        };
        self.bury(&context, [What::Surface(number)]);
        Ok(())
    }

    /// Takes the textures and surfaces of a context.
    pub(crate) fn take_views(&mut self, context: &Arc<Context>) -> Vec<What> {
        let textures = self.textures.extract_if(.., |_, of| Arc::ptr_eq(of, context));
        let mut taken: Vec<What> = textures.map(|(texture, _)| What::Texture(texture)).collect();
        let surfaces = self.surfaces.extract_if(.., |_, of| Arc::ptr_eq(of, context));
        taken.extend(surfaces.map(|(surface, _)| What::Surface(surface)));
        taken
    }

    /// Takes the arrays of a context.
    pub(crate) fn take_arrays(&mut self, number: u32) -> Vec<What> {
        let taken = self.arrays.remove_where(|array| array.number == number);
        taken.into_iter().map(|array| What::Array(array.made, array.len_bytes)).collect()
    }

    /// The driver's description of what a texture reads; memory must be the guest's.
    fn resource(&self, resource: &Resource) -> Result<CUDA_RESOURCE_DESC, Refusal> {
        let unknown = |what: &str| (CuError::INVALID_HANDLE, format!("no {what} has handle {:#x}", resource.place));
        let mut described = CUDA_RESOURCE_DESC { resType: Kind(resource.kind), ..CUDA_RESOURCE_DESC::default() };
        let made = self.arrays.get(resource.place).map(|array| array.made);
        match Kind(resource.kind) {
            Kind::CU_RESOURCE_TYPE_ARRAY => {
                let array = made.and_then(Made::array).ok_or_else(|| unknown("array"))?;
                described.res.array.hArray = array.pointer();
            }
            Kind::CU_RESOURCE_TYPE_MIPMAPPED_ARRAY => {
                let Some(Made::Mipmap(mipmap)) = made else { return Err(unknown("mip map")) };
                described.res.mipmap.hMipmappedArray = mipmap.pointer();
            }
            Kind::CU_RESOURCE_TYPE_LINEAR => {
                self.reached(resource.place, Some(resource.width))?;
                // SAFETY: the description is all zeros, which are numbers.
                let linear = unsafe { &mut described.res.linear };
                (linear.devPtr, linear.sizeInBytes) = (resource.place, resource.width as usize);
                (linear.format, linear.numChannels) = (CUarray_format(resource.format), resource.channels);
            }
            Kind::CU_RESOURCE_TYPE_PITCH2D => {
                self.reached(resource.place, resource.pitch.checked_mul(resource.height))?;
                // SAFETY: the description is all zeros, which are numbers.
                let rows = unsafe { &mut described.res.pitch2D };
                (rows.devPtr, rows.pitchInBytes) = (resource.place, resource.pitch as usize);
                (rows.width, rows.height) = (resource.width as usize, resource.height as usize);
                (rows.format, rows.numChannels) = (CUarray_format(resource.format), resource.channels);
            }
            Kind(kind) => return Err((CuError::INVALID_VALUE, format!("there is no kind {kind} of resources"))),
        }
        Ok(described)
    }

    /// Memory that a texture reads must be the guest's.
    fn reached(&self, address: u64, len_bytes: Option<u64>) -> Result<(), Refusal> {
        let len_bytes = len_bytes.ok_or((CuError::INVALID_VALUE, "more memory than there are addresses".to_owned()))?;
        self.memory.place(address, len_bytes).map(drop)
    }
}

fn sampling_of(sampling: &Sampling) -> CUDA_TEXTURE_DESC {
    CUDA_TEXTURE_DESC {
        addressMode: sampling.address_modes.map(CUaddress_mode),
        filterMode: CUfilter_mode(sampling.filter),
        flags: sampling.flags,
        maxAnisotropy: sampling.max_anisotropy,
        mipmapFilterMode: CUfilter_mode(sampling.level_filter),
        mipmapLevelBias: f32::from_bits(sampling.level_bias),
        minMipmapLevelClamp: f32::from_bits(sampling.level_min),
        maxMipmapLevelClamp: f32::from_bits(sampling.level_max),
        borderColor: sampling.border.map(f32::from_bits),
        reserved: [0; 12],
    }
}

fn view_of(view: &TextureView) -> Option<CUDA_RESOURCE_VIEW_DESC> {
    (view.is_there != 0).then_some(CUDA_RESOURCE_VIEW_DESC {
        format: CUresourceViewFormat(view.format),
        width: view.width as usize,
        height: view.height as usize,
        depth: view.depth as usize,
        firstMipmapLevel: view.first_level,
        lastMipmapLevel: view.last_level,
        firstLayer: view.first_layer,
        lastLayer: view.last_layer,
        reserved: [0; 16],
    })
}
