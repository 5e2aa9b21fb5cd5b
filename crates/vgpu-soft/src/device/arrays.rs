//! The messages about arrays, textures and surfaces: the table of them is the heap's, which has their memory.

use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{ArrayCreate, ArrayLevel, SurfaceCreate, TextureCreate};
use vgpu_core::{CuError, CuResult};

use super::engine::Deferred;
use super::setup::SoftDevice;
use crate::textures::{Plan, Textures};

impl SoftDevice {
    /// Makes an array or a mip map; returns its number.
    pub(super) fn make_array(&mut self, message: &ArrayCreate) -> CuResult<u64> {
        let device = self.require_context(message.context)?;
        let plan = Plan::new(message.context, &message.shape, message.levels);
        let plan = plan.map_err(|error| self.refuse((error, format!("an array of {:?}", message.shape))))?;
        let len_bytes = plan.len_bytes();
        let start = self.engine.alloc(len_bytes, device, message.context);
        let start = start.map_err(|error| self.refuse((error, format!("{len_bytes} bytes of device memory"))))?;
        let mut heap = self.engine.heap.lock();
        heap.hide(start);
        Ok(heap.change_textures(|textures| textures.add_array(&plan, start)))
    }

    /// The array that is a level of a mip map.
    pub(super) fn find_level(&mut self, message: &ArrayLevel) -> CuResult<u64> {
        let found = self.engine.heap.lock().textures().level(message.array, message.level);
        found.map_err(|refusal| self.refuse(refusal))
    }

    /// Ends an array. Its memory stays until all work queued before is done.
    pub(super) fn end_array(&mut self, number: u64) -> CuResult {
        let start = self.change_textures(|textures| textures.end_array(number))?;
        self.engine.heap.lock().retire_array(start);
        self.engine.defer(Deferred::Reclaim(vec![start]));
        Ok(())
    }

    /// Makes a texture; returns its number.
    pub(super) fn make_texture(&mut self, message: &TextureCreate) -> CuResult<u64> {
        let TextureCreate { context, resource, sampling, view, .. } = message;
        self.require_context(*context)?;
        self.change_textures(|textures| textures.add_texture(*context, resource, sampling, view))
    }

    /// Makes a surface; returns its number.
    pub(super) fn make_surface(&mut self, message: &SurfaceCreate) -> CuResult<u64> {
        self.require_context(message.context)?;
        self.change_textures(|textures| textures.add_surface(message.array))
    }

    /// Changes the table, or keeps the text of why not.
    pub(super) fn change_textures<R>(
        &mut self,
        change: impl FnOnce(&mut Textures) -> Result<R, Refusal>,
    ) -> Result<R, CuError> {
        let changed = self.engine.heap.lock().change_textures(change);
        changed.map_err(|refusal| self.refuse(refusal))
    }
}
