//! The watchdog: for how long a launch has been running. The time in which all of its blocks are set aside belongs to others.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A launch's time.
pub(super) struct Watchdog {
    /// `None`: nobody looks at the time.
    timeout: Option<Duration>,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    /// Workers that run blocks.
    inside: usize,
    /// Since when there has been one.
    since: Option<Instant>,
    /// Time before that.
    earlier: Duration,
}

/// A worker runs blocks until this is dropped.
pub(super) struct Inside<'a>(&'a Mutex<Spent>);

impl Watchdog {
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, spent: Mutex::default() }
    }

    /// A worker comes.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        self.timeout?;
        let mut spent = self.spent.lock();
        spent.inside += 1;
        spent.since.get_or_insert_with(Instant::now);
        Some(Inside(&self.spent))
    }

    /// The time that is over, if it is.
    pub(super) fn is_late(&self) -> Option<Duration> {
        let timeout = self.timeout?;
        let spent = self.spent.lock();
        let running = spent.since.map_or(Duration::ZERO, |since| since.elapsed());
        (spent.earlier + running >= timeout).then_some(timeout)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut spent = self.0.lock();
        spent.inside -= 1;
        if spent.inside == 0
            && let Some(since) = spent.since.take()
        {
            spent.earlier += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_a_worker_does_not_count() {
        let watchdog = Watchdog::new(Some(Duration::from_secs(1)));
        let (first, second) = (watchdog.enter(), watchdog.enter());
        drop(first);
        drop(second);
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(watchdog.is_late(), None);
        let _inside = watchdog.enter();
        assert_eq!(watchdog.is_late(), None);
    }

    #[test]
    fn time_with_a_worker_adds_up() {
        let watchdog = Watchdog::new(Some(Duration::from_millis(40)));
        for _ in 0..2 {
            let _inside = watchdog.enter();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(watchdog.is_late(), Some(Duration::from_millis(40)));
    }

    #[test]
    fn nobody_is_late_without_a_timeout() {
        let watchdog = Watchdog::new(None);
        assert!(watchdog.enter().is_none() && watchdog.is_late().is_none());
    }
}
