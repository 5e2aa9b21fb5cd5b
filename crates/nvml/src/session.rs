//! The connection to the daemon, open between the first init and the last shutdown.

use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::abi::nvml::nvmlDevice_t;
use vgpu_core::reading::{Reading, ReadingReply};
use vgpu_core::transport::monitor::MonitorLink;
use vgpu_core::transport::{ProcessUse, Request};
use vgpu_core::wire::messages::{DeviceInfoReply, MemInfoReply};

use crate::device::Device;
use crate::error::{NvmlError, NvmlResult};
use crate::same_process;

/// A connection and what it said about the devices, which does not change.
pub(crate) struct Session {
    link: MonitorLink,
    /// Each library of this process has an executor of its own.
    is_embedded: bool,
    devices: Vec<Device>,
    /// The process that connected: a child that inherits the socket must not talk on it.
    pid: u32,
}

/// How often init was called without a shutdown, and the connection of that time.
struct State {
    users: u32,
    session: Option<Arc<Session>>,
}

static STATE: Mutex<State> = Mutex::new(State { users: 0, session: None });

/// Handles are numbers: (index + 1) times this, so that a wrong one is an error and no crash.
const HANDLE_STEP: usize = 16;

/// Connects, unless that was done already.
///
/// # Errors
/// `DRIVER_NOT_LOADED`: no daemon answers.
pub(crate) fn open() -> NvmlResult {
    vgpu_core::logging::start();
    let mut state = STATE.lock();
    if state.session.as_ref().is_none_or(|session| session.pid != std::process::id()) {
        // Monitors try this library to see whether there is a GPU, so it says why there is none only in the log.
        let request = Request::of_process();
        let link = request.connect(MonitorLink::connect).map_err(|error| {
            log::error!("no GPU: {error}");
            NvmlError::DRIVER_NOT_LOADED
        })?;
        let devices: Vec<DeviceInfoReply> = link.devices()?;
        let devices = devices.into_iter().map(Device::new).collect();
        state.session =
            Some(Arc::new(Session { link, is_embedded: request.is_embedded(), devices, pid: std::process::id() }));
    }
    state.users = state.users.saturating_add(1);
    Ok(())
}

/// Takes one init back; the last one closes the connection.
///
/// # Errors
/// `UNINITIALIZED`: there is none to take back.
pub(crate) fn close() -> NvmlResult {
    let mut state = STATE.lock();
    state.users = state.users.checked_sub(1).ok_or(NvmlError::UNINITIALIZED)?;
    if state.users == 0 {
        state.session = None;
    }
    Ok(())
}

/// The open connection.
///
/// # Errors
/// `UNINITIALIZED`: nobody called init, or only this process's parent did.
pub(crate) fn current() -> NvmlResult<Arc<Session>> {
    let state = STATE.lock();
    let session = state.session.as_ref().filter(|session| session.pid == std::process::id());
    session.cloned().ok_or(NvmlError::UNINITIALIZED)
}

/// Runs `look` on the device of a handle.
///
/// # Errors
/// `UNINITIALIZED`; `INVALID_ARGUMENT` for a handle that was not given out.
pub(crate) fn with_device<R>(handle: nvmlDevice_t, look: impl FnOnce(&Device) -> NvmlResult<R>) -> NvmlResult<R> {
    let session = current()?;
    look(session.device(index_of(handle)?)?)
}

/// What the host's NVML says of the device of a handle.
///
/// # Errors
/// As [`with_device`], or NVML's own; `NOT_SUPPORTED` where the host has none.
pub(crate) fn read(handle: nvmlDevice_t, reading: Reading, argument: u32) -> NvmlResult<ReadingReply> {
    let session = current()?;
    let index = index_of(handle)?;
    session.device(index)?;
    session.read(index, reading, argument)
}

/// The index that a handle stands for.
pub(crate) fn index_of(handle: nvmlDevice_t) -> NvmlResult<u32> {
    let number = handle as usize;
    let index = (number / HANDLE_STEP).checked_sub(1).filter(|_| number.is_multiple_of(HANDLE_STEP));
    index.and_then(|index| u32::try_from(index).ok()).ok_or(NvmlError::INVALID_ARGUMENT)
}

impl Session {
    /// Free and total memory of a device, over all its users.
    pub(crate) fn memory(&self, index: u32) -> NvmlResult<MemInfoReply> {
        let device = self.device(index)?;
        let own = if self.is_embedded { same_process::memory(&device.uuid_bytes()) } else { None };
        own.map_or_else(|| Ok(self.link.memory(index)?), Ok)
    }

    /// The processes that hold a device.
    pub(crate) fn processes(&self, index: u32) -> NvmlResult<Vec<ProcessUse>> {
        let device = self.device(index)?;
        if !self.is_embedded {
            return Ok(self.link.processes(index)?);
        }
        let own = same_process::memory(&device.uuid_bytes());
        let used = |memory: MemInfoReply| memory.total_bytes.saturating_sub(memory.free_bytes);
        Ok(own.map(|memory| ProcessUse { pid: self.pid, reserved: 0, used_bytes: used(memory) }).into_iter().collect())
    }

    /// What the host's NVML says of a device, or of itself.
    pub(crate) fn read(&self, index: u32, reading: Reading, argument: u32) -> NvmlResult<ReadingReply> {
        let reply = self.link.reading(index, reading, argument)?;
        NvmlError::check(reply.code).map(|()| reply)
    }

    pub(crate) fn devices(&self) -> &[Device] {
        &self.devices
    }

    pub(crate) fn device(&self, index: u32) -> NvmlResult<&Device> {
        usize::try_from(index).ok().and_then(|index| self.devices.get(index)).ok_or(NvmlError::INVALID_ARGUMENT)
    }

    /// The handle of the first device that `is_it` knows.
    ///
    /// # Errors
    /// `NOT_FOUND`: there is none.
    pub(crate) fn find(&self, is_it: impl Fn(&Device) -> bool) -> NvmlResult<nvmlDevice_t> {
        self.devices.iter().position(is_it).map(handle_of).ok_or(NvmlError::NOT_FOUND)
    }
}

/// The handle of the device at `index`.
pub(crate) fn handle_of(index: usize) -> nvmlDevice_t {
    std::ptr::without_provenance_mut((index + 1) * HANDLE_STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_stands_for_its_index() {
        assert_eq!(index_of(handle_of(0)), Ok(0));
        assert_eq!(index_of(handle_of(5)), Ok(5));
    }

    #[test]
    fn an_invented_handle_is_an_invalid_argument() {
        assert_eq!(index_of(std::ptr::null_mut()), Err(NvmlError::INVALID_ARGUMENT));
        assert_eq!(index_of(std::ptr::without_provenance_mut(17)), Err(NvmlError::INVALID_ARGUMENT));
        assert_eq!(index_of(std::ptr::without_provenance_mut(usize::MAX & !15)), Err(NvmlError::INVALID_ARGUMENT));
    }

    #[test]
    fn before_init_everything_is_uninitialised() {
        assert_eq!(current().err(), Some(NvmlError::UNINITIALIZED));
        assert_eq!(close(), Err(NvmlError::UNINITIALIZED));
        assert_eq!(with_device(handle_of(0), |_| Ok(())), Err(NvmlError::UNINITIALIZED));
    }
}
