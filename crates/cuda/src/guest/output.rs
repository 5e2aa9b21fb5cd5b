//! What kernels print, printed by the program that launched them.
//!
//! The executor keeps it until here is one of the calls that print it on NVIDIA's driver too: those that wait for work, that load
//! or unload code, that end a context, and those of host functions. Nothing is printed at exit. **Source:** CUDA C++ Programming Guide, "Formatted Output",
//! "Limitations"; a launch, which prints there what earlier ones have left, has the executor put that aside instead.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vgpu_core::ffi::Standard;
use vgpu_core::guest::Output;

use super::process::Process;

/// How long an executor that handles records may take over the last of them.
const BUSY_MAX: Duration = Duration::from_millis(10);

/// Held while printing, so that what was printed first is printed first.
static PRINTING: Mutex<()> = Mutex::new(());

/// Prints what kernels have printed so far. Costs a load when that is nothing.
#[inline]
pub(crate) fn flush(process: &Process) {
    if process.link.has_output() {
        print(process);
    }
}

/// The same once `result` is there, whatever it is.
#[inline]
pub(crate) fn after<R>(process: &Process, result: R) -> R {
    flush(process);
    result
}

/// The same on the thread that the executor calls. Other work may wait for that, so it must not wait for other work: an executor
/// that stays busy is left alone, and the text is printed later.
pub(crate) fn flush_in_passing(process: &Process) {
    let start = Instant::now();
    while process.link.has_output() && start.elapsed() < BUSY_MAX {
        let taken = PRINTING.try_lock().map(|printing| (process.link.try_take_output(), printing));
        match taken {
            Some((Ok(Some(output)), _printing)) => write(&output),
            Some((Err(_), _)) => return,
            Some((Ok(None), _)) | None => std::thread::yield_now(),
        }
    }
}

#[cold]
fn print(process: &Process) {
    let _printing = PRINTING.lock();
    let mut is_more = process.link.has_output();
    while is_more && let Ok(output) = process.link.take_output() {
        write(&output);
        is_more = output.is_part;
    }
}

fn write(output: &Output) {
    Standard::Output.write(&output.stdout);
    Standard::Error.write(&output.stderr);
}
