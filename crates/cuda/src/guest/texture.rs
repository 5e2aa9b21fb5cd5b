//! Textures and surfaces. Their numbers are the executor's, for kernels get them as they are; here is what they were made of.

use std::collections::HashMap;

use once_cell::sync::Lazy;
use parking_lot::Mutex;
use vgpu_core::abi::{CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC, CUresourcetype};
use vgpu_core::wire::messages::{
    Resource, Sampling, SurfaceCreate, SurfaceDestroy, TextureCreate, TextureDestroy, TextureView,
};
use vgpu_core::{CuError, CuResult};

use super::array::{Array, Mipmap};
use super::context::Context;
use super::process::Process;

static TEXTURES: Lazy<Mutex<HashMap<u64, Texture>>> = Lazy::new(Mutex::default);
static SURFACES: Lazy<Mutex<HashMap<u64, Surface>>> = Lazy::new(Mutex::default);

/// What a texture was made of, in the program's own words.
#[derive(Clone, Copy)]
pub(crate) struct Texture {
    /// The wire number of its context.
    context: u32,
    pub(crate) resource: CUDA_RESOURCE_DESC,
    pub(crate) sampling: CUDA_TEXTURE_DESC,
    pub(crate) view: Option<CUDA_RESOURCE_VIEW_DESC>,
}

/// What a surface was made of.
#[derive(Clone, Copy)]
struct Surface {
    context: u32,
    resource: CUDA_RESOURCE_DESC,
}

// SAFETY: the handles in it are numbers.
unsafe impl Send for Texture {}
// SAFETY: as above.
unsafe impl Send for Surface {}

impl Texture {
    /// Makes a texture in a context; returns its number.
    ///
    /// # Errors
    /// `INVALID_VALUE` for what there is not, `INVALID_HANDLE` for an array that there is not, `NOT_SUPPORTED` for what is not done.
    pub(crate) fn create(
        process: &Process,
        context: &Context,
        resource: &CUDA_RESOURCE_DESC,
        sampling: &CUDA_TEXTURE_DESC,
        view: Option<&CUDA_RESOURCE_VIEW_DESC>,
    ) -> CuResult<u64> {
        let number = context.live()?.number;
        let message = TextureCreate {
            context: number,
            reserved: 0,
            resource: wire_resource(resource)?,
            sampling: wire_sampling(sampling),
            view: wire_view(view),
        };
        let texture = process.link.call(&message, &[])?.reply.texture;
        let made = Self { context: number, resource: *resource, sampling: *sampling, view: view.copied() };
        TEXTURES.lock().insert(texture, made);
        Ok(texture)
    }

    /// What the texture of that number was made of.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is none.
    pub(crate) fn find(number: u64) -> CuResult<Self> {
        TEXTURES.lock().get(&number).copied().ok_or(CuError::INVALID_VALUE)
    }

    /// Ends the texture of that number.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is none.
    pub(crate) fn destroy(process: &Process, number: u64) -> CuResult {
        TEXTURES.lock().remove(&number).ok_or(CuError::INVALID_VALUE)?;
        process.link.post(&TextureDestroy { texture: number }, &[]).map(drop)
    }
}

/// Makes a surface of an array in a context; returns its number.
///
/// # Errors
/// `INVALID_VALUE` for another resource than an array, or one that was not made for it; `INVALID_HANDLE` for an array that there is
/// not.
pub(crate) fn create_surface(process: &Process, context: &Context, resource: &CUDA_RESOURCE_DESC) -> CuResult<u64> {
    if resource.resType != CUresourcetype::CU_RESOURCE_TYPE_ARRAY || resource.flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let number = context.live()?.number;
    let array = wire_resource(resource)?.place;
    let surface = process.link.call(&SurfaceCreate { context: number, reserved: 0, array }, &[])?.reply.surface;
    SURFACES.lock().insert(surface, Surface { context: number, resource: *resource });
    Ok(surface)
}

/// What the surface of that number was made of.
///
/// # Errors
/// `INVALID_VALUE` when there is none.
pub(crate) fn surface_resource(number: u64) -> CuResult<CUDA_RESOURCE_DESC> {
    SURFACES.lock().get(&number).map(|surface| surface.resource).ok_or(CuError::INVALID_VALUE)
}

/// Ends the surface of that number.
///
/// # Errors
/// `INVALID_VALUE` when there is none.
pub(crate) fn destroy_surface(process: &Process, number: u64) -> CuResult {
    SURFACES.lock().remove(&number).ok_or(CuError::INVALID_VALUE)?;
    process.link.post(&SurfaceDestroy { surface: number }, &[]).map(drop)
}

/// Forgets all of the context of that wire number: the executor ends them with it.
pub(super) fn forget_all_of(context: u32) {
    TEXTURES.lock().retain(|_, texture| texture.context != context);
    SURFACES.lock().retain(|_, surface| surface.context != context);
}

fn wire_resource(resource: &CUDA_RESOURCE_DESC) -> CuResult<Resource> {
    if resource.flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let kind = resource.resType.0;
    let of_array = |place| Resource { kind, format: 0, channels: 0, reserved: 0, place, width: 0, height: 0, pitch: 0 };
    match resource.resType {
        CUresourcetype::CU_RESOURCE_TYPE_ARRAY => {
            // SAFETY: all bits are a handle's.
            let handle = unsafe { resource.res.array }.hArray.addr() as u64;
            Ok(of_array(Array::find(handle)?.wire))
        }
        CUresourcetype::CU_RESOURCE_TYPE_MIPMAPPED_ARRAY => {
            // SAFETY: all bits are a handle's.
            let handle = unsafe { resource.res.mipmap }.hMipmappedArray.addr() as u64;
            Ok(of_array(Mipmap::find(handle)?.wire))
        }
        CUresourcetype::CU_RESOURCE_TYPE_LINEAR => {
            // SAFETY: all bits are numbers.
            let linear = unsafe { resource.res.linear };
            let (format, channels) = (linear.format.0, linear.numChannels);
            Ok(Resource { format, channels, place: linear.devPtr, width: linear.sizeInBytes as u64, ..of_array(0) })
        }
        CUresourcetype::CU_RESOURCE_TYPE_PITCH2D => {
            // SAFETY: all bits are numbers.
            let pitched = unsafe { resource.res.pitch2D };
            Ok(Resource {
                format: pitched.format.0,
                channels: pitched.numChannels,
                place: pitched.devPtr,
                width: pitched.width as u64,
                height: pitched.height as u64,
                pitch: pitched.pitchInBytes as u64,
                ..of_array(0)
            })
        }
        _ => Err(CuError::INVALID_VALUE),
    }
}

fn wire_sampling(sampling: &CUDA_TEXTURE_DESC) -> Sampling {
    Sampling {
        address_modes: sampling.addressMode.map(|mode| mode.0),
        filter: sampling.filterMode.0,
        flags: sampling.flags,
        max_anisotropy: sampling.maxAnisotropy,
        level_filter: sampling.mipmapFilterMode.0,
        level_bias: sampling.mipmapLevelBias.to_bits(),
        level_min: sampling.minMipmapLevelClamp.to_bits(),
        level_max: sampling.maxMipmapLevelClamp.to_bits(),
        border: sampling.borderColor.map(f32::to_bits),
    }
}

fn wire_view(view: Option<&CUDA_RESOURCE_VIEW_DESC>) -> TextureView {
    match view {
        None => TextureView {
            is_there: 0,
            format: 0,
            width: 0,
            height: 0,
            depth: 0,
            first_level: 0,
            last_level: 0,
            first_layer: 0,
            last_layer: 0,
        },
        Some(view) => TextureView {
            is_there: 1,
            format: view.format.0,
            width: view.width as u64,
            height: view.height as u64,
            depth: view.depth as u64,
            first_level: view.firstMipmapLevel,
            last_level: view.lastMipmapLevel,
            first_layer: view.firstLayer,
            last_layer: view.lastLayer,
        },
    }
}
