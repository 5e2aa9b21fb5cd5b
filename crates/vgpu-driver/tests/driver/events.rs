//! Events: what waits for one waits for nothing that came later, and times are the driver's.

use vgpu_core::CuError;
use vgpu_core::CuResult;
use vgpu_core::wire::EventSlot;
use vgpu_core::wire::messages::*;

use crate::cases::{create_graph, marker, node};
use crate::fake::Fake;
use crate::guest::{CONTEXT, Guest, LEGACY, STREAM};

const OTHER: u32 = 2;

/// A guest with one more stream.
fn with_other(fake: &std::sync::Arc<Fake>) -> Guest {
    let mut guest = Guest::ready(fake);
    guest.post(StreamCreate { context: CONTEXT, stream: OTHER, flags: 1, priority: 0 }).expect("a stream");
    guest.wait_for(OTHER, guest.seq);
    guest
}

fn elapsed(guest: &mut Guest, from: (u32, EventSlot), to: (u32, EventSlot)) -> CuResult<f32> {
    let question = EventElapsed { from_context: from.0, from: from.1, to_context: to.0, to: to.1 };
    guest.call(question, &[]).map(|answer| f32::from_bits(answer.reply.ms_bits))
}

#[test]
fn guests_are_asked_for_points_and_for_questions_about_times() {
    let fake = Fake::new();
    let mut guest = Guest::new(&fake);
    let wants = guest.call(DeviceInfo { device: 0, reserved: 0 }, &[]).unwrap().reply.wants;
    assert_eq!(wants & (WANTS_POINTS | WANTS_ELAPSED), WANTS_POINTS | WANTS_ELAPSED);
    guest.end();
}

#[test]
fn a_wait_for_an_early_event_does_not_wait_for_later_work() {
    for fake in Fake::both() {
        let record = |guest: &mut Guest, is_timed| match is_timed {
            true => guest.post(EventRecord { stream: STREAM, event: 5 }),
            false => guest.post(marker()),
        };
        for is_timed in [false, true] {
            let mut guest = with_other(&fake);
            guest.launch().unwrap();
            record(&mut guest, is_timed).unwrap();
            let early = guest.seq;
            // Work that stands still until the guest has carried it out.
            guest.call_host(1).unwrap();
            let late = guest.seq;
            guest.post(StreamWait { stream: OTHER, other: STREAM, until: early }).unwrap();
            guest.wait_for(OTHER, guest.seq);
            assert!(guest.window.reached(STREAM) < late);
            guest.host_calls(1);
            guest.carry_out(1);
            guest.wait_for(STREAM, late);
            guest.end();
        }
    }
}

#[test]
fn a_wait_for_an_event_that_has_come_does_not_wait_for_later_work() {
    for fake in Fake::both() {
        let mut guest = with_other(&fake);
        guest.post(marker()).unwrap();
        let early = guest.seq;
        guest.wait_for(STREAM, early);
        guest.call_host(1).unwrap();
        let late = guest.seq;
        // Others may wait for it from here on.
        guest.post(marker()).unwrap();
        guest.settle();
        guest.post(StreamWait { stream: OTHER, other: STREAM, until: early }).unwrap();
        guest.wait_for(OTHER, guest.seq);
        assert!(guest.window.reached(STREAM) < late);
        guest.host_calls(1);
        guest.carry_out(1);
        guest.wait_for(STREAM, late);
        guest.end();
    }
}

#[test]
fn a_wait_for_an_event_that_has_not_come_waits() {
    for fake in Fake::both() {
        let mut guest = with_other(&fake);
        fake.hold("stream1", true);
        guest.launch().unwrap();
        guest.post(marker()).unwrap();
        let early = guest.seq;
        guest.post(StreamWait { stream: OTHER, other: STREAM, until: early }).unwrap();
        let wait = guest.seq;
        guest.post(Marker { stream: LEGACY, reserved: 0 }).unwrap();
        guest.wait_for(LEGACY, guest.seq);
        assert!(guest.window.reached(OTHER) < wait);
        fake.hold("stream1", false);
        guest.wait_for(OTHER, wait);
        guest.end();
    }
}

#[test]
fn masses_of_events_take_no_more_than_a_few_of_the_drivers() {
    const MANY: usize = 100_000;
    for fake in Fake::both() {
        let mut guest = with_other(&fake);
        fake.hold("stream1", true);
        let first = guest.seq + 1;
        for _ in 0..MANY {
            guest.post(marker()).unwrap();
        }
        let last = guest.seq;
        let points = fake.living().iter().filter(|name| name.starts_with("point")).count();
        assert!(points < 2000, "{points}");
        // Waits for the earliest, for one of which there is no point of its own, and for the last one.
        for until in [first, first + MANY as u64 / 2, last] {
            guest.post(StreamWait { stream: OTHER, other: STREAM, until }).unwrap();
        }
        let wait = guest.seq;
        guest.post(Marker { stream: LEGACY, reserved: 0 }).unwrap();
        guest.wait_for(LEGACY, guest.seq);
        assert!(guest.window.reached(OTHER) < wait - 2);
        fake.hold("stream1", false);
        guest.wait_for(OTHER, wait);
        guest.wait_for(STREAM, last);
        assert_eq!(guest.failures(), []);
        guest.end();
    }
}

#[test]
fn a_slot_that_is_used_again_keeps_its_points_apart() {
    for fake in Fake::both() {
        let mut guest = Guest::ready(&fake);
        fake.hold("stream1", true);
        (0..2000).for_each(|_| guest.post(marker()).unwrap());
        guest.post(StreamDestroy { stream: STREAM, reserved: 0 }).unwrap();
        // A stream of another context: its records cannot move the points of this one.
        guest.post(ContextCreate { context: 2, device: 0, legacy_stream: 3, flags: 0 }).unwrap();
        guest.post(StreamCreate { context: 2, stream: STREAM, flags: 1, priority: 0 }).unwrap();
        (0..100).for_each(|_| guest.post(marker()).unwrap());
        let last = guest.seq;
        fake.hold("stream1", false);
        guest.wait_for(STREAM, last);
        assert_eq!(guest.failures(), []);
        guest.end();
    }
}

#[test]
fn a_point_that_cannot_be_moved_is_made() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    (0..1100).for_each(|_| guest.post(marker()).unwrap());
    fake.fail("ring", "cuEventRecord(", 0, CuError::NOT_PERMITTED.code());
    guest.post(marker()).unwrap();
    fake.hold("stream1", false);
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), []);
    guest.end();
}

#[test]
fn times_are_the_drivers() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    create_graph(&mut guest, &[node(&EventRecord { stream: STREAM, event: 7 }, &[], &[])]).unwrap();
    guest.post(EventRecord { stream: STREAM, event: 5 }).unwrap();
    guest.post(EventRecord { stream: STREAM, event: 6 }).unwrap();
    guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
    guest.wait_for(STREAM, guest.seq);
    // The fake's clock goes on by a millisecond with each event that is reached, the points between included.
    assert_eq!(elapsed(&mut guest, (CONTEXT, 5), (CONTEXT, 6)), Ok(2.0));
    assert_eq!(elapsed(&mut guest, (CONTEXT, 6), (CONTEXT, 7)), Ok(2.0));
    assert_eq!(elapsed(&mut guest, (CONTEXT, 7), (CONTEXT, 5)), Ok(-4.0));
    guest.end();
}

#[test]
fn a_time_that_is_not_reached_or_never_will_be_is_refused() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(EventRecord { stream: STREAM, event: 5 }).unwrap();
    guest.wait_for(STREAM, guest.seq);
    for (from, to) in [((CONTEXT, 5), (CONTEXT, 6)), ((CONTEXT, 6), (CONTEXT, 5)), ((CONTEXT, 5), (3, 5))] {
        assert_eq!(elapsed(&mut guest, from, to), Err(CuError::INVALID_HANDLE));
    }
    assert_eq!(elapsed(&mut guest, (3, 5), (CONTEXT, 5)), Err(CuError::INVALID_CONTEXT));
    fake.hold("stream1", true);
    guest.post(EventRecord { stream: STREAM, event: 6 }).unwrap();
    assert_eq!(elapsed(&mut guest, (CONTEXT, 5), (CONTEXT, 6)), Err(CuError::NOT_READY));
    assert_eq!(guest.failures(), []);
    guest.end();
}
