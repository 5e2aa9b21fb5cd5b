//! Functions of the program that run in a stream's order, and what else the executor has this process do.
//!
//! The executor calls by token, and holds the stream until it hears that the call is done. One thread of ours carries the calls
//! out, in the order in which they were made. It is started with the first, and ends with the process.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use vgpu_core::abi::{CUresult, CUstream};
use vgpu_core::wire::{Seq, StreamSlot};
use vgpu_core::{CuError, CuResult, guest, quiet_thread};

use super::host_copy::RowsCopy;
use super::output;
use super::process::{Process, process};

/// As much as a program's own threads have by default.
const STACK_BYTES: usize = 8 << 20;

/// A function of the program, and what it is to be called with.
#[derive(Clone, Copy)]
pub(crate) struct HostFunction {
    pub(crate) function: unsafe extern "C" fn(*mut c_void),
    pub(crate) data: *mut c_void,
}

// SAFETY: the pointer is only handed back to the program's function, which CUDA calls on a thread of its choice.
unsafe impl Send for HostFunction {}
// SAFETY: as above.
unsafe impl Sync for HostFunction {}

/// The same with the stream and the state of things.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    pub(crate) function: unsafe extern "C" fn(CUstream, CUresult, *mut c_void),
    pub(crate) stream: CUstream,
    pub(crate) data: *mut c_void,
}

// SAFETY: as for `HostFunction`; the stream is a handle.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

/// What is done at a call.
pub(crate) enum Action {
    /// Not done once work has failed.
    Function(HostFunction),
    /// Done always.
    Callback(Callback),
    /// Not done once work has failed.
    Copy(RowsCopy),
}

impl Action {
    fn run(&self, process: &Process) {
        output::flush_in_passing(process);
        let status = process.link.sticky();
        match self {
            Self::Function(HostFunction { function, data }) if status.is_ok() => {
                // SAFETY: the program gave the function to be called with this, on any thread.
                unsafe { function(*data) }
            }
            Self::Callback(Callback { function, stream, data }) => {
                let code = CUresult(status.map_or_else(CuError::code, |()| 0));
                // SAFETY: as above.
                unsafe { function(*stream, code, *data) }
            }
            Self::Copy(copy) if status.is_ok() => copy.run(),
            Self::Function(_) | Self::Copy(_) => {}
        }
    }
}

/// An action that the executor knows by its token for as long as this lives.
pub(crate) struct Registered {
    pub(crate) token: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        if process().is_ok() {
            CALLS.state.lock().actions.remove(&self.token);
        }
    }
}

/// What calls may come, and whom they concern.
struct HostCalls {
    state: Mutex<State>,
    /// Told of new records that calls come from.
    expected: Condvar,
}

static CALLS: HostCalls = HostCalls {
    state: Mutex::new(State { actions: BTreeMap::new(), last_token: 0, under_way: Vec::new(), has_thread: false }),
    expected: Condvar::new(),
};

struct State {
    actions: BTreeMap<u64, Arc<Action>>,
    last_token: u64,
    under_way: Vec<UnderWay>,
    has_thread: bool,
}

/// A record that calls come from, until it is retired.
struct UnderWay {
    stream: StreamSlot,
    seq: Seq,
    _calls: Arc<[Registered]>,
}

/// Makes an action known.
///
/// # Errors
/// `OPERATING_SYSTEM` without the thread that would carry it out.
pub(crate) fn register(process: &'static Process, action: Action) -> CuResult<Registered> {
    let mut state = CALLS.state.lock();
    if !state.has_thread {
        quiet_thread::spawn("vgpu-host-calls", STACK_BYTES, move || serve(process)).map_err(|error| {
            log::error!("no thread for host functions: {error}");
            CuError::OPERATING_SYSTEM
        })?;
        state.has_thread = true;
    }
    state.last_token += 1;
    let token = state.last_token;
    state.actions.insert(token, Arc::new(action));
    Ok(Registered { token })
}

/// Has the thread listen until a record that calls come from is retired, and keeps those known so long.
pub(crate) fn expect(stream: StreamSlot, seq: Seq, calls: Arc<[Registered]>) {
    CALLS.state.lock().under_way.push(UnderWay { stream, seq, _calls: calls });
    CALLS.expected.notify_one();
}

impl HostCalls {
    /// A record that is not retired, waiting for one if there is none.
    fn next(&self, process: &Process) -> (StreamSlot, Seq) {
        let mut state = self.state.lock();
        loop {
            let is_over = |record: &mut UnderWay| process.link.is_done(record.stream, record.seq);
            let over: Vec<UnderWay> = state.under_way.extract_if(.., is_over).collect();
            if !over.is_empty() {
                // What they have kept takes the lock when it goes.
                drop(state);
                drop(over);
                state = self.state.lock();
                continue;
            }
            if let Some(record) = state.under_way.first() {
                return (record.stream, record.seq);
            }
            self.expected.wait(&mut state);
        }
    }

    fn action(&self, token: u64) -> Option<Arc<Action>> {
        self.state.lock().actions.get(&token).cloned()
    }
}

/// Carries out calls until the executor is lost.
fn serve(process: &'static Process) {
    guest::be_called();
    let mut done = 0;
    loop {
        let (stream, seq) = CALLS.next(process);
        let Ok(called) = process.link.wait_host_call(done, stream, seq) else {
            return;
        };
        while done < called {
            done += 1;
            match CALLS.action(process.link.host_call_token(done)) {
                Some(action) => action.run(process),
                None => log::error!("the executor has called what nobody knows"),
            }
            process.link.host_call_done(done);
        }
    }
}
