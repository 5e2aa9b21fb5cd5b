//! A daemon of the test's own, and what its guests do.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vgpu_core::CuError;
use vgpu_core::guest::{Link, Selection, StreamEnd};
use vgpu_core::transport::socket::Socket;
use vgpu_core::wire::messages::{ContextCreate, MemAlloc, MemInfo};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_vgpud");

/// A device that many tests have room for at once.
pub(crate) const SMALL: [&str; 3] = ["--device-memory=64MiB", "--pinned-memory=64MiB", "--threads=1"];

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) socket: PathBuf,
    /// The folder goes as well.
    pub(crate) owns_folder: bool,
}

impl Daemon {
    pub(crate) fn start(name: &str, flags: &[&str]) -> Self {
        Self::start_program(PROGRAM.as_ref(), name, flags)
    }

    /// The same with another file in this program's place.
    pub(crate) fn start_program(program: &Path, name: &str, flags: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("vgpud-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let socket = folder.join("vgpud.sock");
        let child = Command::new(program)
            .arg("--socket")
            .arg(&socket)
            .args(SMALL)
            .args(flags)
            .env("TMPDIR", &folder)
            .env("VGPU_DEVICE", "soft")
            .stdin(Stdio::null())
            .spawn()
            .expect("vgpud starts");
        let daemon = Self { child, socket, owns_folder: true };
        until("the socket", || Socket::connect(&daemon.socket).is_ok());
        daemon
    }

    /// The folder of its socket and its temporary files.
    pub(crate) fn folder(&self) -> &Path {
        self.socket.parent().expect("the socket lies in a folder")
    }

    /// A daemon that offers so many PCI functions as well.
    pub(crate) fn with_functions(name: &str, count: usize, flags: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("vgpud-test-{}-{name}", std::process::id()));
        let functions: Vec<String> =
            (0..count).map(|n| format!("--vfio-user={}/vm{n}.sock", folder.display())).collect();
        let all: Vec<&str> =
            functions.iter().map(String::as_str).chain(["--bar-size=256MiB"]).chain(flags.iter().copied()).collect();
        Self::start(name, &all)
    }

    /// Where the VM of a function connects.
    pub(crate) fn function(&self, number: usize) -> PathBuf {
        self.socket.with_file_name(format!("vm{number}.sock"))
    }

    /// How many descriptors the daemon holds.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("the daemon runs").count()
    }

    pub(crate) fn selection(&self) -> Selection {
        Selection::Unix(self.socket.clone())
    }

    pub(crate) fn connect(&self) -> Link {
        let link = Link::connect(&self.selection()).expect("a place");
        link.post(&ContextCreate { context: 1, device: 0, legacy_stream: 1, flags: 0 }, &[]).expect("a post");
        link
    }

    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: the child has not been waited for, so the number is still its own.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    pub(crate) fn executors(&self) -> Vec<i32> {
        let path = format!("/proc/{}/task", self.child.id());
        let tasks = std::fs::read_dir(path).expect("the daemon runs");
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
        lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().expect("the daemon is ours");
        self.child.wait().expect("the daemon is ours");
        if self.owns_folder {
            std::fs::remove_dir_all(self.folder()).expect("the folder is ours");
        }
    }
}

/// Polls until `done`.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn alloc(link: &Link, len_bytes: u64) -> Result<u64, CuError> {
    Ok(link.call(&MemAlloc { context: 1, reserved: 0, len_bytes }, &[])?.reply.address)
}

pub(crate) fn free_bytes(link: &Link) -> u64 {
    link.call(&MemInfo { context: 1, reserved: 0 }, &[]).expect("an answer").reply.free_bytes
}

pub(crate) fn round_trip(link: &Link) {
    let address = alloc(link, 1 << 20).expect("room");
    let bytes: Vec<u8> = (0..1_u32 << 20).map(|at| (at / 3) as u8).collect();
    let end = StreamEnd::new(1);
    link.copy_in(&end, address, &bytes).expect("a copy");
    let mut back = vec![0; bytes.len()];
    link.copy_out(&end, address, &mut back).expect("a copy");
    assert!(back == bytes);
}
