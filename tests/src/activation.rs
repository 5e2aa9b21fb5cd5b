//! A daemon behind systemd's socket: the socket is there from the beginning, the daemon starts when the first program comes.

use std::{
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command},
    thread::{self, JoinHandle},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with},
};

use crate::{device_variables, dist};

/// The number of the first descriptor that systemd passes.
const FIRST_PASSED: RawFd = 3;

/// The socket, and who watches it.
pub struct Activation {
    socket: PathBuf,
    /// Closed when nobody wants a daemon any more.
    stop: Option<io::PipeWriter>,
    watcher: Option<JoinHandle<Option<Child>>>,
    _folder: tempfile::TempDir,
}

/// When the daemon starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the machine, before any program.
    AtOnce,
    /// When a program has come to the socket.
    OnDemand,
}

impl Activation {
    /// Listens, and starts a daemon with these further arguments when `start` says.
    ///
    /// # Panics
    /// When there can be no socket.
    pub fn new(start: Start, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("vgpud.sock");
        let listener = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let listener = listener.expect("a socket");
        bind(&listener, &SocketAddrUnix::new(&socket).expect("a short path")).expect("a free name");
        listen(&listener, 16).expect("a bound socket");
        let (stopped, stop) = io::pipe().expect("a pipe");
        let mut command = daemon(&listener, args);
        let watcher = thread::spawn(move || {
            if start == Start::OnDemand && !has_come(&listener, &stopped) {
                return None;
            }
            Some(command.spawn().expect("dist/bin/vgpud starts"))
        });
        Self { socket, stop: Some(stop), watcher: Some(watcher), _folder: folder }
    }

    /// A value for `VGPU`.
    pub fn device(&self) -> String {
        format!("unix:{}", self.socket.display())
    }

    /// Ends the daemon, as the machine's end does; returns whether it had been started.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub fn end(mut self) -> bool {
        self.end_daemon()
    }

    fn end_daemon(&mut self) -> bool {
        drop(self.stop.take());
        let child = self.watcher.take().and_then(|watcher| watcher.join().ok().flatten());
        let Some(mut child) = child else { return false };
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        true
    }
}

impl Drop for Activation {
    fn drop(&mut self) {
        self.end_daemon();
    }
}

/// Waits for somebody at the socket; false when it is no longer wanted.
fn has_come(listener: &OwnedFd, stopped: &io::PipeReader) -> bool {
    loop {
        let mut waiting =
            [PollFd::new(listener, PollFlags::IN), PollFd::from_borrowed_fd(stopped.as_fd(), PollFlags::IN)];
        match poll(&mut waiting, None) {
            Err(rustix::io::Errno::INTR) => {}
            result => {
                result.expect("two descriptors");
                return waiting[1].revents().is_empty();
            }
        }
    }
}

/// The command of the service: its socket has the first number that is passed, and LISTEN_PID is its process's.
fn daemon(listener: &OwnedFd, args: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\""]).arg(dist().join("bin/vgpud"));
    command.args(args).envs(device_variables().iter().copied());
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "vgpud.socket");
    let listener = listener.as_raw_fd();
    let pass = move || {
        let result = if listener == FIRST_PASSED {
            // SAFETY: any number may be given; without the flag it stays open over exec.
            unsafe { libc::fcntl(listener, libc::F_SETFD, 0) }
        } else {
            // SAFETY: any numbers may be given; a copy stays open over exec.
            unsafe { libc::dup2(listener, FIRST_PASSED) }
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: between fork and exec this makes one system call.
    unsafe { command.pre_exec(pass) };
    command
}
