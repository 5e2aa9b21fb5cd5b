//! Accesses that go astray where memory is checked: each is told of, and the kernel goes on.

use vgpu_soft::exec::{Fault, FaultKind, LaunchOptions};

use crate::harness::{fault, grid_kernel, shape, try_run};

fn checked(body: &str, threads: u32, data: &mut [u32]) -> Option<Fault> {
    let options = LaunchOptions { memory_check: true, ..LaunchOptions::default() };
    try_run(&grid_kernel(body), shape(1, threads), data, 0, options).0
}

#[test]
fn lanes_within_bounds_do_what_they_meant_and_the_launch_fails_when_it_is_over() {
    let mut data = [7; 20];
    let fault = checked(
        "st.global.u32 [%rd2], %r1; ld.global.u32 %r6, [%rd1]; add.u32 %r6, %r6, 1; st.global.u32 [%rd1], %r6;",
        32,
        &mut data,
    );
    let fault = fault.expect("twelve threads are beyond the end");
    assert_eq!(fault.kind, FaultKind::IllegalAddress);
    assert!(
        fault.detail.starts_with("12 invalid accesses; the first: kernel k, line 17, st.global.u32"),
        "{}",
        fault.detail
    );
    let start = data.as_ptr().addr();
    let end = format!(
        "thread (20, 0, 0): write of 4 bytes at {:#x}, which is in no allocation, 0 bytes behind the one of 80 bytes at {start:#x}",
        start + 80
    );
    assert!(fault.detail.ends_with(&end), "{}", fault.detail);
    let expected: Vec<u32> = (0..20).map(|at| if at == 0 { 1 } else { at }).collect();
    assert_eq!(data.to_vec(), expected);
}

#[test]
fn what_is_read_beyond_the_end_is_zero_and_what_is_written_is_lost() {
    let mut data = [7; 2];
    let body = "setp.eq.u32 %p1, %r1, 0;
         @!%p1 bra DONE;
         st.global.u32 [%rd1+8], 5;
         atom.global.add.u32 %r6, [%rd1+8], 3;
         ld.global.u32 %r7, [%rd1+8];
         ld.global.v2.u32 {%r8, %r9}, [%rd1-8];
         add.u32 %r6, %r6, %r7;
         add.u32 %r8, %r8, %r9;
         st.global.u32 [%rd1], %r6;
         st.global.u32 [%rd1+4], %r8;
         DONE:";
    let fault = checked(body, 32, &mut data).expect("four accesses are invalid");
    assert!(fault.detail.starts_with("4 invalid accesses"), "{}", fault.detail);
    assert_eq!(data, [0, 0]);
}

#[test]
fn more_accesses_than_are_told_of_are_counted() {
    let fault = checked("add.u64 %rd2, %rd2, 4096; st.global.u32 [%rd2], 1;", 1024, &mut [0; 4]);
    assert!(fault.expect("all are beyond").detail.starts_with("1024 invalid accesses"));
}

#[test]
fn misaligned_accesses_go_astray_as_well() {
    let fault = checked("ld.global.u32 %r6, [%rd1+2]; st.global.u32 [%rd1], %r6;", 1, &mut [7; 4]).expect("misaligned");
    assert_eq!(fault.kind, FaultKind::MisalignedAddress);
}

#[test]
fn shared_memory_ends_where_the_kernel_s_does_only_if_memory_is_checked() {
    let body = ".shared .align 4 .b8 tile[40];
         mov.u32 %r7, tile;
         st.shared.u32 [%r7+40], %r5;
         mov.u32 %r6, 3;
         st.global.u32 [%rd1], %r6;";
    let mut data = [0; 4];
    assert_eq!(try_run(&grid_kernel(body), shape(1, 32), &mut data, 0, LaunchOptions::default()).0, None);
    assert_eq!(data[0], 3);
    let fault = checked(body, 32, &mut data).expect("beyond the tile");
    assert!(fault.detail.contains("at offset 0x28 of shared memory, which has 40 bytes"), "{}", fault.detail);
}

#[test]
fn unchecked_the_first_ends_the_launch() {
    let kernel = grid_kernel("st.global.u32 [%rd2], %r1;");
    let fault = fault(&kernel, shape(1, 32), &mut [7; 20], 0);
    assert!(
        fault.detail.starts_with("kernel k, line 17") && fault.detail.contains("thread (20, 0, 0)"),
        "{}",
        fault.detail
    );
    assert!(fault.detail.contains("0 bytes behind the one of 80 bytes"), "{}", fault.detail);
}
