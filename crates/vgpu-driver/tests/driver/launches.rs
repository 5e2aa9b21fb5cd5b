//! What launches ask for besides a shape: what reaches the driver of it, and what does not.

use vgpu_core::wire::messages::*;
use vgpu_core::{CuError, CuResult};

use crate::cases::{attribute, clusters, create_graph, node};
use crate::fake::Fake;
use crate::guest::{AREA_BYTES, Guest, STREAM, launch};

const PARAMS: [u8; 12] = [0; 12];

/// Launches with attributes, as a record and as a node: both come to the same.
fn send(guest: &mut Guest, count: u32, attributes: &[u8]) -> CuResult {
    let (message, tail) = (launch(guest.function).with_attributes(count), [attributes, &PARAMS].concat());
    let sent = guest.post_with(message, &tail);
    assert_eq!(create_graph(guest, &[node(&message, &tail, &[])]), sent);
    sent
}

/// Nothing has been queued so far, and the guest can go on.
fn is_unharmed(guest: &mut Guest) {
    guest.settle();
    let calls = guest.calls_of("ring");
    let queued = calls.iter().filter(|call| call.starts_with("cuLaunch") || call.starts_with("cuGraphInstantiate"));
    assert_eq!(queued.count(), 0, "{calls:?}");
    guest.launch().expect("it can go on");
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), []);
}

#[test]
fn a_cooperative_launch_is_one_by_attribute() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let message = Launch { flags: LAUNCH_COOPERATIVE, ..launch(guest.function) };
    guest.post_with(message, &PARAMS).unwrap();
    create_graph(&mut guest, &[node(&message, &PARAMS, &[])]).unwrap();
    let calls = guest.calls_of("ring");
    let params = "one by one [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0]]";
    assert_eq!(calls[0], format!("cuLaunchKernelEx(function1, 2x1x1, 32x4x1, 16, stream1, {{2: [1]}}, {params})"));
    let captured = format!("cuLaunchKernelEx(function1, 2x1x1, 32x4x1, 16, stream2, {{2: [1]}}, {params})");
    assert!(calls.contains(&captured), "{calls:?}");
    assert!(calls.contains(&"cuGraphAddChildGraphNode(graph1, [], graph2) -> node1".to_owned()), "{calls:?}");
    guest.end();
}

#[test]
fn a_captured_launch_that_is_refused_ends_the_capture_and_says_what_it_asked_for() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let message = Launch { flags: LAUNCH_COOPERATIVE, ..launch(guest.function) };
    fake.fail("ring", "cuLaunchKernelEx", 0, 1);
    assert_eq!(create_graph(&mut guest, &[node(&message, &PARAMS, &[])]), Err(CuError::INVALID_VALUE));
    assert!(guest.error_text().contains("with attributes [2]"), "{}", guest.error_text());
    // The stream captures again.
    create_graph(&mut guest, &[node(&message, &PARAMS, &[])]).unwrap();
    guest.end();
}

#[test]
fn a_launch_without_attributes_is_a_plain_one() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post_with(launch(guest.function).with_attributes(0), &PARAMS).unwrap();
    let calls = guest.calls_of("ring");
    assert!(calls[0].starts_with("cuLaunchKernel("), "{calls:?}");
    guest.end();
}

#[test]
fn handles_and_numbers_that_are_no_attribute_never_reach_the_driver() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    // Among them those of events (7, 12) and of nodes that the device updates (13), which would hold addresses.
    for id in [0, 2, 3, 7, 12, 13, 15, 16, 17, 18, 19, 1 << 31, u32::MAX] {
        assert_eq!(send(&mut guest, 1, &attribute(id, &[9, 0, 1])), Err(CuError::NOT_SUPPORTED), "{id}");
    }
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn attributes_that_pass_the_end_of_the_tail_are_refused() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let priority = attribute(8, &[1]);
    for count in [2, 3, 1 << 16, 1 << 31, u32::MAX] {
        assert_eq!(send(&mut guest, count, &priority), Err(CuError::INVALID_VALUE), "{count}");
    }
    // The list is whole, but what is left is too short for the parameters.
    let (message, tail) = (launch(guest.function).with_attributes(1), [&priority[..], &PARAMS[1..]].concat());
    assert_eq!(guest.post_with(message, &tail), Err(CuError::INVALID_VALUE));
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn clusters_without_blocks_and_flags_that_there_are_not_are_refused() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    for id in [4, 11] {
        for size in [[0, 1, 1], [1, 0, 1], [1, 1, 0]] {
            assert_eq!(send(&mut guest, 1, &attribute(id, &size)), Err(CuError::INVALID_VALUE), "{id}: {size:?}");
        }
    }
    for flags in [2, 3, 1 << 31] {
        let message = Launch { flags, ..launch(guest.function) };
        assert_eq!(guest.post_with(message, &PARAMS), Err(CuError::INVALID_VALUE), "{flags:#x}");
    }
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn policies_for_memory_that_is_not_the_guests_never_reach_the_driver() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let (mine, own) = (guest.memory, [0_u8; 64]);
    let windows = [
        (own.as_ptr().expose_provenance() as u64, 64),
        (mine, 4097),
        (mine + 4095, 2),
        (mine - 1, 2),
        (0, 1),
        (mine, u64::MAX),
        (u64::MAX, 2),
        (mine, AREA_BYTES << 32),
    ];
    for (start, len) in windows {
        let [[s0, s1], [l0, l1]] = [start, len].map(|value| [value as u32, (value >> 32) as u32]);
        let policy = attribute(1, &[s0, s1, l0, l1, 0, 1, 1]);
        assert_eq!(send(&mut guest, 1, &policy), Err(CuError::INVALID_VALUE), "{start:#x}, {len}");
    }
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn clusters_are_asked_for_as_they_would_be_launched() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let size = attribute(4, &[2, 1, 1]);
    let mut ask = |question, attributes: &[u8]| {
        let message = clusters(&guest, question);
        guest.call(message, attributes).map(|answer| answer.reply.count)
    };
    assert_eq!(ask(CLUSTERS_AT_A_TIME, &size), Ok(6));
    assert_eq!(ask(CLUSTER_BLOCKS_MOST, &size), Ok(8));
    assert_eq!(ask(2, &size), Err(CuError::INVALID_VALUE));
    assert_eq!(ask(CLUSTERS_AT_A_TIME, &size[1..]), Err(CuError::INVALID_VALUE));
    assert_eq!(ask(CLUSTERS_AT_A_TIME, &attribute(4, &[2, 0, 1])), Err(CuError::INVALID_VALUE));
    assert_eq!(ask(CLUSTERS_AT_A_TIME, &attribute(7, &[1])), Err(CuError::NOT_SUPPORTED));
    guest.end();
}

#[test]
fn a_function_tells_all_its_attributes_and_what_the_driver_does_not_know_is_unset() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    // The carveout, and the required width of a cluster.
    for unknown in [9, 11] {
        fake.fail("ring", &format!("cuFuncGetAttribute({unknown}, "), 0, 1);
    }
    let reply = guest.find("fault_700").unwrap().0;
    let told: Vec<i32> = reply.attributes[..18].to_vec();
    let expected: Vec<i32> = (0..18)
        .map(|number| match number {
            9 => -1,
            11 => 0,
            _ => 100 + number,
        })
        .collect();
    assert_eq!(told, expected);
    assert!(reply.attributes[18..].iter().all(|value| *value == 0));
    guest.end();
}
