//! Device memory in use by each executor, in a page that all executors and the daemon share.
//!
//! Each executor writes its own lines, one for each device; what is free is a device's total less the sum of all lines of it.
//! When an executor ends, however it ends, the daemon clears its lines: nothing can be lost or given back twice. An executor
//! that finds too little asks the daemon, which may know of silent guests that can go.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use vgpu_core::host::MemoryLedger;
use vgpu_core::wait;
use vgpu_core::window::mapping::{Mapping, create_object, sealed_len};

/// The first line holds the numbers of the last question and of the last one that was answered.
const LINE_BYTES: u64 = 64;
const ASKED: u64 = 0;
const ANSWERED: u64 = 4;
/// In a line of each device that follows it: what silent guests would give up.
const LENDABLE: u64 = 0;
/// In each other line, by executor and device: bytes held, bytes wanted.
const USED: u64 = 0;
const WANTED: u64 = 8;
/// An executor waits no longer for the daemon's answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Two executors that ask for the last bytes at once may both see too little; each tries again this often.
const ATTEMPTS: u32 = 16;

/// The shared page.
#[derive(Debug)]
pub(crate) struct Ledger {
    mapping: Mapping,
    slots: u32,
    devices: u32,
}

impl Ledger {
    /// Makes a ledger for so many executors and devices, and the descriptor that executors inherit.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn create(slots: u32, devices: u32) -> Result<(Self, OwnedFd)> {
        let lines = 1 + u64::from(devices) * (1 + u64::from(slots));
        let object = create_object((lines * LINE_BYTES).next_multiple_of(4096)).context("the memory ledger")?;
        let ledger = Self::map(object.as_fd(), devices)?;
        Ok((Self { slots, ..ledger }, object))
    }

    /// Opens a ledger of so many devices that this process inherited.
    ///
    /// # Errors
    /// When the descriptor is not one.
    pub(crate) fn inherit(fd: RawFd, devices: u32) -> Result<Self> {
        ensure!(fd > 2, "descriptor {fd} is no ledger");
        // SAFETY: the daemon passed the number of a descriptor that nothing else in this process uses; if it is not
        // open, the next call fails.
        let object = unsafe { OwnedFd::from_raw_fd(fd) };
        Self::map(object.as_fd(), devices)
    }

    fn map(object: BorrowedFd<'_>, devices: u32) -> Result<Self> {
        let len_bytes = sealed_len(object).context("the memory ledger")?;
        let mapping = Mapping::near(object, len_bytes, 0).context("the memory ledger")?;
        let rows = u32::try_from((len_bytes / LINE_BYTES - 1) / u64::from(devices.max(1)))?;
        ensure!(devices > 0 && rows > 1, "a ledger of {len_bytes} bytes is none of {devices} devices");
        Ok(Self { mapping, slots: rows - 1, devices })
    }

    /// A word of one of the rows of a line for each device. The first row is not an executor's.
    fn row_word(&self, row: u32, device: u32, at: u64) -> &AtomicU64 {
        let line = 1 + u64::from(row) * u64::from(self.devices) + u64::from(device.min(self.devices - 1));
        self.mapping.word64(line * LINE_BYTES + at)
    }

    fn word(&self, slot: u32, device: u32, at: u64) -> &AtomicU64 {
        self.row_word(1 + slot.min(self.slots - 1), device, at)
    }

    fn line(&self, slot: u32, device: u32) -> &AtomicU64 {
        self.word(slot, device, USED)
    }

    /// The devices' numbers.
    pub(crate) fn devices(&self) -> Range<u32> {
        0..self.devices
    }

    fn asked(&self) -> &AtomicU32 {
        self.mapping.word32(ASKED)
    }

    fn answered(&self) -> &AtomicU32 {
        self.mapping.word32(ANSWERED)
    }

    /// Daemon: waits for a question that has not been answered, and returns its number.
    pub(crate) fn wait_for_question(&self) -> u32 {
        loop {
            let asked = self.asked().load(Ordering::Acquire);
            if asked != self.answered().load(Ordering::Relaxed) {
                return asked;
            }
            wait::sleep(self.asked(), asked, Duration::from_secs(3600));
        }
    }

    /// Daemon: all that could be done for questions up to this number has been done.
    pub(crate) fn answer(&self, number: u32) {
        self.answered().store(number, Ordering::Release);
        wait::wake_all(self.answered());
    }

    /// What the executor that wants most of a device is short of.
    pub(crate) fn wanted_bytes(&self, device: u32) -> u64 {
        (0..self.slots).map(|slot| self.word(slot, device, WANTED).load(Ordering::Acquire)).max().unwrap_or(0)
    }

    /// Executor: asks for so much, and waits until the daemon has done what it can.
    fn ask(&self, slot: u32, device: u32, bytes: u64) {
        let until = Instant::now() + ANSWER_MAX;
        self.word(slot, device, WANTED).store(bytes, Ordering::Release);
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
        self.word(slot, device, WANTED).store(0, Ordering::Release);
    }

    /// Bytes of a device that one executor holds.
    pub(crate) fn used_bytes(&self, slot: u32, device: u32) -> u64 {
        self.line(slot, device).load(Ordering::Acquire)
    }

    /// Bytes of each device that one executor holds.
    pub(crate) fn used_of_each(&self, slot: u32) -> Vec<u64> {
        self.devices().map(|device| self.used_bytes(slot, device)).collect()
    }

    /// Bytes of a device that all executors hold.
    pub(crate) fn used_by_all(&self, device: u32) -> u64 {
        (0..self.slots).map(|slot| self.used_bytes(slot, device)).fold(0, u64::saturating_add)
    }

    /// Bytes that nobody could have: all but those that silent guests would give up.
    pub(crate) fn used_for_good(&self, device: u32) -> u64 {
        self.used_by_all(device).saturating_sub(self.row_word(0, device, LENDABLE).load(Ordering::Acquire))
    }

    /// Daemon: what silent guests hold of each device.
    pub(crate) fn set_lendable(&self, bytes: &[u64]) {
        for device in self.devices() {
            let bytes = bytes.get(device as usize).copied().unwrap_or(0);
            self.row_word(0, device, LENDABLE).store(bytes, Ordering::Release);
        }
    }

    /// Forgets what an executor held that is no more.
    pub(crate) fn clear(&self, slot: u32) {
        for device in self.devices() {
            self.line(slot, device).store(0, Ordering::Release);
            self.word(slot, device, WANTED).store(0, Ordering::Release);
        }
    }
}

/// One executor's view of the ledger, for one device.
#[derive(Debug)]
pub(crate) struct Account {
    ledger: Arc<Ledger>,
    slot: u32,
    device: u32,
    total_bytes: u64,
}

impl Account {
    /// The account of an executor, under the quota of all.
    ///
    /// # Errors
    /// When there is no such line.
    pub(crate) fn new(ledger: Arc<Ledger>, slot: u32, device: u32, total_bytes: u64) -> Result<Self> {
        ensure!(slot < ledger.slots, "the ledger has no place {slot}");
        ensure!(device < ledger.devices, "the ledger has no device {device}");
        Ok(Self { ledger, slot, device, total_bytes })
    }
}

impl Account {
    fn take(&self, bytes: u64) -> bool {
        let line = self.ledger.line(self.slot, self.device);
        for _ in 0..ATTEMPTS {
            line.fetch_add(bytes, Ordering::AcqRel);
            if self.ledger.used_by_all(self.device) <= self.total_bytes {
                return true;
            }
            line.fetch_sub(bytes, Ordering::AcqRel);
            if self.ledger.used_by_all(self.device).saturating_add(bytes) > self.total_bytes {
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
            self.ledger.ask(self.slot, self.device, bytes);
            self.take(bytes)
        }
    }

    fn release(&self, bytes: u64) {
        self.ledger.line(self.slot, self.device).fetch_sub(bytes, Ordering::AcqRel);
    }

    fn free_and_total(&self) -> (u64, u64) {
        (self.total_bytes.saturating_sub(self.ledger.used_for_good(self.device)), self.total_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two executors of a daemon that knows of nothing to give.
    fn accounts(total_bytes: u64) -> (Arc<Ledger>, Account, Account) {
        let ledger = Arc::new(Ledger::create(4, 2).expect("a ledger").0);
        let daemons = Arc::clone(&ledger);
        std::thread::spawn(move || {
            loop {
                daemons.answer(daemons.wait_for_question());
            }
        });
        let account = |slot| Account::new(Arc::clone(&ledger), slot, 1, total_bytes).expect("a line");
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
        assert_eq!(ledger.used_of_each(1), [0, 300]);
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
        let ledger = Arc::new(Ledger::create(2, 1).expect("a ledger").0);
        let account = |slot| Account::new(Arc::clone(&ledger), slot, 0, 1000).expect("a line");
        assert!(account(0).reserve(900));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let number = ledger.wait_for_question();
                assert_eq!(ledger.wanted_bytes(0), 200);
                ledger.clear(0);
                ledger.answer(number);
            });
            assert!(account(1).reserve(200));
        });
        assert_eq!((ledger.wanted_bytes(0), ledger.used_by_all(0)), (0, 200));
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
                            assert!(ledger.used_bytes(0, 1).min(ledger.used_bytes(1, 1)) <= 60);
                            account.release(60);
                        }
                    }
                });
            }
        });
        assert_eq!(ledger.used_by_all(1), 0);
    }

    #[test]
    fn a_line_that_is_not_there_is_refused() {
        let ledger = Arc::new(Ledger::create(4, 2).expect("a ledger").0);
        assert!(Account::new(Arc::clone(&ledger), 4, 0, 1).is_err());
        assert!(Account::new(ledger, 0, 2, 1).is_err());
    }

    #[test]
    fn each_device_has_a_quota_of_its_own() {
        let ledger = Arc::new(Ledger::create(2, 2).expect("a ledger").0);
        let daemons = Arc::clone(&ledger);
        std::thread::spawn(move || daemons.answer(daemons.wait_for_question()));
        let of = |slot, device| Account::new(Arc::clone(&ledger), slot, device, 1000).expect("a line");
        assert!(of(0, 0).reserve(700) && of(1, 0).reserve(300) && of(1, 1).reserve(800));
        assert!(!of(0, 1).reserve(201));
        assert_eq!((ledger.used_by_all(0), ledger.used_by_all(1)), (1000, 800));
        ledger.set_lendable(&[300, 0]);
        assert_eq!((of(0, 0).free_and_total(), of(0, 1).free_and_total()), ((300, 1000), (200, 1000)));
        ledger.clear(1);
        assert_eq!((ledger.used_by_all(0), ledger.used_by_all(1)), (700, 0));
    }
}
