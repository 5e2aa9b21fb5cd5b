//! The launch configurations that `<<<...>>>` pushes and the compiler's host stub pops, one stack per thread.

use std::cell::RefCell;

use vgpu_core::abi::runtime::{cudaStream_t, dim3};

use crate::error::{RtError, RtResult};

/// What stands between the triple brackets.
#[derive(Clone, Copy)]
pub(crate) struct CallConfiguration {
    pub(crate) grid: dim3,
    pub(crate) block: dim3,
    pub(crate) shared_bytes: usize,
    pub(crate) stream: cudaStream_t,
}

/// More than any program nests launches in the arguments of launches.
const DEPTH_MAX: usize = 1024;

thread_local! {
    static STACK: RefCell<Vec<CallConfiguration>> = const { RefCell::new(Vec::new()) };
}

/// Pushes the configuration of the launch that follows.
///
/// # Errors
/// `MISSING_CONFIGURATION`: the stack is full of configurations that nobody popped, or the thread is ending.
pub(crate) fn push(configuration: CallConfiguration) -> RtResult {
    let pushed = STACK.try_with(|stack| {
        let mut stack = stack.borrow_mut();
        let fits = stack.len() < DEPTH_MAX;
        if fits {
            stack.push(configuration);
        }
        fits
    });
    if pushed == Ok(true) { Ok(()) } else { Err(RtError::MISSING_CONFIGURATION) }
}

/// Pops the latest configuration.
///
/// # Errors
/// `MISSING_CONFIGURATION`: there is none.
pub(crate) fn pop() -> RtResult<CallConfiguration> {
    STACK.try_with(|stack| stack.borrow_mut().pop()).ok().flatten().ok_or(RtError::MISSING_CONFIGURATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(blocks: u32) -> CallConfiguration {
        let one = dim3 { x: 1, y: 1, z: 1 };
        CallConfiguration { grid: dim3 { x: blocks, ..one }, block: one, shared_bytes: 0, stream: std::ptr::null_mut() }
    }

    #[test]
    fn a_launch_in_the_arguments_of_a_launch_pops_its_own_configuration() {
        push(configuration(1)).expect("there is room");
        push(configuration(2)).expect("there is room");
        assert_eq!(pop().expect("pushed").grid.x, 2);
        assert_eq!(pop().expect("pushed").grid.x, 1);
    }

    #[test]
    fn popping_nothing_is_a_missing_configuration() {
        assert_eq!(pop().map(|found| found.grid.x), Err(RtError::MISSING_CONFIGURATION));
    }

    #[test]
    fn a_program_that_never_pops_is_stopped() {
        for _ in 0..DEPTH_MAX {
            push(configuration(1)).expect("there is room");
        }
        assert_eq!(push(configuration(1)), Err(RtError::MISSING_CONFIGURATION));
    }
}
