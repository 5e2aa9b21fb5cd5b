//! Blocks that form clusters: where they are, each other's shared memory, and how they wait for each other.
//!
//! Kernels have `%rd1` (the data), `%r2` (n), `%r3` (the block's index), `%r5` (the thread's), `%r10` (the block's rank in its
//! cluster), `%r11` (blocks of the cluster) and 256 bytes of shared memory `%sh`, whose address is `%r12`.
//!
//! **Source:** PTX ISA, "Special Registers", `mapa`, `barrier.cluster`, `mbarrier`, `st.async`, `red.async`, `cp.async.bulk`.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use vgpu_soft::exec::{Kernel, Launch, LaunchError, LaunchOptions, Schedule, Shape};

use crate::harness::{REGISTERS, compile_text, map, params, run_by, shape};

/// Long enough for a busy machine, and an end for what hangs.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(60));

/// A kernel, with what stands between its parameters and its body.
pub(crate) fn kernel_with(directives: &str, body: &str) -> Arc<Kernel> {
    compile_text(&format!(
        ".version 8.4\n.target sm_90\n.address_size 64
        .visible .entry k(.param .u64 p, .param .u32 n) {directives}
        {{
        {REGISTERS}
        .shared .align 16 .b8 sh[256];
        ld.param.u64 %rd1, [p]; ld.param.u32 %r2, [n];
        mov.u32 %r3, %ctaid.x; mov.u32 %r5, %tid.x;
        mov.u32 %r10, %cluster_ctarank; mov.u32 %r11, %cluster_nctarank; mov.u32 %r12, sh;
        {body}
        ret;
        }}"
    ))
}

pub(crate) fn kernel(body: &str) -> Arc<Kernel> {
    kernel_with("", body)
}

/// The same in every schedule, by one thread and by several, and as a cooperative grid.
fn check(kernel: &Arc<Kernel>, shape: Shape, cluster: [u32; 3], before: &[u32], n: u32, expected: &[u32]) {
    let schedules = [Schedule::ToBarrier, Schedule::Interleaved { ops: 4 }, Schedule::Interleaved { ops: 1 }];
    for (workers, schedule) in [1, 3].into_iter().flat_map(|workers| schedules.map(|schedule| (workers, schedule))) {
        for cooperative in [false, true] {
            let options = LaunchOptions {
                schedule,
                cooperative,
                cluster: Some(cluster),
                workers: NonZeroU64::new(workers as u64).expect("not 0"),
                timeout: TIMEOUT,
                ..LaunchOptions::default()
            };
            let (words, fault) = run_by(workers, kernel, shape, before.to_vec(), n, options);
            assert_eq!(fault, None, "{workers} workers, {schedule:?}, cooperative: {cooperative}");
            assert_eq!(words, expected, "{workers} workers, {schedule:?}, cooperative: {cooperative}");
        }
    }
}

/// Passes the barrier of the cluster.
const MEET: &str = "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;";

#[test]
fn blocks_know_where_they_are() {
    let names = [
        "cluster_ctaid.x",
        "cluster_ctaid.y",
        "cluster_ctaid.z",
        "cluster_nctaid.x",
        "cluster_nctaid.y",
        "cluster_nctaid.z",
        "clusterid.x",
        "clusterid.y",
        "clusterid.z",
        "nclusterid.x",
        "nclusterid.y",
        "nclusterid.z",
        "cluster_ctarank",
        "cluster_nctarank",
    ];
    let stores: String = (0..).zip(names).fold(String::new(), |text, (at, name)| {
        text + &format!("mov.u32 %r20, %{name}; st.global.u32 [%rd2+{}], %r20;\n", 4 * at)
    });
    let kernel = kernel(&format!(
        "mov.u32 %r6, %ctaid.y; mov.u32 %r7, %ctaid.z; mov.u32 %r8, %nctaid.x; mov.u32 %r9, %nctaid.y;
         mad.lo.u32 %r6, %r7, %r9, %r6; mad.lo.u32 %r6, %r6, %r8, %r3;
         mad.wide.u32 %rd2, %r6, 64, %rd1;
         {stores}
         mov.pred %p1, %is_explicit_cluster; selp.u32 %r20, 1, 0, %p1; st.global.u32 [%rd2+56], %r20;"
    ));
    let (grid, cluster) = ([4, 6, 2], [2, 3, 1]);
    let mut expected = vec![0; 16 * 48];
    for (number, words) in (0u32..).zip(expected.chunks_mut(16)) {
        let block = [number % 4, number / 4 % 6, number / 24];
        let within: [u32; 3] = std::array::from_fn(|axis| block[axis] % cluster[axis]);
        let id: [u32; 3] = std::array::from_fn(|axis| block[axis] / cluster[axis]);
        let count: [u32; 3] = std::array::from_fn(|axis| grid[axis] / cluster[axis]);
        let rank = within[0] + 2 * within[1] + 6 * within[2];
        words[..15].copy_from_slice(&[&within[..], &cluster, &id, &count, &[rank, 6, 1]].concat());
    }
    check(&kernel, Shape { grid, ..shape(1, 32) }, cluster, &[0; 16 * 48], 0, &expected);
}

#[test]
fn a_block_that_nobody_put_into_a_cluster_is_one() {
    let kernel = kernel(
        "mad.wide.u32 %rd2, %r3, 32, %rd1;
         mov.u32 %r20, %clusterid.x; st.global.u32 [%rd2], %r20;
         mov.u32 %r20, %nclusterid.x; st.global.u32 [%rd2+4], %r20;
         st.global.v2.u32 [%rd2+8], {%r10, %r11};
         mov.pred %p1, %is_explicit_cluster; selp.u32 %r20, 1, 0, %p1; st.global.u32 [%rd2+16], %r20;
         st.shared.u32 [sh], %r3; mapa.shared::cluster.u32 %r21, %r12, 0;
         barrier.cluster.arrive.release; barrier.cluster.wait.acquire;
         ld.shared::cluster.u32 %r22, [%r21]; st.global.u32 [%rd2+20], %r22;
         // The own part of the window is shared memory of the block, too.
         ld.shared.u32 %r22, [%r21]; st.global.u32 [%rd2+24], %r22;",
    );
    let expected: Vec<u32> = (0..3).flat_map(|block| [block, 3, 0, 1, 0, block, block, 0]).collect();
    let (words, fault) = run_by(1, &kernel, shape(3, 1), vec![0; 24], 0, LaunchOptions::default());
    assert_eq!((words, fault), (expected, None));
}

#[test]
fn a_block_reaches_the_others_shared_memory() {
    // Each block adds to three cells of the next one's: by window, by generic address, and by an address of 64 bits.
    let kernel = kernel(&format!(
        "st.shared.v4.u32 [sh], {{%r3, %r3, %r3, 0}};
         {MEET}
         add.u32 %r13, %r10, 1; rem.u32 %r13, %r13, %r11;
         mapa.shared::cluster.u32 %r14, %r12, %r13;
         ld.shared::cluster.u32 %r15, [%r14]; add.u32 %r15, %r15, 100; st.shared::cluster.u32 [%r14], %r15;
         cvta.shared.u64 %rd2, sh; mapa.u64 %rd3, %rd2, %r13;
         ld.u32 %r15, [%rd3+4]; add.u32 %r15, %r15, 200; st.u32 [%rd3+4], %r15;
         cvta.to.shared.u64 %rd4, %rd3; cvt.u32.u64 %r16, %rd4;
         atom.shared::cluster.add.u32 %r15, [%r16+8], 300;
         mov.u64 %rd5, sh; mapa.shared::cluster.u64 %rd5, %rd5, %r13; red.shared::cluster.add.u32 [%rd5+12], 7;
         {MEET}
         mad.wide.u32 %rd6, %r3, 32, %rd1;
         ld.shared.v4.u32 {{%r20, %r21, %r22, %r23}}, [sh]; st.global.v4.u32 [%rd6], {{%r20, %r21, %r22, %r23}};
         getctarank.shared::cluster.u32 %r20, %r14; getctarank.u64 %r21, %rd3; getctarank.u64 %r22, %rd2;
         isspacep.shared::cluster %p1, %rd3; selp.u32 %r23, 1, 0, %p1;
         isspacep.shared::cta %p1, %rd3; @%p1 add.u32 %r23, %r23, 2;
         isspacep.global %p1, %rd3; @%p1 add.u32 %r23, %r23, 4;
         cvta.shared::cluster.u64 %rd7, %rd4; setp.eq.u64 %p1, %rd7, %rd3; @%p1 add.u32 %r23, %r23, 8;
         st.global.v4.u32 [%rd6+16], {{%r20, %r21, %r22, %r23}};"
    ));
    for size in [1, 2, 8, 16] {
        let expected: Vec<u32> = (0..32)
            .flat_map(|block| {
                let rank = block % size;
                let next = (rank + 1) % size;
                // With one block, the next one is the block itself.
                let place = if size == 1 { 1 + 2 + 8 } else { 1 + 8 };
                [block + 100, block + 200, block + 300, 7, next, next, rank, place]
            })
            .collect();
        check(&kernel, shape(32, 1), [size, 1, 1], &[0; 256], 0, &expected);
    }
}

#[test]
fn all_threads_of_a_cluster_add_to_one_cell() {
    let kernel = kernel(&format!(
        "mapa.shared::cluster.u32 %r14, %r12, 0;
         setp.eq.u32 %p1, %r5, 0; @%p1 st.shared.u32 [sh], 0;
         {MEET}
         add.u32 %r15, %r5, 1;
         red.relaxed.cluster.shared::cluster.add.u32 [%r14], %r15;
         {MEET}
         @!%p1 bra END;
         ld.shared::cluster.u32 %r16, [%r14]; mad.wide.u32 %rd2, %r3, 4, %rd1; st.global.u32 [%rd2], %r16;
         END: {MEET}"
    ));
    check(&kernel, shape(12, 96), [3, 1, 1], &[0; 12], 0, &[3 * 96 * 97 / 2; 12]);
    check(&kernel, shape(12, 96), [4, 1, 1], &[0; 12], 0, &[4 * 96 * 97 / 2; 12]);
}

#[test]
fn the_barrier_orders_round_after_round() {
    // In each round a block takes what the next one had in the round before, and adds one. Two cells take turns, and waiting is
    // apart from arriving.
    let kernel = kernel(
        "mul.lo.u32 %r6, %r10, 10; setp.ne.u32 %p3, %r5, 0;
         @!%p3 st.shared.u32 [sh], %r6;
         add.u32 %r13, %r10, 1; rem.u32 %r13, %r13, %r11; mapa.shared::cluster.u32 %r14, %r12, %r13;
         mov.u32 %r7, 0; mov.u32 %r8, 0;
         ROUND:
         barrier.cluster.arrive.release.aligned;
         add.u32 %r7, %r7, 1;
         barrier.cluster.wait.acquire.aligned;
         @%p3 bra STAND;
         shl.b32 %r9, %r8, 2; add.u32 %r15, %r14, %r9; ld.shared::cluster.u32 %r16, [%r15];
         add.u32 %r16, %r16, 1; xor.b32 %r9, %r9, 4; add.u32 %r15, %r12, %r9; st.shared.u32 [%r15], %r16;
         STAND:
         xor.b32 %r8, %r8, 1;
         setp.lt.u32 %p1, %r7, %r2; @%p1 bra ROUND;
         @%p3 bra END;
         mad.wide.u32 %rd2, %r3, 4, %rd1; st.global.u32 [%rd2], %r16;
         END:
         barrier.cluster.arrive.relaxed; barrier.cluster.wait;",
    );
    // After n rounds it is what the block n further on began with.
    let expected: Vec<u32> = (0..10).map(|block| (block % 5 + 7) % 5 * 10 + 7).collect();
    check(&kernel, shape(10, 64), [5, 1, 1], &[0; 10], 7, &expected);
}

#[test]
fn nobody_waits_for_threads_that_have_ended() {
    // Of the last block all threads end, of the others but the first warp.
    let kernel = kernel(
        "sub.u32 %r6, %r11, 1; setp.eq.u32 %p1, %r10, %r6; @%p1 exit;
         setp.ge.u32 %p1, %r5, 32; @%p1 exit;
         barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
         setp.ne.u32 %p1, %r5, 0; @%p1 exit;
         mad.wide.u32 %rd2, %r3, 4, %rd1; st.global.u32 [%rd2], 5;",
    );
    check(&kernel, shape(8, 96), [4, 1, 1], &[0; 8], 0, &[5, 5, 5, 0, 5, 5, 5, 0]);
}

#[test]
fn a_thread_that_arrives_and_ends_stands_for_nobody_else() {
    // The first warp of the first block arrives and ends. The other one arrives late, which the second block must wait for.
    let kernel = kernel(
        "setp.eq.u32 %p1, %r10, 1; @%p1 bra WAIT;
         setp.lt.u32 %p1, %r5, 32; @%p1 bra ARRIVE;
         mov.u32 %r6, 0;
         SLOW: add.u32 %r6, %r6, 1; setp.lt.u32 %p2, %r6, 100000; @%p2 bra SLOW;
         st.global.u32 [%rd1], 9;
         ARRIVE: barrier.cluster.arrive; bra END;
         WAIT: barrier.cluster.arrive; barrier.cluster.wait;
         ld.global.u32 %r7, [%rd1]; st.global.u32 [%rd1+4], %r7;
         END:",
    );
    check(&kernel, shape(2, 64), [2, 1, 1], &[0; 2], 0, &[9, 9]);
}

#[test]
fn lanes_of_a_warp_may_arrive_apart() {
    let kernel = kernel(
        "and.b32 %r6, %r5, 1; setp.eq.u32 %p1, %r6, 0; @%p1 bra EVEN;
         red.shared.add.u32 [sh], 1; barrier.cluster.arrive; bra JOIN;
         EVEN: red.shared.add.u32 [sh+4], 1; barrier.cluster.arrive;
         JOIN: barrier.cluster.wait;
         xor.b32 %r7, %r10, 1; mapa.shared::cluster.u32 %r8, %r12, %r7;
         ld.shared::cluster.v2.u32 {%r20, %r21}, [%r8];
         mad.wide.u32 %rd2, %r3, 8, %rd1; setp.eq.u32 %p2, %r5, 0;
         @%p2 st.global.v2.u32 [%rd2], {%r20, %r21};
         barrier.cluster.arrive; barrier.cluster.wait;",
    );
    check(&kernel, shape(2, 64), [2, 1, 1], &[0; 4], 0, &[32; 4]);
}

#[test]
fn a_barrier_in_shared_memory_hears_of_other_blocks() {
    // All blocks but the first store into the first one's memory and arrive at its barrier, by rank in different ways.
    let kernel = kernel(&format!(
        "setp.ne.u32 %p1, %r10, 0; @%p1 bra READY;
         sub.u32 %r6, %r11, 1; mbarrier.init.shared::cta.b64 [sh+128], %r6; fence.mbarrier_init.release.cluster;
         READY: {MEET}
         @!%p1 bra FIRST;
         mapa.shared::cluster.u32 %r13, %r12, 0; shl.b32 %r7, %r10, 2; add.u32 %r14, %r13, %r7;
         add.u32 %r8, %r10, 40; st.shared::cluster.u32 [%r14], %r8;
         mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r13+128];
         bra END;
         FIRST: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [sh+128], 0; @!%p2 bra FIRST;
         ld.shared.v2.u32 {{%r20, %r21}}, [sh+8]; ld.shared.u32 %r22, [sh+4];
         mad.wide.u32 %rd2, %r3, 4, %rd1; st.global.v4.u32 [%rd2], {{%r22, %r20, %r21, 0}};
         END: {MEET}"
    ));
    check(&kernel, shape(8, 1), [4, 1, 1], &[0; 8], 0, &[41, 42, 43, 0, 41, 42, 43, 0]);
}

#[test]
fn asynchronous_stores_and_reductions_go_to_other_blocks() {
    let kernel = kernel(&format!(
        "st.shared.v4.u32 [sh], {{0, 0, 0, 0}}; st.shared.v4.u32 [sh+16], {{7, 0, 0, 0}};
         mbarrier.init.shared.b64 [sh+128], 1; mbarrier.arrive.expect_tx.shared.b64 %rd3, [sh+128], 28;
         {MEET}
         xor.b32 %r13, %r10, 1; mapa.shared::cluster.u32 %r14, %r12, %r13; add.u32 %r15, %r14, 128;
         add.u32 %r6, %r3, 1; add.u32 %r7, %r3, 2; add.u32 %r8, %r3, 3;
         st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.u32 [%r14], {{%r6, %r7, %r8, %r6}}, [%r15];
         st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r14+20], %r7, [%r15];
         red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.max.s32 [%r14+16], -5, [%r15];
         red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%r14+24], %r8, [%r15];
         WAIT: mbarrier.test_wait.shared.b64 %p1, [sh+128], %rd3; @!%p1 bra WAIT;
         ld.shared.v4.u32 {{%r20, %r21, %r22, %r23}}, [sh]; mad.wide.u32 %rd2, %r3, 32, %rd1;
         st.global.v4.u32 [%rd2], {{%r20, %r21, %r22, %r23}};
         ld.shared.v4.u32 {{%r20, %r21, %r22, %r23}}, [sh+16]; st.global.v4.u32 [%rd2+16], {{%r20, %r21, %r22, %r23}};
         {MEET}"
    ));
    let row = |other: u32| [other + 1, other + 2, other + 3, other + 1, 7, other + 2, other + 3, 0];
    let expected: Vec<u32> = (0..4).flat_map(|block| row(block ^ 1)).collect();
    check(&kernel, shape(4, 1), [2, 1, 1], &[0; 32], 0, &expected);
}

#[test]
fn bulk_copies_and_reductions_go_to_other_blocks() {
    // 32 bytes of the own block replace 32 of the next one's, and 16 are added to 16.
    let kernel = kernel(&format!(
        "mad.lo.u32 %r6, %r5, 4, %r12; mad.lo.u32 %r7, %r3, 100, %r5; st.shared.u32 [%r6], %r7;
         setp.ne.u32 %p1, %r5, 0;
         @!%p1 mbarrier.init.shared.b64 [sh+128], 1;
         @!%p1 mbarrier.arrive.expect_tx.shared.b64 %rd3, [sh+128], 48;
         {MEET}
         @%p1 bra STAND;
         add.u32 %r13, %r10, 1; rem.u32 %r13, %r13, %r11; mapa.shared::cluster.u32 %r14, %r12, %r13;
         add.u32 %r15, %r14, 64; add.u32 %r16, %r14, 128; add.u32 %r17, %r14, 96;
         cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r15], [%r12], 32, [%r16];
         cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u32
             [%r17], [%r12], 16, [%r16];
         WAIT: mbarrier.try_wait.shared.b64 %p2, [sh+128], %rd3; @!%p2 bra WAIT;
         STAND: {MEET}
         ld.shared.u32 %r8, [%r6]; mad.wide.u32 %rd2, %r3, 128, %rd1; mad.wide.u32 %rd2, %r5, 4, %rd2;
         st.global.u32 [%rd2], %r8;"
    ));
    let expected: Vec<u32> = (0..6)
        .flat_map(|block: u32| {
            let before = block / 3 * 3 + (block % 3 + 2) % 3;
            (0..32).map(move |word| match word {
                16..24 => 100 * before + word - 16,
                24..28 => 100 * block + word + 100 * before + word - 24,
                _ => 100 * block + word,
            })
        })
        .collect();
    check(&kernel, shape(6, 32), [3, 1, 1], &[0; 192], 0, &expected);
}

#[test]
fn a_copy_goes_to_all_blocks_of_a_mask() {
    let kernel = kernel(&format!(
        "setp.ne.u32 %p1, %r10, 1;
         st.shared.v4.u32 [sh+32], {{0, 0, 0, 0}}; mbarrier.init.shared.b64 [sh+128], 1;
         mbarrier.arrive.expect_tx.shared.b64 %rd3, [sh+128], 16;
         {MEET}
         // The second block copies for the first, the third and the last: to 32, by the bits 0, 2 and 3.
         mov.u16 %h1, 13; add.u32 %r6, %r12, 32; add.u32 %r7, %r12, 128;
         @!%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
             [%r6], [%rd1], 16, [%r7], %h1;
         setp.eq.u32 %p2, %r10, 1; @%p2 bra END;
         WAIT: mbarrier.try_wait.shared.b64 %p3, [sh+128], %rd3; @!%p3 bra WAIT;
         END: {MEET}
         ld.shared.v4.u32 {{%r20, %r21, %r22, %r23}}, [sh+32]; mad.wide.u32 %rd2, %r3, 16, %rd1;
         st.global.v4.u32 [%rd2+16], {{%r20, %r21, %r22, %r23}};"
    ));
    let mut before = vec![0; 20];
    before[..4].copy_from_slice(&[5, 6, 7, 8]);
    let mut expected = before.clone();
    [0, 2, 3].iter().for_each(|block| expected[4 + 4 * block..8 + 4 * block].copy_from_slice(&[5, 6, 7, 8]));
    check(&kernel, shape(4, 1), [4, 1, 1], &before, 0, &expected);
}

#[test]
fn clusters_wait_for_earlier_ones() {
    // Each cluster adds its number to what the one before it has left.
    let kernel = kernel(&format!(
        "mov.u32 %r6, %clusterid.x; mad.wide.u32 %rd2, %r6, 4, %rd1;
         setp.ne.u32 %p1, %r10, 1; @%p1 bra STAND;
         setp.eq.u32 %p2, %r6, 0; mov.u32 %r7, 1; @%p2 bra PASS;
         WAIT: ld.volatile.global.u32 %r7, [%rd2+-4]; setp.eq.u32 %p3, %r7, 0; @%p3 bra WAIT;
         PASS: add.u32 %r7, %r7, %r6; st.volatile.global.u32 [%rd2], %r7;
         STAND: {MEET}"
    ));
    let expected: Vec<u32> = (0..60).map(|cluster| 1 + cluster * (cluster + 1) / 2).collect();
    let options =
        LaunchOptions { cluster: Some([2, 1, 1]), timeout: TIMEOUT, resident_blocks: 8, ..Default::default() };
    for workers in [1, 3] {
        let (words, fault) = run_by(workers, &kernel, shape(120, 32), vec![0; 60], 0, options.clone());
        assert_eq!((words, fault), (expected.clone(), None), "{workers} workers");
    }
}

#[test]
fn a_kernel_says_how_large_its_clusters_are() {
    let kernel = kernel_with(
        ".explicitcluster .reqnctapercluster 2, 1, 1",
        "mad.wide.u32 %rd2, %r3, 8, %rd1; st.global.v2.u32 [%rd2], {%r10, %r11};",
    );
    let (words, fault) = run_by(1, &kernel, shape(4, 1), vec![0; 8], 0, LaunchOptions::default());
    assert_eq!((words, fault), (vec![0, 2, 1, 2, 0, 2, 1, 2], None));
    let kernel = kernel_with(
        ".reqntid 1 .reqnctapercluster 2, 1, 1 .blocksareclusters",
        "mad.wide.u32 %rd2, %r3, 8, %rd1; mov.u32 %r6, %nctaid.x; st.global.v2.u32 [%rd2], {%r10, %r6};",
    );
    let (words, fault) = run_by(1, &kernel, shape(2, 1), vec![0; 8], 0, LaunchOptions::default());
    assert_eq!((words, fault), (vec![0, 4, 1, 4, 0, 4, 1, 4], None), "a grid of two clusters");
}

fn is_refused(kernel: &Arc<Kernel>, shape: Shape, cluster: Option<[u32; 3]>) -> bool {
    let data = [0; 8];
    let options = LaunchOptions { cluster, ..LaunchOptions::default() };
    let launch = Launch::new(Arc::clone(kernel), shape, params(&data, 0), map(&data), options);
    matches!(launch, Err(LaunchError::InvalidCluster(_)))
}

#[test]
fn clusters_that_cannot_be_are_refused() {
    let plain = kernel("");
    for cluster in [[0, 1, 1], [2, 0, 1], [3, 1, 1], [1, 2, 1], [17, 1, 1], [32, 1, 1], [u32::MAX, u32::MAX, u32::MAX]]
    {
        assert!(is_refused(&plain, shape(32 * 17, 1), Some(cluster)), "{cluster:?}");
    }
    assert!(!is_refused(&plain, shape(32 * 17, 1), Some([16, 1, 1])));
    let required = kernel_with(".reqnctapercluster 2, 1, 1", "");
    assert!(is_refused(&required, shape(8, 1), Some([4, 1, 1])) && is_refused(&required, shape(3, 1), None));
    assert!(!is_refused(&required, shape(8, 1), Some([2, 1, 1])));
    let limited = kernel_with(".maxclusterrank 4", "");
    assert!(is_refused(&limited, shape(8, 1), Some([8, 1, 1])) && !is_refused(&limited, shape(8, 1), Some([4, 1, 1])));
    let explicit = kernel_with(".explicitcluster", "");
    assert!(is_refused(&explicit, shape(8, 1), None) && !is_refused(&explicit, shape(8, 1), Some([1, 1, 1])));
}

#[test]
fn a_cluster_may_not_take_all_memory() {
    // More than 2 MiB of registers for each of the 512 warps, all of which would be there at a time.
    let each = |text: &dyn Fn(u32) -> String| (0..8200).map(text).collect::<String>();
    let kernel = kernel(&format!(
        ".reg .b64 %w<8200>; {} {} st.global.u64 [%rd1], %w0;",
        each(&|k| format!("ld.global.u64 %w{k}, [%rd1];\n")),
        each(&|k| format!("add.u64 %w0, %w0, %w{k};\n"))
    ));
    assert!(is_refused(&kernel, shape(16, 1024), Some([16, 1, 1])));
    assert!(!is_refused(&kernel, shape(16, 1024), Some([1, 1, 1])));
}
