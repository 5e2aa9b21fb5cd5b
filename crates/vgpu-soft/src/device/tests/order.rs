//! Streams, events and failures: what runs before what.

use super::*;

const LONG: u32 = 3_000_000;

fn wait_for(rig: &mut Rig, stream: StreamSlot, other: StreamSlot, until: Seq) -> CuResult {
    rig.run(|device, seq| device.stream_wait(seq, &StreamWait { stream, other, until }, &[]))
}

fn record(rig: &mut Rig, stream: StreamSlot, event: EventSlot) {
    rig.run(|device, seq| device.event_record(seq, &EventRecord { stream, event }, &[])).unwrap();
}

#[test]
fn a_stream_keeps_its_order_and_retires_every_record_once() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    for value in 1..=20 {
        rig.slow_store(FREE, address, value, 1000);
        rig.write(FREE, address, &(value * 100).to_le_bytes()).unwrap();
    }
    assert_eq!(rig.read_u32(FREE, address), 2000);
    let seqs = rig.recorder.records.lock().retired[&FREE].clone();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
}

#[test]
fn independent_streams_do_not_wait_for_each_other() {
    let mut rig = Rig::new();
    let address = rig.alloc(8);
    rig.slow_store(FREE, address, 1, 30_000_000);
    let slow = rig.seq;
    rig.slow_store(BLOCKING, address + 4, 2, 1);
    rig.sync(BLOCKING);
    assert!(!rig.is_retired(FREE, slow), "the long kernel ended before a short one on another stream");
    assert_eq!(rig.read_u32(FREE, address), 1);
}

#[test]
fn copies_run_beside_kernels_that_fill_all_workers() {
    let mut rig = Rig::with(|config| config.threads = 1);
    let address = rig.alloc(2 << 20);
    rig.slow_store(FREE, address, 1, 30_000_000);
    let slow = rig.seq;
    let fill = Fill {
        stream: BLOCKING,
        element_bytes: 1,
        target: address + 4,
        pitch: 0,
        value: 1,
        reserved: 0,
        width: 1 << 20,
        height: 1,
    };
    rig.run(|device, seq| device.fill(seq, &fill, &[])).unwrap();
    rig.sync(BLOCKING);
    assert!(!rig.is_retired(FREE, slow));
}

#[test]
fn a_stream_waits_for_a_point_of_another() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    rig.slow_store(FREE, address, 1, LONG);
    let point = rig.seq;
    wait_for(&mut rig, BLOCKING, FREE, point).unwrap();
    rig.write(BLOCKING, address, &2u32.to_le_bytes()).unwrap();
    rig.sync(BLOCKING);
    assert!(rig.is_retired(FREE, point));
    assert_eq!(rig.read_u32(BLOCKING, address), 2);
}

#[test]
fn waiting_for_what_was_never_posted_is_invalid_and_does_not_hang() {
    let mut rig = Rig::new();
    assert_eq!(wait_for(&mut rig, BLOCKING, FREE, 1 << 40), Err(CuError::INVALID_VALUE));
    assert_eq!(wait_for(&mut rig, BLOCKING, 60_000, 1), Err(CuError::INVALID_VALUE));
    let next = rig.seq + 1;
    assert_eq!(wait_for(&mut rig, BLOCKING, BLOCKING, next), Err(CuError::INVALID_VALUE));
    rig.sync(BLOCKING);
}

#[test]
fn the_legacy_stream_waits_for_blocking_streams_and_they_for_it() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    rig.slow_store(BLOCKING, address, 1, LONG);
    rig.slow_store(LEGACY, address, 2, LONG);
    rig.write(BLOCKING, address, &3u32.to_le_bytes()).unwrap();
    assert_eq!(rig.read_u32(BLOCKING, address), 3);
    let records = rig.recorder.records.lock();
    assert!(records.retired[&LEGACY].len() > 1);
}

#[test]
fn the_legacy_stream_does_not_wait_for_non_blocking_streams() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    rig.slow_store(FREE, address, 1, 30_000_000);
    let slow = rig.seq;
    rig.sync(LEGACY);
    assert!(!rig.is_retired(FREE, slow));
}

#[test]
fn events_have_the_times_at_which_work_was_done() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    record(&mut rig, FREE, 10);
    rig.slow_store(FREE, address, 1, LONG);
    record(&mut rig, FREE, 11);
    record(&mut rig, FREE, 12);
    rig.sync(FREE);
    let events = rig.recorder.records.lock().events.clone();
    assert!(events[&10] > 0 && events[&11] > events[&10] + 100_000 && events[&12] >= events[&11], "{events:?}");
}

#[test]
fn a_closed_stream_finishes_and_its_slot_can_be_opened_again() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    rig.slow_store(FREE, address, 1, LONG);
    rig.run(|device, seq| device.stream_destroy(seq, &StreamDestroy { stream: FREE, reserved: 0 }, &[])).unwrap();
    assert_eq!(rig.write(FREE, address, &[0; 4]), Err(CuError::INVALID_HANDLE));
    let message = StreamCreate { context: CONTEXT, stream: FREE, flags: 1, priority: 0 };
    rig.run(|device, seq| device.stream_create(seq, &message, &[])).unwrap();
    assert_eq!(rig.read_u32(FREE, address), 1);
    let seqs = rig.recorder.records.lock().retired[&FREE].clone();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
}

#[test]
fn absurd_slots_and_reused_slots_are_refused() {
    let mut rig = Rig::new();
    for stream in [FREE, u32::MAX] {
        let message = StreamCreate { context: CONTEXT, stream, flags: 0, priority: 0 };
        assert_eq!(rig.run(|device, seq| device.stream_create(seq, &message, &[])), Err(CuError::INVALID_VALUE));
        assert!(rig.is_retired(stream, rig.seq));
    }
    assert_eq!(rig.write(500, 0, &[]), Err(CuError::INVALID_HANDLE));
    assert!(rig.is_retired(500, rig.seq));
}

#[test]
fn an_illegal_address_fails_the_context_and_later_work_is_not_run() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    let wild = rig.function("wild");
    rig.launch(FREE, wild, 1, 1, &params(0x1000, &[])).unwrap();
    rig.sync(FREE);
    let failures = rig.failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].0, CuError::ILLEGAL_ADDRESS);
    assert!(failures[0].1.contains("wild"), "{}", failures[0].1);
    rig.write(BLOCKING, address, &[1; 4]).unwrap();
    rig.launch(FREE, wild, 1, 1, &params(0x1000, &[])).unwrap();
    rig.sync(BLOCKING);
    rig.sync(FREE);
    assert_eq!(rig.failures().len(), 1);
    let message = ContextCreate { context: 8, device: 0, legacy_stream: 5, flags: 0 };
    rig.run(|device, seq| device.context_create(seq, &message, &[])).unwrap();
    assert_eq!(rig.read_u32(5, address), 0, "the copy was not done, and a new context works");
}

#[test]
fn a_kernel_that_does_not_end_is_stopped_by_the_watchdog() {
    let mut rig = Rig::with(|config| config.launch_timeout = Some(Duration::from_millis(100)));
    let forever = rig.function("forever");
    rig.launch(FREE, forever, 4, 32, &[]).unwrap();
    rig.sync(FREE);
    assert_eq!(rig.failures()[0].0, CuError::LAUNCH_TIMEOUT);
}

#[test]
fn a_device_that_is_dropped_cuts_running_kernels_short() {
    let mut rig = Rig::with(|config| config.launch_timeout = Some(Duration::from_secs(20)));
    let forever = rig.function("forever");
    rig.launch(FREE, forever, 1, 32, &[]).unwrap();
    rig.launch(BLOCKING, forever, 8, 32, &[]).unwrap();
    let start = Instant::now();
    drop(rig);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_device_that_is_dropped_does_not_wait_for_queued_work() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    (0..1000).for_each(|_| rig.slow_store(FREE, address, 1, 1_000_000));
    let start = Instant::now();
    drop(rig);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_program_that_never_waits_is_held_back_and_loses_nothing() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    rig.slow_store(FREE, address, 1, 30_000_000);
    let slow = rig.seq;
    let mut last = rig.seq;
    while !rig.is_retired(FREE, slow) {
        rig.run(|device, seq| device.marker(seq, &Marker { stream: FREE, reserved: 0 }, &[])).unwrap();
        last = rig.seq;
        assert!(last - slow < 20_000, "the queue has no end");
    }
    rig.wait(FREE, last);
    assert_eq!(rig.read_u32(FREE, address), 1);
}

#[test]
fn a_fault_ends_a_grid_that_nobody_could_count_through() {
    let mut rig = Rig::new();
    let wild = rig.function("wild");
    let message = Launch { grid: [i32::MAX as u32, 65_535, 65_535], ..launch(FREE, wild, 1, 1) };
    rig.run(|device, seq| device.launch(seq, &message, &params(0x1000, &[]))).unwrap();
    rig.sync(FREE);
    assert_eq!(rig.failures()[0].0, CuError::ILLEGAL_ADDRESS);
}
