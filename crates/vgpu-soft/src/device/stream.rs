//! The order of work: a queue per stream, and what a queue's head waits for.
//!
//! Nothing here runs anything or knows threads: [`Streams::advance`] says what may start, [`Streams::finish`] is told
//! what is done. Sequence numbers are retired here and nowhere else, in stream order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use vgpu_core::wire::{Completions, EventSlot, SLOTS_END, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::graph::Graph;
use super::step::{Context, Step};
use crate::memory::MemoryMap;

/// A point in a stream's order.
pub(super) type Point = (StreamSlot, Seq);

/// What a record asks of its stream.
pub(super) enum Work {
    /// A marker, a wait, a refused record.
    Nothing,
    /// Publish the time.
    Event(EventSlot),
    /// Have the guest carry out what it knows by this token.
    HostCall(u64),
    /// A step, and the memory it may touch.
    Step(Arc<Step>, Arc<MemoryMap>),
    /// A graph, and the memory it may touch.
    Graph(Arc<Graph>, Arc<MemoryMap>),
}

/// Work that may start now. Its stream waits until [`Streams::finish`].
pub(super) struct Started {
    pub(super) slot: StreamSlot,
    pub(super) work: Work,
    pub(super) context: Arc<Context>,
}

struct Entry {
    seq: Seq,
    work: Work,
    after: Vec<Point>,
    context: Arc<Context>,
}

#[derive(Default)]
struct Stream {
    /// The open context that new work belongs to; `None` while the slot is closed.
    open: Option<Arc<Context>>,
    posted: Seq,
    retired: Seq,
    queue: VecDeque<Entry>,
    is_running: bool,
    /// Streams whose heads wait for this one.
    waiters: Vec<StreamSlot>,
    role: Role,
}

/// How a stream relates to the legacy default stream of its context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    /// Independent (`CU_STREAM_NON_BLOCKING`).
    #[default]
    Free,
    /// Keeps order with the legacy stream of that context.
    Blocking(u32),
    /// Is the legacy stream of that context.
    Legacy(u32),
}

struct ContextStreams {
    context: Arc<Context>,
    legacy: StreamSlot,
    all: Vec<StreamSlot>,
}

/// All streams of a device.
pub(super) struct Streams {
    completions: Arc<dyn Completions>,
    slots: Vec<Stream>,
    contexts: BTreeMap<u32, ContextStreams>,
    /// Entries of all queues.
    queued: usize,
    clock: fn() -> u64,
}

impl Streams {
    pub(super) fn new(completions: Arc<dyn Completions>, clock: fn() -> u64) -> Self {
        Self { completions, slots: Vec::new(), contexts: BTreeMap::new(), queued: 0, clock }
    }

    /// Opens a context with its legacy default stream.
    ///
    /// # Errors
    /// `INVALID_VALUE` when the number or the slot is in use or absurd.
    pub(super) fn open_context(&mut self, id: u32, device: u32, legacy: StreamSlot) -> CuResult {
        if self.contexts.contains_key(&id) {
            return Err(CuError::INVALID_VALUE);
        }
        let context = Arc::new(Context::new(device));
        self.open_slot(legacy, &context, Role::Legacy(id))?;
        self.contexts.insert(id, ContextStreams { context, legacy, all: vec![legacy] });
        Ok(())
    }

    /// Closes a context's streams to new work. Queued work goes on.
    ///
    /// # Errors
    /// `INVALID_CONTEXT` when there is none of that number.
    pub(super) fn close_context(&mut self, id: u32) -> CuResult {
        let closed = self.contexts.remove(&id).ok_or(CuError::INVALID_CONTEXT)?;
        for slot in closed.all {
            self.slots[slot as usize].open = None;
        }
        Ok(())
    }

    /// Opens a stream; `is_blocking` ones keep order with the legacy stream.
    ///
    /// # Errors
    /// `INVALID_CONTEXT`, or `INVALID_VALUE` when the slot is in use or absurd.
    pub(super) fn open(&mut self, id: u32, slot: StreamSlot, is_blocking: bool) -> CuResult {
        let context = self.contexts.get(&id).ok_or(CuError::INVALID_CONTEXT)?.context.clone();
        self.open_slot(slot, &context, if is_blocking { Role::Blocking(id) } else { Role::Free })?;
        self.contexts.get_mut(&id).expect("it was found above").all.push(slot);
        Ok(())
    }

    fn open_slot(&mut self, slot: StreamSlot, context: &Arc<Context>, role: Role) -> CuResult {
        let stream = self.slot(slot)?;
        if stream.open.is_some() {
            return Err(CuError::INVALID_VALUE);
        }
        stream.open = Some(context.clone());
        stream.role = role;
        Ok(())
    }

    /// Closes a stream to new work. Queued work goes on.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when it is not open, `INVALID_VALUE` for a context's legacy stream.
    pub(super) fn close(&mut self, slot: StreamSlot) -> CuResult {
        let stream = self.slot(slot)?;
        if matches!(stream.role, Role::Legacy(_)) && stream.open.is_some() {
            return Err(CuError::INVALID_VALUE);
        }
        stream.open.take().ok_or(CuError::INVALID_HANDLE)?;
        for context in self.contexts.values_mut() {
            context.all.retain(|&other| other != slot);
        }
        Ok(())
    }

    /// Queues work of record `seq`; call [`Streams::advance`] next. A refused record is queued as nothing, so that its number retires in order.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when the stream is not open.
    pub(super) fn post(&mut self, slot: StreamSlot, seq: Seq, work: Work, wait: Option<Point>) -> CuResult {
        let Ok(stream) = self.slot(slot) else {
            self.completions.retire(slot, seq);
            return Err(CuError::INVALID_HANDLE);
        };
        let open = stream.open.clone();
        let role = stream.role;
        let result = if open.is_some() { Ok(()) } else { Err(CuError::INVALID_HANDLE) };
        let mut after = Vec::new();
        let mut work = work;
        match &open {
            None => work = Work::Nothing,
            Some(_) => {
                after.extend(wait);
                self.add_legacy_order(slot, role, &mut after);
            }
        }
        let context = open.unwrap_or_default();
        let stream = &mut self.slots[slot as usize];
        stream.posted = stream.posted.max(seq);
        stream.queue.push_back(Entry { seq, work, after, context });
        self.queued += 1;
        result
    }

    /// The device of a stream's context; the first for a stream that is not open, which does no work.
    pub(super) fn device_of(&self, slot: StreamSlot) -> u32 {
        let open = self.slots.get(slot as usize).and_then(|stream| stream.open.as_ref());
        open.map_or(0, |context| context.device)
    }

    /// Records that are not retired, of all streams.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Whether a point has been posted, so that waiting for it can end.
    pub(super) fn is_posted(&self, (slot, seq): Point) -> bool {
        self.slots.get(slot as usize).is_some_and(|stream| stream.posted >= seq)
    }

    /// The points that all work queued so far ends with.
    pub(super) fn barrier(&self) -> Vec<Point> {
        let busy = self.slots.iter().enumerate().filter(|(_, stream)| stream.retired < stream.posted);
        busy.map(|(slot, stream)| (u32::try_from(slot).expect("slots are limited to 65536"), stream.posted)).collect()
    }

    /// Whether that point is behind us.
    pub(super) fn is_retired(&self, (slot, seq): Point) -> bool {
        self.slots.get(slot as usize).is_none_or(|stream| stream.retired >= seq)
    }

    /// Retires what needs no worker at the head of `slot` and of the streams that wait for it; adds what may start to `started`.
    pub(super) fn advance(&mut self, slot: StreamSlot, started: &mut Vec<Started>) {
        self.advance_all(slot, Vec::new(), started);
    }

    /// Records that what [`Streams::advance`] started on `slot` is done, and advances.
    pub(super) fn finish(&mut self, slot: StreamSlot, started: &mut Vec<Started>) {
        let stream = &mut self.slots[slot as usize];
        stream.is_running = false;
        let entry = stream.queue.pop_front().expect("the head stays queued while it runs");
        let mut turns = Vec::new();
        self.retire(slot, entry.seq, &mut turns);
        // Those that waited come before what stands behind.
        let first = turns.pop().map_or(slot, |waiter| {
            turns.insert(0, slot);
            waiter
        });
        self.advance_all(first, turns, started);
    }

    /// Advances one stream, then those that have their turn after it, the last of them first. Most records have nobody wait for
    /// them: they come and go without an allocation.
    fn advance_all(&mut self, first: StreamSlot, mut turns: Vec<StreamSlot>, started: &mut Vec<Started>) {
        let mut next = Some(first);
        while let Some(slot) = next {
            while self.advance_once(slot, started, &mut turns) {}
            next = turns.pop();
        }
    }

    /// Deals with one head. The result says whether the next may be looked at.
    fn advance_once(&mut self, slot: StreamSlot, started: &mut Vec<Started>, turns: &mut Vec<StreamSlot>) -> bool {
        // A slot that is not in the table belongs to a record that has been refused.
        let Some(stream) = self.slots.get_mut(slot as usize).filter(|stream| !stream.is_running) else {
            return false;
        };
        let Some(head) = stream.queue.front_mut() else {
            return false;
        };
        let after = std::mem::take(&mut head.after);
        if let Some(at) = after.iter().position(|&point| !self.is_retired(point)) {
            let other = after[at].0 as usize;
            self.slots[other].waiters.push(slot);
            self.head(slot).after = after[at..].to_vec();
            return false;
        }
        let head = self.head(slot);
        let needs_worker = match head.work {
            Work::Step(..) | Work::Graph(..) => !head.context.is_failed(),
            Work::HostCall(_) => true,
            Work::Nothing | Work::Event(_) => false,
        };
        if needs_worker {
            let work = std::mem::replace(&mut head.work, Work::Nothing);
            let context = head.context.clone();
            self.slots[slot as usize].is_running = true;
            started.push(Started { slot, work, context });
            return false;
        }
        let entry = self.slots[slot as usize].queue.pop_front().expect("the head was just looked at");
        if let Work::Event(event) = entry.work {
            self.completions.event_reached(event, (self.clock)());
        }
        self.retire(slot, entry.seq, turns);
        true
    }

    fn retire(&mut self, slot: StreamSlot, seq: Seq, turns: &mut Vec<StreamSlot>) {
        self.queued -= 1;
        let stream = &mut self.slots[slot as usize];
        stream.retired = stream.retired.max(seq);
        let retired = stream.retired;
        turns.append(&mut stream.waiters);
        self.completions.retire(slot, retired);
    }

    fn head(&mut self, slot: StreamSlot) -> &mut Entry {
        self.slots[slot as usize].queue.front_mut().expect("the head was just looked at")
    }

    /// The legacy stream waits for all blocking streams of its context, and they for it.
    fn add_legacy_order(&self, slot: StreamSlot, role: Role, after: &mut Vec<Point>) {
        let mut add = |other: StreamSlot| {
            let stream = &self.slots[other as usize];
            if other != slot && stream.retired < stream.posted {
                after.push((other, stream.posted));
            }
        };
        match role {
            Role::Free => {}
            Role::Blocking(id) => {
                if let Some(context) = self.contexts.get(&id) {
                    add(context.legacy);
                }
            }
            Role::Legacy(id) => {
                // Closed streams of the context count too: their work was queued before.
                let is_blocking = |(at, stream): (usize, &Stream)| (stream.role == Role::Blocking(id)).then_some(at);
                for other in self.slots.iter().enumerate().filter_map(is_blocking) {
                    add(u32::try_from(other).expect("slots are limited to 65536"));
                }
            }
        }
    }

    fn slot(&mut self, slot: StreamSlot) -> CuResult<&mut Stream> {
        if slot >= SLOTS_END {
            return Err(CuError::INVALID_VALUE);
        }
        let index = slot as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Stream::default);
        }
        Ok(&mut self.slots[index])
    }
}
