//! Streams: a completion word in the window and the number of the last record posted for it.
//!
//! Idle is known without asking: a stream is done when its completion word has reached its last record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use vgpu_core::abi::CUstream_flags;
use vgpu_core::wire::{Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::capture::Branch;
use super::context::Context;
use super::copied::Copied;
use super::gate::Tail;
use super::handle::{Slab, SlotPool, Tag};
use super::process::Process;

/// The stream that a null handle names: legacy, or per-thread where the entry point says so.
pub(crate) const NULL: u64 = 0;
/// `CU_STREAM_LEGACY`.
pub(crate) const LEGACY: u64 = 1;
/// `CU_STREAM_PER_THREAD`.
pub(crate) const PER_THREAD: u64 = 2;

static STREAMS: Slab<Arc<Stream>> = Slab::new(Tag::Stream);
/// The window's completion words.
static SLOTS: SlotPool = SlotPool::new();

/// A completion word that no stream has.
///
/// # Errors
/// `OUT_OF_MEMORY` when there is none.
pub(super) fn take_slot(process: &Process) -> CuResult<StreamSlot> {
    SLOTS.take(process.link.stream_slots()).ok_or(CuError::OUT_OF_MEMORY)
}

/// Lets another stream have a completion word.
pub(super) fn give_back_slot(slot: StreamSlot) {
    SLOTS.give_back(slot);
}

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
    /// Its copies that other streams wait for.
    pub(super) copied: Copied,
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
            copied: Copied::default(),
            closed: AtomicBool::new(false),
            capturing: AtomicBool::new(false),
            branch: Mutex::new(None),
        }
    }

    /// The stream that has a handle of its own and that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    #[inline]
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        STREAMS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// Makes a stream that has a handle of its own.
    pub(super) fn with_handle(make: impl FnOnce(u64) -> Arc<Self>) -> Arc<Self> {
        STREAMS.insert_with(make)
    }

    /// Ends its handle, if it has one of its own, and marks it closed; returns whether it was not yet.
    pub(super) fn end_handle(&self) -> bool {
        let is_first = !self.closed.swap(true, Ordering::AcqRel);
        if is_first {
            STREAMS.remove(self.handle);
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

    /// Has later work here wait until `other` has retired `until`: as [`Tail::stand_behind`].
    ///
    /// # Errors
    /// Those of the link.
    pub(super) fn stand_behind(&self, process: &Process, other: StreamSlot, until: Seq) -> CuResult {
        self.tail.stand_behind(&process.link, other, until)
    }

    /// The same where that is a copy which is over to the program: as [`Tail::stand_behind_unseen`].
    ///
    /// # Errors
    /// Those of the link.
    pub(super) fn stand_behind_unseen(&self, process: &Process, other: StreamSlot, until: Seq) -> CuResult {
        self.tail.stand_behind_unseen(&process.link, other, until)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn is_legacy(&self) -> bool {
        self.handle == LEGACY
    }

    /// Whether it keeps order with the legacy default stream.
    pub(crate) fn is_blocking(&self) -> bool {
        self.flags & CUstream_flags::CU_STREAM_NON_BLOCKING.0 == 0
    }

    /// Whether the work of one of the two waits for that of the other which was given before it.
    pub(super) fn keeps_order_with(&self, other: &Self) -> bool {
        let with_legacy = self.is_legacy() && other.is_blocking() || other.is_legacy() && self.is_blocking();
        self.slot() == other.slot() || self.context == other.context && with_legacy
    }

    /// Whether others cannot rely on the legacy stream for its order: it does not keep it, or copies on its own.
    pub(super) fn is_apart(&self) -> bool {
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
        process.link.is_done(self.slot(), last) || self.copied.is_over(last)
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

    /// Waits for this stream's work; the legacy stream's includes that of all blocking streams before it. What had gone wrong
    /// before is for the caller to look at.
    ///
    /// # Errors
    /// `CONTEXT_IS_DESTROYED`, or the sticky error of work that was waited for.
    pub(crate) fn wait_all(&self, process: &Process) -> CuResult {
        if self.is_legacy() {
            let is_busy = |stream: &Self| !process.link.is_done(stream.slot(), stream.last());
            for stream in self.owner.live()?.blocking_streams(is_busy) {
                stream.wait_own(process)?;
            }
        }
        self.wait_own(process)
    }
}
