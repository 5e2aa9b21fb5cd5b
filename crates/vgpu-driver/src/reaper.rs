//! What goes: a thread for the calls that may block until a device is idle.
//!
//! It is only given what no work uses any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use vgpu_core::CuResult;

use crate::api::{Address, Event, GraphExec, Link, Module, Stream};
use crate::array::Made;
use crate::blas::Handle as BlasHandle;
use crate::context::{Context, Current, log_failure};
use crate::host_call::Registered;
use crate::link_options::LinkOptions;
use crate::open::Driver;
use crate::pinned::Pinned;
use crate::space::Space;

/// So long after the last thing has gone memory stays mapped that is free.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// Something of a context that is to go.
pub(crate) struct Dead {
    pub(crate) context: Arc<Context>,
    pub(crate) what: What,
}

/// What it is.
pub(crate) enum What {
    Memory {
        address: Address,
        len_bytes: u64,
    },
    /// An array or a mip map, with what the ledger has it down for.
    Array(Made, u64),
    Texture(u64),
    Surface(u64),
    Module(Module),
    /// A link, and what the driver writes to until it has ended.
    Link(Link, #[expect(dead_code, reason = "dropping it is all that is done")] LinkOptions),
    Graph(GraphExec),
    Stream(Stream),
    Event(Event),
    Blas(BlasHandle),
    /// Bytes that copies were made from.
    Bytes(#[expect(dead_code, reason = "dropping it is all that is done")] Vec<Box<[u8]>>),
    /// The guest's functions that the driver knows.
    Calls(#[expect(dead_code, reason = "dropping it is all that is done")] Vec<Registered>),
    /// Registered memory that the context holds.
    Pinned(Pinned),
    /// The context itself, after all that is its: retained of that device, or our own.
    Context {
        primary_of: Option<i32>,
    },
}

/// The way to the thread, and a count of what is on it.
pub(crate) struct Reaper {
    /// `None` has the thread look for memory that it should unmap some time.
    sender: Mutex<Sender<Option<Dead>>>,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    expected: Mutex<usize>,
    none: Condvar,
    /// The thread looks for memory that is kept, or will.
    looks: AtomicBool,
}

impl Reaper {
    /// Starts the thread. It ends when the reaper is dropped.
    ///
    /// # Errors
    /// The system's, without room for a thread.
    pub(crate) fn start(driver: Arc<Driver>, space: Arc<Space>) -> std::io::Result<Self> {
        let (sender, dead) = channel();
        let count = Arc::new(Count::default());
        let counted = Arc::clone(&count);
        let run = move || run(&driver, &space, &dead, &counted);
        std::thread::Builder::new().name("vgpu-reaper".to_owned()).spawn(run)?;
        Ok(Self { sender: Mutex::new(sender), count })
    }

    /// Says that something will be sent.
    pub(crate) fn expect(&self) {
        *self.count.expected.lock() += 1;
    }

    /// Sends what was expected.
    pub(crate) fn send(&self, dead: Dead) {
        // The thread ends with this value only.
        let _ = self.sender.lock().send(Some(dead));
    }

    /// Has memory that is kept mapped go some time, if nobody wants it.
    pub(crate) fn keep_for_a_while(&self) {
        if !self.count.looks.swap(true, Ordering::AcqRel) {
            let _ = self.sender.lock().send(None);
        }
    }

    /// Whether anything that was expected is not gone yet.
    pub(crate) fn expects_any(&self) -> bool {
        *self.count.expected.lock() > 0
    }

    /// Waits until all that was expected is gone.
    pub(crate) fn wait(&self) {
        let mut expected = self.count.expected.lock();
        while *expected > 0 {
            self.count.none.wait(&mut expected);
        }
    }
}

fn run(driver: &Driver, space: &Space, dead: &Receiver<Option<Dead>>, count: &Count) {
    let mut current = Current::default();
    while let Some(dead) = next(driver, space, dead, &count.looks) {
        let Some(dead) = dead else { continue };
        end(driver, space, dead, &mut current);
        let mut expected = count.expected.lock();
        *expected -= 1;
        if *expected == 0 {
            count.none.notify_all();
        }
    }
}

/// What is sent next; `None` at the end. Where nothing comes for a while, memory that is mapped and free goes.
fn next(driver: &Driver, space: &Space, dead: &Receiver<Option<Dead>>, looks: &AtomicBool) -> Option<Option<Dead>> {
    // Before the look: what is kept from now on is said again.
    looks.store(false, Ordering::Release);
    if space.keeps_any() {
        looks.store(true, Ordering::Release);
        match dead.recv_timeout(KEPT_FOR) {
            Err(RecvTimeoutError::Timeout) => space.let_go(&driver.api),
            sent => return sent.ok(),
        }
    }
    dead.recv().ok()
}

fn end(driver: &Driver, space: &Space, dead: Dead, current: &mut Current) {
    let Dead { context, what } = dead;
    let api = &driver.api;
    // A context that has failed refuses everything; what is in it goes with it.
    log_failure("a context's turn", current.enter(api, &context));
    match what {
        What::Memory { address, len_bytes } => {
            log_failure("memory", space.free(api, address));
            context.ledger.release(len_bytes);
        }
        What::Array(made, len_bytes) => {
            log_failure("an array", made.end(api));
            context.ledger.release(len_bytes);
        }
        What::Texture(texture) => log_failure("a texture", api.cuTexObjectDestroy(texture)),
        What::Surface(surface) => log_failure("a surface", api.cuSurfObjectDestroy(surface)),
        What::Module(module) => log_failure("a module", api.cuModuleUnload(module)),
        What::Link(link, _) => log_failure("a link", api.cuLinkDestroy(link)),
        What::Graph(exec) => log_failure("a graph", api.cuGraphExecDestroy(exec)),
        What::Stream(stream) => log_failure("a stream", api.cuStreamDestroy_v2(stream)),
        What::Event(event) => log_failure("an event", api.cuEventDestroy_v2(event)),
        What::Blas(handle) => driver.blas().iter().for_each(|blas| blas.end(handle)),
        What::Bytes(_) | What::Calls(_) => {}
        What::Pinned(pinned) => pinned.release(api),
        What::Context { primary_of } => {
            context.end_events(api);
            space.let_go(api);
            log_failure("a context", end_context(driver, &context, primary_of));
            current.forget();
        }
    }
}

fn end_context(driver: &Driver, context: &Context, primary_of: Option<i32>) -> CuResult {
    match primary_of {
        Some(device) => driver.api.cuDevicePrimaryCtxRelease_v2(device),
        None => driver.api.cuCtxDestroy_v2(context.handle),
    }
}
