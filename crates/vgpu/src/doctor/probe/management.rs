//! What libnvidia-ml says about devices that libcuda has named.

use std::ffi::{CString, OsStr, c_char, c_void};

use serde::{Deserialize, Serialize};

use super::library::{self, Kept, function};
use super::refusal::Refusal;

/// In Ollama's order.
const NAMES: [&str; 2] = ["/usr/lib/wsl/lib/libnvidia-ml.so.1", "libnvidia-ml.so.1"];
const DEVICES_MAX: u32 = 64;

/// What the library says.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct ManagementAnswer {
    pub(crate) driver: String,
    /// The devices that were asked for, in that order.
    pub(crate) devices: Vec<Managed>,
    /// The UUIDs of the devices that it has.
    pub(crate) uuids: Vec<String>,
}

/// One device.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Managed {
    /// What went wrong in asking, if something did.
    pub(crate) error: Option<String>,
    pub(crate) name: String,
    pub(crate) total_bytes: u64,
    pub(crate) free_bytes: u64,
}

#[repr(C)]
#[derive(Default)]
struct Memory {
    total: u64,
    free: u64,
    used: u64,
}

type Plain = unsafe extern "C" fn() -> u32;
type Text = unsafe extern "C" fn(*mut c_char, u32) -> u32;
type Describe = unsafe extern "C" fn(u32) -> *const c_char;
type HandleByUuid = unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> u32;
type HandleByIndex = unsafe extern "C" fn(u32, *mut *mut c_void) -> u32;
type Count = unsafe extern "C" fn(*mut u32) -> u32;
type MemoryInfo = unsafe extern "C" fn(*mut c_void, *mut Memory) -> u32;
type DeviceText = unsafe extern "C" fn(*mut c_void, *mut c_char, u32) -> u32;

/// The driver's version, as Ollama's rules want it.
pub(super) fn driver_version() -> Result<String, Refusal> {
    let library = start()?;
    let version = driver(&library);
    let shutdown = function!(library, b"nvmlShutdown", Plain)?;
    // SAFETY: nvmlShutdown takes nothing, and the library has been started.
    let _ = unsafe { shutdown() };
    version
}

/// Asks for these devices.
pub(super) fn ask(uuids: &[String]) -> Result<ManagementAnswer, Refusal> {
    let library = start()?;
    let by_uuid = function!(library, b"nvmlDeviceGetHandleByUUID", HandleByUuid)?;
    let memory = function!(library, b"nvmlDeviceGetMemoryInfo", MemoryInfo)?;
    let name = function!(library, b"nvmlDeviceGetName", DeviceText)?;
    let shutdown = function!(library, b"nvmlShutdown", Plain)?;
    let mut answer = ManagementAnswer { driver: driver(&library)?, uuids: known(&library), ..Default::default() };
    for uuid in uuids {
        let mut managed = Managed::default();
        let mut handle = std::ptr::null_mut();
        let wanted = CString::new(uuid.as_str()).map_err(|_| Refusal::ZeroWithin("a UUID"))?;
        // SAFETY: a text that ends with a zero, and a pointer to a handle of this frame.
        let code = unsafe { by_uuid(wanted.as_ptr(), &raw mut handle) };
        if code == 0 {
            let mut bytes = Memory::default();
            // SAFETY: the handle is the library's own, and an nvmlMemory_t is three 64-bit numbers.
            let code = unsafe { memory(handle, &raw mut bytes) };
            (managed.total_bytes, managed.free_bytes) = (bytes.total, bytes.free);
            managed.error = check(&library, "nvmlDeviceGetMemoryInfo", code).err().map(|refusal| refusal.to_string());
            let mut text = [0u8; 256];
            // SAFETY: the buffer has 256 bytes, of which the last stays 0.
            let _ = unsafe { name(handle, text.as_mut_ptr().cast(), 255) };
            managed.name = library::text(&text);
        } else {
            managed.error = check(&library, "nvmlDeviceGetHandleByUUID", code).err().map(|refusal| refusal.to_string());
        }
        answer.devices.push(managed);
    }
    // SAFETY: nvmlShutdown takes nothing, and the library has been started.
    let _ = unsafe { shutdown() };
    Ok(answer)
}

fn start() -> Result<Kept, Refusal> {
    let library = library::open(OsStr::new(NAMES[0])).or_else(|_| library::open(OsStr::new(NAMES[1])))?;
    let init = function!(library, b"nvmlInit_v2", Plain)?;
    // SAFETY: nvmlInit_v2 takes nothing.
    check(&library, "nvmlInit_v2", unsafe { init() })?;
    Ok(library)
}

fn driver(library: &Kept) -> Result<String, Refusal> {
    let version = function!(library, b"nvmlSystemGetDriverVersion", Text)?;
    let mut text = [0u8; 128];
    // SAFETY: the buffer has 128 bytes, of which the last stays 0.
    check(library, "nvmlSystemGetDriverVersion", unsafe { version(text.as_mut_ptr().cast(), 127) })?;
    Ok(library::text(&text))
}

/// The devices that the library has; Ollama does not ask, so a library may lack the functions.
fn known(library: &Kept) -> Vec<String> {
    let count = function!(library, b"nvmlDeviceGetCount_v2", Count);
    let by_index = function!(library, b"nvmlDeviceGetHandleByIndex_v2", HandleByIndex);
    let uuid = function!(library, b"nvmlDeviceGetUUID", DeviceText);
    let (Ok(count), Ok(by_index), Ok(uuid)) = (count, by_index, uuid) else { return Vec::new() };
    let mut devices = 0;
    // SAFETY: the pointer is to a number of this frame.
    let _ = unsafe { count(&raw mut devices) };
    let mut all = Vec::new();
    for index in 0..devices.min(DEVICES_MAX) {
        let mut handle = std::ptr::null_mut();
        let mut text = [0u8; 128];
        // SAFETY: the pointer is to a handle of this frame.
        if unsafe { by_index(index, &raw mut handle) } == 0
            // SAFETY: the handle is the library's own; the buffer has 128 bytes, of which the last stays 0.
            && unsafe { uuid(handle, text.as_mut_ptr().cast(), 127) } == 0
        {
            all.push(library::text(&text));
        }
    }
    all
}

/// Whether a function has refused, with the library's own words where it has some.
fn check(library: &Kept, function: &'static str, code: u32) -> Result<(), Refusal> {
    if code == 0 {
        return Ok(());
    }
    let describe = function!(library, b"nvmlErrorString", Describe).ok();
    // SAFETY: nvmlErrorString answers any code with a text that the library keeps.
    let words = describe.map(|describe| unsafe { library::text_at(describe(code)) });
    Err(Refusal::Said { function, code, words })
}
