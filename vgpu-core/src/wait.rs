//! Waiting on words of the window: spin for a while, give way, then sleep on a futex.
//!
//! How long to spin is learned: a waiter whose answers come within microseconds stays awake for them, one that waits
//! for long work goes to sleep soon. Nobody spins for ever: machines with two cores are a target. Where there are many, sleeping
//! is put off for longer: a core that has gone idle wakes late, in a VM by some 50 us.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const BUDGET_MIN_NS: u32 = 1_000;
const BUDGET_MAX_NS: u32 = 50_000;
/// The same where being woken takes a detour through another process: as long as a guest copies half a MiB, twice.
const BUDGET_MAX_BEYOND_VM_NS: u32 = 200_000;
/// Checks between two looks at the clock. Then the spinner offers its core to others: on a core that both sides share,
/// the other one can only answer when this one stands aside.
const CHECKS_PER_BURST: u32 = 24;

/// From so many cores on there is one for each side, and one to spare.
const MANY_CORES: usize = 8;
/// The same as above where there are many: a wait for a step of some milliseconds is spent awake.
const BUDGET_MAX_OF_MANY_NS: u32 = 10_000_000;
const CHECKS_PER_BURST_OF_MANY: u32 = 64;

/// One wait in so many spins for the whole budget, to find out whether that has become worth it again.
const PROBE_EVERY: u32 = 16;

/// So long a waiter that nobody can wake gives way instead of napping: a nap overshoots by the kernel's timer slack, 50 us,
/// and would cost more than the wait itself.
const RESTLESS: Duration = Duration::from_micros(200);
/// The longest nap of such a waiter.
const NAP_MAX: Duration = Duration::from_millis(1);

/// How long a waiter spins before it sleeps, adapted to how its waits went.
#[derive(Debug)]
pub struct Patience {
    max_ns: u32,
    checks_per_burst: u32,
    budget_ns: AtomicU32,
    waits: AtomicU32,
}

impl Default for Patience {
    fn default() -> Self {
        Self::up_to(BUDGET_MAX_NS)
    }
}

impl Patience {
    /// For a host that is woken by the doorbell of a VM's function.
    pub(crate) fn beyond_vm() -> Self {
        Self::up_to(BUDGET_MAX_BEYOND_VM_NS)
    }

    fn up_to(max_ns: u32) -> Self {
        let (max_ns, checks_per_burst) = match has_many_cores() {
            true => (BUDGET_MAX_OF_MANY_NS, CHECKS_PER_BURST_OF_MANY),
            false => (max_ns, CHECKS_PER_BURST),
        };
        Self { max_ns, checks_per_burst, budget_ns: AtomicU32::new(max_ns), waits: AtomicU32::new(0) }
    }

    /// Spins until `ready`, at most as long as has been worth it lately. Returns whether it became ready.
    pub fn spin(&self, mut ready: impl FnMut() -> bool) -> bool {
        for _ in 0..self.checks_per_burst {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        let is_probe = self.waits.fetch_add(1, Ordering::Relaxed).is_multiple_of(PROBE_EVERY);
        let learned_ns = self.budget_ns.load(Ordering::Relaxed);
        let budget_ns = if is_probe { self.max_ns } else { learned_ns };
        let start = Instant::now();
        loop {
            for _ in 0..self.checks_per_burst {
                if ready() {
                    let wanted_ns = elapsed_ns(start).saturating_mul(4).clamp(BUDGET_MIN_NS, self.max_ns);
                    self.budget_ns.store(learned_ns.max(wanted_ns), Ordering::Relaxed);
                    return true;
                }
                std::hint::spin_loop();
            }
            if elapsed_ns(start) > budget_ns {
                self.budget_ns.store((learned_ns / 2).max(BUDGET_MIN_NS), Ordering::Relaxed);
                return ready();
            }
            thread::yield_now();
        }
    }
}

/// Whether a core can be kept busy with looking. Asked of the system once.
pub fn has_many_cores() -> bool {
    static MANY: OnceLock<bool> = OnceLock::new();
    // The mask is one call. What `available_parallelism` reads besides, a control group's quota, can only make it less.
    *MANY.get_or_init(|| {
        allowed_cores() >= MANY_CORES && thread::available_parallelism().is_ok_and(|cores| cores.get() >= MANY_CORES)
    })
}

/// Cores that this thread may run on, as far as the system tells.
fn allowed_cores() -> usize {
    // SAFETY: all bits zero are an empty set.
    let mut cores: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is valid for the call, and as long as it says.
    match unsafe { libc::sched_getaffinity(0, size_of_val(&cores), &raw mut cores) } {
        // SAFETY: the set was filled in.
        0 => unsafe { libc::CPU_COUNT(&cores) as usize },
        // A machine with more cores than a set has room for.
        _ => usize::MAX,
    }
}

fn elapsed_ns(start: Instant) -> u32 {
    u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX)
}

/// Sleeps while `word` holds `expected`, at most for `timeout`. Returns early for no reason at times, as futexes do.
/// False when the time ran out.
pub fn sleep(word: &AtomicU32, expected: u32, timeout: Duration) -> bool {
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // SAFETY: the word and the timespec are valid for the call. Without FUTEX_PRIVATE_FLAG, for the word is in shared memory.
    let result =
        unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, &raw const timeout) };
    result == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ETIMEDOUT)
}

/// The same where nobody can wake this side, because `word` is written beyond a VM's border: looks, naps for a quarter of
/// the time it has waited, and looks again. False when the time ran out.
pub fn poll(word: &AtomicU32, expected: u32, timeout: Duration) -> bool {
    let start = Instant::now();
    while word.load(Ordering::Acquire) == expected {
        let waited = start.elapsed();
        match timeout.checked_sub(waited) {
            None | Some(Duration::ZERO) => return false,
            Some(_) if waited < RESTLESS => thread::yield_now(),
            Some(left) => thread::sleep((waited / 4).min(NAP_MAX).min(left)),
        }
    }
    true
}

/// Wakes everyone who sleeps on `word`, in any process.
pub fn wake_all(word: &AtomicU32) {
    // SAFETY: the word is valid for the call; FUTEX_WAKE does not touch its contents.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spinning_ends_within_its_budget() {
        let patience = Patience::default();
        let start = Instant::now();
        assert!(!patience.spin(|| false));
        assert!(start.elapsed() < Duration::from_millis(200));
    }

    #[test]
    fn fruitless_spinning_shortens_the_budget_and_a_success_restores_it() {
        let patience = Patience::default();
        for _ in 0..200 {
            patience.spin(|| false);
        }
        assert_eq!(patience.budget_ns.load(Ordering::Relaxed), BUDGET_MIN_NS);
        // A probe has the time to see what comes late.
        patience.waits.store(0, Ordering::Relaxed);
        let start = Instant::now();
        patience.spin(|| start.elapsed() > Duration::from_micros(10));
        assert!(patience.budget_ns.load(Ordering::Relaxed) > BUDGET_MIN_NS);
    }

    #[test]
    fn a_sleeper_wakes_when_told() {
        let word = AtomicU32::new(7);
        thread::scope(|scope| {
            scope.spawn(|| {
                while word.load(Ordering::Acquire) == 7 {
                    sleep(&word, 7, Duration::from_secs(5));
                }
            });
            thread::sleep(Duration::from_millis(20));
            word.store(8, Ordering::Release);
            wake_all(&word);
        });
    }

    #[test]
    fn a_word_that_changes_ends_the_naps() {
        let word = AtomicU32::new(7);
        thread::scope(|scope| {
            scope.spawn(|| assert!(poll(&word, 7, Duration::from_secs(30))));
            thread::sleep(Duration::from_millis(5));
            word.store(8, Ordering::Release);
        });
        assert!(!poll(&word, 8, Duration::from_millis(5)));
    }

    #[test]
    fn a_sleep_that_nobody_ends_times_out() {
        assert!(!sleep(&AtomicU32::new(1), 1, Duration::from_millis(5)));
    }
}
