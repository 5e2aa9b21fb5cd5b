//! The channel to the executor: posting, calling, waiting, and noticing that the executor is gone.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::called_thread;
use super::stream_end::Order;
use crate::error::{CuError, CuResult};
use crate::fork;
use crate::ring::{self, Producer, Record, RingView};
use crate::trace;
use crate::transport::Lifeline;
use crate::wait::Patience;
use crate::window::Window;
use crate::window::control::Control;
use crate::window::reply::{REPLY_TAIL_MAX_BYTES, ReplyMore, ReplySlot};
use crate::wire::{Answer, Call, NO_REPLY, OP_REPLY_MORE, Pod, Seq, StreamSlot};

/// A sleeping guest thread looks this often whether the executor still lives.
const LIVENESS_PERIOD: Duration = Duration::from_millis(50);

pub(super) struct Channel {
    window: Window,
    lifeline: Lifeline,
    fork_generation: u32,
    lost: AtomicBool,
    producer: Mutex<Producer>,
    /// One bit per free reply slot.
    free_replies: AtomicU64,
    reply_lock: Mutex<()>,
    reply_freed: Condvar,
    call_patience: Patience,
    wait_patience: Patience,
    room_patience: Patience,
    host_call_patience: Patience,
}

impl Channel {
    pub(super) fn new(window: Window, lifeline: Lifeline) -> Self {
        fork::watch();
        let replies = window.layout().reply_slots.min(64);
        Self {
            window,
            lifeline,
            fork_generation: fork::generation(),
            lost: AtomicBool::new(false),
            producer: Mutex::new(Producer::default()),
            free_replies: AtomicU64::new(u64::MAX >> (64 - replies)),
            reply_lock: Mutex::new(()),
            reply_freed: Condvar::new(),
            call_patience: Patience::default(),
            wait_patience: Patience::default(),
            room_patience: Patience::default(),
            host_call_patience: Patience::default(),
        }
    }

    pub(super) fn window(&self) -> &Window {
        &self.window
    }

    pub(super) fn lifeline(&self) -> &Lifeline {
        &self.lifeline
    }

    fn control(&self) -> Control<'_> {
        self.window.control()
    }

    /// Whether this process may use the channel and the executor is believed to live.
    pub(super) fn check(&self) -> CuResult {
        if fork::generation() != self.fork_generation {
            return Err(CuError::NOT_INITIALIZED);
        }
        if self.lost.load(Ordering::Relaxed) {
            return Err(CuError::DEVICE_UNAVAILABLE);
        }
        Ok(())
    }

    fn lose(&self, reason: &str) -> CuError {
        if !self.lost.swap(true, Ordering::Relaxed) {
            log::error!("the GPU is gone: {reason}; every further call fails");
        }
        CuError::DEVICE_UNAVAILABLE
    }

    /// Looks for signs of the executor's end. Costs a system call.
    fn look_alive(&self) -> CuResult {
        self.check()?;
        if self.control().lost().load(Ordering::Acquire) != 0 {
            return Err(self.lose("its executor stopped serving"));
        }
        match self.lifeline.cut() {
            Some(reason) => Err(self.lose(reason)),
            None => Ok(()),
        }
    }

    /// Writes one record. Its stream's end moves while the ring is still locked.
    pub(super) fn push(&self, record: Record<'_>, order: Order<'_>) -> CuResult<Seq> {
        self.check()?;
        self.push_next(&mut self.producer.lock(), record, order)
    }

    /// The same if the executor has handled all records before it: then it is at this one at once.
    fn push_if_idle(&self, record: Record<'_>) -> CuResult<Option<Seq>> {
        self.check()?;
        let mut producer = self.producer.lock();
        let is_idle = self.is_handled(producer.next_seq() - 1);
        is_idle.then(|| self.push_next(&mut producer, record, Order::Unordered)).transpose()
    }

    #[inline]
    fn push_next(&self, producer: &mut Producer, record: Record<'_>, order: Order<'_>) -> CuResult<Seq> {
        let len_bytes = ring::record_bytes(record.fixed.len(), record.tail.len()).ok_or(CuError::INVALID_VALUE)?;
        let view = self.window.ring();
        self.make_room(producer, view, len_bytes)?;
        if !self.lifeline.is_held() {
            return Err(self.lose(self.lifeline.cut().unwrap_or("its window is somebody else's")));
        }
        let seq = producer.push(view, len_bytes, record);
        order.advance(seq);
        self.lifeline.wake_host(self.control());
        Ok(seq)
    }

    fn make_room(&self, producer: &mut Producer, view: RingView<'_>, len_bytes: usize) -> CuResult {
        let bad_head = |_| self.lose("the ring's head is impossible");
        if producer.has_room(view, len_bytes).map_err(bad_head)? {
            return Ok(());
        }
        let mut outcome = Ok(true);
        let parked = self.control().producer_parked();
        self.sleep_until(&self.room_patience, parked, || {
            outcome = producer.has_room(view, len_bytes);
            !matches!(outcome, Ok(false))
        })?;
        outcome.map_err(bad_head).map(|_| ())
    }

    /// Waits until `ready`: spins, then sleeps counted in `parked`.
    ///
    /// # Errors
    /// `DEVICE_UNAVAILABLE` when the executor is lost meanwhile, `NOT_INITIALIZED` in a forked child.
    fn sleep_until(&self, patience: &Patience, parked: &AtomicU32, mut ready: impl FnMut() -> bool) -> CuResult {
        trace::count_wait();
        if patience.spin(&mut ready) {
            return Ok(());
        }
        let epoch = self.control().epoch();
        parked.fetch_add(1, Ordering::SeqCst);
        let result = loop {
            let seen = epoch.load(Ordering::Acquire);
            // Pairs with the host's fence between publishing and reading the parked count.
            fence(Ordering::SeqCst);
            if ready() {
                break Ok(());
            }
            if self.control().lost().load(Ordering::Acquire) != 0 {
                break self.look_alive();
            }
            if !self.lifeline.sleep(epoch, seen, LIVENESS_PERIOD)
                && let Err(error) = self.look_alive()
            {
                break if ready() { Ok(()) } else { Err(error) };
            }
        };
        parked.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Waits until `stream` has retired `seq`, or a fault has occurred.
    pub(super) fn wait(&self, stream: StreamSlot, seq: Seq) -> CuResult {
        self.check()?;
        let word = self.window.stream_word(stream).ok_or(CuError::INVALID_HANDLE)?;
        let control = self.control();
        let ready = || word.load(Ordering::Acquire) >= seq || control.sticky() != 0;
        if !ready() {
            if called_thread::is_called() {
                return Err(CuError::NOT_PERMITTED);
            }
            self.sleep_until(&self.wait_patience, self.control().guest_parked(), ready)?;
        }
        self.sticky()
    }

    pub(super) fn wait_host_call(&self, done: u64, stream: StreamSlot, seq: Seq) -> CuResult<u64> {
        self.check()?;
        let word = self.window.stream_word(stream).ok_or(CuError::INVALID_HANDLE)?;
        let calls = self.control().host_calls();
        let ready = || calls.load(Ordering::Acquire) != done || word.load(Ordering::Acquire) >= seq;
        if !ready() {
            self.sleep_until(&self.host_call_patience, self.control().guest_parked(), ready)?;
        }
        Ok(calls.load(Ordering::Acquire))
    }

    pub(super) fn host_call_token(&self, number: u64) -> u64 {
        self.control().host_call_token(number).load(Ordering::Relaxed)
    }

    pub(super) fn host_call_done(&self, number: u64) {
        if self.check().is_ok() && self.lifeline.is_held() {
            self.control().host_calls_done().store(number, Ordering::SeqCst);
            self.lifeline.wake_host(self.control());
        }
    }

    /// Waits until `stream` has retired `seq`, errors or not: its staging memory is out of use then.
    pub(super) fn wait_retired(&self, stream: StreamSlot, seq: Seq) -> CuResult {
        self.check()?;
        let word = self.window.stream_word(stream).ok_or(CuError::INVALID_HANDLE)?;
        let ready = || word.load(Ordering::Acquire) >= seq;
        if ready() {
            return Ok(());
        }
        self.sleep_until(&self.wait_patience, self.control().guest_parked(), ready)
    }

    /// Waits until the executor has handled record `seq`.
    pub(super) fn wait_handled(&self, seq: Seq) -> CuResult {
        self.check()?;
        if self.is_handled(seq) {
            return Ok(());
        }
        self.sleep_until(&self.room_patience, self.control().producer_parked(), || self.is_handled(seq))
    }

    pub(super) fn is_handled(&self, seq: Seq) -> bool {
        self.control().handled().load(Ordering::Acquire) >= seq
    }

    pub(super) fn sticky(&self) -> CuResult {
        self.check()?;
        CuError::check(self.control().sticky())
    }

    pub(super) fn report(&self) -> CuResult {
        self.check()?;
        if self.control().has_error() { self.report_error() } else { Ok(()) }
    }

    #[cold]
    fn report_error(&self) -> CuResult {
        self.sticky()?;
        CuError::check(self.control().take_refusal())
    }

    pub(super) fn sticky_detail(&self) -> String {
        self.control().sticky_detail()
    }

    /// Sends a call and waits for its answer.
    pub(super) fn call<M: Call>(&self, message: &M, tail: &[u8]) -> CuResult<Answer<M::Reply>> {
        self.check()?;
        let answer = self.call_by(|record| self.push(record, Order::Unordered).map(Some), message, tail)?;
        answer.ok_or(CuError::UNKNOWN)
    }

    /// The same if the executor has nothing else to do, for an answer that fits its slot: it comes without any other record's
    /// being handled.
    pub(super) fn call_if_idle<M: Call>(&self, message: &M, tail: &[u8]) -> CuResult<Option<Answer<M::Reply>>> {
        self.check()?;
        self.call_by(|record| self.push_if_idle(record), message, tail)
    }

    /// Calls by a record that is written by `push`; `None` if that writes none.
    fn call_by<M: Call>(
        &self,
        push: impl Fn(Record<'_>) -> CuResult<Option<Seq>>,
        message: &M,
        tail: &[u8],
    ) -> CuResult<Option<Answer<M::Reply>>> {
        let number = self.take_reply_slot()?;
        let result = self.call_in_slot(number, push, message, tail);
        // After a loss the host may still write to the slot. Nobody will call again, so it need not come back.
        if !self.lost.load(Ordering::Relaxed) {
            self.give_reply_slot(number);
        }
        result
    }

    fn call_in_slot<M: Call>(
        &self,
        number: u16,
        push: impl Fn(Record<'_>) -> CuResult<Option<Seq>>,
        message: &M,
        tail: &[u8],
    ) -> CuResult<Option<Answer<M::Reply>>> {
        let slot = self.window.reply_slot(number).ok_or(CuError::UNKNOWN)?;
        let record = Record { op: M::OP as u16, reply_slot: number, fixed: message.as_bytes(), tail };
        let Some(seq) = push(record)? else {
            return Ok(None);
        };
        self.wait_for_answer(slot, seq)?;
        let head = slot.head();
        CuError::check(head.status)?;
        let fixed_bytes = size_of::<M::Reply>();
        if head.fixed_bytes as usize != fixed_bytes || head.tail_bytes as usize > REPLY_TAIL_MAX_BYTES {
            return Err(self.lose("an answer has an impossible length"));
        }
        let mut fixed = vec![0; fixed_bytes];
        let whole = slot.read_body(0, &mut fixed);
        let reply = M::Reply::from_bytes(&fixed).filter(|_| whole).ok_or(CuError::UNKNOWN)?;
        let mut answer = Answer { reply, tail: vec![0; head.tail_bytes as usize] };
        let mut have = 0_usize;
        let mut piece_bytes = head.piece_bytes as usize;
        let mut at_bytes = fixed_bytes;
        loop {
            let piece = answer.tail.get_mut(have..have.saturating_add(piece_bytes));
            if !piece.is_some_and(|piece| slot.read_body(at_bytes, piece)) {
                return Err(self.lose("an answer's tail has an impossible length"));
            }
            have += piece_bytes;
            if have == answer.tail.len() {
                return Ok(Some(answer));
            }
            let more = ReplyMore { offset_bytes: have as u64 };
            let record = Record { op: OP_REPLY_MORE, reply_slot: number, fixed: more.as_bytes(), tail: &[] };
            let seq = self.push(record, Order::Unordered)?;
            self.wait_for_answer(slot, seq)?;
            let head = slot.head();
            CuError::check(head.status)?;
            (piece_bytes, at_bytes) = (head.piece_bytes as usize, 0);
            if piece_bytes == 0 {
                return Err(self.lose("an answer's tail ends early"));
            }
        }
    }

    fn wait_for_answer(&self, slot: ReplySlot<'_>, seq: Seq) -> CuResult {
        let ready = || slot.answered().load(Ordering::Acquire) == seq;
        self.sleep_until(&self.call_patience, self.control().guest_parked(), ready)
    }

    fn try_take_reply_slot(&self) -> Option<u16> {
        let taken = self
            .free_replies
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |free| (free != 0).then(|| free & (free - 1)));
        taken.ok().map(|free| free.trailing_zeros() as u16)
    }

    fn take_reply_slot(&self) -> CuResult<u16> {
        if let Some(slot) = self.try_take_reply_slot() {
            return Ok(slot);
        }
        let mut lock = self.reply_lock.lock();
        loop {
            if let Some(slot) = self.try_take_reply_slot() {
                return Ok(slot);
            }
            // The time-out covers a notification between the look and the wait.
            self.reply_freed.wait_for(&mut lock, LIVENESS_PERIOD);
            self.check()?;
        }
    }

    fn give_reply_slot(&self, slot: u16) {
        let before = self.free_replies.fetch_or(1 << slot, Ordering::AcqRel);
        if before == 0 {
            let _lock = self.reply_lock.lock();
            self.reply_freed.notify_all();
        }
    }

    /// Number of the last record written, for tests and statistics.
    pub(super) fn last_seq(&self) -> Seq {
        self.producer.lock().next_seq() - 1
    }
}

/// What a post's record looks like.
pub(super) fn posted<'a>(op: u16, fixed: &'a [u8], tail: &'a [u8]) -> Record<'a> {
    Record { op, reply_slot: NO_REPLY, fixed, tail }
}
