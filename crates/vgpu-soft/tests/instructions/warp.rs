//! Lanes that exchange values while others of their warp do not take part, or name other members.

use super::harness::{case, compile, engines, launch_in_turns};

const THREADS: u32 = 64;

/// A kernel with `%t` (the thread), `%l` (its lane), `%mine` (its `words` words), and barriers around `body`, so that warps
/// take turns.
fn kernel(words: usize, body: &str) -> String {
    format!(
        ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
        .reg .pred %p<8>; .reg .b32 %t, %l, %r<24>; .reg .b64 %mine, %rd<4>;
        .shared .align 16 .b8 tile[256];
        ld.param.u64 %mine, [p]; mov.u32 %t, %tid.x; mov.u32 %l, %laneid; mad.wide.u32 %mine, %t, {}, %mine;
        bar.sync 0;
        {body}
        bar.sync 0;
        ret;\n}}\n",
        4 * words
    )
}

#[test]
pub(super) fn warp_barriers_wait_for_those_who_name_the_same_members() {
    if !case("bar.warp.sync") {
        return;
    }
    // The upper half meets on its own first, and only then writes what the lower half reads behind the whole warp's barrier.
    let text = kernel(
        1,
        "mov.u32 %r2, tile; mad.lo.u32 %r3, %t, 4, %r2; st.shared.u32 [%r3], 0; bar.sync 0;
        xor.b32 %r1, %t, 16; mad.lo.u32 %r4, %r1, 4, %r2;
        setp.ge.u32 %p0, %l, 16; @%p0 bra UPPER;
        bar.warp.sync 0xffffffff; ld.shared.u32 %r0, [%r4]; bra END;
        UPPER: bar.warp.sync 0xffff0000; add.u32 %r0, %t, 100; st.shared.u32 [%r3], %r0;
        bar.warp.sync 0xffffffff; ld.shared.u32 %r0, [%r4];
        END: st.global.u32 [%mine], %r0;",
    );
    for engine in engines() {
        let mut data = vec![9; THREADS as usize];
        launch_in_turns(&compile(&text, engine), 1, THREADS, &mut data);
        let expected = |thread: u32| if thread % 32 < 16 { (thread ^ 16) + 100 } else { 0 };
        assert_eq!(data, (0..THREADS).map(expected).collect::<Vec<_>>(), "{engine:?}");
    }
}
