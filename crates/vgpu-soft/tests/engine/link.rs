//! Kernels of several modules, linked to one.

use std::sync::Arc;

use vgpu_soft::exec::{CompileOptions, Kernel};
use vgpu_soft::ptx::link::{Input, link};
use vgpu_soft::ptx::parse_module;

use crate::harness::{HEAD, REGISTERS, START, run, shape};

/// Links modules and compiles their only kernel.
fn linked(bodies: &[&str]) -> Arc<Kernel> {
    let texts: Vec<_> = bodies.iter().map(|body| format!("{HEAD}{body}")).collect();
    let modules: Vec<_> = texts.iter().map(|text| parse_module(text).expect("the test's PTX is well-formed")).collect();
    let input = |module| Input { name: "a module", module, is_optional: false };
    let inputs: Vec<_> = modules.iter().map(input).collect();
    let text = link(&inputs).expect("they fit together");
    let module = parse_module(&text).expect("what was linked is PTX");
    let kernel = Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &CompileOptions::default());
    Arc::new(kernel.expect("it compiles"))
}

/// A kernel that passes its element to `f` and stores what comes back.
fn caller(more: &str) -> String {
    format!(
        ".extern .func (.param .b32 r) f(.param .b32 x);
        {more}
        .visible .entry k(.param .u64 p, .param .u32 n) {{
        .local .align 4 .b8 __local_depot0[8];
        {REGISTERS} {START}
        ld.global.u32 %r6, [%rd2];
        st.local.u32 [__local_depot0], 1000;
        {{
        .param .b32 param0;
        .param .b32 retval0;
        st.param.b32 [param0], %r6;
        call.uni (retval0), f, (param0);
        ld.param.b32 %r7, [retval0];
        }}
        ld.local.u32 %r8, [__local_depot0];
        add.u32 %r7, %r7, %r8;
        st.global.u32 [%rd2], %r7;
        ret; }}"
    )
}

/// `f(x) = helper(x) + 3`, where the unit's own `helper` multiplies by `factor` by way of memory.
fn callee(factor: u32) -> String {
    format!(
        ".func (.param .b32 r) helper(.param .b32 x) {{
        .local .align 4 .b8 __local_depot0[4];
        .reg .b32 %r<4>;
        ld.param.b32 %r1, [x];
        mul.lo.u32 %r1, %r1, {factor};
        st.local.u32 [__local_depot0], %r1;
        ld.local.u32 %r2, [__local_depot0];
        st.param.b32 [r], %r2;
        ret; }}
        .visible .func (.param .b32 r) f(.param .b32 x) {{
        .reg .b32 %r<4>;
        ld.param.b32 %r1, [x];
        {{
        .param .b32 param0;
        .param .b32 retval0;
        st.param.b32 [param0], %r1;
        call.uni (retval0), helper, (param0);
        ld.param.b32 %r2, [retval0];
        }}
        add.u32 %r2, %r2, 3;
        st.param.b32 [r], %r2;
        ret; }}"
    )
}

#[test]
fn a_function_of_another_module_is_called() {
    // The caller's module has a helper of its own, which nobody must call.
    let other = ".func (.param .b32 r) helper(.param .b32 x) { trap; ret; }";
    for bodies in [[caller(other), callee(5)], [callee(5), caller(other)]] {
        let kernel = linked(&[&bodies[0], &bodies[1]]);
        let mut data: Vec<u32> = (0..64).collect();
        run(&kernel, shape(2, 32), &mut data, 0);
        let expected: Vec<u32> = (0..64).map(|x| x * 5 + 3 + 1000).collect();
        assert_eq!(data, expected);
    }
}

#[test]
fn parameters_of_one_name_in_two_modules_are_two() {
    // The kernel's are called so.
    let bodies = [caller(""), callee(5).replace(" x)", " p)").replace("[x]", "[p]")];
    let kernel = linked(&[&bodies[0], &bodies[1]]);
    let mut data: Vec<u32> = (0..32).collect();
    run(&kernel, shape(1, 32), &mut data, 0);
    assert_eq!(data, (0..32).map(|x| x * 5 + 3 + 1000).collect::<Vec<u32>>());
}

#[test]
fn a_weak_function_is_not_called_where_there_is_another() {
    let weak = ".weak .func (.param .b32 r) f(.param .b32 x) { trap; ret; }";
    let kernel = linked(&[&caller(""), weak, &callee(7)]);
    let mut data: Vec<u32> = (0..32).collect();
    run(&kernel, shape(1, 32), &mut data, 0);
    assert_eq!(data, (0..32).map(|x| x * 7 + 3 + 1000).collect::<Vec<u32>>());
}

#[test]
fn shared_memory_of_another_module_is_the_same_memory() {
    let defines = ".visible .shared .align 4 .b8 box[128];
        .visible .func put(.param .b32 x) {
        .reg .b32 %r<6>;
        ld.param.b32 %r1, [x];
        mov.u32 %r2, %tid.x;
        mov.u32 %r3, box;
        mad.lo.u32 %r4, %r2, 4, %r3;
        st.shared.u32 [%r4], %r1;
        ret; }";
    let uses = format!(
        ".extern .shared .align 4 .b8 box[128];
        .extern .func put(.param .b32 x);
        .visible .entry k(.param .u64 p, .param .u32 n) {{
        {REGISTERS} {START}
        ld.global.u32 %r6, [%rd2];
        {{
        .param .b32 param0;
        st.param.b32 [param0], %r6;
        call.uni put, (param0);
        }}
        bar.sync 0;
        mov.u32 %r7, box;
        sub.u32 %r8, 31, %r5;
        mad.lo.u32 %r9, %r8, 4, %r7;
        ld.shared.u32 %r10, [%r9];
        st.global.u32 [%rd2], %r10;
        ret; }}"
    );
    let kernel = linked(&[&uses, defines]);
    let mut data: Vec<u32> = (100..132).collect();
    run(&kernel, shape(1, 32), &mut data, 0);
    assert_eq!(data, (100..132).rev().collect::<Vec<u32>>());
}
