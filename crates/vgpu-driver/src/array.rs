//! Arrays of the driver's, with what is to be known to hold a guest's copies against them.

use std::sync::Arc;

use vgpu_core::CuResult;
use vgpu_core::abi::{CUDA_ARRAY3D_DESCRIPTOR, CUarray_format};
use vgpu_core::wire::messages::ArrayShape;

use crate::api::{Api, Array as Handle, Mipmap};
use crate::context::Context;

/// What the driver has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Array(Handle),
    Mipmap(Mipmap),
    /// The level of a mip map, with which it goes; that one's number.
    Level(Handle, u64),
}

/// A guest's array or mip map.
pub(crate) struct Array {
    pub(crate) made: Made,
    pub(crate) shape: ArrayShape,
    pub(crate) context: Arc<Context>,
    /// The guest's number of the context.
    pub(crate) number: u32,
    /// What the ledger has it down for.
    pub(crate) len_bytes: u64,
}

impl Made {
    /// Makes an array or, with `levels`, a mip map in the current context.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn new(api: &Api, shape: &ArrayShape, levels: u32) -> CuResult<Self> {
        let descriptor = CUDA_ARRAY3D_DESCRIPTOR {
            Width: shape.width as usize,
            Height: shape.height as usize,
            Depth: shape.depth as usize,
            Format: CUarray_format(shape.format),
            NumChannels: shape.channels,
            Flags: shape.flags,
        };
        if levels == 0 {
            let mut array = Handle::default();
            // SAFETY: the arguments lead to locals.
            unsafe { api.cuArray3DCreate_v2(&raw mut array, &raw const descriptor) }?;
            return Ok(Self::Array(array));
        }
        let mut mipmap = Mipmap::default();
        // SAFETY: the arguments lead to locals.
        unsafe { api.cuMipmappedArrayCreate(&raw mut mipmap, &raw const descriptor, levels) }?;
        Ok(Self::Mipmap(mipmap))
    }

    /// The array to copy from and to; `None` for a mip map.
    pub(crate) fn array(self) -> Option<Handle> {
        match self {
            Self::Array(array) | Self::Level(array, _) => Some(array),
            Self::Mipmap(_) => None,
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn end(self, api: &Api) -> CuResult {
        match self {
            Self::Array(array) => api.cuArrayDestroy(array),
            Self::Mipmap(mipmap) => api.cuMipmappedArrayDestroy(mipmap),
            Self::Level(..) => Ok(()),
        }
    }
}

/// Bytes of the texels of an array, or of a mip map of so many levels; `None` where they cannot be counted.
pub(crate) fn texels_bytes(shape: &ArrayShape, levels: u32) -> Option<u64> {
    (0..levels.max(1)).try_fold(0_u64, |sum, level| {
        let shape = shape.level(level);
        sum.checked_add(shape.row_bytes().checked_mul(shape.rows())?.checked_mul(shape.slices())?)
    })
}
