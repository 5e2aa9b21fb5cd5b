//! What ends a launch, and what is said of it.

use vgpu_soft::exec::FaultKind;

use crate::harness::{compile, fault, grid_kernel, shape};

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
fn a_call_that_leads_nowhere_is_a_fault() {
    let call = "{ .param .b32 p0; st.param.b32 [p0], 1; one: .callprototype _ (.param .b32 _); call %rd2, (p0), one; }";
    let functions =
        ".func harmless(.param .b32 a) { ret; } .func other() { .reg .b64 %rd<2>; mov.u64 %rd1, harmless; ret; }";
    for (address, named) in [("0", "0x0"), ("4097", "0x1001"), ("other", "0x1010")] {
        let kernel = compile(&format!(
            "{functions} .visible .entry k(.param .u64 p, .param .u32 n) {{ .reg .b64 %rd<3>; mov.u64 %rd2, {address}; {call} ret; }}"
        ));
        let fault = fault(&kernel, shape(1, 32), &mut [0; 4], 0);
        assert_eq!(fault.kind, FaultKind::InvalidPc);
        assert!(fault.detail.contains(named), "{}", fault.detail);
    }
}

#[test]
fn calls_without_end_are_a_fault_of_the_stack() {
    let call = "{ .param .b32 p0; st.param.b32 [p0], %r1; call.uni itself, (p0); }";
    let pointer =
        "{ .param .b32 p0; st.param.b32 [p0], %r1; one: .callprototype _ (.param .b32 _); call %rd1, (p0), one; }";
    for body in [call, pointer, &format!("call.uni other; {call}")] {
        let kernel = compile(&format!(
            ".func other() {{ .reg .b32 %r<2>; mov.u32 %r1, 1; {call} ret; }}
             .func itself(.param .b32 a) {{ .reg .b64 %rd<2>; .reg .b32 %r<2>; .local .b8 room[40];
             mov.u64 %rd1, itself; ld.param.u32 %r1, [a]; add.u32 %r1, %r1, 1; {body} st.local.u32 [room], %r1; ret; }}
             .visible .entry k(.param .u64 p, .param .u32 n) {{ .reg .b32 %r<2>; mov.u32 %r1, 0; {call} ret; }}"
        ));
        let fault = fault(&kernel, shape(4, 64), &mut [0; 4], 0);
        assert_eq!(fault.kind, FaultKind::HardwareStackError);
        assert!(fault.detail.contains("frame takes"), "{}", fault.detail);
    }
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
fn a_fault_names_the_line_of_the_program_s_source_where_the_text_does() {
    let kernel = compile(
        ".visible .entry k(.param .u64 p, .param .u32 n) {\n.reg .b64 %rd<2>;\n.loc 1 42 5\nst.global.u32 [%rd1], 1;\nret;\n}\n.file 1 \"add.cu\"\n",
    );
    let fault = fault(&kernel, shape(1, 1), &mut [0; 4], 0);
    assert!(fault.detail.starts_with("kernel k, line 7 (add.cu:42), st.global.u32, block"), "{}", fault.detail);
}
