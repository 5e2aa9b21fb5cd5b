//! Divergence, barriers and workers.

use std::sync::Arc;
use std::time::Duration;

use vgpu_soft::exec::{Launch, LaunchOptions, Progress, Worker};

use crate::harness::{grid_kernel, map, params, run, shape, try_run};

#[test]
fn every_thread_of_a_grid_runs_once() {
    let kernel = grid_kernel(
        "setp.ge.u32 %p1, %r1, %r2;
         @%p1 bra DONE;
         ld.global.u32 %r6, [%rd2];
         add.u32 %r6, %r6, %r1;
         st.global.u32 [%rd2], %r6;
         DONE:",
    );
    let mut data = vec![7; 1000];
    run(&kernel, shape(8, 128), &mut data, 1000);
    let expected: Vec<u32> = (0..1000).map(|i| i + 7).collect();
    assert_eq!(data, expected);
}

#[test]
fn lanes_leave_a_loop_one_by_one_and_meet_again() {
    // Steps of the Collatz sequence.
    let kernel = grid_kernel(
        "add.u32 %r6, %r1, 1;
         mov.u32 %r7, 0;
         LOOP:
         setp.eq.u32 %p1, %r6, 1;
         @%p1 bra OUT;
         and.b32 %r8, %r6, 1;
         setp.eq.u32 %p2, %r8, 1;
         @%p2 bra ODD;
         shr.u32 %r6, %r6, 1;
         bra NEXT;
         ODD:
         mad.lo.u32 %r6, %r6, 3, 1;
         NEXT:
         add.u32 %r7, %r7, 1;
         bra LOOP;
         OUT:
         st.global.u32 [%rd2], %r7;",
    );
    let mut data = vec![0; 300];
    run(&kernel, shape(3, 100), &mut data, 0);
    let steps = |start: u32| {
        let (mut value, mut steps) = (start, 0);
        while value != 1 {
            value = if value % 2 == 1 { 3 * value + 1 } else { value / 2 };
            steps += 1;
        }
        steps
    };
    let expected: Vec<u32> = (1..=300).map(steps).collect();
    assert_eq!(data, expected);
}

#[test]
fn a_barrier_makes_shared_memory_visible_to_the_block() {
    let kernel = grid_kernel(
        ".shared .align 4 .b8 tile[1024];
         mul.lo.u32 %r6, %r5, 4;
         mov.u32 %r7, tile;
         add.u32 %r7, %r7, %r6;
         st.shared.u32 [%r7], %r1;
         bar.sync 0;
         mov.u32 %r8, tile;
         sub.u32 %r9, %r4, %r5;
         mul.lo.u32 %r9, %r9, 4;
         add.u32 %r8, %r8, %r9;
         ld.shared.u32 %r10, [%r8+-4];
         st.global.u32 [%rd2], %r10;",
    );
    let mut data = vec![0; 512];
    run(&kernel, shape(2, 256), &mut data, 0);
    let expected: Vec<u32> = (0..512).map(|i| (i / 256) * 256 + 255 - i % 256).collect();
    assert_eq!(data, expected);
}

#[test]
fn threads_that_have_exited_are_not_waited_for() {
    let kernel = grid_kernel(
        "setp.gt.u32 %p1, %r5, 40;
         @%p1 exit;
         bar.sync 0;
         st.global.u32 [%rd2], 1;",
    );
    let mut data = vec![0; 128];
    run(&kernel, shape(1, 128), &mut data, 0);
    assert_eq!(data.iter().sum::<u32>(), 41);
}

#[test]
fn a_barrier_in_each_branch_counts_all_threads() {
    let kernel = grid_kernel(
        "and.b32 %r6, %r5, 1;
         setp.eq.u32 %p1, %r6, 0;
         @%p1 bra EVEN;
         bar.sync 0;
         st.global.u32 [%rd2], 1;
         bra END;
         EVEN:
         bar.sync 0;
         st.global.u32 [%rd2], 2;
         END:",
    );
    let mut data = vec![0; 64];
    run(&kernel, shape(1, 64), &mut data, 0);
    assert_eq!(data, [2, 1].repeat(32));
}

#[test]
fn producers_arrive_and_consumers_wait_at_a_named_barrier() {
    let kernel = grid_kernel(
        ".shared .align 4 .b8 box[128];
         setp.lt.u32 %p1, %r5, 32;
         mov.u32 %r7, box;
         @%p1 bra PRODUCE;
         bar.sync 3, 64;
         sub.u32 %r6, %r5, 32;
         shl.b32 %r6, %r6, 2;
         add.u32 %r7, %r7, %r6;
         ld.shared.u32 %r8, [%r7];
         st.global.u32 [%rd2], %r8;
         bra END;
         PRODUCE:
         shl.b32 %r6, %r5, 2;
         add.u32 %r7, %r7, %r6;
         add.u32 %r8, %r5, 100;
         st.shared.u32 [%r7], %r8;
         bar.arrive 3, 64;
         END:",
    );
    let mut data = vec![0; 64];
    run(&kernel, shape(1, 64), &mut data, 0);
    let expected: Vec<u32> = (0..64).map(|i| if i < 32 { 0 } else { i + 68 }).collect();
    assert_eq!(data, expected);
}

#[test]
fn a_reducing_barrier_counts_the_threads_whose_predicate_holds() {
    let kernel = grid_kernel(
        "setp.lt.u32 %p1, %r5, 77;
         bar.red.popc.u32 %r6, 0, %p1;
         bar.red.and.pred %p2, 0, %p1;
         bar.red.or.pred %p3, 0, !%p1;
         selp.u32 %r7, 1000, 0, %p2;
         selp.u32 %r8, 10000, 0, %p3;
         add.u32 %r6, %r6, %r7;
         add.u32 %r6, %r6, %r8;
         st.global.u32 [%rd2], %r6;",
    );
    let mut data = vec![0; 96];
    run(&kernel, shape(1, 96), &mut data, 0);
    assert_eq!(data, [10077; 96]);
}

#[test]
fn a_shuffle_waits_for_the_lanes_of_the_other_branch() {
    let kernel = grid_kernel(
        "and.b32 %r6, %r5, 1;
         setp.eq.u32 %p1, %r6, 0;
         mov.u32 %r7, 5;
         @%p1 bra MEET;
         mov.u32 %r7, %r5;
         add.u32 %r7, %r7, 100;
         MEET:
         shfl.sync.bfly.b32 %r8, %r7, 1, 31, -1;
         st.global.u32 [%rd2], %r8;",
    );
    let mut data = vec![0; 32];
    run(&kernel, shape(1, 32), &mut data, 0);
    let expected: Vec<u32> = (0..32).map(|i| if i % 2 == 0 { i + 101 } else { 5 }).collect();
    assert_eq!(data, expected);
}

#[test]
fn groups_of_one_shuffle_may_name_different_members() {
    let kernel = grid_kernel(
        "setp.lt.u32 %p1, %r5, 16;
         selp.b32 %r6, 65535, -65536, %p1;
         @%p1 bra LOW;
         add.u32 %r9, %r9, 1;
         LOW:
         vote.sync.ballot.b32 %r7, %p1, %r6;
         popc.b32 %r8, %r7;
         st.global.u32 [%rd2], %r8;",
    );
    let mut data = vec![9; 32];
    run(&kernel, shape(1, 32), &mut data, 0);
    let expected: Vec<u32> = (0..32).map(|i| if i < 16 { 16 } else { 0 }).collect();
    assert_eq!(data, expected);
}

#[test]
fn a_warp_barrier_joins_lanes_from_different_places() {
    let kernel = grid_kernel(
        ".shared .align 4 .b8 cell[4];
         setp.eq.u32 %p1, %r5, 31;
         @%p1 bra WRITER;
         bar.warp.sync -1;
         ld.shared.u32 %r7, [cell];
         st.global.u32 [%rd2], %r7;
         bra END;
         WRITER:
         st.shared.u32 [cell], 42;
         bar.warp.sync -1;
         END:",
    );
    let mut data = vec![0; 32];
    run(&kernel, shape(1, 32), &mut data, 0);
    assert_eq!(data[..31], [42; 31]);
}

#[test]
fn lanes_of_one_warp_may_wait_for_a_lock_that_another_lane_holds() {
    let kernel = grid_kernel(
        "AGAIN:
         atom.global.cas.b32 %r6, [%rd1], 0, 1;
         setp.ne.u32 %p1, %r6, 0;
         @%p1 bra AGAIN;
         ld.volatile.global.u32 %r7, [%rd1+4];
         add.u32 %r7, %r7, 1;
         st.volatile.global.u32 [%rd1+4], %r7;
         membar.gl;
         atom.global.exch.b32 %r8, [%rd1], 0;",
    );
    let mut data = vec![0; 2];
    run(&kernel, shape(1, 48), &mut data, 0);
    assert_eq!(data, [0, 48]);
}

#[test]
fn atomics_of_blocks_on_several_workers_all_count() {
    let kernel = grid_kernel(
        "red.global.add.u32 [%rd1], 1;
         atom.global.max.u32 %r6, [%rd1+4], %r1;
         atom.global.inc.u32 %r6, [%rd1+8], 9;",
    );
    let data = [0u32; 3];
    let launch =
        Launch::new(Arc::clone(&kernel), shape(200, 64), params(&data, 0), map(&data), LaunchOptions::default());
    let launch = launch.expect("a valid launch");
    let complete = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| launch.run(&mut Worker::new()))).collect();
        let ends = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        ends.filter(|end| *end == Progress::Complete).count()
    });
    assert_eq!(complete, 1, "exactly one worker finishes the launch");
    let place = data.as_ptr();
    // SAFETY: reads an array that the kernel has written behind the compiler's back.
    let values = unsafe { [place.read_volatile(), place.add(1).read_volatile(), place.add(2).read_volatile()] };
    assert_eq!(values, [12800, 12799, 0]);
}

#[test]
fn table_branches_take_each_lane_to_its_own_target() {
    let kernel = grid_kernel(
        "and.b32 %r6, %r5, 3;
         mov.u32 %r7, 0;
         TABLE: .branchtargets A, B, C, D;
         brx.idx %r6, TABLE;
         A: mov.u32 %r7, 10; bra END;
         B: mov.u32 %r7, 11; bra END;
         C: mov.u32 %r7, 12; bra END;
         D: mov.u32 %r7, 13;
         END: st.global.u32 [%rd2], %r7;",
    );
    let mut data = vec![0; 32];
    run(&kernel, shape(1, 32), &mut data, 0);
    assert_eq!(data, [10, 11, 12, 13].repeat(8));
}

#[test]
fn blocks_of_a_cooperative_launch_may_wait_for_each_other() {
    let kernel = grid_kernel(
        "atom.global.add.u32 %r6, [%rd1], 1;
         WAIT: ld.volatile.global.u32 %r7, [%rd1];
         setp.lt.u32 %p1, %r7, %r2;
         @%p1 bra WAIT;
         setp.eq.u32 %p2, %r1, 0;
         @%p2 st.global.u32 [%rd1+4], %r7;",
    );
    let mut data = [0; 2];
    let options =
        LaunchOptions { cooperative: true, timeout: Some(Duration::from_secs(20)), ..LaunchOptions::default() };
    let (fault, _) = try_run(&kernel, shape(16, 64), &mut data, 1024, options);
    assert_eq!(fault, None);
    assert_eq!(data, [1024, 1024]);
}
