//! Contexts: who owns streams, memory and modules.
//!
//! A `Context` is made once per handle and kept for ever (they are few), so threads may hold it without counting.
//! What dies is its [`Live`] part: destroyed for good, or, for a primary context, until it is retained again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::{Mutex, RwLock};
use vgpu_core::wire::messages::{
    ContextCreate, ContextDestroy, ContextFacts, ContextFactsReply, ContextLimit, HostClose,
};
use vgpu_core::{CuError, CuResult, ffi};

use super::allocation::Kind;
use super::device::Device;
use super::host_order;
use super::output;
use super::process::{Process, process};
use super::stream::{self, Stream};
use super::thread;

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

/// The calling thread's context, alive.
///
/// # Errors
/// `NOT_INITIALIZED`, `INVALID_CONTEXT` when none is current, `CONTEXT_IS_DESTROYED` when it was destroyed.
#[inline]
pub(crate) fn current() -> CuResult<(&'static Process, &'static Context)> {
    let process = process()?;
    let context = thread::current().ok_or(CuError::INVALID_CONTEXT)?;
    if context.number() == 0 {
        return Err(CuError::CONTEXT_IS_DESTROYED);
    }
    Ok((process, context))
}

/// The calling thread's context, for a call that reports errors of earlier work before it does its own.
///
/// # Errors
/// As [`current`], and what there is to report: a fault, or a refusal that is forgotten with this.
#[inline]
pub(crate) fn healthy() -> CuResult<(&'static Process, &'static Context)> {
    let (process, context) = current()?;
    process.link.report()?;
    Ok((process, context))
}

/// The calling thread's context, for a call that gives something back: a refusal must not keep it from that.
///
/// # Errors
/// As [`current`], and the process's sticky error.
pub(crate) fn unfailed() -> CuResult<(&'static Process, &'static Context)> {
    let (process, context) = current()?;
    process.link.sticky()?;
    Ok((process, context))
}

impl Context {
    /// Makes a context on `device`: dead, until [`Context::revive`].
    pub(crate) fn create(
        process: &Process,
        device: &Device,
        is_primary: bool,
        flags: u32,
        api_version: u32,
    ) -> &'static Self {
        process.contexts.insert_with(|handle| {
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

    /// Brings the context to life at the executor.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` without a free stream slot, else those of the link.
    pub(crate) fn revive(&'static self, process: &Process) -> CuResult {
        thread::close_left(process);
        let number = process.new_context_number();
        let slot = process.stream_slots.take().ok_or(CuError::OUT_OF_MEMORY)?;
        let create = ContextCreate {
            context: number,
            device: process.devices[self.ordinal].wire,
            legacy_stream: slot,
            flags: self.flags.load(Ordering::Relaxed),
        };
        process.link.post(&create, &[]).inspect_err(|_| process.stream_slots.give_back(slot))?;
        let legacy = Arc::new(Stream::new(stream::LEGACY, process.new_id(), slot, self, number, 0, 0));
        let live = Live { number, legacy: legacy.clone(), streams: Mutex::default(), facts: Mutex::default() };
        *self.live.write() = Some(Arc::new(live));
        self.number.store(number, Ordering::Release);
        process.apart.opened();
        host_order::join(process, &legacy)
    }

    /// Ends the context: waits for its work, then drops all that belongs to it.
    ///
    /// # Errors
    /// The first error of the work it waited for; the context is gone all the same.
    pub(crate) fn kill(&self, process: &Process) -> CuResult {
        let Some(live) = self.live.write().take() else {
            return Ok(());
        };
        self.number.store(0, Ordering::Release);
        let waited = output::after(process, live.synchronize(process));
        let streams = live.streams().into_iter().chain([live.legacy.clone()]);
        let ended: Vec<_> = streams.filter(|stream| stream.forget(process)).collect();
        let of_it = live.number;
        for module in process.modules.filtered(|module| module.context == of_it) {
            process.modules.remove(module.handle);
            module.forget(process);
        }
        for event in process.events.filtered(|event| event.context == of_it) {
            event.destroy(process);
        }
        for exec in process.graph_execs.filtered(|exec| exec.context == of_it) {
            process.graph_execs.remove(exec.handle);
        }
        for allocation in process.allocations.drain(|allocation| allocation.context == of_it) {
            match allocation.kind {
                Kind::Pinned(_) | Kind::Managed => process.link.pinned().free(allocation.base)?,
                Kind::Mapped(_) => process.link.post(&HostClose { address: allocation.base }, &[]).map(drop)?,
                // The executor takes device memory back with the context.
                Kind::Device | Kind::Variable | Kind::Registered(_) => {}
            }
        }
        let destroy = ContextDestroy { context: of_it, reserved: 0 };
        let posted = process.link.post(&destroy, &[]);
        for stream in ended {
            process.stream_slots.give_back(stream.slot());
        }
        waited.and(posted.map(drop))
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

    /// Finds the stream that a program means by `handle` on this thread.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when it is no stream, `CONTEXT_IS_DESTROYED`.
    #[inline]
    pub(crate) fn stream(&'static self, process: &'static Process, handle: u64) -> CuResult<Arc<Stream>> {
        match handle {
            stream::NULL if ffi::is_per_thread_default() => self.per_thread_stream(process),
            stream::NULL | stream::LEGACY => Ok(self.live()?.legacy.clone()),
            stream::PER_THREAD => self.per_thread_stream(process),
            _ => process.streams.get(handle).ok_or(CuError::INVALID_HANDLE),
        }
    }

    fn per_thread_stream(&'static self, process: &'static Process) -> CuResult<Arc<Stream>> {
        let live = self.live()?;
        let make = || {
            let stream = Stream::open(process, self, live.number, 0, 0, Some(stream::PER_THREAD))?;
            Ok(stream)
        };
        Ok(thread::default_stream(live.number, make)?.unwrap_or_else(|| live.legacy.clone()))
    }
}

impl Live {
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
