//! A daemon as a service of systemd's, which keeps its VMs' connections while it is started anew.

use std::{
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix, SocketFlags, SocketType, bind,
    recvmsg, socket_with, sockopt,
};

use crate::dist;

/// The number of the first descriptor that is passed, and numbers that none has.
const FIRST_PASSED: RawFd = 3;
const ASIDE: RawFd = 200;
/// A VM's connection, memory and record.
const PER_VM: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon and what is kept for it. Killed when dropped.
pub struct Service {
    child: Child,
    args: Vec<String>,
    notified: OwnedFd,
    kept: Vec<(String, OwnedFd)>,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts a daemon with one PCI function and these further arguments, and waits until it says that it is ready.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let notified = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
        let notified = notified.expect("a socket");
        bind(&notified, &SocketAddrUnix::new(folder.path().join("notify")).expect("a short path"))
            .expect("a free name");
        sockopt::set_socket_timeout(&notified, sockopt::Timeout::Recv, Some(PATIENCE)).expect("a socket");
        let function = format!("--vfio-user={}", folder.path().join("vm.sock").display());
        let args = ["--no-socket", &function].into_iter().chain(args.iter().copied()).map(str::to_owned).collect();
        let child = command(&folder, &args, &[]).spawn().expect("a shell starts dist/bin/vgpud");
        let mut service = Self { child, args, notified, kept: Vec::new(), folder };
        service.wait_until_ready();
        service
    }

    /// The function's socket.
    pub fn function(&self) -> PathBuf {
        self.folder.path().join("vm.sock")
    }

    /// Kills it, as a crash would, and starts it anew with what it has given to be kept.
    ///
    /// # Panics
    /// When it has not given a VM's connection, or does not become ready.
    pub fn restart(&mut self) {
        let until = Instant::now() + PATIENCE;
        while self.kept.len() != PER_VM {
            assert!(Instant::now() < until, "{} descriptors were given, not a VM's {PER_VM}", self.kept.len());
            self.hear();
        }
        self.child.kill().expect("the daemon can be killed");
        self.child.wait().expect("the daemon can be reaped");
        self.child = command(&self.folder, &self.args, &self.kept).spawn().expect("a shell starts dist/bin/vgpud");
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        while !self.hear().starts_with("READY=1") {}
    }

    /// Takes its next message, and what comes with it.
    fn hear(&mut self) -> String {
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(PER_VM))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let parts = &mut [IoSliceMut::new(&mut bytes)];
        let len = recvmsg(&self.notified, parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC).expect("a message").bytes;
        let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
        let name = text.lines().find_map(|line| line.strip_prefix("FDNAME=")).unwrap_or_default();
        if text.starts_with("FDSTOREREMOVE=1") {
            self.kept.retain(|(kept, _)| kept != name);
        }
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.kept.extend(descriptors.map(|descriptor| (name.to_owned(), descriptor)));
            }
        }
        text
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command of the service; `LISTEN_PID` is its process's number.
fn command(folder: &tempfile::TempDir, args: &Vec<String>, kept: &[(String, OwnedFd)]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\""]).arg(dist().join("bin/vgpud")).args(args);
    command.envs(crate::device_variables().iter().copied());
    let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
    command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
    command.env("NOTIFY_SOCKET", folder.path().join("notify"));
    let kept: Vec<RawFd> = kept.iter().map(|(_, descriptor)| descriptor.as_raw_fd()).collect();
    // SAFETY: between fork and exec this makes system calls only.
    unsafe { command.pre_exec(move || pass(&kept)) };
    command
}

/// Gives descriptors the numbers from [`FIRST_PASSED`] on; a copy stays open over exec.
fn pass(descriptors: &[RawFd]) -> io::Result<()> {
    for (from, to) in
        descriptors.iter().copied().zip(ASIDE..).chain((ASIDE..).zip(FIRST_PASSED..).take(descriptors.len()))
    {
        // SAFETY: any numbers may be given; this fails for those that are not open.
        if unsafe { libc::dup2(from, to) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    for aside in (ASIDE..).take(descriptors.len()) {
        // SAFETY: it was opened above, for nobody else.
        unsafe { libc::close(aside) };
    }
    Ok(())
}
