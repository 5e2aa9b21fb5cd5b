//! The engine through its public interface: divergence, barriers, memory, faults, schedules, workers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vgpu_soft::exec::print::Sink;
use vgpu_soft::exec::{
    CompileOptions, Counters, Fault, FaultKind, Kernel, Launch, LaunchError, LaunchOptions, Progress, Schedule, Shape,
    Worker,
};
use vgpu_soft::memory::MemoryMap;
use vgpu_soft::ptx;

const HEAD: &str = ".version 7.8\n.target sm_75\n.address_size 64\n";

/// Compiles the only kernel of a module.
fn compile(body: &str) -> Arc<Kernel> {
    let text = format!("{HEAD}{body}");
    let module = ptx::parse_module(&text).expect("the test's PTX is well-formed");
    let no_symbols = |_: &str| None;
    let kernel = Kernel::compile(&module, &module.kernels[0], &no_symbols, &CompileOptions::default());
    Arc::new(kernel.expect("the test's kernel compiles"))
}

/// A kernel whose parameters are `(.param .u64 p, .param .u32 n)`.
fn kernel(registers: &str, body: &str) -> Arc<Kernel> {
    compile(&format!(".visible .entry k(.param .u64 p, .param .u32 n)\n{{\n{registers}\n{body}\nret;\n}}\n"))
}

fn params(data: &[u32], n: u32) -> Box<[u8]> {
    let mut bytes = (data.as_ptr().addr() as u64).to_le_bytes().to_vec();
    bytes.extend(n.to_le_bytes());
    bytes.into()
}

fn map(data: &[u32]) -> Arc<MemoryMap> {
    let start = data.as_ptr().addr() as u64;
    Arc::new(MemoryMap::new(std::iter::once(start..start + size_of_val(data) as u64).collect()))
}

fn shape(grid: u32, block: u32) -> Shape {
    Shape { grid: [grid, 1, 1], block: [block, 1, 1], dynamic_shared_bytes: 0 }
}

/// Runs a launch of `k(data, n)` on one worker.
fn try_run(
    kernel: &Arc<Kernel>,
    shape: Shape,
    data: &mut [u32],
    n: u32,
    options: LaunchOptions,
) -> (Option<Fault>, Counters) {
    let launch = Launch::new(Arc::clone(kernel), shape, params(data, n), map(data), options).expect("a valid launch");
    let progress = launch.run(&mut Worker::new());
    assert_eq!(progress, Progress::Complete);
    (launch.fault(), launch.counters())
}

fn run(kernel: &Arc<Kernel>, shape: Shape, data: &mut [u32], n: u32) {
    for schedule in [Schedule::ToBarrier, Schedule::Interleaved { ops: 4 }, Schedule::Interleaved { ops: 1 }] {
        let before = data.to_vec();
        let options = LaunchOptions { schedule, timeout: Some(Duration::from_secs(60)), ..LaunchOptions::default() };
        let (fault, _) = try_run(kernel, shape, data, n, options);
        assert_eq!(fault, None, "{schedule:?}");
        if schedule != (Schedule::Interleaved { ops: 1 }) {
            data.copy_from_slice(&before);
        }
    }
}

fn fault(kernel: &Arc<Kernel>, shape: Shape, data: &mut [u32], n: u32) -> Fault {
    let options = LaunchOptions { timeout: Some(Duration::from_millis(200)), ..LaunchOptions::default() };
    try_run(kernel, shape, data, n, options).0.expect("the launch fails")
}

/// `%r1` is the thread's index in the grid, `%rd1` the data, `%rd2` the thread's element, `%r2` n.
const START: &str = "
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r2, [n];
    mov.u32 %r3, %ctaid.x;
    mov.u32 %r4, %ntid.x;
    mov.u32 %r5, %tid.x;
    mad.lo.u32 %r1, %r3, %r4, %r5;
    cvta.to.global.u64 %rd1, %rd1;
    mul.wide.u32 %rd2, %r1, 4;
    add.u64 %rd2, %rd1, %rd2;
";
const REGISTERS: &str = ".reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<32>; .reg .f32 %f<8>; .reg .b64 %rd<16>;";

fn grid_kernel(body: &str) -> Arc<Kernel> {
    kernel(REGISTERS, &format!("{START}{body}"))
}

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
fn a_store_beyond_an_allocation_is_a_fault_with_its_place() {
    let kernel = grid_kernel("st.global.u32 [%rd2], 1;");
    let fault = fault(&kernel, shape(1, 32), &mut [0; 20], 0);
    assert_eq!(fault.kind, FaultKind::IllegalAddress);
    assert!(fault.detail.contains("kernel k, line 17, st.global.u32"), "{}", fault.detail);
    assert!(fault.detail.contains("thread (20, 0, 0)"), "{}", fault.detail);
}

#[test]
fn a_misaligned_access_is_a_fault() {
    let kernel = grid_kernel("ld.global.u64 %rd5, [%rd1+4]; st.global.u32 [%rd1], 1;");
    let mut data = vec![0u64; 4];
    // SAFETY: the same memory, as smaller integers.
    let data = unsafe { std::slice::from_raw_parts_mut(data.as_mut_ptr().cast::<u32>(), 8) };
    assert_eq!(fault(&kernel, shape(1, 1), data, 0).kind, FaultKind::MisalignedAddress);
}

#[test]
fn a_shared_access_beyond_the_block_s_memory_is_a_fault() {
    let kernel = grid_kernel(
        ".shared .align 4 .b8 tile[256];
         shl.b32 %r6, %r5, 4;
         mov.u32 %r7, tile;
         add.u32 %r7, %r7, %r6;
         st.shared.u32 [%r7], %r5;",
    );
    let fault = fault(&kernel, shape(1, 32), &mut [0; 4], 0);
    assert_eq!(fault.kind, FaultKind::IllegalAddress);
    assert!(fault.detail.contains("shared memory"), "{}", fault.detail);
}

#[test]
fn a_trap_is_a_fault() {
    let kernel = grid_kernel("setp.eq.u32 %p1, %r1, 5; @%p1 trap;");
    let fault = fault(&kernel, shape(1, 32), &mut [0; 4], 0);
    assert_eq!(fault.kind, FaultKind::Trap);
    assert!(fault.detail.contains("thread (5, 0, 0)"), "{}", fault.detail);
}

#[test]
fn an_endless_loop_ends_at_its_time() {
    let kernel = grid_kernel("HERE: bra HERE;");
    assert_eq!(fault(&kernel, shape(4, 64), &mut [0; 4], 0).kind, FaultKind::Timeout);
}

#[test]
fn a_barrier_that_can_never_be_complete_ends_the_launch() {
    let kernel = grid_kernel("bar.sync 1, 96;");
    assert_eq!(fault(&kernel, shape(1, 64), &mut [0; 4], 0).kind, FaultKind::Timeout);
}

#[test]
fn blocks_after_a_fault_are_skipped() {
    let kernel = grid_kernel("setp.eq.u32 %p1, %r3, 2; @%p1 trap; red.global.add.u32 [%rd1], 1;");
    let mut data = [0; 1];
    let found = fault(&kernel, shape(1000, 1), &mut data, 0);
    assert!(found.detail.contains("block (2, 0, 0)"), "{}", found.detail);
    assert_eq!(data, [2]);
}

#[test]
fn local_memory_is_each_thread_s_own_even_through_generic_addresses() {
    let kernel = grid_kernel(
        ".local .align 8 .b8 frame[16];
         mov.u64 %rd3, frame;
         cvta.local.u64 %rd4, %rd3;
         st.u32 [%rd4+8], %r1;
         st.local.u32 [frame+12], %r5;
         ld.local.u32 %r6, [%rd3+8];
         ld.u32 %r7, [%rd4+12];
         add.u32 %r6, %r6, %r7;
         st.global.u32 [%rd2], %r6;",
    );
    let mut data = vec![0; 96];
    run(&kernel, shape(2, 48), &mut data, 0);
    let expected: Vec<u32> = (0..96).map(|i| i + i % 48).collect();
    assert_eq!(data, expected);
}

#[test]
fn dynamic_shared_memory_begins_after_the_static_part() {
    let text = format!(
        ".extern .shared .align 16 .b8 dyn[];
        .visible .entry k(.param .u64 p, .param .u32 n)
        {{ {REGISTERS}
        .shared .align 4 .b8 fixed[20];
        {START}
        mov.u32 %r6, dyn;
        mov.u32 %r7, %dynamic_smem_size;
        add.u32 %r6, %r6, %r7;
        st.shared.u32 [dyn+60], %r6;
        ld.shared.u32 %r8, [dyn+60];
        st.global.u32 [%rd2], %r8;
        ret; }}"
    );
    let kernel = compile(&text);
    assert_eq!(kernel.static_shared_bytes(), 32);
    let mut data = vec![0; 1];
    run(&kernel, Shape { dynamic_shared_bytes: 64, ..shape(1, 1) }, &mut data, 0);
    assert_eq!(data, [96]);
}

#[test]
fn values_of_all_widths_travel_through_memory() {
    let kernel = grid_kernel(
        "ld.global.s8 %r6, [%rd1];
         ld.global.u8 %h1, [%rd1];
         cvt.u32.u16 %r7, %h1;
         ld.global.s16 %r8, [%rd1];
         ld.global.s32 %rd5, [%rd1+4];
         shr.s64 %rd6, %rd5, 32;
         cvt.u32.u64 %r9, %rd6;
         ld.global.v2.u32 {%r10, %r11}, [%rd1+8];
         ld.global.v4.u8 {%h2, %h3, %h4, %h5}, [%rd1+16];
         cvt.u32.u16 %r12, %h4;
         st.global.v4.u32 [%rd1+32], {%r6, %r7, %r8, %r9};
         st.global.v2.u32 [%rd1+48], {%r11, %r12};
         st.global.u8 [%rd1+56], %r10;",
    );
    #[repr(align(16))]
    struct Aligned([u32; 16]);
    let mut data = Aligned([0; 16]);
    data.0[..5].copy_from_slice(&[0xfffe_ff80, 0x8000_0000, 0x1234_5678, 11, 0x0403_0201]);
    run(&kernel, shape(1, 1), &mut data.0, 0);
    assert_eq!(data.0[8..15], [0xffff_ff80, 0x80, 0xffff_ff80, 0xffff_ffff, 11, 3, 0x78]);
}

#[test]
fn asynchronous_copies_fill_what_they_do_not_read_with_zeroes() {
    let kernel = grid_kernel(
        ".shared .align 16 .b8 tile[16];
         mov.u32 %r6, tile;
         mov.u32 %r7, 8;
         cp.async.cg.shared.global [%r6], [%rd1], 16, %r7;
         cp.async.commit_group;
         cp.async.wait_group 0;
         ld.shared.v4.u32 {%r8, %r9, %r10, %r11}, [tile];
         add.u32 %r8, %r8, %r9;
         add.u32 %r10, %r10, %r11;
         st.global.u32 [%rd1], %r8;
         st.global.u32 [%rd1+4], %r10;",
    );
    #[repr(align(16))]
    struct Aligned([u32; 4]);
    let mut data = Aligned([1, 2, 4, 8]);
    run(&kernel, shape(1, 1), &mut data.0, 0);
    assert_eq!(data.0, [3, 0, 4, 8]);
}

#[test]
fn matrix_rows_are_spread_over_the_warp() {
    // Lane l writes its pair of 16-bit elements to word l of a tile; a transposed load must give the transpose.
    let kernel = grid_kernel(
        ".shared .align 16 .b8 tile[128];
         shl.b32 %r6, %r5, 1;
         add.u32 %r7, %r6, 1;
         shl.b32 %r7, %r7, 16;
         or.b32 %r6, %r6, %r7;
         shl.b32 %r8, %r5, 2;
         mov.u32 %r9, tile;
         add.u32 %r8, %r9, %r8;
         st.shared.u32 [%r8], %r6;
         bar.warp.sync -1;
         and.b32 %r10, %r5, 7;
         shl.b32 %r10, %r10, 4;
         add.u32 %r10, %r9, %r10;
         ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r11}, [%r10];
         st.global.u32 [%rd2], %r11;",
    );
    let mut data = vec![0; 32];
    run(&kernel, shape(1, 32), &mut data, 0);
    let element = |row: u32, column: u32| 8 * row + column;
    let expected: Vec<u32> =
        (0..32).map(|l| (l / 4, 2 * (l % 4))).map(|(c, r)| element(r, c) | element(r + 1, c) << 16).collect();
    assert_eq!(data, expected);
}

#[test]
fn each_instruction_flushes_denormals_or_keeps_them_as_it_says() {
    let kernel = grid_kernel(
        "ld.global.f32 %f1, [%rd2];
         add.ftz.f32 %f2, %f1, 0f00000000;
         add.f32 %f3, %f1, 0f00000000;
         add.ftz.f32 %f4, %f1, 0f00000000;
         st.global.f32 [%rd1], %f2;
         st.global.f32 [%rd1+4], %f3;
         st.global.f32 [%rd1+8], %f4;",
    );
    let mut data = vec![1, 0, 5];
    run(&kernel, shape(1, 1), &mut data, 0);
    assert_eq!(data, [0, 1, 0]);
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

#[derive(Default)]
struct Recorded(Mutex<Vec<u8>>);

impl Sink for Recorded {
    fn print(&self, text: &[u8]) {
        self.0.lock().expect("no panic").extend_from_slice(text);
    }

    fn print_assertion(&self, text: &[u8]) {
        self.print(text);
    }
}

/// `k(p)` with p: the format, then the assertion's texts; prints with three arguments.
const PRINTING: &str = "
    .extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);
    .extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);
    .visible .entry k(.param .u64 p, .param .u32 n) {
    .reg .b64 %rd<9>; .reg .b32 %r<9>; .reg .pred %p<2>;
    .local .align 8 .b8 args[24];
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r2, [n];
    mov.u64 %rd3, args;
    cvta.local.u64 %rd2, %rd3;
    mov.u32 %r1, %tid.x;
    st.local.u32 [%rd3], %r1;
    mov.f64 %rd4, 0d3FF8000000000000;
    st.local.u64 [%rd3+8], %rd4;
    st.local.u64 [%rd3+16], %rd1;
    {
    .param .b64 param0;
    st.param.b64 [param0+0], %rd1;
    .param .b64 param1;
    st.param.b64 [param1+0], %rd2;
    .param .b32 retval0;
    call.uni (retval0), vprintf, (param0, param1);
    ld.param.b32 %r3, [retval0+0];
    }
    setp.eq.u32 %p1, %r2, 0;
    @%p1 bra END;
    {
    .param .b64 param0;
    st.param.b64 [param0+0], %rd1;
    .param .b64 param1;
    st.param.b64 [param1+0], %rd1;
    .param .b32 param2;
    st.param.b32 [param2+0], 77;
    .param .b64 param3;
    st.param.b64 [param3+0], %rd1;
    .param .b64 param4;
    st.param.b64 [param4+0], 1;
    call.uni __assertfail, (param0, param1, param2, param3, param4);
    }
    END: ret; }";

fn text_words(text: &str) -> Vec<u32> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len() / 4 * 4 + 4, 0);
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

#[test]
fn printf_formats_its_arguments_for_every_thread() {
    let kernel = compile(PRINTING);
    let sink = Arc::new(Recorded::default());
    let options = LaunchOptions { output: Arc::<Recorded>::clone(&sink), ..LaunchOptions::default() };
    let (fault, _) = try_run(&kernel, shape(1, 2), &mut text_words("[%03d %.2f %p %%]\n"), 0, options);
    assert_eq!(fault, None);
    let text = String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("ASCII");
    let lines: Vec<_> = text.lines().map(|line| &line[..12]).collect();
    assert_eq!(lines, ["[000 1.50 0x", "[001 1.50 0x"]);
}

#[test]
fn a_failed_assertion_names_file_and_line() {
    let kernel = compile(PRINTING);
    let sink = Arc::new(Recorded::default());
    let options = LaunchOptions { output: Arc::<Recorded>::clone(&sink), ..LaunchOptions::default() };
    let (fault, _) = try_run(&kernel, shape(1, 2), &mut text_words("text"), 1, options);
    let fault = fault.expect("the assertion fails");
    assert_eq!(fault.kind, FaultKind::Assert);
    assert!(fault.detail.contains("text:77: text: assertion `text` failed"), "{}", fault.detail);
    let printed = String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("ASCII");
    // The form of the programming guide, "Assertion"; the first two texts are those of `printf`.
    assert_eq!(
        printed.strip_prefix("texttext"),
        Some(
            "text:77: text: block: [0,0,0], thread: [0,0,0] Assertion `text` failed.\n\
             text:77: text: block: [0,0,0], thread: [1,0,0] Assertion `text` failed.\n"
        )
    );
}

#[test]
fn instructions_are_counted_per_warp_and_per_thread() {
    let kernel = compile(".visible .entry k(.param .u64 p, .param .u32 n) { .reg .b32 %r<3>; mov.u32 %r1, 1; ret; }");
    let (_, counters) = try_run(&kernel, shape(3, 40), &mut [0], 0, LaunchOptions::default());
    assert_eq!(counters, Counters { warp_instructions: 12, thread_instructions: 240 });
}

#[test]
fn shapes_that_no_gpu_takes_are_refused() {
    let kernel = compile(".visible .entry k(.param .u64 p, .param .u32 n) .maxntid 64, 1, 1 { ret; }");
    let try_shape = |shape: Shape| {
        let data = [0u32; 1];
        Launch::new(Arc::clone(&kernel), shape, params(&data, 0), map(&data), LaunchOptions::default()).err()
    };
    assert!(matches!(try_shape(shape(0, 1)), Some(LaunchError::InvalidShape(_))));
    assert!(matches!(try_shape(shape(1, 65)), Some(LaunchError::InvalidShape(_))));
    assert_eq!(try_shape(shape(1, 64)), None);
    let too_much = Shape { dynamic_shared_bytes: 1 << 30, ..shape(1, 1) };
    assert!(matches!(try_shape(too_much), Some(LaunchError::TooMuchShared(_))));
}

#[test]
fn an_unknown_instruction_is_refused_by_name_and_line() {
    let text = format!("{HEAD}.visible .entry k() {{\n.reg .b32 %r<3>;\nfrobnicate.u32 %r1, %r2;\nret; }}");
    let module = ptx::parse_module(&text).expect("well-formed");
    let error = Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &CompileOptions::default());
    let error = error.expect_err("there is no such instruction");
    assert_eq!((error.kernel.as_str(), error.line, error.opcode.as_str()), ("k", 6, "frobnicate.u32"));
}

fn races(body: &str) -> Vec<String> {
    let text = format!(
        "{HEAD}.visible .entry k(.param .u64 p, .param .u32 n)\n{{ {REGISTERS}\n.shared .align 4 .b8 tile[512];\n{START}\n{body}\nret; }}"
    );
    let module = ptx::parse_module(&text).expect("well-formed");
    let options = CompileOptions { race_check: true, ..CompileOptions::default() };
    let kernel = Arc::new(Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &options).expect("compiles"));
    let data = [0u32; 1];
    let launch = Launch::new(kernel, shape(1, 128), params(&data, 0), map(&data), LaunchOptions::default());
    let launch = launch.expect("a valid launch");
    assert_eq!(launch.run(&mut Worker::new()), Progress::Complete);
    assert_eq!(launch.fault(), None);
    launch.races()
}

const EXCHANGE: [&str; 2] = [
    "shl.b32 %r6, %r5, 2;
     mov.u32 %r7, tile;
     add.u32 %r8, %r7, %r6;
     st.shared.u32 [%r8], %r5;",
    "xor.b32 %r6, %r6, 256;
     add.u32 %r8, %r7, %r6;
     ld.shared.u32 %r9, [%r8];",
];

#[test]
fn a_missing_barrier_is_reported_as_a_race() {
    let found = races(&EXCHANGE.join("\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("(st.shared.u32)") && found[0].contains("(ld.shared.u32)"), "{found:?}");
}

#[test]
fn accesses_on_both_sides_of_a_barrier_are_no_race() {
    assert_eq!(races(&EXCHANGE.join("\nbar.sync 0;\n")), Vec::<String>::new());
}

#[test]
fn atomics_on_the_same_place_are_no_race() {
    assert_eq!(races("red.shared.add.u32 [tile], 1;"), Vec::<String>::new());
}

/// Every warp writes a row of the tile in some way, then reads all rows in another.
fn races_between(write: &str, read: &str, barrier: &str) -> Vec<String> {
    let body = format!(
        "shr.u32 %r6, %r5, 5;
         shl.b32 %r6, %r6, 7;
         mov.u32 %r7, tile;
         and.b32 %r8, %r5, 7;
         shl.b32 %r8, %r8, 4;
         add.u32 %r8, %r8, %r7;
         add.u32 %r9, %r8, %r6;
         {write}
         {barrier}
         {read}"
    );
    races(&body)
}

#[test]
fn matrix_loads_and_stores_take_part_in_races() {
    let accesses = [
        ("stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r9], {%r5};", "stmatrix.sync.aligned.m8n8.x1.shared.b16"),
        ("st.shared.v4.u32 [%r9], {%r5, %r5, %r5, %r5};", "st.shared.v4.u32"),
        ("cp.async.ca.shared.global [%r9], [%rd1], 4;", "cp.async.ca.shared.global"),
    ];
    let read = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r6}, [%r8];";
    for (write, name) in accesses {
        let found = races_between(write, read, "");
        assert!(found.iter().any(|race| race.contains(name) && race.contains("(ldmatrix.")), "{name}: {found:?}");
        assert_eq!(races_between(write, read, "bar.sync 0;"), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn whole_matrices_take_part_in_races() {
    let read = "wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 {%r10, %r11, %r12, %r13, %r14, %r15, %r16, %r17}, [%r7], 16;";
    let found = races_between("st.shared.u32 [%r9], %r5;", read, "");
    assert!(found.iter().any(|race| race.contains("(wmma.load.a.")), "{found:?}");
    assert_eq!(races_between("st.shared.u32 [%r9], %r5;", read, "bar.sync 0;"), Vec::<String>::new());
}
