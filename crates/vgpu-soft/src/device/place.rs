//! Where copies begin and end: places that are checked before they are touched.

use vgpu_core::CuResult;
use vgpu_core::wire::{Completions, Span};

use crate::memory::MemoryMap;

/// One end of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A device address; the memory map must admit every byte that is touched.
    Device(u64),
    /// This process's address of a stretch of the window or of an array, checked for the whole length when it was resolved.
    Checked(u64),
}

impl Place {
    /// Resolves a stretch of the window.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not one.
    pub(super) fn window(completions: &dyn Completions, offset: u64, len_bytes: u64) -> CuResult<Self> {
        let start = completions.span(Span { offset, len_bytes })?;
        Ok(Self::Checked(start.expose_provenance() as u64))
    }

    pub(super) fn address(self) -> u64 {
        match self {
            Self::Device(address) | Self::Checked(address) => address,
        }
    }

    pub(super) fn is_admitted(self, map: &MemoryMap, len_bytes: u64) -> bool {
        match self {
            Self::Device(address) => map.admits_copy(address, len_bytes),
            Self::Checked(_) => true,
        }
    }

    pub(super) fn describe(self, map: &MemoryMap, len_bytes: u64) -> String {
        let address = self.address();
        match map.find_for_copy(address) {
            Some(range) => format!(
                "{len_bytes} bytes at {address:#x} pass the end of their allocation of {} bytes",
                range.end - range.start
            ),
            None => format!("{address:#x} is in no allocation"),
        }
    }
}

/// How far apart a place's rows and slices are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pitched {
    pub(super) place: Place,
    pub(super) pitch: u64,
    pub(super) slice_pitch: u64,
}
