//! A guest: asks libcuda.so.1 for its version from many threads at once. Needs no device.
//!
//! usage: `guest-versions THREADS CALLS`

use std::{
    env,
    error::Error,
    ffi::{c_int, c_uint},
    thread,
};

use vgpu_tests::dist;

type GetVersion = unsafe extern "C" fn(*mut c_int) -> c_uint;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u32> = env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let [threads, calls] = numbers[..] else { return Err("usage: guest-versions THREADS CALLS".into()) };
    // SAFETY: the library's constructors do nothing.
    let library = unsafe { libloading::Library::new(dist().join("lib/libcuda.so.1")) }?;
    // SAFETY: the function has this signature.
    let get_version: GetVersion = unsafe { *library.get(b"cuDriverGetVersion\0")? };
    let ask = || {
        let mut version = 0;
        // SAFETY: the pointer is to a local, and the library stays loaded.
        (0..calls).all(|_| unsafe { get_version(&raw mut version) } == 0)
    };
    let all_answered = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().all(|thread| thread.join().is_ok_and(|answered| answered))
    });
    if all_answered { Ok(()) } else { Err("a call failed".into()) }
}
