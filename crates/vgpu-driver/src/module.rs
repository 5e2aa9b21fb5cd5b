//! Modules: an image in the form that the driver takes, loaded by it.

use std::ffi::c_void;
use std::sync::Arc;

use vgpu_core::CuError;
use vgpu_core::abi::CUjit_option;
use vgpu_core::fatbin;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::ImageKind;

use crate::api::{Api, Module as Handle};
use crate::context::Context;
use crate::layout::Layouts;
use crate::output;

/// As much of the compiler's complaints as is kept.
const LOG_BYTES: usize = 4096;

/// A loaded module.
pub(crate) struct Module {
    pub(crate) handle: Handle,
    pub(crate) context: Arc<Context>,
    /// The guest's number of the context.
    pub(crate) number: u32,
    /// What its image says of its kernels: of all of them where the driver does not tell their parameters, else of those that
    /// require a block.
    pub(crate) layouts: Layouts,
}

impl Module {
    /// Loads an image into a context, which is current.
    ///
    /// # Errors
    /// The driver's, with what its compiler says.
    pub(crate) fn load(
        api: &Api,
        context: &Arc<Context>,
        number: u32,
        kind: ImageKind,
        bytes: &[u8],
    ) -> Result<Self, Refusal> {
        check(kind, bytes).map_err(|error| (error.to_cuda(), error.to_string()))?;
        if output::may_print(kind, bytes) {
            context.set_prints();
        }
        let image = whole(kind, bytes);
        let mut log = vec![0_u8; LOG_BYTES];
        let mut options = [CUjit_option::CU_JIT_ERROR_LOG_BUFFER.0, CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES.0];
        let mut values: [*mut c_void; 2] = [log.as_mut_ptr().cast(), std::ptr::without_provenance_mut(LOG_BYTES)];
        let mut handle = Handle::default();
        // SAFETY: the image ends as its kind does; options and values are two each, and the buffer is as long as they say.
        let loaded = unsafe {
            api.cuModuleLoadDataEx(&raw mut handle, image.as_ptr().cast(), 2, options.as_mut_ptr(), values.as_mut_ptr())
        };
        loaded.map_err(|error| (error, explain(error, &log)))?;
        let layouts = if api.has_param_info() { Layouts::requiring(kind, bytes) } else { Layouts::of(kind, bytes) };
        Ok(Self { handle, context: Arc::clone(context), number, layouts })
    }
}

/// The image with what belongs around it: text ends with a NUL, a container's entry lies in a container.
fn whole(kind: ImageKind, bytes: &[u8]) -> Vec<u8> {
    match kind {
        ImageKind::Ptx => [bytes, b"\0"].concat(),
        // So that no header is cut short.
        ImageKind::Cubin => [bytes, &[0; 64]].concat(),
        ImageKind::FatbinEntry => fatbin::container([bytes]),
        ImageKind::Fatbin => bytes.to_vec(),
    }
}

/// Follows a container's lengths, so that the driver finds none that leads out of it.
fn check(kind: ImageKind, bytes: &[u8]) -> Result<(), fatbin::Error> {
    match kind {
        ImageKind::Ptx | ImageKind::Cubin => Ok(()),
        ImageKind::FatbinEntry => fatbin::Entry::parse(bytes).map(drop),
        ImageKind::Fatbin => fatbin::Container::parse(bytes)?.entries().try_for_each(|entry| entry.map(drop)),
    }
}

fn explain(error: CuError, log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    match String::from_utf8_lossy(&log[..end]).trim() {
        "" => format!("the driver does not load the image: {error}"),
        said => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_put_into_a_container_of_its_own() {
        let mut entry = vec![0; 72];
        entry[0] = 1;
        entry[4] = 64;
        entry[8] = 8;
        let image = whole(ImageKind::FatbinEntry, &entry);
        let container = fatbin::Container::parse(&image).expect("a container");
        assert_eq!(container.bytes().len(), image.len());
        let entries: Vec<_> = container.entries().collect::<Result<_, _>>().expect("sound entries");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].kind(), fatbin::Kind::Ptx);
    }

    #[test]
    fn text_ends() {
        assert_eq!(whole(ImageKind::Ptx, b".version 8.0").last(), Some(&0));
    }
}
