//! The engine: what may run, and what happens when it is done.
//!
//! Compute workers run kernels and products together (each takes blocks or tiles until none is left) and anything else
//! alone; one more thread serves copies when they are busy, as a GPU's copy engine does. A kernel that does not end gives its
//! workers to others in turns: it may wait for them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use vgpu_core::wire::{Completions, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::blas::GemmRun;
use super::clock;
use super::failure::{Failure, contained};
use super::graph::Graph;
use super::heap::Heap;
use super::kernel_heap::KernelHeap;
use super::module::Module;
use super::output::Output;
use super::statistics::Statistics;
use super::step::{Context, Step};
use super::stream::{Point, Started, Streams, Work};
use crate::exec::{Launch, LaunchOptions};
use crate::memory::MemoryMap;

/// More records than this are not queued: the thread that posts waits until half of them are done, so that a program that
/// never waits does not fill the host's memory. With tails of 64 KiB they take half a GiB.
const QUEUE_MAX: usize = 8192;

/// While the thread that posts waits for other things, it looks so often whether the guest has carried out a call.
const CALL_LOOK_PERIOD: Duration = Duration::from_millis(1);

/// A copy up to this size is done by the thread that posts it when nothing stands before it.
const INLINE_COPY_BYTES: u64 = 256 << 10;

/// So many kernels and products are under way at a time, and may wait for each other: what GPUs have as the maximum number of
/// resident grids. Source: the table of compute capabilities in NVIDIA's CUDA C++ Programming Guide.
const RESIDENT_GRIDS_MAX: usize = 128;

/// Everything that the posting thread and the workers share.
pub(super) struct Engine {
    pub(super) state: Mutex<State>,
    pub(super) compute_wake: Condvar,
    pub(super) copy_wake: Condvar,
    /// Told when deferred actions have been carried out, and when a full queue has room.
    settled: Condvar,
    /// Counts additions of work, for workers that spin.
    pub(super) additions: AtomicU64,
    pub(super) heap: Arc<Mutex<Heap>>,
    pub(super) completions: Arc<dyn Completions>,
    pub(super) statistics: Statistics,
    pub(super) output: Arc<Output>,
    pub(super) launch_options: LaunchOptions,
}

pub(super) struct State {
    streams: Streams,
    /// Work that has not begun, and launches whose blocks have been set aside: each has its turn.
    ready: VecDeque<Job>,
    transfers: VecDeque<Task>,
    /// All that are running, also those without room for another worker.
    pub(super) shared: Vec<Arc<Shared>>,
    /// Work that has been taken and is about to become one of those.
    pub(super) beginning: usize,
    pub(super) compute_sleeping: usize,
    pub(super) copy_is_sleeping: bool,
    deferred: Vec<(Vec<Point>, Deferred)>,
    /// Whom the guest's calls keep waiting, by number.
    called: BTreeMap<u64, Origin>,
    /// Deferred actions that a thread is carrying out.
    settling: usize,
    /// The thread that posts waits for room.
    wants_room: bool,
    pub(super) is_stopping: bool,
}

/// What is done once the work before it is done.
pub(super) enum Deferred {
    /// Gives memory back.
    Reclaim(Vec<u64>),
    /// Lets go of modules.
    Unload(Vec<Arc<Module>>),
    /// Lets go of graphs.
    DropGraphs(Vec<Arc<Graph>>),
    /// Lets go of what kernels have allocated.
    DropHeap(Option<Arc<KernelHeap>>),
}

/// One step with its place in the order.
pub(super) struct Task {
    pub(super) step: Arc<Step>,
    pub(super) memory: Arc<MemoryMap>,
    pub(super) context: Arc<Context>,
    origin: Origin,
}

/// Whom to tell when a task is done.
#[derive(Clone)]
pub(super) enum Origin {
    Stream(StreamSlot),
    Node(Arc<GraphRun>, u32),
}

/// A graph under way. Its counters change only under the engine's lock.
pub(super) struct GraphRun {
    graph: Arc<Graph>,
    memory: Arc<MemoryMap>,
    context: Arc<Context>,
    slot: StreamSlot,
    /// Dependencies that are not done, per node.
    waiting: Vec<AtomicUsize>,
    unfinished: AtomicUsize,
}

/// Work that several workers run together.
pub(super) struct Shared {
    pub(super) task: Task,
    pub(super) body: Body,
    /// Workers inside, and those that must come back to blocks that they have set aside; changes only under the engine's lock.
    pub(super) runners: AtomicUsize,
    /// More workers than this are of no use.
    pub(super) max_runners: usize,
    /// No part is left to take; changes only under the engine's lock.
    pub(super) is_drained: AtomicBool,
}

impl Shared {
    /// Ends a kernel early; products are short.
    pub(super) fn cancel(&self) {
        if let Body::Launch(launch) = &self.body {
            launch.cancel();
        }
    }

    /// How many more workers are of use.
    fn room(&self) -> usize {
        match self.is_drained.load(Ordering::Relaxed) {
            true => 0,
            false => self.max_runners.saturating_sub(self.runners.load(Ordering::Relaxed)),
        }
    }
}

pub(super) enum Body {
    Launch(Box<Launch>),
    Gemm(Box<GemmRun>),
}

/// What a worker was given.
pub(super) enum Job {
    Run(Task),
    Join(Arc<Shared>),
}

/// What a change of state leads to, one item at a time.
enum Turn {
    Start(Task),
    Begin(Started),
    Done(Origin),
}

impl Engine {
    /// An engine without threads; see [`super::worker::start_workers`].
    pub(super) fn new(
        heap: Arc<Mutex<Heap>>,
        completions: Arc<dyn Completions>,
        output: Arc<Output>,
        launch_options: LaunchOptions,
    ) -> Self {
        let state = State {
            streams: Streams::new(completions.clone(), clock::now_ns),
            ready: VecDeque::new(),
            transfers: VecDeque::new(),
            shared: Vec::new(),
            beginning: 0,
            compute_sleeping: 0,
            copy_is_sleeping: false,
            deferred: Vec::new(),
            called: BTreeMap::new(),
            settling: 0,
            wants_room: false,
            is_stopping: false,
        };
        Self {
            state: Mutex::new(state),
            compute_wake: Condvar::new(),
            copy_wake: Condvar::new(),
            settled: Condvar::new(),
            additions: AtomicU64::new(0),
            heap,
            completions,
            statistics: Statistics::default(),
            output,
            launch_options,
        }
    }

    /// Looks at or changes the streams' table; not for work.
    pub(super) fn streams<R>(&self, body: impl FnOnce(&mut Streams) -> R) -> R {
        body(&mut self.state.lock().streams)
    }

    /// Queues work. A small copy that may start at once is done before this returns.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when the stream is not open; the record is retired all the same.
    pub(super) fn post(&self, slot: StreamSlot, seq: Seq, work: Work) -> CuResult {
        self.post_after(slot, seq, work, None)
    }

    /// As [`Engine::post`], for work that waits for a point of another stream.
    ///
    /// # Errors
    /// As [`Engine::post`], and `INVALID_VALUE` for a point that has not been posted.
    pub(super) fn post_after(&self, slot: StreamSlot, seq: Seq, work: Work, wait: Option<Point>) -> CuResult {
        let mut state = self.state.lock();
        if state.streams.queued() >= QUEUE_MAX {
            state = self.wait_for_room(state);
        }
        let can_wait = wait.is_none_or(|point| state.streams.is_posted(point));
        let (work, wait) = if can_wait { (work, wait) } else { (Work::Nothing, None) };
        let result = state.streams.post(slot, seq, work, wait);
        let mut started = Vec::new();
        state.streams.advance(slot, &mut started);
        let inline = match started.as_slice() {
            [only] if only.slot == slot && is_small_copy(&only.work) => started.pop(),
            _ => None,
        };
        self.settle(state, started.into_iter().map(Turn::Begin).collect(), false);
        if let Some(Started { slot, work: Work::Step(step, memory), context }) = inline {
            let task = Task { step, memory, context, origin: Origin::Stream(slot) };
            let run = || task.step.run_alone(&task.memory, &self.statistics);
            let outcome = contained(|| task.step.describe(), run);
            self.finish(task, outcome, false);
        }
        if can_wait { result } else { result.and(Err(CuError::INVALID_VALUE)) }
    }

    /// Waits until half of a full queue is done. Unless a kernel looks for what is posted later, which a full queue keeps from
    /// it on a GPU, too, this ends when the kernels do.
    #[cold]
    fn wait_for_room<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.wants_room = true;
        while state.streams.queued() > QUEUE_MAX / 2 && !state.is_stopping {
            state = self.wait_settled(state);
        }
        state.wants_room = false;
        state
    }

    /// Waits until something has been settled. It may wait for the guest, which nobody else listens to meanwhile.
    fn wait_settled<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if state.called.is_empty() {
            self.settled.wait(&mut state);
            return state;
        }
        self.settled.wait_for(&mut state, CALL_LOOK_PERIOD);
        drop(state);
        self.finish_host_calls(self.completions.host_calls_done());
        self.state.lock()
    }

    /// Goes on with what has waited for the guest's calls up to that number.
    pub(super) fn finish_host_calls(&self, number: u64) {
        let mut state = self.state.lock();
        let called = match number.checked_add(1) {
            Some(next) => {
                let later = state.called.split_off(&next);
                std::mem::replace(&mut state.called, later)
            }
            None => std::mem::take(&mut state.called),
        };
        if !called.is_empty() {
            self.settle(state, called.into_values().rev().map(Turn::Done).collect(), false);
        }
    }

    /// Carries out `action` once all work queued so far is done.
    pub(super) fn defer(&self, action: Deferred) {
        let mut state = self.state.lock();
        let barrier = state.streams.barrier();
        state.deferred.push((barrier, action));
        self.settle(state, Vec::new(), false);
    }

    /// Allocates device memory, waiting for memory that queued work still holds when there is no other.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    pub(super) fn alloc(&self, len_bytes: u64, device: usize, context: u32) -> CuResult<u64> {
        loop {
            let (result, may_wait) = {
                let mut heap = self.heap.lock();
                (heap.alloc(len_bytes, device, Some(context)), heap.has_dying())
            };
            if result != Err(CuError::OUT_OF_MEMORY) || !may_wait {
                return result;
            }
            let mut state = self.state.lock();
            while !state.deferred.is_empty() || state.settling > 0 {
                state = self.wait_settled(state);
            }
            drop(state);
            if self.heap.lock().has_dying() {
                // Dying memory is always deferred, so this is a bug; better out of memory than an endless loop.
                return Err(CuError::OUT_OF_MEMORY);
            }
        }
    }

    /// Ends the workers. Running kernels are cut short, queued work is dropped.
    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        state.is_stopping = true;
        state.shared.iter().for_each(|shared| shared.cancel());
        self.additions.fetch_add(1, Ordering::Release);
        drop(state);
        self.compute_wake.notify_all();
        self.copy_wake.notify_all();
        self.settled.notify_all();
    }

    /// Works off `turns` and all that follows from them, then carries out deferred actions and wakes workers.
    fn settle(&self, mut state: MutexGuard<'_, State>, mut turns: Vec<Turn>, is_worker: bool) {
        let mut added = 0;
        while let Some(turn) = turns.pop() {
            match turn {
                Turn::Begin(Started { slot, work, context }) => match work {
                    Work::Step(step, memory) => {
                        turns.push(Turn::Start(Task { step, memory, context, origin: Origin::Stream(slot) }))
                    }
                    Work::Graph(graph, memory) => begin_graph(slot, graph, memory, context, &mut turns),
                    Work::HostCall(token) => self.call_host(&mut state, token, Origin::Stream(slot)),
                    Work::Nothing | Work::Event(_) => turns.push(Turn::Done(Origin::Stream(slot))),
                },
                Turn::Start(task) => match &*task.step {
                    Step::Nothing => turns.push(Turn::Done(task.origin)),
                    _ if task.context.is_failed() => turns.push(Turn::Done(task.origin)),
                    Step::Event(event) => {
                        self.completions.event_reached(*event, clock::now_ns());
                        turns.push(Turn::Done(task.origin));
                    }
                    Step::HostCall(token) => self.call_host(&mut state, *token, task.origin),
                    Step::Transfer(_) => {
                        state.transfers.push_back(task);
                        added += 1;
                    }
                    Step::Launch(_) | Step::Gemm(_) | Step::Trsm(_) => {
                        state.ready.push_back(Job::Run(task));
                        added += 1;
                    }
                },
                Turn::Done(Origin::Node(run, index)) => finish_node(&run, index, &mut turns),
                Turn::Done(Origin::Stream(slot)) => {
                    let mut started = Vec::new();
                    state.streams.finish(slot, &mut started);
                    turns.extend(started.into_iter().map(Turn::Begin));
                }
            }
        }
        let due = take_due(&mut state);
        if state.wants_room && state.streams.queued() <= QUEUE_MAX / 2 {
            self.settled.notify_all();
        }
        if added > 0 {
            self.additions.fetch_add(1, Ordering::Release);
        }
        self.wake(state, is_worker);
        self.carry_out(due);
    }

    /// Calls the guest. Called under the lock, so that calls are numbered in the order in which they may start.
    fn call_host(&self, state: &mut State, token: u64, origin: Origin) {
        let number = self.completions.call_host(token);
        state.called.insert(number, origin);
        // Who waits for other things must look for the guest's answer from now on.
        self.settled.notify_all();
    }

    /// Wakes as many threads as there is work for. A compute worker that asks takes one piece itself.
    pub(super) fn wake(&self, state: MutexGuard<'_, State>, is_worker: bool) {
        let room: usize = state.shared.iter().map(|shared| shared.room()).sum();
        let takes_transfer = is_worker && state.ready.is_empty() && room == 0;
        let wakes_copy = state.copy_is_sleeping && state.transfers.len() > usize::from(takes_transfer);
        let transfers = if state.copy_is_sleeping { 0 } else { state.transfers.len() };
        let pieces = (state.ready.len() + room + transfers).saturating_sub(usize::from(is_worker));
        let wakes_compute = pieces.min(state.compute_sleeping);
        drop(state);
        if wakes_copy {
            self.copy_wake.notify_one();
        }
        for _ in 0..wakes_compute {
            self.compute_wake.notify_one();
        }
    }

    /// A worker that has set blocks aside leaves its place in their launch to whoever has the turn for it, behind the work that
    /// waits already.
    pub(super) fn queue_again(&self, shared: Arc<Shared>) {
        let mut state = self.state.lock();
        state.ready.push_back(Job::Join(shared));
        // A worker that meant to take a copy may have found a launch instead; what is set aside may wait for that copy.
        if state.copy_is_sleeping && !state.transfers.is_empty() {
            self.copy_wake.notify_one();
        }
    }

    fn carry_out(&self, due: Vec<Deferred>) {
        if due.is_empty() {
            return;
        }
        let count = due.len();
        for action in due {
            match action {
                Deferred::Reclaim(addresses) => {
                    let mut heap = self.heap.lock();
                    addresses.into_iter().for_each(|address| heap.reclaim(address));
                }
                Deferred::Unload(modules) => drop(modules),
                Deferred::DropGraphs(graphs) => drop(graphs),
                Deferred::DropHeap(heap) => drop(heap),
            }
        }
        self.state.lock().settling -= count;
        self.settled.notify_all();
    }

    /// Marks a context as failed and ends its kernels, as on a GPU: what they wait for may never come. Whether it was its first
    /// failure.
    pub(super) fn set_failed(&self, context: &Arc<Context>) -> bool {
        let is_first = context.set_failed();
        if is_first {
            let state = self.state.lock();
            let of_context = |shared: &&Arc<Shared>| Arc::ptr_eq(&shared.task.context, context);
            state.shared.iter().filter(of_context).for_each(|shared| shared.cancel());
        }
        is_first
    }

    /// Reports a task's failure, if it has one, and moves on. The task holds on to its module's memory, so it goes before
    /// anybody hears that it is done: whoever unloads the module and waits finds that memory free.
    pub(super) fn finish(&self, task: Task, outcome: Result<(), Failure>, is_worker: bool) {
        let Task { step, memory, context, origin } = task;
        if let Err((error, detail)) = outcome
            && self.set_failed(&context)
        {
            log::warn!("{error}: {detail}");
            self.completions.fail(error, &detail);
        }
        drop((step, memory, context));
        self.settle(self.state.lock(), vec![Turn::Done(origin)], is_worker);
    }
}

impl State {
    pub(super) fn take(&mut self, is_copy_engine: bool) -> Option<Job> {
        if is_copy_engine {
            return self.transfers.pop_front().map(Job::Run);
        }
        if let Some(job) = self.take_ready() {
            return Some(job);
        }
        let joinable = self.shared.iter().filter(|shared| shared.room() > 0);
        if let Some(shared) = joinable.min_by_key(|shared| shared.runners.load(Ordering::Relaxed)) {
            shared.runners.fetch_add(1, Ordering::Relaxed);
            return Some(Job::Join(shared.clone()));
        }
        self.transfers.pop_front().map(Job::Run)
    }
}

impl State {
    fn take_ready(&mut self) -> Option<Job> {
        let has_begun = |job: &Job| matches!(job, Job::Join(_));
        let is_full = self.shared.len() + self.beginning >= RESIDENT_GRIDS_MAX;
        let next = if is_full { self.ready.iter().position(has_begun)? } else { 0 };
        let job = self.ready.remove(next)?;
        self.beginning += usize::from(!has_begun(&job));
        Some(job)
    }
}

fn is_small_copy(work: &Work) -> bool {
    match work {
        Work::Step(step, _) => {
            matches!(&**step, Step::Transfer(transfer) if transfer.total_bytes() <= INLINE_COPY_BYTES)
        }
        _ => false,
    }
}

fn begin_graph(
    slot: StreamSlot,
    graph: Arc<Graph>,
    memory: Arc<MemoryMap>,
    context: Arc<Context>,
    turns: &mut Vec<Turn>,
) {
    if graph.nodes.is_empty() {
        turns.push(Turn::Done(Origin::Stream(slot)));
        return;
    }
    let waiting = graph.nodes.iter().map(|node| AtomicUsize::new(node.dependency_count())).collect();
    let unfinished = AtomicUsize::new(graph.nodes.len());
    let run = Arc::new(GraphRun { graph, memory, context, slot, waiting, unfinished });
    for (index, node) in run.graph.nodes.iter().enumerate().rev() {
        if node.dependency_count() == 0 {
            turns.push(Turn::Start(node_task(&run, u32::try_from(index).expect("a graph's node count is a u32"))));
        }
    }
}

fn finish_node(run: &Arc<GraphRun>, index: u32, turns: &mut Vec<Turn>) {
    for &dependent in &run.graph.nodes[index as usize].dependents {
        if run.waiting[dependent as usize].fetch_sub(1, Ordering::Relaxed) == 1 {
            turns.push(Turn::Start(node_task(run, dependent)));
        }
    }
    if run.unfinished.fetch_sub(1, Ordering::Relaxed) == 1 {
        turns.push(Turn::Done(Origin::Stream(run.slot)));
    }
}

fn node_task(run: &Arc<GraphRun>, index: u32) -> Task {
    Task {
        step: run.graph.nodes[index as usize].step.clone(),
        memory: run.memory.clone(),
        context: run.context.clone(),
        origin: Origin::Node(run.clone(), index),
    }
}

/// Deferred actions whose barriers are behind us.
fn take_due(state: &mut State) -> Vec<Deferred> {
    if state.deferred.is_empty() {
        return Vec::new();
    }
    let State { streams, deferred, .. } = state;
    for (barrier, _) in deferred.iter_mut() {
        barrier.retain(|&point| !streams.is_retired(point));
    }
    let due: Vec<Deferred> =
        deferred.extract_if(.., |(barrier, _)| barrier.is_empty()).map(|(_, action)| action).collect();
    state.settling += due.len();
    due
}
