//! The messages of links: what a guest may hand to the driver's linker, and what it says.

use std::ffi::CString;
use std::sync::Arc;

use vgpu_core::abi::CUjitInputType as Kind;
use vgpu_core::fatbin;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{LinkAdd, LinkComplete, LinkCompleteReply};
use vgpu_core::wire::{Answer, JitOption};
use vgpu_core::{CuError, CuResult};

use crate::context::Context;
use crate::device::{DriverDevice, refused};
use crate::link::Link;

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
        let added = link.add(&self.driver.api, kind, &name, &options, bytes).map_err(|error| explain(link, error));
        self.answered(&context, added)
    }

    /// A part of a link's image.
    pub(crate) fn linked_part(&mut self, message: &LinkComplete) -> CuResult<Answer<LinkCompleteReply>> {
        let context = self.enter_link(message.link)?;
        let link = self.links.get_mut(message.link).expect("it was entered");
        let answer = link.image(&self.driver.api).map(|image| message.answer(image));
        let answer = answer.map_err(|error| explain(link, error));
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

/// What the driver has said of it, if it has.
fn explain(link: &mut Link, error: CuError) -> Refusal {
    match link.options.new_errors() {
        said if said.is_empty() => refused("a link")(error),
        said => (error, said),
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
