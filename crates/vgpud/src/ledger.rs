//! Device memory in use by each executor, in a page that all executors and the daemon share.
//!
//! Each executor writes its own line; what is free is the total less the sum of all lines. When an executor ends, however
//! it ends, the daemon clears its line: nothing can be lost or given back twice.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use vgpu_core::window::mapping::{Mapping, create_object, sealed_len};
use vgpu_soft::device::MemoryLedger;

const LINE_BYTES: u64 = 64;
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
        let len_bytes = (u64::from(lines) * LINE_BYTES).next_multiple_of(4096);
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
        Ok(Self { mapping, lines: u32::try_from(len_bytes / LINE_BYTES)? })
    }

    fn line(&self, slot: u32) -> &AtomicU64 {
        self.mapping.word64(u64::from(slot.min(self.lines - 1)) * LINE_BYTES)
    }

    /// Bytes that one executor holds.
    pub fn used_bytes(&self, slot: u32) -> u64 {
        self.line(slot).load(Ordering::Acquire)
    }

    /// Bytes that all executors hold.
    pub fn used_by_all(&self) -> u64 {
        (0..self.lines).map(|slot| self.used_bytes(slot)).fold(0, u64::saturating_add)
    }

    /// Forgets what an executor held that is no more.
    pub fn clear(&self, slot: u32) {
        self.line(slot).store(0, Ordering::Release);
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

impl MemoryLedger for Account {
    fn reserve(&self, bytes: u64) -> bool {
        let line = self.ledger.line(self.slot);
        for _ in 0..ATTEMPTS {
            if bytes > self.total_bytes {
                return false;
            }
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

    fn release(&self, bytes: u64) {
        self.ledger.line(self.slot).fetch_sub(bytes, Ordering::AcqRel);
    }

    fn free_and_total(&self) -> (u64, u64) {
        (self.total_bytes.saturating_sub(self.ledger.used_by_all()), self.total_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(total_bytes: u64) -> (Arc<Ledger>, Account, Account) {
        let ledger = Arc::new(Ledger::create(4).expect("a ledger").0);
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
