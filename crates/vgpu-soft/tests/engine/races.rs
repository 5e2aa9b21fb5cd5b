//! Races that are found, and accesses that are none.

use std::sync::Arc;

use vgpu_soft::exec::{CompileOptions, Kernel, Launch, LaunchOptions, Progress, Shape, Worker};
use vgpu_soft::ptx;

use crate::harness::{HEAD, REGISTERS, START, map, params, shape};

fn races(body: &str) -> Vec<String> {
    races_of(shape(1, 128), body, &mut [0])
}

fn races_of(shape: Shape, body: &str, data: &mut [u32]) -> Vec<String> {
    let text = format!(
        "{HEAD}.visible .entry k(.param .u64 p, .param .u32 n)\n{{ {REGISTERS}\n.shared .align 4 .b8 tile[512];\n{START}\n{body}\nret; }}"
    );
    let module = ptx::parse_module(&text).expect("well-formed");
    let options = CompileOptions { race_check: true, ..CompileOptions::default() };
    let kernel = Arc::new(Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &options).expect("compiles"));
    let launch = Launch::new(kernel, shape, params(data, 0), map(data), LaunchOptions::default());
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

/// Of four blocks of 32 threads, with as many words of memory.
fn grid_races(body: &str) -> Vec<String> {
    races_of(shape(4, 32), body, &mut [0; 128])
}

#[test]
fn blocks_that_read_what_others_write_race_whoever_comes_first() {
    // A thread reads its own element, or that of the next block, and writes the other.
    let next = "add.u32 %r6, %r1, 32; and.b32 %r6, %r6, 127; mul.wide.u32 %rd3, %r6, 4; add.u64 %rd3, %rd1, %rd3;";
    for (read, write) in [("%rd2", "%rd3"), ("%rd3", "%rd2")] {
        let found = grid_races(&format!("{next} ld.global.u32 %r7, [{read}]; st.global.u32 [{write}], %r7;"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("one block reads in line") && found[0].contains("another writes"), "{found:?}");
        assert!(found[0].contains("blocks ("), "{found:?}");
    }
}

#[test]
fn a_store_of_all_blocks_to_one_place_is_a_race_and_an_atomic_is_none() {
    assert_eq!(grid_races("st.global.u32 [%rd1], %r1;").len(), 1);
    assert_eq!(grid_races("red.global.add.u32 [%rd1], 1;"), Vec::<String>::new());
}

#[test]
fn neighbouring_bytes_are_places_of_their_own() {
    let place = "cvt.u64.u32 %rd3, %r3; add.u64 %rd3, %rd1, %rd3;";
    assert_eq!(grid_races(&format!("{place} st.global.u8 [%rd3], %r3;")), Vec::<String>::new());
    assert_eq!(grid_races(&format!("{place} st.global.u8 [%rd3], %r3; ld.global.u32 %r6, [%rd1];")).len(), 1);
}

#[test]
fn blocks_that_only_read_and_blocks_with_memory_of_their_own_do_not_race() {
    assert_eq!(grid_races("ld.global.u32 %r6, [%rd1]; st.shared.u32 [tile], %r6;").len(), 0, "one warp each");
    assert_eq!(grid_races("st.global.u32 [%rd2], %r1; ld.global.u32 %r6, [%rd2];"), Vec::<String>::new());
}

#[test]
fn the_last_block_may_read_what_the_others_have_counted_in() {
    let arrive = "setp.ne.u32 %p1, %r5, 0; st.global.u32 [%rd2], 1; bar.sync 0; membar.gl;";
    let read = "@%p1 bra DONE; mov.u32 %r7, 0;
         NEXT: ld.global.u32 %r8, [%rd1]; add.u64 %rd1, %rd1, 128; add.u32 %r7, %r7, 1; setp.lt.u32 %p2, %r7, 4; @%p2 bra NEXT;
         DONE:";
    // The counter lies behind the words of the four blocks.
    let count = "mov.u64 %rd4, %rd1; @!%p1 atom.global.inc.u32 %r6, [%rd4+512], 3; setp.ne.or.u32 %p1, %r6, 3, %p1;";
    let races = |count: &str| races_of(shape(4, 32), &format!("{arrive}{count}{read}"), &mut [0; 129]);
    assert_eq!(races(count), Vec::<String>::new());
    let found = races("mov.u32 %r6, %ctaid.x; setp.ne.or.u32 %p1, %r6, 3, %p1;");
    assert!(found.iter().any(|race| race.contains("nothing puts an order on them")), "{found:?}");
}

#[test]
fn a_flag_that_is_read_as_volatile_puts_an_order_on_blocks() {
    let flagged = |store: &str, load: &str| {
        let body = format!(
            "setp.ne.u32 %p1, %r3, 0;
             @%p1 bra OTHER;
             st.global.u32 [%rd1+4], 5;
             membar.gl;
             {store} [%rd1], 1;
             bra DONE;
             OTHER: {load} %r6, [%rd1];
             ld.global.u32 %r7, [%rd1+4];
             DONE:"
        );
        races_of(shape(2, 1), &body, &mut [0; 2])
    };
    assert_eq!(flagged("st.volatile.global.u32", "ld.volatile.global.u32"), Vec::<String>::new());
    assert_eq!(flagged("st.release.gpu.global.u32", "ld.acquire.gpu.global.u32"), Vec::<String>::new());
    assert_eq!(flagged("st.global.u32", "ld.global.u32").len(), 2);
}
