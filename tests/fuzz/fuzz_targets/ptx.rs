//! Any text through the parser, the control flow analysis and the register allocator.
//!
//! `cargo +nightly fuzz run ptx`
#![no_main]

use libfuzzer_sys::fuzz_target;
use vgpu_soft::{ir, ptx};

fuzz_target!(|text: &str| {
    let Ok(module) = ptx::parse_module(text) else {
        return;
    };
    for kernel in module.kernels.iter().chain(&module.functions) {
        let Ok(kernel) = ptx::parse_kernel(&module, kernel) else {
            continue;
        };
        let def_uses: Vec<_> = kernel.instructions.iter().map(ir::def_use).collect();
        ir::allocate(&kernel.registers, &ir::control(&kernel), &def_uses);
    }
});
