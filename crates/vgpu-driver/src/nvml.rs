//! The host's NVML: clocks, temperatures, power and the like, for guests that ask.

use std::ffi::{CString, c_char, c_uint, c_void};
use std::io;
use std::path::{Path, PathBuf};

use libloading::os::unix::Library;
use vgpu_core::abi::nvml::nvmlReturn_t;
use vgpu_core::reading::{Reading, ReadingReply, Shape, TEXT_BYTES};

use crate::find::{self, NotFound};
use crate::library::{self, Scope};

/// NVML's handle of a device, a number to us.
type Device = *mut c_void;

/// The opened library, and the devices that guests have.
pub struct Nvml {
    library: Library,
    /// By the guest's numbers; null where NVML does not know the device.
    devices: Vec<Device>,
}

// SAFETY: NVML may be called from any thread, and the handles are its to dereference.
unsafe impl Send for Nvml {}
// SAFETY: as above.
unsafe impl Sync for Nvml {}

/// Why NVML says nothing.
#[derive(Debug, thiserror::Error)]
pub enum NvmlError {
    /// No library.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The library that was named is not there.
    #[error("{}: {error}", path.display())]
    NotThere {
        /// The library.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
    /// A library that does not load.
    #[error(transparent)]
    NotLoaded(#[from] libloading::Error),
    /// A library of another kind.
    #[error("{} is no NVML", .0.display())]
    NotNvml(PathBuf),
    /// A library that finds no driver, for instance.
    #[error("{} does not start: NVML's error {code}", path.display())]
    NotStarted {
        /// The library.
        path: PathBuf,
        /// Its `nvmlReturn_t`.
        code: u32,
    },
}

impl Nvml {
    /// Opens NVML for the devices of these UUIDs, as NVML writes them.
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn open(wanted: Option<&Path>, uuids: &[String]) -> Result<Self, NvmlError> {
        let path = match wanted {
            Some(path) => path.canonicalize().map_err(|error| NvmlError::NotThere { path: path.to_owned(), error })?,
            None => find::nvml()?,
        };
        let library = library::open(&path, Scope::Local)?;
        let nvml = Self { library, devices: Vec::new() };
        let init = nvml.function::<unsafe extern "C" fn() -> c_uint>("nvmlInit_v2");
        let Some(init) = init else {
            return Err(NvmlError::NotNvml(path));
        };
        // SAFETY: the public header declares the function so.
        let code = unsafe { init() };
        if code != nvmlReturn_t::NVML_SUCCESS.0 {
            return Err(NvmlError::NotStarted { path, code });
        }
        let devices = uuids.iter().map(|uuid| nvml.find_device(uuid)).collect();
        Ok(Self { devices, ..nvml })
    }

    fn function<F: Copy>(&self, name: &str) -> Option<F> {
        // SAFETY: the callers name functions with the types that the public header declares.
        unsafe { self.library.get::<F>(name.as_bytes()) }.ok().map(|symbol| *symbol)
    }

    fn find_device(&self, uuid: &str) -> Device {
        type Find = unsafe extern "C" fn(*const c_char, *mut Device) -> c_uint;
        let (find, uuid) = (self.function::<Find>("nvmlDeviceGetHandleByUUID"), CString::new(uuid));
        let mut device = std::ptr::null_mut();
        if let (Some(find), Ok(uuid)) = (find, uuid) {
            // SAFETY: the name ends with a NUL, and the second argument leads to a local.
            let code = unsafe { find(uuid.as_ptr(), &raw mut device) };
            if code != nvmlReturn_t::NVML_SUCCESS.0 {
                log::warn!("NVML does not know {uuid:?}: error {code}");
                return std::ptr::null_mut();
            }
        }
        device
    }

    /// What NVML says of one of the devices. What the library has no function for is not supported.
    pub fn read(&self, device: u32, reading: Reading, argument: u32) -> ReadingReply {
        let device = self.devices.get(device as usize).copied().unwrap_or_default();
        let is_known = reading.shape() == Shape::SystemText || !device.is_null();
        let read = || self.call(device, reading, argument);
        if is_known { read().unwrap_or(ReadingReply::NOT_SUPPORTED) } else { ReadingReply::NOT_SUPPORTED }
    }

    fn call(&self, device: Device, reading: Reading, argument: u32) -> Option<ReadingReply> {
        type Number = unsafe extern "C" fn(Device, *mut u32) -> c_uint;
        type NumberOf = unsafe extern "C" fn(Device, c_uint, *mut u32) -> c_uint;
        type Numbers = unsafe extern "C" fn(Device, *mut u32, *mut u32) -> c_uint;
        type Pair = unsafe extern "C" fn(Device, *mut [u32; 2]) -> c_uint;
        type Long = unsafe extern "C" fn(Device, *mut u64) -> c_uint;
        type Text = unsafe extern "C" fn(Device, *mut c_char, c_uint) -> c_uint;
        type SystemText = unsafe extern "C" fn(*mut c_char, c_uint) -> c_uint;
        const ROOM: c_uint = TEXT_BYTES as c_uint;

        let name = reading.function();
        let (mut numbers, mut long, mut text) = ([0; 2], 0, [0_u8; TEXT_BYTES]);
        let [first, second] = &mut numbers;
        // SAFETY: the table says which arguments each function has; pointers lead to locals of that size, and the handle is
        // NVML's own.
        let code = unsafe {
            match reading.shape() {
                Shape::Number => self.function::<Number>(name)?(device, first),
                Shape::NumberOf => self.function::<NumberOf>(name)?(device, argument, first),
                Shape::Numbers => self.function::<Numbers>(name)?(device, first, second),
                Shape::Pair => self.function::<Pair>(name)?(device, &raw mut numbers),
                Shape::Long => self.function::<Long>(name)?(device, &raw mut long),
                Shape::Text => self.function::<Text>(name)?(device, text.as_mut_ptr().cast(), ROOM),
                Shape::SystemText => self.function::<SystemText>(name)?(text.as_mut_ptr().cast(), ROOM),
            }
        };
        if code != nvmlReturn_t::NVML_SUCCESS.0 {
            return Some(ReadingReply::refused(code));
        }
        let values = if reading.shape() == Shape::Long { [long, 0] } else { numbers.map(u64::from) };
        Some(ReadingReply { values, text, ..ReadingReply::refused(code) })
    }
}
