//! An executor of one's own: `vgpud executor`, started as a detached process that ends with its guest.
//!
//! The connection travels as the child's standard input, so that starting it needs no code between fork and exec,
//! which would be unsafe in a stranger's process with threads. The executor detaches itself at once: the program's
//! own `wait` never sees it for long, its terminal's signals do not reach it, and it watches the guest's process.
//! (The parent-death signal would be tied to the thread that happened to initialise CUDA.)
//!
//! Where this library is taken for a driver, whoever does so serves the connection in the process itself.

use std::ffi::{CStr, OsStr, c_void};
use std::io;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use once_cell::sync::OnceCell;

use super::connect_error::ConnectError;
use super::socket::Socket;
use crate::private_table::Serve;

/// The variable that names the executor's program.
const EXECUTOR_VARIABLE: &str = "VGPU_EXECUTOR";
const PROGRAM: &str = "vgpud";

/// Who serves in this process.
static SERVER: OnceCell<Server> = OnceCell::new();

struct Server {
    serve: Serve,
    data: *const c_void,
}

// SAFETY: whoever gave it lets every thread call it.
unsafe impl Send for Server {}
// SAFETY: as above.
unsafe impl Sync for Server {}

/// Has connections served in this process from now on.
///
/// # Safety
/// As [`crate::private_table::PrivateTable::execute_here`] says.
pub unsafe extern "C" fn execute_here(serve: Serve, data: *const c_void) {
    // The first one stays.
    let _ = SERVER.set(Server { serve, data });
}

/// A connection that is served in this process, if anybody does that.
pub(super) fn start_here() -> Option<Result<Socket, ConnectError>> {
    let Server { serve, data } = SERVER.get()?;
    let pair = Socket::pair().map_err(|error| ConnectError::new(format!("no connection within this process: {error}")));
    Some(pair.map(|(ours, theirs)| {
        // SAFETY: who gave the function promised this; the descriptor is passed on.
        unsafe { serve(*data, OwnedFd::from(theirs).into_raw_fd()) };
        ours
    }))
}

/// Starts an executor and returns the connection to it.
pub(super) fn start() -> Result<Socket, ConnectError> {
    let candidates = candidates();
    let mut looked_at = Vec::new();
    for program in &candidates {
        match spawn(program) {
            Ok(socket) => return Ok(socket),
            Err(error) => looked_at.push(format!("{}: {error}", program.display())),
        }
    }
    Err(ConnectError::new(format!(
        "the embedded executor did not start ({}); set {EXECUTOR_VARIABLE} to the path of `{PROGRAM}`",
        looked_at.join("; ")
    )))
}

/// Where the program may be, most explicit first. A name without a slash is looked up in `PATH`.
fn candidates() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os(EXECUTOR_VARIABLE).filter(|path| !path.is_empty()) {
        return vec![path.into()];
    }
    let beside = own_library().and_then(|library| Some(library.parent()?.join("../bin").join(PROGRAM)));
    beside.into_iter().filter(|path| path.exists()).chain([PathBuf::from(PROGRAM)]).collect()
}

/// The file that this code was loaded from, without links on the way.
pub(super) fn own_library() -> Option<PathBuf> {
    // SAFETY: all-zero is a valid value to be filled in.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: any address may be asked about; `info` is writable.
    let found = unsafe { libc::dladdr(start as *const () as *const libc::c_void, &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's name of a loaded object is a NUL-terminated string that lives as long as the object.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Path::new(OsStr::from_bytes(name.to_bytes())).canonicalize().ok()
}

fn spawn(program: &Path) -> io::Result<Socket> {
    let (ours, theirs) = Socket::pair()?;
    let mut child = Command::new(program)
        .args(["executor", "--socket-fd", "0", "--detach"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(duplicate(&io::stdout()))
        .stderr(duplicate(&io::stderr()))
        .spawn()?;
    match child.wait() {
        Ok(status) if !status.success() => Err(io::Error::other(format!("it ended with {status}"))),
        Ok(_) => Ok(ours),
        // A program that ignores SIGCHLD reaps its children unseen; the handshake will tell.
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(ours),
        Err(error) => Err(error),
    }
}

/// The program's own output for the executor's log. A copy, because some programs (Node.js) mark
/// their standard descriptors as not to be inherited.
fn duplicate(stream: &impl AsFd) -> Stdio {
    stream.as_fd().try_clone_to_owned().map_or_else(|_| Stdio::null(), Stdio::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_code_knows_which_file_it_came_from() {
        let own = own_library().expect("this test program");
        assert_eq!(own, std::env::current_exe().expect("this test program").canonicalize().expect("it exists"));
    }

    #[test]
    fn a_program_that_fails_is_named() {
        let error = spawn(Path::new("/bin/false")).expect_err("it fails").to_string();
        assert!(error.contains("exit status"), "{error}");
        assert!(spawn(Path::new("/nonexistent/vgpud")).is_err());
    }
}
