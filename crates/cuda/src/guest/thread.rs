//! What belongs to one thread: its context stack and its own default streams.
//!
//! The current context has no destructor, so it works while a thread or the process ends
//! (C++ destructors run CUDA calls then). The rest does have one, which leaves the thread's streams to the others.
//!
//! `exit` runs the destructors of the thread that calls it, and that may be a signal's handler on a thread that was
//! anywhere in this library. So a destructor must not close streams itself: that takes locks.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use vgpu_core::{CuError, CuResult};

use super::context::Context;
use super::stream::Stream;

thread_local! {
    static CURRENT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    static OWN: Own = const {
        Own { below: ManuallyDrop::new(RefCell::new(Vec::new())), streams: ManuallyDrop::new(RefCell::new(None)) }
    };
}

/// What is being changed when an exit comes between is left as it is.
struct Own {
    /// The context stack under the current one; `None` is the empty bottom that `cuCtxSetCurrent` filled.
    below: ManuallyDrop<RefCell<Vec<Option<&'static Context>>>>,
    /// This thread's default streams, from its first on.
    streams: ManuallyDrop<RefCell<Option<Box<DefaultStreams>>>>,
}

/// A thread's default stream in each context, by the context's wire number.
struct DefaultStreams {
    by_context: Vec<(u32, Arc<Stream>)>,
    /// The thread that ended before, once this one has.
    next: *mut DefaultStreams,
}

/// What ended threads have left: a list that is pushed to by one thread at a time and taken as a whole.
static LEFT: AtomicPtr<DefaultStreams> = AtomicPtr::new(null_mut());

impl Drop for Own {
    fn drop(&mut self) {
        if let Ok(mut below) = self.below.try_borrow_mut() {
            drop(std::mem::take(&mut *below));
        }
        let Some(streams) = self.streams.try_borrow_mut().ok().and_then(|mut streams| streams.take()) else {
            return;
        };
        let streams = Box::into_raw(streams);
        let mut head = LEFT.load(Ordering::Relaxed);
        loop {
            // SAFETY: nobody else has the pointer before it is in the list.
            unsafe { (*streams).next = head };
            match LEFT.compare_exchange_weak(head, streams, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

/// Calls `visit` with the streams of threads that have ended, once with each.
pub(super) fn each_left(mut visit: impl FnMut(&Stream)) {
    if LEFT.load(Ordering::Relaxed).is_null() {
        return;
    }
    let mut left = LEFT.swap(null_mut(), Ordering::Acquire);
    while !left.is_null() {
        // SAFETY: an ended thread has let go of it, and the swap has given the whole list to this call.
        let streams = unsafe { Box::from_raw(left) };
        for (_, stream) in &streams.by_context {
            visit(stream);
        }
        left = streams.next;
    }
}

/// The thread's current context, dead or alive.
#[inline]
pub(crate) fn current() -> Option<&'static Context> {
    CURRENT.get()
}

/// Replaces the top of the context stack; `None` pops it.
pub(crate) fn set_current(context: Option<&'static Context>) {
    match context {
        Some(_) => CURRENT.set(context),
        None => drop(pop()),
    }
}

/// Puts a context on top of the stack.
///
/// # Errors
/// `DEINITIALIZED` while the thread ends.
pub(crate) fn push(context: &'static Context) -> CuResult {
    if let Some(before) = CURRENT.get() {
        OWN.try_with(|own| own.below.borrow_mut().push(Some(before))).map_err(|_| CuError::DEINITIALIZED)?;
    }
    CURRENT.set(Some(context));
    Ok(())
}

/// Takes the top off the stack.
pub(crate) fn pop() -> Option<&'static Context> {
    let below = OWN.try_with(|own| own.below.borrow_mut().pop()).ok().flatten().flatten();
    CURRENT.replace(below)
}

/// This thread's default stream in the live context of that number, made by `make` at first use. `None` while the
/// thread ends: its streams are gone then.
///
/// # Errors
/// Those of `make`.
pub(crate) fn default_stream(
    context: u32,
    make: impl FnOnce() -> CuResult<Arc<Stream>>,
) -> CuResult<Option<Arc<Stream>>> {
    OWN.try_with(|own| {
        let known = own.streams.borrow().as_ref().and_then(|streams| {
            streams.by_context.iter().find(|(number, _)| *number == context).map(|(_, stream)| stream.clone())
        });
        if let Some(stream) = known {
            return Ok(Some(stream));
        }
        let stream = make()?;
        let mut streams = own.streams.borrow_mut();
        let streams =
            streams.get_or_insert_with(|| Box::new(DefaultStreams { by_context: Vec::new(), next: null_mut() }));
        streams.by_context.retain(|(_, stream)| !stream.is_closed());
        streams.by_context.push((context, stream.clone()));
        Ok(Some(stream))
    })
    .unwrap_or(Ok(None))
}
