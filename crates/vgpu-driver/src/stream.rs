//! The guest's streams, as the thread that serves the ring sees them: which records have been ordered, and which of them
//! have a point behind them, by which it will be known that they are done, or that others can wait for.

use std::sync::Arc;

use vgpu_core::wire::{SLOTS_END, Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use crate::api::{Event, Stream};
use crate::blas::Session;
use crate::context::{Context, Current};
use crate::open::Driver;
use crate::retire::{End, Point, Retirer};
use crate::words::Words;

/// How a stream stands to the others of its context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The default one: it and the blocking ones stand in each other's way.
    Legacy,
    Blocking,
    NonBlocking,
}

/// An open stream.
pub(crate) struct OpenStream {
    pub(crate) stream: Stream,
    pub(crate) context: Arc<Context>,
    /// The guest's number of the context.
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    /// What computes its products.
    pub(crate) blas: Option<Session>,
    /// Number of the last record, or 0.
    last: Seq,
    /// Number of the last record with a point behind it that others can wait for, or 0.
    waitable: Seq,
    /// Number of the last record of which it will be known that it is done, or 0.
    marked: Seq,
}

/// All streams.
pub(crate) struct Streams {
    driver: Arc<Driver>,
    retirer: Arc<Retirer>,
    pub(crate) current: Current,
    pub(crate) words: Words,
    slots: Vec<Option<OpenStream>>,
    /// Streams with records of which it will not be known that they are done.
    unmarked: Vec<StreamSlot>,
}

impl Streams {
    pub(crate) fn new(driver: Arc<Driver>, retirer: Arc<Retirer>, words: Words) -> Self {
        Self { driver, retirer, current: Current::default(), words, slots: Vec::new(), unmarked: Vec::new() }
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// `INVALID_VALUE` when the slot is in use or absurd.
    pub(crate) fn open(
        &mut self,
        slot: StreamSlot,
        stream: Stream,
        context: &Arc<Context>,
        number: u32,
        kind: Kind,
    ) -> CuResult {
        self.check_vacant(slot)?;
        let index = slot as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        self.slots[index] = Some(OpenStream {
            stream,
            context: Arc::clone(context),
            number,
            kind,
            blas: None,
            last: 0,
            waitable: 0,
            marked: 0,
        });
        Ok(())
    }

    /// # Errors
    /// `INVALID_VALUE` when the slot is in use or absurd.
    pub(crate) fn check_vacant(&self, slot: StreamSlot) -> CuResult {
        let is_vacant = slot < SLOTS_END && self.get(slot).is_none();
        if is_vacant { Ok(()) } else { Err(CuError::INVALID_VALUE) }
    }

    /// An open stream.
    pub(crate) fn get(&self, slot: StreamSlot) -> Option<&OpenStream> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// An open stream, to be changed.
    pub(crate) fn get_mut(&mut self, slot: StreamSlot) -> Option<&mut OpenStream> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Closes a stream to new records. Those that it has are marked first; the next stream of the slot will wait for them.
    pub(crate) fn close(&mut self, slot: StreamSlot) -> Option<OpenStream> {
        self.mark_for_waits(slot);
        self.mark(slot);
        self.slots.get_mut(slot as usize)?.take()
    }

    /// Closes all streams of a context.
    pub(crate) fn close_context(&mut self, number: u32) -> Vec<OpenStream> {
        let is_its = |open: &Option<OpenStream>| open.as_ref().is_some_and(|open| open.number == number);
        let slots = (0..self.slots.len()).filter(|index| is_its(&self.slots[*index]));
        let slots: Vec<StreamSlot> = slots.map(|index| index as StreamSlot).collect();
        slots.into_iter().filter_map(|slot| self.close(slot)).collect()
    }

    /// Counts a record among those of its stream, whatever becomes of it, and makes the stream's context current.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when the stream is not open, the fault of its context, or the driver's.
    pub(crate) fn enter(&mut self, slot: StreamSlot, seq: Seq) -> CuResult<Stream> {
        let Some(open) = self.get(slot) else {
            self.retirer.refuse(slot, seq, CuError::INVALID_HANDLE);
            return Err(CuError::INVALID_HANDLE);
        };
        if self.unmarked.iter().any(|other| *other != slot) {
            let (number, kind) = (open.number, open.kind);
            self.mark_across_legacy(slot, number, kind);
        }
        let open = self.slots[slot as usize].as_mut().expect("it was found above");
        if open.marked == open.last {
            self.unmarked.push(slot);
        }
        open.last = seq;
        open.context.check()?;
        self.current.enter(&self.driver.api, &open.context)?;
        Ok(open.stream)
    }

    /// Whether a point stands behind all records.
    pub(crate) fn are_marked(&self) -> bool {
        self.unmarked.is_empty()
    }

    /// Marks records that a point made later would have wait for others: a context's default stream and its other streams
    /// stand in each other's way, and a point is work like any other.
    fn mark_across_legacy(&mut self, slot: StreamSlot, number: u32, kind: Kind) {
        let in_its_way = match kind {
            Kind::Legacy => Kind::Blocking,
            Kind::Blocking => Kind::Legacy,
            Kind::NonBlocking => return,
        };
        let is_across = |other: &StreamSlot| {
            let other_open = self.get(*other);
            *other != slot && other_open.is_some_and(|other| other.number == number && other.kind == in_its_way)
        };
        let across: Vec<StreamSlot> = self.unmarked.iter().copied().filter(is_across).collect();
        across.into_iter().for_each(|slot| self.mark(slot));
    }

    /// Has it be known when a stream's records are done, if it has any of which that will not be: the GPU writes its words behind
    /// them, or there is an event.
    pub(crate) fn mark(&mut self, slot: StreamSlot) {
        let Some(open) = self.get(slot).filter(|open| open.marked < open.last) else {
            return;
        };
        let (stream, context, last) = (open.stream, Arc::clone(&open.context), open.last);
        let written = self.write_words(stream, &context, slot, last);
        if let Err(error) = written
            && error.is_fatal()
        {
            self.retirer.fail(&context, &mut self.current, error, "no words can be written behind a stream's work");
        }
        let is_written = written.is_ok();
        // What is printed is had by waiting for an event.
        self.put_point(slot, !is_written || context.prints(), is_written);
        self.set_marked(slot);
    }

    /// Puts a point behind a stream's records that others can wait for, if there is none.
    pub(crate) fn mark_for_waits(&mut self, slot: StreamSlot) {
        if self.get(slot).is_none_or(|open| open.waitable == open.last) {
            return;
        }
        // Then the words that are written behind this batch of records tell of this point, too.
        let is_written = self.words.are_held();
        self.put_point(slot, true, is_written);
        if !is_written {
            self.set_marked(slot);
        }
    }

    fn write_words(&mut self, stream: Stream, context: &Context, slot: StreamSlot, last: Seq) -> CuResult {
        context.check()?;
        self.current.enter(&self.driver.api, context)?;
        // What is printed comes before the guest's word, and the GPU cannot know.
        self.words.write(&self.driver.api, stream, slot, last, context.prints())
    }

    fn set_marked(&mut self, slot: StreamSlot) {
        self.unmarked.retain(|other| *other != slot);
        let open = self.slots[slot as usize].as_mut().expect("its records were marked");
        open.marked = open.last;
    }

    fn put_point(&mut self, slot: StreamSlot, has_event: bool, is_written: bool) {
        let open = self.slots[slot as usize].as_mut().expect("it was found above");
        let (stream, context, last) = (open.stream, Arc::clone(&open.context), open.last);
        if has_event {
            open.waitable = last;
        }
        let api = &self.driver.api;
        let is_entered = context.check().is_ok() && self.current.enter(api, &context).is_ok();
        let moved = |before: Option<Event>| {
            let event = before.map_or_else(|| context.take_event(api), Ok)?;
            api.cuEventRecord(event, stream).map(|()| event)
        };
        let end = End { stream, context: Arc::clone(&context) };
        let point = Point { last, end: Some(end), event: None, is_written };
        let Some(point) =
            (if is_entered { self.retirer.move_last(slot, point, has_event, moved) } else { Some(point) })
        else {
            return;
        };
        let event = if has_event { self.record(stream, &context).ok() } else { None };
        self.retirer.push(slot, Point { event, ..point });
    }

    /// An event behind a stream's work. Without one nobody could know when that is done: the context has failed.
    fn record(&mut self, stream: Stream, context: &Context) -> CuResult<Event> {
        self.try_record(stream, context).inspect_err(|error| {
            let what = "no event can be recorded behind a stream's work";
            self.retirer.fail(context, &mut self.current, *error, what);
        })
    }

    fn try_record(&mut self, stream: Stream, context: &Context) -> CuResult<Event> {
        context.check()?;
        let api = &self.driver.api;
        self.current.enter(api, context)?;
        let event = context.take_event(api)?;
        api.cuEventRecord(event, stream).inspect_err(|_| context.give_back(event))?;
        Ok(event)
    }

    /// Has later work on `stream`, whose record was entered, wait until `other` has retired `until`.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a record that has not been posted, or the driver's.
    pub(crate) fn wait_for(&mut self, stream: StreamSlot, other: StreamSlot, until: Seq) -> CuResult {
        if let Some(open) = self.get(other) {
            if until > open.last {
                return Err(CuError::INVALID_VALUE);
            }
            if other == stream {
                // Its own order says so.
                return Ok(());
            }
            if until > open.waitable {
                self.mark_for_waits(other);
            }
        }
        let open = self.slots[stream as usize].as_ref().ok_or(CuError::INVALID_HANDLE)?;
        self.current.enter(&self.driver.api, &open.context)?;
        self.retirer.with_point(other, until, |event| self.driver.api.cuStreamWaitEvent(open.stream, event, 0))
    }

    /// Has it be known when all records are done.
    pub(crate) fn mark_all(&mut self) {
        while let Some(slot) = self.unmarked.last() {
            self.mark(*slot);
        }
    }
}
