//! What is counted, and what is refused.

use std::sync::Arc;

use vgpu_soft::exec::{CompileOptions, Counters, Kernel, Launch, LaunchError, LaunchOptions, Shape};
use vgpu_soft::ptx;

use crate::harness::{HEAD, compile, map, params, shape, try_run};

#[test]
fn instructions_are_counted_per_warp_and_per_thread() {
    let kernel = compile(".visible .entry k(.param .u64 p, .param .u32 n) { .reg .b32 %r<3>; mov.u32 %r1, 1; ret; }");
    let (_, counters) = try_run(&kernel, shape(3, 40), &mut [0], 0, LaunchOptions::default());
    assert_eq!(counters, Counters { warp_instructions: 12, thread_instructions: 240 });
}

#[test]
fn shapes_that_no_gpu_takes_are_refused() {
    let kernel = compile(".visible .entry k(.param .u64 p, .param .u32 n) .maxntid 64, 1, 1 { ret; }");
    let try_shape = |shape: Shape| {
        let data = [0u32; 1];
        Launch::new(Arc::clone(&kernel), shape, params(&data, 0), map(&data), LaunchOptions::default()).err()
    };
    assert!(matches!(try_shape(shape(0, 1)), Some(LaunchError::InvalidShape(_))));
    assert!(matches!(try_shape(shape(1, 65)), Some(LaunchError::InvalidShape(_))));
    assert_eq!(try_shape(shape(1, 64)), None);
    let too_much = Shape { dynamic_shared_bytes: 1 << 30, ..shape(1, 1) };
    assert!(matches!(try_shape(too_much), Some(LaunchError::TooMuchShared(_))));
}

#[test]
fn an_unknown_instruction_is_refused_by_name_and_line() {
    let text = format!("{HEAD}.visible .entry k() {{\n.reg .b32 %r<3>;\nfrobnicate.u32 %r1, %r2;\nret; }}");
    let module = ptx::parse_module(&text).expect("well-formed");
    let error = Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &CompileOptions::default());
    let error = error.expect_err("there is no such instruction");
    assert_eq!((error.kernel.as_str(), error.line, error.opcode.as_str()), ("k", 6, "frobnicate.u32"));
}
