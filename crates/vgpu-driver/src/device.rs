//! The device as a guest has it: all that the messages' methods share.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use vgpu_core::abi::CUctx_flags;
use vgpu_core::host::{Blobs, ImageStore, LastRefusal, MemoryLedger, Refusal, Table};
use vgpu_core::window::Arena;
use vgpu_core::wire::messages::{BlasSettings, ContextCreate, StatisticsReply};
use vgpu_core::wire::{Completions, EventSlot, SLOTS_END, StreamSlot};
use vgpu_core::{CuError, CuResult};

use crate::api::{Address, Event, Stream};
use crate::array::Array;
use crate::blas::{Blas, Handle as BlasHandle, workspace_of};
use crate::context::{Capturing, Context, Owned};
use crate::copy::{Ground, Rows};
use crate::counts::Counts;
use crate::fill::Filled;
use crate::function::Function;
use crate::graph::{Graph, Parts};
use crate::host_call::HostCalls;
use crate::link::Link;
use crate::memory::{Memory, Owner, Stretch};
use crate::module::Module;
use crate::open::Driver;
use crate::output::{Output, Standard};
use crate::pinning::Pinning;
use crate::reaper::{Dead, Reaper, What};
use crate::retire::Retirer;
use crate::space::Space;
use crate::stream::{Kind, Streams};
use crate::words::{OwnWords, Signals, Words};

/// The one flag of a context that matters here.
const CONTEXT_LMEM_RESIZE_TO_MAX: u32 = CUctx_flags::CU_CTX_LMEM_RESIZE_TO_MAX.0;
/// A thread that is asking the driver something when the device goes has so long to return, and is looked at so often.
const END_MAX: Duration = Duration::from_secs(1);
const END_LOOK_PERIOD: Duration = Duration::from_millis(1);

/// One guest's device, on the driver's GPUs.
pub struct DriverDevice {
    pub(crate) driver: Arc<Driver>,
    pub(crate) completions: Arc<dyn Completions>,
    /// Who grants memory of each device.
    pub(crate) ledgers: Vec<Arc<dyn MemoryLedger>>,
    pub(crate) host_calls: Arc<HostCalls>,
    pub(crate) output: Arc<Output>,
    pub(crate) retirer: Arc<Retirer>,
    retiring: Option<JoinHandle<()>>,
    pub(crate) contexts: HashMap<u32, Owned>,
    pub(crate) streams: Streams,
    pub(crate) space: Arc<Space>,
    pub(crate) memory: Memory,
    pub(crate) pinning: Pinning,
    /// The driver's timed events, by the guest's numbers of context and event.
    events: BTreeMap<(u32, EventSlot), Event>,
    pub(crate) modules: Table<Module>,
    pub(crate) functions: Table<Function>,
    pub(crate) graphs: Table<Graph>,
    pub(crate) links: Table<Link>,
    pub(crate) arrays: Table<Array>,
    /// Textures and surfaces, by the driver's numbers.
    pub(crate) textures: BTreeMap<u64, Arc<Context>>,
    pub(crate) surfaces: BTreeMap<u64, Arc<Context>>,
    pub(crate) blobs: Blobs,
    pub(crate) last_refusal: LastRefusal,
    pub(crate) counts: Arc<Counts>,
    /// What can go when the records so far are done.
    pub(crate) dead: Vec<Dead>,
    /// Some of that may be a context, whose successor wants what it holds.
    context_is_dying: bool,
}

/// What a device works with besides its driver.
pub struct Setup {
    /// The books of memory, for each of the driver's devices.
    pub ledgers: Vec<Arc<dyn MemoryLedger>>,
    /// Images that are kept beyond this process.
    pub images: Option<Arc<dyn ImageStore>>,
    /// The guest's window.
    pub completions: Arc<dyn Completions>,
    /// The other ends of the driver's standard output and error, so that what kernels print reaches the guest.
    pub standard: Option<Standard>,
    /// Keeps the addresses where its memory belongs.
    pub arena: Option<Arena>,
    /// Who says that work is done.
    pub signals: Signals,
}

impl DriverDevice {
    /// A device without contexts, and its threads.
    ///
    /// # Errors
    /// The system's, without room for threads.
    pub fn new(driver: Arc<Driver>, setup: Setup) -> std::io::Result<Self> {
        let Setup { ledgers, images, completions, standard, arena, signals } = setup;
        let output = Output::start(Arc::clone(&completions), standard)?;
        let space = Arc::new(Space::new(&driver.devices, arena));
        let reaper = Reaper::start(Arc::clone(&driver), Arc::clone(&space))?;
        let host_calls = Arc::new(HostCalls::new(Arc::clone(&completions), Arc::clone(&output)));
        let own_words = Arc::new(OwnWords::new(Arc::clone(&completions), signals));
        let retirer = Arc::new(Retirer::new(
            Arc::clone(&driver),
            Arc::clone(&completions),
            reaper,
            Arc::clone(&host_calls),
            Arc::clone(&output),
            Arc::clone(&own_words),
        ));
        let words = Words::new(own_words);
        let retires = Arc::clone(&retirer);
        let retiring = std::thread::Builder::new().name("vgpu-retirer".to_owned()).spawn(move || retires.run())?;
        Ok(Self {
            contexts: HashMap::new(),
            streams: Streams::new(Arc::clone(&driver), Arc::clone(&retirer), words),
            space,
            memory: Memory::new(completions.pinned_heap()),
            pinning: Pinning::new(completions.staging()),
            events: BTreeMap::new(),
            modules: Table::default(),
            functions: Table::default(),
            graphs: Table::default(),
            links: Table::default(),
            arrays: Table::default(),
            textures: BTreeMap::new(),
            surfaces: BTreeMap::new(),
            blobs: Blobs::new(images),
            last_refusal: LastRefusal::default(),
            counts: Arc::default(),
            dead: Vec::new(),
            context_is_dying: false,
            retiring: Some(retiring),
            driver,
            completions,
            ledgers,
            host_calls,
            output,
            retirer,
        })
    }

    /// A reader of what the device has executed so far, for whoever reports it while the device is in use.
    pub fn counts(&self) -> impl Fn() -> StatisticsReply + Send + use<> {
        let counts = Arc::clone(&self.counts);
        move || counts.reply()
    }

    /// Keeps why something is refused.
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> CuError {
        self.last_refusal.keep(refusal)
    }

    pub(crate) fn unknown_handle(&mut self, what: &str, handle: u64) -> CuError {
        self.refuse((CuError::INVALID_HANDLE, format!("no {what} has handle {handle:#x}")))
    }

    /// What the driver says to something in a context: a fault ends the context, anything else is the caller's alone.
    pub(crate) fn answered<T>(&mut self, context: &Context, answer: Result<T, Refusal>) -> CuResult<T> {
        answer.map_err(|(error, text)| {
            if error.is_fatal() {
                self.retirer.fail(context, &mut self.streams.current, error, &text);
            }
            self.refuse((error, text))
        })
    }

    /// The same for a record of a stream.
    pub(crate) fn queued(&mut self, slot: StreamSlot, answer: Result<(), Refusal>) -> CuResult {
        let Err(refusal) = answer else {
            return Ok(());
        };
        match self.streams.get(slot).map(|open| Arc::clone(&open.context)) {
            Some(context) => self.answered(&context, Err(refusal)),
            None => Err(self.refuse(refusal)),
        }
    }

    /// What copies are held against.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground { memory: &self.memory, completions: &*self.completions }
    }

    /// Queues a checked copy, if there is anything to copy.
    pub(crate) fn queue_rows(&self, stream: Stream, rows: Option<Rows>) -> Result<(), Refusal> {
        let Some(rows) = rows else { return Ok(()) };
        Counts::add(&self.counts.copied_bytes, rows.total_bytes());
        let queued = rows.each_part(&self.memory, &mut |rows| rows.queue(&self.driver.api, stream));
        queued.map_err(refused("a copy"))
    }

    /// Queues a checked fill, if there is anything to fill.
    pub(crate) fn queue_fill(&self, stream: Stream, fill: Option<Filled>) -> Result<(), Refusal> {
        let Some(fill) = fill else { return Ok(()) };
        let queued = fill.each_part(&self.memory, &mut |fill, target| fill.queue(&self.driver.api, target, stream));
        queued.map_err(refused("a fill"))
    }

    // ---- contexts -------------------------------------------------------------------------------------------------

    /// Makes a context current.
    ///
    /// # Errors
    /// `INVALID_CONTEXT` when there is none of that number, its fault, or the driver's.
    pub(crate) fn enter_context(&mut self, number: u32) -> CuResult<Arc<Context>> {
        let Some(owned) = self.contexts.get(&number) else {
            return Err(self.refuse((CuError::INVALID_CONTEXT, format!("context {number} is not open"))));
        };
        let context = Arc::clone(&owned.context);
        self.enter(&context)?;
        Ok(context)
    }

    /// Makes a context current.
    ///
    /// # Errors
    /// Its fault, or the driver's.
    pub(crate) fn enter(&mut self, context: &Context) -> CuResult {
        context.check()?;
        self.streams.current.enter(&self.driver.api, context)
    }

    /// Opens a context with its default stream.
    pub(crate) fn open_context(&mut self, message: &ContextCreate) -> Result<(), Refusal> {
        let invalid = |text: &str| (CuError::INVALID_VALUE, text.to_owned());
        if self.contexts.contains_key(&message.context) {
            return Err(invalid("the context is open already"));
        }
        self.streams
            .check_vacant(message.legacy_stream)
            .map_err(|_| invalid("the slot of the default stream is taken"))?;
        let device = self.driver.devices.get(message.device as usize).copied();
        let ledger = self.ledgers.get(message.device as usize).cloned();
        let (device, ledger) = device
            .zip(ledger)
            .ok_or_else(|| (CuError::INVALID_DEVICE, format!("there is no device {}", message.device)))?;
        if std::mem::take(&mut self.context_is_dying) {
            self.bury_and_wait();
        }
        let has_primary = self.contexts.values().any(|owned| owned.is_primary && owned.device == device);
        let is_primary = !has_primary && !self.pinning.keeps_primary_of(device);
        let context = self.start_context((device, ledger), is_primary, message.flags).map_err(refused("a context"))?;
        self.pinning.hold(&self.driver.api, message.context, &context);
        self.streams.words.hold(&self.driver.api, message.context, device);
        let opened = self.streams.open(message.legacy_stream, Stream::LEGACY, &context, message.context, Kind::Legacy);
        opened.expect("the slot was found vacant");
        self.contexts.insert(message.context, Owned { context, device, is_primary, capturing: Capturing::default() });
        Ok(())
    }

    /// A context of the driver's, made current. The first one of a device is its primary one, which cuBLAS would otherwise
    /// make besides.
    fn start_context(
        &mut self,
        (device, ledger): (i32, Arc<dyn MemoryLedger>),
        is_primary: bool,
        flags: u32,
    ) -> CuResult<Arc<Context>> {
        let api = &self.driver.api;
        let flags = flags & CONTEXT_LMEM_RESIZE_TO_MAX;
        self.streams.current.forget();
        let handle = if is_primary {
            if let Err(error) = api.cuDevicePrimaryCtxSetFlags_v2(device, flags) {
                log::debug!("the flags of the primary context stay as they are: {error}");
            }
            api.cuDevicePrimaryCtxRetain(device)?
        } else {
            api.cuCtxCreate_v2(flags, device)?
        };
        api.cuCtxSetCurrent(handle).inspect_err(|_| {
            let ended = if is_primary { api.cuDevicePrimaryCtxRelease_v2(device) } else { api.cuCtxDestroy_v2(handle) };
            crate::context::log_failure("a context", ended);
        })?;
        Ok(Arc::new(Context::new(handle, ledger)))
    }

    /// Ends a context, with all that is its, once its work is done.
    pub(crate) fn close_context(&mut self, number: u32, owned: Owned) {
        let Owned { context, device, is_primary, capturing, .. } = owned;
        let mut what = Vec::new();
        for open in self.streams.close_context(number) {
            what.extend(open.blas.map(|session| What::Blas(session.handle)));
            what.extend((open.kind != Kind::Legacy).then_some(What::Stream(open.stream)));
        }
        what.extend(capturing.session.map(|session| What::Blas(session.handle)));
        what.extend(capturing.stream.map(What::Stream));
        for graph in self.graphs.remove_where(|graph| graph.number == number) {
            what.push(What::Graph(graph.exec));
            what.extend(parts_to_go(graph.made_of));
        }
        what.extend(self.links.remove_where(|link| link.number == number).into_iter().map(Link::into_dead));
        what.extend(self.take_views(&context));
        what.extend(self.take_arrays(number));
        self.functions.remove_where(|function| Arc::ptr_eq(&function.context, &context));
        let modules = self.modules.remove_where(|module| module.number == number);
        what.extend(modules.into_iter().map(|module| What::Module(module.handle)));
        let memory = self.memory.remove_where(|stretch| stretch.context == number);
        let memory = memory.into_iter().filter(|(_, stretch)| stretch.owner == Owner::Guest);
        what.extend(memory.map(|(address, stretch)| What::Memory { address, len_bytes: stretch.len_bytes }));
        let events = self.events.extract_if((number, 0)..=(number, EventSlot::MAX), |_, _| true);
        what.extend(events.map(|(_, event)| What::Event(event)));
        what.extend(self.streams.words.let_go(number).map(What::Pinned));
        self.bury(&context, what);
        let end = What::Context { primary_of: is_primary.then_some(device) };
        let end = match self.contexts.is_empty() {
            true => {
                self.dead.extend(self.pinning.let_go());
                Some(end)
            }
            false => self.pinning.keep(number, end),
        };
        self.bury(&context, end);
        self.context_is_dying = true;
    }

    // ---- what goes ------------------------------------------------------------------------------------------------

    /// Lets go of what is a context's, once the records so far are done.
    pub(crate) fn bury(&mut self, context: &Arc<Context>, what: impl IntoIterator<Item = What>) {
        self.dead.extend(what.into_iter().map(|what| Dead { context: Arc::clone(context), what }));
    }

    /// Whether all work so far is known to be done.
    pub(crate) fn is_idle(&self) -> bool {
        self.streams.are_marked() && self.retirer.is_idle()
    }

    /// Puts points behind all records, and hands over what can go behind them.
    pub(crate) fn publish(&mut self) {
        self.streams.mark_all();
        if !self.dead.is_empty() {
            self.retirer.bury(self.dead.drain(..));
        }
    }

    /// Waits until all that was let go of is gone.
    pub(crate) fn bury_and_wait(&mut self) {
        self.publish();
        self.retirer.wait_for_burials();
    }

    // ---- memory ---------------------------------------------------------------------------------------------------

    /// Takes device memory for a context, which is current, waiting for memory that queued work still holds when there is no
    /// other.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`, or the driver's.
    pub(crate) fn take_memory(&mut self, number: u32, len_bytes: u64) -> Result<Address, Refusal> {
        let Owned { context, device, .. } = self.contexts.get(&number).expect("its context was entered");
        let (context, device) = (Arc::clone(context), *device);
        let mut taken = self.try_memory(&context, device, len_bytes);
        if taken == Err(CuError::OUT_OF_MEMORY) {
            self.bury_and_wait();
            self.enter(&context).map_err(refused("its context"))?;
            taken = self.try_memory(&context, device, len_bytes);
        }
        taken.map_err(|error| (error, format!("{len_bytes} bytes of device memory")))
    }

    /// Gives device memory back: at once where no work can use it and that takes no call that could wait, else when all work is
    /// done.
    pub(crate) fn give_memory(&mut self, address: Address, stretch: &Stretch) {
        let owned = self.contexts.get(&stretch.context).expect("memory goes with its context");
        let context = Arc::clone(&owned.context);
        if self.is_idle() && self.space.free_part(&self.driver.api, address) {
            context.ledger.release(stretch.len_bytes);
            self.retirer.keep_for_a_while();
        } else {
            self.bury(&context, [What::Memory { address, len_bytes: stretch.len_bytes }]);
        }
    }

    fn try_memory(&self, context: &Context, device: i32, len_bytes: u64) -> CuResult<Address> {
        if !context.ledger.reserve(len_bytes) {
            return Err(CuError::OUT_OF_MEMORY);
        }
        self.space.alloc(&self.driver.api, device, len_bytes).inspect_err(|_| context.ledger.release(len_bytes))
    }

    /// Adds an allocation or a variable to what is the guest's.
    pub(crate) fn own(&mut self, address: Address, len_bytes: u64, context: u32, owner: Owner) {
        self.memory.insert(address, Stretch { len_bytes, context, owner });
    }

    // ---- events, products -----------------------------------------------------------------------------------------

    /// The driver's event for the guest's, in the current context.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a slot that no window has, or the driver's.
    pub(crate) fn event(&mut self, context: u32, slot: EventSlot) -> Result<Event, Refusal> {
        if slot >= SLOTS_END {
            return Err((CuError::INVALID_VALUE, format!("there is no event slot {slot}")));
        }
        if let Some(event) = self.events.get(&(context, slot)) {
            return Ok(*event);
        }
        let event = self.driver.api.cuEventCreate(0).map_err(refused("an event"))?;
        self.events.insert((context, slot), event);
        Ok(event)
    }

    /// The driver's event for one that the guest has recorded.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none.
    pub(crate) fn recorded_event(&mut self, context: u32, slot: EventSlot) -> CuResult<Event> {
        let event = self.events.get(&(context, slot)).copied();
        event.ok_or_else(|| {
            self.refuse((CuError::INVALID_HANDLE, format!("event {slot} of context {context} was never recorded")))
        })
    }

    /// Computes with what a stream, whose context is current, has of cuBLAS.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` without cuBLAS, `INVALID_VALUE` for a workspace that is not the guest's, or cuBLAS' own.
    pub(crate) fn compute(
        &mut self,
        slot: StreamSlot,
        settings: &BlasSettings,
        work: impl FnOnce(&Blas, BlasHandle) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let blas = blas_of(&self.driver)?;
        let workspace = workspace_of(settings, &self.memory)?;
        let open = self.streams.get_mut(slot).expect("the stream was entered");
        let session = match &mut open.blas {
            Some(session) => session,
            none => none.insert(blas.start(open.stream)?),
        };
        blas.prepare(session, settings.math_mode, workspace)?;
        work(blas, session.handle)
    }
}

impl Drop for DriverDevice {
    fn drop(&mut self) {
        self.host_calls.end();
        self.retirer.stop();
        let until = Instant::now() + END_MAX;
        if let Some(retiring) = self.retiring.take() {
            while !retiring.is_finished() {
                if Instant::now() >= until {
                    log::warn!("a call of the driver's does not return: its thread is left behind");
                    return;
                }
                std::thread::sleep(END_LOOK_PERIOD);
            }
            // A panic has been reported where it happened.
            let _ = retiring.join();
        }
    }
}

/// The opened cuBLAS.
///
/// # Errors
/// `NOT_SUPPORTED`, with why there is none.
pub(crate) fn blas_of(driver: &Driver) -> Result<&Blas, Refusal> {
    driver.blas().map_err(|reason| (CuError::NOT_SUPPORTED, format!("products need cuBLAS: {reason}")))
}

/// What of a graph goes with it.
pub(crate) fn parts_to_go(parts: Parts) -> Vec<What> {
    let workspaces = parts.workspaces.into_iter();
    let mut what: Vec<What> = workspaces.map(|(address, len_bytes)| What::Memory { address, len_bytes }).collect();
    what.push(What::Bytes(parts.bytes));
    what.push(What::Calls(parts.calls));
    what
}

/// Says what the driver has refused.
pub(crate) fn refused(what: &str) -> impl Fn(CuError) -> Refusal {
    move |error| (error, format!("the driver refuses {what}: {error}"))
}
