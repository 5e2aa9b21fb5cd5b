//! The order of copies from the program's memory: one that has returned is over to the program, so all that any stream is given
//! later comes after it.
//!
//! It returns while its bytes are still under way. Streams that keep order with its own need nothing for that; every other one
//! is made to wait for it, and so is one that is opened meanwhile.
//!
//! The same goes for copies whose asynchronous form has returned, once somebody waits for their stream: if nothing else is left
//! there, it is over to the program, too, and not waited for.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use vgpu_core::CuResult;
use vgpu_core::wire::Seq;

use super::context::Context;
use super::gate::Live;
use super::place::End;
use super::process::Process;
use super::stream::Stream;

/// So many streams are made to wait for one copy; with more of them the caller waits instead.
const STREAMS_MAX: usize = 64;

/// Counts what keeps its own order: contexts, and of their streams those that are not only kept by the legacy one.
///
/// Whoever opens one counts it, and then looks for copies under way; a copy is noted, and then looks at the count. So one of them
/// sees the other.
#[derive(Default)]
pub(crate) struct Apart(AtomicU32);

impl Apart {
    pub(super) fn opened(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn closed(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether there is more than one context and its blocking streams.
    #[inline]
    fn are_several(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 1
    }
}

/// Such copies of a stream.
#[derive(Default)]
pub(crate) struct HostCopy {
    /// The last record that is the end of one, 0 before the first.
    last: AtomicU64,
    /// The last record up to which everything was over to the program when somebody waited.
    over: AtomicU64,
}

impl HostCopy {
    fn note(&self, seq: Seq) {
        self.last.fetch_max(seq, Ordering::SeqCst);
    }

    fn last(&self) -> Seq {
        self.last.load(Ordering::SeqCst)
    }

    /// Whether all up to a record of the stream is over to the program, although it may not be done.
    #[inline]
    pub(super) fn is_over(&self, seq: Seq) -> bool {
        seq <= self.over.load(Ordering::Acquire)
    }
}

/// For one who waits for a stream: if nothing is left there but copies whose bytes have been taken, whatever any stream is given
/// from now on comes after them. Returns whether that is all there was to wait for.
///
/// # Errors
/// `CONTEXT_IS_DESTROYED`, and those of the link.
pub(super) fn end_unseen(process: &Process, live: Live<'_>) -> CuResult<bool> {
    let stream = live.stream();
    let Some(run) = stream.tail.unseen_run() else {
        return Ok(false);
    };
    let is_done = |stream: &Stream, seq| process.link.is_done(stream.slot(), seq);
    // What their stream waits for without being told may be waited for by the program, too.
    if is_done(stream, run.last) || !is_done(stream, run.after) || !is_order_kept_by_idle(process, stream)? {
        return Ok(false);
    }
    live.end(run.last, End::BeforeAll)?;
    stream.host_copy.over.fetch_max(run.last, Ordering::AcqRel);
    Ok(true)
}

/// Whether all other streams of its context that a stream keeps order with have nothing to do.
fn is_order_kept_by_idle(process: &Process, stream: &Stream) -> CuResult<bool> {
    let is_idle = |other: &Stream| process.link.is_done(other.slot(), other.last());
    let live = stream.owner.live()?;
    Ok(match (stream.is_legacy(), stream.is_blocking()) {
        (true, _) => live.streams().iter().all(|other| !other.is_blocking() || other.is_legacy() || is_idle(other)),
        (false, true) => is_idle(&live.legacy),
        (false, false) => true,
    })
}

/// Has a copy from the program's memory, which ends with `seq`, come before whatever any stream is given from now on.
///
/// # Errors
/// Those of the link.
#[inline]
pub(super) fn put_before_all(process: &Process, live: Live<'_>, seq: Seq) -> CuResult {
    live.stream().host_copy.note(seq);
    if process.apart.are_several() { hold_others_back(process, live, seq) } else { Ok(()) }
}

#[cold]
fn hold_others_back(process: &Process, live: Live<'_>, seq: Seq) -> CuResult {
    let stream = live.stream();
    let mut others = 0;
    each_stream(process, &mut |other| {
        others += usize::from(!other.keeps_order_with(stream));
        Ok(())
    })?;
    if others > STREAMS_MAX {
        return live.wait(seq);
    }
    each_stream(process, &mut |other| match other.keeps_order_with(stream) {
        true => Ok(()),
        false => other.stand_behind(process, stream.slot(), seq),
    })
}

/// Has a stream that was just opened wait for the copies under way.
///
/// # Errors
/// Those of the link.
pub(super) fn join(process: &Process, opened: &Stream) -> CuResult {
    each_stream(process, &mut |other| opened.stand_behind(process, other.slot(), other.host_copy.last()))
}

/// Has the legacy stream answer for the copies of a stream that will be closed: it keeps order with it, and stays.
///
/// # Errors
/// Those of the link.
pub(super) fn leave(process: &Process, closing: &Stream) -> CuResult {
    let (slot, copied) = (closing.slot(), closing.host_copy.last());
    if copied == 0 || process.link.is_done(slot, copied) {
        return Ok(());
    }
    closing.owner.each_stream(&mut |other| {
        if other.is_legacy() && other.context == closing.context {
            other.stand_behind(process, slot, copied)?;
            other.host_copy.note(other.last());
        }
        Ok(())
    })
}

fn each_stream(process: &Process, visit: &mut dyn FnMut(&Stream) -> CuResult) -> CuResult {
    process.contexts.filtered(|_| true).iter().try_for_each(|context: &&Context| context.each_stream(visit))
}
