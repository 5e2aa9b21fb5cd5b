//! A channel while a process has it: whose it is, whether its host lives, and that it is given back once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::function::Function;
use super::owner::Home;
use super::pulse::Pulse;
use crate::pci::channel::ChannelBlock;
use crate::window::Mapping;

/// What a claim's threads share.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) function: Function,
    pub(super) channel: u32,
    pub(super) token: u64,
    pub(super) home: Home,
    pulse: Mutex<Pulse>,
    /// The mapped window, to be cut off before the channel is somebody else's.
    pub(super) arena: OnceLock<Arc<Mapping>>,
    lost: OnceLock<&'static str>,
    closed: AtomicBool,
    /// Whether the heart shall stop beating.
    at_rest: Mutex<bool>,
    rest_ends: Condvar,
}

impl Held {
    /// The channel that was taken by that token.
    pub(super) fn new(function: Function, channel: u32, token: u64) -> Self {
        Self {
            pulse: Mutex::new(Pulse::new(function.host_heartbeat(), Instant::now())),
            function,
            channel,
            token,
            home: Home::new(),
            arena: OnceLock::new(),
            lost: OnceLock::new(),
            closed: AtomicBool::new(false),
            at_rest: Mutex::new(false),
            rest_ends: Condvar::new(),
        }
    }

    /// The channel's words and mailbox.
    pub(super) fn block(&self) -> ChannelBlock<'_> {
        self.function.block(self.channel)
    }

    /// Whether the channel is still this process's. Costs a load of shared memory.
    #[inline]
    pub(super) fn is_ours(&self) -> bool {
        self.block().owner().load(Ordering::Acquire) == self.token && !self.closed.load(Ordering::Relaxed)
    }

    /// Why the executor must be taken for lost, if it must.
    pub(super) fn cut(&self) -> Option<&'static str> {
        if let Some(reason) = self.lost.get() {
            return Some(reason);
        }
        let reason = self.look()?;
        Some(self.lost.get_or_init(|| reason))
    }

    fn look(&self) -> Option<&'static str> {
        if self.closed.load(Ordering::Acquire) {
            return Some("its channel was given back");
        }
        if let Some(reason) = self.taken_away() {
            self.abandon_arena();
            return Some(reason);
        }
        if self.block().ended().load(Ordering::Acquire) == self.token {
            return Some("its executor died");
        }
        // One waiting thread that looks is enough.
        let mut pulse = self.pulse.try_lock()?;
        let is_dead = pulse.is_dead(self.function.host_heartbeat(), Instant::now());
        is_dead.then_some("the host's vgpud gives no sign of life")
    }

    /// Why the channel's memory is not this process's any more, if that is so.
    fn taken_away(&self) -> Option<&'static str> {
        if self.function.was_reset() {
            return Some("its PCI function was reset");
        }
        let owner = self.block().owner().load(Ordering::Acquire);
        (owner != self.token).then_some("the host took its channel back")
    }

    fn abandon_arena(&self) {
        if let Some(arena) = self.arena.get()
            && let Err(error) = arena.abandon()
        {
            log::warn!("{error}");
        }
    }

    /// Tells the host that the channel is free again. False if that is done, or another process's to do.
    ///
    /// The process may be exiting, on a thread that was interrupted anywhere: this takes no lock and allocates nothing.
    pub(super) fn give_back(&self) -> bool {
        if !self.home.is_here() || self.closed.swap(true, Ordering::AcqRel) {
            return false;
        }
        let taken_away = self.taken_away();
        // The next owner's executor will use this memory, and somebody here may still write to it.
        self.abandon_arena();
        if taken_away.is_none() {
            self.block().closing().store(self.token, Ordering::Release);
            self.function.ring_attention(self.channel);
        }
        true
    }

    /// Waits for the next beat. False when there shall be none.
    pub(super) fn rest(&self, period: Duration) -> bool {
        let mut at_rest = self.at_rest.lock();
        if !*at_rest {
            self.rest_ends.wait_for(&mut at_rest, period);
        }
        !*at_rest
    }

    /// There shall be no more beats.
    pub(super) fn end_beats(&self) {
        *self.at_rest.lock() = true;
        self.rest_ends.notify_all();
    }
}
