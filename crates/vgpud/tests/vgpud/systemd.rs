//! Plays systemd: listens for a service, passes it descriptors, hears what it says.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::harness::{Daemon, PROGRAM, SMALL};

/// Passed descriptors start here.
const FIRST: RawFd = 3;

/// A service manager with one service.
pub(crate) struct Systemd {
    folder: PathBuf,
    /// What is passed at the next start, with its name.
    passed: Vec<(String, OwnedFd)>,
    notified: OwnedFd,
}

impl Systemd {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vgpud-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let notified = socket(SocketType::DGRAM);
        rustix::net::bind(&notified, &address(&folder.join("notify"))).expect("a free name");
        let patience = Some(Duration::from_secs(20));
        rustix::net::sockopt::set_socket_timeout(&notified, rustix::net::sockopt::Timeout::Recv, patience)
            .expect("a socket");
        Self { folder, passed: Vec::new(), notified }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Listens, as for a `.socket` unit.
    pub(crate) fn listen(&mut self, name: &str, kind: SocketType) -> PathBuf {
        let path = self.path(name);
        let listener = socket(kind);
        rustix::net::bind(&listener, &address(&path)).expect("a free name");
        rustix::net::listen(&listener, 16).expect("a socket");
        self.pass(name, listener);
        path
    }

    /// Passes something else.
    pub(crate) fn pass(&mut self, name: &str, descriptor: impl Into<OwnedFd>) {
        self.passed.push((name.to_owned(), descriptor.into()));
    }

    /// The command that starts the service.
    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        // The variable holds the number of the process that is to be.
        command.args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\"", PROGRAM]).args(SMALL).args(flags);
        let names: Vec<&str> = self.passed.iter().map(|(name, _)| name.as_str()).collect();
        command
            .env("LISTEN_FDS", names.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            .env("NOTIFY_SOCKET", self.path("notify"))
            .env("TMPDIR", &self.folder)
            .stdin(Stdio::null());
        let passed: Vec<RawFd> = self.passed.iter().map(|(_, descriptor)| descriptor.as_raw_fd()).collect();
        // SAFETY: between fork and exec this makes system calls only.
        unsafe { command.pre_exec(move || put_in_order(&passed)) };
        command
    }

    /// Starts the service.
    pub(crate) fn start(&self, flags: &[&str]) -> Daemon {
        let child = self.command(flags).spawn().expect("a shell");
        Daemon { child, socket: self.path("vgpud.sock"), owns_folder: false }
    }

    /// Runs a service that cannot start, and returns what it said.
    pub(crate) fn fail(&self, flags: &[&str]) -> String {
        let Output { status, stderr, .. } = self.command(flags).output().expect("a shell");
        let said = String::from_utf8_lossy(&stderr).into_owned();
        assert!(!status.success(), "{said}");
        said
    }

    /// The next message of the service.
    pub(crate) fn hear(&self) -> String {
        let mut text = vec![0; 4096];
        let (len_bytes, _) =
            rustix::net::recv(self.notified.as_fd(), &mut text, rustix::net::RecvFlags::empty()).expect("a message");
        text.truncate(len_bytes);
        String::from_utf8(text).expect("text")
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }
}

fn socket(kind: SocketType) -> OwnedFd {
    rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).expect("a socket")
}

fn address(path: &Path) -> SocketAddrUnix {
    SocketAddrUnix::new(path).expect("a short path")
}

/// Gives descriptors the numbers from [`FIRST`] on.
fn put_in_order(descriptors: &[RawFd]) -> io::Result<()> {
    const ASIDE: RawFd = 200;
    for (at, descriptor) in (0..).zip(descriptors) {
        // SAFETY: any numbers may be given; this fails for those that are not open.
        if unsafe { libc::dup2(*descriptor, ASIDE + at) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    for at in 0..descriptors.len() as RawFd {
        // SAFETY: as above.
        unsafe { libc::dup2(ASIDE + at, FIRST + at) };
        // SAFETY: as above.
        unsafe { libc::close(ASIDE + at) };
    }
    Ok(())
}
