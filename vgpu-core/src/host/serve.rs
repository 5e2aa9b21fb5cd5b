//! The loop that takes a guest's records out of the ring and hands them to the executor.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::window::HostWindow;
use crate::error::{CuError, CuResult};
use crate::ring::{Consumer, RingError};
use crate::wait::{self, Patience};
use crate::window::reply::{REPLY_TAIL_MAX_BYTES, ReplyHead, ReplyMore};
use crate::wire::messages::{DecodeError, Outcome};
use crate::wire::{Answer, Completions, Executor, OP_REPLY_MORE, Pod, RecordHeader, dispatch};

/// A host that has nothing to do looks up this often, in case its wake-up was lost with a dying guest.
const PARK_PERIOD: Duration = Duration::from_secs(1);
/// Guests that wait for room in a full ring are woken each time this much has been taken out.
const ROOM_STEP_BYTES: u64 = 64 * 1024;
/// An executor is told to settle after so many records, however many more there are.
const SETTLE_EVERY: u32 = 32;

/// Why serving ended, other than by request.
#[derive(Debug, PartialEq, Eq)]
pub enum ServeError {
    /// The guest broke its ring.
    Ring(RingError),
    /// The guest sent a record that is no message.
    Message(DecodeError),
    /// The guest asked for an answer in a slot that does not exist, or for part of an answer that there is not.
    Reply(u16),
    /// The executor panicked: a bug in it.
    Panicked,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ring(error) => error.fmt(f),
            Self::Message(error) => error.fmt(f),
            Self::Reply(slot) => write!(f, "reply slot {slot} does not exist or holds no such answer"),
            Self::Panicked => f.write_str("the executor panicked; this is a bug in vgpu"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves a window's records until [`HostWindow::stop`]. Whatever ends it, the guest learns of it.
///
/// # Errors
/// What the guest did wrong, or the executor's panic.
pub fn serve(window: &HostWindow, executor: &mut dyn Executor) -> Result<(), ServeError> {
    let mut server = Server { window, executor, long_tails: BTreeMap::new() };
    let result = catch_unwind(AssertUnwindSafe(|| server.run())).unwrap_or(Err(ServeError::Panicked));
    if let Err(error) = &result {
        window.fail(CuError::UNKNOWN, &error.to_string());
    }
    window.publish_lost();
    result
}

struct Server<'a> {
    window: &'a HostWindow,
    executor: &'a mut dyn Executor,
    /// Tails that did not fit their slot, until they are read or the slot is used again.
    long_tails: BTreeMap<u16, Vec<u8>>,
}

impl Server<'_> {
    fn run(&mut self) -> Result<(), ServeError> {
        let window = self.window;
        let control = window.window.control();
        let view = window.window.ring();
        let patience = if window.is_beyond_vm { Patience::beyond_vm() } else { Patience::default() };
        let mut consumer = Consumer::default();
        let mut woken_at = 0;
        let mut calls_done = 0;
        let mut unsettled = 0;
        // SeqCst, as the look at the ring's tail: the guest stores the word before it looks whether this side sleeps.
        let calls = control.host_calls_done();
        let has_called = |done| calls.load(Ordering::SeqCst) != done;
        while !window.is_stopping() {
            if has_called(calls_done) {
                calls_done = calls.load(Ordering::Acquire);
                self.executor.host_calls_done(window.host_calls_done());
            }
            if let Some((header, body)) = consumer.next(view).map_err(ServeError::Ring)? {
                self.handle(&header, body)?;
                control.handled().store(header.seq, Ordering::Release);
                unsettled += 1;
                if unsettled == SETTLE_EVERY {
                    unsettled = 0;
                    self.executor.settle();
                }
                if consumer.position() - woken_at >= ROOM_STEP_BYTES {
                    woken_at = consumer.position();
                    control.wake_producers();
                }
                continue;
            }
            if unsettled > 0 {
                unsettled = 0;
                self.executor.settle();
            }
            control.wake_producers();
            let position = consumer.position();
            let ready = || view.has_more(position) || window.is_stopping() || has_called(calls_done);
            if !patience.spin(ready) {
                // SeqCst, and so is the look at the tail that follows: pairs with the guest's order of the two.
                control.host_parked().swap(1, Ordering::SeqCst);
                if !ready() {
                    wait::sleep(control.host_parked(), 1, PARK_PERIOD);
                }
                control.host_parked().store(0, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn handle(&mut self, header: &RecordHeader, body: &[u8]) -> Result<(), ServeError> {
        if header.op == OP_REPLY_MORE {
            return self.send_more(header, body);
        }
        match dispatch(self.executor, header, body).map_err(ServeError::Message)? {
            Outcome::Posted(Ok(())) => Ok(()),
            Outcome::Posted(Err(error)) => {
                self.window.refuse(header.seq, error, &format!("{} was refused", name_of(header.op)));
                Ok(())
            }
            Outcome::Called(result) => self.answer(header, result),
        }
    }

    fn answer(&mut self, header: &RecordHeader, result: CuResult<Answer<Vec<u8>>>) -> Result<(), ServeError> {
        let number = header.reply_slot;
        let slot = self.window.window.reply_slot(number).ok_or(ServeError::Reply(number))?;
        self.long_tails.remove(&number);
        let answer = match result {
            Ok(answer) if answer.tail.len() > REPLY_TAIL_MAX_BYTES || answer.reply.len() > slot.room_bytes() => {
                log::error!("the answer to {} is too long", name_of(header.op));
                Err(CuError::OPERATING_SYSTEM)
            }
            other => other,
        };
        match answer {
            Ok(Answer { reply, tail }) => {
                let piece = &tail[..tail.len().min(slot.room_bytes() - reply.len())];
                let head = ReplyHead {
                    status: 0,
                    fixed_bytes: reply.len() as u32,
                    tail_bytes: tail.len() as u32,
                    piece_bytes: piece.len() as u32,
                };
                slot.publish(header.seq, head, &reply, piece);
                if piece.len() < tail.len() {
                    self.long_tails.insert(number, tail);
                }
            }
            Err(error) => slot.publish(header.seq, ReplyHead { status: error.code(), ..Default::default() }, &[], &[]),
        }
        self.window.window.control().wake_completion_waiters();
        Ok(())
    }

    fn send_more(&mut self, header: &RecordHeader, body: &[u8]) -> Result<(), ServeError> {
        let number = header.reply_slot;
        let wrong = ServeError::Reply(number);
        let Some(slot) = self.window.window.reply_slot(number) else {
            return Err(wrong);
        };
        let Some(tail) = self.long_tails.get(&number) else {
            return Err(wrong);
        };
        let more = ReplyMore::from_bytes(body).unwrap_or_default();
        let rest = usize::try_from(more.offset_bytes).ok().and_then(|offset| tail.get(offset..));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err(wrong);
        };
        let piece = &rest[..rest.len().min(slot.room_bytes())];
        let head =
            ReplyHead { status: 0, fixed_bytes: 0, tail_bytes: tail.len() as u32, piece_bytes: piece.len() as u32 };
        slot.publish(header.seq, head, &[], piece);
        if piece.len() == rest.len() {
            self.long_tails.remove(&number);
        }
        self.window.window.control().wake_completion_waiters();
        Ok(())
    }
}

fn name_of(op: u16) -> &'static str {
    crate::wire::Op::ALL.iter().find(|(code, _)| *code == op).map_or("a record", |(_, name)| name)
}
