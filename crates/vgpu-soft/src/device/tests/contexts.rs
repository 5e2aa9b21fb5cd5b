//! What is told of contexts, and of the times between events.

use super::*;

fn facts(rig: &mut Rig) -> ContextFactsReply {
    let question = ContextFacts { context: CONTEXT, reserved: 0 };
    rig.run(|device, seq| device.context_facts(seq, &question, &[])).unwrap().reply
}

fn set(rig: &mut Rig, limit: u32, value: u64) -> CuResult {
    let message = ContextLimit { context: CONTEXT, limit, value };
    rig.run(|device, seq| device.context_limit(seq, &message, &[])).map(drop)
}

#[test]
fn limits_are_told_and_set_where_the_device_has_them() {
    let mut rig = Rig::new();
    let told = facts(&mut rig);
    // As NVIDIA's documents have them: a stack of 1 KiB, 1 MiB for printf, and 8 MiB for malloc.
    assert_eq!(
        (told.limits[..3].to_vec(), &told.limit_codes[..3]),
        (vec![1 << 10, 1 << 20, 8 << 20], [0; 3].as_slice())
    );
    assert!(told.limit_codes[3..11].iter().all(|code| *code == CuError::UNSUPPORTED_LIMIT.code()));
    assert!(told.limit_codes[11..].iter().all(|code| *code == CuError::INVALID_VALUE.code()));
    assert_eq!((told.least_priority, told.greatest_priority), (0, 0));
    set(&mut rig, 0, 4096).unwrap();
    set(&mut rig, 1, 2 << 20).unwrap();
    set(&mut rig, 2, 16 << 20).unwrap();
    assert_eq!(facts(&mut rig).limits[..3], [4096, 2 << 20, 16 << 20]);
    assert_eq!(set(&mut rig, 3, 1), Err(CuError::UNSUPPORTED_LIMIT));
    assert_eq!(set(&mut rig, 11, 1), Err(CuError::INVALID_VALUE));
}

#[test]
fn the_time_between_events_is_that_of_their_words() {
    let mut rig = Rig::new();
    for event in [3, 4] {
        rig.run(|device, seq| device.event_record(seq, &EventRecord { stream: FREE, event }, &[])).unwrap();
    }
    rig.sync(FREE);
    rig.recorder.records.lock().events.extend([(3, 1_000_000), (4, 3_500_000)]);
    let elapsed = |rig: &mut Rig, from, to| {
        let question = EventElapsed { from_context: CONTEXT, from, to_context: CONTEXT, to };
        rig.run(|device, seq| device.event_elapsed(seq, &question, &[])).map(|answer| answer.reply.ms_bits)
    };
    assert_eq!(elapsed(&mut rig, 3, 4), Ok(2.5_f32.to_bits()));
    assert_eq!(elapsed(&mut rig, 4, 3), Ok((-2.5_f32).to_bits()));
    assert_eq!(elapsed(&mut rig, 3, 9), Err(CuError::INVALID_HANDLE));
}

/// `depth(p, count)`: a function calls itself so many times, and each time has 256 bytes of its own.
const DEEP: &str = "
.version 7.0
.target sm_70
.address_size 64
.func (.param .b32 r) deep(.param .b32 n)
{
    .local .align 4 .b8 room[256];
    .reg .b32 %r<5>; .reg .pred %p<2>;
    ld.param.u32 %r1, [n];
    st.local.u32 [room+128], %r1;
    mov.u32 %r2, 0;
    setp.eq.u32 %p1, %r1, 0;
    @%p1 bra DONE;
    sub.u32 %r3, %r1, 1;
    { .param .b32 p0; .param .b32 q0; st.param.b32 [p0], %r3; call.uni (q0), deep, (p0); ld.param.b32 %r2, [q0]; }
    add.u32 %r2, %r2, 1;
DONE:
    st.param.b32 [r], %r2;
    ret;
}
.visible .entry depth(.param .u64 p, .param .u32 count)
{
    .reg .b64 %rd<2>; .reg .b32 %r<3>;
    ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [count];
    { .param .b32 p0; .param .b32 q0; st.param.b32 [p0], %r1; call.uni (q0), deep, (p0); ld.param.b32 %r2, [q0]; }
    st.global.u32 [%rd1], %r2;
    ret;
}";

/// How deep `deep` comes that is asked to call itself so many times, or the failure's code, with a limit of so much stack.
fn depth(stack_bytes: u64, count: u32) -> Result<u32, CuError> {
    let mut rig = Rig::new();
    set(&mut rig, 0, stack_bytes).unwrap();
    let module = rig.load(DEEP).unwrap();
    let depth = rig.function_of(module, "depth").unwrap().function;
    let result = rig.alloc(4);
    rig.launch(FREE, depth, 4, 64, &params(result, &[count])).unwrap();
    rig.sync(FREE);
    match rig.failures().first() {
        Some((error, _)) => Err(*error),
        None => Ok(rig.read_u32(FREE, result)),
    }
}

#[test]
fn how_deep_functions_may_call_themselves_is_the_contexts_to_say() {
    assert_eq!(depth(1 << 10, 100), Ok(100));
    assert_eq!(depth(1 << 10, 1000), Err(CuError::HARDWARE_STACK_ERROR));
    assert_eq!(depth(256 << 10, 1000), Ok(1000));
    assert_eq!(depth(u64::MAX, 10000), Err(CuError::HARDWARE_STACK_ERROR));
}
