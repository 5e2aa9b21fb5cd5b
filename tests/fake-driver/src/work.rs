//! Streams' work: done in order, at once unless the stream is held, waits for an event, or is in a context that has failed.

use std::collections::VecDeque;
use std::ffi::{c_uint, c_void};

use crate::call::{Answer, done};
use crate::state::{CHANGED, Guard, Kind, Object, State, What, lock};
use crate::words;

/// What a stream has to do.
#[derive(Default)]
pub(crate) struct Queue {
    works: VecDeque<Work>,
    /// A host function is being called: what comes after it waits.
    is_calling: bool,
    /// What it would have had to do since a capture began.
    pub(crate) capturing: Option<Vec<Work>>,
}

/// A piece of work.
#[derive(Clone)]
pub(crate) enum Work {
    Nothing,
    Lines(Vec<Line>),
    Record {
        event: usize,
        number: u64,
    },
    Wait {
        event: usize,
        number: u64,
    },
    Kernel {
        function: usize,
    },
    /// A word that gets a value.
    Word {
        address: u64,
        value: u64,
    },
    /// A host function and its argument.
    Host {
        function: usize,
        data: usize,
    },
    /// A launch of that graph, which was made of those when it was launched.
    Launch {
        exec: usize,
        works: Vec<Work>,
    },
    /// Where a launch ends.
    End {
        exec: usize,
    },
    /// A graph within a graph.
    Child(Vec<Work>),
}

/// A line of bytes that is written.
#[derive(Clone)]
pub(crate) struct Line {
    target: u64,
    source: Source,
    len: usize,
    /// Which of the two lay in memory with a name when the line was asked for: there they have to be when it is written.
    is_named: [bool; 2],
}

/// Where the bytes come from.
#[derive(Clone)]
enum Source {
    Memory(u64),
    /// They have been read already.
    Bytes(Vec<u8>),
}

impl Line {
    pub(crate) fn copy(state: &mut State, target: u64, source: u64, len: usize) -> Self {
        let is_named = [target, source].map(|address| state.stretch(address).is_some());
        for (address, is_named) in [target, source].into_iter().zip(is_named) {
            if !is_named && state.is_named_within(address, len) {
                state.offence("a copy touches memory that is registered, and other");
            }
        }
        Self { target, source: Source::Memory(source), len, is_named }
    }

    pub(crate) fn fill(state: &State, target: u64, element: &[u8], count: usize) -> Self {
        let bytes = element.repeat(count);
        let is_named = [state.stretch(target).is_some(), false];
        Self { target, len: bytes.len(), source: Source::Bytes(bytes), is_named }
    }
}

/// Gives work to a stream of the current context. Host memory that has not been registered is read at once, and is written
/// before the call returns.
pub(crate) fn queue(guard: &mut Guard, stream: usize, mut work: Work) -> Answer {
    let context = guard.context()?;
    let mut must_finish = false;
    if let Work::Lines(lines) = &mut work {
        for line in lines {
            must_finish |= !line.is_named[0];
            if let Source::Memory(address) = line.source
                && !line.is_named[1]
            {
                line.source = Source::Bytes(read(address, line.len));
            }
        }
    }
    let queue = guard.stream(stream)?;
    match &mut queue.capturing {
        Some(captured) => captured.push(work),
        None => queue.works.push_back(work),
    }
    if must_finish { finish(guard, context, stream) } else { done() }
}

/// Waits until a stream has done what it has to.
pub(crate) fn finish(guard: &mut Guard, context: usize, stream: usize) -> Answer {
    go_on(guard);
    while is_busy(guard, context, stream) {
        guard.context()?;
        CHANGED.wait(guard);
    }
    done()
}

/// Whether a stream still has something to do.
pub(crate) fn is_busy(state: &State, context: usize, stream: usize) -> bool {
    state.queues.get(&(context, stream)).is_some_and(|queue| queue.is_calling || !queue.works.is_empty())
}

/// Whether it does something, or will: a context that has failed only comes back from host functions.
pub(crate) fn is_working(state: &State, context: usize, stream: usize) -> bool {
    let is_calling = state.queues.get(&(context, stream)).is_some_and(|queue| queue.is_calling);
    is_calling || (is_sound(state, context) && is_busy(state, context, stream))
}

fn is_sound(state: &State, context: usize) -> bool {
    state.objects.get(&context).is_some_and(|object| matches!(object.what, What::Context { fault: 0, .. }))
}

/// Asks for the records of a graph that is launched.
pub(crate) fn number_records(state: &mut State, works: &mut [Work]) -> Result<(), c_uint> {
    for work in works {
        match work {
            Work::Record { event, number } => *number = ask(state, *event)?,
            Work::Child(works) => number_records(state, works)?,
            _ => {}
        }
    }
    Ok(())
}

/// Counts one more record of an event.
pub(crate) fn ask(state: &mut State, event: usize) -> Result<u64, c_uint> {
    match &mut state.object(Kind::Event, event)?.what {
        What::Event { asked, .. } => {
            *asked += 1;
            Ok(*asked)
        }
        _ => unreachable!("the kind was checked"),
    }
}

/// A capture that cannot be ended is over, too.
pub(crate) fn cut_short(state: &mut State, name: &str) {
    if name == "cuStreamEndCapture" {
        state.queues.values_mut().for_each(|queue| queue.capturing = None);
    }
}

/// Has all streams do what they can.
pub(crate) fn go_on(state: &mut State) {
    let mut moved = true;
    while std::mem::take(&mut moved) {
        let busy = state.queues.iter().filter(|(_, queue)| !queue.works.is_empty());
        let busy: Vec<(usize, usize)> = busy.map(|(key, _)| *key).collect();
        for key in busy {
            while let Some(work) = next(state, key) {
                run(state, key, work);
                moved = true;
            }
        }
    }
}

fn next(state: &mut State, key: (usize, usize)) -> Option<Work> {
    if !is_sound(state, key.0) || state.held.contains(&State::name(key.1)) {
        return None;
    }
    let queue = state.queues.get(&key)?;
    if queue.is_calling {
        return None;
    }
    if let Work::Wait { event, number } = queue.works.front()?
        && let Some(Object { what: What::Event { reached, .. }, .. }) = state.objects.get(event)
        && reached < number
    {
        return None;
    }
    state.queues.get_mut(&key)?.works.pop_front()
}

fn run(state: &mut State, key: (usize, usize), work: Work) {
    match work {
        Work::Nothing | Work::Wait { .. } => {}
        Work::Lines(lines) => lines.into_iter().for_each(|line| write(state, line)),
        Work::Word { address, value } => words::write(state, address, value),
        Work::Record { event, number } => {
            state.clock_ms += 1;
            let now = state.clock_ms;
            match state.objects.get_mut(&event) {
                Some(Object { what: What::Event { reached, at_ms, .. }, .. }) => (*reached, *at_ms) = (number, now),
                _ => state.offence(format!("{} was ended before it was reached", State::name(event))),
            }
        }
        Work::Kernel { function } => match state.objects.get(&function) {
            Some(Object { what: What::Function { module, name }, .. }) if state.objects.contains_key(module) => {
                state.printed.run(name);
                if let Some(code) = name.strip_prefix("fault_").and_then(|code| code.parse().ok()) {
                    state.fault(key.0, code);
                }
            }
            _ => state.offence(format!("{} was unloaded before it ran", State::name(function))),
        },
        Work::Host { function, data } => {
            queue_of(state, key).is_calling = true;
            std::thread::spawn(move || call_host(key, function, data));
        }
        Work::Launch { exec, works } => {
            queue_of(state, key).put_first(works.into_iter().chain([Work::End { exec }]));
        }
        Work::End { exec } => {
            if !state.objects.contains_key(&exec) {
                state.offence(format!("{} was ended before it ran", State::name(exec)));
            }
        }
        Work::Child(works) => queue_of(state, key).put_first(works),
    }
}

fn queue_of(state: &mut State, key: (usize, usize)) -> &mut Queue {
    state.queues.get_mut(&key).expect("the work is the queue's")
}

impl Queue {
    fn put_first(&mut self, works: impl IntoIterator<Item = Work>) {
        self.works = works.into_iter().chain(std::mem::take(&mut self.works)).collect();
    }
}

/// Calls a host function, on a thread that no call of the executor's waits for.
fn call_host(key: (usize, usize), function: usize, data: usize) {
    let function = std::ptr::with_exposed_provenance::<c_void>(function);
    // SAFETY: the caller of the driver gave a function of this type, which lives for as long as its work.
    let function = unsafe { std::mem::transmute::<*const c_void, unsafe extern "C" fn(*mut c_void)>(function) };
    // SAFETY: as above, with what the function shall be given.
    unsafe { function(std::ptr::with_exposed_provenance_mut(data)) };
    let mut guard = lock();
    // A context that has ended meanwhile has no queues.
    if let Some(queue) = guard.queues.get_mut(&key) {
        queue.is_calling = false;
    }
    go_on(&mut guard);
    CHANGED.notify_all();
}

fn write(state: &mut State, line: Line) {
    let Line { target, source, len, is_named } = line;
    let source_address = if let Source::Memory(address) = source { address } else { 0 };
    for (address, is_named) in [target, source_address].into_iter().zip(is_named) {
        let end = address + len as u64;
        if is_named && state.stretch(address).is_none_or(|(start, stretch)| end > start + stretch.len as u64) {
            state.offence(format!("{len} bytes at {} are copied where they do not live", state.place(address)));
            return;
        }
    }
    let bytes = match source {
        Source::Memory(address) => read(address, len),
        Source::Bytes(bytes) => bytes,
    };
    let target = std::ptr::with_exposed_provenance_mut::<u8>(target as usize);
    // SAFETY: a living stretch that is long enough, or memory that the caller of the function vouches for.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, len) }
}

/// Bytes that somebody vouches for.
pub(crate) fn read(address: u64, len: usize) -> Vec<u8> {
    let source = std::ptr::with_exposed_provenance::<u8>(address as usize);
    // SAFETY: as `write` has checked, or the caller of the function vouches.
    unsafe { std::slice::from_raw_parts(source, len) }.to_vec()
}
