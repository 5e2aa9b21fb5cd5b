//! Events: a point on a stream, and, when timing is wanted, a timestamp word in the window.
//!
//! An event without timing costs no record at all, unless the executor wants one: its point is the last record of its stream.

use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::abi::CUevent_flags;
use vgpu_core::wire::messages::WANTS_ELAPSED;
use vgpu_core::wire::{EventSlot, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::device::Device;
use super::handle::{Slab, SlotPool, Tag};
use super::process::Process;

const DISABLE_TIMING: u32 = CUevent_flags::CU_EVENT_DISABLE_TIMING.0;
const INTERPROCESS: u32 = CUevent_flags::CU_EVENT_INTERPROCESS.0;
/// Every flag of an event.
const ALL_FLAGS: u32 = CUevent_flags::CU_EVENT_BLOCKING_SYNC.0 | DISABLE_TIMING | INTERPROCESS;

static EVENTS: Slab<Arc<Event>> = Slab::new(Tag::Event);
/// The window's timestamp words.
static SLOTS: SlotPool = SlotPool::new();
/// Timestamp words of destroyed events, and the record that will still write each.
static DYING: Mutex<Vec<(EventSlot, StreamSlot, Seq)>> = Mutex::new(Vec::new());

/// An event of a live context.
pub(crate) struct Event {
    pub(crate) handle: u64,
    pub(crate) context: u32,
    /// Its timestamp word; none without timing.
    pub(crate) slot: Option<EventSlot>,
    /// The executor knows the times, and the window's words do not.
    pub(super) asks_for_times: bool,
    point: Mutex<Point>,
}

/// What an event stands for.
#[derive(Clone)]
pub(crate) enum Point {
    /// Nothing was recorded: it counts as done.
    Never,
    /// A stream's record.
    At { stream: StreamSlot, seq: Seq },
    /// A place in a graph that was being captured: the capture's id and nodes of its graph.
    Captured { capture: u64, nodes: Vec<u32> },
}

impl Event {
    /// Makes an event of the context of that wire number, which is on `device`.
    ///
    /// # Errors
    /// `INVALID_VALUE` for unknown flags, `NOT_SUPPORTED` for events between processes, `OUT_OF_MEMORY` without a slot.
    pub(crate) fn create(process: &Process, device: &Device, context: u32, flags: u32) -> CuResult<Arc<Self>> {
        if flags & !ALL_FLAGS != 0 || flags & INTERPROCESS != 0 && flags & DISABLE_TIMING == 0 {
            return Err(CuError::INVALID_VALUE);
        }
        if flags & INTERPROCESS != 0 {
            return Err(CuError::NOT_SUPPORTED);
        }
        let slot = match flags & DISABLE_TIMING {
            0 => Some(Self::take_slot(process)?),
            _ => None,
        };
        let asks_for_times = device.wants(WANTS_ELAPSED);
        let make = |handle| Arc::new(Self { handle, context, slot, asks_for_times, point: Mutex::new(Point::Never) });
        Ok(EVENTS.insert_with(make))
    }

    /// The event that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        EVENTS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// All events of the context of that wire number.
    pub(super) fn all_of(_process: &Process, context: u32) -> Vec<Arc<Self>> {
        EVENTS.filtered(|event| event.context == context)
    }

    /// Ends the event's handle.
    pub(crate) fn destroy(&self, process: &Process) {
        if EVENTS.remove(self.handle).is_none() {
            return;
        }
        let Some(slot) = self.slot else { return };
        match *self.point.lock() {
            // A record in flight will still write the word.
            Point::At { stream, seq } if !process.link.is_done(stream, seq) => {
                DYING.lock().push((slot, stream, seq));
            }
            _ => SLOTS.give_back(slot),
        }
    }

    /// A free timestamp word.
    fn take_slot(process: &Process) -> CuResult<EventSlot> {
        let mut dying = DYING.lock();
        dying.retain(|(slot, stream, seq)| {
            let is_done = process.link.is_done(*stream, *seq);
            if is_done {
                SLOTS.give_back(*slot);
            }
            !is_done
        });
        SLOTS.take(process.link.event_slots()).ok_or(CuError::OUT_OF_MEMORY)
    }

    /// Makes the event stand for that record.
    pub(crate) fn set(&self, stream: StreamSlot, seq: Seq) {
        *self.point.lock() = Point::At { stream, seq };
    }

    /// Makes the event stand for a place in a capture.
    pub(super) fn set_captured(&self, capture: u64, nodes: Vec<u32>) {
        *self.point.lock() = Point::Captured { capture, nodes };
    }

    /// What the event stands for now.
    pub(crate) fn point(&self) -> Point {
        self.point.lock().clone()
    }

    /// The record to wait for, if any.
    pub(super) fn settled_point(&self) -> CuResult<Option<(StreamSlot, Seq)>> {
        match self.point() {
            Point::Never => Ok(None),
            Point::At { stream, seq } => Ok(Some((stream, seq))),
            Point::Captured { .. } => Err(CuError::CAPTURED_EVENT),
        }
    }

    /// Waits until all work before the event is done.
    ///
    /// # Errors
    /// `CAPTURED_EVENT`, and what there is to report.
    pub(crate) fn synchronize(&self, process: &Process) -> CuResult {
        if let Some((stream, seq)) = self.settled_point()? {
            process.link.wait(stream, seq)?;
        }
        process.link.report()
    }
}
