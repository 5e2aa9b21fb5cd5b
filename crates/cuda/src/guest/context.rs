//! Contexts: who owns streams, memory and modules.
//!
//! A `Context` is made once per handle and kept for ever (they are few), so threads may hold it without counting.
//! What dies is its [`Live`] part: destroyed for good, or, for a primary context, until it is retained again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::{Mutex, RwLock};
use vgpu_core::wire::messages::{ContextFacts, ContextFactsReply, ContextLimit};
use vgpu_core::{CuError, CuResult};

use super::device::Device;
use super::handle::{Slab, Tag};
use super::process::Process;
use super::stream::Stream;

static CONTEXTS: Slab<&'static Context> = Slab::new(Tag::Context);

/// A context.
pub(crate) struct Context {
    pub(crate) handle: u64,
    /// What `cuCtxGetId` reports.
    pub(crate) id: u64,
    /// The visible device it is on.
    pub(crate) ordinal: usize,
    pub(crate) is_primary: bool,
    /// What `cuCtxGetApiVersion` reports.
    pub(crate) api_version: u32,
    pub(crate) flags: AtomicU32,
    pub(crate) cache_config: AtomicU32,
    /// The wire number while alive, else 0.
    number: AtomicU32,
    live: RwLock<Option<Arc<Live>>>,
}

/// The part of a context that dies with it.
pub(crate) struct Live {
    /// Its number at the executor, never used again.
    pub(crate) number: u32,
    pub(crate) legacy: Arc<Stream>,
    streams: Mutex<Vec<Arc<Stream>>>,
    /// What the executor says of it, until a limit is set.
    facts: Mutex<Option<ContextFactsReply>>,
}

impl Context {
    /// Makes a context on `device`: dead, until it is revived.
    pub(crate) fn create(
        process: &Process,
        device: &Device,
        is_primary: bool,
        flags: u32,
        api_version: u32,
    ) -> &'static Self {
        CONTEXTS.insert_with(|handle| {
            Box::leak(Box::new(Self {
                handle,
                id: process.new_id(),
                ordinal: device.ordinal,
                is_primary,
                api_version,
                flags: AtomicU32::new(flags),
                cache_config: AtomicU32::new(0),
                number: AtomicU32::new(0),
                live: RwLock::new(None),
            }))
        })
    }

    /// The context that a program means, dead or alive.
    ///
    /// # Errors
    /// `INVALID_CONTEXT` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<&'static Self> {
        CONTEXTS.get(handle).ok_or(CuError::INVALID_CONTEXT)
    }

    /// The same for a call that needs it alive.
    ///
    /// # Errors
    /// `INVALID_CONTEXT` also when it is dead.
    pub(crate) fn find_alive(process: &Process, handle: u64) -> CuResult<&'static Self> {
        let context = Self::find(process, handle)?;
        if context.number() == 0 { Err(CuError::INVALID_CONTEXT) } else { Ok(context) }
    }

    /// Every context that has a handle, dead or alive.
    pub(crate) fn all(_process: &Process) -> Vec<&'static Self> {
        CONTEXTS.filtered(|_| true)
    }

    /// Ends the context's handle.
    pub(crate) fn forget(&self) {
        CONTEXTS.remove(self.handle);
    }

    /// Makes it alive.
    pub(super) fn set_live(&self, live: Live) {
        let number = live.number;
        *self.live.write() = Some(Arc::new(live));
        self.number.store(number, Ordering::Release);
    }

    /// Makes it dead; returns what it held, unless it was dead.
    pub(super) fn take_live(&self) -> Option<Arc<Live>> {
        let live = self.live.write().take()?;
        self.number.store(0, Ordering::Release);
        Some(live)
    }

    /// The wire number, 0 when dead.
    #[inline]
    pub(crate) fn number(&self) -> u32 {
        self.number.load(Ordering::Acquire)
    }

    /// What dies with the context.
    ///
    /// # Errors
    /// `CONTEXT_IS_DESTROYED` when that has happened.
    pub(crate) fn live(&self) -> CuResult<Arc<Live>> {
        self.live.read().clone().ok_or(CuError::CONTEXT_IS_DESTROYED)
    }

    /// Calls `visit` with every stream of the context, if it is alive. None is closed meanwhile, so records can be posted there.
    ///
    /// # Errors
    /// Those of `visit`, which ends with the first.
    pub(super) fn each_stream(&self, visit: &mut dyn FnMut(&Stream) -> CuResult) -> CuResult {
        let live = self.live.read();
        let Some(live) = &*live else {
            return Ok(());
        };
        visit(&live.legacy)?;
        live.streams.lock().iter().try_for_each(|stream| visit(stream))
    }

    /// The device it is on.
    pub(crate) fn device<'p>(&self, process: &'p Process) -> &'p Device {
        &process.devices[self.ordinal]
    }
}

impl Live {
    pub(super) fn new(number: u32, legacy: Arc<Stream>) -> Self {
        Self { number, legacy, streams: Mutex::default(), facts: Mutex::default() }
    }

    /// Keeps a stream among those that the context waits for and ends.
    pub(crate) fn adopt(&self, stream: Arc<Stream>) {
        self.streams.lock().push(stream);
    }

    /// Lets a stream go.
    pub(crate) fn release(&self, slot: u32) {
        self.streams.lock().retain(|stream| stream.slot() != slot);
    }

    /// Every stream but the legacy default one.
    pub(crate) fn streams(&self) -> Vec<Arc<Stream>> {
        self.streams.lock().clone()
    }

    /// Those of its blocking streams for which `test` holds, other than the legacy default one. Where there are none, nothing is
    /// allocated.
    pub(super) fn blocking_streams(&self, mut test: impl FnMut(&Stream) -> bool) -> Vec<Arc<Stream>> {
        let streams = self.streams.lock();
        streams.iter().filter(|stream| stream.is_blocking() && test(stream)).cloned().collect()
    }

    /// Its limits and its streams' priorities.
    ///
    /// # Errors
    /// Those of the executor and the link.
    pub(crate) fn facts(&self, process: &Process) -> CuResult<ContextFactsReply> {
        let mut facts = self.facts.lock();
        if let Some(known) = *facts {
            return Ok(known);
        }
        let told = process.link.call(&ContextFacts { context: self.number, reserved: 0 }, &[])?.reply;
        Ok(*facts.insert(told))
    }

    /// Sets one of its limits.
    ///
    /// # Errors
    /// What the executor refuses it for, and those of the link.
    pub(crate) fn set_limit(&self, process: &Process, limit: u32, value: u64) -> CuResult {
        let mut facts = self.facts.lock();
        process.link.call(&ContextLimit { context: self.number, limit, value }, &[])?;
        // The executor may have given another value.
        *facts = None;
        Ok(())
    }

    /// Waits for all work of the context.
    ///
    /// # Errors
    /// The sticky error.
    pub(crate) fn wait_all(&self, process: &Process) -> CuResult {
        let streams = self.streams();
        streams.iter().chain([&self.legacy]).try_for_each(|stream| stream.wait_own(process))
    }

    /// Waits as `cuCtxSynchronize` does.
    ///
    /// # Errors
    /// What there is to report.
    pub(crate) fn synchronize(&self, process: &Process) -> CuResult {
        self.wait_all(process)?;
        process.link.report()
    }
}
