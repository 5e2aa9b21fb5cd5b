//! How channels end: given back, taken away, orphaned, or left by a host that dies.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::owner::Identity;
use super::fake::{CHANNELS, FakeFunction};
use super::{connect, connected, eventually, is_alive, refusal};
use crate::error::CuError;
use crate::guest::StreamEnd;
use crate::pci::directory::Directory;
use crate::transport::Selection;
use crate::window::layout::AREAS_OFFSET;
use crate::wire::messages::{Marker, MemInfo};

/// Names the folder of a function to the processes that a test starts.
const FOLDER_VARIABLE: &str = "VGPU_TEST_SYSFS";

/// Runs the ignored test of that name in a process of its own, on this function.
fn run_in_a_process(function: &FakeFunction, test: &str) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this test program"))
        .args(["--exact", &format!("transport::pci::tests::life::{test}"), "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, function.places().devices)
        .stdout(Stdio::null())
        .spawn()
        .expect("this test program")
}

fn connect_from_environment() -> crate::guest::Link {
    let devices = std::env::var_os(FOLDER_VARIABLE).expect("the folder's name").into();
    let places = crate::transport::pci::Places { devices, lockdown: "/nonexistent".into() };
    let (window, lifeline) =
        crate::transport::window::open_window_among(&Selection::Default, &places).expect("a channel");
    crate::guest::Link::new(window, lifeline)
}

/// The ring of a channel, which only its guest writes to.
fn ring(function: &FakeFunction, channel: u32) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    function.bar().read(function.directory.arena(channel).offset + AREAS_OFFSET, &mut bytes);
    bytes
}

#[test]
fn a_dropped_link_gives_its_channel_back() {
    let function = FakeFunction::new();
    let link = connected(&function);
    assert_eq!(function.owned(), 1);
    drop(link);
    eventually("the channel is free", || function.owned() == 0);
    assert!(is_alive(&connected(&function)));
}

#[test]
fn a_held_channel_shows_life() {
    let function = FakeFunction::new();
    let _link = connected(&function);
    let block = function.directory.channel(function.bar(), 0).expect("a channel");
    let before = block.heartbeat().load(Ordering::SeqCst);
    eventually("it beats", || block.heartbeat().load(Ordering::SeqCst) > before + 1);
}

#[test]
fn a_lost_executor_is_an_error() {
    let function = FakeFunction::new();
    let link = connected(&function);
    function.end_executors();
    eventually("the loss is noticed", || !is_alive(&link));
    let result = link.call(&MemInfo { context: 5, reserved: 0 }, &[]);
    assert_eq!(result.map(|answer| answer.reply.free_bytes), Err(CuError::DEVICE_UNAVAILABLE));
}

#[test]
fn a_host_that_falls_silent_is_an_error_and_no_hang() {
    let function = FakeFunction::new();
    let link = connected(&function);
    function.stop_beating();
    // Nobody will ever retire this stream so far.
    let seq = link.post_on(&StreamEnd::new(1), &Marker { stream: 1, reserved: 0 }, &[]).expect("a post");
    assert_eq!(link.wait(1, seq + 1), Err(CuError::DEVICE_UNAVAILABLE));
}

#[test]
fn a_reset_function_is_an_error_and_its_memory_is_not_written_to_any_more() {
    let function = FakeFunction::new();
    let link = connected(&function);
    let pinned = link.pinned().alloc(4096).expect("room");
    let span = link.pinned().span(pinned.as_ptr().addr() as u64, 4096).expect("memory of the heap");
    Directory { generation: 1, ..function.directory }.publish(function.bar());
    eventually("the loss is noticed", || !is_alive(&link));
    let before = ring(&function, 0);
    // SAFETY: the heap has given these bytes to this test; they stay memory when the window is lost.
    unsafe { pinned.write_bytes(0x77, 4096) };
    assert_eq!(
        link.post_on(&StreamEnd::new(1), &Marker { stream: 1, reserved: 0 }, &[]),
        Err(CuError::DEVICE_UNAVAILABLE)
    );
    assert!(ring(&function, 0) == before);
    let mut shared = vec![9; 4096];
    function.bar().read(function.directory.arena(0).offset + span.offset, &mut shared);
    assert!(shared.iter().all(|byte| *byte == 0));
}

#[test]
fn a_channel_that_was_taken_away_is_not_written_to_by_the_next_record() {
    let function = FakeFunction::new();
    let link = connected(&function);
    assert!(is_alive(&link));
    let block = function.directory.channel(function.bar(), 0).expect("a channel");
    block.owner().store(4711 << 32 | 1, Ordering::SeqCst);
    let before = ring(&function, 0);
    assert_eq!(
        link.post_on(&StreamEnd::new(1), &Marker { stream: 1, reserved: 0 }, &[]),
        Err(CuError::DEVICE_UNAVAILABLE)
    );
    assert!(ring(&function, 0) == before);
    drop(link);
    assert_eq!(block.owner().load(Ordering::SeqCst), 4711 << 32 | 1, "not this process's to give back");
    assert_ne!(block.closing().load(Ordering::SeqCst), 4711 << 32 | 1);
}

#[test]
fn when_all_channels_are_taken_their_owners_are_named() {
    let function = FakeFunction::new();
    let links: Vec<_> = (0..CHANNELS).map(|_| connected(&function)).collect();
    let text = refusal(&function);
    assert!(text.contains("all 2 channels are taken") && text.contains(&std::process::id().to_string()), "{text}");
    drop(links);
    assert!(is_alive(&connected(&function)), "channels that are being given back are waited for");
}

#[test]
fn a_channel_that_the_host_has_cleared_but_not_yet_freed_is_waited_for() {
    let function = FakeFunction::new();
    let blocks =
        || (0..CHANNELS).map(|channel| function.directory.channel(function.bar(), channel).expect("a channel"));
    blocks().for_each(|block| block.owner().store(4711 << 32 | 1, Ordering::SeqCst));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            blocks().for_each(|block| block.owner().store(0, Ordering::SeqCst));
        });
        assert!(is_alive(&connected(&function)));
    });
}

#[test]
fn channels_of_dead_owners_are_taken_back() {
    let function = FakeFunction::new();
    let mut dead = Command::new("true").spawn().expect("a process");
    let dead_pid = u64::from(dead.id());
    dead.wait().expect("its end");
    for channel in 0..CHANNELS {
        let block = function.directory.channel(function.bar(), channel).expect("a channel");
        Identity::new().publish(block);
        block.owner().store(dead_pid << 32 | 9, Ordering::SeqCst);
    }
    assert!(is_alive(&connected(&function)));
    eventually("the other channel is free too", || function.owned() <= 1);
}

#[test]
fn an_owner_of_another_namespace_is_left_alone() {
    let function = FakeFunction::new();
    let mut dead = Command::new("true").spawn().expect("a process");
    dead.wait().expect("its end");
    let token = u64::from(dead.id()) << 32 | 9;
    let block = function.directory.channel(function.bar(), 0).expect("a channel");
    Identity::new().publish(block);
    block.pid_namespace().fetch_add(1, Ordering::SeqCst);
    block.owner().store(token, Ordering::SeqCst);
    let link = connected(&function);
    assert!(is_alive(&link));
    assert_eq!(block.owner().load(Ordering::SeqCst), token);
}

#[test]
fn a_process_number_that_was_given_out_again_is_not_the_owner() {
    let function = FakeFunction::new();
    let block = function.directory.channel(function.bar(), 0).expect("a channel");
    let identity = Identity::new();
    identity.publish(block);
    block.start_time().fetch_sub(1, Ordering::SeqCst);
    block.owner().store(identity.token, Ordering::SeqCst);
    let _link = connected(&function);
    eventually("the old owner is taken off", || function.owner(0) != identity.token);
}

#[test]
fn a_process_that_exits_gives_its_channel_back() {
    let function = FakeFunction::new();
    let mut process = run_in_a_process(&function, "helper_exits");
    assert!(process.wait().expect("its end").success());
    eventually("the channel is free", || function.owned() == 0);
}

#[test]
fn a_process_that_is_killed_is_taken_off_by_another() {
    let function = FakeFunction::new();
    let link = connected(&function);
    let block = function.directory.channel(function.bar(), 1).expect("a channel");
    let mut process = run_in_a_process(&function, "helper_stays");
    // Before it has said who it is, nobody but the host can tell that it is gone.
    eventually("it has a channel", || function.owned() == 2 && block.pid_namespace().load(Ordering::Acquire) != 0);
    process.kill().expect("a kill");
    process.wait().expect("its end");
    eventually("the channel is free", || function.owned() == 1);
    assert!(is_alive(&link));
}

#[test]
fn a_forked_child_leaves_its_parents_channel_alone() {
    let function = FakeFunction::new();
    let link = connected(&function);
    // SAFETY: the child only uses what needs no lock of another thread, and ends without running the parent's handlers.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = link.call(&MemInfo { context: 5, reserved: 0 }, &[]).err() == Some(CuError::NOT_INITIALIZED);
        drop(link);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if refused { 0 } else { 1 }) };
    }
    assert!(child > 0);
    let mut status = 0;
    // SAFETY: waits for the child that was just made; the status is writable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child was not refused");
    assert_eq!(function.owned(), 1);
    assert!(is_alive(&link));
    let again = connect(&function, &Selection::Default).expect("another channel");
    assert!(is_alive(&again));
}

#[test]
#[ignore = "what another test runs in a process of its own"]
fn helper_exits() {
    let link = connect_from_environment();
    assert!(is_alive(&link));
    // As what lives in a static: it is never dropped.
    std::mem::forget(link);
    std::process::exit(0);
}

#[test]
#[ignore = "what another test runs in a process of its own"]
fn helper_stays() {
    let link = connect_from_environment();
    assert!(is_alive(&link));
    loop {
        std::thread::park();
    }
}
