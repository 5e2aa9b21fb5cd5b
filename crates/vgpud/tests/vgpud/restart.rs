//! A daemon that ends or dies and is started anew by systemd, which has kept the VMs' connections: no VM notices more than
//! that its programs lost their executors.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::SocketType;
use vgpu_core::pci::directory;
use vgpu_core::pci::regs::{MAGIC, Register};
use vgpu_core::transport::handshake::ConnectionKind;
use vgpu_core::window::mapping::create_object;
use vgpud::vfio_user::record::Record;

use crate::harness::{Daemon, round_trip, until};
use crate::messages::{Answer, REGION_READ, REGION_WRITE, Raw, message, words};
use crate::systemd::Systemd;
use crate::vmm::{CONFIG, Vm};

const TOKEN: u64 = 0x1234_5678_9abc;
const BAR_BYTES: u64 = 256 << 20;
const FLAGS: [&str; 2] = ["--bar-size=256MiB", "--channels=4"];

fn manager(name: &str) -> Systemd {
    let mut systemd = Systemd::new(&format!("restart-{name}"));
    systemd.listen("vgpud.sock", SocketType::SEQPACKET);
    systemd.listen("vm", SocketType::STREAM);
    systemd
}

/// A service that is ready.
fn started(systemd: &Systemd) -> Daemon {
    let daemon = systemd.start(&FLAGS);
    // The one before may have said that it was ending.
    while !systemd.hear().starts_with("READY=1") {}
    daemon
}

fn end(mut daemon: Daemon, signal: i32) {
    daemon.signal(signal);
    daemon.child.wait().expect("the daemon is ours");
}

fn compute(vm: &Vm, channel: u32) {
    vm.open(channel, TOKEN, ConnectionKind::Compute).expect("a welcome");
    assert!(vm.ask_device(channel).is_some());
}

fn a_vm_is_served_on_after(name: &str, signal: i32) {
    let systemd = manager(name);
    let daemon = started(&systemd);
    let vm = Vm::connect(&systemd.path("vm"));
    compute(&vm, 0);
    vm.write(CONFIG, 0x3c, &[11]);
    vm.bar.word64(directory::SCRATCH_OFFSET).store(5, Ordering::Release);
    let generation = vm.register(Register::Generation);
    assert_eq!(systemd.kept(), ["vgpu-vm-0"; 3]);

    end(daemon, signal);
    let daemon = started(&systemd);

    assert_eq!(vm.read::<4>(CONFIG, 0), [0xde, 0x10, 0x31, 0x23]);
    assert_eq!(vm.read::<1>(CONFIG, 0x3c), [11]);
    assert_eq!((vm.register(Register::Magic), vm.register(Register::Channels)), (MAGIC, 4));
    until("the reset", || vm.register(Register::Generation) == generation + 1);
    assert_eq!(vm.directory().generation, generation + 1);
    assert_eq!(vm.bar.word64(directory::SCRATCH_OFFSET).load(Ordering::Acquire), 0);
    assert!(vm.is_free(0) && vm.arena_is_zero(0));
    compute(&vm, 0);
    round_trip(&daemon.connect());
    vm.client.borrow_mut().reset().expect("an answer");
    assert_eq!(vm.register(Register::Generation), generation + 2);
    compute(&vm, 1);

    // It leaves, and the next one is another.
    drop(vm);
    until("the end of what is kept", || systemd.kept().is_empty());
    let next = Vm::connect(&systemd.path("vm"));
    assert_eq!(next.register(Register::Generation), generation + 3);
    compute(&next, 0);
    assert_eq!(systemd.kept(), ["vgpu-vm-1"; 3]);
}

#[test]
fn a_vm_is_served_on_after_its_daemon_was_ended() {
    a_vm_is_served_on_after("ended", libc::SIGTERM);
}

#[test]
fn a_vm_is_served_on_after_its_daemon_was_killed() {
    a_vm_is_served_on_after("killed", libc::SIGKILL);
}

#[test]
fn no_access_is_lost_or_answered_twice_however_often_the_daemon_dies() {
    let systemd = manager("often");
    let mut daemon = started(&systemd);
    let vm = Vm::connect(&systemd.path("vm"));
    assert_eq!(systemd.kept().len(), 3);
    let is_over = AtomicBool::new(false);
    // The VMM is one thread's; systemd and the daemon are this one's.
    std::thread::scope(|scope| {
        let accesses = scope.spawn(|| {
            let vm = vm;
            let mut accesses = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(vm.register(Register::Magic), MAGIC);
                vm.write(CONFIG, 0x3c, &accesses.to_le_bytes()[..1]);
                assert_eq!(vm.read::<1>(CONFIG, 0x3c), accesses.to_le_bytes()[..1]);
                accesses += 1;
                std::thread::sleep(Duration::from_micros(500));
            }
            accesses
        });
        for signal in [libc::SIGKILL, libc::SIGTERM].into_iter().cycle().take(8) {
            daemon.signal(signal);
            daemon.child.wait().expect("the daemon is ours");
            daemon = started(&systemd);
        }
        is_over.store(true, Ordering::Relaxed);
        until("the last access", || accesses.is_finished());
        assert!(accesses.join().expect("no panic") > 0);
    });
}

#[test]
fn a_vm_that_leaves_meanwhile_leaves_nothing_behind() {
    for does_systemd_notice in [true, false] {
        let systemd = manager("left");
        let daemon = started(&systemd);
        let vm = Vm::connect(&systemd.path("vm"));
        assert_eq!(systemd.kept().len(), 3);
        end(daemon, libc::SIGKILL);
        drop(vm);
        if does_systemd_notice {
            systemd.let_go_of_connections();
        }
        let _daemon = started(&systemd);
        until("the end of what is kept", || systemd.kept().is_empty());
        compute(&Vm::connect(&systemd.path("vm")), 0);
    }
}

#[test]
fn a_vm_whose_function_is_not_offered_any_more_is_cut_off() {
    let systemd = manager("withdrawn");
    let daemon = started(&systemd);
    let vm = Vm::connect(&systemd.path("vm"));
    end(daemon, libc::SIGTERM);
    let mut other = Systemd::new("restart-withdrawn-other");
    other.listen("vgpud.sock", SocketType::SEQPACKET);
    systemd.kept();
    systemd.give_kept(&other);
    let _daemon = started(&other);
    until("the end of what is kept", || other.kept().is_empty());
    assert!(vm.client.borrow_mut().region_read(CONFIG, 0, &mut [0; 4]).is_err());
}

#[test]
fn what_nobody_can_use_is_let_go_and_holds_nothing_up() {
    let systemd = manager("garbage");
    let file = || std::fs::File::open("/dev/null").expect("a file");
    let pair = || UnixStream::pair().expect("a socket pair").0;
    systemd.keep("vgpu-vm-0", file());
    systemd.keep("vgpu-vm-1", pair());
    systemd.keep("vgpu-vm-2", create_object(4096).expect("shared memory"));
    systemd.keep("vgpu-vm-2", create_object(BAR_BYTES).expect("shared memory"));
    systemd.keep("vgpu-vm-2", pair());
    systemd.keep("vgpu-vm-18446744073709551615", pair());
    systemd.keep("stored", file());
    systemd.keep("vgpu-vm-", std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));

    let daemon = started(&systemd);

    until("the end of what is kept", || systemd.kept().is_empty());
    round_trip(&daemon.connect());
    let vm = Vm::connect(&systemd.path("vm"));
    compute(&vm, 0);
    until("what is kept", || systemd.kept().len() == 3);
}

/// A VM as a daemon that has died might have left it: its end of the connection, and its record.
fn left_behind(systemd: &Systemd) -> (Raw, Record) {
    let (ours, theirs) = UnixStream::pair().expect("a socket pair");
    let record = Record::create(&systemd.path("vm"), BAR_BYTES, 4, 7).expect("a page");
    systemd.keep("vgpu-vm-3", theirs);
    systemd.keep("vgpu-vm-3", create_object(BAR_BYTES).expect("shared memory"));
    systemd.keep("vgpu-vm-3", record.object().try_clone_to_owned().expect("a descriptor"));
    ours.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    (Raw(ours), record)
}

fn identity_asked_as(id: u16) -> Vec<u8> {
    message(id, REGION_READ, 0, &words(&[0, 0, CONFIG, 4]))
}

#[test]
fn a_message_that_was_answered_but_not_taken_off_is_not_answered_again() {
    let systemd = manager("answered");
    let (mut vm, record) = left_behind(&systemd);
    record.set_answered(5);
    vm.send(&identity_asked_as(5));
    vm.send(&identity_asked_as(6));
    let _daemon = started(&systemd);
    assert_eq!(vm.answer().id, 6);
    assert!(vm.is_in_step());
}

#[test]
fn a_message_that_was_not_answered_is() {
    let systemd = manager("unanswered");
    let (mut vm, record) = left_behind(&systemd);
    record.set_answered(4);
    vm.send(&identity_asked_as(5));
    let _daemon = started(&systemd);
    assert!(matches!(vm.answer(), Answer { id: 5, error: 0, .. }));
    assert!(vm.is_in_step());
}

#[test]
fn messages_whose_answers_nobody_waits_for_any_more_are_done_and_not_answered() {
    let systemd = manager("late");
    let (mut vm, record) = left_behind(&systemd);
    // The time at which the daemon last lived: when this machine was switched on.
    rustix::io::pwrite(record.object(), &[0; 8], 24).expect("a page");
    vm.send(&message(5, REGION_WRITE, 0, &[&words(&[0x3c, 0, CONFIG, 1])[..], &[11]].concat()));
    vm.send(&identity_asked_as(6));
    let _daemon = started(&systemd);
    // Those that come once the VM is served are answered.
    std::thread::sleep(Duration::from_millis(100));
    let answer = vm.ask(7, REGION_READ, &words(&[0x3c, 0, CONFIG, 1]));
    assert_eq!((answer.id, &answer.body[16..]), (7, &[11][..]));
    assert!(vm.is_in_step());
}

#[test]
fn a_vm_that_was_left_within_a_message_is_cut_off() {
    let systemd = manager("within");
    let (mut vm, record) = left_behind(&systemd);
    record.set_within(true);
    vm.send(&identity_asked_as(5));
    let _daemon = started(&systemd);
    assert!(vm.is_closed());
    until("the end of what is kept", || systemd.kept().is_empty());
}

#[test]
fn without_systemd_a_vm_sees_its_daemon_end() {
    let mut daemon = Daemon::with_functions("restart-none", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    daemon.signal(libc::SIGTERM);
    assert!(daemon.child.wait().expect("the daemon is ours").success());
    assert!(vm.client.borrow_mut().region_read(CONFIG, 0, &mut [0; 4]).is_err());
}
