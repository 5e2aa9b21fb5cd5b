//! Both ends of a window together.

pub(crate) mod mock;

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::*;
use crate::error::{CuError, CuResult};
use crate::guest::{Link, StreamEnd};
use crate::transport::in_process::Loopback;
use crate::window::control::HOST_CALLS_MAX;
use crate::window::layout::{Layout, PINNED_SLAB_BYTES};
use crate::window::{AddressRange, WindowConfig};
use crate::wire::messages::*;
use crate::wire::{Completions, Seq, Span, StreamSlot};
use mock::{DEVICE_BASE, HELD, KEPT_MIN_BYTES, Mock, UNTIL_SETTLED};

fn small_window() -> WindowConfig {
    WindowConfig { ring_bytes: 1 << 18, staging_bytes: 8 << 20, pinned_bytes: 8 << 20 }
}

fn start() -> Loopback {
    Loopback::start(&small_window(), |completions| Mock::new(completions, 64 << 20)).expect("a window")
}

const MARKER: Marker = Marker { stream: 0, reserved: 0 };

/// A place for work on a stream whose other work does not matter.
fn end(stream: StreamSlot) -> StreamEnd {
    StreamEnd::new(stream)
}

#[test]
fn a_call_is_answered_and_a_refused_one_gives_its_code() {
    let loopback = start();
    let info = loopback.link.call(&MemInfo { context: 5, reserved: 0 }, &[]).expect("an answer");
    assert_eq!(info.reply.free_bytes, 5);
    let refused = loopback.link.call(&MemAlloc { context: 0, reserved: 0, len_bytes: 1 }, &[]);
    assert_eq!(refused.map(|answer| answer.reply.address), Err(CuError::NOT_SUPPORTED));
    assert_eq!(loopback.link.sticky(), Ok(()));
}

#[test]
fn answers_longer_than_a_slot_arrive_whole() {
    let loopback = start();
    for len in [0_u64, 1, 8_000, 8_192, 100_000, 1_000_000] {
        let answer = loopback.link.call(&ModuleKernels { module: len }, &[]).expect("an answer");
        assert_eq!(answer.tail.len() as u64, len);
        assert!(answer.tail.iter().enumerate().all(|(at, byte)| *byte == at as u8), "length {len}");
    }
    let too_long = loopback.link.call(&ModuleKernels { module: 17 << 20 }, &[]);
    assert_eq!(too_long.map(|answer| answer.tail.len()), Err(CuError::OPERATING_SYSTEM));
}

#[test]
fn a_posted_record_is_retired_and_waited_for() {
    let loopback = start();
    let end = end(7);
    let seq = loopback.link.post_on(&end, &MARKER, &[]).expect("a post");
    assert_eq!(end.last(), seq);
    assert_eq!(loopback.link.wait(7, seq), Ok(()));
    assert!(loopback.link.is_done(7, seq));
    assert!(!loopback.link.is_done(8, seq));
    assert_eq!(loopback.link.wait(4096, seq), Err(CuError::INVALID_HANDLE));
}

#[test]
fn an_executor_settles_when_the_ring_is_empty_and_within_a_long_burst() {
    let (batches, gate) = (Arc::default(), Arc::new(Barrier::new(2)));
    let theirs = (Arc::clone(&batches), Arc::clone(&gate));
    let make = move |completions| {
        let mut mock = Mock::new(completions, 0);
        (mock.batches, mock.gate) = theirs;
        mock
    };
    let loopback = Loopback::start(&small_window(), make).expect("a window");
    let end = end(3);
    let post = |reserved| loopback.link.post_on(&end, &Marker { stream: 0, reserved }, &[]).expect("a post");

    let held = post(HELD);
    let burst: Vec<Seq> = (0..100).map(|_| post(UNTIL_SETTLED)).collect();
    assert!(!loopback.link.is_done(3, held));
    gate.wait();

    let last = burst[burst.len() - 1];
    let start = Instant::now();
    while !loopback.link.is_done(3, last) {
        assert!(start.elapsed() < Duration::from_secs(5), "what is left when the ring is empty is not published");
        std::thread::sleep(Duration::from_millis(1));
    }
    // The record that was held is the first of 32.
    assert_eq!(*batches.lock(), [31, 32, 32, 5]);
}

#[test]
fn an_event_shows_its_time() {
    let loopback = start();
    assert_eq!(loopback.link.event_ns(9), 0);
    let seq = loopback.link.post_on(&end(1), &EventRecord { stream: 0, event: 9 }, &[]).expect("a post");
    loopback.link.wait(1, seq).expect("the event is reached");
    assert_eq!(loopback.link.event_ns(9), 77);
}

/// Waits until the host has handled all that was posted.
fn settle(link: &Link) {
    link.call(&MemInfo { context: 0, reserved: 0 }, &[]).expect("an answer");
}

#[test]
fn what_was_printed_is_taken_piece_by_piece() {
    let loopback = start();
    let link = &loopback.link;
    assert!(!link.has_output());
    link.call(&ContextLimit { context: 1, limit: 1, value: 42 }, &[]).expect("an answer");
    assert!(link.has_output());
    let first = link.try_take_output().expect("an answer").expect("an idle executor");
    assert_eq!((first.stdout, first.stderr, first.is_part), (b"4".to_vec(), b"!".to_vec(), true));
    assert!(link.has_output());
    assert!(!link.take_output().expect("the second digit").is_part);
    assert!(!link.has_output());
}

#[test]
fn the_guest_is_called_in_order_and_holds_the_streams_up() {
    // More than there is room for at a time.
    const CALLS: u64 = 2 * HOST_CALLS_MAX + 7;
    let loopback = start();
    let link = &loopback.link;
    let ends = [0, 1, 2].map(end);
    let end_of = |token: u64| &ends[(token % 3) as usize];
    let call = |token| HostCall { stream: 0, reserved: 0, token };
    let post = |token| link.post_on(end_of(token), &call(token), &[]).expect("a post");
    let seqs: Vec<Seq> = (1..=CALLS).map(post).collect();
    for number in 1..=CALLS {
        let seq = seqs[(number - 1) as usize];
        let stream = end_of(number).slot();
        while link.wait_host_call(number - 1, stream, seq).expect("an executor") < number {}
        assert_eq!(link.host_call_token(number), number);
        assert!(!link.is_done(stream, seq), "call {number}");
        link.host_call_done(number);
        link.wait(stream, seq).expect("it goes on");
    }
}

#[test]
fn who_is_called_must_not_wait_for_work() {
    let loopback = start();
    let link = &loopback.link;
    let seq = link.post_on(&end(1), &HostCall { stream: 0, reserved: 0, token: 9 }, &[]).expect("a post");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            crate::guest::be_called();
            assert_eq!(link.wait(1, seq), Err(CuError::NOT_PERMITTED));
            assert_eq!(link.wait_host_call(0, 1, seq), Ok(1));
            // A number that was never given is not believed.
            link.host_call_done(u64::MAX);
        });
    });
    assert_eq!(link.wait(1, seq), Ok(()));
}

#[test]
fn a_refused_post_is_reported_once_and_is_not_sticky() {
    let loopback = start();
    let link = &loopback.link;
    link.post(&MemFree { address: 1 }, &[]).expect("a post");
    link.post(&GraphDestroy { graph: 1 }, &[]).expect("a post");
    settle(link);
    assert_eq!(link.sticky(), Ok(()));
    assert_eq!(link.report(), Err(CuError::NOT_SUPPORTED));
    assert_eq!(link.report(), Ok(()));
    let seq = link.post_on(&end(0), &MARKER, &[]).expect("a post");
    assert_eq!((link.wait(0, seq), link.report()), (Ok(()), Ok(())));
}

#[test]
fn a_fault_is_sticky_and_the_first_one_stays() {
    let loopback = start();
    let link = &loopback.link;
    let seq = link.post_on(&end(0), &CopyInline { stream: 0, reserved: 0, target: 3 }, b"x").expect("a post");
    link.post(&MemFree { address: 1 }, &[]).expect("a post");
    settle(link);
    assert_eq!(link.wait(0, seq), Err(CuError::ILLEGAL_ADDRESS));
    assert_eq!((link.report(), link.report()), (Err(CuError::ILLEGAL_ADDRESS), Err(CuError::ILLEGAL_ADDRESS)));
    assert_eq!(link.sticky_detail(), "the mock refuses");
}

#[test]
fn a_post_that_is_refused_with_a_fatal_code_is_a_fault() {
    let loopback = start();
    let link = &loopback.link;
    link.post_on(&end(0), &Marker { stream: 0, reserved: 719 }, &[]).expect("a post");
    settle(link);
    assert_eq!((link.sticky(), link.report()), (Err(CuError::LAUNCH_FAILED), Err(CuError::LAUNCH_FAILED)));
    assert!(link.sticky_detail().contains("Marker"), "{}", link.sticky_detail());
}

#[test]
fn the_first_refusal_is_kept_until_it_is_taken_and_said_twice_it_counts_once() {
    let window = HostWindow::create(&small_window(), AddressRange::default()).expect("a window");
    let control = window.window.control();
    window.refuse(5, CuError::INVALID_VALUE, "");
    window.refuse(6, CuError::NOT_SUPPORTED, "");
    assert_eq!(control.take_refusal(), CuError::INVALID_VALUE.code());
    window.refuse(6, CuError::NOT_SUPPORTED, "");
    assert_eq!((control.take_refusal(), control.sticky()), (0, 0));
    assert!(!control.has_error());
}

#[test]
fn a_copy_to_the_host_is_whole_although_earlier_work_was_refused() {
    let loopback = start();
    let (link, end) = (&loopback.link, end(3));
    let bytes = vec![7; 3 << 20];
    link.copy_in(&end, DEVICE_BASE, &bytes).expect("a copy");
    link.post(&MemFree { address: 1 }, &[]).expect("a post");
    let mut back = vec![0; bytes.len()];
    assert_eq!(link.copy_out(&end, DEVICE_BASE, &mut back), Err(CuError::NOT_SUPPORTED));
    assert!(back == bytes);
}

#[test]
fn copies_of_every_length_come_back_as_they_went() {
    let loopback = start();
    let end = end(3);
    for len in [1, 4096, 4097, 1 << 20, (1 << 20) + 1, 20 << 20] {
        let bytes: Vec<u8> = (0..len).map(|at: usize| (at * 31 + at / 257) as u8).collect();
        let seq = loopback.link.copy_in(&end, DEVICE_BASE + 5, &bytes).expect("a copy");
        assert!(seq <= end.last());
        let mut back = vec![0; len];
        loopback.link.copy_out(&end, DEVICE_BASE + 5, &mut back).expect("a copy");
        assert!(back == bytes, "length {len}");
    }
}

#[test]
fn a_copy_from_a_bad_address_fails_and_leaves_the_link_usable() {
    let loopback = start();
    let mut back = vec![0; 5 << 20];
    let result = loopback.link.copy_out(&end(3), 12, &mut back);
    assert_eq!(result, Err(CuError::ILLEGAL_ADDRESS));
    assert!(loopback.link.call(&MemInfo { context: 5, reserved: 0 }, &[]).is_ok());
}

#[test]
fn pinned_memory_travels_without_staging() {
    let loopback = start();
    let heap = loopback.link.pinned();
    let memory = heap.alloc(2 << 20).expect("room");
    let address = memory.as_ptr().addr() as u64;
    // SAFETY: the heap has just given these bytes to this test alone.
    let bytes = unsafe { std::slice::from_raw_parts_mut(memory.as_ptr(), 2 << 20) };
    bytes.fill(0x5a);
    let end = end(0);
    let before = loopback.link.last_posted().expect("a live link");
    let seq = loopback.link.copy_in(&end, DEVICE_BASE, bytes).expect("a copy");
    assert_eq!(seq, before + 1);
    loopback.link.wait(0, seq).expect("the copy");
    bytes.fill(0);
    loopback.link.copy_out(&end, DEVICE_BASE, bytes).expect("a copy");
    assert!(bytes.iter().all(|byte| *byte == 0x5a));
    assert_eq!(heap.find(address + 9), Some(address..address + (2 << 20)));
    assert!(heap.span(address + 1, 2 << 20).is_none());
    let host = loopback.window().pinned_heap();
    assert_eq!(heap.host_address(address) - host.start, address - heap.range().start);
    assert_eq!(heap.device_address(address), Some(heap.host_address(address)));
    assert_eq!(heap.free(address), Ok(()));
    assert_eq!(heap.free(address), Err(CuError::INVALID_VALUE));
    assert_eq!(heap.find(address), None);
    assert_eq!(heap.alloc(0).err(), Some(CuError::INVALID_VALUE));
    assert_eq!(heap.alloc(9 << 20).err(), Some(CuError::OUT_OF_MEMORY));
}

#[test]
fn pinned_memory_is_opened_by_slabs_and_closed_when_pages_are_given_back() {
    const MIB: usize = 1 << 20;
    let opened: Arc<Mutex<Vec<Span>>> = Arc::default();
    let theirs = Arc::clone(&opened);
    let config = WindowConfig { pinned_bytes: 200 << 20, ..small_window() };
    let make = move |completions| {
        let mut mock = Mock::new(completions, 0);
        mock.opened = theirs;
        mock
    };
    let loopback = Loopback::start(&config, make).expect("a window");
    let heap = loopback.link.pinned();
    let alloc = |len| heap.alloc(len).expect("room").as_ptr();
    let address = |memory: *mut u8| memory.addr() as u64;
    let slabs = || {
        // An answer: what was posted before has been done.
        loopback.link.call(&MemInfo { context: 0, reserved: 0 }, &[]).expect("an answer");
        let start = opened.lock().iter().map(|span| span.offset).min();
        let start = start.map_or(0, |first| first - first % PINNED_SLAB_BYTES);
        let mut slabs: Vec<u64> = opened.lock().iter().map(|span| (span.offset - start) / PINNED_SLAB_BYTES).collect();
        slabs.sort_unstable();
        slabs
    };
    assert_eq!(slabs(), []);
    let small = alloc(1);
    assert_eq!(slabs(), [0]);
    let (long, other) = (alloc(100 * MIB), alloc(MIB));
    assert_eq!(slabs(), [0, 1]);
    // SAFETY: the heap has just given these bytes to this test alone.
    unsafe { long.write_bytes(7, 100 * MIB) };
    assert_eq!(heap.free(address(long)), Ok(()));
    assert_eq!(slabs(), [0, 1], "others have memory in both");
    assert_eq!(heap.free(address(other)), Ok(()));
    assert_eq!(slabs(), [0]);
    let again = alloc(100 * MIB);
    assert_eq!((again, slabs()), (long, vec![0, 1]));
    let at = |offset: usize| {
        // SAFETY: the byte lies in the allocation.
        unsafe { again.add(offset).read() }
    };
    assert_eq!(
        (at(0), at(100 * MIB - 1)),
        (7, 0),
        "pages of an open slab stay, those of a closed one have been given back"
    );
    assert_eq!(heap.free(address(small)), Ok(()));
    assert_eq!(heap.alloc(150 * MIB).err(), Some(CuError::OUT_OF_MEMORY));
}

#[test]
fn images_short_and_long_reach_the_executor() {
    let loopback = start();
    for len in [1_usize, 60_000, 70_000, 9 << 20] {
        let image: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let sum: u64 = image.iter().map(|byte| u64::from(*byte)).sum();
        assert_eq!(loopback.link.load_image(0, ImageKind::Ptx, &image).map(|r| r.module), Ok(sum));
    }
    let empty = loopback.link.load_image(0, ImageKind::Ptx, &[]);
    assert_eq!(empty.map(|r| r.module), Err(CuError::INVALID_IMAGE));
}

#[test]
fn an_image_that_the_executor_keeps_is_not_sent_again() {
    let loopback = start();
    let load = |image: &[u8]| loopback.link.load_image(0, ImageKind::Ptx, image).map(|reply| reply.module);
    let sent = || loopback.link.call(&Statistics { reserved: 0 }, &[]).expect("an answer").reply.blob_bytes;
    let (short, long) = (vec![1; KEPT_MIN_BYTES - 1], vec![2; KEPT_MIN_BYTES]);
    assert_eq!((load(&long), sent()), (Ok(160_000), 80_000));
    assert_eq!((load(&long), sent()), (Ok(160_000), 80_000));
    assert_eq!((load(&short), sent()), (Ok(79_999), 159_999));
    assert_eq!((load(&short), sent()), (Ok(79_999), 239_998), "too short to be kept");
    let other = [&long[1..], &[3]].concat();
    assert_eq!((load(&other), sent()), (Ok(160_001), 319_998));
}

#[test]
fn eight_threads_post_and_call_at_once() {
    let loopback = start();
    let link = &loopback.link;
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            scope.spawn(move || {
                let end = end(thread);
                let base = DEVICE_BASE + u64::from(thread) * (4 << 20);
                for round in 0..150_u32 {
                    let len = (round * 7919 % 200_000 + 1) as usize;
                    let bytes = vec![(round + thread) as u8; len];
                    link.copy_in(&end, base, &bytes).expect("a copy");
                    let info = link.call(&MemInfo { context: round, reserved: 0 }, &[]).expect("an answer");
                    assert_eq!(info.reply.free_bytes, u64::from(round));
                    let mut back = vec![0; len];
                    link.copy_out(&end, base, &mut back).expect("a copy");
                    assert!(back == bytes);
                    for _ in 0..20 {
                        link.post_on(&end, &MARKER, &[0; 999]).expect("a post");
                    }
                    link.wait(thread, end.last()).expect("retired");
                }
            });
        }
    });
}

#[test]
fn more_callers_than_reply_slots_take_turns() {
    let loopback = start();
    let link = &loopback.link;
    std::thread::scope(|scope| {
        for thread in 0..90_u32 {
            scope.spawn(move || {
                for _ in 0..20 {
                    let info = link.call(&MemInfo { context: thread, reserved: 0 }, &[]).expect("an answer");
                    assert_eq!(info.reply.free_bytes, u64::from(thread));
                }
            });
        }
    });
}

#[test]
fn staging_is_reused_in_order_and_waits_for_its_users() {
    let loopback = start();
    let link = &loopback.link;
    assert!(link.stage(0).is_err());
    assert!(link.stage(link.stage_limit() + 1).is_err());
    let held: Vec<_> = (0..4).map(|_| link.stage(link.stage_limit()).expect("room")).collect();
    assert!(link.try_stage(1).expect("a live link").is_none());
    drop(held);
    for round in 0..50_u8 {
        let mut chunk = link.stage(link.stage_limit()).expect("room in time");
        chunk.bytes_mut()[0] = round;
        let seq = link.post_on(&end(2), &MARKER, &[]).expect("a post");
        chunk.commit(2, seq);
    }
}

#[test]
fn a_panicking_executor_ends_waits_and_later_calls_with_an_error() {
    let mut loopback = start();
    let seq = loopback.link.post_on(&end(0), &Marker { stream: 0, reserved: 666 }, &[]).expect("a post");
    let start = Instant::now();
    assert_eq!(loopback.link.wait(0, seq), Err(CuError::UNKNOWN));
    let call = loopback.link.call(&MemInfo { context: 5, reserved: 0 }, &[]);
    assert_eq!(call.map(|answer| answer.reply.free_bytes), Err(CuError::DEVICE_UNAVAILABLE));
    assert_eq!(loopback.link.post_on(&end(0), &MARKER, &[]), Err(CuError::DEVICE_UNAVAILABLE));
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(loopback.stop(), Err(ServeError::Panicked));
}

#[test]
fn a_stopped_host_ends_the_guests_waits() {
    let mut loopback = start();
    assert_eq!(loopback.stop(), Ok(()));
    let start = Instant::now();
    let seq = loopback.link.post_on(&end(0), &MARKER, &[]).expect("nobody knows yet");
    assert_eq!(loopback.link.wait(0, seq), Err(CuError::DEVICE_UNAVAILABLE));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_full_ring_without_a_host_ends_with_an_error() {
    let mut loopback = start();
    loopback.stop().expect("an orderly end");
    let start = Instant::now();
    let error = (0..10_000).find_map(|_| loopback.link.post_on(&end(0), &MARKER, &[0; 4000]).err());
    assert_eq!(error, Some(CuError::DEVICE_UNAVAILABLE));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_record_that_is_no_message_ends_the_session() {
    let mut loopback = start();
    loopback.link.post_raw(&end(0), 999, &[], &[]).expect("a post");
    let mut last = Ok(());
    for _ in 0..200 {
        last = loopback.link.sticky();
        if last.is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(last, Err(CuError::UNKNOWN));
    assert!(matches!(loopback.stop(), Err(ServeError::Message(_))));
}

#[test]
fn a_record_that_is_too_long_is_not_sent() {
    let loopback = start();
    assert_eq!(loopback.link.post_on(&end(0), &MARKER, &[0; 70_000]), Err(CuError::INVALID_VALUE));
    assert_eq!(loopback.link.last_posted(), Ok(0));
}

#[test]
fn an_idle_host_wakes_for_the_next_record() {
    let loopback = start();
    for pause_ms in [0, 1, 5, 60, 200] {
        std::thread::sleep(Duration::from_millis(pause_ms));
        let start = Instant::now();
        loopback.link.call(&MemInfo { context: 1, reserved: 0 }, &[]).expect("an answer");
        assert!(start.elapsed() < Duration::from_millis(500), "after {pause_ms} ms: {:?}", start.elapsed());
    }
}

#[test]
fn spans_outside_staging_and_pinned_heap_are_refused() {
    let window = HostWindow::create(&small_window(), AddressRange::default()).expect("a window");
    let Layout { staging, pinned, ring, total_bytes, .. } = *window.window.layout();
    let is_ok = |offset, len_bytes| window.span(Span { offset, len_bytes }).is_ok();
    assert!(is_ok(staging.offset, staging.len_bytes));
    assert!(is_ok(pinned.offset + 1, pinned.len_bytes - 1));
    assert!(!is_ok(0, 8));
    assert!(!is_ok(ring.offset, 8));
    assert!(!is_ok(staging.offset, staging.len_bytes + 1));
    assert!(!is_ok(pinned.offset + 1, pinned.len_bytes));
    assert!(!is_ok(u64::MAX, 2));
    assert!(!is_ok(total_bytes, 1));
}

#[test]
fn completions_for_slots_that_do_not_exist_are_ignored() {
    let window = HostWindow::create(&small_window(), AddressRange::default()).expect("a window");
    window.retire(u32::MAX, 1);
    window.event_reached(u32::MAX, 1);
    window.fail(CuError::ILLEGAL_ADDRESS, &"é".repeat(400));
    assert!(window.window.control().sticky_detail().starts_with("éé"));
}

/// Runs `body` in a forked child and returns its exit status.
fn in_child(body: impl FnOnce() -> u8) -> i32 {
    // SAFETY: the child only runs `body`, which allocates nothing another thread may have locked, and exits.
    match unsafe { libc::fork() } {
        0 => {
            let code = body();
            // SAFETY: ends the child without running the parent's destructors.
            unsafe { libc::_exit(code.into()) }
        }
        child => {
            let mut status = 0;
            // SAFETY: waits for the child that was just made.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            libc::WEXITSTATUS(status)
        }
    }
}

#[test]
fn a_forked_child_cannot_use_the_link_and_the_parent_still_can() {
    fn refused<T>(result: CuResult<T>) -> bool {
        result.err() == Some(CuError::NOT_INITIALIZED)
    }
    let loopback = start();
    let link: &Link = &loopback.link;
    let failures = in_child(|| {
        let checks = [
            refused(link.post_on(&end(0), &MARKER, &[])),
            refused(link.call(&MemInfo { context: 0, reserved: 0 }, &[])),
            refused(link.wait(0, 1)),
            refused(link.sticky()),
            refused(link.stage(10)),
            refused(link.pinned().alloc(10)),
            refused(link.copy_in(&end(0), 0, &[1])),
        ];
        checks.iter().filter(|passed| !**passed).count() as u8
    });
    assert_eq!(failures, 0);
    assert!(link.call(&MemInfo { context: 0, reserved: 0 }, &[]).is_ok());
}
