//! The process: its one link, its devices and its addresses. What the objects of its contexts are is nothing to it.

use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use vgpu_core::guest::{Link, Request};
use vgpu_core::wire::messages::ErrorText;
use vgpu_core::{CuError, CuResult};

use super::absence;
use super::allocation::Allocations;
use super::device::{self, Device};
use super::fork;
use super::visible;

/// What all else of this process is made with. It lives as long as the process does.
///
/// Each kind of object keeps its own table, and shows it to those that have a `Process` in hand: a child of `fork` has none.
pub(crate) struct Process {
    pub(crate) link: Link,
    /// What `cuDriverGetVersion` reports once it is known.
    pub(crate) driver_version: u32,
    pub(crate) devices: Vec<Device>,
    pub(crate) allocations: Allocations,
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
        let allocations = Allocations::new(link.device_arena());
        Ok(Self { link, driver_version, devices, allocations, next_id: AtomicU64::new(1) })
    }

    /// The device of that ordinal.
    ///
    /// # Errors
    /// `INVALID_DEVICE` when there is none.
    pub(crate) fn device(&self, ordinal: i32) -> CuResult<&Device> {
        let index = usize::try_from(ordinal).map_err(|_| CuError::INVALID_DEVICE)?;
        self.devices.get(index).ok_or(CuError::INVALID_DEVICE)
    }

    /// The executor's words about the last call: why it was refused, or what a link that went well is worth knowing for.
    pub(crate) fn last_text(&self) -> String {
        let answer = self.link.call(&ErrorText { reserved: 0 }, &[]);
        answer.map(|answer| String::from_utf8_lossy(&answer.tail).into_owned()).unwrap_or_default()
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
