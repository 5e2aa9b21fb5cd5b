//! What kernels print, printed by the program that launched them.
//!
//! The executor keeps it until here is one of the calls that print it on NVIDIA's driver too: those that wait for work, that load
//! or unload code, that end a context. Nothing is printed at exit. **Source:** CUDA C++ Programming Guide, "Formatted Output",
//! "Limitations"; a launch, which prints there what earlier ones have left, has the executor put that aside instead.

use parking_lot::Mutex;
use vgpu_core::ffi::Standard;

use super::process::Process;

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

#[cold]
fn print(process: &Process) {
    let _printing = PRINTING.lock();
    let mut is_more = process.link.has_output();
    while is_more && let Ok(output) = process.link.take_output() {
        Standard::Output.write(&output.stdout);
        Standard::Error.write(&output.stderr);
        is_more = output.is_part;
    }
}
