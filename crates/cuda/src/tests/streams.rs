//! Streams and events.

use std::sync::atomic::{AtomicU32, Ordering};

use vgpu_core::abi::{CUresult, CUstream, CUstreamCaptureMode};

use super::{TestContext, add_one, alloc, download, launch, name, ok, outcome, stream, upload};
use crate::generated::exports::*;
use crate::guest::process;
use crate::guest::stream::Stream;

#[test]
fn work_of_one_stream_keeps_its_order() {
    let _context = TestContext::new();
    let (stream, function, data) = (stream(), add_one(), upload(&[0; 100]));
    for _ in 0..200 {
        launch(function, data, 100, stream);
    }
    ok!(cuStreamSynchronize(stream));
    ok!(cuStreamQuery(stream));
    assert_eq!(download(data, 100), [200; 100]);
}

#[test]
fn an_event_orders_two_streams() {
    let _context = TestContext::new();
    let (first, second, function, data) = (stream(), stream(), add_one(), upload(&[0; 64]));
    let mut event = std::ptr::null_mut();
    ok!(cuEventCreate(&mut event, 2));
    for _ in 0..50 {
        launch(function, data, 64, first);
        ok!(cuEventRecord(event, first));
        ok!(cuStreamWaitEvent(second, event, 0));
        launch(function, data, 64, second);
        ok!(cuEventRecord(event, second));
        ok!(cuStreamWaitEvent(first, event, 0));
    }
    ok!(cuEventSynchronize(event));
    ok!(cuStreamSynchronize(second));
    assert_eq!(download(data, 64), [100; 64]);
}

#[test]
fn an_event_that_was_never_recorded_is_reached() {
    let _context = TestContext::new();
    let mut event = std::ptr::null_mut();
    ok!(cuEventCreate(&mut event, 0));
    ok!(cuEventQuery(event));
    ok!(cuEventSynchronize(event));
    ok!(cuStreamWaitEvent(std::ptr::null_mut(), event, 0));
    ok!(cuEventDestroy_v2(event));
    assert_eq!(outcome!(cuEventQuery(event)), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn time_passes_between_timed_events_only() {
    let _context = TestContext::new();
    let [mut start, mut end, mut untimed] = [std::ptr::null_mut(); 3];
    ok!(cuEventCreate(&mut start, 0));
    ok!(cuEventCreate(&mut end, 0));
    ok!(cuEventCreate(&mut untimed, 2));
    let mut ms = -1.0;
    assert_eq!(outcome!(cuEventElapsedTime(&mut ms, start, end)), "CUDA_ERROR_INVALID_HANDLE");
    let (stream, data) = (stream(), alloc(1 << 20));
    ok!(cuEventRecord(start, stream));
    ok!(cuMemsetD8Async(data, 1, 1 << 20, stream));
    ok!(cuEventRecord(end, stream));
    ok!(cuEventRecord(untimed, stream));
    ok!(cuEventSynchronize(end));
    ok!(cuEventElapsedTime(&mut ms, start, end));
    assert!(ms > 0.0 && ms < 10_000.0, "{ms}");
    assert_eq!(outcome!(cuEventElapsedTime(&mut ms, start, untimed)), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn the_legacy_stream_waits_for_blocking_streams() {
    let _context = TestContext::new();
    let mut blocking = std::ptr::null_mut();
    ok!(cuStreamCreate(&mut blocking, 0));
    let (function, data) = (add_one(), upload(&[0; 10_000]));
    for _ in 0..20 {
        launch(function, data, 10_000, blocking);
        launch(function, data, 10_000, std::ptr::null_mut());
    }
    ok!(cuStreamSynchronize(std::ptr::null_mut()));
    assert_eq!(download(data, 10_000), [40; 10_000]);
}

#[test]
fn every_thread_has_a_default_stream_of_its_own() {
    let context = TestContext::new();
    let owner = context.0.expose_provenance();
    let (function, data) = (add_one().expose_provenance(), upload(&[0; 8]));
    let ids = parking_lot::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let ids = &ids;
            scope.spawn(move || {
                ok!(cuCtxSetCurrent(std::ptr::with_exposed_provenance_mut(owner)));
                let per_thread = std::ptr::without_provenance_mut(2);
                for _ in 0..50 {
                    launch(std::ptr::with_exposed_provenance_mut(function), data + 4 * thread, 1, per_thread);
                }
                ok!(cuStreamSynchronize_ptsz(std::ptr::null_mut()));
                let mut id = 0;
                ok!(cuStreamGetId(per_thread, &mut id));
                ids.lock().push(id);
            });
        }
    });
    let mut ids = ids.into_inner();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), download(data, 8)), (8, vec![50; 8]));
}

#[test]
fn threads_that_end_give_their_default_streams_back() {
    let context = TestContext::new();
    let owner = context.0.expose_provenance();
    let slots = process().expect("a test device").link.stream_slots();
    for thread in 0..2 * slots {
        let in_thread = move || {
            ok!(cuCtxSetCurrent(std::ptr::with_exposed_provenance_mut(owner)));
            assert_eq!(outcome!(cuStreamSynchronize_ptsz(std::ptr::null_mut())), "CUDA_SUCCESS", "thread {thread}");
        };
        std::thread::spawn(in_thread).join().expect("no panic");
    }
}

#[test]
fn a_capture_that_an_ended_thread_left_open_refuses_nothing() {
    let context = TestContext::new();
    let owner = context.0.expose_provenance();
    let in_thread = move || {
        ok!(cuCtxSetCurrent(std::ptr::with_exposed_provenance_mut(owner)));
        let per_thread = std::ptr::without_provenance_mut(2);
        ok!(cuStreamBeginCapture_v2(per_thread, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    };
    std::thread::spawn(in_thread).join().expect("no panic");
    ok!(cuMemsetD8Async(upload(&[0; 8]), 1, 8, std::ptr::null_mut()));
}

#[test]
fn a_host_function_runs_after_the_work_before_it() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn count(_: *mut std::ffi::c_void) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    let _context = TestContext::new();
    let stream = stream();
    ok!(cuLaunchHostFunc(stream, Some(count), std::ptr::null_mut()));
    ok!(cuStreamSynchronize(stream));
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
}

#[test]
fn a_host_function_may_not_wait_for_work() {
    static OUTCOME: AtomicU32 = AtomicU32::new(u32::MAX);
    unsafe extern "C" fn wait(context: *mut std::ffi::c_void) {
        ok!(cuCtxSetCurrent(context.cast()));
        // SAFETY: takes no pointers.
        OUTCOME.store(unsafe { cuCtxSynchronize() }.0, Ordering::Relaxed);
    }
    let context = TestContext::new();
    let stream = stream();
    ok!(cuLaunchHostFunc(stream, Some(wait), context.0.cast()));
    ok!(cuStreamSynchronize(stream));
    assert_eq!(name(CUresult(OUTCOME.load(Ordering::Relaxed))), "CUDA_ERROR_NOT_PERMITTED");
}

#[test]
fn a_callback_cannot_be_captured_and_breaks_the_capture() {
    unsafe extern "C" fn never(_: CUstream, _: CUresult, _: *mut std::ffi::c_void) {}
    let _context = TestContext::new();
    let stream = stream();
    ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    let added = outcome!(cuStreamAddCallback(stream, Some(never), std::ptr::null_mut(), 0));
    assert_eq!(added, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
    let mut graph = std::ptr::null_mut();
    assert_eq!(outcome!(cuStreamEndCapture(stream, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
}

#[test]
fn destroyed_and_invented_streams_are_refused() {
    let _context = TestContext::new();
    let stream = stream();
    ok!(cuStreamDestroy_v2(stream));
    for stream in [stream, std::ptr::without_provenance_mut(3), std::ptr::without_provenance_mut(0x7fff_0000_1234)] {
        assert_eq!(outcome!(cuStreamSynchronize(stream)), "CUDA_ERROR_INVALID_HANDLE");
        assert_eq!(outcome!(cuStreamDestroy_v2(stream)), "CUDA_ERROR_INVALID_HANDLE");
    }
}

#[test]
fn an_event_is_a_node_only_where_there_is_a_graph() {
    let _context = TestContext::new();
    let (stream, mut event, mut graph) = (stream(), std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuEventCreate(&mut event, 2));
    assert_eq!(outcome!(cuEventRecordWithFlags(event, stream, 1)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuStreamWaitEvent(stream, event, 1)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    ok!(cuEventRecordWithFlags(event, stream, 1));
    ok!(cuStreamWaitEvent(stream, event, 1));
    ok!(cuStreamEndCapture(stream, &mut graph));
}

#[test]
fn a_context_does_not_record_or_wait_while_its_streams_are_captured() {
    let _context = TestContext::new();
    let (stream, mut event, mut graph) = (stream(), std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuEventCreate(&mut event, 2));
    for call in [cuCtxRecordEvent, cuCtxWaitEvent] {
        ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
        assert_eq!(outcome!(call(std::ptr::null_mut(), event)), "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
        assert_eq!(outcome!(cuStreamEndCapture(stream, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
    }
}

#[test]
fn a_context_does_not_wait_for_an_event_of_another_ones_capture() {
    let first = TestContext::new();
    let (stream, mut event, mut graph) = (stream(), std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuEventCreate(&mut event, 2));
    ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    ok!(cuEventRecord(event, stream));
    let second = TestContext::new();
    assert_eq!(outcome!(cuCtxWaitEvent(second.0, event)), "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
    ok!(cuCtxSetCurrent(first.0));
    assert_eq!(outcome!(cuStreamEndCapture(stream, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
}

#[test]
fn a_wait_for_copies_alone_ends_before_they_do() {
    const LEN: usize = 4 << 20;
    let context = TestContext::new();
    let (stream, target, mut source) = (stream(), alloc(LEN), vec![0u8; LEN]);
    let (process, mut was_early) = (process().expect("it has begun"), false);
    for round in 1..=50 {
        source.fill(round);
        ok!(cuMemcpyHtoDAsync_v2(target, source.as_ptr().cast(), LEN, stream));
        ok!(cuStreamSynchronize(stream));
        let of_guest = Stream::find(process, stream.expose_provenance() as u64).expect("it is open");
        was_early |= !process.link.is_done(of_guest.slot(), of_guest.last());
        ok!(cuStreamQuery(stream));
        source.fill(0);
        let mut last = [0u8];
        ok!(cuMemcpyDtoH_v2(last.as_mut_ptr().cast(), target + LEN as u64 - 1, 1));
        assert_eq!(last, [round]);
    }
    assert!(was_early, "all 50 waits were for the device");
    drop(context);
}

#[test]
fn pinned_memory_is_copied_as_the_stream_s_order_leaves_it() {
    const LEN: usize = 64;
    let _context = TestContext::new();
    let (function, data, target) = (add_one(), upload(&[0; 10_000]), alloc(LEN));
    let (mut pinned, mut blocking) = (std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuMemHostAlloc(&mut pinned, LEN, 0));
    ok!(cuStreamCreate(&mut blocking, 0));
    let (default, own) = (std::ptr::null_mut(), stream());
    // Each of the second streams waits for the first one, which writes the memory late.
    for (round, (writer, reader)) in (1..).zip([(default, blocking), (blocking, default), (own, own)].repeat(10)) {
        launch(function, data, 10_000, writer);
        ok!(cuMemcpyDtoHAsync_v2(pinned, data, LEN, writer));
        ok!(cuMemcpyHtoDAsync_v2(target, pinned, LEN, reader));
        ok!(cuStreamSynchronize(reader));
        assert_eq!(download(target, LEN / 4), [round; LEN / 4]);
    }
}
