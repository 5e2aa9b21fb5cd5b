//! What a kernel may touch: an immutable snapshot of the allocations, and of arrays, textures and surfaces, at the time of its launch.

use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::allocations::Allocation;
pub use crate::allocations::Allocations;
use crate::textures::Textures;

/// Allocations, and what is read and written through the texture units.
#[derive(Clone, Debug, Default)]
pub struct MemoryMap {
    allocations: Allocations,
    textures: Arc<Textures>,
}

impl MemoryMap {
    /// Takes the ranges in any order; empty ones are dropped.
    pub fn new(ranges: Vec<Range<u64>>) -> Self {
        let own = ranges.into_iter().map(Allocation::from).collect();
        Self::with_textures(Allocations::new(own, Vec::new()), Arc::default())
    }

    /// With arrays, textures and surfaces.
    pub(crate) fn with_textures(allocations: Allocations, textures: Arc<Textures>) -> Self {
        Self { allocations, textures }
    }

    /// The arrays, textures and surfaces of that time.
    pub(crate) fn textures(&self) -> &Textures {
        &self.textures
    }
}

impl Deref for MemoryMap {
    type Target = Allocations;

    fn deref(&self) -> &Allocations {
        &self.allocations
    }
}
