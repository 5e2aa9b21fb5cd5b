//! What only the executor can refuse, as programs hear of it. A process has one such word, which any test's call would
//! take: so each test runs in a process of its own.

use std::process::Command;

use vgpu_core::wire::messages::{Fill, MemFree, Statistics};

use super::{TestContext, alloc, ok, outcome, stream};
use crate::generated::exports::*;
use crate::guest::gate::Arm;
use crate::guest::{Process, process, thread};

/// Runs the ignored test of that name of this module.
fn run_alone(test: &str) {
    let program = std::env::current_exe().expect("this test program");
    let test = format!("tests::refusals::{test}");
    let output = Command::new(program).args(["--exact", &test, "--ignored"]).output().expect("this test program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "there is no {test}");
}

/// Has the executor refuse a record that no stream orders, and has it handled.
fn refused(process: &Process) {
    process.link.post(&MemFree { address: 1 }, &[]).expect("a post");
    process.link.call(&Statistics { reserved: 0 }, &[]).expect("an answer");
}

#[test]
fn a_refusal_is_returned_by_the_next_call_that_reports_and_forgotten() {
    run_alone("refusal_is_returned_once");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn refusal_is_returned_once() {
    let _context = TestContext::new();
    let process = process().expect("started");
    refused(process);
    let mut current = std::ptr::null_mut();
    ok!(cuCtxGetCurrent(&mut current));
    assert_eq!(outcome!(cuCtxSynchronize()), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuCtxSynchronize());
    refused(process);
    let mut address = 0;
    assert_eq!(outcome!(cuMemAlloc_v2(&mut address, 64)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuMemAlloc_v2(&mut address, 64));
}

#[test]
fn work_that_is_refused_is_heard_of_by_who_waits_for_it() {
    run_alone("waiting_hears_of_refused_work");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn waiting_hears_of_refused_work() {
    let _context = TestContext::new();
    let process = process().expect("started");
    let handle = stream();
    let stream = thread::current().expect("current").stream(process, handle.addr() as u64).expect("a stream");
    let fill = Fill { stream: 0, element_bytes: 1, target: 0x10, pitch: 0, value: 0, reserved: 0, width: 1, height: 1 };
    for _ in 0..1000 {
        let Ok(Arm::Live(live)) = stream.enter(process) else { panic!("nothing is captured") };
        live.post(&fill, &[]).expect("a post");
        assert_eq!(outcome!(cuStreamSynchronize(handle)), "CUDA_ERROR_INVALID_VALUE");
        ok!(cuStreamSynchronize(handle));
    }
}

#[test]
fn memory_is_freed_although_something_was_refused() {
    run_alone("freeing_goes_before_reporting");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn freeing_goes_before_reporting() {
    let _context = TestContext::new();
    let process = process().expect("started");
    let address = alloc(64);
    refused(process);
    assert_eq!(outcome!(cuMemFree_v2(address)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(process.allocations.find(address), None);
    ok!(cuCtxSynchronize());
}
