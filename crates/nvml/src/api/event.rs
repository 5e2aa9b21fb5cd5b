//! Event sets. No device here reports events, so a set can be made and freed, and nothing can be registered in it.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use vgpu_core::abi::nvml::nvmlEventSet_t;
use vgpu_core::ffi::Out;

use crate::error::{NvmlError, NvmlResult};
use crate::session;

/// The sets that were made and not freed, by number. Numbers are not used twice.
static SETS: Mutex<(usize, BTreeSet<usize>)> = Mutex::new((0, BTreeSet::new()));

pub(crate) fn nvmlEventSetCreate(set: Out<nvmlEventSet_t>) -> NvmlResult {
    session::current()?;
    set.write(create());
    Ok(())
}

fn create() -> nvmlEventSet_t {
    let mut sets = SETS.lock();
    sets.0 += 16;
    let number = sets.0;
    sets.1.insert(number);
    std::ptr::without_provenance_mut(number)
}

pub(crate) fn nvmlEventSetFree(set: nvmlEventSet_t) -> NvmlResult {
    session::current()?;
    free(set)
}

fn free(set: nvmlEventSet_t) -> NvmlResult {
    if SETS.lock().1.remove(&(set as usize)) { Ok(()) } else { Err(NvmlError::INVALID_ARGUMENT) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_freed_once() {
        let set = create();
        assert_eq!(free(set), Ok(()));
        assert_eq!(free(set), Err(NvmlError::INVALID_ARGUMENT));
        assert_eq!(free(std::ptr::null_mut()), Err(NvmlError::INVALID_ARGUMENT));
    }
}
