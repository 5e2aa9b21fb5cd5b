//! Contexts: the driver's, with what streams, points and the dead need to know of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use parking_lot::Mutex;
use vgpu_core::abi::CUevent_flags;
use vgpu_core::host::MemoryLedger;
use vgpu_core::{CuError, CuResult};

use crate::api::{Api, Context as Handle, Event, Stream};
use crate::blas::Session;

/// A context of the guest's, for whoever has work or property in it.
pub(crate) struct Context {
    pub(crate) handle: Handle,
    /// Who grants memory of its device.
    pub(crate) ledger: Arc<dyn MemoryLedger>,
    /// The fault that has ended it, or 0.
    failed: AtomicU32,
    /// Kernels that are loaded in it may print something.
    prints: AtomicBool,
    /// Untimed events that mark no point now.
    spare: Mutex<Vec<Event>>,
}

/// What the thread that serves the ring knows of a context besides.
pub(crate) struct Owned {
    pub(crate) context: Arc<Context>,
    /// The driver's number of its device.
    pub(crate) device: i32,
    pub(crate) is_primary: bool,
    pub(crate) capturing: Capturing,
}

/// What captures work for a context's graphs, once there has been any.
#[derive(Default)]
pub(crate) struct Capturing {
    pub(crate) stream: Option<Stream>,
    /// Of products, in the stream.
    pub(crate) session: Option<Session>,
}

impl Context {
    /// Takes over a context of the driver's.
    pub(crate) fn new(handle: Handle, ledger: Arc<dyn MemoryLedger>) -> Self {
        Self { handle, ledger, failed: AtomicU32::new(0), prints: AtomicBool::new(false), spare: Mutex::default() }
    }

    /// # Errors
    /// The fault that has ended it.
    pub(crate) fn check(&self) -> CuResult {
        CuError::check(self.failed.load(Ordering::Acquire))
    }

    /// Notes a fault; whether it is the first one.
    pub(crate) fn set_failed(&self, error: CuError) -> bool {
        self.failed.compare_exchange(0, error.code(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Whether its kernels may have printed something.
    pub(crate) fn prints(&self) -> bool {
        self.prints.load(Ordering::Acquire)
    }

    /// Notes that they may from now on.
    pub(crate) fn set_prints(&self) {
        self.prints.store(true, Ordering::Release);
    }

    /// An untimed event of this context, which is current.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn take_event(&self, api: &Api) -> CuResult<Event> {
        let spare = self.spare.lock().pop();
        spare.map_or_else(|| api.cuEventCreate(CUevent_flags::CU_EVENT_DISABLE_TIMING.0), Ok)
    }

    /// Gives back an event that marks no point any more.
    pub(crate) fn give_back(&self, event: Event) {
        self.spare.lock().push(event);
    }

    /// Ends its own events; nobody has work in it any more.
    pub(crate) fn end_events(&self, api: &Api) {
        for event in self.spare.lock().drain(..) {
            log_failure("an event", api.cuEventDestroy_v2(event));
        }
    }
}

/// Which context is current in a thread.
#[derive(Default)]
pub(crate) struct Current(Option<Handle>);

impl Current {
    /// Makes a context current.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn enter(&mut self, api: &Api, context: &Context) -> CuResult {
        if self.0 != Some(context.handle) {
            api.cuCtxSetCurrent(context.handle)?;
            self.0 = Some(context.handle);
        }
        Ok(())
    }

    /// Has the next [`enter`](Self::enter) ask the driver: something else may have become current, or the handle invalid.
    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }
}

/// Something that goes away and will not: worth a line, and nothing that anybody can be told.
pub(crate) fn log_failure(what: &str, result: CuResult) {
    if let Err(error) = result {
        log::debug!("{what} does not go: {error}");
    }
}
