//! Arrays and mip maps: the executor holds their texels; here is what a program is told of them.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use vgpu_core::wire::messages::{ArrayCreate, ArrayDestroy, ArrayLevel, ArrayShape};
use vgpu_core::{CuError, CuResult};

use super::handle::{Slab, Tag};
use super::process::Process;

static ARRAYS: Slab<Arc<Array>> = Slab::new(Tag::Array);
static MIPMAPS: Slab<Arc<Mipmap>> = Slab::new(Tag::MipmappedArray);

/// An array, maybe a level of a mip map.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) handle: u64,
    pub(crate) wire: u64,
    /// The wire number of its context.
    context: u32,
    pub(crate) shape: ArrayShape,
    /// It ends with its mip map.
    is_level: bool,
}

/// A mip map.
#[derive(Debug)]
pub(crate) struct Mipmap {
    pub(crate) handle: u64,
    pub(crate) wire: u64,
    context: u32,
    shape: ArrayShape,
    /// Its levels' handles, as far as a program has asked for them.
    levels: Box<[OnceCell<u64>]>,
}

fn create(process: &Process, context: u32, shape: ArrayShape, levels: u32) -> CuResult<u64> {
    shape.check()?;
    Ok(process.link.call(&ArrayCreate { context, levels, shape }, &[])?.reply.array)
}

impl Array {
    /// Makes an array in the context of that wire number.
    ///
    /// # Errors
    /// As [`ArrayShape::check`], and what the executor says of it.
    pub(crate) fn create(process: &Process, context: u32, shape: ArrayShape) -> CuResult<Arc<Self>> {
        let wire = create(process, context, shape, 0)?;
        Ok(ARRAYS.insert_with(|handle| Arc::new(Self { handle, wire, context, shape, is_level: false })))
    }

    /// The array that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(handle: u64) -> CuResult<Arc<Self>> {
        ARRAYS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// Ends the array.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for one that has ended already, or that is a level of a mip map.
    pub(crate) fn destroy(&self, process: &Process) -> CuResult {
        if self.is_level || ARRAYS.remove(self.handle).is_none() {
            return Err(CuError::INVALID_HANDLE);
        }
        process.link.post(&ArrayDestroy { array: self.wire }, &[]).map(drop)
    }
}

impl Mipmap {
    /// Makes a mip map in the context of that wire number, of so many levels or as many as it can have.
    ///
    /// # Errors
    /// As [`Array::create`]; `INVALID_VALUE` also for no levels.
    pub(crate) fn create(process: &Process, context: u32, shape: ArrayShape, levels: u32) -> CuResult<Arc<Self>> {
        shape.check()?;
        let levels = levels.min(shape.levels_max());
        if levels == 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let wire = create(process, context, shape, levels)?;
        let levels = vec![OnceCell::new(); levels as usize].into();
        Ok(MIPMAPS.insert_with(|handle| Arc::new(Self { handle, wire, context, shape, levels })))
    }

    /// The mip map that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(handle: u64) -> CuResult<Arc<Self>> {
        MIPMAPS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// The handle of the array that is a level.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is no such level, and those of the link.
    pub(crate) fn level(&self, process: &Process, level: u32) -> CuResult<u64> {
        let place = self.levels.get(level as usize).ok_or(CuError::INVALID_VALUE)?;
        let handle = place.get_or_try_init(|| {
            let wire = process.link.call(&ArrayLevel { array: self.wire, level, reserved: 0 }, &[])?.reply.array;
            let (context, shape) = (self.context, self.shape.level(level));
            Ok(ARRAYS.insert_with(|handle| Arc::new(Array { handle, wire, context, shape, is_level: true })).handle)
        });
        handle.copied()
    }

    /// Ends the mip map and its levels.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for one that has ended already.
    pub(crate) fn destroy(&self, process: &Process) -> CuResult {
        if MIPMAPS.remove(self.handle).is_none() {
            return Err(CuError::INVALID_HANDLE);
        }
        for level in self.levels.iter().filter_map(OnceCell::get) {
            ARRAYS.remove(*level);
        }
        process.link.post(&ArrayDestroy { array: self.wire }, &[]).map(drop)
    }
}

/// Ends the handles of all arrays and mip maps of the context of that wire number: the executor ends them with it.
pub(super) fn forget_all_of(context: u32) {
    for array in ARRAYS.filtered(|array| array.context == context) {
        ARRAYS.remove(array.handle);
    }
    for mipmap in MIPMAPS.filtered(|mipmap| mipmap.context == context) {
        MIPMAPS.remove(mipmap.handle);
    }
}
