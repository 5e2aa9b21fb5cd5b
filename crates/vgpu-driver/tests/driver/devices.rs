//! Several GPUs: each has contexts, memory and a quota of its own.

use vgpu_core::CuError;
use vgpu_core::host::MemoryLedger;
use vgpu_core::wire::StreamSlot;
use vgpu_core::wire::messages::*;

use crate::fake::Fake;
use crate::guest::{Guest, QUOTA_BYTES, STREAM};

const OTHER: u32 = 3;
const OTHER_LEGACY: StreamSlot = 9;

/// A guest with a context on each of two GPUs.
fn guest() -> Guest {
    let fake = Fake::new();
    fake.set_gpus(2, 8);
    let mut guest = Guest::ready(&fake);
    let context = ContextCreate { context: OTHER, device: 1, legacy_stream: OTHER_LEGACY, flags: 0 };
    guest.post(context).expect("a second context");
    guest
}

fn alloc(guest: &mut Guest, len_bytes: u64) -> Result<u64, CuError> {
    guest.call(MemAlloc { context: OTHER, reserved: 0, len_bytes }, &[]).map(|answer| answer.reply.address)
}

#[test]
fn each_gpu_is_described_by_itself() {
    let mut guest = guest();
    let replies = [0, 1, 2].map(|device| guest.call(DeviceInfo { device, reserved: 0 }, &[]).expect("an answer").reply);
    assert_eq!(replies.map(|reply| reply.device_count), [2; 3]);
    assert_ne!(replies[0].uuid, replies[1].uuid);
    assert_eq!(replies.map(|reply| reply.total_mem_bytes), [QUOTA_BYTES, QUOTA_BYTES, 0]);
    let absent = ContextCreate { context: 5, device: 2, legacy_stream: 20, flags: 0 };
    assert_eq!(guest.post(absent), Err(CuError::INVALID_DEVICE));
    guest.end();
}

#[test]
fn a_context_is_the_primary_one_of_its_own_gpu() {
    let guest = guest();
    let log = guest.fake.take_log();
    assert!(log.iter().any(|call| call.line.starts_with("cuDevicePrimaryCtxRetain")), "{log:?}");
    guest.end();
}

#[test]
fn memory_counts_on_the_quota_of_its_gpu_until_it_is_gone() {
    let mut guest = guest();
    let (first, second) = (guest.ledgers[0].clone(), guest.ledgers[1].clone());
    let before = first.free_and_total();
    let address = alloc(&mut guest, QUOTA_BYTES).unwrap();
    assert_eq!((first.free_and_total(), second.free_and_total()), (before, (0, QUOTA_BYTES)));
    assert_eq!(alloc(&mut guest, 1), Err(CuError::OUT_OF_MEMORY));
    let info = guest.call(MemInfo { context: OTHER, reserved: 0 }, &[]).unwrap().reply;
    assert_eq!((info.free_bytes, info.total_bytes), (0, QUOTA_BYTES));
    guest.post(MemFree { address }).unwrap();
    alloc(&mut guest, QUOTA_BYTES).unwrap();
    guest.post(ContextDestroy { context: OTHER, reserved: 0 }).unwrap();
    guest.end();
    assert_eq!(second.free_and_total(), (QUOTA_BYTES, QUOTA_BYTES));
}

#[test]
fn what_is_given_back_is_free_to_whoever_asks() {
    let mut guest = guest();
    let address = alloc(&mut guest, QUOTA_BYTES / 2).unwrap();
    guest.post(MemFree { address }).unwrap();
    let info = guest.call(MemInfo { context: OTHER, reserved: 0 }, &[]).unwrap().reply;
    assert_eq!((info.free_bytes, guest.ledgers[1].free_and_total().0), (QUOTA_BYTES, QUOTA_BYTES));
    guest.end();
}

#[test]
fn a_copy_between_gpus_is_the_drivers_to_route() {
    let mut guest = guest();
    let (source, target) = (guest.memory, alloc(&mut guest, 64).unwrap());
    guest.fake.take_log();
    guest.post(Copy { stream: STREAM, reserved: 0, target, source, len_bytes: 64 }).unwrap();
    guest.wait_for(STREAM, guest.seq);
    let log = format!("{:?}", guest.fake.take_log());
    assert!(log.contains("cuMemcpyDtoDAsync_v2"), "{log}");
    guest.end();
}
