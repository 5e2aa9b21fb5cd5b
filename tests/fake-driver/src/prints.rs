//! What kernels print, and the calls that have it printed: those that wait, and launches.
//!
//! A kernel whose name begins with `print_` prints the rest of it; `flood_COUNT` prints so many lines; and one that ends its
//! context with `fault_710` says that an assertion has failed.

use std::ffi::{c_int, c_uint};

use crate::call::{Event, done, exports};
use crate::state::{CHANGED, INVALID_HANDLE, State, What};
use crate::work;

/// `CUDA_ERROR_ASSERT`.
const ASSERT: c_uint = 710;
const STDOUT: usize = 0;
const STDERR: usize = 1;

/// What has been printed, for standard output and error, and where those are.
#[derive(Default)]
pub(crate) struct Printed {
    buffers: [Vec<u8>; 2],
    targets: [Option<c_int>; 2],
}

impl Printed {
    pub(crate) fn set_targets(&mut self, targets: [c_int; 2]) {
        self.targets = targets.map(Some);
    }

    /// A kernel of that name runs.
    pub(crate) fn run(&mut self, kernel: &str) {
        if let Some(text) = kernel.strip_prefix("print_") {
            self.buffers[STDOUT].extend(format!("{text}\n").bytes());
        }
        if let Some(count) = kernel.strip_prefix("flood_").and_then(|count| count.parse().ok()) {
            (0..count).for_each(|line: u32| self.buffers[STDOUT].extend(format!("line {line}\n").bytes()));
        }
        if kernel == format!("fault_{ASSERT}") {
            self.buffers[STDERR].extend(b"an assertion failed\n");
        }
    }

    /// Prints it, as what waits does.
    pub(crate) fn flush(&mut self) {
        for (buffer, target) in self.buffers.iter_mut().zip(self.targets) {
            let mut rest = std::mem::take(buffer);
            while let Some(target) = target.filter(|_| !rest.is_empty()) {
                // SAFETY: the test keeps the descriptor open; the bytes are readable.
                let written = unsafe { libc::write(target, rest.as_ptr().cast(), rest.len()) };
                rest.drain(..usize::try_from(written).expect("the test reads what is printed"));
            }
        }
    }
}

exports! {
    fn cuCtxSynchronize() [state] {
        state.printed.flush();
        let context = state.context()?;
        let streams: Vec<usize> = state.queues.keys().filter(|key| key.0 == context).map(|key| key.1).collect();
        for stream in streams {
            work::finish(state, context, stream)?;
        }
        state.printed.flush();
        done()
    }
    fn cuEventSynchronize(event: Event) [state] {
        state.printed.flush();
        state.context()?;
        while is_ahead(state, event)? {
            state.context()?;
            CHANGED.wait(state);
        }
        state.printed.flush();
        done()
    }
}

fn is_ahead(state: &mut State, event: Event) -> Result<bool, c_uint> {
    match state.object(Event::KIND, event.0)?.what {
        What::Event { asked, reached, .. } => Ok(reached < asked),
        _ => Err(INVALID_HANDLE),
    }
}
