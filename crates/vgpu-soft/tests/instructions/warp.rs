//! Lanes that exchange values while others of their warp do not take part, or name other members.

use super::differences;
use super::harness::{Engine, Random, case, compile, engines, launch_in_turns};

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

/// The lane that `shfl` reads from, and whether it is in range: the reference's formulas.
fn source(mode: &str, lane: i32, b: u32, c: u32) -> (i32, bool) {
    let (distance, clamp, segments) = ((b & 31) as i32, (c & 31) as i32, (c >> 8 & 31) as i32);
    let last = lane & segments | clamp & !segments;
    let first = lane & segments;
    let (from, is_within) = match mode {
        "up" => (lane - distance, lane - distance >= last),
        "down" => (lane + distance, lane + distance <= last),
        "bfly" => (lane ^ distance, lane ^ distance <= last),
        _ => (first | distance & !segments, first | distance & !segments <= last),
    };
    (if is_within { from } else { lane }, is_within)
}

#[test]
pub(super) fn a_lane_that_does_not_take_part_gives_zero() {
    for mode in ["up", "down", "bfly", "idx"] {
        let form = format!("shfl.sync.{mode}.b32");
        if !case(&form) {
            continue;
        }
        // A row: value, b, c, members, result, whether in range.
        let text = kernel(
            6,
            &format!(
                "ld.global.u32 %r0, [%mine]; ld.global.u32 %r1, [%mine+4]; ld.global.u32 %r2, [%mine+8];
                ld.global.u32 %r3, [%mine+12]; mov.u32 %r4, 77;
                shr.u32 %r5, %r3, %l; and.b32 %r5, %r5, 1; setp.eq.u32 %p0, %r5, 0; @%p0 bra PAST;
                {form} %r4|%p1, %r0, %r1, %r2, %r3;
                st.global.u32 [%mine+16], %r4; selp.u32 %r6, 1, 0, %p1; st.global.u32 [%mine+20], %r6;
                PAST:"
            ),
        );
        for engine in engines() {
            let program = compile(&text, engine);
            for members in [u32::MAX, 0xff, 0xffff_0000, 0x5555_5555, 0x8000_0001] {
                for (b, c) in [(0, 31), (1, 31), (1, 0), (3, 0x1807), (7, 31), (16, 31), (31, 0), (33, 0x101f), (5, 9)]
                {
                    let row = |thread: u32| [1000 + thread, b, c, members, 5, 5];
                    let mut data: Vec<u32> = (0..THREADS).flat_map(row).collect();
                    launch_in_turns(&program, 1, THREADS, &mut data);
                    for thread in 0..THREADS {
                        let lane = thread % 32;
                        let (from, is_within) = source(mode, lane as i32, b, c);
                        let takes_part = |lane: i32| members >> lane & 1 != 0;
                        let expected = match (takes_part(lane as i32), takes_part(from)) {
                            (false, _) => [5, 5],
                            (true, true) => [1000 + thread - lane + from as u32, is_within.into()],
                            (true, false) => [0, is_within.into()],
                        };
                        let got = &data[6 * thread as usize + 4..][..2];
                        let operands = [thread, b, c, members].map(u64::from);
                        differences::note_words(&format!("{form} by thread"), &operands, got, &expected, engine);
                    }
                }
            }
        }
    }
}

#[test]
pub(super) fn eight_lanes_sum_what_no_other_lane_adds_to() {
    if !case("shfl.sync.down.b32") {
        return;
    }
    let step = |distance: u32| format!("shfl.sync.down.b32 %r1, %r0, {distance}, 31, 0xff; add.u32 %r0, %r0, %r1;");
    let text = kernel(
        1,
        &format!(
            "add.u32 %r0, %l, 1; setp.ge.u32 %p0, %l, 8; @%p0 bra PAST;
            {} st.global.u32 [%mine], %r0; PAST:",
            [16, 8, 4, 2, 1].map(step).concat()
        ),
    );
    for engine in engines() {
        let mut data = vec![9; THREADS as usize];
        launch_in_turns(&compile(&text, engine), 1, THREADS, &mut data);
        differences::note_words("a sum of shfl", &[], &[data[0], data[32], data[8]], &[36, 36, 9], engine);
    }
}

/// What the members of a mask learn of each other: instruction, and the model of the members' values.
const AMONG_MEMBERS: [(&str, fn(&[(u32, u32)], u32) -> u32); 12] = [
    ("vote.sync.ballot.b32 %r4, %p0, %r1", |members, _| set(members, |value| value & 1 != 0)),
    ("vote.sync.all.pred %p1, %p0, %r1", |members, _| members.iter().all(|(_, value)| value & 1 != 0).into()),
    ("vote.sync.any.pred %p1, %p0, %r1", |members, _| members.iter().any(|(_, value)| value & 1 != 0).into()),
    ("vote.sync.uni.pred %p1, %p0, %r1", |members, _| {
        members.iter().all(|(_, value)| value & 1 == members[0].1 & 1).into()
    }),
    ("match.any.sync.b32 %r4, %r0, %r1", |members, own| set(members, |value| value == own)),
    ("match.all.sync.b32 %r4, %r0, %r1", |members, own| {
        if members.iter().all(|(_, value)| *value == own) { set(members, |_| true) } else { 0 }
    }),
    ("redux.sync.add.s32 %r4, %r0, %r1", |members, _| {
        members.iter().fold(0, |sum: u32, (_, value)| sum.wrapping_add(*value))
    }),
    ("redux.sync.min.u32 %r4, %r0, %r1", |members, _| {
        members.iter().fold(u32::MAX, |least, (_, value)| least.min(*value))
    }),
    ("redux.sync.max.u32 %r4, %r0, %r1", |members, _| members.iter().fold(0, |most, (_, value)| most.max(*value))),
    ("redux.sync.and.b32 %r4, %r0, %r1", |members, _| members.iter().fold(u32::MAX, |all, (_, value)| all & value)),
    ("redux.sync.or.b32 %r4, %r0, %r1", |members, _| members.iter().fold(0, |any, (_, value)| any | value)),
    ("redux.sync.xor.b32 %r4, %r0, %r1", |members, _| members.iter().fold(0, |odd, (_, value)| odd ^ value)),
];

/// The lanes whose value is so.
fn set(members: &[(u32, u32)], is_so: impl Fn(u32) -> bool) -> u32 {
    members.iter().filter(|(_, value)| is_so(*value)).fold(0, |lanes, (lane, _)| lanes | 1 << lane)
}

/// Leads lanes around the instruction that their mask does not name: what that does is undefined, and a GPU may end the launch
/// for an illegal instruction.
const NAMED_ONLY: &str = "shr.u32 %r5, %r1, %l; and.b32 %r5, %r5, 1; setp.eq.u32 %p2, %r5, 0; @%p2 bra PAST;";

#[test]
pub(super) fn members_learn_of_members_only() {
    // By lane: masks that leave callers out, and masks of their own for halves, quarters, even and odd lanes.
    let masks: [fn(u32) -> u32; 6] = [
        |_| u32::MAX,
        |_| 0xff,
        |_| 0x8000_0001,
        |lane| if lane < 16 { 0xffff } else { 0xffff_0000 },
        |lane| 0xff << (lane & 24),
        |lane| if lane % 2 == 0 { 0x5555_5555 } else { 0xaaaa_aaaa },
    ];
    for (instruction, model) in AMONG_MEMBERS {
        if !case(instruction.split(' ').next().expect("an opcode")) {
            continue;
        }
        // A row: value, members, result.
        let text = |guard: &str| {
            kernel(
                3,
                &format!(
                    "ld.global.u32 %r0, [%mine]; ld.global.u32 %r1, [%mine+4]; mov.u32 %r4, 0;
                    and.b32 %r2, %r0, 1; setp.ne.u32 %p0, %r2, 0; setp.ne.u32 %p1, %r4, 0;
                    {guard}{instruction}; PAST:
                    @%p1 mov.u32 %r4, 1; st.global.u32 [%mine+8], %r4;"
                ),
            )
        };
        let guards = |engine: &Engine| match engine {
            Engine::Interpreter(_) => &["", NAMED_ONLY][..],
            Engine::Gpu(_) => &[NAMED_ONLY],
        };
        for (engine, guard) in
            engines().into_iter().flat_map(|engine| guards(&engine).iter().map(move |guard| (engine, guard)))
        {
            let program = compile(&text(guard), engine);
            let mut random = Random(11);
            for (mask, round) in masks.iter().flat_map(|mask| (0..6).map(move |round| (mask, round))) {
                let value = |random: &mut Random| match round {
                    0 => 6,
                    1 => 7,
                    _ => ((random.next() >> 40) as u32 % 5).wrapping_sub(round & 1),
                };
                let mut data: Vec<u32> =
                    (0..THREADS).flat_map(|thread| [value(&mut random), mask(thread % 32), 5]).collect();
                let before = data.clone();
                launch_in_turns(&program, 1, THREADS, &mut data);
                for thread in 0..THREADS {
                    let (lane, warp) = (thread % 32, thread - thread % 32);
                    if mask(lane) >> lane & 1 == 0 {
                        continue;
                    }
                    let at = |lane: u32| before[3 * (warp + lane) as usize];
                    let members: Vec<(u32, u32)> =
                        (0..32).filter(|other| mask(lane) >> other & 1 != 0).map(|other| (other, at(other))).collect();
                    let expected = model(&members, at(lane));
                    let got = data[3 * thread as usize + 2];
                    let operands = [thread, mask(lane), at(lane)].map(u64::from);
                    let what = format!("{instruction} by thread");
                    differences::note_words(&what, &operands, &[got], &[expected], engine);
                }
            }
        }
    }
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
        differences::note_words("bar.warp.sync", &[], &data, &(0..THREADS).map(expected).collect::<Vec<_>>(), engine);
    }
}
