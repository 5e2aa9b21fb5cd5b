//! What Ollama asks CUDA and its management library itself, besides what the backend asks.

use std::{
    error::Error,
    ffi::{CStr, CString, c_char, c_int, c_uint, c_void},
};

use libloading::os::unix::{Library, Symbol};

/// Of `cudaDeviceProp` in CUDA 12, and where its fields are.
const PROPERTIES_BYTES: usize = 1032;
const UUID: usize = 256;
const MAJOR: usize = 360;
const MINOR: usize = 364;
const INTEGRATED: usize = 396;
const PCI_BUS: usize = 584;
const PCI_DEVICE: usize = 588;
const PCI_DOMAIN: usize = 592;

/// A device as the CUDA runtime describes it.
pub(crate) struct Properties(Vec<u8>);

impl Properties {
    fn number(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes"))
    }

    /// `GPU-` and the UUID.
    pub(crate) fn id(&self) -> String {
        let hex: Vec<String> = self.0[UUID..UUID + 16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "GPU-{}-{}-{}-{}-{}",
            hex[..4].concat(),
            hex[4..6].concat(),
            hex[6..8].concat(),
            hex[8..10].concat(),
            hex[10..].concat()
        )
    }

    pub(crate) fn capability(&self) -> (i32, i32) {
        (self.number(MAJOR), self.number(MINOR))
    }

    pub(crate) fn is_integrated(&self) -> bool {
        self.number(INTEGRATED) != 0
    }

    pub(crate) fn pci_id(&self) -> String {
        let (domain, bus, device) = (self.number(PCI_DOMAIN), self.number(PCI_BUS), self.number(PCI_DEVICE));
        format!("{domain:04x}:{bus:02x}:{device:02x}.0")
    }
}

/// The runtime that the backend has loaded.
pub(crate) struct Runtime(Library);

impl Runtime {
    /// Finds the runtime that is there already; it loads none.
    pub(crate) fn loaded() -> Result<Self, Box<dyn Error>> {
        // SAFETY: a library that is loaded already runs no initialisers.
        let library = unsafe { Library::open(Some("libcudart.so.12"), libc::RTLD_NOW | libc::RTLD_NOLOAD) }?;
        Ok(Self(library))
    }

    pub(crate) fn properties(&self, ordinal: c_int) -> Result<Properties, Box<dyn Error>> {
        let mut bytes = vec![0; PROPERTIES_BYTES];
        // SAFETY: the signature is that of CUDA 12's header.
        let properties: Symbol<unsafe extern "C" fn(*mut u8, c_int) -> c_int> =
            unsafe { self.0.get(b"cudaGetDeviceProperties_v2\0") }?;
        // SAFETY: the buffer has the size of the struct.
        succeeded("cudaGetDeviceProperties_v2", unsafe { properties(bytes.as_mut_ptr(), ordinal) })?;
        Ok(Properties(bytes))
    }

    pub(crate) fn driver_version(&self) -> Result<c_int, Box<dyn Error>> {
        // SAFETY: the signature is that of CUDA 12's header.
        let version: Symbol<unsafe extern "C" fn(*mut c_int) -> c_int> =
            unsafe { self.0.get(b"cudaDriverGetVersion\0") }?;
        let mut value = 0;
        // SAFETY: the pointer is valid for a write.
        succeeded("cudaDriverGetVersion", unsafe { version(&mut value) })?;
        Ok(value)
    }
}

/// One device as the driver describes it.
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) capability: (c_int, c_int),
    pub(crate) is_integrated: bool,
    pub(crate) total_bytes: usize,
    pub(crate) pci_id: String,
}

/// Asks the driver for its version and devices, as `ollama gpu-discover` does.
pub(crate) fn ask_driver() -> Result<(c_int, Vec<Described>), Box<dyn Error>> {
    const MAJOR: c_int = 75;
    const MINOR: c_int = 76;
    const INTEGRATED: c_int = 18;
    let open = |name: &str| {
        // SAFETY: the driver library's initialisers expect nothing of their caller.
        unsafe { Library::open(Some(name), libc::RTLD_NOW | libc::RTLD_LOCAL) }
    };
    let library = open("libcuda.so.1").or_else(|_| open("libcuda.so"))?;
    // SAFETY: these signatures are those of the driver's header.
    let (init, version, count, get, attribute, name, total, pci) = unsafe {
        (
            library.get::<unsafe extern "C" fn(c_uint) -> c_int>(b"cuInit\0")?,
            library.get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"cuDriverGetVersion\0")?,
            library.get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"cuDeviceGetCount\0")?,
            library.get::<unsafe extern "C" fn(*mut c_int, c_int) -> c_int>(b"cuDeviceGet\0")?,
            library.get::<unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int>(b"cuDeviceGetAttribute\0")?,
            library.get::<unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int>(b"cuDeviceGetName\0")?,
            library.get::<unsafe extern "C" fn(*mut usize, c_int) -> c_int>(b"cuDeviceTotalMem_v2\0")?,
            library.get::<unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int>(b"cuDeviceGetPCIBusId\0")?,
        )
    };
    let (mut driver, mut devices) = (0, 0);
    // SAFETY: the pointers are valid for writes.
    unsafe {
        succeeded("cuInit", init(0))?;
        succeeded("cuDriverGetVersion", version(&mut driver))?;
        succeeded("cuDeviceGetCount", count(&mut devices))?;
    }
    let describe = |ordinal| -> Result<Described, Box<dyn Error>> {
        let mut device = 0;
        // SAFETY: the pointer is valid for a write.
        succeeded("cuDeviceGet", unsafe { get(&mut device, ordinal) })?;
        let attribute = |which| -> Result<c_int, Box<dyn Error>> {
            let mut value = 0;
            // SAFETY: the pointer is valid for a write.
            succeeded("cuDeviceGetAttribute", unsafe { attribute(&mut value, which, device) })?;
            Ok(value)
        };
        let mut total_bytes = 0;
        // SAFETY: the pointer is valid for a write.
        succeeded("cuDeviceTotalMem_v2", unsafe { total(&mut total_bytes, device) })?;
        Ok(Described {
            name: filled(|buffer, len| {
                // SAFETY: the buffer has this length.
                succeeded("cuDeviceGetName", unsafe { name(buffer, len, device) })
            })?,
            capability: (attribute(MAJOR)?, attribute(MINOR)?),
            is_integrated: attribute(INTEGRATED)? == 1,
            total_bytes,
            pci_id: filled(|buffer, len| {
                // SAFETY: the buffer has this length.
                succeeded("cuDeviceGetPCIBusId", unsafe { pci(buffer, len, device) })
            })?,
        })
    };
    Ok((driver, (0..devices).map(describe).collect::<Result<_, _>>()?))
}

/// Free and total bytes of the device with this id, as the management library says; `None` where there is none or it fails.
pub(crate) fn managed_memory(id: &str) -> Option<(u64, u64)> {
    let library = management()?;
    let id = CString::new(id).ok()?;
    // SAFETY: these signatures are those of the management library's header.
    let (init, by_uuid, memory, shutdown) = unsafe {
        (
            library.get::<unsafe extern "C" fn() -> c_int>(b"nvmlInit_v2\0").ok()?,
            library
                .get::<unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> c_int>(b"nvmlDeviceGetHandleByUUID\0")
                .ok()?,
            library
                .get::<unsafe extern "C" fn(*mut c_void, *mut [u64; 3]) -> c_int>(b"nvmlDeviceGetMemoryInfo\0")
                .ok()?,
            library.get::<unsafe extern "C" fn() -> c_int>(b"nvmlShutdown\0").ok()?,
        )
    };
    let mut device = std::ptr::null_mut();
    // Total, free, used.
    let mut sizes = [0; 3];
    // SAFETY: the pointers are valid for writes, and the id is a C string.
    let asked = unsafe {
        succeeded("nvmlInit_v2", init())
            .and_then(|()| succeeded("nvmlDeviceGetHandleByUUID", by_uuid(id.as_ptr(), &mut device)))
            .and_then(|()| succeeded("nvmlDeviceGetMemoryInfo", memory(device, &mut sizes)))
    };
    // SAFETY: it may be called at any time.
    unsafe { shutdown() };
    asked.ok().map(|()| (sizes[1], sizes[0]))
}

/// The driver's version as the management library says; `None` where there is none or it fails.
pub(crate) fn managed_driver_version() -> Option<String> {
    let library = management()?;
    // SAFETY: these signatures are those of the management library's header.
    let (init, version, shutdown) = unsafe {
        (
            library.get::<unsafe extern "C" fn() -> c_int>(b"nvmlInit_v2\0").ok()?,
            library.get::<unsafe extern "C" fn(*mut c_char, c_uint) -> c_int>(b"nvmlSystemGetDriverVersion\0").ok()?,
            library.get::<unsafe extern "C" fn() -> c_int>(b"nvmlShutdown\0").ok()?,
        )
    };
    // SAFETY: it may be called at any time.
    succeeded("nvmlInit_v2", unsafe { init() }).ok()?;
    let text = filled(|buffer, len| {
        // SAFETY: the buffer has this length.
        succeeded("nvmlSystemGetDriverVersion", unsafe { version(buffer, len.cast_unsigned()) })
    });
    // SAFETY: it may be called at any time.
    unsafe { shutdown() };
    text.ok()
}

fn management() -> Option<Library> {
    ["/usr/lib/wsl/lib/libnvidia-ml.so.1", "libnvidia-ml.so.1"].iter().find_map(|name| {
        // SAFETY: the management library's initialisers expect nothing of their caller.
        unsafe { Library::open(Some(name), libc::RTLD_LAZY | libc::RTLD_LOCAL) }.ok()
    })
}

/// What a function writes into a buffer of text.
fn filled(fill: impl FnOnce(*mut c_char, c_int) -> Result<(), Box<dyn Error>>) -> Result<String, Box<dyn Error>> {
    const LEN: c_int = 256;
    let mut buffer = [0u8; LEN as usize + 1];
    fill(buffer.as_mut_ptr().cast(), LEN)?;
    Ok(CStr::from_bytes_until_nul(&buffer)?.to_str()?.to_owned())
}

fn succeeded(what: &str, status: c_int) -> Result<(), Box<dyn Error>> {
    if status == 0 { Ok(()) } else { Err(format!("{what} gives {status}").into()) }
}
