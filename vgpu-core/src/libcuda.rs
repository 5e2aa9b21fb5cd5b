//! Finds libcuda at run time, for the libraries above it: the one already in the process, else the one beside the library that asks, else by name.

use std::ffi::{CStr, OsStr, c_void};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};

/// The name under which every CUDA program knows the driver.
const SONAME: &str = "libcuda.so.1";

/// No libcuda could be opened.
#[derive(Debug)]
pub struct NotOpened {
    /// What was tried, and why it was to no avail.
    tried: Vec<(PathBuf, libloading::Error)>,
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, error)) in self.tried.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            write!(f, "{gap}{}: {error}", path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for NotOpened {}

/// Opens libcuda. It is never closed again: its functions stay in tables and on stacks.
///
/// # Errors
/// When there is none, neither beside the library that asks nor where the loader looks.
pub fn open() -> Result<Library, NotOpened> {
    crate::logging::start();
    // SAFETY: RTLD_NOLOAD runs no code; it only finds a library that is already loaded.
    if let Ok(library) = unsafe { Library::open(Some(SONAME), RTLD_NOW | libc::RTLD_NOLOAD) } {
        return Ok(library);
    }
    let beside = own_folder().map(|folder| folder.join(SONAME)).filter(|path| path.exists());
    let mut tried = Vec::new();
    for (path, scope) in beside.into_iter().map(|path| (path, RTLD_LOCAL)).chain([(PathBuf::from(SONAME), RTLD_GLOBAL)])
    {
        // SAFETY: loading the driver runs its constructors; ours has none, and a program of CUDA asks for this library.
        match unsafe { Library::open(Some(&path), RTLD_NOW | scope) } {
            Ok(library) => return Ok(library),
            Err(error) => tried.push((path, error)),
        }
    }
    Err(NotOpened { tried })
}

/// Where the shared object that holds this code lies.
fn own_folder() -> Option<PathBuf> {
    let mut info = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    // SAFETY: dladdr accepts any address and fills the struct that it is given.
    let found = unsafe { libc::dladdr(own_folder as *const c_void, &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: dladdr succeeded, so the name is a string that lives as long as the object is loaded.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Path::new(OsStr::from_bytes(name.to_bytes())).parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_folder_is_that_of_the_running_binary() {
        let exe = std::env::current_exe().expect("a test has an executable");
        let folder = own_folder().expect("the test binary's name is known").canonicalize().expect("it exists");
        assert_eq!(folder, exe.parent().expect("it lies in a folder").canonicalize().expect("it exists"));
    }
}
