//! Any texts through the linker, NULs between them: what it makes of them is PTX, and can be linked again.
//!
//! `cargo xtask fuzz link`
#![no_main]

use libfuzzer_sys::fuzz_target;
use vgpu_soft::ptx::link::{Input, link};
use vgpu_soft::ptx::parse_module;

fuzz_target!(|texts: &str| {
    let modules: Vec<_> = texts.split('\0').take(8).filter_map(|text| parse_module(text).ok()).collect();
    let input = |(index, module)| Input { name: "an input", module, is_optional: index % 3 == 2 };
    let inputs: Vec<_> = modules.iter().enumerate().map(input).collect();
    if inputs.is_empty() {
        return;
    }
    let Ok(linked) = link(&inputs) else { return };
    let module = parse_module(&linked).unwrap_or_else(|error| panic!("{error}:\n{linked}"));
    let alone = [Input { name: "the result", module: &module, is_optional: false }];
    let _ = link(&alone);
});
