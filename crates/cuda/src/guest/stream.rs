//! Streams: a completion word in the window and the number of the last record posted for it.
//!
//! Idle is known without asking: a stream is done when its completion word has reached its last record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use vgpu_core::wire::messages::{StreamCreate, StreamDestroy};
use vgpu_core::wire::{Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::capture::{self, Branch};
use super::context::Context;
use super::gate::{Arm, Live, Tail};
use super::host_order::{self, HostCopy};
use super::process::Process;
use super::thread;

/// The stream that a null handle names: legacy, or per-thread where the entry point says so.
pub(crate) const NULL: u64 = 0;
/// `CU_STREAM_LEGACY`.
pub(crate) const LEGACY: u64 = 1;
/// `CU_STREAM_PER_THREAD`.
pub(crate) const PER_THREAD: u64 = 2;

/// `CU_STREAM_NON_BLOCKING`.
pub(crate) const NON_BLOCKING: u32 = 1;

/// A stream of a live context.
pub(crate) struct Stream {
    pub(crate) handle: u64,
    /// What `cuStreamGetId` reports.
    pub(crate) id: u64,
    pub(crate) owner: &'static Context,
    /// The wire number of `owner` when the stream was made.
    pub(crate) context: u32,
    pub(crate) flags: u32,
    pub(crate) priority: i32,
    /// Its completion word, and the last record posted on it.
    pub(super) tail: Tail,
    /// Its last copy that other streams wait for.
    pub(super) host_copy: HostCopy,
    closed: AtomicBool,
    /// Set while `branch` is.
    capturing: AtomicBool,
    /// Its part in a capture.
    pub(super) branch: Mutex<Option<Branch>>,
}

impl Stream {
    pub(crate) fn new(
        handle: u64,
        id: u64,
        slot: StreamSlot,
        owner: &'static Context,
        context: u32,
        flags: u32,
        priority: i32,
    ) -> Self {
        Self {
            handle,
            id,
            owner,
            context,
            flags,
            priority,
            tail: Tail::new(slot),
            host_copy: HostCopy::default(),
            closed: AtomicBool::new(false),
            capturing: AtomicBool::new(false),
            branch: Mutex::new(None),
        }
    }

    /// Opens a stream at the executor. With a `fixed_handle` it gets no handle of its own.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` without a free slot, `CONTEXT_IS_DESTROYED`, else those of the link.
    pub(crate) fn open(
        process: &Process,
        owner: &'static Context,
        context: u32,
        flags: u32,
        priority: i32,
        fixed_handle: Option<u64>,
    ) -> CuResult<Arc<Self>> {
        thread::close_left(process);
        let live = owner.live()?;
        let slot = process.stream_slots.take().ok_or(CuError::OUT_OF_MEMORY)?;
        let create = StreamCreate { context, stream: slot, flags, priority };
        process.link.post(&create, &[]).inspect_err(|_| process.stream_slots.give_back(slot))?;
        let make = |handle| Arc::new(Self::new(handle, process.new_id(), slot, owner, context, flags, priority));
        let stream = match fixed_handle {
            Some(handle) => make(handle),
            None => process.streams.insert_with(make),
        };
        live.adopt(stream.clone());
        if stream.is_apart() {
            process.apart.opened();
        }
        host_order::join(process, &stream)?;
        Ok(stream)
    }

    /// Closes the stream: work queued on it is still done.
    pub(crate) fn close(&self, process: &Process) {
        if let Ok(live) = self.owner.live()
            && live.number == self.context
        {
            if let Err(error) = host_order::leave(process, self) {
                log::warn!("a copy of a stream that is closed may come late for others: {error}");
            }
            live.release(self.slot());
        }
        if self.forget(process) {
            let posted = process.link.post(&StreamDestroy { stream: self.slot(), reserved: 0 }, &[]);
            if posted.is_ok() {
                process.stream_slots.give_back(self.slot());
            }
        }
    }

    /// Ends the handle of a stream whose context ends and takes it along. Its slot is free once that is posted:
    /// returns whether this call is the one that frees it.
    pub(crate) fn forget(&self, process: &Process) -> bool {
        let is_first = !self.closed.swap(true, Ordering::AcqRel);
        if is_first {
            process.streams.remove(self.handle);
            capture::abandon(process, self);
            if self.is_apart() {
                process.apart.closed();
            }
        }
        is_first
    }

    /// Its completion word.
    #[inline]
    pub(crate) fn slot(&self) -> StreamSlot {
        self.tail.slot()
    }

    /// Number of the last record posted on it.
    #[inline]
    pub(crate) fn last(&self) -> Seq {
        self.tail.last()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn is_legacy(&self) -> bool {
        self.handle == LEGACY
    }

    /// Whether it keeps order with the legacy default stream.
    pub(crate) fn is_blocking(&self) -> bool {
        self.flags & NON_BLOCKING == 0
    }

    /// Whether the work of one of the two waits for that of the other which was given before it.
    pub(super) fn keeps_order_with(&self, other: &Self) -> bool {
        let with_legacy = self.is_legacy() && other.is_blocking() || other.is_legacy() && self.is_blocking();
        self.slot() == other.slot() || self.context == other.context && with_legacy
    }

    /// Whether others cannot rely on the legacy stream for its order: it does not keep it, or copies on its own.
    fn is_apart(&self) -> bool {
        !self.is_blocking() || self.handle == PER_THREAD || self.is_legacy()
    }

    #[inline]
    pub(crate) fn is_capturing(&self) -> bool {
        self.capturing.load(Ordering::Acquire)
    }

    /// Says whether `branch` is set; kept beside it so that the usual path takes no lock.
    pub(super) fn set_capturing(&self, capturing: bool) {
        self.capturing.store(capturing, Ordering::Release);
    }

    /// Whether all work posted on this stream is done, to the program.
    #[inline]
    pub(crate) fn is_idle(&self, process: &Process) -> bool {
        let last = self.last();
        process.link.is_done(self.slot(), last) || self.host_copy.is_over(last)
    }

    /// Waits for this stream's own work.
    ///
    /// # Errors
    /// The sticky error.
    #[inline]
    pub(crate) fn wait_own(&self, process: &Process) -> CuResult {
        let last = self.last();
        if process.link.is_done(self.slot(), last) { Ok(()) } else { process.link.wait(self.slot(), last) }
    }

    /// Waits for this stream's work; the legacy stream's includes that of all blocking streams before it.
    ///
    /// # Errors
    /// `CONTEXT_IS_DESTROYED`, or the sticky error.
    pub(crate) fn wait_all(&self, process: &Process) -> CuResult {
        if self.is_legacy() {
            for stream in self.owner.live()?.streams() {
                if stream.is_blocking() {
                    stream.wait_own(process)?;
                }
            }
        }
        self.wait_own(process)?;
        process.link.sticky()
    }

    /// Waits as `cuStreamSynchronize` does.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_UNSUPPORTED` during capture (which this ends), else what there is to report.
    pub(crate) fn synchronize(&self, process: &Process) -> CuResult {
        let live = self.live(process)?;
        if !host_order::end_unseen(process, live)? {
            self.wait_all(process)?;
        }
        process.link.report()
    }

    /// Whether `cuStreamQuery` says done.
    ///
    /// # Errors
    /// As [`Stream::synchronize`].
    pub(crate) fn query(&self, process: &Process) -> CuResult<bool> {
        self.live(process)?;
        process.link.report()?;
        let others_idle = !self.is_legacy()
            || self.owner.live()?.streams().iter().all(|stream| !stream.is_blocking() || stream.is_idle(process));
        Ok(others_idle && self.is_idle(process))
    }

    /// Whether an event may be a node of its own on this stream: only a capture has nodes.
    ///
    /// # Errors
    /// `INVALID_VALUE` when that is wanted and the stream is not captured, else as [`Stream::enter`].
    pub(crate) fn allow_external(&self, process: &Process, wanted: bool) -> CuResult {
        match wanted {
            true if matches!(self.enter(process)?, Arm::Live(_)) => Err(CuError::INVALID_VALUE),
            _ => Ok(()),
        }
    }

    fn live<'a>(&'a self, process: &'a Process) -> CuResult<Live<'a>> {
        match self.enter(process)? {
            Arm::Live(live) => Ok(live),
            Arm::Captured(captured) => Err(captured.broken_by(CuError::STREAM_CAPTURE_UNSUPPORTED)),
        }
    }
}
