//! Functions of this process that the executor calls: a thread of ours waits here for the calls, and says when they are done.

use super::link::Link;
use crate::error::CuResult;
use crate::wire::{Seq, StreamSlot};

impl Link {
    /// Waits until the executor has called more often than `done` times, or has retired that record: then there is nothing more to
    /// wait for on its behalf. Returns how often it has called.
    ///
    /// # Errors
    /// `DEVICE_UNAVAILABLE` when the executor is lost, `NOT_INITIALIZED` in a forked child.
    pub fn wait_host_call(&self, done: u64, stream: StreamSlot, seq: Seq) -> CuResult<u64> {
        self.channel.wait_host_call(done, stream, seq)
    }

    /// The token of a call that the executor has made, by its number; the first one is 1.
    pub fn host_call_token(&self, number: u64) -> u64 {
        self.channel.host_call_token(number)
    }

    /// Says that all calls up to that number have been carried out.
    pub fn host_call_done(&self, number: u64) {
        self.channel.host_call_done(number);
    }
}
