//! What goes wrong in clusters: wild ranks and addresses, blocks that have ended, barriers that cannot be complete.

use std::time::Duration;

use vgpu_soft::exec::{Fault, FaultKind, LaunchOptions, Schedule};

use crate::clusters::kernel;
use crate::harness::{run_by, shape};

const MEET: &str = "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;";

/// The fault of a body that two blocks of 64 threads run, the same in both schedules.
fn fault(body: &str) -> Fault {
    let [first, second] = [Schedule::ToBarrier, Schedule::Interleaved { ops: 4 }].map(|schedule| {
        let timeout = Some(Duration::from_millis(500));
        let options = LaunchOptions { schedule, timeout, cluster: Some([2, 1, 1]), ..LaunchOptions::default() };
        run_by(1, &kernel(body), shape(2, 64), vec![0; 8], 0, options).1.unwrap_or_else(|| panic!("no fault: {body}"))
    });
    assert_eq!(first.kind, second.kind, "{first:?}, {second:?}");
    first
}

#[track_caller]
fn check(body: &str, kind: FaultKind, text: &str) {
    let Fault { kind: found, detail } = fault(body);
    assert!(found == kind && detail.contains(text), "{found:?}: {detail}");
}

#[test]
fn a_rank_that_there_is_not_leads_nowhere() {
    for rank in ["2", "15", "16", "255", "-1"] {
        let access = format!("mapa.shared::cluster.u32 %r13, %r12, {rank}; st.shared::cluster.u32 [%r13], 1; {MEET}");
        check(&access, FaultKind::IllegalAddress, "of a cluster of 2");
        let generic = format!("cvta.shared.u64 %rd2, sh; mapa.u64 %rd2, %rd2, {rank}; st.u32 [%rd2], 1; {MEET}");
        check(&generic, FaultKind::IllegalAddress, "in no allocation");
    }
    // Asking is not touching.
    let asked = kernel("mapa.shared::cluster.u32 %r13, %r12, 77; cvta.shared.u64 %rd2, sh; mapa.u64 %rd2, %rd2, 77;");
    let options = LaunchOptions { cluster: Some([2, 1, 1]), ..LaunchOptions::default() };
    assert_eq!(run_by(1, &asked, shape(2, 64), vec![0; 8], 0, options).1, None);
}

#[test]
fn an_address_beyond_a_blocks_memory_is_not_the_next_ones() {
    for offset in [256, 0x8000, 0x00ff_fffc] {
        let window = format!(
            "mapa.shared::cluster.u32 %r13, %r12, 0; add.u32 %r13, %r13, {offset}; ld.shared::cluster.u32 %r6, [%r13]; {MEET}"
        );
        check(
            &window,
            FaultKind::IllegalAddress,
            "of the shared memory of block 0 of the cluster, which has 256 bytes",
        );
    }
    let passes = format!(
        "mapa.shared::cluster.u32 %r13, %r12, 0; ld.shared::cluster.v4.u32 {{%r6, %r7, %r8, %r9}}, [%r13+248]; {MEET}"
    );
    check(&passes, FaultKind::MisalignedAddress, "16 bytes");
    let bulk = format!(
        "mapa.shared::cluster.u32 %r13, %r12, 0; add.u32 %r13, %r13, 240;
        mapa.shared::cluster.u32 %r14, %r12, 0;
        cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r13], [%r12], 32, [%r14]; {MEET}"
    );
    check(&bulk, FaultKind::IllegalAddress, "passes the end");
}

#[test]
fn memory_of_the_window_is_not_that_of_the_block_itself() {
    // Without `::cluster` an access is to the own block's memory.
    check(
        &format!("xor.b32 %r6, %r10, 1; mapa.shared::cluster.u32 %r13, %r12, %r6; ld.shared.u32 %r7, [%r13]; {MEET}"),
        FaultKind::IllegalAddress,
        "of shared memory, which has 256 bytes",
    );
}

#[test]
fn the_memory_of_a_block_that_has_ended_is_gone() {
    // The second block has been there before, so that its memory is known to the first one.
    let ended = |access: &str| {
        format!(
            "mapa.shared::cluster.u32 %r13, %r12, 1; cvta.shared.u64 %rd2, sh; mapa.u64 %rd2, %rd2, 1; ld.u32 %r6, [%rd2];
            {MEET}
            setp.eq.u32 %p1, %r10, 1; @%p1 exit;
            {MEET}
            WAIT: {access}; bra WAIT;"
        )
    };
    check(
        &ended("ld.shared::cluster.u32 %r6, [%r13]"),
        FaultKind::IllegalAddress,
        "block 1 of the cluster, which has exited",
    );
    check(&ended("atom.shared::cluster.add.u32 %r6, [%r13], 1"), FaultKind::IllegalAddress, "which has exited");
    check(&ended("ld.u32 %r6, [%rd2]"), FaultKind::IllegalAddress, "in no allocation");
    let multicast = ended(
        "mov.u16 %h1, 3;
        cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
            [%r12], [%rd1], 16, [%r12], %h1",
    );
    check(&multicast, FaultKind::IllegalAddress, "which has exited");
}

#[test]
fn a_cluster_that_waits_for_itself_ends() {
    // The first warp of each block waits for the other block, the second one for the first warp.
    check(
        "setp.lt.u32 %p1, %r5, 32; @%p1 bra FIRST; bar.sync 1, 64; bra END;
        FIRST: barrier.cluster.arrive; barrier.cluster.wait; bar.sync 1, 64; END:",
        FaultKind::Timeout,
        "a barrier that can never be complete",
    );
    check(
        "setp.eq.u32 %p1, %r10, 1; LOOP: @%p1 bra LOOP; barrier.cluster.arrive; barrier.cluster.wait;",
        FaultKind::Timeout,
        "ran for longer",
    );
}
