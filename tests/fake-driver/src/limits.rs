//! What contexts can be asked for: limits, and priorities of streams.

use std::ffi::{c_int, c_uint};

use crate::call::{Out, done, exports};
use crate::state::INVALID_VALUE;

/// `CUDA_ERROR_UNSUPPORTED_LIMIT`.
const UNSUPPORTED_LIMIT: c_uint = 215;
/// Limits of the public header that this device has, and all that there are.
const SUPPORTED: c_uint = 7;
const ALL: c_uint = 11;
/// A context's limits are those until they are set: 1000 and the limit's number.
const DEFAULT: usize = 1000;

/// As a real one has it, lower numbers go first.
const LEAST_PRIORITY: c_int = 0;
const GREATEST_PRIORITY: c_int = -5;

fn check(limit: c_uint) -> Result<(), c_uint> {
    match limit {
        ..SUPPORTED => Ok(()),
        SUPPORTED..ALL => Err(UNSUPPORTED_LIMIT),
        _ => Err(INVALID_VALUE),
    }
}

exports! {
    fn cuCtxGetLimit(value: Out<usize>, limit: c_uint) [state] {
        let context = state.context()?;
        check(limit)?;
        let found = state.limits.get(&(context, limit)).copied().unwrap_or(DEFAULT + limit as usize);
        value.put(found);
        Ok(found.to_string())
    }
    fn cuCtxSetLimit(limit: c_uint, value: usize) [state] {
        let context = state.context()?;
        check(limit)?;
        // A real one gives what it can: this one even numbers.
        state.limits.insert((context, limit), value.next_multiple_of(2));
        done()
    }
    fn cuCtxGetStreamPriorityRange(least: Out<c_int>, greatest: Out<c_int>) [state] {
        state.context()?;
        least.put(LEAST_PRIORITY);
        greatest.put(GREATEST_PRIORITY);
        done()
    }
}
