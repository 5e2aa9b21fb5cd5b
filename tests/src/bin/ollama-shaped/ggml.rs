//! The C functions of ggml that a program calls to load a backend and list its devices.

use std::{
    error::Error,
    ffi::{CStr, CString, c_char, c_int, c_void},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
};

use libloading::os::unix::{Library, Symbol};

/// A loaded backend; an opaque pointer of ggml's.
pub(crate) type Registration = *mut c_void;
type Device = *mut c_void;

/// ggml's registry functions, in `libggml-base.so`.
pub(crate) struct Ggml {
    dev_count: Symbol<unsafe extern "C" fn(Registration) -> usize>,
    dev_get: Symbol<unsafe extern "C" fn(Registration, usize) -> Device>,
    dev_name: Symbol<unsafe extern "C" fn(Device) -> *const c_char>,
    dev_description: Symbol<unsafe extern "C" fn(Device) -> *const c_char>,
    dev_memory: Symbol<unsafe extern "C" fn(Device, *mut usize, *mut usize)>,
    proc_address: Symbol<unsafe extern "C" fn(Registration, *const c_char) -> *mut c_void>,
    /// Kept open for as long as its functions are called.
    _library: Library,
}

/// One device as ggml names it.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) free_bytes: usize,
    pub(crate) total_bytes: usize,
}

#[repr(C)]
struct Feature {
    name: *const c_char,
    value: *const c_char,
}

impl Ggml {
    /// Opens `libggml-base.so` of the library path.
    pub(crate) fn open() -> Result<Self, Box<dyn Error>> {
        // SAFETY: the library's initialisers are those that every program with a backend of ggml's runs.
        let library = unsafe { Library::open(Some("libggml-base.so"), libc::RTLD_NOW | libc::RTLD_GLOBAL) }?;
        // SAFETY: the signatures are those of the header ggml-backend.h.
        unsafe {
            Ok(Self {
                dev_count: library.get(b"ggml_backend_reg_dev_count\0")?,
                dev_get: library.get(b"ggml_backend_reg_dev_get\0")?,
                dev_name: library.get(b"ggml_backend_dev_name\0")?,
                dev_description: library.get(b"ggml_backend_dev_description\0")?,
                dev_memory: library.get(b"ggml_backend_dev_memory\0")?,
                proc_address: library.get(b"ggml_backend_reg_get_proc_address\0")?,
                _library: library,
            })
        }
    }

    /// The devices of a backend.
    pub(crate) fn devices(&self, registration: Registration) -> Vec<Named> {
        // SAFETY: the registration came from a backend's ggml_backend_init or ggml_backend_load.
        let count = unsafe { (self.dev_count)(registration) };
        let named = |index| {
            // SAFETY: the index is below the count, and devices and their names live as long as the process.
            unsafe {
                let device = (self.dev_get)(registration, index);
                let (mut free_bytes, mut total_bytes) = (0, 0);
                (self.dev_memory)(device, &mut free_bytes, &mut total_bytes);
                Named {
                    name: text((self.dev_name)(device)),
                    description: text((self.dev_description)(device)),
                    free_bytes,
                    total_bytes,
                }
            }
        };
        (0..count).map(named).collect()
    }

    /// The architectures that a CUDA backend says it is compiled for, such as 750 for 7.5; nothing if it does not say.
    pub(crate) fn architectures(&self, registration: Registration) -> Vec<u32> {
        // SAFETY: the registration is a backend's, and the name is a C string.
        let address = unsafe { (self.proc_address)(registration, c"ggml_backend_get_features".as_ptr()) };
        if address.is_null() {
            return Vec::new();
        }
        // SAFETY: under this name backends give out a function of this signature.
        let features: unsafe extern "C" fn(Registration) -> *const Feature = unsafe { std::mem::transmute(address) };
        // SAFETY: as above; the list ends with a feature without a name, and lives as long as the process.
        unsafe {
            let mut feature = features(registration);
            while !(*feature).name.is_null() {
                if text((*feature).name) == "ARCHS" {
                    return text((*feature).value).split(',').filter_map(|arch| arch.parse().ok()).collect();
                }
                feature = feature.add(1);
            }
        }
        Vec::new()
    }
}

/// How well a variant of a backend fits this processor; nothing when it does not say, as CUDA's.
pub(crate) fn score(path: &Path) -> Option<c_int> {
    // SAFETY: a backend's initialisers expect nothing of their caller.
    let library = unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_LOCAL) }.ok()?;
    // SAFETY: under this name backends export a function of this signature.
    let score: Symbol<unsafe extern "C" fn() -> c_int> = unsafe { library.get(b"ggml_backend_score\0") }.ok()?;
    // SAFETY: it may be called at any time.
    Some(unsafe { score() })
}

/// Opens a backend and lets it look for its devices.
pub(crate) fn load(path: &Path) -> Result<Registration, Box<dyn Error>> {
    // SAFETY: a backend's initialisers expect nothing of their caller.
    let library = unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_LOCAL) }?;
    // SAFETY: under this name backends export a function of this signature.
    let init: Symbol<unsafe extern "C" fn() -> Registration> = unsafe { library.get(b"ggml_backend_init\0") }?;
    // SAFETY: it is called once, by this thread.
    let registration = unsafe { init() };
    // Backends stay loaded.
    std::mem::forget(library);
    if registration.is_null() { Err("ggml_backend_init gives nothing".into()) } else { Ok(registration) }
}

/// Loads a backend by way of `libggml.so`, as newer versions do.
pub(crate) fn load_with_ggml(path: &Path) -> Result<Registration, Box<dyn Error>> {
    // SAFETY: the library's initialisers are those that every program of ggml's runs.
    let library = unsafe { Library::open(Some("libggml.so"), libc::RTLD_NOW | libc::RTLD_GLOBAL) }?;
    // SAFETY: the signature is that of the header ggml-backend.h.
    let load: Symbol<unsafe extern "C" fn(*const c_char) -> Registration> =
        unsafe { library.get(b"ggml_backend_load\0") }?;
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is a C string.
    let registration = unsafe { load(path.as_ptr()) };
    std::mem::forget(library);
    // ggml has said on stderr why.
    if registration.is_null() { Err("ggml_backend_load gives nothing".into()) } else { Ok(registration) }
}

/// A C string as text; empty for none.
fn text(string: *const c_char) -> String {
    if ptr::eq(string, ptr::null()) {
        return String::new();
    }
    // SAFETY: ggml's strings end with a zero and live as long as the process.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}
