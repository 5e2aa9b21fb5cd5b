//! The order of copies from the program's memory: one that has returned is over to the program, so all that any stream is given
//! later comes after it.
//!
//! It returns while its bytes are still under way. Streams that keep order with its own need nothing for that; every other one
//! is made to wait for it, and so is one that is opened meanwhile.

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

/// Has a copy from the program's memory, which ends with `seq` on `stream`, come before whatever any stream is given from now on.
///
/// # Errors
/// Those of the link.
#[inline]
pub(super) fn put_before_all(process: &Process, stream: &Stream, seq: Seq) -> CuResult {
    stream.note_host_copy(seq);
    if APART.load(Ordering::SeqCst) > 1 { hold_others_back(process, stream, seq) } else { Ok(()) }
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
        false => other.stand_behind(process, stream.slot(), seq),
    })
}

/// Has a stream that was just opened wait for the copies under way.
///
/// # Errors
/// Those of the link.
pub(super) fn join(process: &Process, opened: &Stream) -> CuResult {
    each_stream(process, &mut |other| opened.stand_behind(process, other.slot(), other.last_host_copy()))
}

/// Has the legacy stream answer for the copies of a stream that will be closed: it keeps order with it, and stays.
///
/// # Errors
/// Those of the link.
pub(super) fn leave(process: &Process, closing: &Stream) -> CuResult {
    let (slot, copied) = (closing.slot(), closing.last_host_copy());
    if copied == 0 || process.link.is_done(slot, copied) {
        return Ok(());
    }
    closing.owner.each_stream(&mut |other| {
        if other.is_legacy() && other.context == closing.context {
            other.stand_behind(process, slot, copied)?;
            other.note_host_copy(other.last());
        }
        Ok(())
    })
}

fn each_stream(process: &Process, visit: &mut dyn FnMut(&Stream) -> CuResult) -> CuResult {
    Context::all(process).iter().try_for_each(|context| context.each_stream(visit))
}
