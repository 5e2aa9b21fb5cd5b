//! What kernels print: it is there for the guest when it learns that they are done, and nobody waits for it.

use std::sync::Arc;

use vgpu_core::CuError;
use vgpu_core::wire::Answer;
use vgpu_core::wire::messages::*;

use crate::fake::{Fake, wait_until};
use crate::guest::{Guest, LEGACY, STREAM};

/// A guest whose kernel of that name may print something.
fn with_kernel(fake: &Arc<Fake>, name: &str) -> Guest {
    let mut guest = Guest::ready(fake);
    let image = format!(".extern .func vprintf ();\n.visible .entry {name}() {{ }}");
    guest.module = guest.load(image.as_bytes()).expect("a module");
    guest.function = guest.find(name).expect("a function").0.function;
    guest
}

/// What the guest prints when it takes what there is: on standard output, and on standard error.
fn taken(guest: &mut Guest) -> (String, String) {
    let Answer { reply, tail } = guest.call(OutputTake { room_bytes: u64::MAX }, &[]).expect("an answer");
    let (stdout, stderr) = tail.split_at(reply.stdout_bytes as usize);
    assert_eq!((stderr.len() as u64, reply.left_bytes), (reply.stderr_bytes, 0));
    [stdout, stderr].map(|text| String::from_utf8(text.to_vec()).expect("text")).into()
}

#[test]
fn what_a_kernel_prints_is_there_when_its_record_is_retired() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "print_hello");
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.seen.lock().outputs_before.last(), Some(&1), "the guest was told before");
    assert_eq!(taken(&mut guest), ("hello\n".to_owned(), String::new()));
    assert_eq!(taken(&mut guest), (String::new(), String::new()));
    guest.end();
}

#[test]
fn more_than_a_pipe_holds_is_there_whole() {
    const LINES: u32 = 200_000;
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, &format!("flood_{LINES}"));
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    let expected: String = (0..LINES).map(|line| format!("line {line}\n")).collect();
    assert!(taken(&mut guest).0 == expected);
    guest.end();
}

#[test]
fn what_an_assertion_says_is_there_when_the_fault_is_told() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "fault_710");
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), [CuError::ASSERT]);
    assert!(guest.window.seen.lock().outputs_before.contains(&1));
    assert_eq!(taken(&mut guest), (String::new(), "an assertion failed\n".to_owned()));
    guest.end();
}

#[test]
fn a_fault_that_a_call_finds_is_told_after_what_it_says() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "fault_710");
    fake.block("cuEventQuery", true);
    guest.launch().unwrap();
    assert_eq!(guest.alloc(512), Err(CuError::ASSERT));
    assert_eq!(guest.window.seen.lock().outputs_before.last(), Some(&1));
    assert_eq!(taken(&mut guest).1, "an assertion failed\n");
    fake.block("cuEventQuery", false);
    guest.wait_for(STREAM, guest.seq - 2);
    guest.end();
}

#[test]
fn nobody_waits_for_the_rest_of_the_work() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "print_hello");
    fake.hold("legacy", true);
    guest.post(Marker { stream: LEGACY, reserved: 0 }).unwrap();
    guest.launch().unwrap();
    let first = guest.seq;
    guest.settle();
    // What comes after it in its own stream does not end before it is told to.
    guest.call_host(1).unwrap();
    guest.wait_for(STREAM, first);
    assert_eq!(taken(&mut guest).0, "hello\n");
    guest.host_calls(1);
    guest.carry_out(1);
    guest.end();
}

#[test]
fn what_was_printed_is_there_when_the_guest_is_called() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "print_hello");
    fake.block("cuEventQuery", true);
    guest.launch().unwrap();
    // A launch has what was printed before it printed.
    guest.launch().unwrap();
    guest.call_host(1).unwrap();
    guest.host_calls(1);
    assert_eq!(guest.window.seen.lock().outputs_before.last(), Some(&1));
    assert_eq!(taken(&mut guest).0, "hello\n");
    fake.block("cuEventQuery", false);
    guest.carry_out(1);
    guest.wait_for(STREAM, guest.seq - 1);
    assert_eq!(taken(&mut guest).0, "hello\n");
    guest.end();
}

#[test]
fn what_comes_without_anybody_waiting_is_taken_in_all_the_same() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "flood_200000");
    fake.block("cuEventQuery", true);
    // Each launch prints what the one before has left, which no pipe holds.
    (0..3).for_each(|_| guest.launch().unwrap());
    let window = Arc::clone(&guest.window);
    wait_until(|| "it is told", || window.seen.lock().outputs > 0);
    fake.block("cuEventQuery", false);
    guest.wait_for(STREAM, guest.seq);
    assert!(taken(&mut guest).0.ends_with("line 199999\n"));
    guest.end();
}

#[test]
fn code_that_cannot_print_costs_no_call() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert!(guest.calls_of("retirer").iter().all(|call| !call.starts_with("cuEventSynchronize")));
    guest.end();
}

#[test]
fn a_driver_that_does_not_print_keeps_no_record_waiting() {
    let fake = Fake::new();
    let mut guest = with_kernel(&fake, "print_hello");
    fake.fail("retirer", "cuEventSynchronize(", 0, CuError::NOT_PERMITTED.code());
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), []);
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(taken(&mut guest).0, "hello\nhello\n");
    guest.end();
}
