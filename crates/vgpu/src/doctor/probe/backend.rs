//! What llama.cpp's backends say about their devices, opened as Ollama's own processes open them.
//!
//! Source: llama.cpp's public header ggml-backend.h. Of structs whose layout differs between Ollama's copies of it, only
//! what all have alike is read.

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use libloading::os::unix::{RTLD_GLOBAL, RTLD_NOW};
use serde::{Deserialize, Serialize};

use super::device::{self, DRIVER, Device};
use super::library::{self, Kept, function};
use super::management;
use super::refusal::Refusal;

const DEVICES_MAX: usize = 64;
const FEATURES_MAX: usize = 100;
/// Longer than any version's `ggml_backend_dev_props`.
const PROPERTIES_WORDS: usize = 128;

/// What the backends say.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct BackendAnswer {
    pub(crate) devices: Vec<BackendDevice>,
    /// The list that the backend calls ARCHS: capabilities as 100 × major + 10 × minor.
    pub(crate) architectures: Option<String>,
    /// As libcuda has it: 1000 × major + 10 × minor.
    pub(crate) driver_version: i32,
    /// The driver's version as libnvidia-ml has it, or what went wrong in asking.
    pub(crate) driver: Option<Result<String, String>>,
}

/// One device.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct BackendDevice {
    /// ggml's, such as CUDA0.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) free_bytes: u64,
    pub(crate) total_bytes: u64,
    /// What libcuda says about the device of the same number.
    pub(crate) driver: Device,
}

/// What to open.
pub(super) struct Order<'a> {
    /// Libraries that everything sees, first.
    pub(super) globals: &'a [PathBuf],
    pub(super) backends: &'a [PathBuf],
    /// Whether to ask libnvidia-ml for the driver's version.
    pub(super) driver_too: bool,
}

type Init = unsafe extern "C" fn() -> *mut c_void;
type Load = unsafe extern "C" fn(*const c_char) -> *mut c_void;
type Count = unsafe extern "C" fn(*mut c_void) -> usize;
type Get = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Text = unsafe extern "C" fn(*mut c_void) -> *const c_char;
type Memory = unsafe extern "C" fn(*mut c_void, *mut usize, *mut usize);
type Properties = unsafe extern "C" fn(*mut c_void, *mut [u64; PROPERTIES_WORDS]);
type ProcAddress = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;
type Features = unsafe extern "C" fn(*mut c_void) -> *const Feature;
type Score = unsafe extern "C" fn() -> c_int;

#[repr(C)]
struct Feature {
    name: *const c_char,
    value: *const c_char,
}

/// Opens all of them and asks. `step` is told what comes next, for the case that it is the last.
pub(super) fn ask(order: &Order<'_>, step: &dyn Fn(&str)) -> Result<BackendAnswer, Refusal> {
    let mut globals = Vec::new();
    for path in order.globals {
        step(&format!("opening {}", path.display()));
        globals.push(library::open_as(path.as_os_str(), RTLD_NOW | RTLD_GLOBAL)?);
    }
    let mut answer = BackendAnswer::default();
    let mut devices = Vec::new();
    for path in order.backends {
        let loader = globals.iter().find(|library| library::has(library, "ggml_backend_load"));
        let registry = match loader {
            Some(loader) => load(loader, path, step)?,
            None => {
                let (registry, library) = open(path, step)?;
                globals.push(library);
                registry
            }
        };
        // A library shows what it has brought as well: libggml-base, for a backend.
        let base = globals.iter().find(|library| library::has(library, "ggml_backend_reg_dev_count"));
        let base = base.ok_or(Refusal::NotOfGgml)?;
        devices.extend(devices_of(registry, base, &mut answer, step)?);
    }
    step("asking libcuda.so.1");
    let driver = library::open(OsStr::new(DRIVER)).and_then(|driver| device::ask_driver(&driver));
    if let Ok(driver) = driver {
        answer.driver_version = driver.driver_version;
        // One backend counts as libcuda does; a second one counts the same devices again.
        let per_backend = driver.devices.len().max(1);
        for (number, device) in devices.iter_mut().enumerate() {
            device.driver = driver.devices.get(number % per_backend).cloned().unwrap_or_default();
        }
    }
    if order.driver_too {
        step("asking libnvidia-ml.so.1");
        answer.driver = Some(management::driver_version().map_err(|refusal| refusal.to_string()));
    }
    answer.devices = devices;
    Ok(answer)
}

/// Lets ggml load the backend, which says on stderr what hinders it.
fn load(loader: &Kept, path: &std::path::Path, step: &dyn Fn(&str)) -> Result<*mut c_void, Refusal> {
    let load = function!(loader, b"ggml_backend_load", Load)?;
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| Refusal::ZeroWithin("a path"))?;
    step(&format!("ggml_backend_load of {}", path.display()));
    // SAFETY: a text that ends with a zero.
    let registry = unsafe { load(name.as_ptr()) };
    if registry.is_null() {
        // ggml says why on stderr; that the loader refuses the library is worth a word of its own.
        library::open(path.as_os_str())?;
        return Err(Refusal::NotTaken(path.to_owned()));
    }
    Ok(registry)
}

/// Opens the backend as ggml's loader does.
fn open(path: &std::path::Path, step: &dyn Fn(&str)) -> Result<(*mut c_void, Kept), Refusal> {
    step(&format!("opening {}", path.display()));
    let library = library::open(path.as_os_str())?;
    if let Ok(score) = function!(library, b"ggml_backend_score", Score) {
        step("ggml_backend_score");
        // SAFETY: the function takes nothing.
        if unsafe { score() } == 0 {
            return Err(Refusal::Unsuited);
        }
    }
    let init = function!(library, b"ggml_backend_init", Init)?;
    step("ggml_backend_init");
    // SAFETY: the function takes nothing.
    let registry = unsafe { init() };
    if registry.is_null() {
        return Err(Refusal::NoBackend);
    }
    Ok((registry, library))
}

fn devices_of(
    registry: *mut c_void,
    library: &Kept,
    answer: &mut BackendAnswer,
    step: &dyn Fn(&str),
) -> Result<Vec<BackendDevice>, Refusal> {
    let count = function!(library, b"ggml_backend_reg_dev_count", Count)?;
    let get = function!(library, b"ggml_backend_reg_dev_get", Get)?;
    let name = function!(library, b"ggml_backend_dev_name", Text)?;
    let description = function!(library, b"ggml_backend_dev_description", Text)?;
    let properties = function!(library, b"ggml_backend_dev_get_props", Properties)?;
    let memory = function!(library, b"ggml_backend_dev_memory", Memory)?;
    step("counting its devices");
    // SAFETY: the registry is the backend's own.
    let count = unsafe { count(registry) }.min(DEVICES_MAX);
    if let Some(architectures) = architectures(registry, library) {
        answer.architectures = Some(architectures);
    }
    let mut devices = Vec::new();
    for index in 0..count {
        step(&format!("asking for its device {index}"));
        // SAFETY: the index is below the count.
        let device = unsafe { get(registry, index) };
        if device.is_null() {
            return Err(Refusal::NoDevice { index, count });
        }
        // SAFETY: the device is the backend's own, and its name is a text that it keeps.
        let name = unsafe { library::text_at(name(device)) };
        // SAFETY: as above.
        let description = unsafe { library::text_at(description(device)) };
        step(&format!("asking {name} for its properties"));
        let mut words = [0; PROPERTIES_WORDS];
        // SAFETY: the struct is shorter than this in every version. What it holds is asked otherwise.
        unsafe { properties(device, &raw mut words) };
        step(&format!("asking {name} for its memory"));
        let (mut free, mut total) = (0, 0);
        // SAFETY: the pointers are to numbers of this frame.
        unsafe { memory(device, &raw mut free, &raw mut total) };
        let (free_bytes, total_bytes) = (free as u64, total as u64);
        devices.push(BackendDevice { name, description, free_bytes, total_bytes, driver: Device::default() });
    }
    Ok(devices)
}

/// The backend's own list of what it was compiled for, if it has one.
fn architectures(registry: *mut c_void, library: &Kept) -> Option<String> {
    const FUNCTION: &CStr = c"ggml_backend_get_features";
    let address = function!(library, b"ggml_backend_reg_get_proc_address", ProcAddress).ok()?;
    // SAFETY: the registry is the backend's own, and the name ends with a zero.
    let features = unsafe { address(registry, FUNCTION.as_ptr()) };
    if features.is_null() {
        return None;
    }
    // SAFETY: the header gives the function of this name this signature.
    let features: Features = unsafe { std::mem::transmute::<*mut c_void, Features>(features) };
    // SAFETY: the registry is the backend's own.
    let mut feature = unsafe { features(registry) };
    for _ in 0..FEATURES_MAX {
        if feature.is_null() {
            return None;
        }
        // SAFETY: the list ends with an entry without a name, which has not come yet.
        let Feature { name, value } = unsafe { feature.read() };
        if name.is_null() {
            return None;
        }
        // SAFETY: names and values are texts that the backend keeps.
        let (name, value) = unsafe { (library::text_at(name), library::text_at(value)) };
        if name == "ARCHS" {
            return Some(value);
        }
        // SAFETY: as above.
        feature = unsafe { feature.add(1) };
    }
    None
}
