//! Completion words that the GPU writes: they come after the work, never fall, and nobody asks for them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use vgpu_core::CuError;
use vgpu_core::wire::Span;
use vgpu_core::wire::messages::*;
use vgpu_driver::Signals;

use crate::cases::marker;
use crate::fake::{Fake, wait_until};
use crate::guest::{CONTEXT, Guest, LEGACY, STREAM, launch};

/// Has the executor look at all streams once more.
fn look_again(guest: &mut Guest) {
    guest.post(Marker { stream: LEGACY, reserved: 0 }).expect("the context is sound");
    guest.wait_for(LEGACY, guest.seq);
}

#[test]
fn the_gpu_writes_the_guests_word_and_ours_behind_a_batch_and_there_is_no_event() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    guest.launch().unwrap();
    guest.launch().unwrap();
    let last = guest.seq;
    guest.settle();
    let calls = guest.calls_of("ring");
    // The staging area, the executor's own ring and both kinds of words are registered in this order; a word has 8 bytes here.
    let words =
        [3, 4].map(|kind| format!("cuStreamWriteValue64_v2(stream1, registered{kind}+{}, {last}, 0)", 8 * STREAM));
    assert!(calls.ends_with(&words), "{calls:?}");
    assert!(calls[calls.len() - 3].starts_with("cuLaunchKernel("), "{calls:?}");
    guest.wait_for(STREAM, last);
    assert_eq!(guest.window.seen.lock().retired, Default::default(), "the host publishes nothing by itself");
    guest.end();
}

#[test]
fn what_others_may_wait_for_has_an_event_and_is_known_from_the_batchs_words() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    guest.post(marker()).unwrap();
    let marked = guest.seq;
    guest.launch().unwrap();
    guest.post(StreamWait { stream: LEGACY, other: STREAM, until: marked }).unwrap();
    let last = guest.seq;
    guest.settle();
    let calls = guest.calls_of("ring");
    let of = |what: &str| calls.iter().filter(|call| call.starts_with(what)).cloned().collect::<Vec<_>>();
    assert_eq!(of("cuEventRecord("), ["cuEventRecord(point, stream1)"]);
    assert_eq!(of("cuStreamWaitEvent("), ["cuStreamWaitEvent(legacy, point, 0)"]);
    assert_eq!(of("cuStreamWriteValue64_v2(").len(), 4, "{calls:?}");
    guest.wait_for(LEGACY, last);
    guest.end();
}

#[test]
fn a_word_that_the_guest_forges_lets_nothing_go_that_work_still_uses() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    let address = guest.alloc(4096).unwrap();
    fake.hold("stream1", true);
    guest
        .post(CopyIn { stream: STREAM, flags: 0, target: address, source: Span { offset: 0, len_bytes: 64 } })
        .unwrap();
    let last = guest.seq;
    guest.post(MemFree { address }).unwrap();
    guest.settle();
    guest.window.forge(STREAM, last);
    // Twice, so that once it has looked at every stream.
    look_again(&mut guest);
    look_again(&mut guest);
    assert!(fake.living().contains(&"memory2".to_owned()), "{:?}", fake.living());
    fake.hold("stream1", false);
    // A copy to memory that does not live is an offence to the fake.
    guest.call(MemInfo { context: CONTEXT, reserved: 0 }, &[]).unwrap();
    assert!(!fake.living().contains(&"memory2".to_owned()), "{:?}", fake.living());
    guest.end();
}

#[test]
fn what_others_wait_for_behind_masses_of_batches_has_its_event_where_it_should() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    for _ in 0..1500 {
        guest.launch().unwrap();
        guest.settle();
    }
    guest.post(marker()).unwrap();
    let marked = guest.seq;
    // Behind the marker: more points than a stream has, again.
    guest.launch().unwrap();
    guest.settle();
    guest.post(StreamWait { stream: LEGACY, other: STREAM, until: marked }).unwrap();
    let wait = guest.seq;
    guest.post(Marker { stream: LEGACY, reserved: 0 }).unwrap();
    let last = guest.seq;
    guest.settle();
    assert!(guest.window.reached(LEGACY) < wait);
    fake.hold("stream1", false);
    guest.wait_for(LEGACY, last);
    assert!(guest.window.reached(STREAM) >= marked, "the default stream was held back");
    guest.wait_for(STREAM, wait - 1);
    guest.end();
}

#[test]
fn the_guest_learns_of_work_though_nobody_asks_the_driver() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    fake.block("cuEventQuery", true);
    fake.hold("stream1", true);
    guest.launch().unwrap();
    let before = guest.seq - 1;
    guest.settle();
    assert!(guest.window.reached(STREAM) <= before);
    // Another thread's doing, as far as the executor is concerned.
    let goes_on = Arc::clone(&fake);
    std::thread::spawn(move || goes_on.hold("stream1", false)).join().expect("it goes on");
    guest.wait_for(STREAM, guest.seq);
    fake.block("cuEventQuery", false);
    guest.end();
}

#[test]
fn sleepers_are_woken_once_the_word_is_written() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    let window = Arc::clone(&guest.window);
    fake.hold("stream1", true);
    window.is_asleep.store(true, Ordering::Release);
    guest.launch().unwrap();
    let last = guest.seq;
    look_again(&mut guest);
    let wakes = || window.wakes.load(Ordering::Acquire);
    let before = wakes();
    fake.hold("stream1", false);
    wait_until(|| "somebody is woken", || wakes() > before);
    assert!(window.reached(STREAM) >= last);
    guest.end();
}

#[test]
fn a_slot_that_is_used_again_does_not_fall_back() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    guest.launch().unwrap();
    guest.post(StreamDestroy { stream: STREAM, reserved: 0 }).unwrap();
    guest.post(StreamCreate { context: CONTEXT, stream: STREAM, flags: 1, priority: 0 }).unwrap();
    guest.launch().unwrap();
    let last = guest.seq;
    guest.settle();
    look_again(&mut guest);
    assert!(guest.window.reached(STREAM) < last);
    fake.hold("stream1", false);
    // Falling is an offence to the fake.
    guest.wait_for(STREAM, last);
    guest.end();
}

#[test]
fn what_the_gpu_has_written_is_not_undone_by_what_the_host_has_to_say() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    // The first point without the GPU's word, the second with it, and both reached before the host looks.
    fake.block("cuEventQuery", true);
    fake.fail("ring", "cuStreamWriteValue64_v2(", 0, CuError::NOT_PERMITTED.code());
    guest.launch().unwrap();
    guest.settle();
    guest.launch().unwrap();
    guest.settle();
    let last = guest.seq;
    guest.wait_for(STREAM, last);
    fake.block("cuEventQuery", false);
    look_again(&mut guest);
    assert_eq!(guest.window.reached(STREAM), last);
    assert_eq!(guest.failures(), []);
    guest.end();
}

#[test]
fn a_fault_is_found_and_retires_all_that_waits() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    guest.function = guest.find("fault_700").unwrap().0.function;
    guest.post_with(launch(guest.function), &[]).unwrap();
    guest.post(marker()).unwrap();
    let last = guest.seq;
    guest.wait_for(STREAM, last);
    wait_until(|| "the fault is told", || guest.failures() == [CuError::ILLEGAL_ADDRESS]);
    assert_eq!(guest.launch(), Err(CuError::ILLEGAL_ADDRESS));
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn what_kernels_print_is_there_before_the_word() {
    let fake = Fake::with_words();
    let mut guest = Guest::ready(&fake);
    guest.module = guest.load(b".extern .func vprintf ();\n.visible .entry print_hello() { }").unwrap();
    guest.function = guest.find("print_hello").unwrap().0.function;
    fake.take_log();
    guest.post_with(launch(guest.function), &[]).unwrap();
    guest.settle();
    let calls = guest.calls_of("ring");
    let words: Vec<&String> = calls.iter().filter(|call| call.starts_with("cuStreamWriteValue64")).collect();
    // The executor's own, and not the guest's.
    assert_eq!(words, [&format!("cuStreamWriteValue64_v2(stream1, registered4+{}, {}, 0)", 8 * STREAM, guest.seq)]);
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.call(OutputTake { room_bytes: 64 }, &[]).unwrap().tail, b"hello\n");
    guest.end();
}

#[test]
fn where_the_gpu_cannot_write_words_events_do() {
    for absent in [&["cuStreamWriteValue64_v2"][..], &[]] {
        let fake = Fake::made(absent, Signals::Words);
        if absent.is_empty() {
            // The staging area and the executor's own ring come first.
            fake.fail("ring", "cuMemHostRegister_v2(", 2, CuError::NOT_PERMITTED.code());
        }
        let mut guest = Guest::ready(&fake);
        guest.launch().unwrap();
        guest.settle();
        assert!(guest.calls_of("ring").iter().all(|call| !call.starts_with("cuStreamWriteValue64")));
        guest.wait_for(STREAM, guest.seq);
        guest.end();
    }
}
