//! Each call that a message comes to fails: what the guest sees, that the number retires, that nothing is left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use vgpu_core::wire::Op;
use vgpu_core::wire::messages::*;
use vgpu_core::{CuError, CuResult};

use crate::cases::{self, Case};
use crate::fake::{Call, Fake, wait_until};
use crate::guest::{CONTEXT, Guest, LEGACY, STREAM};

/// `CUBLAS_STATUS_INVALID_VALUE`.
const BLAS_INVALID_VALUE: u32 = 7;
/// Calls whose failure costs nothing but what they were made for: a driver may not know an attribute, copies from memory
/// that is not registered take longer and kernels do not reach it, what cannot be updated is made anew, events do in place of words, what goes is nobody's business
/// any more, and a limit that is not told is told to be so.
const TOLERATED: [&str; 9] = [
    "cuDeviceGetAttribute",
    "cuFuncGetAttribute",
    "cuDevicePrimaryCtxSetFlags_v2",
    "cuMemHostRegister_v2",
    "cuMemHostGetDevicePointer_v2",
    "cuGraphExecUpdate_v2",
    "cuGraphDestroy",
    "cuCtxGetLimit",
    "cuStreamWriteValue64_v2",
];

/// The calls of the thread that serves the ring that a message comes to: how each begins, and how many like it are before.
fn calls_of(fake: &Arc<Fake>, case: &Case) -> Vec<(Call, u32)> {
    let mut guest = Guest::ready(fake);
    (case.before)(&mut guest);
    guest.fake.take_log();
    (case.send)(&mut guest).expect("it is served");
    guest.settle();
    let calls = guest.fake.take_log();
    guest.end();
    let mut before = BTreeMap::<String, u32>::new();
    let ring = calls.into_iter().filter(|call| call.thread == "ring");
    // Whether a point needs a new event is a matter of time.
    let lasting = ring.filter(|call| !call.line.starts_with("cuEventCreate(2)"));
    lasting
        .map(|call| {
            let count = before.entry(beginning(&call)).or_default();
            *count += 1;
            let skip = *count - 1;
            (call, skip)
        })
        .collect()
}

fn beginning(call: &Call) -> String {
    match call.name() {
        "cuEventCreate" => "cuEventCreate(0)".to_owned(),
        name => format!("{name}("),
    }
}

/// What becomes of a message one of whose calls fails: its answer, and the guest after it.
fn fails(fake: &Arc<Fake>, case: &Case, call: &Call, skip: u32, code: u32) -> (CuResult, Guest) {
    let mut guest = Guest::ready(fake);
    (case.before)(&mut guest);
    fake.fail("ring", &beginning(call), skip, code);
    let sent = (case.send)(&mut guest);
    let seq = guest.seq;
    guest.settle();
    guest.release();
    case.slot.into_iter().for_each(|slot| guest.wait_for(slot, seq));
    (sent, guest)
}

fn every_case(mut check: impl FnMut(&Arc<Fake>, Op, &Case, &Call, u32)) {
    for fake in Fake::both() {
        for (code, _) in Op::ALL {
            let op = Op::from_code(*code).expect("it is in the table");
            let case = cases::of(op);
            for (call, skip) in calls_of(&fake, &case) {
                println!("{op:?} when {} fails", call.line);
                check(&fake, op, &case, &call, skip);
            }
        }
    }
}

/// Ends the guest, which may be told that its function is done while the driver's thread is still on its way out of it.
fn end(fake: &Arc<Fake>, op: Op, guest: Guest) {
    if op == Op::HostCall {
        wait_until(|| "the driver's thread is back", || fake.is_idle());
    }
    guest.end();
}

#[test]
fn a_call_that_is_refused_is_its_callers_error_and_nobody_elses() {
    every_case(|fake, op, case, call, skip| {
        let is_blas = call.name().starts_with("cublas");
        let (code, error) = match is_blas {
            true => (BLAS_INVALID_VALUE, CuError::INVALID_VALUE),
            false => (CuError::NOT_PERMITTED.code(), CuError::NOT_PERMITTED),
        };
        let (sent, mut guest) = fails(fake, case, call, skip, code);
        let failures = guest.failures();
        let what = format!("{op:?} when {} fails", call.line);
        // Without an event nobody can know when work is done, and its context is lost.
        let is_point = call.name() == "cuEventRecord" && call.line.contains("(point");
        let is_tolerated = TOLERATED.contains(&call.name());
        let told = sent.err().into_iter().chain(failures.iter().copied()).collect::<Vec<_>>();
        assert_eq!(told.first(), (!is_tolerated).then_some(&error), "{what}: {told:?}");
        assert_eq!(failures, if is_point { vec![error] } else { vec![] }, "{what}");
        if !is_point && op != Op::StreamDestroy && op != Op::ModuleUnload {
            guest.launch().unwrap_or_else(|error| panic!("{what}: nothing can be launched any more: {error}"));
            guest.wait_for(STREAM, guest.seq);
        }
        end(fake, op, guest);
    });
}

#[test]
fn a_fault_ends_the_context_with_its_code_and_retires_all_that_waits() {
    every_case(|fake, op, case, call, skip| {
        // These need no context.
        let without = ["cublas", "cuDevice", "cuCtxCreate", "cuCtxSetCurrent"];
        if without.iter().any(|name| call.name().starts_with(name)) {
            return;
        }
        let (sent, mut guest) = fails(fake, case, call, skip, CuError::ILLEGAL_ADDRESS.code());
        let what = format!("{op:?} when {} finds a fault", call.line);
        assert!(sent.is_ok() || sent == Err(CuError::ILLEGAL_ADDRESS), "{what}: {sent:?}");
        if matches!(op, Op::ContextCreate | Op::ContextDestroy) {
            // The fault was in the other context.
            guest.alloc(16).unwrap_or_else(|error| panic!("{what}: the other context has failed, too: {error}"));
        } else {
            // Opening a stream is the one thing that is refused without a look at the context.
            if sent.is_err() && op != Op::StreamCreate {
                assert_eq!(guest.failures(), [CuError::ILLEGAL_ADDRESS], "{what}: before anybody asks");
            }
            guest.sync();
            assert_eq!(guest.failures(), [CuError::ILLEGAL_ADDRESS], "{what}");
            assert_eq!(guest.alloc(16), Err(CuError::ILLEGAL_ADDRESS), "{what}");
        }
        end(fake, op, guest);
    });
}

#[test]
fn a_guests_first_context_leaves_nothing_when_it_cannot_be_opened() {
    let fake = Fake::new();
    let create = ContextCreate { context: CONTEXT, device: 0, legacy_stream: LEGACY, flags: 0 };
    for call in ["cuDevicePrimaryCtxRetain(", "cuCtxSetCurrent("] {
        let mut guest = Guest::new(&fake);
        fake.fail("ring", call, 0, CuError::NOT_PERMITTED.code());
        assert_eq!(guest.post(create), Err(CuError::NOT_PERMITTED), "{call}");
        guest.wait_for(LEGACY, guest.seq);
        assert_eq!(fake.living(), [""; 0], "{call}");
        guest.post(create).unwrap_or_else(|error| panic!("after {call}: {error}"));
        guest.wait_for(LEGACY, guest.seq);
        guest.end();
    }
}

#[test]
fn a_record_without_a_stream_is_refused_before_it_is_retired() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    // The window of these tests sees to the order; the thread that retires is quick.
    for slot in 2..500 {
        assert_eq!(guest.post(Marker { stream: slot, reserved: 0 }), Err(CuError::INVALID_HANDLE));
        let none = StreamCreate { context: 3, stream: slot, flags: 0, priority: 0 };
        assert_eq!(guest.post(none), Err(CuError::INVALID_CONTEXT));
        let none = ContextCreate { context: 3, device: 9, legacy_stream: slot, flags: 0 };
        assert_eq!(guest.post(none), Err(CuError::INVALID_DEVICE));
        guest.wait_for(slot, guest.seq);
    }
    guest.end();
}

#[test]
fn memory_that_is_not_registered_is_copied_all_the_same() {
    let fake = Fake::new();
    (0..2).for_each(|_| fake.fail("ring", "cuMemHostRegister_v2(", 0, CuError::NOT_PERMITTED.code()));
    let mut guest = Guest::ready(&fake);
    let memory = guest.memory;
    guest.post_with(CopyInline { stream: STREAM, reserved: 0, target: memory }, b"inline").unwrap();
    let target = vgpu_core::wire::Span { offset: 0, len_bytes: 6 };
    guest.post(CopyOut { stream: STREAM, reserved: 0, source: memory, target }).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(0, 6), b"inline");
    guest.end();
}

#[test]
fn a_context_fails_when_its_work_cannot_be_marked_or_asked_for() {
    let fake = Fake::new();
    for (thread, call) in [("ring", "cuEventCreate(2)"), ("retirer", "cuEventQuery(")] {
        let mut guest = Guest::ready(&fake);
        fake.hold("stream1", true);
        fake.fail(thread, call, 0, CuError::NOT_PERMITTED.code());
        // Points that are free are used first.
        wait_until(
            || format!("{call} fails"),
            || {
                let _ = guest.launch();
                guest.settle();
                !guest.failures().is_empty()
            },
        );
        // The stream still stands: nobody waits for it any more.
        guest.wait_for(STREAM, guest.seq);
        assert_eq!(guest.failures(), [CuError::NOT_PERMITTED], "{call}");
        assert_eq!(guest.launch(), Err(CuError::NOT_PERMITTED), "{call}");
        guest.end();
    }
}

#[test]
fn what_will_not_go_keeps_nothing_else() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(cases::gemm(&guest)).unwrap();
    let nodes = cases::every_node(&guest);
    cases::create_graph(&mut guest, &nodes).unwrap();
    for call in [
        "cuMemFree_v2(",
        "cuModuleUnload(",
        "cuGraphExecDestroy(",
        "cuStreamDestroy_v2(",
        "cuEventDestroy_v2(",
        "cublasDestroy_v2(",
        "cuMemHostUnregister(",
        "cuDevicePrimaryCtxRelease_v2(",
    ] {
        fake.fail("reaper", call, 0, CuError::NOT_PERMITTED.code());
    }
    guest.end();
}

#[test]
fn a_fault_of_running_work_is_told_with_its_code_and_ends_its_context_alone() {
    // Illegal address, timeout, assertion, hardware stack, instruction, misaligned, address space, pc, launch; ECC.
    for code in [700, 702, 710, 714, 715, 716, 717, 718, 719, 214] {
        for fake in Fake::both() {
            let mut guest = Guest::ready(&fake);
            guest.module = guest.load(format!(".entry fault_{code}() {{ }}").as_bytes()).unwrap();
            guest.function = guest.find(&format!("fault_{code}")).unwrap().0.function;
            guest.post(ContextCreate { context: 2, device: 0, legacy_stream: 2, flags: 0 }).unwrap();
            guest.wait_for(2, guest.seq);
            fake.hold("stream1", true);
            guest.launch().unwrap();
            guest.post(cases::marker()).unwrap();
            guest.post(EventRecord { stream: STREAM, event: 5 }).unwrap();
            let last = guest.seq;
            guest.settle();
            fake.hold("stream1", false);
            guest.wait_for(STREAM, last);
            let error = CuError::from_code(code);
            assert_eq!(guest.failures(), [error]);
            assert_eq!(guest.launch(), Err(error));
            assert_eq!(guest.alloc(16), Err(error));
            guest.post(Marker { stream: 2, reserved: 0 }).expect("the other context is sound");
            guest.wait_for(2, guest.seq);
            assert_eq!(guest.failures(), [error]);
            guest.end();
        }
    }
}

#[test]
fn a_gpu_that_falls_off_the_bus_ends_its_guests_work_with_its_code() {
    // Unavailable, uncorrectable, no device, launch failed, unknown.
    for code in [46, 214, 100, 719, 999] {
        for fake in Fake::both() {
            let error = CuError::from_code(code);
            let mut guest = Guest::ready(&fake);
            fake.hold("stream1", true);
            guest.launch().unwrap();
            let queued = guest.seq;
            guest.settle();
            fake.lose(code);
            guest.wait_for(STREAM, queued);
            assert_eq!(guest.failures(), [error]);
            assert_eq!(guest.launch(), Err(error));
            guest.wait_for(STREAM, guest.seq);
            assert_eq!(guest.alloc(16), Err(error));
            guest.post(MemFree { address: guest.memory }).unwrap();
            guest.post(ContextDestroy { context: CONTEXT, reserved: 0 }).unwrap();
            let again = ContextCreate { context: 2, device: 0, legacy_stream: 2, flags: 0 };
            assert_eq!(guest.post(again), Err(error));
            guest.wait_for(2, guest.seq);
            assert_eq!(guest.failures(), [error]);
            guest.go();
        }
    }
}

#[test]
fn an_executor_can_go_while_a_call_of_the_driver_hangs() {
    for function in ["cuEventQuery", "cuMemFree_v2"] {
        let fake = Fake::new();
        let mut guest = Guest::ready(&fake);
        fake.block(function, true);
        guest.launch().unwrap();
        guest.post(MemFree { address: guest.memory }).unwrap();
        guest.settle();
        guest.go();
        // What is left behind comes to its end.
        fake.block(function, false);
    }
}
