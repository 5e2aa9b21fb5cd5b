//! How long the host has been silent, told from looks at its sign of life.

use std::time::{Duration, Instant};

/// A host that has been silent for so long is taken for dead. It shows life several times a second.
const HOST_SILENCE_MAX: Duration = Duration::from_secs(3);
/// Between two looks no more silence than this is believed: this process, or the whole VM, may have been stopped.
const SILENCE_STEP_MAX: Duration = Duration::from_secs(1);

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
