//! Arrays, textures and surfaces. An array is memory whose rows and slices are a fixed way apart, and its handle is where it starts.

use std::ffi::c_uint;

use vgpu_core::abi::{
    CUDA_ARRAY3D_DESCRIPTOR, CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC, CUresourcetype as Kind,
};

use crate::call::{Address, Answer, In, Out, Shown, done, exports};
use crate::copies::take;
use crate::state::{Guard, INVALID_HANDLE, State};

/// How far rows of an array are apart.
pub(crate) const ROW_BYTES: usize = 256;
/// How many rows a slice has.
pub(crate) const SLICE_ROWS: usize = 8;

/// What an array is made of: extents, channels and their format, flags.
struct Descriptor(CUDA_ARRAY3D_DESCRIPTOR);

impl Shown for Descriptor {
    fn shown(&self, _: &State) -> Option<String> {
        let CUDA_ARRAY3D_DESCRIPTOR { Width, Height, Depth, Format, NumChannels, Flags } = self.0;
        Some(format!("{Width}x{Height}x{Depth} of {NumChannels} {}, {Flags}", Format.0))
    }
}

/// What a texture is of.
struct Resource(CUDA_RESOURCE_DESC);

impl Shown for Resource {
    fn shown(&self, state: &State) -> Option<String> {
        let res = &self.0.res;
        Some(match self.0.resType {
            // SAFETY: all bits are numbers.
            Kind::CU_RESOURCE_TYPE_LINEAR => unsafe {
                format!("{} {} bytes", state.place(res.linear.devPtr), res.linear.sizeInBytes)
            },
            // SAFETY: all bits are numbers.
            Kind::CU_RESOURCE_TYPE_PITCH2D => unsafe {
                let rows = res.pitch2D;
                format!("{} {}x{} {}", state.place(rows.devPtr), rows.width, rows.height, rows.pitchInBytes)
            },
            // SAFETY: all bits are a handle's.
            _ => unsafe { state.place(res.array.hArray.expose_provenance() as u64) },
        })
    }
}

fn array(state: &mut Guard, slices: usize) -> Result<(String, u64), c_uint> {
    let context = state.context()?;
    let name = format!("array{}", state.count("array"));
    let start = take(state, name.clone(), ROW_BYTES * SLICE_ROWS * slices.max(1), context);
    Ok((name, start))
}

fn end(state: &mut Guard, start: u64) -> Answer {
    state.context()?;
    state.memory.remove(&start).ok_or(INVALID_HANDLE)?;
    done()
}

exports! {
    fn cuArray3DCreate_v2(given: Out<u64>, descriptor: In<CUDA_ARRAY3D_DESCRIPTOR>) shows(Descriptor(descriptor.get())) [state] {
        let (name, start) = array(state, descriptor.get().Depth)?;
        given.put(start);
        Ok(name)
    }
    fn cuArrayDestroy(array: Address) [state] {
        end(state, array.0)
    }
    fn cuMipmappedArrayCreate(
        given: Out<u64>, descriptor: In<CUDA_ARRAY3D_DESCRIPTOR>, levels: c_uint,
    ) shows(Descriptor(descriptor.get()), levels) [state] {
        let (name, start) = array(state, descriptor.get().Depth)?;
        given.put(start);
        Ok(name)
    }
    fn cuMipmappedArrayDestroy(mipmap: Address) [state] {
        end(state, mipmap.0)
    }
    fn cuMipmappedArrayGetLevel(given: Out<u64>, mipmap: Address, level: c_uint) [state] {
        state.context()?;
        given.put(mipmap.0);
        done()
    }
    fn cuTexObjectCreate(
        given: Out<u64>, resource: In<CUDA_RESOURCE_DESC>, sampling: In<CUDA_TEXTURE_DESC>,
        view: In<CUDA_RESOURCE_VIEW_DESC>,
    ) shows(Resource(resource.get()), sampling.get().filterMode.0, sampling.get().flags, usize::from(!view.0.is_null())) [state] {
        state.context()?;
        let number = state.count("texture");
        given.put(number as u64);
        Ok(format!("texture{number}"))
    }
    fn cuTexObjectDestroy(texture: u64) [state] {
        state.context()?;
        done()
    }
    fn cuSurfObjectCreate(given: Out<u64>, resource: In<CUDA_RESOURCE_DESC>) shows(Resource(resource.get())) [state] {
        state.context()?;
        let number = state.count("surface");
        given.put(number as u64);
        Ok(format!("surface{number}"))
    }
    fn cuSurfObjectDestroy(surface: u64) [state] {
        state.context()?;
        done()
    }
}
