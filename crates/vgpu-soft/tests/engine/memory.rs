//! Spaces, widths, copies and matrix rows.

use vgpu_soft::exec::{FaultKind, Shape};

use crate::harness::{REGISTERS, START, compile, fault, grid_kernel, run, shape};

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
fn parameters_are_read_by_generic_addresses_and_never_written() {
    let start = "mov.u64 %rd3, n; cvta.param.u64 %rd3, %rd3; ld.u32 %r6, [%rd3];";
    let reading =
        grid_kernel(&format!("{start} ld.u32 %r7, [%rd3]; add.u32 %r6, %r6, %r7; st.global.u32 [%rd2], %r6;"));
    let mut data = [0; 40];
    run(&reading, shape(1, 40), &mut data, 21);
    assert_eq!(data, [42; 40]);
    for write in ["st.u32 [%rd3], 5", "@%p1 st.u32 [%rd3], 5", "atom.add.u32 %r7, [%rd3], 1", "red.add.u32 [%rd3], 1"] {
        let writing = grid_kernel(&format!("{start} setp.eq.u32 %p1, %r5, 7; {write};"));
        let fault = fault(&writing, shape(1, 32), &mut data, 21);
        assert_eq!(fault.kind, FaultKind::IllegalAddress, "{write}");
        assert!(fault.detail.contains("among the parameters"), "{}", fault.detail);
    }
}
