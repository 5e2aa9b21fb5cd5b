//! What every exported function does around its body: keep panics in, remember the thread's last error, write the trace line.

use std::cell::Cell;
use std::collections::BTreeSet;

use parking_lot::Mutex;
use vgpu_core::abi::runtime::cudaError_t;
use vgpu_core::ffi;

use crate::error::{RtError, RtResult, is_sticky};

thread_local! {
    static LAST_ERROR: Cell<cudaError_t> = const { Cell::new(cudaError_t::cudaSuccess) };
}

/// Runs one API call's body and returns its code to C. A failure becomes this thread's last error.
pub(crate) fn entry(name: &'static str, body: impl FnOnce() -> RtResult) -> cudaError_t {
    let result = ffi::guard(name, Err(RtError::UNKNOWN), body);
    log::trace!("{name} -> {result:?}");
    match result {
        Ok(()) => cudaError_t::cudaSuccess,
        Err(error) => {
            set_last_error(error.code());
            error.code()
        }
    }
}

/// The answer of a function that is not done: `cudaErrorNotSupported`, and one warning per name and process.
pub(crate) fn unsupported(name: &'static str) -> cudaError_t {
    static WARNED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    vgpu_core::logging::start();
    if WARNED.lock().insert(name) {
        log::warn!("{name} is not supported");
    }
    entry(name, || Err(RtError::NOT_SUPPORTED))
}

/// The thread's last error; a sticky one wins over what comes after it.
pub(crate) fn last_error() -> cudaError_t {
    LAST_ERROR.get()
}

/// Clears the thread's last error and returns it. A sticky one stays.
pub(crate) fn take_last_error() -> cudaError_t {
    let error = LAST_ERROR.get();
    if !is_sticky(error) {
        clear_last_error();
    }
    error
}

/// Clears the thread's last error, whatever it is: the device was reset.
pub(crate) fn clear_last_error() {
    LAST_ERROR.set(cudaError_t::cudaSuccess);
}

/// Makes `code` the thread's last error.
pub(crate) fn set_last_error(code: cudaError_t) {
    if !is_sticky(LAST_ERROR.get()) {
        LAST_ERROR.set(code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(error: RtError) -> cudaError_t {
        entry("test", || Err(error))
    }

    #[test]
    fn a_failing_call_sets_the_last_error_and_reading_it_clears_it() {
        clear_last_error();
        assert_eq!(fail(RtError::INVALID_VALUE), cudaError_t::cudaErrorInvalidValue);
        assert_eq!(last_error(), cudaError_t::cudaErrorInvalidValue);
        assert_eq!(take_last_error(), cudaError_t::cudaErrorInvalidValue);
        assert_eq!(take_last_error(), cudaError_t::cudaSuccess);
    }

    #[test]
    fn a_successful_call_leaves_the_last_error() {
        clear_last_error();
        fail(RtError::INVALID_SYMBOL);
        assert_eq!(entry("test", || Ok(())), cudaError_t::cudaSuccess);
        assert_eq!(take_last_error(), cudaError_t::cudaErrorInvalidSymbol);
    }

    #[test]
    fn a_sticky_error_survives_reading_and_later_errors() {
        clear_last_error();
        set_last_error(cudaError_t::cudaErrorIllegalAddress);
        fail(RtError::INVALID_VALUE);
        assert_eq!(take_last_error(), cudaError_t::cudaErrorIllegalAddress);
        assert_eq!(take_last_error(), cudaError_t::cudaErrorIllegalAddress);
        clear_last_error();
    }

    #[test]
    fn the_last_error_is_each_threads_own() {
        clear_last_error();
        std::thread::spawn(|| fail(RtError::INVALID_VALUE)).join().expect("the thread does not panic");
        assert_eq!(last_error(), cudaError_t::cudaSuccess);
    }

    #[test]
    fn an_unsupported_function_says_so() {
        clear_last_error();
        assert_eq!(unsupported("cudaNothing"), cudaError_t::cudaErrorNotSupported);
        assert_eq!(take_last_error(), cudaError_t::cudaErrorNotSupported);
    }

    #[test]
    fn a_panic_becomes_an_unknown_error() {
        clear_last_error();
        assert_eq!(entry("test", || panic!("on purpose")), cudaError_t::cudaErrorUnknown);
        clear_last_error();
    }
}
