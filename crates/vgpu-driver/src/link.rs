//! Links: the driver's own linker, with the options and inputs of a guest.

use std::ffi::{CString, c_void};
use std::sync::Arc;

use vgpu_core::CuResult;
use vgpu_core::abi::CUjitInputType as Kind;
use vgpu_core::wire::JitOption;

use crate::api::{Api, Link as Handle};
use crate::context::Context;
use crate::link_options::{LinkOptions, value_of};
use crate::reaper::What;

/// A link of the driver's.
pub(crate) struct Link {
    handle: Handle,
    pub(crate) context: Arc<Context>,
    /// The guest's number of the context.
    pub(crate) number: u32,
    pub(crate) options: LinkOptions,
    /// Where the driver keeps the image for as long as the link lives, and how long it is.
    image: Option<(*const u8, usize)>,
}

// SAFETY: the pointer leads to memory of the driver's, which is no thread's own.
unsafe impl Send for Link {}

impl Link {
    pub(crate) fn open(api: &Api, context: &Arc<Context>, number: u32, options: &[JitOption]) -> CuResult<Self> {
        let mut options = LinkOptions::with_logs(options);
        let mut handle = Handle::default();
        let (count, ids, values) = options.as_arrays();
        // SAFETY: options and values are as many as the count says, and stay where they are until the link has ended.
        unsafe { api.cuLinkCreate_v2(count, ids, values, &raw mut handle) }?;
        Ok(Self { handle, context: Arc::clone(context), number, options, image: None })
    }

    pub(crate) fn add(
        &mut self,
        api: &Api,
        kind: Kind,
        name: &CString,
        options: &[JitOption],
        bytes: &[u8],
    ) -> CuResult {
        let mut ids: Vec<u32> = options.iter().map(|option| option.id).collect();
        let mut values: Vec<*mut c_void> = options.iter().map(value_of).collect();
        // Text is to end with a NUL, and no header is to be cut short.
        let padding = if kind == Kind::CU_JIT_INPUT_PTX { 1 } else { 64 };
        let mut data = [bytes, &vec![0; padding]].concat();
        let len = bytes.len() + usize::from(kind == Kind::CU_JIT_INPUT_PTX);
        let (ids, values, count) = (ids.as_mut_ptr(), values.as_mut_ptr(), options.len() as u32);
        // SAFETY: the data are longer than the length says, the name ends with a NUL, options and values are as many as the count
        // says.
        unsafe {
            api.cuLinkAddData_v2(self.handle, kind.0, data.as_mut_ptr().cast(), len, name.as_ptr(), count, ids, values)
        }
    }

    pub(crate) fn image(&mut self, api: &Api) -> CuResult<&[u8]> {
        let (start, len) = match self.image {
            Some(image) => image,
            None => {
                let (mut start, mut len) = (std::ptr::null_mut(), 0);
                // SAFETY: the last two arguments lead to locals.
                unsafe { api.cuLinkComplete(self.handle, &raw mut start, &raw mut len) }?;
                *self.image.insert((start.cast_const().cast(), len))
            }
        };
        // SAFETY: the driver keeps the image until the link is destroyed, which takes it out of the guest's table first.
        Ok(unsafe { std::slice::from_raw_parts(start, len) })
    }

    /// What goes with it.
    pub(crate) fn into_dead(self) -> What {
        What::Link(self.handle, self.options)
    }
}
