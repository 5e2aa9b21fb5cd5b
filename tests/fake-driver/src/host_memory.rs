//! Memory of the caller's that the device is told of.

use std::ffi::c_uint;

use crate::call::{Host, Out, done, exports};
use crate::state::{INVALID_VALUE, Reach, Stretch};

/// `CU_MEMHOSTREGISTER_DEVICEMAP`.
const DEVICEMAP: c_uint = 2;
/// `CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED` and `..._NOT_REGISTERED`.
const ALREADY_REGISTERED: c_uint = 712;
const NOT_REGISTERED: c_uint = 713;

exports! {
    fn cuMemHostRegister_v2(start: Host, len: usize, flags: c_uint) [state] {
        let context = state.context()?;
        if state.is_named_within(start.address(), len) {
            state.offence("memory is registered twice");
            return Err(ALREADY_REGISTERED);
        }
        let name = format!("registered{}", state.count("registered"));
        let reach = if flags & DEVICEMAP != 0 { Reach::Mapped } else { Reach::Copies };
        state.memory.insert(start.address(), Stretch { name: name.clone(), len, context, reach });
        Ok(name)
    }
    fn cuMemHostUnregister(start: Host) [state] {
        state.context()?;
        if state.memory.get(&start.address()).is_none_or(|stretch| stretch.reach == Reach::Device) {
            state.offence("memory that is not registered is unregistered");
            return Err(NOT_REGISTERED);
        }
        state.memory.remove(&start.address());
        done()
    }
    fn cuMemHostGetDevicePointer_v2(address: Out<u64>, start: Host, flags: c_uint) [state] {
        state.context()?;
        let is_mapped = state.stretch(start.address()).is_some_and(|(_, stretch)| stretch.reach == Reach::Mapped);
        if !is_mapped || flags != 0 {
            return Err(INVALID_VALUE);
        }
        address.put(start.address());
        done()
    }
}
