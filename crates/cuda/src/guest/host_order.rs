//! The order of copies from the program's memory: one that has returned is over to the program, so all that any stream is given
//! later comes after it.
//!
//! It returns while its bytes are still under way. Streams that keep order with its own need nothing for that; every other one
//! is made to wait for it, and so is one that is opened meanwhile.
//!
//! The same goes for copies whose asynchronous form has returned, once somebody waits for their stream: if nothing else is left
//! there, it is over to the program, too, and not waited for. So that it goes for short copies of pinned memory, their bytes are
//! taken, too, where the device would read the same: where their stream has nothing else to do.

use std::sync::atomic::{AtomicU32, Ordering};

use vgpu_core::CuResult;
use vgpu_core::wire::Seq;

use super::context::Context;
use super::process::Process;
use super::stream::Stream;

/// So many streams are made to wait for one copy; with more of them the caller waits instead.
const STREAMS_MAX: usize = 64;

/// Counts what keeps its own order: contexts, and of their streams those that are not only kept by the legacy one.
///
/// Whoever opens one counts it, and then looks for copies under way; a copy is noted, and then looks at the count. So one of them
/// sees the other.
static APART: AtomicU32 = AtomicU32::new(0);

pub(super) fn opened() {
    APART.fetch_add(1, Ordering::SeqCst);
}

pub(super) fn closed() {
    APART.fetch_sub(1, Ordering::SeqCst);
}

/// For one who waits for a stream that is not captured: if nothing is left there but copies whose bytes have been taken, and waits
/// for others', whatever any stream is given from now on comes after them. Returns whether that is all there was to wait for.
///
/// # Errors
/// `CONTEXT_IS_DESTROYED`, and those of the link.
pub(super) fn end_unseen(process: &Process, stream: &Stream) -> CuResult<bool> {
    let Some(run) = stream.tail.unseen_run() else {
        return Ok(false);
    };
    // What their stream waits for without being told may be waited for by the program, too.
    if process.link.is_done(stream.slot(), run.last) || !is_done_with_others(process, stream, run.after)? {
        return Ok(false);
    }
    // What a wait among them waits for comes before all already.
    if run.copy > run.after && !stream.copied.is_over(run.copy) {
        put_before_all(process, stream, run.last)?;
    }
    stream.copied.set_over(run.last);
    Ok(true)
}

/// Whether a stream that is not captured has nothing to do but copies whose bytes have been taken, so that the next copy would
/// find the program's memory as it is.
///
/// # Errors
/// `CONTEXT_IS_DESTROYED`.
pub(super) fn is_quiet(process: &Process, stream: &Stream) -> CuResult<bool> {
    let before = stream.tail.unseen_run().map_or_else(|| stream.last(), |run| run.after);
    is_done_with_others(process, stream, before)
}

/// Whether a record of a stream is done, and all that others have to do that the stream keeps order with.
fn is_done_with_others(process: &Process, stream: &Stream, seq: Seq) -> CuResult<bool> {
    Ok(process.link.is_done(stream.slot(), seq) && is_order_kept_by_idle(process, stream)?)
}

/// Whether all other streams of its context that a stream keeps order with have nothing to do.
fn is_order_kept_by_idle(process: &Process, stream: &Stream) -> CuResult<bool> {
    let is_idle = |other: &Stream| process.link.is_done(other.slot(), other.last());
    let live = stream.owner.live()?;
    Ok(match (stream.is_legacy(), stream.is_blocking()) {
        (true, _) => live.blocking_streams(|other| !is_idle(other)).is_empty(),
        (false, true) => is_idle(&live.legacy),
        (false, false) => true,
    })
}

/// Has a copy from the program's memory, which ends with `seq` on `stream`, come before whatever any stream is given from now on.
///
/// # Errors
/// Those of the link.
#[inline]
pub(super) fn put_before_all(process: &Process, stream: &Stream, seq: Seq) -> CuResult {
    stream.copied.note(seq);
    // Where the legacy stream is the only one that counts, every other keeps order with it, but none of those with another.
    let is_order_kept = stream.is_apart() && APART.load(Ordering::SeqCst) == 1;
    if is_order_kept { Ok(()) } else { hold_others_back(process, stream, seq) }
}

#[cold]
fn hold_others_back(process: &Process, stream: &Stream, seq: Seq) -> CuResult {
    let mut others = 0;
    each_stream(process, &mut |other| {
        others += usize::from(!other.keeps_order_with(stream));
        Ok(())
    })?;
    if others > STREAMS_MAX {
        return process.link.wait(stream.slot(), seq);
    }
    each_stream(process, &mut |other| match other.keeps_order_with(stream) {
        true => Ok(()),
        false => other.stand_behind_unseen(process, stream.slot(), seq),
    })
}

/// Has a stream that was just opened wait for the copies under way.
///
/// # Errors
/// Those of the link.
pub(super) fn join(process: &Process, opened: &Stream) -> CuResult {
    each_stream(process, &mut |other| opened.stand_behind_unseen(process, other.slot(), other.copied.last()))
}

/// Has the legacy stream answer for the copies of a stream that will be closed: it keeps order with it, and stays.
///
/// # Errors
/// Those of the link.
pub(super) fn leave(process: &Process, closing: &Stream) -> CuResult {
    let (slot, copied) = (closing.slot(), closing.copied.last());
    if copied == 0 || process.link.is_done(slot, copied) {
        return Ok(());
    }
    closing.owner.each_stream(&mut |other| {
        if other.is_legacy() && other.context == closing.context {
            other.stand_behind_unseen(process, slot, copied)?;
            other.copied.note(other.last());
        }
        Ok(())
    })
}

fn each_stream(process: &Process, visit: &mut dyn FnMut(&Stream) -> CuResult) -> CuResult {
    Context::all(process).iter().try_for_each(|context| context.each_stream(visit))
}
