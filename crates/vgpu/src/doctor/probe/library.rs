//! Libraries as a child process opens them: for good, and with what they say about a refusal.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::mem::ManuallyDrop;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::refusal::Refusal;

/// A library that stays: what is mapped is asked later, and closing would run more of its code.
pub(super) type Kept = ManuallyDrop<Library>;

/// Opens a library as a backend is opened: bound at once, seen by nobody else.
pub(super) fn open(name: &OsStr) -> Result<Kept, Refusal> {
    open_as(name, RTLD_NOW | RTLD_LOCAL)
}

/// Opens a library with other flags of dlopen.
pub(super) fn open_as(name: &OsStr, flags: c_int) -> Result<Kept, Refusal> {
    // SAFETY: this process was started to run the library's constructors and has nothing that they could spoil.
    unsafe { Library::open(Some(name), flags) }.map(ManuallyDrop::new).map_err(|error| {
        Refusal::NotOpened(match error {
            libloading::Error::DlOpen { desc } => {
                let text = format!("{desc:?}");
                text.trim_matches('"').to_owned()
            }
            error => error.to_string(),
        })
    })
}

/// A function of a library, or which one is missing.
macro_rules! function {
    ($library:expr, $name:literal, $type:ty) => {{
        // SAFETY: the library's header gives the function this signature.
        let found = unsafe { $library.get::<$type>($name) };
        found.map_err(|_| Refusal::Missing(String::from_utf8_lossy($name).into_owned()))
    }};
}
pub(super) use function;

/// Whether a library has a function of this name.
pub(super) fn has(library: &Library, name: &str) -> bool {
    // SAFETY: the address is not used.
    unsafe { library.get::<*const ()>(name.as_bytes()) }.is_ok()
}

/// Text of a buffer that a library has filled.
pub(super) fn text(buffer: &[u8]) -> String {
    CStr::from_bytes_until_nul(buffer).unwrap_or_default().to_string_lossy().into_owned()
}

/// Longer texts are cut.
const TEXT_MAX_BYTES: usize = 500;

/// A text that a library keeps; none is empty.
///
/// # Safety
/// `start` is null or leads to a text that ends with a zero.
pub(super) unsafe fn text_at(start: *const c_char) -> String {
    let mut bytes = Vec::new();
    while !start.is_null() && bytes.len() < TEXT_MAX_BYTES {
        // SAFETY: no byte so far was the zero that ends the text.
        let byte = unsafe { *start.add(bytes.len()) }.cast_unsigned();
        if byte == 0 {
            break;
        }
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
