//! What an executor tells the world outside it; times are of its own clock.

use std::sync::atomic::AtomicU64;

use super::{EventSlot, Seq, Span, StreamSlot};
use crate::error::{CuError, CuResult};

/// What an executor tells the world outside it. Implemented by the host's end of the window, and by tests.
pub trait Completions: Send + Sync {
    /// Record `seq` and all before it on `stream` are done. Values per stream never fall.
    fn retire(&self, stream: StreamSlot, seq: Seq);
    /// An event was reached at `ns` on the executor's monotonic clock.
    fn event_reached(&self, event: EventSlot, ns: u64);
    /// What was published last for an event; 0 before.
    fn event_ns(&self, event: EventSlot) -> u64;
    /// Work failed after it was accepted: becomes the guest's sticky error (the first one wins).
    fn fail(&self, error: CuError, detail: &str);
    /// Record `seq` was not accepted: a later call of the guest returns the error, once. A code that is fatal in CUDA becomes
    /// the sticky error. Said before the record is retired, so that who waits for the record hears of it; whoever calls the
    /// executor says it too, of every post that returns an error, and the second time does not count.
    fn refuse(&self, seq: Seq, error: CuError, detail: &str);
    /// Calls the guest: its thread carries out what it knows by `token`, one call after the other. Returns the call's number; the
    /// first one is 1.
    fn call_host(&self, token: u64) -> u64;
    /// The number of the last call that the guest has carried out. An executor is told when that changes
    /// ([`Executor::host_calls_done`](super::Executor::host_calls_done)) unless it is in one of its methods: what waits in there
    /// must ask.
    fn host_calls_done(&self) -> u64;
    /// Kernels have printed something: the guest shall take it when it next waits for work. To be said before that work is retired.
    fn output_waits(&self);
    /// Resolves a stretch of the window to this process's memory.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it does not lie within the window's staging area or pinned heap.
    fn span(&self, span: Span) -> CuResult<*mut u8>;
    /// The address range of the pinned heap in this process (equal to the guest's when mapped alike), for validity checks of kernels' accesses.
    fn pinned_heap(&self) -> std::ops::Range<u64>;
    /// Where device memory belongs: addresses that the guest keeps free in its own process, and that are reserved in this one. What an
    /// executor gives elsewhere can be used only if the guest has nothing there. Empty where no guest could mistake anything for it.
    fn device_arena(&self) -> std::ops::Range<u64>;
    /// The address range of the staging area in this process, for those that have to tell a driver of it.
    fn staging(&self) -> std::ops::Range<u64>;
    /// The words that [`retire`](Self::retire) writes, for an executor that has its device do that; none where they are not
    /// memory.
    fn stream_words(&self) -> Option<&dyn StreamWords> {
        None
    }
}

/// Streams' completion words. The guest can write them, too: they are not to be believed.
pub trait StreamWords {
    /// Their address range in this process: whole pages.
    fn range(&self) -> std::ops::Range<u64>;
    /// A stream's word.
    fn word(&self, stream: StreamSlot) -> Option<&AtomicU64>;
    /// Whether anybody sleeps until something completes.
    fn has_sleepers(&self) -> bool;
    /// Has those look that sleep, after words were written.
    fn wake(&self);
}

/// The time between two points of a clock, as CUDA gives it.
pub fn milliseconds(from_ns: u64, to_ns: u64) -> f32 {
    let ns = i128::from(to_ns) - i128::from(from_ns);
    (ns as f64 / 1e6) as f32
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn elapsed_time_is_signed_and_in_milliseconds() {
        assert!((milliseconds(1_000_000, 3_500_000) - 2.5).abs() < 1e-6);
        assert!((milliseconds(3_500_000, 1_000_000) + 2.5).abs() < 1e-6);
    }
}
