//! Links: the driver's own linker, with the options and inputs of a guest.

use std::ffi::{CString, c_void};
use std::sync::Arc;

use vgpu_core::abi::CUjitInputType as Kind;
use vgpu_core::fatbin;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{LinkAdd, LinkComplete, LinkCompleteReply};
use vgpu_core::wire::{Answer, JitOption};
use vgpu_core::{CuError, CuResult};

use crate::api::{Api, Link as Handle};
use crate::context::Context;
use crate::device::{DriverDevice, refused};
use crate::link_options::{LinkOptions, value_of};
use crate::reaper::What;

/// A link of the driver's.
pub(crate) struct Link {
    handle: Handle,
    context: Arc<Context>,
    /// The guest's number of the context.
    pub(crate) number: u32,
    options: LinkOptions,
    /// Where the driver keeps the image for as long as the link lives, and how long it is.
    image: Option<(*const u8, usize)>,
}

// SAFETY: the pointer leads to memory of the driver's, which is no thread's own.
unsafe impl Send for Link {}

impl Link {
    fn open(api: &Api, context: &Arc<Context>, number: u32, options: &[JitOption]) -> CuResult<Self> {
        let mut options = LinkOptions::with_logs(options);
        let mut handle = Handle::default();
        let (count, ids, values) = options.as_arrays();
        // SAFETY: options and values are as many as the count says, and stay where they are until the link has ended.
        unsafe { api.cuLinkCreate_v2(count, ids, values, &raw mut handle) }?;
        Ok(Self { handle, context: Arc::clone(context), number, options, image: None })
    }

    fn add(&mut self, api: &Api, kind: Kind, name: &CString, options: &[JitOption], bytes: &[u8]) -> CuResult {
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

    fn image(&mut self, api: &Api) -> CuResult<&[u8]> {
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

    fn explain(&mut self, error: CuError) -> Refusal {
        match self.options.new_errors() {
            said if said.is_empty() => refused("a link")(error),
            said => (error, said),
        }
    }
}

impl DriverDevice {
    /// Opens a link in a context; gives the guest's handle.
    pub(crate) fn open_link(&mut self, number: u32, tail: &[u8]) -> CuResult<u64> {
        let context = self.enter_context(number)?;
        let options = self.jit_options(tail)?;
        let opened = Link::open(&self.driver.api, &context, number, &options).map_err(refused("a link"));
        let link = self.answered(&context, opened)?;
        Ok(self.links.insert(link))
    }

    /// Adds an input to a link.
    pub(crate) fn add_to_link(&mut self, message: &LinkAdd, tail: &[u8]) -> CuResult {
        let taken = self.blobs.take(message.blob).map_err(|refusal| self.refuse(refusal))?;
        let parts = message.parts(tail).map_err(|error| self.refuse((error, "an input without a name".to_owned())))?;
        let options = self.jit_options(parts.options)?;
        let name: Vec<u8> = parts.name.iter().copied().take_while(|byte| *byte != 0).collect();
        let name = CString::new(name).expect("it was cut at its first NUL");
        let bytes = taken.as_ref().map_or(parts.bytes, |blob| &blob.bytes);
        let kind = Kind(message.kind);
        check(kind, bytes).map_err(|error| self.refuse((error.to_cuda(), error.to_string())))?;
        let context = self.enter_link(message.link)?;
        let link = self.links.get_mut(message.link).expect("it was entered");
        let added = link.add(&self.driver.api, kind, &name, &options, bytes).map_err(|error| link.explain(error));
        self.answered(&context, added)
    }

    /// A part of a link's image.
    pub(crate) fn linked_part(&mut self, message: &LinkComplete) -> CuResult<Answer<LinkCompleteReply>> {
        let context = self.enter_link(message.link)?;
        let link = self.links.get_mut(message.link).expect("it was entered");
        let answer = link.image(&self.driver.api).map(|image| message.answer(image));
        let answer = answer.map_err(|error| link.explain(error));
        let remarks = link.options.info();
        let answer = self.answered(&context, answer)?;
        self.last_refusal.remark(remarks);
        Ok(answer)
    }

    /// Ends a link.
    pub(crate) fn close_link(&mut self, link: u64) -> CuResult {
        let Some(link) = self.links.remove(link) else {
            return Err(self.unknown_handle("link", link));
        };
        self.bury(&Arc::clone(&link.context), [link.into_dead()]);
        Ok(())
    }

    /// Makes the context of a link current.
    fn enter_link(&mut self, link: u64) -> CuResult<Arc<Context>> {
        let Some(found) = self.links.get(link) else {
            return Err(self.unknown_handle("link", link));
        };
        let context = Arc::clone(&found.context);
        self.enter(&context)?;
        Ok(context)
    }

    fn jit_options(&mut self, tail: &[u8]) -> CuResult<Vec<JitOption>> {
        JitOption::all_of(tail).map_err(|error| self.refuse((error, "options that are none".to_owned())))
    }
}

/// Follows a container's lengths, so that the driver finds none that leads out of it.
fn check(kind: Kind, bytes: &[u8]) -> Result<(), fatbin::Error> {
    match kind {
        Kind::CU_JIT_INPUT_FATBINARY => {
            fatbin::Container::parse(bytes)?.entries().try_for_each(|entry| entry.map(drop))
        }
        _ => Ok(()),
    }
}
