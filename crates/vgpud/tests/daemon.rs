//! The daemon as a process: guests come and go, are refused, crash, and lose their executor.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use vgpu_core::CuError;
use vgpu_core::guest::{Link, MonitorLink, Selection};
use vgpu_core::transport::socket::Socket;
use vgpu_core::wire::messages::{ContextCreate, Marker, MemAlloc, MemInfo};

const PROGRAM: &str = env!("CARGO_BIN_EXE_vgpud");

struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    fn start(name: &str, flags: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("vgpud-test-{}-{name}", std::process::id()));
        let socket = folder.join("vgpud.sock");
        let child = Command::new(PROGRAM)
            .arg("--socket")
            .arg(&socket)
            .args(["--device-memory=64MiB", "--pinned-memory=64MiB", "--threads=1"])
            .args(flags)
            .stdin(Stdio::null())
            .spawn()
            .expect("vgpud starts");
        let daemon = Self { child, socket };
        until("the socket", || Socket::connect(&daemon.socket).is_ok());
        daemon
    }

    fn selection(&self) -> Selection {
        Selection::Unix(self.socket.clone())
    }

    fn connect(&self) -> Link {
        let link = Link::connect(&self.selection()).expect("a place");
        link.post(&ContextCreate { context: 1, device: 0, legacy_stream: 1, flags: 0 }, &[]).expect("a post");
        link
    }

    fn signal(&self, signal: i32) {
        // SAFETY: the child has not been waited for, so the number is still its own.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    fn executors(&self) -> Vec<i32> {
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
        if let Some(folder) = self.socket.parent() {
            std::fs::remove_dir_all(folder).expect("the folder is ours");
        }
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn alloc(link: &Link, len_bytes: u64) -> Result<u64, CuError> {
    Ok(link.call(&MemAlloc { context: 1, reserved: 0, len_bytes }, &[])?.reply.address)
}

fn free_bytes(link: &Link) -> u64 {
    link.call(&MemInfo { context: 1, reserved: 0 }, &[]).expect("an answer").reply.free_bytes
}

fn round_trip(link: &Link) {
    let address = alloc(link, 1 << 20).expect("room");
    let bytes: Vec<u8> = (0..1_u32 << 20).map(|at| (at / 3) as u8).collect();
    let last = AtomicU64::new(0);
    link.copy_in(&last, 1, address, &bytes).expect("a copy");
    let mut back = vec![0; bytes.len()];
    link.copy_out(&last, 1, address, &mut back).expect("a copy");
    assert!(back == bytes);
}

#[test]
fn a_guest_computes_in_an_executor_of_its_own() {
    let daemon = Daemon::start("computes", &[]);
    let (a, b) = (daemon.connect(), daemon.connect());
    assert!(a.same_addresses());
    round_trip(&a);
    round_trip(&b);
    assert_eq!(daemon.executors().len(), 2);
    drop(a);
    until("an executor's end", || daemon.executors().len() == 1);
    round_trip(&b);
}

#[test]
fn memory_is_shared_fairly_and_comes_back_with_its_guest() {
    let daemon = Daemon::start("memory", &[]);
    let (a, b) = (daemon.connect(), daemon.connect());
    let all = free_bytes(&a);
    alloc(&a, 40 << 20).expect("room");
    assert_eq!(free_bytes(&b), all - (40 << 20));
    assert_eq!(alloc(&b, 40 << 20), Err(CuError::OUT_OF_MEMORY));
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a place");
    assert_eq!(monitor.memory(0).expect("an answer").free_bytes, all - (40 << 20));
    let processes = monitor.processes(0).expect("an answer");
    assert_eq!(processes.len(), 2);
    assert!(processes.iter().all(|process| process.pid == std::process::id()));
    drop(a);
    until("the memory", || free_bytes(&b) == all);
    alloc(&b, 40 << 20).expect("room again");
}

#[test]
fn guest_and_monitor_see_the_same_device() {
    let daemon = Daemon::start("device", &[]);
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a place");
    let devices = monitor.devices().expect("an answer");
    let link = daemon.connect();
    let question = vgpu_core::wire::messages::DeviceInfo { device: 0, reserved: 0 };
    let info = link.call(&question, &[]).expect("an answer").reply;
    assert_eq!(devices.len(), 1);
    assert_eq!((devices[0].uuid, devices[0].total_mem_bytes), (info.uuid, info.total_mem_bytes));
    assert_eq!(monitor.memory(1).map(|memory| memory.free_bytes), Err(CuError::INVALID_DEVICE));
}

#[test]
fn a_guest_too_many_is_told_why() {
    let daemon = Daemon::start("full", &["--max-guests=1"]);
    let first = daemon.connect();
    let error = Link::connect(&daemon.selection()).err().expect("no place").to_string();
    assert!(error.contains("--max-guests"), "{error}");
    drop(first);
    until("a free place", || Link::connect(&daemon.selection()).is_ok());
}

#[test]
fn a_killed_executor_is_an_error_at_once_and_harms_nobody_else() {
    let daemon = Daemon::start("killed", &[]);
    let a = daemon.connect();
    round_trip(&a);
    let executors = daemon.executors();
    let b = daemon.connect();
    round_trip(&b);
    // SAFETY: an executor of our daemon's, which has not been waited for.
    unsafe { libc::kill(executors[0], libc::SIGKILL) };
    let start = Instant::now();
    let result = a.call(&MemInfo { context: 1, reserved: 0 }, &[]);
    assert_eq!(result.map(|answer| answer.reply.free_bytes), Err(CuError::DEVICE_UNAVAILABLE));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(a.post(&Marker { stream: 1, reserved: 0 }, &[]), Err(CuError::DEVICE_UNAVAILABLE));
    round_trip(&b);
    round_trip(&daemon.connect());
}

#[test]
fn a_stopped_executor_that_dies_mid_call_ends_the_call() {
    let daemon = Daemon::start("mid-call", &[]);
    let link = daemon.connect();
    round_trip(&link);
    let executor = daemon.executors()[0];
    // SAFETY: as above.
    unsafe { libc::kill(executor, libc::SIGSTOP) };
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| link.call(&MemInfo { context: 1, reserved: 0 }, &[]).map(|a| a.reply.free_bytes));
        std::thread::sleep(Duration::from_millis(150));
        assert!(!caller.is_finished());
        // SAFETY: as above.
        unsafe { libc::kill(executor, libc::SIGKILL) };
        let start = Instant::now();
        assert_eq!(caller.join().expect("no panic"), Err(CuError::DEVICE_UNAVAILABLE));
        assert!(start.elapsed() < Duration::from_secs(1));
    });
}

#[test]
fn a_killed_daemon_takes_its_executors_with_it() {
    let daemon = Daemon::start("crash", &[]);
    let link = daemon.connect();
    round_trip(&link);
    daemon.signal(libc::SIGKILL);
    until("the loss", || link.call(&MemInfo { context: 1, reserved: 0 }, &[]).is_err());
}

#[test]
fn sigterm_ends_the_daemon_cleanly() {
    let mut daemon = Daemon::start("term", &[]);
    let link = daemon.connect();
    round_trip(&link);
    daemon.signal(libc::SIGTERM);
    let status = daemon.child.wait().expect("the daemon is ours");
    assert!(status.success(), "{status}");
    assert!(!daemon.socket.exists());
    until("the loss", || link.call(&MemInfo { context: 1, reserved: 0 }, &[]).is_err());
}

#[test]
fn garbage_and_silence_on_the_socket_harm_nobody() {
    let daemon = Daemon::start("garbage", &[]);
    let silent = Socket::connect(&daemon.socket).expect("a connection");
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], &[0; 1], &[]] {
        let socket = Socket::connect(&daemon.socket).expect("a connection");
        socket.send(garbage, None).expect("a send");
        let mut answer = [0; 2048];
        // Whatever comes back, it comes soon: the connection is closed or reset.
        let error = socket.receive(&mut answer).err().map(|error| error.kind());
        assert_ne!(error, Some(std::io::ErrorKind::WouldBlock));
    }
    round_trip(&daemon.connect());
    drop(silent);
}

#[test]
fn a_guest_that_breaks_its_ring_loses_its_executor_only() {
    let daemon = Daemon::start("broken", &[]);
    let (bad, good) = (daemon.connect(), daemon.connect());
    bad.post_raw(None, 999, &[1; 32], &[]).expect("a post");
    until("the loss", || bad.call(&MemInfo { context: 1, reserved: 0 }, &[]).is_err());
    round_trip(&good);
    until("the executor's end", || daemon.executors().len() == 1);
}

#[test]
fn the_socket_is_the_owners_alone_unless_told_otherwise() {
    let mode = |daemon: &Daemon| std::fs::metadata(&daemon.socket).expect("the socket").permissions().mode() & 0o777;
    assert_eq!(mode(&Daemon::start("mode-default", &[])), 0o600);
    assert_eq!(mode(&Daemon::start("mode-given", &["--socket-mode=0666"])), 0o666);
}

#[test]
fn a_second_daemon_does_not_steal_the_socket_but_a_stale_one_is_replaced() {
    let daemon = Daemon::start("second", &[]);
    let second = Command::new(PROGRAM).arg("--socket").arg(&daemon.socket).output().expect("vgpud starts");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("another vgpud"), "{said}");
    round_trip(&daemon.connect());
    daemon.signal(libc::SIGKILL);
    until("the daemon's end", || Socket::connect(&daemon.socket).is_err());
    assert!(daemon.socket.exists());
    let mut third = Command::new(PROGRAM).arg("--socket").arg(&daemon.socket).spawn().expect("vgpud starts");
    until("the new socket", || Socket::connect(&daemon.socket).is_ok());
    third.kill().expect("it is ours");
    third.wait().expect("it is ours");
}

#[test]
fn a_symbolic_link_in_the_sockets_place_is_neither_followed_nor_removed() {
    let folder = std::env::temp_dir().join(format!("vgpud-test-{}-link", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (link, victim) = (folder.join("vgpud.sock"), folder.join("victim"));
    for exists in [false, true] {
        if exists {
            drop(std::os::unix::net::UnixListener::bind(&victim).expect("a stale socket"));
        } else {
            std::os::unix::fs::symlink(&victim, &link).expect("a link");
        }
        let output = Command::new(PROGRAM).arg("--socket").arg(&link).output().expect("vgpud starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("no socket"), "{said}");
        assert!(link.is_symlink());
        assert_eq!(victim.exists(), exists);
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn a_daemon_that_ends_leaves_another_ones_socket_alone() {
    let mut daemon = Daemon::start("replaced", &[]);
    std::fs::remove_file(&daemon.socket).expect("the socket");
    let other = std::os::unix::net::UnixListener::bind(&daemon.socket).expect("a socket");
    daemon.signal(libc::SIGTERM);
    assert!(daemon.child.wait().expect("the daemon is ours").success());
    assert!(daemon.socket.exists());
    drop(other);
}

#[test]
fn monitors_that_stay_do_not_keep_guests_out() {
    let daemon = Daemon::start("monitors", &[]);
    let monitors: Vec<_> = (0..80).filter_map(|_| MonitorLink::connect(&daemon.selection()).ok()).collect();
    assert!(monitors.len() < 64, "{}", monitors.len());
    round_trip(&daemon.connect());
}

#[test]
fn settings_that_make_no_sense_are_refused_at_start() {
    let folder = std::env::temp_dir().join(format!("vgpud-test-{}-config", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let config = folder.join("vgpud.toml");
    std::fs::write(&config, "device-ram = \"8GiB\"\n").expect("a file");
    let output = Command::new(PROGRAM).arg("--config").arg(&config).output().expect("vgpud starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("device-ram"), "{said}");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn an_embedded_executor_serves_its_guest_and_ends_with_it() {
    // The link lives in a child process: the executor must notice that process's end.
    let this = std::env::current_exe().expect("this program");
    let mut guest = Command::new(this)
        .args(["--exact", "embedded_guest", "--ignored", "--nocapture"])
        .env("VGPU_EXECUTOR", PROGRAM)
        .env("VGPU_TEST_GUEST", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let mut output = guest.stdout.take().expect("piped");
    let mut text = String::new();
    let mut byte = [0; 1];
    while !text.contains("executor=") || !text.ends_with('\n') {
        assert_eq!(output.read(&mut byte).expect("output"), 1, "the guest failed: {text}");
        text.push(byte[0].into());
    }
    let pid = text.rsplit("executor=").next().expect("a pid").trim().to_owned();
    let alive = || std::path::Path::new(&format!("/proc/{pid}/exe")).exists();
    assert!(alive(), "executor {pid}");
    guest.kill().expect("it is ours");
    guest.wait().expect("it is ours");
    until("the executor's end", || std::fs::read_link(format!("/proc/{pid}/exe")).is_err());
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn embedded_guest() {
    let link = Link::connect(&Selection::Embedded).expect("an executor");
    link.post(&ContextCreate { context: 1, device: 0, legacy_stream: 1, flags: 0 }, &[]).expect("a post");
    round_trip(&link);
    println!("\nexecutor={}", link.executor_pid());
    std::thread::sleep(Duration::from_secs(30));
}
