//! What is done: a thread that publishes how far each stream is. It looks at words that the GPU writes, or asks the driver for
//! the events behind streams' records.
//!
//! A [`Point`] stands behind one or more records of a stream. Points of a stream are published in order, those of refused
//! records and of contexts that have failed without asking; so a stream's number never falls, and nobody waits for ever.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use vgpu_core::wire::{Completions, SLOTS_END, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult, wait};

use crate::api::{Event, Stream};
use crate::context::{Context, Current};
use crate::host_call::HostCalls;
use crate::open::Driver;
use crate::output::Output;
use crate::reaper::{Dead, Reaper};
use crate::words::OwnWords;

/// A stream has no more points than these: further records come to stand before the last one.
const POINTS_MAX: usize = 1024;

/// So long after anything new the thread goes on looking; then it naps, or sleeps when there is nothing to come.
const RESTLESS: Duration = Duration::from_micros(50);
/// The same while a thread of the guest's waits for this one: a nap lasts longer than it should, and more so in a VM. Where
/// there are many cores, threads spin for long before they sleep, which nobody sees.
const RESTLESS_FOR_WAITERS: Duration = Duration::from_millis(2);
/// So many looks at words between two offers of the core to others.
const LOOKS: u32 = 24;
/// The longest nap: what a step of some milliseconds is late by at most.
const NAP_MAX: Duration = Duration::from_micros(50);
/// A nap is this part of the time that has been waited.
const NAP_PART: u32 = 32;
/// So often the driver is asked for faults while words tell what is done: nobody writes words behind a fault.
const FAULT_PERIOD: Duration = Duration::from_millis(1);
/// The same while work stands between an event and the words that will tell of it: somebody may be waiting for the event.
const EVENT_PERIOD: Duration = Duration::from_micros(20);

/// The end of some records of a stream.
pub(crate) struct Point {
    /// Number of the last of them.
    pub(crate) last: Seq,
    /// What they were ordered in; `None` when there is nothing to wait for.
    pub(crate) end: Option<End>,
    /// Recorded behind them, where others may have to wait for them or there is no other way to know.
    pub(crate) event: Option<Event>,
    /// Words that the GPU writes tell of it.
    pub(crate) is_written: bool,
}

/// A stream of the driver's, and its context.
#[derive(Clone)]
pub(crate) struct End {
    pub(crate) stream: Stream,
    pub(crate) context: Arc<Context>,
}

/// Publishes completions. Shared by the thread that serves the ring, and the one that asks.
pub(crate) struct Retirer {
    driver: Arc<Driver>,
    completions: Arc<dyn Completions>,
    reaper: Reaper,
    host_calls: Arc<HostCalls>,
    output: Arc<Output>,
    words: Arc<OwnWords>,
    state: Mutex<State>,
    /// Counts points, the dead, and the end: who looks at it without the lock learns that there is something new.
    news: AtomicU64,
    /// Told of the same when the thread sleeps, or naps and must not.
    wakes: Condvar,
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
    /// The thread sleeps until there is something new.
    is_asleep: bool,
    is_stopping: bool,
}

/// What the thread has seen of the state.
#[derive(Default)]
struct View {
    news: u64,
    /// The first point of each stream that has any.
    heads: Vec<(StreamSlot, Seq)>,
    /// Some stream's words do not tell of its last point.
    wants_events: bool,
    /// Some stream's first point may be reached long before its words tell of it.
    has_early_event: bool,
}

impl View {
    /// How often the driver is asked at least.
    fn ask_period(&self) -> Duration {
        if self.has_early_event { EVENT_PERIOD } else { FAULT_PERIOD }
    }
}

impl Retirer {
    pub(crate) fn new(
        driver: Arc<Driver>,
        completions: Arc<dyn Completions>,
        reaper: Reaper,
        host_calls: Arc<HostCalls>,
        output: Arc<Output>,
        words: Arc<OwnWords>,
    ) -> Self {
        let (state, news, wakes) = Default::default();
        Self { driver, completions, reaper, host_calls, output, words, state, news, wakes }
    }

    /// Takes the next point of a stream. A slot that no window has is nobody's to wait for.
    pub(crate) fn push(&self, slot: StreamSlot, point: Point) {
        if slot >= SLOTS_END {
            return;
        }
        let mut state = self.state.lock();
        state.numbered += 1;
        let is_urgent = !point.is_written;
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
        self.tell(&state, is_urgent);
    }

    /// Says that there is something new. A system call only if the thread sleeps, or is urgently to end a nap.
    fn tell(&self, state: &State, is_urgent: bool) {
        self.news.fetch_add(1, Ordering::Release);
        if state.is_asleep || is_urgent {
            self.wakes.notify_one();
        }
    }

    /// Has the last point of a stream that has very many stand where `point` should, and gives that back if it does not. Events
    /// are recorded there by `record`, the one that the point has or a new one.
    pub(crate) fn move_last(
        &self,
        slot: StreamSlot,
        point: Point,
        needs_event: bool,
        record: impl FnOnce(Option<Event>) -> CuResult<Event>,
    ) -> Option<Point> {
        let mut state = self.state.lock();
        let Some(queue) = state.queues.get_mut(slot as usize).filter(|queue| queue.len() >= POINTS_MAX) else {
            return Some(point);
        };
        // It is not the first one, about which the other thread may be asking.
        let (_, last) = queue.back_mut().expect("there are many");
        let is_its = match (&last.end, &point.end) {
            (Some(last), Some(end)) => Arc::ptr_eq(&last.context, &end.context),
            _ => false,
        };
        if !is_its {
            return Some(point);
        }
        let event = match last.event {
            None if !needs_event => None,
            before => match record(before) {
                Ok(event) => Some(event),
                Err(_) => return Some(point),
            },
        };
        *last = Point { event, ..point };
        None
    }

    /// Retires a record that names a stream which is not open; whoever waits for it learns of the refusal first.
    pub(crate) fn refuse(&self, slot: StreamSlot, seq: Seq, error: CuError) {
        self.completions.refuse(seq, error, "a record of a stream that is not open");
        self.push(slot, Point { last: seq, end: None, event: None, is_written: false });
    }

    /// Hands `wait` the event of the first point of `slot` that has one and covers `until`; does nothing when that is published
    /// already or never was a point.
    ///
    /// # Errors
    /// What `wait` comes to.
    pub(crate) fn with_point(&self, slot: StreamSlot, until: Seq, wait: impl FnOnce(Event) -> CuResult) -> CuResult {
        // While the lock is held the event marks this point and no other.
        let state = self.state.lock();
        let unpublished = state.queues.get(slot as usize).filter(|_| state.retired[slot as usize] < until);
        let event = unpublished.and_then(|queue| {
            let before = queue.partition_point(|(_, point)| point.last < until);
            queue.range(before..).find_map(|(_, point)| point.event)
        });
        event.map_or(Ok(()), wait)
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
        self.tell(&state, false);
    }

    /// Whether there is nothing to come.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.busy.is_empty() && state.dying.is_empty()
    }

    /// Has memory that is kept mapped go some time, if nobody wants it.
    pub(crate) fn keep_for_a_while(&self) {
        self.reaper.keep_for_a_while();
    }

    /// Waits until all that was let go of is gone.
    pub(crate) fn wait_for_burials(&self) {
        if self.reaper.expects_any() {
            // Nobody shall nap meanwhile.
            self.wakes.notify_one();
            self.reaper.wait();
        }
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
            self.tell(&self.state.lock(), true);
        }
    }

    /// Ends [`run`](Self::run).
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.is_stopping = true;
        self.tell(&state, true);
    }

    /// The thread.
    pub(crate) fn run(&self) {
        wake_on_time();
        let mut current = Current::default();
        let mut view = View::default();
        let (mut news, mut new_since, mut asked) = (0, Instant::now(), Instant::now());
        while self.look(&mut view) {
            if view.news != news {
                (news, new_since) = (view.news, Instant::now());
            }
            let asks = view.wants_events || asked.elapsed() >= view.ask_period();
            if asks || view.heads.is_empty() {
                asked = Instant::now();
            }
            let moved = view.heads.iter().filter(|(slot, _)| self.advance(*slot, asks, &mut current)).count() > 0;
            self.reap();
            if moved {
                new_since = Instant::now();
            } else {
                self.pause(new_since, asked, &view);
            }
        }
    }

    /// Takes the state in. False at the end.
    fn look(&self, view: &mut View) -> bool {
        let state = self.state.lock();
        // Under the lock, so that nothing is missed that is told of later.
        view.news = self.news.load(Ordering::Acquire);
        view.heads.clear();
        (view.wants_events, view.has_early_event) = (false, false);
        for slot in &state.busy {
            let points = &state.queues[*slot as usize];
            view.heads.extend(points.front().map(|(_, point)| (*slot, point.last)));
            view.wants_events |= points.back().is_some_and(|(_, point)| !point.is_written);
            let is_early = points.len() > 1 && points.front().is_some_and(|(_, point)| point.event.is_some());
            view.has_early_event |= is_early;
        }
        !state.is_stopping
    }

    /// Waits until there is something new, with one eye on the words; sooner or later this returns in any case if anything is to
    /// come.
    fn pause(&self, new_since: Instant, asked: Instant, view: &View) {
        let is_reached = || view.heads.iter().any(|(slot, last)| self.words.reached(*slot) >= *last);
        let is_over = || self.news.load(Ordering::Acquire) != view.news || is_reached();
        // What is reached and not published yet waits for something else.
        let only_looks = !view.wants_events && !is_reached();
        loop {
            let waited = new_since.elapsed();
            let is_waited_for = self.words.has_sleepers() || (view.wants_events && wait::has_many_cores());
            let restless = if is_waited_for { RESTLESS_FOR_WAITERS } else { RESTLESS };
            if waited >= restless {
                return self.nap(waited, view);
            }
            for _ in 0..LOOKS {
                if only_looks && is_over() {
                    return;
                }
                std::hint::spin_loop();
            }
            std::thread::yield_now();
            let is_time_to_ask = !view.heads.is_empty() && asked.elapsed() >= view.ask_period();
            if !only_looks || is_time_to_ask {
                return;
            }
        }
    }

    /// Naps for a part of the time that has been waited, or sleeps if there is nothing to come, until something is new.
    fn nap(&self, waited: Duration, view: &View) {
        let mut state = self.state.lock();
        if self.news.load(Ordering::Acquire) != view.news {
            return;
        }
        if !view.heads.is_empty() {
            self.wakes.wait_for(&mut state, (waited / NAP_PART).min(NAP_MAX));
            return;
        }
        state.is_asleep = true;
        while self.news.load(Ordering::Acquire) == view.news {
            self.wakes.wait(&mut state);
        }
        state.is_asleep = false;
    }

    /// Publishes what a stream has reached; whether that is anything. With `asks` the driver is asked, else only words are
    /// looked at.
    fn advance(&self, slot: StreamSlot, asks: bool, current: &mut Current) -> bool {
        let mut moved = false;
        while let Some(head) = self.head(slot) {
            let is_reached = self.is_reached(slot, &head, asks, current);
            // A context that fails leaves what the driver has ordered so far to us.
            let failed = head.end.filter(|end| end.context.check().is_err());
            if !is_reached || failed.is_some_and(|end| self.host_calls.hold(slot, head.last, &end.context)) {
                break;
            }
            self.publish(slot);
            moved = true;
        }
        moved
    }

    /// A stream's first point.
    fn head(&self, slot: StreamSlot) -> Option<Point> {
        let state = self.state.lock();
        let (_, point) = state.queues[slot as usize].front()?;
        Some(Point { end: point.end.clone(), ..*point })
    }

    fn is_reached(&self, slot: StreamSlot, point: &Point, asks: bool, current: &mut Current) -> bool {
        let Some(End { stream, context }) = &point.end else {
            return true;
        };
        let is_nothing = point.event.is_none() && !point.is_written;
        if is_nothing || context.check().is_err() {
            return true;
        }
        let api = &self.driver.api;
        if self.words.reached(slot) < point.last {
            if !asks {
                return false;
            }
            let ask = || point.event.map_or_else(|| api.cuStreamQuery(*stream), |event| api.cuEventQuery(event));
            match current.enter(api, context).and_then(|()| ask()) {
                Ok(()) => {}
                Err(CuError::NOT_READY) => return false,
                Err(error) => {
                    self.fail(context, current, error, "the device failed while it was working");
                    return true;
                }
            }
        }
        if let Some(event) = point.event.filter(|_| context.prints())
            && current.enter(api, context).is_ok()
        {
            // Returns at once, for the event is reached, or will be in a moment. A fault of what comes after it is for the next
            // event to tell.
            let _ = api.cuEventSynchronize(event);
            self.output.take_in();
        }
        true
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
        if let Some(end) = point.end {
            point.event.into_iter().for_each(|event| end.context.give_back(event));
        }
        self.words.publish(slot, point.last);
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
