//! Functions of the guest: called in the order of their stream, which waits for them.

use std::sync::Arc;

use vgpu_core::CuError;
use vgpu_core::wire::messages::*;

use crate::cases::{create_graph, marker, node};
use crate::fake::{Fake, wait_until};
use crate::guest::{Guest, LEGACY, STREAM, launch};

/// A guest whose kernel ends its context with a fault.
fn with_fault(fake: &Arc<Fake>) -> Guest {
    let mut guest = Guest::ready(fake);
    guest.function = guest.find("fault_700").expect("a function").0.function;
    guest
}

/// Has the executor look at all streams once more.
fn look_again(guest: &mut Guest) {
    guest.post(Marker { stream: LEGACY, reserved: 0 }).expect("the context is sound");
    guest.wait_for(LEGACY, guest.seq);
}

fn is_retired(guest: &Guest, seq: u64) -> bool {
    guest.window.seen.lock().retired.get(&STREAM) >= Some(&seq)
}

fn host_node(token: u64, before: &[u32]) -> Vec<u8> {
    node(&HostCall { stream: STREAM, reserved: 0, token }, &[], before)
}

#[test]
fn the_guest_is_called_after_the_work_before_and_holds_up_the_work_after() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    guest.launch().unwrap();
    let before = guest.seq;
    guest.settle();
    guest.call_host(7).unwrap();
    let call = guest.seq;
    guest.post(marker()).unwrap();
    let after = guest.seq;
    look_again(&mut guest);
    assert_eq!(guest.host_calls(0), [0; 0]);
    fake.hold("stream1", false);
    assert_eq!(guest.host_calls(1), [7]);
    guest.wait_for(STREAM, before);
    look_again(&mut guest);
    assert!(!is_retired(&guest, call));
    guest.carry_out(1);
    guest.wait_for(STREAM, after);
    guest.end();
}

#[test]
fn calls_of_a_stream_come_one_after_the_other() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    (1..=3).for_each(|token| guest.call_host(token * 10).unwrap());
    let last = guest.seq;
    for number in 1..=3 {
        let tokens: Vec<u64> = (1..=number).map(|token| token * 10).collect();
        assert_eq!(guest.host_calls(number as usize), tokens);
        look_again(&mut guest);
        assert_eq!(guest.host_calls(0), tokens, "the next one waits");
        guest.carry_out(number);
    }
    guest.wait_for(STREAM, last);
    guest.end();
}

#[test]
fn a_call_that_nobody_tells_of_is_found_to_be_done() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.call_host(7).unwrap();
    guest.host_calls(1);
    guest.window.seen.lock().calls_done = 1;
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn a_graph_calls_at_every_launch() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    create_graph(&mut guest, &[host_node(5, &[]), host_node(6, &[0])]).unwrap();
    for launched in 0..2 {
        guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
        let seq = guest.seq;
        for number in [2 * launched + 1, 2 * launched + 2] {
            assert_eq!(guest.host_calls(number as usize), [5, 6, 5, 6][..number as usize]);
            look_again(&mut guest);
            assert!(!is_retired(&guest, seq));
            guest.carry_out(number);
        }
        guest.wait_for(STREAM, seq);
    }
    guest.end();
}

#[test]
fn a_graph_that_goes_while_it_calls_goes_after_it() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    create_graph(&mut guest, &[host_node(5, &[]), host_node(6, &[0])]).unwrap();
    guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
    let seq = guest.seq;
    guest.post(GraphDestroy { graph: guest.graph }).unwrap();
    guest.settle();
    guest.host_calls(1);
    look_again(&mut guest);
    assert!(fake.living().iter().any(|name| name == "exec1"));
    guest.carry_out(1);
    assert_eq!(guest.host_calls(2), [5, 6]);
    guest.carry_out(2);
    guest.wait_for(STREAM, seq);
    wait_until(|| "the graph goes", || !fake.living().iter().any(|name| name == "exec1"));
    guest.end();
}

#[test]
fn the_guest_is_called_after_a_fault_too_but_not_by_a_graph() {
    let fake = Fake::new();
    let mut guest = with_fault(&fake);
    create_graph(&mut guest, &[host_node(9, &[])]).unwrap();
    fake.hold("stream1", true);
    guest.launch().unwrap();
    guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
    let graph = guest.seq;
    guest.settle();
    (1..=2).for_each(|token| guest.call_host(token).unwrap());
    let last = guest.seq;
    guest.settle();
    fake.hold("stream1", false);
    guest.wait_for(STREAM, graph);
    assert_eq!(guest.host_calls(2), [1, 2]);
    assert_eq!(guest.failures(), [CuError::ILLEGAL_ADDRESS]);
    // Other streams wait for nothing.
    let _ = guest.post(Marker { stream: LEGACY, reserved: 0 });
    guest.wait_for(LEGACY, guest.seq);
    assert!(!is_retired(&guest, last));
    guest.carry_out(2);
    guest.wait_for(STREAM, last);
    assert_eq!(guest.call_host(3), Err(CuError::ILLEGAL_ADDRESS));
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.host_calls(0), [1, 2]);
    guest.end();
}

#[test]
fn a_call_under_way_when_its_context_fails_is_waited_for() {
    let fake = Fake::new();
    let mut guest = with_fault(&fake);
    guest.call_host(1).unwrap();
    let call = guest.seq;
    guest.host_calls(1);
    guest.post_with(Launch { stream: LEGACY, ..launch(guest.function) }, &[]).unwrap();
    guest.wait_for(LEGACY, guest.seq);
    assert_eq!(guest.failures(), [CuError::ILLEGAL_ADDRESS]);
    assert!(!is_retired(&guest, call));
    guest.carry_out(1);
    guest.wait_for(STREAM, call);
    assert_eq!(guest.host_calls(0), [1]);
    guest.end();
}

#[test]
fn a_call_of_a_graph_under_way_when_its_context_fails_is_waited_for() {
    let fake = Fake::new();
    let mut guest = with_fault(&fake);
    create_graph(&mut guest, &[host_node(5, &[]), host_node(6, &[0])]).unwrap();
    guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
    let graph = guest.seq;
    guest.settle();
    guest.host_calls(1);
    guest.post_with(Launch { stream: LEGACY, ..launch(guest.function) }, &[]).unwrap();
    let fault = guest.seq;
    guest.settle();
    wait_until(|| "the fault is told", || guest.failures() == [CuError::ILLEGAL_ADDRESS]);
    assert!(!is_retired(&guest, graph));
    guest.carry_out(1);
    guest.wait_for(STREAM, graph);
    guest.wait_for(LEGACY, fault);
    assert_eq!(guest.host_calls(0), [5], "nothing more is called");
    guest.end();
}

#[test]
fn a_call_that_the_driver_refuses_is_not_made() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.fail("ring", "cuLaunchHostFunc(", 0, CuError::NOT_PERMITTED.code());
    assert_eq!(guest.call_host(1), Err(CuError::NOT_PERMITTED));
    guest.wait_for(STREAM, guest.seq);
    guest.call_host(2).unwrap();
    assert_eq!(guest.host_calls(1), [2]);
    guest.carry_out(1);
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn an_executor_can_go_while_the_guest_is_called() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    (1..=2).for_each(|token| guest.call_host(token).unwrap());
    guest.host_calls(1);
    let window = Arc::clone(&guest.window);
    guest.go();
    // The driver goes on: its threads are let go of, and what it calls then finds nothing.
    wait_until(|| "the stream is idle", || fake.is_idle());
    assert_eq!(window.seen.lock().calls, [1]);
}
