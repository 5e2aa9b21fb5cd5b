//! Started by systemd: passed sockets are the doors, and systemd hears how things stand.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use rustix::net::SocketType;
use vgpu_core::guest::{Link, Selection};

use crate::harness::{Daemon, PROGRAM, round_trip, until};
use crate::systemd::Systemd;
use crate::vmm::{CONFIG, Vm};

#[test]
fn a_program_that_comes_before_the_daemon_waits_for_it() {
    let mut systemd = Systemd::new("activation-early");
    let socket = systemd.listen("vgpud.sock", SocketType::SEQPACKET);
    std::thread::scope(|scope| {
        let program = scope.spawn(|| Link::connect(&Selection::Unix(socket)).map(drop));
        let _daemon = systemd.start(&[]);
        program.join().expect("no panic").expect("a place");
    });
}

#[test]
fn passed_sockets_are_the_doors_and_their_files_stay() {
    let mut systemd = Systemd::new("activation-doors");
    let (socket, vm) = (systemd.listen("vgpud.sock", SocketType::SEQPACKET), systemd.listen("vm", SocketType::STREAM));
    let mut daemon = systemd.start(&["--bar-size=256MiB"]);
    assert_eq!(
        systemd.hear(),
        format!("READY=1\nSTATUS=serving programs on {}, VMs on {}", socket.display(), vm.display())
    );
    let link = daemon.connect();
    round_trip(&link);
    assert_eq!(Vm::connect(&vm).read::<4>(CONFIG, 0), [0xde, 0x10, 0x31, 0x23]);

    daemon.signal(libc::SIGTERM);

    assert_eq!(systemd.hear(), "STOPPING=1\nSTATUS=ending");
    assert!(daemon.child.wait().expect("the daemon is ours").success());
    assert!(socket.exists() && vm.exists());
}

#[test]
fn a_socket_that_is_passed_and_named_is_one_door() {
    let mut systemd = Systemd::new("activation-same");
    let (socket, vm) = (systemd.listen("vgpud.sock", SocketType::SEQPACKET), systemd.listen("vm", SocketType::STREAM));
    // By another name, too.
    std::os::unix::fs::symlink(".", systemd.path("here")).expect("a link");
    let also = systemd.path("here").join("vm");
    let flags = [format!("--socket={}", socket.display()), format!("--vfio-user={}", also.display())];
    let other = format!("--vfio-user={}", systemd.path("vm2").display());
    let daemon = systemd.start(&[&flags[0], &flags[1], &other, "--bar-size=256MiB"]);
    let ready = systemd.hear();
    assert!(ready.ends_with(&format!("VMs on {}, {}", vm.display(), systemd.path("vm2").display())), "{ready}");
    round_trip(&daemon.connect());
    drop(Vm::connect(&vm));
    drop(Vm::connect(&systemd.path("vm2")));
}

#[test]
fn executors_inherit_nothing_of_it() {
    let mut systemd = Systemd::new("activation-executors");
    let socket = systemd.listen("vgpud.sock", SocketType::SEQPACKET);
    let daemon = systemd.start(&[]);
    systemd.hear();
    let link = daemon.connect();
    round_trip(&link);
    let [executor] = daemon.executors()[..] else { panic!("one guest, one executor") };
    let environment = std::fs::read_to_string(format!("/proc/{executor}/environ")).expect("it runs");
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"] {
        assert!(!environment.split('\0').any(|line| line.starts_with(name)), "{name}");
    }
    // Of the sockets with this name in the list, the one with the flag of those that listen.
    let listed = std::fs::read_to_string("/proc/net/unix").expect("a list");
    let mut listed = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let name = socket.display().to_string();
    let line = listed.find(|line| line.last() == Some(&name.as_str()) && line[3] == "00010000").expect("it listens");
    let inode = line[6];
    let held = std::fs::read_dir(format!("/proc/{executor}/fd")).expect("it runs");
    let mut held = held.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    assert!(!held.any(|target| target.to_string_lossy() == format!("socket:[{inode}]")));
}

#[test]
fn what_cannot_be_a_door_is_refused_by_its_number_and_name() {
    let no_door = |name: &str, kind: Option<SocketType>, reason: &str| {
        let mut systemd = Systemd::new(&format!("activation-{name}"));
        systemd.listen("vgpud.sock", SocketType::SEQPACKET);
        match kind {
            Some(kind) => {
                let address = rustix::net::SocketAddrUnix::new(systemd.path(name)).expect("a short path");
                let socket = rustix::net::socket(rustix::net::AddressFamily::UNIX, kind, None).expect("a socket");
                rustix::net::bind(&socket, &address).expect("a free name");
                systemd.pass(name, socket);
            }
            None => systemd.pass(name, std::fs::File::open("/dev/null").expect("a file")),
        }
        let said = systemd.fail(&[]);
        assert!(said.contains(&format!("descriptor 4 (\"{name}\")")) && said.contains(reason), "{said}");
    };
    no_door("file", None, "no socket");
    no_door("deaf", Some(SocketType::SEQPACKET), "does not listen");
    no_door("datagram", Some(SocketType::DGRAM), "does not listen");
    let mut systemd = Systemd::new("activation-port");
    systemd.pass("port", std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let said = systemd.fail(&[]);
    assert!(said.contains("descriptor 3 (\"port\")") && said.contains("no unix socket"), "{said}");
}

#[test]
fn variables_that_lie_are_refused() {
    let mut systemd = Systemd::new("activation-lies");
    systemd.listen("vgpud.sock", SocketType::SEQPACKET);
    for (name, value, says) in [
        ("LISTEN_FDS", "2", "LISTEN_FDNAMES has 1 names for LISTEN_FDS=2"),
        ("LISTEN_FDS", "many", "LISTEN_FDS=many"),
        ("LISTEN_FDNAMES", "", "descriptor 4"),
    ] {
        let mut command = systemd.command(&[]);
        command.env(name, value);
        if name == "LISTEN_FDNAMES" {
            command.env("LISTEN_FDS", "2");
        }
        let output = command.output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(says), "{name}={value}: {said}");
    }
}

#[test]
fn no_socket_and_a_socket_for_programs_contradict_each_other() {
    let mut systemd = Systemd::new("activation-contradiction");
    systemd.listen("vgpud.sock", SocketType::SEQPACKET);
    let said = systemd.fail(&["--no-socket"]);
    assert!(said.contains("no-socket") && said.contains(".socket unit"), "{said}");
}

#[test]
fn a_function_alone_may_come_from_systemd() {
    let mut systemd = Systemd::new("activation-function");
    let vm = systemd.listen("vm", SocketType::STREAM);
    let _daemon = systemd.start(&["--no-socket", "--bar-size=256MiB"]);
    assert_eq!(systemd.hear(), format!("READY=1\nSTATUS=serving VMs on {}", vm.display()));
}

#[test]
fn without_vms_and_programs_there_is_nothing_to_serve() {
    let output = Command::new(PROGRAM).arg("--no-socket").output().expect("vgpud starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("vfio-user"), "{said}");
}

#[test]
fn somebody_elses_descriptors_and_a_deaf_systemd_change_nothing() {
    let folder = std::env::temp_dir().join(format!("vgpud-test-{}-leftovers", std::process::id()));
    let socket = folder.join("vgpud.sock");
    let mut child = Command::new(PROGRAM)
        .arg("--socket")
        .arg(&socket)
        .envs([("LISTEN_PID", "1"), ("LISTEN_FDS", "3"), ("NOTIFY_SOCKET", "/nonexistent/notify")])
        .spawn()
        .expect("vgpud starts");
    until("a place", || Link::connect(&Selection::Unix(socket.clone())).is_ok());
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn sockets_have_their_owners_and_modes_and_those_of_vms_their_own() {
    let (uid, gid) = (rustix::process::getuid(), rustix::process::getgid().as_raw());
    // Only root can give files away.
    let [group, vm_user, vm_group] = if uid.is_root() { [4711, 4712, 4713] } else { [gid, uid.as_raw(), gid] };
    let owner = [format!("--socket-owner=:{group}"), format!("--vfio-user-owner={vm_user}:{vm_group}")];
    let flags = ["--socket-mode=0660", "--vfio-user-mode=0600", &owner[0], &owner[1]];
    let daemon = Daemon::with_functions("owners", 1, &flags);
    let of = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).expect("a socket");
        (metadata.permissions().mode() & 0o777, metadata.uid(), metadata.gid())
    };
    assert_eq!(of(&daemon.socket), (0o660, uid.as_raw(), group));
    assert_eq!(of(&daemon.function(0)), (0o600, vm_user, vm_group));
    round_trip(&daemon.connect());
}

#[test]
fn an_owner_that_is_not_there_is_an_error_before_anybody_listens() {
    let folder = std::env::temp_dir().join(format!("vgpud-test-{}-nobody", std::process::id()));
    let socket = folder.join("vgpud.sock");
    let output = Command::new(PROGRAM)
        .arg("--socket")
        .arg(&socket)
        .arg("--socket-owner=no-such-user-4711")
        .output()
        .expect("vgpud starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("there is no user no-such-user-4711"), "{said}");
    assert!(!folder.exists());
}
