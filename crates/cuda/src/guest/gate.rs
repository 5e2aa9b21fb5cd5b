//! The gate to streams. Whoever has work for a stream enters it, and learns whether it is live or captured.
//!
//! [`Stream::enter`] is the only place that asks. The arm that it gives is the only way on: [`Live`] posts records, for
//! which nothing else has the stream's [`Tail`]; [`Captured`] adds nodes to the capture's graph.

mod tail;

use std::sync::Arc;

use vgpu_core::CuResult;
use vgpu_core::wire::messages::{HostCall, Marker, WANTS_POINTS};
use vgpu_core::wire::{Ordered, Seq, StreamSlot};

use super::capture::{self, Captured};
use super::closing;
use super::host_call::{self, Action};
use super::host_order;
use super::place::End;
use super::process::Process;
use super::stream::Stream;

pub(crate) use tail::Tail;

/// What a stream is at the moment, and all that can be done with it then.
pub(crate) enum Arm<'a> {
    Live(Live<'a>),
    Captured(Captured<'a>),
}

/// A stream whose work the device does.
#[derive(Clone, Copy)]
pub(crate) struct Live<'a> {
    process: &'a Process,
    stream: &'a Stream,
}

impl Stream {
    /// Lets work in.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_IMPLICIT` for the legacy stream while a stream that keeps order with it is captured; that
    /// capture is broken by it.
    #[inline]
    pub(crate) fn enter<'a>(&'a self, process: &'a Process) -> CuResult<Arm<'a>> {
        if capture::are_open() {
            return self.look(process).inspect_err(|_| capture::break_implicated(self));
        }
        Ok(Arm::Live(Live { process, stream: self }))
    }

    /// The same for a call that only asks: it breaks no capture.
    ///
    /// **Source:** `cuStreamIsCapturing` in NVIDIA's driver API reference.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    #[cold]
    pub(crate) fn look<'a>(&'a self, process: &'a Process) -> CuResult<Arm<'a>> {
        // A capture that an ended thread left open is over.
        closing::close_left(process);
        if self.is_capturing() {
            return Ok(Arm::Captured(Captured::new(self)));
        }
        capture::check_implicit(self)?;
        Ok(Arm::Live(Live { process, stream: self }))
    }
}

impl Live<'_> {
    /// The stream's completion word.
    #[inline]
    pub(crate) fn slot(&self) -> StreamSlot {
        self.stream.slot()
    }

    /// Queues work; the message's own stream field does not matter. Returns the record's number.
    ///
    /// # Errors
    /// Those of the link.
    #[inline]
    pub(crate) fn post<M: Ordered>(&self, message: &M, tail: &[u8]) -> CuResult<Seq> {
        self.process.link.post_on(self.stream.tail.end(), message, tail)
    }

    /// Queues work that is already bytes and names this stream.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn post_raw(&self, op: u16, fixed: &[u8], tail: &[u8]) -> CuResult<Seq> {
        self.process.link.post_raw(self.stream.tail.end(), op, fixed, tail)
    }

    /// Queues something that this process does.
    ///
    /// # Errors
    /// As [`host_call::register`], and those of the link.
    pub(crate) fn call(&self, process: &'static Process, action: Action) -> CuResult {
        let call = host_call::register(process, action)?;
        let seq = self.post(&HostCall { stream: 0, reserved: 0, token: call.token }, &[])?;
        host_call::expect(self.slot(), seq, Arc::from([call]));
        Ok(())
    }

    /// Copies `source` to a device address; it may be changed on return unless it is pinned.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn copy_in(&self, target: u64, source: &[u8]) -> CuResult<Seq> {
        self.process.link.copy_in(self.stream.tail.end(), target, source)
    }

    /// The same to memory that only the device reaches; it may be changed on return, pinned or not. A part of what
    /// [`Tail::unseen_run`] is about.
    ///
    /// # Errors
    /// As [`copy_in`](Self::copy_in).
    pub(crate) fn copy_in_unseen(&self, target: u64, source: &[u8]) -> CuResult<Seq> {
        self.process.link.copy_in_unseen(self.stream.tail.end(), target, source)
    }

    /// Copies from a device address, and waits for it.
    ///
    /// # Errors
    /// Those of the link, and what there is to report.
    pub(crate) fn copy_out(&self, source: u64, target: &mut [u8]) -> CuResult {
        self.process.link.copy_out(self.stream.tail.end(), source, target)
    }

    /// Waits until the record is done.
    ///
    /// # Errors
    /// The sticky error, and those of the link.
    pub(crate) fn wait(&self, seq: Seq) -> CuResult {
        self.process.link.wait(self.slot(), seq)
    }

    /// Ends a call whose last record is `seq`.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait) and what there is to report.
    pub(crate) fn end(&self, seq: Seq, end: End) -> CuResult {
        match end {
            End::AtOnce => Ok(()),
            End::BeforeAll => host_order::put_before_all(self.process, self.stream, seq),
            End::Waited => {
                self.wait(seq)?;
                self.process.link.report()
            }
        }
    }

    /// A number that this stream retires once all its work so far is done, implicit waits included; and, where the executor
    /// wants to know of such points, when no more than that is.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn mark(&self) -> CuResult<Seq> {
        let stream = self.stream;
        let last = stream.last();
        let follows_other = if stream.is_legacy() || stream.owner.device(self.process).wants(WANTS_POINTS) {
            true
        } else {
            // The legacy stream's work stands before the next record of a blocking stream: post one if there is any.
            stream.is_blocking() && stream.owner.live().is_ok_and(|live| live.legacy.last() > last)
        };
        if !follows_other {
            return Ok(last);
        }
        self.post(&Marker { stream: 0, reserved: 0 }, &[])
    }

    /// Has later work here wait until `other` has retired `until`.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn wait_for(&self, other: StreamSlot, until: Seq) -> CuResult {
        self.stream.stand_behind(self.process, other, until)
    }
}
