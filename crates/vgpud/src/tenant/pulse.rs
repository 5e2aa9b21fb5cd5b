//! Whose heart has stopped: a guest's silence counts only while its VM is seen to run, for a paused VM is silent as a whole.

use std::time::{Duration, Instant};

/// Guests show life once a second. What lies between two signs of life counts for no more than this: if it was longer,
/// the VM may have been paused.
const STEP_MAX: Duration = Duration::from_millis(1500);

/// A VM's own time: it passes while any of its programs shows life.
#[derive(Debug)]
pub(super) struct VmTime {
    step_max: Duration,
    last_life: Instant,
    passed: Duration,
}

impl VmTime {
    /// Time for judging a silence of `limit`. One step is never enough for it.
    pub(super) fn new(limit: Duration, now: Instant) -> Self {
        Self { step_max: STEP_MAX.min(limit / 2), last_life: now, passed: Duration::ZERO }
    }

    /// The VM has shown life.
    pub(super) fn lives(&mut self, now: Instant) {
        self.passed += now.duration_since(self.last_life).min(self.step_max);
        self.last_life = now;
    }

    /// How much of it has passed.
    pub(super) fn passed(&self) -> Duration {
        self.passed
    }
}

/// A guest's heart.
#[derive(Debug)]
pub(super) struct Pulse {
    guest: u64,
    beats: u64,
    is_fresh: bool,
    since: Instant,
    since_vm_time: Duration,
}

/// How long a guest has been silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// When it began.
    pub(super) since: Instant,
    /// By the clock.
    pub(super) elapsed: Duration,
    /// In its VM's own time.
    pub(super) vm_time: Duration,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self { guest: 0, beats: 0, is_fresh: false, since: now, since_vm_time: Duration::ZERO }
    }

    /// Feels it; 0 is nobody. Whether this is a sign of life: of a guest that has just come as well.
    pub(super) fn feel(&mut self, guest: u64, beats: u64) -> bool {
        self.is_fresh = (self.guest, self.beats) != (guest, beats);
        (self.guest, self.beats) = (guest, beats);
        self.is_fresh && guest != 0
    }

    /// How long it has stood still, once all others have been felt, too.
    pub(super) fn silence(&mut self, now: Instant, vm_time: &VmTime) -> Silence {
        if std::mem::take(&mut self.is_fresh) {
            (self.since, self.since_vm_time) = (now, vm_time.passed());
        }
        Silence {
            since: self.since,
            elapsed: now.duration_since(self.since),
            vm_time: vm_time.passed() - self.since_vm_time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// Two guests, of which each beats at the times of its own.
    struct Two {
        start: Instant,
        vm_time: VmTime,
        pulses: [Pulse; 2],
        beats: u64,
    }

    impl Two {
        fn new() -> Self {
            let start = Instant::now();
            Self { start, vm_time: VmTime::new(LIMIT, start), pulses: [Pulse::new(start), Pulse::new(start)], beats: 0 }
        }

        /// At so many milliseconds after the start, those beat whose bit is set.
        fn look(&mut self, ms: u64, beating: [bool; 2]) -> [Silence; 2] {
            let now = self.start + Duration::from_millis(ms);
            self.beats += 1;
            let mut lives = false;
            for (pulse, is_beating) in self.pulses.iter_mut().zip(beating) {
                let beats = if is_beating { self.beats } else { pulse.beats };
                lives |= pulse.feel(9, beats);
            }
            if lives {
                self.vm_time.lives(now);
            }
            self.pulses.each_mut().map(|pulse| pulse.silence(now, &self.vm_time))
        }
    }

    #[test]
    fn silence_of_one_counts_while_the_other_lives() {
        let mut two = Two::new();
        two.look(0, [true, true]);
        let last = (1..=60).map(|second| two.look(second * 1000, [true, false])).last().expect("a look");
        assert_eq!(last.map(|silence| silence.vm_time.as_secs()), [0, 60]);
    }

    #[test]
    fn a_pause_of_an_hour_counts_for_a_moment_whoever_is_seen_first_afterwards() {
        let mut two = Two::new();
        two.look(0, [true, true]);
        two.look(1000, [true, false]);
        for ms in (1100..3_600_000).step_by(1000) {
            two.look(ms, [false, false]);
        }
        let [_, other] = two.look(3_600_000, [true, false]);
        assert!(other.vm_time <= Duration::from_millis(2500), "{other:?}");
        assert_eq!(other.elapsed, Duration::from_secs(3600));
        assert_eq!(two.look(3_600_700, [false, true])[1].elapsed, Duration::ZERO);
    }

    #[test]
    fn a_lone_guests_silence_is_no_silence_of_the_vms_time() {
        let mut two = Two::new();
        two.look(0, [true, true]);
        let [one, _] = two.look(86_400_000, [false, false]);
        assert_eq!((one.vm_time, one.elapsed), (Duration::ZERO, Duration::from_secs(86_400)));
    }

    #[test]
    fn one_step_is_never_enough() {
        let start = Instant::now();
        let mut vm_time = VmTime::new(Duration::from_secs(1), start);
        vm_time.lives(start + Duration::from_secs(100));
        assert_eq!(vm_time.passed(), Duration::from_millis(500));
    }

    #[test]
    fn nobody_is_no_sign_of_life() {
        let mut pulse = Pulse::new(Instant::now());
        assert!(!pulse.feel(0, 0));
        assert!(pulse.feel(9, 0));
        assert!(!pulse.feel(9, 0));
        assert!(!pulse.feel(0, 7));
    }
}
