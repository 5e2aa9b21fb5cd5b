//! Threads that wait for others: of their warp, their block, their grid.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use vgpu_soft::exec::{FaultKind, Kernel, LaunchOptions, Schedule, Shape};

use crate::harness::{fault, grid_kernel, run, run_by, shape};

/// Long enough for a busy machine, and an end for what hangs.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(60));
const SCHEDULES: [Schedule; 2] = [Schedule::ToBarrier, Schedule::Interleaved { ops: 4 }];

/// The same in both schedules, by one thread and by two; `n` is handed on.
fn check_all(kernel: &Arc<Kernel>, shape: Shape, n: u32, resident_blocks: u64, expected: &[u32]) {
    check_with(&LaunchOptions { resident_blocks, ..LaunchOptions::default() }, kernel, shape, n, expected);
}

/// The same with more options.
fn check_with(options: &LaunchOptions, kernel: &Arc<Kernel>, shape: Shape, n: u32, expected: &[u32]) {
    for (workers, schedule) in [1, 2].into_iter().flat_map(|workers| SCHEDULES.map(|schedule| (workers, schedule))) {
        let options = LaunchOptions { schedule, timeout: TIMEOUT, ..options.clone() };
        let (words, fault) = run_by(workers, kernel, shape, vec![0; expected.len()], n, options);
        assert_eq!(fault, None, "{workers} workers, {schedule:?}");
        assert_eq!(words, expected, "{workers} workers, {schedule:?}");
    }
}

/// The first thread of each block counts it in and waits until all have come, `n` times; the others stand at a barrier.
fn meeting() -> Arc<Kernel> {
    grid_kernel(
        "mov.u32 %r6, %nctaid.x;
         mov.u32 %r7, 0;
         mov.u32 %r8, 0;
         ROUND:
         add.u32 %r7, %r7, %r6;
         setp.ne.u32 %p1, %r5, 0;
         @%p1 bra STAND;
         membar.gl;
         atom.global.add.u32 %r9, [%rd1], 1;
         WAIT: ld.volatile.global.u32 %r9, [%rd1];
         setp.lt.u32 %p2, %r9, %r7;
         @%p2 bra WAIT;
         STAND:
         bar.sync 0;
         add.u32 %r8, %r8, 1;
         setp.lt.u32 %p3, %r8, %r2;
         @%p3 bra ROUND;
         @%p1 bra END;
         atom.global.add.u32 %r9, [%rd1+4], %r8;
         END:",
    )
}

#[test]
fn blocks_of_a_grid_that_is_resident_meet_again_and_again() {
    check_all(&meeting(), shape(12, 96), 5, 12, &[12 * 5, 12 * 5]);
}

#[test]
fn a_cooperative_grid_meets_however_many_of_its_workers_come() {
    for workers in [1, 2, 5, 40].map(NonZeroU64::new) {
        let workers = workers.expect("not 0");
        let options = LaunchOptions { cooperative: true, workers, resident_blocks: 1, ..LaunchOptions::default() };
        check_with(&options, &meeting(), shape(12, 96), 3, &[12 * 3, 12 * 3]);
    }
}

#[test]
fn a_block_waits_for_those_before_it_in_a_grid_of_any_size() {
    // Each block adds its number to what the one before it has left; the first one takes its time.
    let kernel = grid_kernel(
        "setp.ne.u32 %p1, %r3, 0;
         @%p1 bra WAIT;
         mov.u32 %r6, 0;
         SLOW: add.u32 %r6, %r6, 1;
         setp.lt.u32 %p2, %r6, 1500000;
         @%p2 bra SLOW;
         mov.u32 %r7, 1;
         bra PASS;
         WAIT: ld.global.u32 %r7, [%rd2+-4];
         setp.eq.u32 %p3, %r7, 0;
         @%p3 bra WAIT;
         PASS: add.u32 %r7, %r7, %r3;
         st.global.u32 [%rd2], %r7;",
    );
    let expected: Vec<u32> = (0..3000).map(|block| 1 + block * (block + 1) / 2).collect();
    check_all(&kernel, shape(3000, 1), 0, 4, &expected);
}

#[test]
fn blocks_may_take_a_lock_in_turns() {
    let kernel = grid_kernel(
        "mov.u32 %r6, 0;
         AGAIN:
         atom.global.cas.b32 %r7, [%rd1], 0, 1;
         setp.ne.u32 %p1, %r7, 0;
         @%p1 bra AGAIN;
         ld.volatile.global.u32 %r8, [%rd1+4];
         add.u32 %r8, %r8, 1;
         st.volatile.global.u32 [%rd1+4], %r8;
         membar.gl;
         atom.global.exch.b32 %r7, [%rd1], 0;
         add.u32 %r6, %r6, 1;
         setp.lt.u32 %p2, %r6, %r2;
         @%p2 bra AGAIN;",
    );
    check_all(&kernel, shape(8, 48), 3, 8, &[0, 8 * 48 * 3]);
}

#[test]
fn warps_of_a_block_hand_a_word_to_each_other() {
    // Warp 0 waits for even numbers, warp 1 for odd ones. With a barrier somewhere and without.
    for barrier in ["", "bar.sync 0;"] {
        let kernel = grid_kernel(&format!(
            "{barrier}
             and.b32 %r6, %r5, 31;
             setp.ne.u32 %p1, %r6, 0;
             @%p1 bra END;
             shr.u32 %r6, %r5, 5;
             WAIT: ld.global.u32 %r7, [%rd1];
             setp.ge.u32 %p2, %r7, %r2;
             @%p2 bra END;
             and.b32 %r8, %r7, 1;
             setp.ne.u32 %p3, %r8, %r6;
             @%p3 bra WAIT;
             add.u32 %r7, %r7, 1;
             st.global.u32 [%rd1], %r7;
             bra WAIT;
             END: bar.warp.sync -1;"
        ));
        let mut data = [0];
        run(&kernel, shape(1, 64), &mut data, 21);
        assert_eq!(data, [21]);
    }
}

#[test]
fn lanes_of_a_warp_hand_a_word_to_each_other() {
    // By a branch back, and by a table of branches.
    let back = ["bra WAIT;", "brx.idx %r9, TABLE;"];
    for back in back {
        let kernel = grid_kernel(&format!(
            "TABLE: .branchtargets WAIT, END;
             mov.u32 %r9, 0;
             WAIT: ld.volatile.global.u32 %r7, [%rd1];
             setp.ge.u32 %p2, %r7, %r2;
             @%p2 bra END;
             setp.eq.u32 %p3, %r7, %r5;
             @!%p3 {back}
             add.u32 %r7, %r7, 1;
             st.volatile.global.u32 [%rd1], %r7;
             END:"
        ));
        let mut data = [0];
        run(&kernel, shape(1, 32), &mut data, 32);
        assert_eq!(data, [32], "{back}");
    }
}

#[test]
fn a_warp_waits_for_another_block_while_the_rest_of_its_own_stands_at_a_barrier() {
    let kernel = grid_kernel(
        "setp.eq.u32 %p1, %r3, 1;
         @%p1 bra SET;
         setp.ne.u32 %p2, %r5, 40;
         @%p2 bra STAND;
         WAIT: ld.volatile.global.u32 %r6, [%rd1];
         setp.eq.u32 %p3, %r6, 0;
         @%p3 bra WAIT;
         STAND: bar.sync 0;
         atom.global.add.u32 %r7, [%rd1+4], 1;
         bra END;
         SET: st.volatile.global.u32 [%rd1], 1;
         END:",
    );
    check_all(&kernel, shape(2, 96), 0, 2, &[1, 96]);
}

#[test]
fn blocks_that_wait_for_nothing_that_comes_end_at_their_time() {
    let kernel = grid_kernel(
        "WAIT: ld.volatile.global.u32 %r6, [%rd1];
         setp.eq.u32 %p1, %r6, 0;
         @%p1 bra WAIT;",
    );
    assert_eq!(fault(&kernel, shape(40, 32), &mut [0], 0).kind, FaultKind::Timeout);
    let options = LaunchOptions { timeout: Some(Duration::from_millis(200)), ..LaunchOptions::default() };
    let (_, fault) = run_by(2, &kernel, shape(1_000_000, 32), vec![0; 1], 0, options);
    assert_eq!(fault.map(|fault| fault.kind), Some(FaultKind::Timeout));
}
