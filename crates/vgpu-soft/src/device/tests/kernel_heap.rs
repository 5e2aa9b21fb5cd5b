//! Memory that kernels allocate.

use super::*;

/// `push(p)`: each thread puts a node with its number into the list at `[p]`. `sum(p)`: counts the list's nodes, sums them and gives
/// them back. `exhaust(p)`: counts how many blocks of 1000 bytes there are. `give(address)`: frees it.
const LISTS: &str = "
.version 7.0
.target sm_70
.address_size 64
.extern .func (.param .b64 func_retval0) malloc (.param .b64 malloc_param_0);
.extern .func free (.param .b64 free_param_0);
.visible .entry push(.param .u64 p)
{
    .reg .b64 %rd<5>; .reg .b32 %r<5>;
    ld.param.u64 %rd1, [p];
    mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mad.lo.u32 %r4, %r1, %r2, %r3;
    { .param .b64 param0; .param .b64 retval0; st.param.b64 [param0+0], 16;
      call.uni (retval0), malloc, (param0); ld.param.b64 %rd2, [retval0+0]; }
    st.u32 [%rd2], %r4;
    atom.global.exch.b64 %rd3, [%rd1], %rd2;
    st.u64 [%rd2+8], %rd3;
    ret;
}
.visible .entry sum(.param .u64 p)
{
    .reg .b64 %rd<5>; .reg .b32 %r<5>; .reg .pred %p<2>;
    ld.param.u64 %rd1, [p];
    ld.global.u64 %rd2, [%rd1];
    mov.u32 %r1, 0; mov.u32 %r2, 0;
NEXT:
    setp.eq.u64 %p1, %rd2, 0;
    @%p1 bra DONE;
    ld.u32 %r3, [%rd2];
    ld.u64 %rd3, [%rd2+8];
    add.u32 %r1, %r1, 1; add.u32 %r2, %r2, %r3;
    { .param .b64 param0; st.param.b64 [param0+0], %rd2; call.uni free, (param0); }
    mov.u64 %rd2, %rd3;
    bra NEXT;
DONE:
    st.global.v2.u32 [%rd1], {%r1, %r2};
    ret;
}
.visible .entry exhaust(.param .u64 p)
{
    .reg .b64 %rd<5>; .reg .b32 %r<5>; .reg .pred %p<2>;
    ld.param.u64 %rd1, [p];
    mov.u32 %r1, 0;
NEXT:
    { .param .b64 param0; .param .b64 retval0; st.param.b64 [param0+0], 1000;
      call.uni (retval0), malloc, (param0); ld.param.b64 %rd2, [retval0+0]; }
    setp.eq.u64 %p1, %rd2, 0;
    @%p1 bra DONE;
    st.u64 [%rd2+992], %rd2;
    add.u32 %r1, %r1, 1;
    bra NEXT;
DONE:
    st.global.u32 [%rd1], %r1;
    ret;
}
.visible .entry give(.param .u64 address)
{
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [address];
    { .param .b64 param0; st.param.b64 [param0+0], %rd1; call.uni free, (param0); }
    ret;
}
";

/// Runs a kernel of `LISTS` with one parameter, to its end.
fn run(rig: &mut Rig, module: u64, name: &str, shape: (u32, u32), param: u64) {
    let function = rig.function_of(module, name).unwrap().function;
    rig.launch(FREE, function, shape.0, shape.1, &param.to_le_bytes()).unwrap();
    rig.sync(FREE);
}

fn set_heap(rig: &mut Rig, len_bytes: u64) -> CuResult {
    let message = ContextLimit { context: CONTEXT, limit: 2, value: len_bytes };
    rig.run(|device, seq| device.context_limit(seq, &message, &[])).map(drop)
}

#[test]
fn what_many_threads_allocate_is_there_for_the_next_kernel() {
    let mut rig = Rig::new();
    let module = rig.load(LISTS).unwrap();
    let words = rig.alloc(8);
    // More than the heap has room for at once, if nothing came back.
    for _ in 0..21 {
        rig.write(FREE, words, &[0; 8]).unwrap();
        run(&mut rig, module, "push", (100, 256), words);
        run(&mut rig, module, "sum", (1, 1), words);
        assert_eq!(rig.failures(), []);
        let count = 25600_u32;
        assert_eq!((rig.read_u32(FREE, words), rig.read_u32(FREE, words + 4)), (count, count * (count - 1) / 2));
    }
}

#[test]
fn a_heap_has_the_length_that_it_was_given_before_it_was_needed() {
    let mut rig = Rig::new();
    let module = rig.load(LISTS).unwrap();
    let words = rig.alloc(4);
    set_heap(&mut rig, 1 << 20).unwrap();
    run(&mut rig, module, "exhaust", (1, 1), words);
    assert_eq!(rig.failures(), []);
    // Blocks of 1000 bytes begin at multiples of 16.
    assert_eq!(rig.read_u32(FREE, words), (1 << 20) / 1008);
    assert_eq!(set_heap(&mut rig, 2 << 20), Err(CuError::INVALID_VALUE));
}

#[test]
fn freeing_nothing_is_nothing_and_freeing_what_was_never_allocated_is_a_failure() {
    let mut rig = Rig::new();
    let module = rig.load(LISTS).unwrap();
    let other = rig.alloc(64);
    run(&mut rig, module, "give", (1, 32), 0);
    assert_eq!(rig.failures(), []);
    run(&mut rig, module, "give", (1, 1), other);
    let failures = rig.failures();
    assert_eq!(failures[0].0, CuError::LAUNCH_FAILED);
    assert!(failures[0].1.contains(&format!("{other:#x}")), "{}", failures[0].1);
}

#[test]
fn the_heap_is_device_memory_that_comes_back_with_its_context() {
    let mut rig = Rig::new();
    let free = |rig: &mut Rig, context| {
        rig.run(|device, seq| device.mem_info(seq, &MemInfo { context, reserved: 0 }, &[])).unwrap().reply.free_bytes
    };
    let module = rig.load(LISTS).unwrap();
    let words = rig.alloc(4);
    let before = free(&mut rig, CONTEXT);
    run(&mut rig, module, "exhaust", (1, 1), words);
    assert_eq!(before - free(&mut rig, CONTEXT), 8 << 20);
    rig.run(|device, seq| device.context_destroy(seq, &ContextDestroy { context: CONTEXT, reserved: 0 }, &[])).unwrap();
    rig.run(|device, seq| {
        let legacy_stream = 9;
        device.context_create(seq, &ContextCreate { context: 8, device: 0, flags: 0, legacy_stream }, &[])
    })
    .unwrap();
    assert!(free(&mut rig, 8) > before);
}
