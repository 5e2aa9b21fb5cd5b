//! Words that streams write.

use std::ffi::c_uint;

use crate::call::{Address, Stream, exports};
use crate::state::{Reach, State};
use crate::work::{self, Work};

exports! {
    fn cuStreamWriteValue64_v2(stream: Stream, word: Address, value: u64, flags: c_uint) [state] {
        work::queue(state, stream.0, Work::Word { address: word.0, value })
    }
}

/// Writes a word, which must be registered and not fall.
pub(crate) fn write(state: &mut State, address: u64, value: u64) {
    let is_registered = state.stretch(address).is_some_and(|(_, stretch)| stretch.reach == Reach::Mapped);
    if !is_registered || !address.is_multiple_of(8) {
        return state.offence(format!("a word is written at {}", state.place(address)));
    }
    let word = std::ptr::with_exposed_provenance_mut::<u64>(address as usize);
    // SAFETY: an aligned word of registered memory.
    let word = unsafe { std::sync::atomic::AtomicU64::from_ptr(word) };
    let before = word.swap(value, std::sync::atomic::Ordering::AcqRel);
    if before > value {
        state.offence(format!("the word at {} falls from {before} to {value}", state.place(address)));
    }
}
