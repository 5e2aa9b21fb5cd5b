//! The socket of this machine's programs: guests come and go, are refused, crash, and lose their executor.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use vgpu_core::CuError;
use vgpu_core::guest::{Link, MonitorLink, Selection, StreamEnd};
use vgpu_core::transport::socket::Socket;
use vgpu_core::wire::messages::{ContextCreate, HostOpen, Marker, MemInfo};

use crate::harness::{Daemon, PROGRAM, alloc, free_bytes, round_trip, until};

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
fn a_guest_opens_nothing_of_its_executors_process() {
    let daemon = Daemon::start("opens", &[]);
    let guest = daemon.connect();
    assert!(!guest.is_in_process());
    // The window itself is there, at the same address as here, and what else it may guess.
    for address in [guest.pinned().range().start, 0x40_0000] {
        let opened = guest.call(&HostOpen { address, len_bytes: 4096 }, &[]);
        assert_eq!(opened.map(drop), Err(CuError::NOT_SUPPORTED));
    }
    round_trip(&guest);
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
    assert_eq!(
        a.post_on(&StreamEnd::new(1), &Marker { stream: 0, reserved: 0 }, &[]),
        Err(CuError::DEVICE_UNAVAILABLE)
    );
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
fn a_daemon_whose_file_is_replaced_or_gone_still_serves_with_its_own_program() {
    let folder = std::env::temp_dir().join(format!("vgpud-test-{}-upgrade-program", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("vgpud");
    std::fs::copy(PROGRAM, &program).expect("a copy");
    let daemon = Daemon::start_program(&program, "upgrade", &[]);
    std::fs::remove_file(&program).expect("the copy");

    round_trip(&daemon.connect());
    std::fs::copy("/bin/false", &program).expect("another program");
    let link = daemon.connect();
    round_trip(&link);

    until("the first executor's end", || daemon.executors().len() == 1);
    let proc = format!("/proc/{}", daemon.executors()[0]);
    assert_eq!(std::fs::read_to_string(format!("{proc}/comm")).expect("it runs"), "vgpud\n");
    let called = std::fs::read(format!("{proc}/cmdline")).expect("it runs");
    assert!(called.starts_with(program.as_os_str().as_encoded_bytes()), "{}", String::from_utf8_lossy(&called));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
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
    bad.post_raw(&StreamEnd::new(1), 999, &[1; 32], &[]).expect("a post");
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
        .args(["--exact", "listener::embedded_guest", "--ignored", "--nocapture"])
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
