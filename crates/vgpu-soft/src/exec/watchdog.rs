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
