//! What must be done every second for as long as a channel is held: show life, look for the host's, take dead owners off.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::claim::Held;
use super::function::Function;
use super::owner;
use crate::quiet_thread;

const BEAT_PERIOD: Duration = Duration::from_secs(1);
/// A host that has been silent for so long is taken for dead. It shows life several times a second.
pub(super) const HOST_SILENCE_MAX: Duration = Duration::from_secs(3);
/// Between two looks no more silence than this is believed: this process, or the whole VM, may have been stopped.
const SILENCE_STEP_MAX: Duration = Duration::from_secs(1);
/// Room for the log's formatting.
const STACK_BYTES: usize = 128 << 10;

/// How long the host has been silent.
#[derive(Debug)]
pub(super) struct Pulse {
    last_value: u64,
    last_look: Instant,
    silence: Duration,
}

impl Pulse {
    pub(super) fn new(value: u64, now: Instant) -> Self {
        Self { last_value: value, last_look: now, silence: Duration::ZERO }
    }

    /// Takes another look. Returns whether the host must be taken for dead.
    pub(super) fn is_dead(&mut self, value: u64, now: Instant) -> bool {
        if value == self.last_value {
            self.silence += now.saturating_duration_since(self.last_look).min(SILENCE_STEP_MAX);
        } else {
            self.silence = Duration::ZERO;
        }
        (self.last_value, self.last_look) = (value, now);
        self.silence >= HOST_SILENCE_MAX
    }
}

/// Starts the thread that keeps a channel until it is given back.
pub(super) fn start(held: Arc<Held>) -> io::Result<()> {
    quiet_thread::spawn("vgpu-pci", STACK_BYTES, move || {
        while held.rest(BEAT_PERIOD) {
            held.beat();
        }
    })
}

/// Marks the channels whose owners are dead, so that the host takes them back. Returns how many there were.
pub(super) fn reap(function: &Function) -> u32 {
    let mut reaped = 0;
    for channel in 0..function.channels() {
        let block = function.block(channel);
        let token = block.owner().load(Ordering::Acquire);
        let is_closing = block.closing().load(Ordering::Relaxed) == token;
        if token != 0 && !is_closing && owner::is_dead(block, token) {
            log::debug!("channel {channel}: its owner, process {}, is dead", owner::pid_of(token));
            block.closing().store(token, Ordering::Release);
            function.ring_attention(channel);
            reaped += 1;
        }
    }
    reaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_that_was_watched_counts() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut pulse = Pulse::new(5, start);
        assert!(!pulse.is_dead(5, after(60_000)), "stopped for a minute");
        assert!(!pulse.is_dead(6, after(61_000)), "it lives");
        for ms in (0..2950).step_by(50) {
            assert!(!pulse.is_dead(6, after(61_050 + ms)), "{ms} ms");
        }
        assert!(pulse.is_dead(6, after(64_001)));
        assert!(!pulse.is_dead(7, after(64_050)));
    }
}
