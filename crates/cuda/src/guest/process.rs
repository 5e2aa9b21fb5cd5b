//! The process's one link, its devices and its tables of live objects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use vgpu_core::guest::{Link, Request};
use vgpu_core::wire::{EventSlot, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::absence;
use super::allocation::Allocations;
use super::context::Context;
use super::device::{self, Device};
use super::event::Event;
use super::fork;
use super::function::Function;
use super::gate::Captures;
use super::graph::Graph;
use super::graph_exec::GraphExec;
use super::handle::{Slab, SlotPool, Tag};
use super::host_call::HostCalls;
use super::host_order::Apart;
use super::library::{Kernel, Library};
use super::module::Module;
use super::stream::Stream;
use super::visible;

/// Everything of this process that lives as long as it does.
pub(crate) struct Process {
    pub(crate) link: Link,
    /// What `cuDriverGetVersion` reports once it is known.
    pub(crate) driver_version: u32,
    pub(crate) devices: Vec<Device>,
    pub(crate) contexts: Slab<&'static Context>,
    pub(crate) streams: Slab<Arc<Stream>>,
    pub(crate) events: Slab<Arc<Event>>,
    pub(crate) modules: Slab<Arc<Module>>,
    pub(crate) functions: Slab<Arc<Function>>,
    pub(crate) libraries: Slab<Arc<Library>>,
    pub(crate) kernels: Slab<Arc<Kernel>>,
    pub(crate) graphs: Slab<Arc<Graph>>,
    pub(crate) graph_execs: Slab<Arc<GraphExec>>,
    pub(crate) allocations: Allocations,
    pub(crate) host_calls: HostCalls,
    pub(crate) stream_slots: SlotPool,
    pub(crate) event_slots: SlotPool,
    /// Timestamp words of destroyed events, and the record that will still write each.
    pub(crate) dying_events: Mutex<Vec<(EventSlot, StreamSlot, Seq)>>,
    pub(super) captures: Captures,
    pub(super) apart: Apart,
    next_context: AtomicU32,
    next_id: AtomicU64,
}

static PROCESS: OnceCell<Process> = OnceCell::new();
static INITIALISING: Mutex<()> = Mutex::new(());

/// The process's state.
///
/// # Errors
/// `NOT_INITIALIZED` before `cuInit`, and in a forked child.
#[inline]
pub(crate) fn process() -> CuResult<&'static Process> {
    match PROCESS.get() {
        Some(process) if !fork::is_forked() => Ok(process),
        _ => Err(CuError::NOT_INITIALIZED),
    }
}

/// Connects and learns the devices, unless that is done.
///
/// # Errors
/// `NO_DEVICE` when there is no executor to be had or no device is visible; it may be tried again.
pub(crate) fn init() -> CuResult {
    vgpu_core::logging::start();
    if fork::is_forked() {
        return Err(CuError::NOT_INITIALIZED);
    }
    if PROCESS.get().is_some() {
        return Ok(());
    }
    let _one_at_a_time = INITIALISING.lock();
    PROCESS.get_or_try_init(connect).map(drop)
}

fn connect() -> CuResult<Process> {
    let setting = std::env::var("CUDA_VISIBLE_DEVICES").ok();
    if visible::hides_all(setting.as_deref()) {
        log::error!("no GPU: CUDA_VISIBLE_DEVICES={setting:?} hides all");
        return Err(CuError::NO_DEVICE);
    }
    let request = Request::of_process();
    let link = request.connect(Link::connect).map_err(|error| {
        absence::report(&request, &error);
        CuError::NO_DEVICE
    })?;
    let process = Process::over(link, setting.as_deref())?;
    // A child of this process has no part in the link; one of a process that found no device may look for itself.
    fork::watch();
    Ok(process)
}

impl Process {
    /// The state of a process with that link.
    ///
    /// # Errors
    /// `NO_DEVICE` when nothing is visible, else those of the link.
    pub(crate) fn over(link: Link, visible: Option<&str>) -> CuResult<Self> {
        let all = device::discover(&link)?;
        let driver_version = all.first().map_or(0, |device| device.driver_version);
        let uuids: Vec<[u8; 16]> = all.iter().map(|device| device.uuid).collect();
        let order = visible::visible_devices(visible, &uuids);
        let devices: Vec<Device> =
            order.into_iter().enumerate().map(|(ordinal, wire)| Device::new(ordinal, wire, &all[wire])).collect();
        if devices.is_empty() {
            log::error!("no GPU: the executor has {}, CUDA_VISIBLE_DEVICES={visible:?} hides all", all.len());
            return Err(CuError::NO_DEVICE);
        }
        let (stream_slots, event_slots) = (link.stream_slots(), link.event_slots());
        let allocations = Allocations::new(link.device_arena());
        Ok(Self {
            link,
            driver_version,
            devices,
            contexts: Slab::new(Tag::Context),
            streams: Slab::new(Tag::Stream),
            events: Slab::new(Tag::Event),
            modules: Slab::new(Tag::Module),
            functions: Slab::new(Tag::Function),
            libraries: Slab::new(Tag::Library),
            kernels: Slab::new(Tag::Kernel),
            graphs: Slab::new(Tag::Graph),
            graph_execs: Slab::new(Tag::GraphExec),
            allocations,
            host_calls: HostCalls::default(),
            stream_slots: SlotPool::new(stream_slots),
            event_slots: SlotPool::new(event_slots),
            dying_events: Mutex::new(Vec::new()),
            captures: Captures::default(),
            apart: Apart::default(),
            next_context: AtomicU32::new(1),
            next_id: AtomicU64::new(1),
        })
    }

    /// The device of that ordinal.
    ///
    /// # Errors
    /// `INVALID_DEVICE` when there is none.
    pub(crate) fn device(&self, ordinal: i32) -> CuResult<&Device> {
        let index = usize::try_from(ordinal).map_err(|_| CuError::INVALID_DEVICE)?;
        self.devices.get(index).ok_or(CuError::INVALID_DEVICE)
    }

    /// A fresh wire number for a context.
    pub(crate) fn new_context_number(&self) -> u32 {
        self.next_context.fetch_add(1, Ordering::Relaxed)
    }

    /// A number unique over the life of the process: ids of contexts, streams and captures.
    pub(crate) fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

/// Makes `link` the process's own; for tests, which bring their device along.
#[cfg(test)]
pub(crate) fn adopt(link: Link) {
    let process = Process::over(link, None).expect("the test's device answers");
    assert!(PROCESS.set(process).is_ok(), "one device per test process");
}
