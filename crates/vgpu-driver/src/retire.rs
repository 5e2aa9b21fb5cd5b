//! What is done: a thread that asks the driver for the events behind streams' records and publishes how far each stream is.
//!
//! A [`Point`] stands behind one or more records of a stream. Points of a stream are published in order, those of refused
//! records and of contexts that have failed without asking; so a stream's number never falls, and nobody waits for ever.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use vgpu_core::wire::{Completions, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use crate::api::Event;
use crate::context::{Context, Current};
use crate::host_call::HostCalls;
use crate::open::Driver;
use crate::output::Output;
use crate::reaper::{Dead, Reaper};
use crate::words::{self, Signals};

/// More stream slots than any window has.
pub(crate) const SLOT_LIMIT: u32 = 1 << 16;

/// A stream has no more points than these: further records come to stand before the last one.
const POINTS_MAX: usize = 1024;

/// So long the thread gives way to others between two looks; then it naps.
const RESTLESS: Duration = Duration::from_micros(50);
/// The longest nap: what a step of some milliseconds is late by at most.
const NAP_MAX: Duration = Duration::from_micros(50);
/// So often faults are asked for while the GPU publishes by itself what is done.
const FAULT_PERIOD: Duration = Duration::from_millis(1);
/// A nap is this part of the time that has been waited.
const NAP_PART: u32 = 32;

/// The end of some records of a stream.
pub(crate) struct Point {
    /// Number of the last of them.
    pub(crate) last: Seq,
    /// Recorded behind them; `None` when there is nothing to wait for.
    pub(crate) event: Option<Event>,
    /// The context of the event.
    pub(crate) context: Option<Arc<Context>>,
    /// The GPU writes the stream's word before the event is reached.
    pub(crate) is_written: bool,
}

/// Publishes completions. Shared by the thread that serves the ring, and the one that asks.
pub(crate) struct Retirer {
    driver: Arc<Driver>,
    completions: Arc<dyn Completions>,
    reaper: Reaper,
    host_calls: Arc<HostCalls>,
    output: Arc<Output>,
    signals: Signals,
    state: Mutex<State>,
    /// Told of points, of the dead, and of the end.
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// By stream slot: its points, each with its number in the order of all.
    queues: Vec<VecDeque<(u64, Point)>>,
    /// Slots whose queue is not empty.
    busy: Vec<StreamSlot>,
    /// By stream slot: the last record that is published.
    retired: Vec<Seq>,
    /// Number of the last point.
    numbered: u64,
    /// What can go once the points up to a number are published, in order.
    dying: VecDeque<(u64, Dead)>,
    is_stopping: bool,
}

impl Retirer {
    pub(crate) fn new(
        driver: Arc<Driver>,
        completions: Arc<dyn Completions>,
        reaper: Reaper,
        host_calls: Arc<HostCalls>,
        output: Arc<Output>,
        signals: Signals,
    ) -> Self {
        Self { driver, completions, reaper, host_calls, output, signals, state: Mutex::default(), news: Condvar::new() }
    }

    /// Takes the next point of a stream. A slot that no window has is nobody's to wait for.
    pub(crate) fn push(&self, slot: StreamSlot, point: Point) {
        if slot >= SLOT_LIMIT {
            return;
        }
        let mut state = self.state.lock();
        state.numbered += 1;
        let numbered = (state.numbered, point);
        let index = slot as usize;
        if state.queues.len() <= index {
            state.queues.resize_with(index + 1, VecDeque::new);
            state.retired.resize(index + 1, 0);
        }
        if state.queues[index].is_empty() {
            state.busy.push(slot);
        }
        state.queues[index].push_back(numbered);
        self.news.notify_one();
    }

    /// Has the last point of a stream that has very many stand behind all records up to `last` instead: `record` records its
    /// event anew, in that context. Whether it does.
    pub(crate) fn move_last(
        &self,
        slot: StreamSlot,
        last: Seq,
        is_written: bool,
        context: &Arc<Context>,
        record: impl FnOnce(Event) -> CuResult,
    ) -> bool {
        let mut state = self.state.lock();
        let Some(queue) = state.queues.get_mut(slot as usize).filter(|queue| queue.len() >= POINTS_MAX) else {
            return false;
        };
        // It is not the first one, about which the other thread may be asking.
        let (_, point) = queue.back_mut().expect("there are many");
        let is_its = point.context.as_ref().is_some_and(|of| Arc::ptr_eq(of, context));
        let is_moved = is_its && point.event.is_some_and(|event| record(event).is_ok());
        if is_moved {
            point.last = last;
            point.is_written &= is_written;
        }
        is_moved
    }

    /// Retires a record that names a stream which is not open; whoever waits for it learns of the refusal first.
    pub(crate) fn refuse(&self, slot: StreamSlot, seq: Seq, error: CuError) {
        self.completions.refuse(seq, error, "a record of a stream that is not open");
        self.push(slot, Point { last: seq, event: None, context: None, is_written: false });
    }

    /// Hands `wait` the event of the first point of `slot` that covers `until`; does nothing when that is published already
    /// or never was a point.
    ///
    /// # Errors
    /// What `wait` comes to.
    pub(crate) fn with_point(&self, slot: StreamSlot, until: Seq, wait: impl FnOnce(Event) -> CuResult) -> CuResult {
        // While the lock is held the event marks this point and no other.
        let state = self.state.lock();
        let covering = state.queues.get(slot as usize).and_then(|queue| {
            let before = queue.partition_point(|(_, point)| point.last < until);
            queue.get(before)
        });
        covering.and_then(|(_, point)| point.event).map_or(Ok(()), wait)
    }

    /// Hands `wait` the event of the last point of `slot`, if there is one that is not published.
    ///
    /// # Errors
    /// What `wait` comes to.
    pub(crate) fn with_last_point(&self, slot: StreamSlot, wait: impl FnOnce(Event) -> CuResult) -> CuResult {
        let state = self.state.lock();
        let points = state.queues.get(slot as usize).into_iter().flatten();
        points.rev().find_map(|(_, point)| point.event).map_or(Ok(()), wait)
    }

    /// The last record of a stream that is published.
    pub(crate) fn retired(&self, slot: StreamSlot) -> Seq {
        self.state.lock().retired.get(slot as usize).copied().unwrap_or(0)
    }

    /// Lets go of what nobody uses once all points so far are published.
    pub(crate) fn bury(&self, dead: impl IntoIterator<Item = Dead>) {
        let mut state = self.state.lock();
        let after = state.numbered;
        state.dying.extend(dead.into_iter().map(|dead| {
            self.reaper.expect();
            (after, dead)
        }));
        self.news.notify_one();
    }

    /// Waits until all that was let go of is gone.
    pub(crate) fn wait_for_burials(&self) {
        self.reaper.wait();
    }

    /// Ends a context with a fault: whatever waits in it is done, but for the guest's own functions.
    pub(crate) fn fail(&self, context: &Context, current: &mut Current, error: CuError, what: &str) {
        if context.set_failed(error) {
            let api = &self.driver.api;
            if context.prints() && error.is_fatal() && current.enter(api, context).is_ok() {
                // There is nothing left that this would wait for, and what it says is known.
                let _ = api.cuCtxSynchronize();
                self.output.take_in();
            }
            self.completions.fail(error, what);
            self.news.notify_one();
        }
    }

    /// Ends [`run`](Self::run).
    pub(crate) fn stop(&self) {
        self.state.lock().is_stopping = true;
        self.news.notify_one();
    }

    /// The thread.
    pub(crate) fn run(&self) {
        wake_on_time();
        let mut current = Current::default();
        let mut slots = Vec::new();
        let (mut newest, mut idle_since) = (0, Instant::now());
        let mut asked = Instant::now();
        while let Some(number) = self.wait_for_work(&mut slots) {
            if asked.elapsed() < FAULT_PERIOD && self.is_left_to_gpu() {
                self.pause(RESTLESS.max(NAP_MAX * NAP_PART), number);
                continue;
            }
            asked = Instant::now();
            if number != newest {
                (newest, idle_since) = (number, Instant::now());
            }
            let moved = slots.iter().filter(|slot| self.advance(**slot, &mut current)).count() > 0;
            self.reap();
            if moved {
                idle_since = Instant::now();
            } else {
                self.pause(idle_since.elapsed(), newest);
            }
        }
    }

    /// Waits while there is nothing to ask for; `slots` are the streams with points then, and the result is the newest
    /// one's number. `None` at the end.
    fn wait_for_work(&self, slots: &mut Vec<StreamSlot>) -> Option<u64> {
        let mut state = self.state.lock();
        while state.busy.is_empty() && state.dying.is_empty() && !state.is_stopping {
            self.news.wait(&mut state);
        }
        slots.clone_from(&state.busy);
        (!state.is_stopping).then_some(state.numbered)
    }

    /// Whether the GPU publishes by itself all that comes next, and there is nobody whom this would have to wake.
    fn is_left_to_gpu(&self) -> bool {
        let words = self.completions.stream_words().filter(|_| self.signals == Signals::Words);
        let Some(words) = words else {
            return false;
        };
        let state = self.state.lock();
        let has_sleepers = words.has_sleepers();
        let is_ahead =
            |slot: StreamSlot, last: Seq| words.word(slot).is_none_or(|word| word.load(Ordering::Acquire) >= last);
        let is_left = |slot: &StreamSlot| {
            let first = state.queues[*slot as usize].front();
            first.is_some_and(|(_, point)| point.is_written && !(has_sleepers && is_ahead(*slot, point.last)))
        };
        state.dying.is_empty() && state.busy.iter().all(is_left)
    }

    /// Gives way, or naps for a part of the time that has been waited; a point after the `newest` one ends the nap.
    fn pause(&self, waited: Duration, newest: u64) {
        if waited < RESTLESS {
            return std::thread::yield_now();
        }
        let mut state = self.state.lock();
        if state.numbered == newest && !state.is_stopping {
            self.news.wait_for(&mut state, (waited / NAP_PART).min(NAP_MAX));
        }
    }

    /// Publishes what a stream has reached; whether that is anything.
    fn advance(&self, slot: StreamSlot, current: &mut Current) -> bool {
        let mut moved = false;
        while let Some((last, event, context)) = self.head(slot) {
            let is_reached = self.is_reached(event, context.as_deref(), current);
            // A context that fails leaves what the driver has ordered so far to us.
            let failed = context.filter(|context| context.check().is_err());
            if !is_reached || failed.is_some_and(|context| self.host_calls.hold(slot, last, &context)) {
                break;
            }
            self.publish(slot);
            moved = true;
        }
        moved
    }

    fn head(&self, slot: StreamSlot) -> Option<(Seq, Option<Event>, Option<Arc<Context>>)> {
        let state = self.state.lock();
        let (_, point) = state.queues[slot as usize].front()?;
        Some((point.last, point.event, point.context.clone()))
    }

    fn is_reached(&self, event: Option<Event>, context: Option<&Context>, current: &mut Current) -> bool {
        let (Some(event), Some(context)) = (event, context) else {
            return true;
        };
        if context.check().is_err() {
            return true;
        }
        let api = &self.driver.api;
        match current.enter(api, context).and_then(|()| api.cuEventQuery(event)) {
            Ok(()) => {
                if context.prints() {
                    // Returns at once, for the event is reached. A fault of what comes after it is for the next event to tell.
                    let _ = api.cuEventSynchronize(event);
                    self.output.take_in();
                }
                true
            }
            Err(CuError::NOT_READY) => false,
            Err(error) => {
                self.fail(context, current, error, "the device failed while it was working");
                true
            }
        }
    }

    /// Publishes a stream's first point, whose context is current.
    fn publish(&self, slot: StreamSlot) {
        let index = slot as usize;
        let point = {
            let mut state = self.state.lock();
            let (_, point) = state.queues[index].pop_front().expect("only this thread takes points out");
            if state.queues[index].is_empty() {
                state.busy.retain(|busy| *busy != slot);
            }
            state.retired[index] = state.retired[index].max(point.last);
            point
        };
        if let Some(context) = point.context {
            point.event.into_iter().for_each(|event| context.give_back(event));
        }
        words::publish(&*self.completions, self.signals, slot, point.last);
    }

    /// Hands over the dead whose points are behind us.
    fn reap(&self) {
        let mut state = self.state.lock();
        let State { queues, busy, dying, .. } = &mut *state;
        let first = busy.iter().filter_map(|slot| queues[*slot as usize].front()).map(|(number, _)| *number).min();
        while let Some((_, dead)) = dying.pop_front_if(|(after, _)| first.is_none_or(|first| *after < first)) {
            self.reaper.send(dead);
        }
    }
}

/// Has this thread's naps end when they should, and not up to 50 us later.
fn wake_on_time() {
    // SAFETY: takes no pointers; a kernel that refuses leaves things as they are.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_usize) };
}
