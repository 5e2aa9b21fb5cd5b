//! A guest that looks for its GPU, and does no more. Prints `what<TAB>value` lines: results of initialising each library, and
//! where each says the first device is.
//!
//! usage: `guest-init [forked]`
//!
//! - `forked`: sees no device at first; a child of it, which is told that it may see one, looks instead.

use std::{
    env,
    error::Error,
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    ptr,
};

use libloading::os::unix::Library;
use vgpu_tests::dist;

type Init = unsafe extern "C" fn(c_uint) -> c_uint;
type NvmlInit = unsafe extern "C" fn() -> c_uint;
type Handle = unsafe extern "C" fn(c_uint, *mut *mut c_void) -> c_uint;
type PciInfo = unsafe extern "C" fn(*mut c_void, *mut NvmlPci) -> c_uint;
type HandleAt = unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> c_uint;
type BusId = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_uint;
type AtBusId = unsafe extern "C" fn(*mut c_int, *const c_char) -> c_uint;
type Attribute = unsafe extern "C" fn(*mut c_int, c_uint, c_int) -> c_uint;

/// `nvmlPciInfo_t`.
#[repr(C)]
#[derive(Default)]
struct NvmlPci {
    legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem: c_uint,
    id: [c_char; 32],
}

/// `CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID`, `_BUS_ID` and `_DEVICE_ID`.
const PLACE: [c_uint; 3] = [50, 33, 34];

fn load(name: &str) -> Result<Library, libloading::Error> {
    // SAFETY: the library's constructors do nothing.
    unsafe { Library::open(Some(dist().join("lib").join(name)), libc::RTLD_NOW | libc::RTLD_LOCAL) }
}

/// A function of that C type.
///
/// # Safety
/// `F` is the function's type in the public header.
unsafe fn find<F: Copy>(library: &Library, name: &[u8]) -> Result<F, libloading::Error> {
    // SAFETY: passed on.
    unsafe { library.get::<F>(name) }.map(|found| *found)
}

fn text(chars: &[c_char]) -> String {
    chars.iter().take_while(|char| **char != 0).map(|char| char::from(char.cast_unsigned())).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let driver = load("libcuda.so.1")?;
    // SAFETY: as in the header, here and below.
    let init: Init = unsafe { find(&driver, b"cuInit\0") }?;
    if env::args().nth(1).as_deref() == Some("forked") {
        return forked(init);
    }
    let mut result = 0;
    for _ in 0..3 {
        // SAFETY: takes a number.
        result = unsafe { init(0) };
        println!("cuInit\t{result}");
    }
    let nvml = load("libnvidia-ml.so.1")?;
    // SAFETY: as above.
    let nvml_init: NvmlInit = unsafe { find(&nvml, b"nvmlInit_v2\0") }?;
    // SAFETY: takes nothing.
    let nvml_result = unsafe { nvml_init() };
    println!("nvmlInit\t{nvml_result}");
    if (result, nvml_result) == (0, 0) {
        places(&driver, &load("libcudart.so.12")?, &nvml)?;
    }
    Ok(())
}

fn forked(init: Init) -> Result<(), Box<dyn Error>> {
    // SAFETY: this process has one thread.
    unsafe { env::set_var("CUDA_VISIBLE_DEVICES", "-1") };
    // SAFETY: takes a number.
    println!("hidden\t{}", unsafe { init(0) });
    // SAFETY: as above.
    let child = unsafe { libc::fork() };
    // SAFETY: as above.
    unsafe { env::remove_var("CUDA_VISIBLE_DEVICES") };
    if child == 0 {
        // SAFETY: takes a number.
        println!("child\t{}", unsafe { init(0) });
        return Ok(());
    }
    // SAFETY: the child is this process's, and its status is not wanted.
    unsafe { libc::waitpid(child, ptr::null_mut(), 0) };
    // SAFETY: takes a number.
    println!("parent\t{}", unsafe { init(0) });
    Ok(())
}

/// Where the first device is, by every function that says so; and whether it is found there.
fn places(driver: &Library, runtime: &Library, nvml: &Library) -> Result<(), Box<dyn Error>> {
    let check = |call: &str, code: c_uint| if code == 0 { Ok(()) } else { Err(format!("{call}: {code}")) };
    // SAFETY: as in the header, here and below.
    let attribute: Attribute = unsafe { find(driver, b"cuDeviceGetAttribute\0") }?;
    let mut numbers = [0; 3];
    for (number, wanted) in numbers.iter_mut().zip(PLACE) {
        // SAFETY: the slot is a local.
        check("cuDeviceGetAttribute", unsafe { attribute(number, wanted, 0) })?;
    }
    println!("attributes\t{numbers:x?}");
    for (library, bus_id, at_bus_id) in [
        (driver, &b"cuDeviceGetPCIBusId\0"[..], &b"cuDeviceGetByPCIBusId\0"[..]),
        (runtime, b"cudaDeviceGetPCIBusId\0", b"cudaDeviceGetByPCIBusId\0"),
    ] {
        let name = CStr::from_bytes_with_nul(bus_id)?.to_string_lossy();
        // SAFETY: as above.
        let (bus_id, at_bus_id): (BusId, AtBusId) = unsafe { (find(library, bus_id)?, find(library, at_bus_id)?) };
        let (mut id, mut device) = ([0; 32], -1);
        // SAFETY: the buffer is as long as is said.
        check(&name, unsafe { bus_id(id.as_mut_ptr(), 32, 0) })?;
        // SAFETY: the text is terminated, the slot a local.
        check("ByPCIBusId", unsafe { at_bus_id(&raw mut device, id.as_ptr()) })?;
        println!("{name}\t{} {device}", text(&id));
    }
    // SAFETY: as above.
    let handle: Handle = unsafe { find(nvml, b"nvmlDeviceGetHandleByIndex_v2\0") }?;
    // SAFETY: as above.
    let pci_info: PciInfo = unsafe { find(nvml, b"nvmlDeviceGetPciInfo_v3\0") }?;
    // SAFETY: as above.
    let handle_at: HandleAt = unsafe { find(nvml, b"nvmlDeviceGetHandleByPciBusId_v2\0") }?;
    let (mut first, mut found, mut info) = (ptr::null_mut(), ptr::null_mut(), NvmlPci::default());
    // SAFETY: the slot is a local.
    check("nvmlDeviceGetHandleByIndex", unsafe { handle(0, &raw mut first) })?;
    // SAFETY: as above.
    check("nvmlDeviceGetPciInfo", unsafe { pci_info(first, &raw mut info) })?;
    // SAFETY: the text is terminated, the slot a local.
    check("nvmlDeviceGetHandleByPciBusId", unsafe { handle_at(info.id.as_ptr(), &raw mut found) })?;
    let numbers = [info.domain, info.bus, info.device];
    println!("nvmlDeviceGetPciInfo\t{} {} {numbers:x?} {}", text(&info.id), text(&info.legacy), found == first);
    Ok(())
}
