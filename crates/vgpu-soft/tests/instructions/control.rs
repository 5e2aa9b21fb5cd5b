//! Branches, calls, ends, barriers: kernels whose every instruction has a part in the words they leave.

use vgpu_soft::exec::FaultKind;

use super::differences;
use super::harness::{case, case_kernel, compile, engines, launch, launch_with};

const HEAD: &str = ".version 8.4\n.target sm_90\n.address_size 64\n";

/// A kernel with `%t` (the thread) and `%mine` (its word), which stores `%r0` at the end.
fn kernel(functions: &str, body: &str) -> String {
    format!(
        "{HEAD}{functions}.visible .entry k(.param .u64 p)\n{{
        .reg .pred %p<4>; .reg .b32 %t, %r<16>; .reg .b64 %mine, %rd<8>;
        .shared .align 16 .b8 tile[1024];
        ld.param.u64 %mine, [p]; mov.u32 %t, %tid.x; mad.wide.u32 %mine, %t, 4, %mine;
        {body}
        st.global.u32 [%mine], %r0;
        ret;\n}}\n"
    )
}

/// Runs 64 threads on words of 7; thread t's must become `model(t)`. `what` says so of the kernel.
fn check(what: &str, text: &str, model: impl Fn(u32) -> u32) {
    if !case_kernel(text) {
        return;
    }
    for engine in engines() {
        let mut data = [7; 64];
        launch(&compile(text, engine), 1, 64, &mut data);
        differences::note_words(what, &[], &data, &(0..64).map(&model).collect::<Vec<_>>(), engine);
    }
}

#[test]
pub(super) fn branches_loops_and_ends_are_each_thread_s_own() {
    // Sums of the numbers below t; threads of 40 and more end before, by `exit` or by `ret`.
    let text = kernel(
        "",
        "setp.ge.u32 %p1, %t, 50; @%p1 exit;
        setp.ge.u32 %p2, %t, 40; @%p2 ret;
        mov.u32 %r0, 0; mov.u32 %r1, 0;
        bra.uni TEST;
        AGAIN: add.u32 %r0, %r0, %r1; add.u32 %r1, %r1, 1;
        TEST: setp.lt.u32 %p3, %r1, %t;
        @%p3 bra AGAIN;",
    );
    check("threads that end", &text, |t| if t < 40 { (0..t).sum() } else { 7 });
}

#[test]
pub(super) fn a_called_function_gets_its_arguments_and_returns() {
    let functions = ".func (.param .b32 r) f(.param .b64 a, .param .b32 b)
        { .reg .b32 %r<4>; .reg .b64 %rd<2>; ld.param.u64 %rd0, [a]; ld.param.u32 %r1, [b];
        ld.global.u32 %r0, [%rd0]; mad.lo.u32 %r0, %r0, %r1, 3; st.param.b32 [r], %r0; ret; }\n";
    let text = kernel(
        functions,
        "{ .param .b64 p0; .param .b32 p1; .param .b32 result;
        st.param.b64 [p0+0], %mine; st.param.b32 [p1+0], %t;
        call.uni (result), f, (p0, p1);
        ld.param.b32 %r0, [result+0]; }",
    );
    check("a call", &text, |t| 7 * t + 3);
}

#[test]
pub(super) fn barriers_make_what_other_threads_wrote_visible() {
    for (barrier, distance) in
        [("bar.sync 0", 33), ("barrier.sync 0", 33), ("barrier.sync 2, 64", 17), ("bar.warp.sync -1", 0)]
    {
        // Thread t reads the word of thread t + distance, or of its neighbour in the warp.
        let other = match distance {
            0 => "xor.b32 %r1, %t, 1;".to_owned(),
            _ => format!("add.u32 %r1, %t, {distance}; and.b32 %r1, %r1, 63;"),
        };
        let text = kernel(
            "",
            &format!(
                "mov.u32 %r2, tile; mad.lo.u32 %r3, %t, 4, %r2; mad.lo.u32 %r4, %t, %t, 5; st.shared.u32 [%r3], %r4;
                {barrier};
                {other} mad.lo.u32 %r3, %r1, 4, %r2; ld.shared.u32 %r0, [%r3];"
            ),
        );
        check(barrier, &text, |t| {
            let other = if distance == 0 { t ^ 1 } else { (t + distance) % 64 };
            other * other + 5
        });
    }
}

#[test]
pub(super) fn reducing_barriers_combine_the_block_s_predicates() {
    for threshold in [0, 1, 63, 64] {
        let text = kernel(
            "",
            &format!(
                "setp.lt.u32 %p0, %t, {threshold};
                bar.red.and.pred %p1, 0, %p0; bar.red.or.pred %p2, 0, %p0; bar.red.popc.u32 %r0, 0, %p0;
                selp.u32 %r1, 1000, 0, %p1; add.u32 %r0, %r0, %r1;
                selp.u32 %r1, 10000, 0, %p2; add.u32 %r0, %r0, %r1;"
            ),
        );
        let (all, any) = (threshold == 64, threshold > 0);
        check(&format!("bar.red of {threshold}"), &text, |_| {
            threshold + 1000 * u32::from(all) + 10000 * u32::from(any)
        });
    }
}

#[test]
pub(super) fn fences_and_sleep_order_a_message_between_warps() {
    // Thread 0 writes a message and then a flag, with a fence between; the other warp waits for the flag.
    for fence in ["membar.cta", "membar.gl", "membar.sys"] {
        let text = kernel(
            "",
            &format!(
                "mov.u32 %r0, 9; mov.u32 %r2, tile;
                mad.lo.u32 %r3, %t, 4, %r2; st.shared.u32 [%r3], 0; bar.sync 0;
                setp.ge.u32 %p0, %t, 32; @%p0 bra READ;
                setp.ne.u32 %p1, %t, 0; @%p1 bra END;
                nanosleep.u32 100;
                st.volatile.shared.u32 [tile+4], 42;
                {fence};
                st.volatile.shared.u32 [tile], 1;
                bra END;
                READ: ld.volatile.shared.u32 %r1, [tile]; setp.eq.u32 %p1, %r1, 0; @%p1 nanosleep.u32 20; @%p1 bra READ;
                {fence};
                ld.volatile.shared.u32 %r0, [tile+4]; add.u32 %r0, %r0, %t;
                END:"
            ),
        );
        check(fence, &text, |t| if t < 32 { 9 } else { 42 + t });
    }
}

#[test]
pub(super) fn a_trap_ends_the_launch() {
    if !case("trap") {
        return;
    }
    for (thread, expected) in [(64, None), (33, Some(FaultKind::Trap))] {
        let text = kernel("", &format!("mov.u32 %r0, 1; setp.eq.u32 %p0, %t, {thread}; @%p0 trap;"));
        for engine in engines() {
            let fault = launch_with(&compile(&text, engine), 1, 64, &mut [7u32; 64], &[]);
            assert_eq!(fault.map(|fault| fault.kind), expected);
        }
    }
}
