//! How the window's two sides fall asleep and wake each other, in every order that the memory model allows.
//!
//! The model restates the steps of `ring.rs`, `wait.rs`, `guest/channel.rs`, `host/serve.rs` and `window/control.rs` that matter, and
//! without the time limits of their sleeps: a wake-up that is lost leaves everybody asleep, which loom reports. Loom knows
//! `SeqCst` of fences only. Where the code has a pair of such accesses, a read-modify-write and then a load, there is a fence
//! between the two here, which orders no more than they do.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use loom::sync::{Condvar, Mutex};
use loom::thread;

/// A futex's queue in the kernel, which compares the word under its lock.
struct Futex {
    queue: Mutex<()>,
    wake: Condvar,
}

impl Futex {
    fn new() -> Self {
        Self { queue: Mutex::new(()), wake: Condvar::new() }
    }

    fn sleep(&self, word: &AtomicU32, expected: u32) {
        let queue = self.queue.lock().expect("nobody panics");
        if word.load(Ordering::Acquire) == expected {
            drop(self.wake.wait(queue).expect("nobody panics"));
        }
    }

    fn wake_all(&self) {
        drop(self.queue.lock().expect("nobody panics"));
        self.wake.notify_all();
    }
}

/// The fence that both sides need, or what is left without it.
fn order(has_fence: bool) {
    if has_fence {
        fence(Ordering::SeqCst);
    }
}

/// The words by which an idle host waits for a record.
struct Records {
    tail: AtomicU64,
    host_parked: AtomicU32,
    futex: Futex,
    /// The record's bytes.
    bytes: UnsafeCell<u64>,
}

// SAFETY: loom itself watches over the bytes, and fails the model where one side's access is not ordered behind the other's.
unsafe impl Send for Records {}
// SAFETY: as above.
unsafe impl Sync for Records {}

/// A guest pushes a record while the host falls asleep.
fn a_record_reaches_a_sleepy_host(has_fence: bool) {
    let window = Arc::new(Records {
        tail: AtomicU64::new(0),
        host_parked: AtomicU32::new(0),
        futex: Futex::new(),
        bytes: UnsafeCell::new(0),
    });
    let guest = {
        let window = Arc::clone(&window);
        thread::spawn(move || {
            // SAFETY: the host reads the bytes after it has seen the tail.
            window.bytes.with_mut(|bytes| unsafe { *bytes = 7 });
            window.tail.swap(1, Ordering::AcqRel);
            order(has_fence);
            if window.host_parked.load(Ordering::Acquire) != 0 {
                window.host_parked.store(0, Ordering::Release);
                window.futex.wake_all();
            }
        })
    };
    while window.tail.load(Ordering::Acquire) == 0 {
        window.host_parked.swap(1, Ordering::AcqRel);
        order(has_fence);
        if window.tail.load(Ordering::Acquire) == 0 {
            window.futex.sleep(&window.host_parked, 1);
        }
        window.host_parked.store(0, Ordering::Relaxed);
    }
    // SAFETY: the guest wrote them before it stored the tail.
    assert_eq!(window.bytes.with(|bytes| unsafe { *bytes }), 7);
    guest.join().expect("the guest ends");
}

/// The words by which guests wait for something to complete.
struct Completions {
    done: AtomicU64,
    guest_parked: AtomicU32,
    epoch: AtomicU32,
    futex: Futex,
}

impl Completions {
    fn wait_until(&self, seq: u64, has_fence: bool) {
        self.guest_parked.fetch_add(1, Ordering::AcqRel);
        loop {
            let seen = self.epoch.load(Ordering::Acquire);
            order(has_fence);
            if self.done.load(Ordering::Acquire) >= seq {
                break;
            }
            self.futex.sleep(&self.epoch, seen);
        }
        self.guest_parked.fetch_sub(1, Ordering::AcqRel);
    }

    fn publish(&self, seq: u64, has_fence: bool) {
        self.done.store(seq, Ordering::Release);
        order(has_fence);
        if self.guest_parked.load(Ordering::Relaxed) != 0 {
            self.epoch.fetch_add(1, Ordering::Release);
            self.futex.wake_all();
        }
    }
}

/// The host publishes what two of a guest's threads fall asleep for.
fn what_completes_reaches_sleepy_guests(guests: u64, has_fence: bool) {
    let window = Arc::new(Completions {
        done: AtomicU64::new(0),
        guest_parked: AtomicU32::new(0),
        epoch: AtomicU32::new(0),
        futex: Futex::new(),
    });
    let waiters: Vec<_> = (1..=guests)
        .map(|seq| {
            let window = Arc::clone(&window);
            thread::spawn(move || window.wait_until(seq, has_fence))
        })
        .collect();
    for seq in 1..=guests {
        window.publish(seq, has_fence);
    }
    for waiter in waiters {
        waiter.join().expect("the waiter ends");
    }
}

#[test]
fn no_record_leaves_the_host_asleep() {
    loom::model(|| a_record_reaches_a_sleepy_host(true));
}

#[test]
fn no_completion_leaves_a_guest_asleep() {
    loom::model(|| what_completes_reaches_sleepy_guests(1, true));
}

#[test]
fn two_threads_that_wait_for_different_records_both_wake() {
    let mut model = loom::model::Builder::new();
    // More switches than this of one thread for another take hours, and a lost wake-up needs two.
    model.preemption_bound = Some(3);
    model.check(|| what_completes_reaches_sleepy_guests(2, true));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_host_without_the_fence_may_sleep_for_ever() {
    loom::model(|| a_record_reaches_a_sleepy_host(false));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_guest_without_the_fence_may_sleep_for_ever() {
    loom::model(|| what_completes_reaches_sleepy_guests(1, false));
}
