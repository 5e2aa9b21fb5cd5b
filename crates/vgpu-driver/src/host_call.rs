//! Functions of the guest in the order of streams: the driver calls ours, which calls the guest and sleeps until it is done.
//!
//! The driver is given a number and never an address, so that a call which comes late, or for something that has gone,
//! finds nothing. It calls nothing in a context that has failed. The guest expects the calls of streams all the same: there
//! they are made in the driver's place, and their records are retired once the guest has carried them out. Those of graphs
//! go with the work, but for one that is under way.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use vgpu_core::wire::{Completions, Seq, StreamSlot};

use crate::context::Context;
use crate::output::Output;

/// A thread that waits for the guest looks this often for itself: the one that would tell it may be waiting in the driver.
const LOOK_PERIOD: Duration = Duration::from_millis(1);

/// What the driver may still call, by what it was given.
static REGISTERED: LazyLock<Mutex<BTreeMap<usize, Arc<Called>>>> = LazyLock::new(Mutex::default);
static LAST_NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A function of the guest's, as the driver knows it, until this is dropped.
#[derive(Debug)]
pub(crate) struct Registered(usize);

struct Called {
    calls: Arc<HostCalls>,
    what: What,
}

enum What {
    /// The call of that record.
    Record(Seq),
    /// The same call at each launch of a graph.
    Node { token: u64, context: Arc<Context> },
}

impl Registered {
    fn new(called: Called) -> Self {
        let number = LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
        REGISTERED.lock().insert(number, Arc::new(called));
        Self(number)
    }

    /// What to give the driver along with [`function`].
    pub(crate) fn data(&self) -> *mut c_void {
        std::ptr::without_provenance_mut(self.0)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let called = REGISTERED.lock().remove(&self.0);
        // It may be the last to hold on to other things: not under the lock.
        drop(called);
    }
}

/// The function that the driver calls, on a thread of its own.
pub(crate) unsafe extern "C" fn function(data: *mut c_void) {
    // Behind this is the driver, which no panic may reach. The panic itself has been reported.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let called = REGISTERED.lock().get(&data.addr()).cloned();
        if let Some(called) = called {
            called.calls.carry_out(&called.what);
        }
    }));
}

/// The calls of one guest.
pub(crate) struct HostCalls {
    completions: Arc<dyn Completions>,
    output: Arc<Output>,
    state: Mutex<State>,
    /// Told when calls are done, and of the end.
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// Calls of streams that are not done.
    open: BTreeMap<Seq, Open>,
    /// Calls of graphs that are under way, by their numbers, each with the graph's context.
    under_way: BTreeMap<u64, Arc<Context>>,
    /// The last call that the guest has carried out.
    done: u64,
    is_ending: bool,
}

struct Open {
    slot: StreamSlot,
    token: u64,
    /// Once the guest is called: the call's number, and whether a thread of the driver's waits for it.
    called: Option<(u64, bool)>,
    _registered: Registered,
}

impl HostCalls {
    pub(crate) fn new(completions: Arc<dyn Completions>, output: Arc<Output>) -> Self {
        Self { completions, output, state: Mutex::default(), news: Condvar::new() }
    }

    /// Expects the call of a record; returns what to give the driver.
    pub(crate) fn expect(self: &Arc<Self>, slot: StreamSlot, seq: Seq, token: u64) -> *mut c_void {
        let registered = Registered::new(Called { calls: Arc::clone(self), what: What::Record(seq) });
        let data = registered.data();
        self.state.lock().open.insert(seq, Open { slot, token, called: None, _registered: registered });
        data
    }

    /// Forgets the call of a record that the driver has refused.
    pub(crate) fn forget(&self, seq: Seq) {
        self.state.lock().open.remove(&seq);
    }

    /// The call of a graph's node, to be kept for as long as the graph.
    pub(crate) fn of_node(self: &Arc<Self>, context: &Arc<Context>, token: u64) -> Registered {
        let what = What::Node { token, context: Arc::clone(context) };
        Registered::new(Called { calls: Arc::clone(self), what })
    }

    /// The guest has carried out all calls up to that number.
    pub(crate) fn done(&self, number: u64) {
        let mut state = self.state.lock();
        state.done = state.done.max(number);
        drop(state);
        self.news.notify_all();
    }

    /// Whether calls of a stream up to that record are not done, or one of some graph's is under way, for nobody knows which
    /// record launched that. Asked where the context has failed, so that the driver makes none any more: those of streams that
    /// it has not made are made now.
    pub(crate) fn hold(&self, slot: StreamSlot, last: Seq, context: &Arc<Context>) -> bool {
        let mut state = self.state.lock();
        if state.open.is_empty() && state.under_way.is_empty() {
            return false;
        }
        let done = state.done.max(self.completions.host_calls_done());
        state.done = done;
        let is_over = |open: &Open| open.called.is_some_and(|(number, is_waited_for)| !is_waited_for && number <= done);
        state.open.retain(|_, open| !is_over(open));
        let of_graphs = state.under_way.range(done + 1..);
        let mut is_held = of_graphs.into_iter().any(|(_, of)| Arc::ptr_eq(of, context));
        for (_, open) in state.open.range_mut(..=last).filter(|(_, open)| open.slot == slot) {
            open.called.get_or_insert_with(|| (self.completions.call_host(open.token), false));
            is_held = true;
        }
        is_held
    }

    /// Has the driver's threads return, and calls nobody any more.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.is_ending = true;
        let open = std::mem::take(&mut state.open);
        drop(state);
        drop(open);
        self.news.notify_all();
    }

    /// Calls the guest and waits until it is done.
    fn carry_out(&self, what: &What) {
        // The driver has printed what earlier kernels have to say.
        self.output.take_in();
        let mut state = self.state.lock();
        if state.is_ending {
            return;
        }
        // Called under the lock, so that calls are numbered in the order in which they may start.
        match what {
            What::Record(seq) => {
                let Some(open) = state.open.get_mut(seq).filter(|open| open.called.is_none()) else {
                    return;
                };
                let number = self.completions.call_host(open.token);
                open.called = Some((number, true));
                self.wait(&mut state, number);
                state.open.remove(seq);
            }
            What::Node { context, .. } if context.check().is_err() => {}
            What::Node { token, context } => {
                let number = self.completions.call_host(*token);
                state.under_way.insert(number, Arc::clone(context));
                self.wait(&mut state, number);
                state.under_way.remove(&number);
            }
        }
    }

    fn wait(&self, state: &mut parking_lot::MutexGuard<'_, State>, number: u64) {
        while state.done < number && !state.is_ending {
            if self.news.wait_for(state, LOOK_PERIOD).timed_out() {
                state.done = state.done.max(self.completions.host_calls_done());
            }
        }
    }
}
