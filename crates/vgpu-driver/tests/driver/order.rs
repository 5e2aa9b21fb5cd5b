//! Streams that stand still: nothing is published before its time, what goes waits, and a call that does not return stops
//! nobody else.

use std::sync::Arc;

use vgpu_core::CuError;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Seq, StreamSlot};

use crate::cases::{create_graph, node, update_graph};
use crate::fake::{Fake, wait_until};
use crate::guest::{CONTEXT, Guest, LEGACY, STREAM, launch};

/// Has the executor look at all streams once more: a record that comes later than all others is retired.
fn look_again(guest: &mut Guest) {
    guest.post(Marker { stream: LEGACY, reserved: 0 }).expect("the context is sound");
    guest.wait_for(LEGACY, guest.seq);
}

fn retired(guest: &Guest, stream: StreamSlot) -> Seq {
    guest.window.seen.lock().retired.get(&stream).copied().unwrap_or(0)
}

/// Bytes of the device's memory, which the fake has in this process.
fn device_bytes(address: u64, len: usize) -> Vec<u8> {
    let start = std::ptr::with_exposed_provenance::<u8>(address as usize);
    // SAFETY: the callers ask for memory that is alive, when nothing writes to it.
    unsafe { std::slice::from_raw_parts(start, len) }.to_vec()
}

fn inline(target: u64) -> CopyInline {
    CopyInline { stream: STREAM, reserved: 0, target }
}

#[test]
fn a_record_is_retired_when_its_work_is_done_and_not_before() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let before = retired(&guest, STREAM);
    fake.hold("stream1", true);
    guest.launch().unwrap();
    let first = guest.seq;
    guest.settle();
    guest.launch().unwrap();
    look_again(&mut guest);
    assert_eq!(retired(&guest, STREAM), before);
    fake.hold("stream1", false);
    guest.wait_for(STREAM, first + 1);
    guest.end();
}

#[test]
fn what_goes_waits_for_the_work_before_it() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let fill = crate::cases::fill(&guest);
    create_graph(&mut guest, &[node(&fill, &[], &[])]).unwrap();
    fake.hold("stream1", true);
    guest.launch().unwrap();
    guest.post(fill).unwrap();
    guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
    guest.post(MemFree { address: guest.memory }).unwrap();
    guest.post(ModuleUnload { module: guest.module }).unwrap();
    guest.post(GraphDestroy { graph: guest.graph }).unwrap();
    guest.post(StreamDestroy { stream: STREAM, reserved: 0 }).unwrap();
    guest.settle();
    look_again(&mut guest);
    look_again(&mut guest);
    let living = fake.living();
    for name in ["memory1", "module1", "exec1", "stream1"] {
        assert!(living.iter().any(|living| living == name), "{name} is gone: {living:?}");
    }
    fake.hold("stream1", false);
    let is_gone = |name: &str| !fake.living().iter().any(|living| living == name);
    wait_until(|| "the dead go", || ["memory1", "module1", "exec1", "stream1"].into_iter().all(is_gone));
    guest.end();
}

#[test]
fn a_graph_that_is_updated_leaves_launches_before_as_they_were() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let memory = guest.memory;
    create_graph(&mut guest, &[node(&inline(memory), &[1; 4096], &[])]).unwrap();
    fake.hold("stream1", true);
    let run = GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 };
    guest.post(run).unwrap();
    guest.post(Copy { stream: STREAM, reserved: 0, target: memory, source: memory + 2048, len_bytes: 2048 }).unwrap();
    update_graph(&mut guest, &[node(&inline(memory), &[2; 1024], &[])]).unwrap();
    guest.post(run).unwrap();
    look_again(&mut guest);
    fake.hold("stream1", false);
    guest.wait_for(STREAM, guest.seq - 1);
    assert_eq!(device_bytes(memory, 4096), [[2; 1024].as_slice(), &[1; 3072]].concat());
    guest.end();
}

#[test]
fn bytes_of_inline_copies_stay_until_they_are_read() {
    const PIECE: usize = 60_000;
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    // More than the executor keeps a place for.
    let pieces: Vec<Vec<u8>> = (0..80).map(|number| vec![number + 1; PIECE]).collect();
    let memory = guest.alloc((pieces.len() * PIECE) as u64).unwrap();
    fake.hold("stream1", true);
    for (index, piece) in pieces.iter().enumerate() {
        guest.post_with(inline(memory + (index * PIECE) as u64), piece).unwrap();
    }
    fake.hold("stream1", false);
    guest.wait_for(STREAM, guest.seq);
    assert!(device_bytes(memory, pieces.len() * PIECE) == pieces.concat());
    guest.end();
}

#[test]
fn a_stream_that_waits_for_another_is_retired_after_it() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(StreamCreate { context: CONTEXT, stream: 2, flags: 1, priority: 0 }).unwrap();
    guest.sync();
    fake.hold("stream1", true);
    guest.launch().unwrap();
    let until = guest.seq;
    guest.post(StreamWait { stream: 2, other: STREAM, until }).unwrap();
    guest.post(Marker { stream: 2, reserved: 0 }).unwrap();
    let after = guest.seq;
    guest.settle();
    look_again(&mut guest);
    assert!(retired(&guest, STREAM) < until && retired(&guest, 2) < after - 1);
    // The record that is waited for, and no later one.
    guest.launch().unwrap();
    fake.hold("stream1", false);
    guest.wait_for(2, after);
    assert_eq!(guest.post(StreamWait { stream: 2, other: STREAM, until: guest.seq + 9 }), Err(CuError::INVALID_VALUE));
    guest.end();
}

#[test]
fn streams_that_wait_for_copies_need_no_point_for_each() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    for stream in [2, 3] {
        guest.post(StreamCreate { context: CONTEXT, stream, flags: 1, priority: 0 }).unwrap();
    }
    guest.sync();
    fake.hold("legacy", true);
    fake.take_log();
    for _ in 0..2 {
        guest.post(Fill { stream: LEGACY, ..crate::cases::fill(&guest) }).unwrap();
        let until = guest.seq;
        for stream in [2, 3] {
            guest.post(StreamWait { stream, other: LEGACY, until }).unwrap();
        }
    }
    guest.settle();
    let points = guest.calls_of("ring").into_iter().filter(|call| call.starts_with("cuEventRecord"));
    let mut points: Vec<String> = points.collect();
    points.sort();
    assert_eq!(points, ["legacy", "legacy", "stream2", "stream3"].map(|of| format!("cuEventRecord(point, {of})")));
    fake.hold("legacy", false);
    guest.wait_for(3, guest.seq);
    guest.end();
}

#[test]
fn a_slots_next_stream_starts_after_the_last_one() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    guest.launch().unwrap();
    guest.post(StreamDestroy { stream: STREAM, reserved: 0 }).unwrap();
    fake.take_log();
    guest.post(StreamCreate { context: CONTEXT, stream: STREAM, flags: 1, priority: 0 }).unwrap();
    assert_eq!(
        guest.calls_of("ring"),
        ["cuStreamCreateWithPriority(1, 0) -> stream2", "cuStreamWaitEvent(stream2, point, 0)"]
    );
    let seq = guest.seq;
    look_again(&mut guest);
    assert!(retired(&guest, STREAM) < seq - 1);
    fake.hold("stream1", false);
    guest.wait_for(STREAM, seq);
    guest.end();
}

#[test]
fn a_stream_that_cannot_wait_for_its_slots_last_one_is_not_left() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    guest.launch().unwrap();
    guest.post(StreamDestroy { stream: STREAM, reserved: 0 }).unwrap();
    fake.fail("ring", "cuStreamWaitEvent(", 0, CuError::NOT_PERMITTED.code());
    let again = StreamCreate { context: CONTEXT, stream: STREAM, flags: 1, priority: 0 };
    assert_eq!(guest.post(again), Err(CuError::NOT_PERMITTED));
    let seq = guest.seq;
    fake.hold("stream1", false);
    guest.wait_for(STREAM, seq);
    guest.end();
}

#[test]
fn a_default_streams_records_have_their_point_before_other_streams_go_on() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(Marker { stream: LEGACY, reserved: 0 }).unwrap();
    guest.post_with(launch(guest.function), &[0; 12]).unwrap();
    let calls = guest.calls_of("ring");
    assert_eq!(calls.first().map(String::as_str), Some("cuEventRecord(point, legacy)"));
    assert!(calls[1].starts_with("cuLaunchKernel(function1"), "{calls:?}");
    guest.end();
}

#[test]
fn many_records_have_one_point_behind_them() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    (0..10).for_each(|_| guest.launch().unwrap());
    guest.wait_for(STREAM, guest.seq);
    let calls = guest.calls_of("ring");
    assert_eq!(calls.iter().filter(|call| *call == "cuEventRecord(point, stream1)").count(), 1, "{calls:?}");
    guest.settle();
    assert_eq!(guest.calls_of("ring"), [""; 0], "nothing has come since");
    guest.end();
}

#[test]
fn an_allocation_waits_for_memory_that_queued_work_still_holds() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let large = guest.alloc(200 << 20).unwrap();
    fake.hold("stream1", true);
    guest.launch().unwrap();
    guest.post(MemFree { address: large }).unwrap();
    fake.take_log();
    let releases = Arc::clone(&fake);
    let release = std::thread::spawn(move || {
        // The allocation has put a point behind the work, and so it waits.
        let is_waiting = || releases.take_log().iter().any(|call| call.line.contains("stream1"));
        wait_until(|| "a point behind the launch", is_waiting);
        assert!(releases.living().iter().any(|name| name == "memory2"));
        releases.hold("stream1", false);
    });
    guest.alloc(200 << 20).unwrap();
    release.join().expect("it has seen what it has to");
    guest.end();
}

#[test]
fn memory_that_the_driver_has_not_is_asked_for_once_more() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.fail("ring", "cuMemAlloc_v2(", 0, CuError::OUT_OF_MEMORY.code());
    guest.alloc(512).unwrap();
    assert_eq!(guest.calls_of("ring"), ["cuMemAlloc_v2(512) !2", "cuMemAlloc_v2(512) -> memory2"]);
    assert_eq!(guest.alloc(u64::MAX), Err(CuError::OUT_OF_MEMORY));
    guest.end();
}

#[test]
fn a_free_that_does_not_return_stops_nobody_else() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.block("cuMemFree_v2", true);
    guest.post(MemFree { address: guest.memory }).unwrap();
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    fake.block("cuMemFree_v2", false);
    guest.end();
}

#[test]
fn a_question_that_is_not_answered_keeps_no_call_waiting() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.block("cuEventQuery", true);
    guest.launch().unwrap();
    guest.settle();
    guest.alloc(512).unwrap();
    guest.launch().unwrap();
    fake.block("cuEventQuery", false);
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}
