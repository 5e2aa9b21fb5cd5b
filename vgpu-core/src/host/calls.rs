//! Functions of the guest that the executor calls: their tokens go into a small ring of the window, where the guest's thread
//! takes them in order.
//!
//! They do not travel through the command ring, for that may be full of records that wait for just such a call.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use crate::window::control::{Control, HOST_CALLS_MAX};

/// What was called.
#[derive(Debug, Default)]
pub(super) struct HostCalls {
    /// How many the guest can see.
    published: u64,
    /// Tokens that have found no room yet.
    waiting: VecDeque<u64>,
}

impl HostCalls {
    /// Calls the function of that token; returns the call's number. The first one is 1.
    pub(super) fn call(&mut self, control: Control<'_>, token: u64) -> u64 {
        self.waiting.push_back(token);
        let number = self.published + self.waiting.len() as u64;
        self.done(control);
        number
    }

    /// The last call that the guest has carried out, as far as it can be believed. What has found no room may find some now.
    pub(super) fn done(&mut self, control: Control<'_>) -> u64 {
        let done = control.host_calls_done().load(Ordering::Acquire).min(self.published);
        let before = self.published;
        while self.published - done < HOST_CALLS_MAX
            && let Some(token) = self.waiting.pop_front()
        {
            self.published += 1;
            control.host_call_token(self.published).store(token, Ordering::Relaxed);
        }
        if self.published != before {
            control.host_calls().store(self.published, Ordering::Release);
            control.wake_completion_waiters();
        }
        done
    }
}
