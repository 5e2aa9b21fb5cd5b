//! A PCI function as its VM sees it, from identity to isolation.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use vgpu_core::guest::MonitorLink;
use vgpu_core::pci::regs::{BAR0_BYTES, MAGIC, RESET_KEY, Register};
use vgpu_core::pci::{directory, regs};
use vgpu_core::transport::Exchange;
use vgpu_core::transport::handshake::{ConnectionKind, HandshakeError};
use vgpu_core::window::layout::ABI_HASH;
use vgpu_core::wire::PROTOCOL_VERSION;

use crate::harness::{Daemon, round_trip, until};
use crate::vmm::{BAR0, BAR1, CONFIG, Mailbox, Vm, beat, greeting};

const TOKEN: u64 = 0x1234_5678_9abc;

fn compute(vm: &Vm, channel: u32, token: u64) {
    vm.open(channel, token, ConnectionKind::Compute).expect("a welcome");
    let info = vm.ask_device(channel).expect("an answer");
    assert_eq!(info.device_count, 1);
    assert_eq!(info.total_mem_bytes, 64 << 20);
}

fn refusal(result: Result<(), HandshakeError>) -> String {
    match result {
        Err(HandshakeError::Refused(reason)) => reason,
        other => panic!("not a refusal: {other:?}"),
    }
}

#[test]
fn the_function_is_an_h100_with_our_registers_and_memory() {
    let daemon = Daemon::with_functions("identity", 1, &["--channels=3"]);
    let vm = Vm::connect(&daemon.function(0));

    assert_eq!(vm.read::<4>(CONFIG, 0), [0xde, 0x10, 0x31, 0x23]);
    assert_eq!(vm.read::<3>(CONFIG, 9), [0x00, 0x02, 0x03]);
    let sizes = [0, 1, 2, 7].map(|region| RegionSize::of(&vm, region));
    assert_eq!(sizes, [(BAR0_BYTES, 3), (256 << 20, 7), (0, 0), (256, 3)].map(RegionSize));
    assert_eq!(vm.client.borrow_mut().get_irq_info(2).expect("an answer").count, 0);

    assert_eq!(vm.register(Register::Magic), MAGIC);
    assert_eq!(vm.register(Register::Protocol), PROTOCOL_VERSION);
    assert_eq!(vm.register(Register::AbiHashLow), ABI_HASH as u32);
    assert_eq!(vm.register(Register::Channels), 3);
    assert_eq!(vm.read::<8>(BAR0, 0), [0; 8]);
    assert_eq!(vm.read::<8>(BAR0, regs::PAGE_OFFSET - 4), [0, 0, 0, 0, b'V', b'G', b'P', b'U']);

    assert_eq!(vm.directory().channels, 3);
    assert_eq!(vm.directory().generation, vm.register(Register::Generation));
    assert_eq!(vm.read::<8>(BAR1, 0), directory::DIRECTORY_MAGIC.to_le_bytes(), "also without mapping it");
    let before = directory::heartbeat(&vm.bar).load(Ordering::Acquire);
    until("a heartbeat", || directory::heartbeat(&vm.bar).load(Ordering::Acquire) != before);
}

/// A region's length and flags.
#[derive(Debug, PartialEq, Eq)]
struct RegionSize((u64, u32));

impl RegionSize {
    fn of(vm: &Vm, region: u32) -> Self {
        let client = vm.client.borrow();
        let region = client.region(region).expect("a region");
        Self((region.size, region.flags))
    }
}

#[test]
fn a_guest_computes_and_closing_wipes_and_frees_its_channel() {
    let daemon = Daemon::with_functions("channel", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 2, TOKEN);
    assert_eq!(daemon.executors().len(), 1);
    assert!(!vm.arena_is_zero(2));

    vm.close(2, TOKEN);

    until("a free channel", || vm.is_free(2));
    assert!(vm.arena_is_zero(2));
    let block = vm.block(2);
    let words = [block.opened(), block.closing(), block.heartbeat(), block.ended()];
    assert_eq!(words.map(|word| word.load(Ordering::Acquire)), [0; 4]);
    assert!(block.take_request().is_none_or(|packet| packet.is_empty()));
    until("the executor's end", || daemon.executors().is_empty());
    compute(&vm, 2, TOKEN + 1);
}

#[test]
fn channels_serve_their_guests_side_by_side() {
    let daemon = Daemon::with_functions("side-by-side", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    for channel in 0..4 {
        compute(&vm, channel, TOKEN + u64::from(channel));
    }
    assert_eq!(daemon.executors().len(), 4);
    vm.close(1, TOKEN + 1);
    until("a free channel", || vm.is_free(1));
    assert_eq!(daemon.executors().len(), 3);
    assert!(!vm.arena_is_zero(0) && !vm.arena_is_zero(2));
}

#[test]
fn a_lost_doorbell_costs_a_moment_only() {
    let daemon = Daemon::with_functions("lost-doorbell", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    vm.block(0).closing().store(TOKEN, Ordering::Release);
    until("a free channel", || vm.is_free(0));
}

#[test]
fn a_disconnect_ends_everything_and_the_next_vm_sees_nothing_of_it() {
    let daemon = Daemon::with_functions("disconnect", 1, &[]);
    let first = Vm::connect(&daemon.function(0));
    compute(&first, 0, TOKEN);
    let marks = [directory::SCRATCH_OFFSET, (256 << 20) - 8];
    for at in marks {
        first.bar.word64(at).store(u64::MAX, Ordering::Release);
    }
    let generation = first.directory().generation;
    first.client.borrow().shutdown().expect("a shutdown");

    let second = Vm::connect(&daemon.function(0));

    assert!(daemon.executors().is_empty(), "before the next VM is let in");
    assert_eq!(marks.map(|at| second.bar.word64(at).load(Ordering::Acquire)), [0; 2]);
    assert!((0..8).all(|channel| second.is_free(channel) && second.arena_is_zero(channel)));
    assert_eq!(second.directory().generation, generation + 1);
    assert_eq!(second.register(Register::Generation), generation + 1);
    // The first one may keep its memory mapped for as long as it likes: it is not the second one's.
    first.bar.word64(marks[0]).store(7, Ordering::Release);
    compute(&second, 0, TOKEN);
    assert_eq!(second.bar.word64(marks[0]).load(Ordering::Acquire), 0);
}

#[test]
fn a_reset_of_the_device_ends_everything_and_wipes_the_memory() {
    let daemon = Daemon::with_functions("reset", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    vm.bar.word64(directory::SCRATCH_OFFSET).store(5, Ordering::Release);
    vm.write(CONFIG, 4, &[2]);
    let generation = vm.directory().generation;

    vm.client.borrow_mut().reset().expect("an answer");

    assert_eq!(vm.bar.word64(directory::SCRATCH_OFFSET).load(Ordering::Acquire), 0);
    assert_eq!(vm.directory().generation, generation + 1);
    assert_eq!(vm.register(Register::Generation), generation + 1);
    assert!(vm.is_free(0) && vm.arena_is_zero(0));
    assert!(daemon.executors().is_empty());
    assert_eq!(vm.read::<2>(CONFIG, 4), [0, 0]);
    compute(&vm, 0, TOKEN);
}

#[test]
fn a_guest_resets_the_function_with_the_key_only() {
    let daemon = Daemon::with_functions("reset-register", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    let generation = vm.register(Register::Generation);
    vm.set_register(Register::Reset, 1);
    vm.set_register(Register::Reset, RESET_KEY);
    until("the reset", || vm.register(Register::Generation) == generation + 1);
    assert!(vm.is_free(0) && vm.arena_is_zero(0));
    assert!(daemon.executors().is_empty());
    compute(&vm, 0, TOKEN);
    assert_eq!(vm.register(Register::Generation), generation + 1);
}

#[test]
fn a_monitor_is_answered_in_its_mailbox() {
    let daemon = Daemon::with_functions("monitor", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    vm.open(0, TOKEN, ConnectionKind::Monitor).expect("a welcome");
    assert!(daemon.executors().is_empty());
    let mailbox = Mailbox { vm: &vm, channel: 0, token: TOKEN, was_opened: Cell::new(true) };
    let mut answer = [0; 8192];
    // Question 2: the memory of device 0.
    let (len_bytes, _) =
        mailbox.exchange(&[[2, 0, 0, 0].as_slice(), &[0; 12]].concat(), &mut answer).expect("an answer");
    let total_bytes = u64::from_le_bytes(*answer[12..].first_chunk().expect("eight bytes"));
    assert_eq!((len_bytes, &answer[..4], total_bytes), (20, &[0; 4][..], 64 << 20));
    vm.close(0, TOKEN);
    until("a free channel", || vm.is_free(0));
}

#[test]
fn a_monitor_on_the_host_sees_the_guests_of_vms() {
    let daemon = Daemon::with_functions("observed", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a place");
    let processes = monitor.processes(0).expect("an answer");
    assert_eq!(processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [0]);
    vm.close(0, TOKEN);
    until("nobody", || monitor.processes(0).expect("an answer").is_empty());
}

#[test]
fn guests_that_cannot_be_served_are_told_why() {
    let daemon = Daemon::with_functions("refusals", 1, &["--max-guests=1"]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    let reason = refusal(vm.open(1, TOKEN, ConnectionKind::Compute));
    assert!(reason.contains("--max-guests"), "{reason}");

    for (channel, garbage) in [(2, &[0xff; 32][..]), (3, &[]), (4, b"vGPUhelo")] {
        vm.block(channel).owner().store(TOKEN, Ordering::Release);
        let mailbox = Mailbox { vm: &vm, channel, token: TOKEN, was_opened: Cell::new(false) };
        let mut answer = [0; 8192];
        let (len_bytes, _) = mailbox.exchange(garbage, &mut answer).expect("an answer");
        let said = String::from_utf8_lossy(&answer[8..len_bytes]);
        assert!(said.contains("not understood"), "{said}");
    }
    for channel in 1..5 {
        vm.close(channel, TOKEN);
        until("a free channel", || vm.is_free(channel));
    }
    vm.close(0, TOKEN);
    until("a free channel", || vm.is_free(0));
    compute(&vm, 1, TOKEN);
}

#[test]
fn a_guest_of_another_version_is_told_so() {
    let daemon = Daemon::with_functions("version", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    let mut hello = b"vGPUhelo".to_vec();
    hello.extend(99_u32.to_le_bytes());
    hello.extend([1, 0, 0, 0]);
    hello.extend([0; 16]);
    vm.block(0).owner().store(TOKEN, Ordering::Release);
    let mailbox = Mailbox { vm: &vm, channel: 0, token: TOKEN, was_opened: Cell::new(false) };
    let mut answer = [0; 8192];
    let (len_bytes, _) = mailbox.exchange(&hello, &mut answer).expect("an answer");
    let said = String::from_utf8_lossy(&answer[8..len_bytes]);
    assert!(said.contains("guest unknown, protocol 99"), "{said}");
}

#[test]
fn an_executors_death_is_told_and_the_channel_stays_its_guests_until_that_closes_it() {
    let daemon = Daemon::with_functions("death", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    compute(&vm, 1, TOKEN);
    let executor = daemon.executors()[0];
    // SAFETY: an executor of our daemon's, which has not been waited for.
    unsafe { libc::kill(executor, libc::SIGKILL) };
    until("the news", || (0..2).any(|channel| vm.block(channel).ended().load(Ordering::Acquire) == TOKEN));
    let dead = u32::from(vm.block(1).ended().load(Ordering::Acquire) == TOKEN);
    assert_eq!(vm.block(1 - dead).ended().load(Ordering::Acquire), 0);
    assert!(!vm.is_free(dead));
    assert!(!vm.arena_is_zero(dead), "the guest may still read its last words");
    vm.close(dead, TOKEN);
    until("a free channel", || vm.is_free(dead));
    assert!(vm.arena_is_zero(dead));
}

#[test]
fn silent_guests_are_taken_off_and_living_ones_are_not() {
    let daemon = Daemon::with_functions("silence", 1, &["--guest-timeout=3"]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    vm.open(1, TOKEN, ConnectionKind::Monitor).expect("a welcome");
    // One that died between taking the channel and opening it.
    vm.block(2).owner().store(TOKEN, Ordering::Release);
    compute(&vm, 3, TOKEN);
    let start = Instant::now();
    until("free channels", || {
        beat(vm.block(3).heartbeat());
        (0..3).all(|channel| vm.is_free(channel))
    });
    assert!(start.elapsed() > Duration::from_millis(500), "not at once");
    assert!(!vm.is_free(3));
    assert_eq!(daemon.executors().len(), 1);
}

#[test]
fn a_channel_whose_owner_gave_up_before_opening_it_is_freed_at_once() {
    let daemon = Daemon::with_functions("gave-up", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    vm.block(0).owner().store(TOKEN, Ordering::Release);
    vm.block(0).closing().store(TOKEN + 1, Ordering::Release);
    vm.set_register(Register::Attention(0), 1);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!vm.is_free(0), "another one's token closes nothing");
    vm.close(0, TOKEN);
    until("a free channel", || vm.is_free(0));
}

#[test]
fn a_stopped_executor_holds_nobody_up() {
    let daemon = Daemon::with_functions("stopped", 1, &[]);
    let vm = Vm::connect(&daemon.function(0));
    compute(&vm, 0, TOKEN);
    // SAFETY: an executor of our daemon's, which has not been waited for.
    unsafe { libc::kill(daemon.executors()[0], libc::SIGSTOP) };
    vm.close(0, TOKEN);
    until("a free channel", || vm.is_free(0));
    compute(&vm, 0, TOKEN);
    // SAFETY: as above.
    unsafe { libc::kill(daemon.executors()[0], libc::SIGSTOP) };
    drop(vm);
    compute(&Vm::connect(&daemon.function(0)), 0, TOKEN);
}

#[test]
fn functions_share_the_places_but_not_their_memory() {
    let daemon = Daemon::with_functions("two", 2, &["--max-guests=2"]);
    let (a, b) = (Vm::connect(&daemon.function(0)), Vm::connect(&daemon.function(1)));
    compute(&a, 0, TOKEN);
    compute(&b, 0, TOKEN);
    let reason = refusal(a.open(1, TOKEN, ConnectionKind::Compute));
    assert!(reason.contains("--max-guests"), "{reason}");
    a.bar.word64(directory::SCRATCH_OFFSET).store(9, Ordering::Release);
    assert_eq!(b.bar.word64(directory::SCRATCH_OFFSET).load(Ordering::Acquire), 0);
    drop(a);
    until("the other one's place", || daemon.executors().len() == 1);
    compute(&b, 1, TOKEN);
}

#[test]
fn a_guest_that_writes_nonsense_everywhere_harms_only_itself() {
    let daemon = Daemon::with_functions("hostile", 2, &[]);
    let neighbour = daemon.connect();
    let (bad, good) = (Vm::connect(&daemon.function(0)), Vm::connect(&daemon.function(1)));
    compute(&good, 0, TOKEN);
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    };
    let directory = bad.directory();
    for round in 0..40 {
        if round % 8 == 0 {
            compute_or_not(&bad, round as u32 / 8);
        }
        // Words of the channels above all, then anything anywhere.
        for _ in 0..2000 {
            let channel = (random() % 8) as u32;
            let at = match random() % 4 {
                0 => directory.block(channel).offset + random() % 48 * 8,
                1 => directory.arena(channel).offset + random() % 1024 * 8,
                2 => directory.block(channel).offset + random() % 2048 * 8,
                _ => random() % (directory.total_bytes / 8) * 8,
            };
            let value = [0, 1, TOKEN, u64::MAX, random()][(random() % 5) as usize];
            bad.bar.word64(at).store(value, Ordering::Release);
        }
        for _ in 0..50 {
            let offset = regs::PAGE_OFFSET + random() % 4090;
            let value = random().to_le_bytes();
            bad.write(BAR0, offset, &value[..1 + (random() % 6) as usize]);
            bad.write(CONFIG, random() % 250, &value[..4]);
        }
        round_trip(&neighbour);
    }
    let info = bad.register(Register::Channels);
    assert_eq!(info, 8, "the registers are the host's");
    bad.client.borrow_mut().reset().expect("an answer");
    compute(&bad, 0, TOKEN);
    good.close(0, TOKEN);
    until("a free channel", || good.is_free(0));
    compute(&good, 0, TOKEN + 1);
    round_trip(&daemon.connect());
}

/// Opens a channel if the nonsense of earlier rounds allows it.
fn compute_or_not(vm: &Vm, channel: u32) {
    let Ok(directory) = directory::Directory::read(&vm.bar) else {
        return;
    };
    if let Some(block) = directory.channel(&vm.bar, channel) {
        block.owner().store(TOKEN, Ordering::Release);
        let mailbox = Mailbox { vm, channel, token: TOKEN, was_opened: Cell::new(false) };
        // Whatever comes of it.
        let _ = vgpu_core::transport::handshake::greet(&mailbox, &greeting(ConnectionKind::Compute));
    }
}
