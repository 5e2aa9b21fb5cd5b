//! Whether a record is done, as far as the program can tell.
//!
//! A stream's completion word may be written a little later than that of another stream which has waited for it. Whoever has seen
//! the other one go on shall not be told that this one is not there yet.

use vgpu_core::wire::{Seq, StreamSlot};

use super::context::Context;
use super::process::Process;

/// A record, by its stream and its number. No two have the same number.
type Record = (StreamSlot, Seq);

/// Whether a record is done.
#[inline]
pub(super) fn is_reached(process: &Process, stream: StreamSlot, seq: Seq) -> bool {
    let is_done = |(stream, seq): Record| process.link.is_done(stream, seq);
    is_done((stream, seq)) || is_behind((stream, seq), is_done, |record| those_that_wait_for(process, record))
}

/// Whether a record is done that has waited for this one, or for one that has.
#[cold]
fn is_behind(record: Record, is_done: impl Fn(Record) -> bool, waiting: impl Fn(Record) -> Vec<Record>) -> bool {
    let (mut open, mut seen) = (vec![record], Vec::new());
    while let Some(record) = open.pop() {
        if is_done(record) {
            return true;
        }
        if !seen.contains(&record) {
            seen.push(record);
            open.extend(waiting(record));
        }
    }
    false
}

fn those_that_wait_for(process: &Process, (stream, seq): Record) -> Vec<Record> {
    let mut waiting = Vec::new();
    for context in Context::all(process) {
        let seen = context.each_stream(&mut |other| {
            waiting.extend(other.tail.waits_for(stream, seq).into_iter().map(|seq| (other.slot(), seq)));
            Ok(())
        });
        debug_assert!(seen.is_ok(), "the visit cannot fail");
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stream 2 waits for 10 of stream 1 with 20, and stream 3 for that with 30; 40 waits for both, and 41 for 40.
    fn waiting((stream, seq): Record) -> Vec<Record> {
        let waits =
            [((2, 20), (1, 10)), ((3, 30), (2, 20)), ((4, 40), (1, 10)), ((4, 40), (3, 30)), ((1, 41), (4, 40))];
        waits.into_iter().filter(|(_, of)| *of == (stream, seq)).map(|(record, _)| record).collect()
    }

    #[test]
    fn a_record_is_reached_once_something_is_that_has_waited_for_it() {
        let is_behind = |record, done: Record| is_behind(record, |record| record == done, waiting);
        assert!(is_behind((1, 10), (2, 20)));
        assert!(is_behind((1, 10), (1, 41)));
        assert!(is_behind((2, 20), (3, 30)));
        assert!(!is_behind((3, 30), (2, 20)));
        assert!(!is_behind((1, 10), (5, 50)));
    }
}
