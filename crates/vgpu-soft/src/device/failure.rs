//! Why work failed at execution, and how a panic becomes that.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vgpu_core::CuError;

/// The code that the guest gets, and what happened.
pub(super) type Failure = (CuError, String);

/// Runs a body so that a panic in it becomes a failure, which says what it was that was run.
pub(super) fn contained(
    what: impl FnOnce() -> String,
    body: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|panic| Err((CuError::UNKNOWN, describe_panic(&what(), &*panic))))
}

fn describe_panic(what: &str, panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("internal error in {what} ({}); this is a bug in vgpu", text.unwrap_or("a panic without a text"))
}
