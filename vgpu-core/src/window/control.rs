//! The window's shared words. Each is written by one side, or is a futex, or goes from hand to hand (a refusal); each has
//! a cache line for itself.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use super::layout::{CONTROL_OFFSET, PAGE_BYTES};
use super::mapping::Mapping;
use crate::wait;

/// Room for the text that explains a sticky error.
pub(crate) const DETAIL_BYTES: usize = 512;

const RING_TAIL: u64 = 0;
const RING_HEAD: u64 = 64;
const HANDLED: u64 = 128;
const HOST_PARKED: u64 = 192;
const GUEST_PARKED: u64 = 256;
const PRODUCER_PARKED: u64 = 320;
const EPOCH: u64 = 384;
const LOST: u64 = 448;
const ERRORS: u64 = 512;
const DETAIL_LEN: u64 = 576;
const DETAIL: u64 = 640;
const OUTPUT: u64 = DETAIL + DETAIL_BYTES as u64;
const HOST_CALLS: u64 = OUTPUT + 64;
const HOST_CALLS_DONE: u64 = HOST_CALLS + 64;
const HOST_CALL_TOKENS: u64 = 2048;

/// So many calls of the guest's functions are under way at most.
pub(crate) const HOST_CALLS_MAX: u64 = (PAGE_BYTES - HOST_CALL_TOKENS) / 8;
const _: () = assert!(HOST_CALLS_DONE + 64 <= HOST_CALL_TOKENS, "words over the tokens");

/// A view of the control page.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    mapping: &'a Mapping,
}

impl<'a> Control<'a> {
    pub(super) fn new(mapping: &'a Mapping) -> Self {
        Self { mapping }
    }

    fn word32(self, at: u64) -> &'a AtomicU32 {
        self.mapping.word32(CONTROL_OFFSET + at)
    }

    fn word64(self, at: u64) -> &'a AtomicU64 {
        self.mapping.word64(CONTROL_OFFSET + at)
    }

    /// Guest: bytes written to the ring since the start.
    pub(crate) fn ring_tail(self) -> &'a AtomicU64 {
        self.word64(RING_TAIL)
    }

    /// Host: bytes taken from the ring since the start.
    pub(crate) fn ring_head(self) -> &'a AtomicU64 {
        self.word64(RING_HEAD)
    }

    /// Host: number of the last record that was handed to the executor and came back.
    pub(crate) fn handled(self) -> &'a AtomicU64 {
        self.word64(HANDLED)
    }

    /// 1 while the host sleeps on this word for a record; the guest sets it back to 0 when it wakes the host.
    pub(crate) fn host_parked(self) -> &'a AtomicU32 {
        self.word32(HOST_PARKED)
    }

    /// Guest threads asleep until something completes.
    pub(crate) fn guest_parked(self) -> &'a AtomicU32 {
        self.word32(GUEST_PARKED)
    }

    /// Guest threads asleep until the ring or the staging area has room.
    pub(crate) fn producer_parked(self) -> &'a AtomicU32 {
        self.word32(PRODUCER_PARKED)
    }

    /// Host: what all sleeping guest threads sleep on; it changes when there is a reason to look again.
    pub fn epoch(self) -> &'a AtomicU32 {
        self.word32(EPOCH)
    }

    /// Host: not 0 once the executor has stopped serving.
    pub fn lost(self) -> &'a AtomicU32 {
        self.word32(LOST)
    }

    /// The sticky error's code in the low half, in the high half that of the first refusal that nobody has taken: one look
    /// tells a guest that there is neither.
    fn errors(self) -> &'a AtomicU64 {
        self.word64(ERRORS)
    }

    /// Guest: whether there is an error of either kind.
    pub(crate) fn has_error(self) -> bool {
        self.errors().load(Ordering::Acquire) != 0
    }

    /// Guest: the first fault's code; 0 while there is none.
    pub fn sticky(self) -> u32 {
        self.errors().load(Ordering::Acquire) as u32
    }

    /// Guest: takes the refusal's code away; 0 when there is none.
    pub(crate) fn take_refusal(self) -> u32 {
        (self.errors().fetch_and(u64::from(u32::MAX), Ordering::AcqRel) >> 32) as u32
    }

    /// Host: leaves a refusal's code for the guest, unless an earlier one is still there.
    pub(crate) fn publish_refusal(self, code: u32) {
        let with_it = |errors: u64| (errors >> 32 == 0).then_some(errors | u64::from(code) << 32);
        // The first one counts.
        let _ = self.errors().fetch_update(Ordering::Release, Ordering::Relaxed, with_it);
    }

    /// Host: changes when kernels have printed something that the guest has not taken.
    pub fn output(self) -> &'a AtomicU64 {
        self.word64(OUTPUT)
    }

    /// Host: how many functions of the guest it has called so far.
    pub fn host_calls(self) -> &'a AtomicU64 {
        self.word64(HOST_CALLS)
    }

    /// Guest: how many of them have been carried out.
    pub fn host_calls_done(self) -> &'a AtomicU64 {
        self.word64(HOST_CALLS_DONE)
    }

    /// Host: which function the call of that number is of.
    pub fn host_call_token(self, number: u64) -> &'a AtomicU64 {
        self.word64(HOST_CALL_TOKENS + number % HOST_CALLS_MAX * 8)
    }

    /// Host: wakes sleeping guest threads that wait for completions, if there are any.
    ///
    /// The fence stands between what was just published and reading the parked count: either the sleeper sees the
    /// new value before it sleeps, or this side sees the sleeper.
    #[inline]
    pub(crate) fn wake_completion_waiters(self) {
        fence(Ordering::SeqCst);
        if self.guest_parked().load(Ordering::Relaxed) != 0 {
            self.wake_all();
        }
    }

    /// Host: the same for threads that wait for room.
    pub(crate) fn wake_producers(self) {
        fence(Ordering::SeqCst);
        if self.producer_parked().load(Ordering::Relaxed) != 0 {
            self.wake_all();
        }
    }

    /// Host: wakes every sleeping guest thread.
    pub fn wake_all(self) {
        self.epoch().fetch_add(1, Ordering::Release);
        wait::wake_all(self.epoch());
    }

    /// Guest: whether the host sleeps and must be woken, by this caller. Call after the ring's tail was stored (`SeqCst`).
    pub fn take_parked_host(self) -> bool {
        let is_parked = self.host_parked().load(Ordering::SeqCst) != 0;
        if is_parked {
            self.host_parked().store(0, Ordering::Relaxed);
        }
        is_parked
    }

    /// Host: wakes whoever sleeps as the host of the window at `offset` of an object that is mapped here. For a guest beyond a
    /// VM's border, whose doorbell this side hears.
    pub fn wake_host_at(object: &Mapping, offset: u64) {
        wait::wake_all(object.word32(offset + CONTROL_OFFSET + HOST_PARKED));
    }

    /// Host: writes the sticky error's text, then its code. The caller sees to it that this happens once.
    pub(crate) fn publish_sticky(self, code: u32, detail: &str) {
        let mut keep_bytes = detail.len().min(DETAIL_BYTES);
        while !detail.is_char_boundary(keep_bytes) {
            keep_bytes -= 1;
        }
        self.mapping.write(CONTROL_OFFSET + DETAIL, &detail.as_bytes()[..keep_bytes]);
        self.word32(DETAIL_LEN).store(keep_bytes as u32, Ordering::Relaxed);
        self.errors().fetch_or(code.into(), Ordering::Release);
    }

    /// Guest: the sticky error's text.
    pub fn sticky_detail(self) -> String {
        let len_bytes = (self.word32(DETAIL_LEN).load(Ordering::Acquire) as usize).min(DETAIL_BYTES);
        let mut text = vec![0; len_bytes];
        self.mapping.read(CONTROL_OFFSET + DETAIL, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}
