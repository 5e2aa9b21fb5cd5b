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
/// that is not registered take longer, what cannot be updated is made anew, and what goes is nobody's business any more.
const TOLERATED: [&str; 6] = [
    "cuDeviceGetAttribute",
    "cuFuncGetAttribute",
    "cuDevicePrimaryCtxSetFlags_v2",
    "cuMemHostRegister_v2",
    "cuGraphExecUpdate_v2",
    "cuGraphDestroy",
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
    let fake = Fake::new();
    for (code, _) in Op::ALL {
        let op = Op::from_code(*code).expect("it is in the table");
        let case = cases::of(op);
        for (call, skip) in calls_of(&fake, &case) {
            println!("{op:?} when {} fails", call.line);
            check(&fake, op, &case, &call, skip);
        }
    }
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
        guest.end();
    });
}

#[test]
fn a_fault_ends_the_context_with_its_code_and_retires_all_that_waits() {
    every_case(|fake, op, case, call, skip| {
        // These need no context.
        if call.name().starts_with("cublas") || call.name().starts_with("cuDevice") || call.name().starts_with("cuCtx")
        {
            return;
        }
        let (sent, mut guest) = fails(fake, case, call, skip, CuError::ILLEGAL_ADDRESS.code());
        let what = format!("{op:?} when {} finds a fault", call.line);
        assert!(sent.is_ok() || sent == Err(CuError::ILLEGAL_ADDRESS), "{what}: {sent:?}");
        if matches!(op, Op::ContextCreate | Op::ContextDestroy) {
            // The fault was in the other context.
            guest.alloc(16).unwrap_or_else(|error| panic!("{what}: the other context has failed, too: {error}"));
        } else {
            guest.sync();
            assert_eq!(guest.failures(), [CuError::ILLEGAL_ADDRESS], "{what}");
            assert_eq!(guest.alloc(16), Err(CuError::ILLEGAL_ADDRESS), "{what}");
        }
        guest.end();
    });
}
