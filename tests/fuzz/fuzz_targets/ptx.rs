//! Any text through the parser, the control flow analysis, the register allocator and the compiler.
//!
//! `cargo xtask fuzz ptx`
#![no_main]

use libfuzzer_sys::fuzz_target;
use vgpu_soft::exec::{CompileOptions, Isa, Kernel};
use vgpu_soft::{ir, ptx};

fuzz_target!(|text: &str| {
    let Ok(module) = ptx::parse_module(text) else {
        return;
    };
    let is_variable = |name: &str| module.variables.iter().any(|variable| variable.name == name);
    let symbols = |name: &str| is_variable(name).then_some(0x10_0000);
    let options = CompileOptions { isa: Isa::detect(), race_check: false, capability: 90 };
    for text in &module.kernels {
        let _ = Kernel::compile(&module, text, &symbols, &options);
    }
    for kernel in module.kernels.iter().chain(&module.functions) {
        let Ok(kernel) = ptx::parse_kernel(&module, kernel) else {
            continue;
        };
        let def_uses: Vec<_> = kernel.instructions.iter().map(ir::def_use).collect();
        ir::allocate(&kernel.registers, &ir::control(&kernel), &def_uses);
    }
});
