//! What is alive, under the numbers and names that the test sees.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_uint;
use std::ops::Range;
use std::sync::LazyLock;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::links::Linked;
use crate::prints::Printed;
use crate::virtual_memory::{self, Piece};
use crate::work::{Queue, Work};

/// `CUDA_ERROR_INVALID_VALUE` and others that the functions answer.
pub(crate) const INVALID_VALUE: c_uint = 1;
pub(crate) const OUT_OF_MEMORY: c_uint = 2;
pub(crate) const NO_DEVICE: c_uint = 100;
pub(crate) const INVALID_CONTEXT: c_uint = 201;
pub(crate) const INVALID_PTX: c_uint = 218;
pub(crate) const INVALID_HANDLE: c_uint = 400;
pub(crate) const ILLEGAL_STATE: c_uint = 401;
pub(crate) const NOT_FOUND: c_uint = 500;
pub(crate) const NOT_READY: c_uint = 600;

/// The handle of every context's default stream.
pub(crate) const LEGACY: usize = 1;
/// As much as the device has.
pub(crate) const MEMORY_BYTES: usize = 1 << 30;

/// What a handle stands for. Its number is `kind << 32 | count`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Context = 1,
    Stream,
    Event,
    Module,
    Function,
    Graph,
    Exec,
    Node,
    Blas,
    /// An event without a time.
    Point,
    Link,
}

const KIND_NAMES: [&str; 12] =
    ["", "context", "stream", "event", "module", "function", "graph", "exec", "node", "blas", "point", "link"];

/// What is behind a handle.
pub(crate) enum What {
    Context {
        fault: c_uint,
        device: i32,
        is_primary: bool,
    },
    Stream,
    /// How often it has been recorded, how often that was reached, and when.
    Event {
        asked: u64,
        reached: u64,
        at_ms: u64,
    },
    Module {
        image: Vec<u8>,
    },
    Function {
        module: usize,
        name: String,
    },
    Graph(Vec<Work>),
    Exec(Vec<Work>),
    Node,
    Blas {
        stream: usize,
    },
    Link(Linked),
}

/// An object, and the context that it goes with.
pub(crate) struct Object {
    pub(crate) context: usize,
    pub(crate) what: What,
}

/// A stretch of memory that has a name.
pub(crate) struct Stretch {
    pub(crate) name: String,
    pub(crate) len: usize,
    pub(crate) context: usize,
    pub(crate) reach: Reach,
}

/// Whose it is, and what the device does with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The device's own.
    Device,
    /// The caller's, reached by kernels, too.
    Mapped,
    /// The caller's, for copies.
    Copies,
}

/// A failure that the test wants of one call.
pub(crate) struct Failure {
    pub(crate) thread: String,
    /// How the call begins, as it is noted.
    pub(crate) call: String,
    /// So many calls go well before.
    pub(crate) skip: u32,
    pub(crate) code: c_uint,
}

/// All of it.
#[derive(Default)]
pub(crate) struct State {
    /// A line for each call, after the name of the executor's thread.
    pub(crate) log: Vec<(&'static str, String)>,
    pub(crate) offences: Vec<String>,
    pub(crate) failures: Vec<Failure>,
    /// Functions that do not return.
    pub(crate) blocked: BTreeSet<String>,
    /// Streams that stand still.
    pub(crate) held: BTreeSet<String>,
    counts: BTreeMap<&'static str, usize>,
    pub(crate) objects: BTreeMap<usize, Object>,
    pub(crate) memory: BTreeMap<u64, Stretch>,
    /// Addresses are not reserved where they are wanted.
    pub(crate) reserves_elsewhere: bool,
    /// What this process had mapped when the driver was started.
    pub(crate) found_in_use: Vec<Range<u64>>,
    /// Addresses with their lengths, where pieces can be mapped.
    pub(crate) reserved: Vec<(u64, usize)>,
    pub(crate) pieces: BTreeMap<u64, Piece>,
    /// By context and stream.
    pub(crate) queues: BTreeMap<(usize, usize), Queue>,
    pub(crate) gpu_count: i32,
    pub(crate) capability_major: i32,
    pub(crate) clock_ms: u64,
    /// What every call answers, if it is not 0.
    pub(crate) lost: c_uint,
    pub(crate) printed: Printed,
    /// By context and limit.
    pub(crate) limits: BTreeMap<(usize, c_uint), usize>,
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(|| Mutex::new(State::new()));
/// Told of whatever a call may be waiting for.
pub(crate) static CHANGED: Condvar = Condvar::new();

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// The state, for one call at a time.
pub(crate) type Guard = MutexGuard<'static, State>;

pub(crate) fn lock() -> Guard {
    STATE.lock()
}

pub(crate) fn set_current(context: usize) {
    CURRENT.set(context);
}

impl State {
    pub(crate) fn new() -> Self {
        Self { gpu_count: 1, capability_major: 8, ..Self::default() }
    }

    pub(crate) fn offence(&mut self, what: impl Into<String>) {
        self.offences.push(what.into());
    }

    /// The next number of a kind, from 1.
    pub(crate) fn count(&mut self, kind: &'static str) -> usize {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        *count
    }

    pub(crate) fn insert(&mut self, kind: Kind, context: usize, what: What) -> usize {
        let handle = (kind as usize) << 32 | self.count(KIND_NAMES[kind as usize]);
        self.objects.insert(handle, Object { context, what });
        handle
    }

    /// What the test calls a handle.
    pub(crate) fn name(handle: usize) -> String {
        match (handle >> 32, handle & 0xffff_ffff) {
            (0, 0) => "none".to_owned(),
            (0, LEGACY) => "legacy".to_owned(),
            (kind, count) => format!("{}{count}", KIND_NAMES.get(kind).unwrap_or(&"forged")),
        }
    }

    /// A living object, which a caller must not have made up.
    pub(crate) fn object(&mut self, kind: Kind, handle: usize) -> Result<&mut Object, c_uint> {
        let is_kind = handle >> 32 == kind as usize || kind == Kind::Event && handle >> 32 == Kind::Point as usize;
        if !is_kind || !self.objects.contains_key(&handle) {
            self.offence(format!("{} is no {} that lives", Self::name(handle), KIND_NAMES[kind as usize]));
            return Err(INVALID_HANDLE);
        }
        Ok(self.objects.get_mut(&handle).expect("it was found above"))
    }

    /// The context that is current, which must not have failed.
    pub(crate) fn context(&mut self) -> Result<usize, c_uint> {
        let current = CURRENT.get();
        match self.objects.get(&current) {
            Some(Object { what: What::Context { fault: 0, .. }, .. }) => Ok(current),
            Some(Object { what: What::Context { fault, .. }, .. }) => Err(*fault),
            _ => {
                self.offence("a call without a context that is current");
                Err(INVALID_CONTEXT)
            }
        }
    }

    /// Has a context answer nothing but this code from now on.
    pub(crate) fn fault(&mut self, context: usize, code: c_uint) {
        if let Some(Object { what: What::Context { fault, .. }, .. }) = self.objects.get_mut(&context)
            && *fault == 0
        {
            *fault = code;
        }
    }

    /// The same for the one that is current in this thread, if any is.
    pub(crate) fn fault_current(&mut self, code: c_uint) {
        self.fault(CURRENT.get(), code);
    }

    /// A stream of the current context.
    pub(crate) fn stream(&mut self, stream: usize) -> Result<&mut Queue, c_uint> {
        let context = self.context()?;
        if stream != LEGACY && self.object(Kind::Stream, stream)?.context != context {
            return Err(INVALID_HANDLE);
        }
        Ok(self.queues.entry((context, stream)).or_default())
    }

    /// Takes an object of the current context out.
    pub(crate) fn remove(&mut self, kind: Kind, handle: usize) -> Result<(), c_uint> {
        let context = self.context()?;
        if self.object(kind, handle)?.context != context {
            self.offence(format!("{} is ended in another context", Self::name(handle)));
        }
        self.objects.remove(&handle);
        Ok(())
    }

    /// What the test calls an address.
    pub(crate) fn place(&self, address: u64) -> String {
        match self.stretch(address) {
            Some((start, stretch)) if address == start => stretch.name.clone(),
            Some((start, stretch)) => format!("{}+{}", stretch.name, address - start),
            None => "host".to_owned(),
        }
    }

    /// The named stretch that an address lies in.
    pub(crate) fn stretch(&self, address: u64) -> Option<(u64, &Stretch)> {
        let (start, stretch) = self.memory.range(..=address).next_back()?;
        (address - start < stretch.len as u64).then_some((*start, stretch))
    }

    /// Whether any of that has a name.
    pub(crate) fn is_named_within(&self, address: u64, len: usize) -> bool {
        let before_end = self.memory.range(..address + len as u64).next_back();
        before_end.is_some_and(|(start, stretch)| start + stretch.len as u64 > address)
    }

    /// Ends a context. What is left in a sound one has leaked.
    pub(crate) fn end_context(&mut self, context: usize) {
        let is_sound = matches!(self.objects.get(&context), Some(Object { what: What::Context { fault: 0, .. }, .. }));
        let of_context = |(handle, object): (&usize, &Object)| (object.context == context).then_some(*handle);
        let objects: Vec<usize> = self.objects.iter().filter_map(of_context).collect();
        let stretches = self.memory.iter().filter(|(_, stretch)| stretch.context == context);
        let stretches: Vec<u64> = stretches.map(|(start, _)| *start).collect();
        let names = objects.iter().map(|handle| Self::name(*handle));
        let names: Vec<String> = names.chain(stretches.iter().map(|start| self.place(*start))).collect();
        if is_sound {
            self.offences.extend(names.into_iter().map(|name| format!("{name} is left in a context that ends")));
        }
        objects.iter().for_each(|handle| drop(self.objects.remove(handle)));
        stretches.iter().for_each(|start| drop(self.memory.remove(start)));
        self.queues.retain(|(of, _), _| *of != context);
        self.objects.remove(&context);
    }

    /// The names of everything that is alive.
    pub(crate) fn living(&self) -> impl Iterator<Item = String> {
        let lasting =
            self.objects.iter().filter(|(_, object)| !matches!(object.what, What::Function { .. } | What::Node));
        let objects = lasting.map(|(handle, _)| Self::name(*handle));
        objects.chain(self.memory.values().map(|stretch| stretch.name.clone())).chain(virtual_memory::living(self))
    }
}
