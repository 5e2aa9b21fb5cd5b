//! Which fat binaries have been unregistered: flags that are set without a lock and without memory.
//!
//! Programs unregister while they exit, and an exit may begin anywhere: a signal's handler that calls `exit` runs on a
//! thread that may be in the middle of registering, unregistering, or allocating. Whatever such a thread holds, it
//! holds for ever, so unregistering must not ask for it.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// Flags in the first piece; each further piece has twice as many as the one before.
const FIRST_PIECE_FLAGS: usize = 64;
/// Enough for every number that a handle can hold.
const PIECES: usize = 58;

/// One flag for each number that was given out, from 0 up. Pieces are never moved or freed.
pub(crate) struct Unregistered {
    pieces: [AtomicPtr<AtomicBool>; PIECES],
    given_out: AtomicUsize,
}

/// The piece that holds a number's flag, and its place in there.
fn locate(number: usize) -> (usize, usize) {
    let piece = (number / FIRST_PIECE_FLAGS + 1).ilog2() as usize;
    (piece, number - FIRST_PIECE_FLAGS * ((1 << piece) - 1))
}

impl Unregistered {
    pub(crate) const fn new() -> Self {
        Self { pieces: [const { AtomicPtr::new(null_mut()) }; PIECES], given_out: AtomicUsize::new(0) }
    }

    /// Gives out the next number. The caller sees to it that nobody else does meanwhile.
    pub(crate) fn next_number(&self) -> usize {
        let number = self.given_out.load(Ordering::Relaxed);
        let (piece, _) = locate(number);
        if self.pieces[piece].load(Ordering::Relaxed).is_null() {
            let flags: Box<[AtomicBool]> = (0..FIRST_PIECE_FLAGS << piece).map(|_| AtomicBool::new(false)).collect();
            self.pieces[piece].store(Box::leak(flags).as_mut_ptr(), Ordering::Release);
        }
        self.given_out.store(number + 1, Ordering::Release);
        number
    }

    fn flag(&self, number: usize) -> Option<&AtomicBool> {
        if number >= self.given_out.load(Ordering::Acquire) {
            return None;
        }
        let (piece, at) = locate(number);
        let flags = self.pieces[piece].load(Ordering::Acquire);
        // SAFETY: the number was given out, so its piece is there, holds its flag, and stays.
        Some(unsafe { &*flags.add(at) })
    }

    /// Notes that a number's fat binary is unregistered. False if it is already, or the number was not given out.
    pub(crate) fn note(&self, number: usize) -> bool {
        self.flag(number).is_some_and(|flag| !flag.swap(true, Ordering::AcqRel))
    }

    pub(crate) fn contains(&self, number: usize) -> bool {
        self.flag(number).is_some_and(|flag| flag.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_flag_of_its_own() {
        let unregistered = Unregistered::new();
        let numbers: Vec<_> = (0..1000).map(|_| unregistered.next_number()).collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
        for number in (0..1000).step_by(3) {
            assert!(unregistered.note(number));
        }
        assert!((0..1000).all(|number| unregistered.contains(number) == (number % 3 == 0)));
    }

    #[test]
    fn a_number_is_unregistered_once() {
        let unregistered = Unregistered::new();
        let number = unregistered.next_number();
        assert!(unregistered.note(number) && !unregistered.note(number));
    }

    #[test]
    fn a_number_that_was_not_given_out_cannot_be_unregistered() {
        let unregistered = Unregistered::new();
        unregistered.next_number();
        assert!(!unregistered.note(1) && !unregistered.note(usize::MAX / 16));
        assert_eq!(unregistered.next_number(), 1);
        assert!(!unregistered.contains(1));
    }

    #[test]
    fn the_largest_number_of_a_handle_has_a_place() {
        assert!(locate(usize::MAX / 16).0 < PIECES);
    }
}
