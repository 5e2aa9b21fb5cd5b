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
    // As NVIDIA's documents have them: a stack of 1 KiB, and 1 MiB for printf.
    assert_eq!((told.limits[..2].to_vec(), &told.limit_codes[..2]), (vec![1 << 10, 1 << 20], [0, 0].as_slice()));
    assert!(told.limit_codes[2..11].iter().all(|code| *code == CuError::UNSUPPORTED_LIMIT.code()));
    assert!(told.limit_codes[11..].iter().all(|code| *code == CuError::INVALID_VALUE.code()));
    assert_eq!((told.least_priority, told.greatest_priority), (0, 0));
    set(&mut rig, 0, 4096).unwrap();
    set(&mut rig, 1, 2 << 20).unwrap();
    assert_eq!(facts(&mut rig).limits[..2], [4096, 2 << 20]);
    assert_eq!(set(&mut rig, 2, 1), Err(CuError::UNSUPPORTED_LIMIT));
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
