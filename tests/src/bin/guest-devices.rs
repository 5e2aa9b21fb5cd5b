//! A guest: prints the UUID of each device that it sees, in order.

use std::{error::Error, ffi::c_int};

use libloading::os::unix::Library;
use vgpu_core::reading::uuid_text;
use vgpu_tests::dist;

type Init = unsafe extern "C" fn(u32) -> u32;
type Count = unsafe extern "C" fn(*mut c_int) -> u32;
type Uuid = unsafe extern "C" fn(*mut [u8; 16], c_int) -> u32;

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: the library's constructors do nothing.
    let libcuda = unsafe { Library::new(dist().join("lib/libcuda.so.1")) }?;
    let (mut count, mut uuid) = (0, [0; 16]);
    // SAFETY: the public header declares these functions so.
    let (init, count_devices, uuid_of) = unsafe {
        (
            *libcuda.get::<Init>(b"cuInit\0")?,
            *libcuda.get::<Count>(b"cuDeviceGetCount\0")?,
            *libcuda.get::<Uuid>(b"cuDeviceGetUuid_v2\0")?,
        )
    };
    // SAFETY: pointers are to locals.
    let codes = unsafe { [init(0), count_devices(&raw mut count)] };
    assert_eq!(codes, [0; 2]);
    for device in 0..count {
        // SAFETY: as above.
        assert_eq!(unsafe { uuid_of(&raw mut uuid, device) }, 0);
        println!("{}", uuid_text(uuid));
    }
    Ok(())
}
