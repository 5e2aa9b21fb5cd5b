//! Reusable memory of a worker: grows, never shrinks, starts as zeroes.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// A page: more than any alignment that registers or shared memory ask for.
const ALIGN: usize = 4096;

/// Bytes at a place that changes only when more are asked for.
pub(crate) struct Arena {
    memory: Option<(NonNull<u8>, Layout)>,
}

// SAFETY: an arena owns its memory; nothing about it is bound to a thread.
unsafe impl Send for Arena {}

impl Arena {
    pub(crate) const fn new() -> Self {
        Self { memory: None }
    }

    /// At least `len_bytes` bytes; `None` when there is not so much memory. Contents are kept only if there was enough
    /// room already.
    pub(crate) fn reserve(&mut self, len_bytes: usize) -> Option<*mut u8> {
        let needed_bytes = len_bytes.max(1).checked_next_multiple_of(ALIGN)?.checked_add(ALIGN)?;
        if let Some((memory, layout)) = self.memory
            && layout.size() >= needed_bytes
        {
            return Some(aligned(memory));
        }
        self.release();
        // Aligned here, for only what needs no alignment comes from the system as zeroes that nobody has written: stacks are long, and
        // most of them stays untouched.
        let layout = Layout::from_size_align(needed_bytes, 1).ok()?;
        // SAFETY: the layout is not empty.
        let memory = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        self.memory = Some((memory, layout));
        Some(aligned(memory))
    }

    /// How much memory it has.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.memory.map_or(0, |(_, layout)| (layout.size() - ALIGN) as u64)
    }

    fn release(&mut self) {
        if let Some((memory, layout)) = self.memory.take() {
            // SAFETY: it was allocated with this layout, and nobody else has it.
            unsafe { dealloc(memory.as_ptr(), layout) };
        }
    }
}

/// The first aligned place of memory that is longer than needed.
fn aligned(memory: NonNull<u8>) -> *mut u8 {
    let start = memory.as_ptr();
    start.wrapping_add(start.align_offset(ALIGN))
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.release();
    }
}
