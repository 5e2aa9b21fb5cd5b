//! Plays systemd: listens for a service, passes it descriptors, hears what it says, keeps what it is given.

use std::cell::RefCell;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix, SocketFlags, SocketType,
    recvmsg,
};

use crate::harness::{Daemon, PROGRAM, SMALL};

/// Passed descriptors start here.
const FIRST: RawFd = 3;

/// A service manager with one service.
pub(crate) struct Systemd {
    folder: PathBuf,
    /// What is passed at the next start, with its name.
    passed: Vec<(String, OwnedFd)>,
    /// What the service has given away to be kept.
    kept: RefCell<Vec<(String, OwnedFd)>>,
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
        Self { folder, passed: Vec::new(), kept: RefCell::default(), notified }
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
        let kept = self.kept.borrow();
        let all = || self.passed.iter().chain(&*kept);
        let names: Vec<&str> = all().map(|(name, _)| name.as_str()).collect();
        command
            .env("LISTEN_FDS", names.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            .env("NOTIFY_SOCKET", self.path("notify"))
            .env("TMPDIR", &self.folder)
            .stdin(Stdio::null());
        let passed: Vec<RawFd> = all().map(|(_, descriptor)| descriptor.as_raw_fd()).collect();
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

    /// The service's next message that is not about what is kept.
    pub(crate) fn hear(&self) -> String {
        loop {
            let text = self.take_message(RecvFlags::empty()).expect("a message");
            if !text.starts_with("FDSTORE") {
                return text;
            }
        }
    }

    /// Names of all that is kept, one for each descriptor.
    pub(crate) fn kept(&self) -> Vec<String> {
        while self.take_message(RecvFlags::DONTWAIT).is_some() {}
        self.kept.borrow().iter().map(|(name, _)| name.clone()).collect()
    }

    /// Keeps something else.
    pub(crate) fn keep(&self, name: &str, descriptor: impl Into<OwnedFd>) {
        self.kept.borrow_mut().push((name.to_owned(), descriptor.into()));
    }

    /// Leaves what is kept to another one.
    pub(crate) fn give_kept(&self, other: &Self) {
        other.kept.borrow_mut().append(&mut self.kept.borrow_mut());
    }

    /// As when the other end of what is kept is closed.
    pub(crate) fn let_go_of_connections(&self) {
        self.kept.borrow_mut().retain(|(_, descriptor)| rustix::net::sockopt::socket_type(descriptor).is_err());
    }

    fn take_message(&self, flags: RecvFlags) -> Option<String> {
        let mut text = vec![0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = flags | RecvFlags::CMSG_CLOEXEC;
        let received = recvmsg(self.notified.as_fd(), &mut [IoSliceMut::new(&mut text)], &mut control, flags).ok()?;
        text.truncate(received.bytes);
        let text = String::from_utf8(text).expect("text");
        let name = text.lines().find_map(|line| line.strip_prefix("FDNAME=")).unwrap_or("stored").to_owned();
        if text.starts_with("FDSTOREREMOVE=1\n") {
            self.kept.borrow_mut().retain(|(other, _)| *other != name);
        }
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                // The last comes first.
                descriptors.for_each(|descriptor| self.kept.borrow_mut().insert(0, (name.clone(), descriptor)));
            }
        }
        Some(text)
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
