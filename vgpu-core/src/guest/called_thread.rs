//! Which thread of this process the executor calls.

use std::cell::Cell;

thread_local! {
    static IS_CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Has this thread be the one that is called: work may wait for it, so it must not wait for work.
pub fn be_called() {
    IS_CALLED.set(true);
}

/// Whether this thread is the one that is called.
pub(super) fn is_called() -> bool {
    IS_CALLED.get()
}
