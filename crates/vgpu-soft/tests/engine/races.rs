//! Races that are found, and accesses that are none.

use std::sync::Arc;

use vgpu_soft::exec::{CompileOptions, Kernel, Launch, LaunchOptions, Progress, Worker};
use vgpu_soft::ptx;

use crate::harness::{HEAD, REGISTERS, START, map, params, shape};

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
