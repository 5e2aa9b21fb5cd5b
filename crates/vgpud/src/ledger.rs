//! Device memory in use by each executor, in a page that all executors and the daemon share.
//!
//! Each executor writes its own line; what is free is the total less the sum of all lines. When an executor ends, however
//! it ends, the daemon clears its line: nothing can be lost or given back twice. An executor that finds too little asks the
//! daemon, which may know of silent guests that can go.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use vgpu_core::host::MemoryLedger;
use vgpu_core::wait;
use vgpu_core::window::mapping::{Mapping, create_object, sealed_len};

/// The first line holds the numbers of the last question and of the last one that was answered, and what silent guests
/// would give up.
const LINE_BYTES: u64 = 64;
const ASKED: u64 = 0;
const ANSWERED: u64 = 4;
const LENDABLE: u64 = 8;
/// In each other line: bytes held, bytes wanted.
const USED: u64 = 0;
const WANTED: u64 = 8;
/// An executor waits no longer for the daemon's answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Two executors that ask for the last bytes at once may both see too little; each tries again this often.
const ATTEMPTS: u32 = 16;

/// The shared page.
#[derive(Debug)]
pub struct Ledger {
    mapping: Mapping,
    lines: u32,
}

impl Ledger {
    /// Makes a ledger of so many lines and the descriptor that executors inherit.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn create(lines: u32) -> Result<(Self, OwnedFd)> {
        let len_bytes = (u64::from(lines + 1) * LINE_BYTES).next_multiple_of(4096);
        let object = create_object(len_bytes).context("the memory ledger")?;
        let ledger = Self::map(object.as_fd())?;
        Ok((Self { lines, ..ledger }, object))
    }

    /// Opens a ledger that this process inherited.
    ///
    /// # Errors
    /// When the descriptor is not one.
    pub fn inherit(fd: RawFd) -> Result<Self> {
        ensure!(fd > 2, "descriptor {fd} is no ledger");
        // SAFETY: the daemon passed the number of a descriptor that nothing else in this process uses; if it is not
        // open, the next call fails.
        let object = unsafe { OwnedFd::from_raw_fd(fd) };
        Self::map(object.as_fd())
    }

    fn map(object: BorrowedFd<'_>) -> Result<Self> {
        let len_bytes = sealed_len(object).context("the memory ledger")?;
        let mapping = Mapping::near(object, len_bytes, 0).context("the memory ledger")?;
        Ok(Self { mapping, lines: u32::try_from(len_bytes / LINE_BYTES)? - 1 })
    }

    fn word(&self, slot: u32, at: u64) -> &AtomicU64 {
        self.mapping.word64(u64::from(slot.min(self.lines - 1) + 1) * LINE_BYTES + at)
    }

    fn line(&self, slot: u32) -> &AtomicU64 {
        self.word(slot, USED)
    }

    fn asked(&self) -> &AtomicU32 {
        self.mapping.word32(ASKED)
    }

    fn answered(&self) -> &AtomicU32 {
        self.mapping.word32(ANSWERED)
    }

    /// Daemon: waits for a question that has not been answered, and returns its number.
    pub fn wait_for_question(&self) -> u32 {
        loop {
            let asked = self.asked().load(Ordering::Acquire);
            if asked != self.answered().load(Ordering::Relaxed) {
                return asked;
            }
            wait::sleep(self.asked(), asked, Duration::from_secs(3600));
        }
    }

    /// Daemon: all that could be done for questions up to this number has been done.
    pub fn answer(&self, number: u32) {
        self.answered().store(number, Ordering::Release);
        wait::wake_all(self.answered());
    }

    /// What the executor that wants most is short of.
    pub fn wanted_bytes(&self) -> u64 {
        (0..self.lines).map(|slot| self.word(slot, WANTED).load(Ordering::Acquire)).max().unwrap_or(0)
    }

    /// Executor: asks for so much, and waits until the daemon has done what it can.
    fn ask(&self, slot: u32, bytes: u64) {
        let until = Instant::now() + ANSWER_MAX;
        self.word(slot, WANTED).store(bytes, Ordering::Release);
        let number = self.asked().fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        wait::wake_all(self.asked());
        loop {
            let answered = self.answered().load(Ordering::Acquire);
            let left = until.saturating_duration_since(Instant::now());
            if answered.wrapping_sub(number).cast_signed() >= 0 || left.is_zero() {
                break;
            }
            wait::sleep(self.answered(), answered, left);
        }
        self.word(slot, WANTED).store(0, Ordering::Release);
    }

    /// Bytes that one executor holds.
    pub fn used_bytes(&self, slot: u32) -> u64 {
        self.line(slot).load(Ordering::Acquire)
    }

    /// Bytes that all executors hold.
    pub fn used_by_all(&self) -> u64 {
        (0..self.lines).map(|slot| self.used_bytes(slot)).fold(0, u64::saturating_add)
    }

    /// Bytes that nobody could have: all but those that silent guests would give up.
    pub fn used_for_good(&self) -> u64 {
        self.used_by_all().saturating_sub(self.mapping.word64(LENDABLE).load(Ordering::Acquire))
    }

    /// Daemon: what silent guests hold.
    pub fn set_lendable(&self, bytes: u64) {
        self.mapping.word64(LENDABLE).store(bytes, Ordering::Release);
    }

    /// Forgets what an executor held that is no more.
    pub fn clear(&self, slot: u32) {
        self.line(slot).store(0, Ordering::Release);
        self.word(slot, WANTED).store(0, Ordering::Release);
    }
}

/// One executor's view of the ledger.
#[derive(Debug)]
pub struct Account {
    ledger: Arc<Ledger>,
    slot: u32,
    total_bytes: u64,
}

impl Account {
    /// The account of an executor, under the quota of all.
    ///
    /// # Errors
    /// When there is no such line.
    pub fn new(ledger: Arc<Ledger>, slot: u32, total_bytes: u64) -> Result<Self> {
        ensure!(slot < ledger.lines, "the ledger has no line {slot}");
        Ok(Self { ledger, slot, total_bytes })
    }
}

impl Account {
    fn take(&self, bytes: u64) -> bool {
        let line = self.ledger.line(self.slot);
        for _ in 0..ATTEMPTS {
            line.fetch_add(bytes, Ordering::AcqRel);
            if self.ledger.used_by_all() <= self.total_bytes {
                return true;
            }
            line.fetch_sub(bytes, Ordering::AcqRel);
            if self.ledger.used_by_all().saturating_add(bytes) > self.total_bytes {
                return false;
            }
            std::thread::yield_now();
        }
        false
    }
}

impl MemoryLedger for Account {
    fn reserve(&self, bytes: u64) -> bool {
        if bytes > self.total_bytes {
            return false;
        }
        self.take(bytes) || {
            self.ledger.ask(self.slot, bytes);
            self.take(bytes)
        }
    }

    fn release(&self, bytes: u64) {
        self.ledger.line(self.slot).fetch_sub(bytes, Ordering::AcqRel);
    }

    fn free_and_total(&self) -> (u64, u64) {
        (self.total_bytes.saturating_sub(self.ledger.used_for_good()), self.total_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two executors of a daemon that knows of nothing to give.
    fn accounts(total_bytes: u64) -> (Arc<Ledger>, Account, Account) {
        let ledger = Arc::new(Ledger::create(4).expect("a ledger").0);
        let daemons = Arc::clone(&ledger);
        std::thread::spawn(move || {
            loop {
                daemons.answer(daemons.wait_for_question());
            }
        });
        let account = |slot| Account::new(Arc::clone(&ledger), slot, total_bytes).expect("a line");
        (Arc::clone(&ledger), account(0), account(1))
    }

    #[test]
    fn executors_share_one_quota() {
        let (ledger, a, b) = accounts(1000);
        assert!(a.reserve(600));
        assert!(!b.reserve(401));
        assert!(b.reserve(400));
        assert_eq!(a.free_and_total(), (0, 1000));
        b.release(100);
        assert_eq!(ledger.used_bytes(1), 300);
        assert_eq!(b.free_and_total(), (100, 1000));
    }

    #[test]
    fn what_a_dead_executor_held_comes_back() {
        let (ledger, a, b) = accounts(1000);
        assert!(a.reserve(1000));
        ledger.clear(0);
        assert!(b.reserve(1000));
    }

    #[test]
    fn whoever_finds_too_little_waits_until_the_daemon_has_made_room() {
        let ledger = Arc::new(Ledger::create(2).expect("a ledger").0);
        let account = |slot| Account::new(Arc::clone(&ledger), slot, 1000).expect("a line");
        assert!(account(0).reserve(900));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let number = ledger.wait_for_question();
                assert_eq!(ledger.wanted_bytes(), 200);
                ledger.clear(0);
                ledger.answer(number);
            });
            assert!(account(1).reserve(200));
        });
        assert_eq!((ledger.wanted_bytes(), ledger.used_by_all()), (0, 200));
    }

    #[test]
    fn absurd_requests_are_refused() {
        let (_, a, _) = accounts(1000);
        assert!(a.reserve(1));
        assert!(!a.reserve(u64::MAX));
        assert_eq!(a.free_and_total(), (999, 1000));
    }

    #[test]
    fn a_racing_pair_never_exceeds_the_quota() {
        let (ledger, a, b) = accounts(100);
        std::thread::scope(|scope| {
            for account in [&a, &b] {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        if account.reserve(60) {
                            assert!(ledger.used_bytes(0).min(ledger.used_bytes(1)) <= 60);
                            account.release(60);
                        }
                    }
                });
            }
        });
        assert_eq!(ledger.used_by_all(), 0);
    }

    #[test]
    fn a_line_that_is_not_there_is_refused() {
        let ledger = Arc::new(Ledger::create(4).expect("a ledger").0);
        assert!(Account::new(ledger, 4, 1).is_err());
    }
}
