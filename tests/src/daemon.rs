//! A vgpud of the test's own, and guests of it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use vgpu_core::transport::socket::Socket;

use crate::dist;

/// A running daemon; killed when dropped.
pub struct Daemon {
    child: Child,
    socket: PathBuf,
    /// Of the socket, where it is the daemon's own.
    folder: Option<tempfile::TempDir>,
}

impl Daemon {
    /// Starts a daemon with these further arguments and waits for its socket.
    pub fn start(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut daemon = Self::start_at(&folder.path().join("vgpud.sock"), args);
        daemon.folder = Some(folder);
        daemon
    }

    /// The same, with this socket.
    pub fn start_at(socket: &Path, args: &[&str]) -> Self {
        Self::spawn(&mut command(args), socket)
    }

    /// [`Self::start`] with a log that goes to a file.
    pub fn start_with_log(args: &[&str], log: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = fs::File::create(log).expect("the log's file");
        let mut daemon =
            Self::spawn(command(args).env("VGPU_LOG", "info").stderr(log), &folder.path().join("vgpud.sock"));
        daemon.folder = Some(folder);
        daemon
    }

    fn spawn(command: &mut Command, socket: &Path) -> Self {
        let child = command.arg("--socket").arg(socket).spawn().expect("dist/bin/vgpud starts");
        let daemon = Self { child, socket: socket.to_owned(), folder: None };
        // Its file is there a moment before anybody listens.
        wait_until(Duration::from_secs(10), "the daemon's socket", || Socket::connect(&daemon.socket).is_ok());
        daemon
    }

    /// A value for `VGPU`.
    pub fn device(&self) -> String {
        format!("unix:{}", self.socket.display())
    }

    /// A command that runs the named program of this crate as a guest.
    pub fn guest(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("VGPU", self.device()).env("VGPU_DIST", dist());
        command
    }

    /// Executor processes that are alive.
    pub fn executors(&self) -> usize {
        children(self.child.id())
    }

    /// Descriptors that the daemon has open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("the daemon lives").count()
    }

    /// Kills the daemon and its executors as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("the daemon can be killed");
        self.child.wait().expect("the daemon can be reaped");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A vgpud with these arguments, and with the tests' device where they name none.
fn command(args: &[&str]) -> Command {
    let names_device = args.iter().any(|arg| arg.starts_with("--device="));
    let device = if names_device { &[] } else { crate::device_variables() };
    let mut command = Command::new(dist().join("bin/vgpud"));
    command.args(args).envs(device.iter().copied());
    command
}

/// Live (not zombie) children of a process.
fn children(parent: u32) -> usize {
    let processes = fs::read_dir("/proc").expect("/proc");
    processes
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter(|stat| {
            // Fields after the parenthesised name: state, parent.
            let mut fields = stat.rsplit(") ").next().unwrap_or("").split(' ');
            let state = fields.next();
            state != Some("Z") && fields.next().and_then(|pid| pid.parse().ok()) == Some(parent)
        })
        .count()
}

/// Polls until `done`; panics with `what` when it takes longer than `limit`.
pub fn wait_until(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Starts `command` and returns once it has printed a line; panics when it ends before.
pub fn start_and_wait_for_line(command: &mut Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the guest starts");
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("stdout is piped");
    BufReader::new(output).read_line(&mut line).expect("the guest prints text");
    assert!(!line.is_empty(), "the guest ended without a word");
    child
}
