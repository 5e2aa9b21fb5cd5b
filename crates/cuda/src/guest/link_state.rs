//! Links: inputs that become one image. The executor holds them; here is what a program reads of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vgpu_core::abi::CUjitInputType;
use vgpu_core::wire::messages::{LinkCreate, LinkDestroy};
use vgpu_core::wire::{JitOption, Pod};
use vgpu_core::{CuError, CuResult};

use super::context::Context;
use super::handle::{Slab, Tag};
use super::jit_options::{Answers, JitOptions};
use super::process::Process;

static LINKS: Slab<Arc<LinkState>> = Slab::new(Tag::LinkState);

/// A link.
pub(crate) struct LinkState {
    pub(crate) handle: u64,
    /// The wire number of its context.
    context: u32,
    wire: u64,
    answers: Answers,
    so_far: Mutex<SoFar>,
}

/// What has come of it.
#[derive(Default)]
struct SoFar {
    errors: String,
    taken: Duration,
    /// Leads to what `cuLinkComplete` gives away: it is never changed, and goes with the link.
    image: Option<Arc<[u8]>>,
}

impl LinkState {
    /// Opens a link in a context.
    ///
    /// # Errors
    /// Those of the link to the executor.
    pub(crate) fn open(process: &Process, context: &Context, options: JitOptions) -> CuResult<Arc<Self>> {
        let number = context.live()?.number;
        let tail: Vec<u8> = options.tuning.iter().flat_map(JitOption::as_bytes).copied().collect();
        let wire = process.link.call(&LinkCreate { context: number, reserved: 0 }, &tail)?.reply.link;
        let JitOptions { answers, .. } = options;
        answers.write("", "");
        let so_far = Mutex::new(SoFar::default());
        Ok(LINKS.insert_with(|handle| Arc::new(Self { handle, context: number, wire, answers, so_far })))
    }

    /// The link that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        LINKS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// Adds an input.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is no such kind; what is wrong with the input, which the error log says as well.
    pub(crate) fn add(
        &self,
        process: &Process,
        kind: CUjitInputType,
        name: &[u8],
        input: &[u8],
        options: &JitOptions,
    ) -> CuResult {
        if kind.0 >= CUjitInputType::CU_JIT_NUM_INPUT_TYPES.0 {
            return Err(CuError::INVALID_VALUE);
        }
        let mut so_far = self.so_far.lock();
        let start = Instant::now();
        let added = process.link.add_input(self.wire, kind.0, name, &options.tuning, input);
        so_far.taken += start.elapsed();
        options.answers.write_time(start.elapsed());
        let said = self.settle(process, &mut so_far, added.err(), "");
        options.answers.write("", &said);
        added
    }

    /// The image of all inputs.
    ///
    /// # Errors
    /// How they do not fit together, which the error log says as well.
    pub(crate) fn complete(&self, process: &Process) -> CuResult<Arc<[u8]>> {
        let mut so_far = self.so_far.lock();
        if let Some(image) = &so_far.image {
            return Ok(image.clone());
        }
        let start = Instant::now();
        let linked = process.link.linked_image(self.wire);
        so_far.taken += start.elapsed();
        let remarks = if linked.is_ok() && self.answers.wants_info() { process.last_text() } else { String::new() };
        self.settle(process, &mut so_far, linked.as_ref().err().copied(), &remarks);
        let image: Arc<[u8]> = linked?.into();
        so_far.image = Some(image.clone());
        Ok(image)
    }

    /// Writes logs and times as they are after a call; returns what the call itself was refused for.
    fn settle(&self, process: &Process, so_far: &mut SoFar, error: Option<CuError>, remarks: &str) -> String {
        let said = error.map(|error| {
            let said = process.last_text();
            log::error!("a link: {error}: {said}");
            said
        });
        let said = said.unwrap_or_default();
        if !said.is_empty() {
            so_far.errors.push_str(&said);
            so_far.errors.push('\n');
        }
        self.answers.write(remarks, so_far.errors.trim_end());
        self.answers.write_time(so_far.taken);
        said
    }

    /// Ends the link and its image.
    ///
    /// # Errors
    /// Those of the link to the executor.
    pub(crate) fn destroy(&self, process: &Process) -> CuResult {
        if LINKS.remove(self.handle).is_none() {
            return Err(CuError::INVALID_HANDLE);
        }
        process.link.post(&LinkDestroy { link: self.wire }, &[]).map(drop)
    }

    /// Ends the handles of all links of the context of that wire number: the executor ends them with it.
    pub(super) fn forget_all_of(context: u32) {
        for link in LINKS.filtered(|link| link.context == context) {
            LINKS.remove(link.handle);
        }
    }
}
