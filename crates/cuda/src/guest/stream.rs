//! Streams: a completion word in the window and the number of the last record posted for it.
//!
//! Idle is known without asking: a stream is done when its completion word has reached its last record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use vgpu_core::wire::messages::{Marker, StreamCreate, StreamDestroy, StreamWait};
use vgpu_core::wire::{Post, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::capture::{self, Branch};
use super::context::Context;
use super::graph::Work;
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
    /// Its completion word.
    pub(crate) slot: StreamSlot,
    pub(crate) owner: &'static Context,
    /// The wire number of `owner` when the stream was made.
    pub(crate) context: u32,
    pub(crate) flags: u32,
    pub(crate) priority: i32,
    /// Number of the last record posted on it.
    pub(crate) last: AtomicU64,
    closed: AtomicBool,
    /// Set while `branch` is.
    capturing: AtomicBool,
    /// Its part in a capture.
    pub(crate) branch: Mutex<Option<Branch>>,
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
            slot,
            owner,
            context,
            flags,
            priority,
            last: AtomicU64::new(0),
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
        Ok(stream)
    }

    /// Closes the stream: work queued on it is still done.
    pub(crate) fn close(&self, process: &Process) {
        if let Ok(live) = self.owner.live()
            && live.number == self.context
        {
            live.release(self.slot);
        }
        if !self.closed.swap(true, Ordering::AcqRel) {
            process.streams.remove(self.handle);
            capture::abandon(process, self);
            let posted = process.link.post(&StreamDestroy { stream: self.slot, reserved: 0 }, &[]);
            if posted.is_ok() {
                process.stream_slots.give_back(self.slot);
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
        }
        is_first
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

    #[inline]
    pub(crate) fn is_capturing(&self) -> bool {
        self.capturing.load(Ordering::Acquire)
    }

    /// Says whether `branch` is set; kept beside it so that the usual path takes no lock.
    pub(crate) fn set_capturing(&self, capturing: bool) {
        self.capturing.store(capturing, Ordering::Release);
    }

    /// Queues work: a record in the ring, or a graph node during capture, which `work` describes. Returns the record's
    /// number, 0 for a node.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_*` where capture forbids the work, else those of the link.
    #[inline]
    pub(crate) fn submit<M: Post>(
        &self,
        process: &Process,
        message: &M,
        tail: &[u8],
        work: impl FnOnce() -> CuResult<Work>,
    ) -> CuResult<Seq> {
        if process.open_captures.load(Ordering::Acquire) != 0 && self.in_capture(process)? {
            capture::add_work(self, work()?)?;
            return Ok(0);
        }
        process.link.post_on(&self.last, message, tail)
    }

    /// Whether work on this stream is being captured.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_IMPLICIT` for the legacy stream while a stream that waits for it is captured.
    #[cold]
    pub(crate) fn in_capture(&self, process: &Process) -> CuResult<bool> {
        // A capture that an ended thread left open is over.
        thread::close_left(process);
        if self.is_capturing() {
            return Ok(true);
        }
        if self.is_legacy() {
            capture::refuse_implicit(process, self)?;
        }
        Ok(false)
    }

    /// Whether all work posted on this stream is done.
    #[inline]
    pub(crate) fn is_idle(&self, process: &Process) -> bool {
        process.link.is_done(self.slot, self.last.load(Ordering::Acquire))
    }

    /// Waits for this stream's own work.
    ///
    /// # Errors
    /// The sticky error.
    #[inline]
    pub(crate) fn wait_own(&self, process: &Process) -> CuResult {
        let last = self.last.load(Ordering::Acquire);
        if process.link.is_done(self.slot, last) { Ok(()) } else { process.link.wait(self.slot, last) }
    }

    /// Waits as `cuStreamSynchronize` does: the legacy stream's work includes that of all blocking streams before it.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_UNSUPPORTED` during capture (which this ends), else the sticky error.
    pub(crate) fn synchronize(&self, process: &Process) -> CuResult {
        self.refuse_capture(process)?;
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

    /// Whether `cuStreamQuery` says done.
    ///
    /// # Errors
    /// As [`Stream::synchronize`].
    pub(crate) fn query(&self, process: &Process) -> CuResult<bool> {
        self.refuse_capture(process)?;
        process.link.sticky()?;
        let others_idle = !self.is_legacy()
            || self.owner.live()?.streams().iter().all(|stream| !stream.is_blocking() || stream.is_idle(process));
        Ok(others_idle && self.is_idle(process))
    }

    fn refuse_capture(&self, process: &Process) -> CuResult {
        if process.open_captures.load(Ordering::Acquire) != 0 && self.in_capture(process)? {
            capture::invalidate(self, CuError::STREAM_CAPTURE_UNSUPPORTED);
            return Err(CuError::STREAM_CAPTURE_UNSUPPORTED);
        }
        Ok(())
    }

    /// A number that this stream retires once all its work so far is done, implicit waits included.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn mark(&self, process: &Process) -> CuResult<Seq> {
        let last = self.last.load(Ordering::Acquire);
        let follows_other = if self.is_legacy() {
            true
        } else {
            // The legacy stream's work stands before the next record of a blocking stream: post one if there is any.
            self.is_blocking() && self.owner.live().is_ok_and(|live| live.legacy.last.load(Ordering::Acquire) > last)
        };
        if !follows_other {
            return Ok(last);
        }
        process.link.post_on(&self.last, &Marker { stream: self.slot, reserved: 0 }, &[])
    }

    /// Has later work here wait until `other` has retired `until`.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn wait_for(&self, process: &Process, other: StreamSlot, until: Seq) -> CuResult {
        if until == 0 || other == self.slot || process.link.is_done(other, until) {
            return Ok(());
        }
        let wait = StreamWait { stream: self.slot, other, until };
        process.link.post_on(&self.last, &wait, &[]).map(drop)
    }
}
