//! VMs that are paused, and guests that only look like it.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use vgpu_core::guest::Link;
use vgpu_core::pci::regs::Register;
use vgpu_core::transport::handshake::{ConnectionKind, HandshakeError};
use vgpu_core::wire::messages::{ContextCreate, MemAlloc, MemInfo};

use crate::harness::{Daemon, alloc, free_bytes, round_trip, until};
use crate::vmm::{Vm, beat};

const TOKEN: u64 = 0x1234_5678_9abc;
/// Longer than the silence that these daemons allow.
const PAUSE: Duration = Duration::from_millis(3500);

fn with_channels(name: &str, flags: &[&str], channels: u32) -> (Daemon, Vm) {
    let daemon = Daemon::with_functions(name, 1, &[&["--guest-timeout=3"], flags].concat());
    let vm = Vm::connect(&daemon.function(0));
    for channel in 0..channels {
        vm.open(channel, TOKEN, ConnectionKind::Compute).expect("a welcome");
    }
    (daemon, vm)
}

/// Lets these guests' hearts beat for a while.
fn live(vm: &Vm, channels: &[u32], time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        channels.iter().for_each(|channel| beat(vm.block(*channel).heartbeat()));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn holds(vm: &Vm, channel: u32) -> bool {
    vm.block(channel).owner().load(Ordering::Acquire) == TOKEN
}

#[test]
fn a_vm_that_was_paused_goes_on_where_it_was() {
    let (daemon, vm) = with_channels("paused", &[], 2);
    live(&vm, &[0, 1], Duration::from_millis(300));

    std::thread::sleep(PAUSE);
    // One of them is seen first, and the other must not be taken for dead before it could show itself.
    live(&vm, &[0], Duration::from_millis(200));
    live(&vm, &[0, 1], Duration::from_millis(300));

    assert!(holds(&vm, 0) && holds(&vm, 1));
    assert_eq!(daemon.executors().len(), 2);
    assert!(vm.ask_device(0).is_some() && vm.ask_device(1).is_some());
}

#[test]
fn a_guest_that_died_in_a_living_vm_loses_its_channel() {
    let (daemon, vm) = with_channels("killed-guest", &[], 2);
    until("a free channel", || {
        beat(vm.block(0).heartbeat());
        vm.is_free(1)
    });
    assert!(holds(&vm, 0));
    until("the executor's end", || daemon.executors().len() == 1);
}

#[test]
fn where_the_dead_have_all_channels_the_vm_itself_shows_that_it_lives() {
    let (_daemon, vm) = with_channels("all-dead", &["--channels=2"], 2);
    std::thread::sleep(PAUSE);
    assert!(holds(&vm, 0) && holds(&vm, 1));
    // As somebody who looks for a channel, again and again.
    until("a free channel", || {
        vm.register(Register::Channels);
        vm.is_free(0) && vm.is_free(1)
    });
}

#[test]
fn a_paused_vms_place_goes_to_whoever_asks() {
    let (daemon, vm) = with_channels("place", &["--max-guests=2"], 2);
    let error = Link::connect(&daemon.selection()).err().expect("they may still live").to_string();
    assert!(error.contains("--max-guests"), "{error}");
    live(&vm, &[1], Duration::from_millis(100));
    std::thread::sleep(PAUSE);

    let link = daemon.connect();

    round_trip(&link);
    // The one that had been silent for longer, and no more than one.
    until("a free channel", || vm.is_free(0));
    assert!(holds(&vm, 1));
    assert_eq!(daemon.executors().len(), 2);
}

#[test]
fn a_paused_vms_place_goes_to_another_vm() {
    let daemon = Daemon::with_functions("place-vm", 2, &["--guest-timeout=3", "--max-guests=1"]);
    let (paused, other) = (Vm::connect(&daemon.function(0)), Vm::connect(&daemon.function(1)));
    paused.open(0, TOKEN, ConnectionKind::Compute).expect("a welcome");
    let refused = other.open(0, TOKEN, ConnectionKind::Compute);
    assert!(matches!(refused, Err(HandshakeError::Refused(reason)) if reason.contains("--max-guests")));
    std::thread::sleep(PAUSE);

    other.open(1, TOKEN, ConnectionKind::Compute).expect("a welcome");

    assert!(other.ask_device(1).is_some());
    assert!(paused.is_free(0) && holds(&other, 1));
}

#[test]
fn a_paused_vms_memory_counts_as_free_and_goes_to_whoever_asks() {
    let (daemon, vm) = with_channels("memory", &[], 2);
    let mut queue = vm.queue(0);
    queue.post(&ContextCreate { context: 1, device: 0, legacy_stream: 1, flags: 0 });
    let question = MemAlloc { context: 1, reserved: 0, len_bytes: 40 << 20 };
    queue.call(&question).expect("an answer").expect("room");
    let link = daemon.connect();
    assert_eq!(free_bytes(&link), 24 << 20);
    assert!(alloc(&link, 40 << 20).is_err(), "they may still live");
    std::thread::sleep(PAUSE);
    until("memory that could be had", || free_bytes(&link) == 64 << 20);

    assert!(alloc(&link, 65 << 20).is_err());
    assert!(holds(&vm, 0), "nobody gives up anything in vain");
    alloc(&link, 40 << 20).expect("room");

    until("a free channel", || vm.is_free(0));
    assert!(holds(&vm, 1), "it had no memory");
    assert_eq!(link.call(&MemInfo { context: 1, reserved: 0 }, &[]).expect("an answer").reply.free_bytes, 24 << 20);
}
