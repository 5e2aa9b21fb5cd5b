//! A guest whose host function says a word and never returns, while the program waits for its stream.

use std::{error::Error, ffi::c_void, io::Write, ptr, thread, time::Duration};

use libloading::os::unix::Library;
use vgpu_tests::{dist, driver::Driver};

unsafe extern "C" fn stay(_: *mut c_void) {
    println!("called");
    // The line is what the test waits for.
    let _ = std::io::stdout().flush();
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = dist().join("lib/libcuda.so.1");
    let driver = Driver::load(&path)?;
    driver.start()?;
    // SAFETY: loaded already.
    let library = unsafe { Library::new(&path) }?;
    type LaunchHostFunc = unsafe extern "C" fn(*mut c_void, unsafe extern "C" fn(*mut c_void), *mut c_void) -> u32;
    // SAFETY: the signature of the public header.
    let launch: libloading::os::unix::Symbol<LaunchHostFunc> = unsafe { library.get(b"cuLaunchHostFunc\0") }?;
    // SAFETY: the function needs no data.
    assert_eq!(unsafe { launch(ptr::null_mut(), stay, ptr::null_mut()) }, 0);
    driver.synchronize()?;
    Ok(())
}
