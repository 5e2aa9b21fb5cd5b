//! Device memory in an arena: mapped there piece by piece, or elsewhere where the driver does not.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vgpu_core::CuError;
use vgpu_core::window::{AddressRange, Arena};
use vgpu_core::wire::Span;
use vgpu_core::wire::messages::*;

use crate::cases::fill;
use crate::drivers::VIRTUAL_MEMORY;
use crate::fake::{Fake, wait_until};
use crate::guest::{CONTEXT, Guest, QUOTA_BYTES, STREAM};

const MIB: u64 = 1 << 20;
const PIECE: u64 = 2 * MIB;

/// Where the system puts nothing: tests run side by side, and the addresses are nobody's between the arena and the driver.
const FIRST: u64 = 0x1000_0000_0000;
const APART: u64 = 2 << 40;

fn apart(len_bytes: u64) -> AddressRange {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let address = FIRST + APART * TAKEN.fetch_add(1, Ordering::Relaxed);
    AddressRange { address, len_bytes }
}

/// Addresses for pieces, which start where pieces can.
fn arena() -> AddressRange {
    apart(QUOTA_BYTES + PIECE)
}

/// A guest that is ready, and the arena in which its memory lies.
fn start(fake: &Arc<Fake>) -> (Guest, Range<u64>) {
    let arena = arena();
    let range = arena.addresses();
    (Guest::in_arena(fake, Some(arena)).made_ready(), range)
}

fn memory_calls(guest: &Guest, thread: &str) -> Vec<String> {
    let calls = guest.calls_of(thread).into_iter();
    calls.filter(|call| call.starts_with("cuMem") && !call.starts_with("cuMemcpy")).collect()
}

/// Gives memory back, and waits until it is gone.
fn free(guest: &mut Guest, addresses: impl IntoIterator<Item = u64>) {
    for address in addresses {
        let before = guest.ledger_free();
        guest.post(MemFree { address }).expect("an allocation");
        guest.settle();
        wait_until(|| "memory is gone", || guest.ledger_free() > before);
    }
}

#[test]
fn the_arena_is_reserved_as_a_whole_once_there_is_a_context() {
    let fake = Fake::new();
    let arena = arena();
    let len = arena.len_bytes;
    let mut guest = Guest::in_arena(&fake, Some(arena)).with_context();
    fake.take_log();
    guest.alloc(MIB).unwrap();
    assert_eq!(
        memory_calls(&guest, "ring")[..2],
        ["cuMemGetAllocationGranularity(0, 0)".to_owned(), format!("cuMemAddressReserve({len}, 0, 0)")]
    );
    fake.take_log();
    guest.alloc(PIECE).unwrap();
    assert_eq!(memory_calls(&guest, "ring").len(), 3, "it is reserved once");
    guest.end();
}

#[test]
fn a_driver_that_does_not_reserve_so_much_is_asked_for_less() {
    let fake = Fake::new();
    let arena = apart(1 << 40);
    let address = arena.address.next_multiple_of(PIECE);
    fake.fail("ring", "cuMemAddressReserve(", 0, CuError::OUT_OF_MEMORY.code());
    let mut guest = Guest::in_arena(&fake, Some(arena)).made_ready();
    assert_eq!(guest.memory, address);
    let last = guest.alloc(PIECE).unwrap();
    assert!((address..address + (256 << 30)).contains(&last));
    guest.end();
}

#[test]
fn long_memory_is_mapped_by_itself_and_unmapped_before_it_is_released() {
    let fake = Fake::new();
    let (mut guest, arena) = start(&fake);
    let address = guest.alloc(5 * MIB + 1).unwrap();
    assert!(arena.contains(&address) && arena.contains(&(address + 5 * MIB)));
    assert_eq!(
        memory_calls(&guest, "ring"),
        [
            "cuMemCreate(6291456, 0, 0) -> piece2",
            "cuMemMap(6291456, 0, piece2, 0)",
            // Read and write.
            "cuMemSetAccess(6291456, 0, 3, 1) -> memory2",
        ]
    );
    let whole = Fill { target: address + 5 * MIB - 7, element_bytes: 1, width: 8, height: 1, ..fill(&guest) };
    guest.post(whole).unwrap();
    assert_eq!(guest.post(Fill { width: 9, ..whole }), Err(CuError::INVALID_VALUE), "what was not asked for");
    guest.wait_for(STREAM, guest.seq);
    fake.take_log();
    free(&mut guest, [address]);
    assert_eq!(memory_calls(&guest, "reaper"), ["cuMemUnmap(memory2, 6291456)", "cuMemRelease(piece2)"]);
    assert_eq!(guest.alloc(6 * MIB), Ok(address), "its addresses are used again");
    guest.end();
}

#[test]
fn short_memory_shares_a_piece_that_goes_some_time_after_all_of_it_is_free() {
    let fake = Fake::new();
    let (mut guest, arena) = start(&fake);
    // Beside what the guest has already.
    let short: Vec<u64> = [1, 512, 513, MIB].map(|len| guest.alloc(len).unwrap()).into();
    assert_eq!(memory_calls(&guest, "ring"), [""; 0]);
    assert!(short.iter().all(|address| address % 512 == 0 && arena.contains(address)));
    assert_eq!((short[1] - short[0], short[2] - short[1], short[3] - short[2]), (512, 512, 1024));
    let further = guest.alloc(MIB).unwrap();
    assert_eq!(memory_calls(&guest, "ring").len(), 3, "there is no room for it");
    fake.take_log();
    let memory = guest.memory;
    free(&mut guest, [short[0], short[2]]);
    assert_eq!(memory_calls(&guest, "reaper"), [""; 0]);
    free(&mut guest, [further]);
    assert_eq!(guest.alloc(MIB), Ok(further), "the second piece is kept for a while");
    free(&mut guest, [further, short[1], short[3], memory]);
    wait_until(|| fake.living(), || !fake.living().iter().any(|name| name.starts_with("piece")));
    guest.end();
}

#[test]
fn short_memory_is_free_at_once_where_no_work_could_use_it() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let first = guest.alloc(MIB).unwrap();
    // Whatever came before is done once this is.
    free(&mut guest, [first]);
    assert_eq!(guest.alloc(MIB), Ok(first));
    guest.post(MemFree { address: first }).unwrap();
    assert_eq!(guest.alloc(MIB), Ok(first), "nothing is waited for");
    guest.post(MemFree { address: first }).unwrap();
    guest.end();
}

#[test]
fn memory_that_comes_and_goes_is_mapped_once() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let first = guest.alloc(MIB).unwrap();
    free(&mut guest, [first]);
    fake.take_log();
    for _ in 0..20 {
        let address = guest.alloc(MIB).unwrap();
        free(&mut guest, [address]);
    }
    let calls = fake.take_log();
    assert!(calls.iter().all(|call| !call.line.starts_with("cuMem") || call.name() == "cuMemGetInfo_v2"), "{calls:?}");
    guest.end();
}

#[test]
fn only_so_much_stays_mapped_and_nothing_when_there_is_no_room() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let many: Vec<u64> = (0..20).map(|_| guest.alloc(MIB).unwrap()).collect();
    let pieces = || fake.living().iter().filter(|name| name.starts_with("piece")).count();
    assert_eq!(pieces(), 11);
    free(&mut guest, many);
    // The guest's own 4096 bytes lie in one more.
    assert!(pieces() <= 1 + (16 << 20) / PIECE as usize, "{}", pieces());
    let held = guest.alloc(MIB).unwrap();
    fake.fail("ring", "cuMemCreate(", 0, CuError::OUT_OF_MEMORY.code());
    guest.alloc(PIECE).expect("there is room once nothing is kept");
    assert_eq!(pieces(), 2 + usize::from(held / PIECE != guest.memory / PIECE));
    guest.end();
}

#[test]
fn bytes_lie_where_they_should_and_outlive_nothing() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let target = guest.alloc(3 * MIB).unwrap();
    guest.window.put(0, b"in the arena");
    let span = |offset| Span { offset, len_bytes: 12 };
    guest.post(CopyIn { stream: STREAM, flags: 0, target: target + 2 * MIB - 6, source: span(0) }).unwrap();
    guest.post(CopyOut { stream: STREAM, reserved: 0, source: target + 2 * MIB - 6, target: span(64) }).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(64, 12), b"in the arena");
    // Queued work keeps it.
    fake.hold("stream1", true);
    guest.post(CopyOut { stream: STREAM, reserved: 0, source: target, target: span(64) }).unwrap();
    guest.post(MemFree { address: target }).unwrap();
    guest.settle();
    assert!(fake.living().contains(&"memory2".to_owned()));
    fake.hold("stream1", false);
    guest.end();
}

#[test]
fn each_allocation_is_on_its_contexts_device() {
    let fake = Fake::new();
    fake.set_gpus(2, 8);
    let (mut guest, arena) = start(&fake);
    guest.post(ContextCreate { context: 2, device: 1, legacy_stream: 2, flags: 0 }).unwrap();
    guest.wait_for(2, guest.seq);
    fake.take_log();
    let mut alloc = |context, len_bytes| {
        guest.call(MemAlloc { context, reserved: 0, len_bytes }, &[]).map(|answer| answer.reply.address).unwrap()
    };
    let addresses = [alloc(2, 512), alloc(CONTEXT, 512), alloc(2, PIECE)];
    assert!(addresses.iter().all(|address| arena.contains(address)));
    assert_eq!(
        memory_calls(&guest, "ring"),
        [
            "cuMemCreate(2097152, 1, 0) -> piece2",
            "cuMemMap(2097152, 0, piece2, 0)",
            "cuMemSetAccess(2097152, 1, 3, 1) -> memory2",
            "cuMemCreate(2097152, 1, 0) -> piece3",
            "cuMemMap(2097152, 0, piece3, 0)",
            "cuMemSetAccess(2097152, 1, 3, 1) -> memory3",
        ]
    );
    guest.end();
}

#[test]
fn a_call_that_fails_leaves_nothing_mapped() {
    let fake = Fake::new();
    for call in ["cuMemCreate(", "cuMemMap(", "cuMemSetAccess("] {
        for len_bytes in [PIECE, 2 * PIECE] {
            let (mut guest, _) = start(&fake);
            let before = guest.ledger_free();
            fake.fail("ring", call, 0, CuError::NOT_PERMITTED.code());
            assert_eq!(guest.alloc(len_bytes), Err(CuError::NOT_PERMITTED), "{call}");
            assert_eq!(guest.ledger_free(), before, "{call}");
            guest.alloc(len_bytes).unwrap_or_else(|error| panic!("after {call}: {error}"));
            guest.end();
        }
    }
}

#[test]
fn a_driver_without_room_is_asked_again_when_dying_memory_is_gone() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let address = guest.alloc(PIECE).unwrap();
    guest.post(MemFree { address }).unwrap();
    fake.fail("ring", "cuMemCreate(", 0, CuError::OUT_OF_MEMORY.code());
    guest.alloc(PIECE).expect("the second time there is room");
    assert_eq!(guest.alloc(QUOTA_BYTES), Err(CuError::OUT_OF_MEMORY));
    assert_eq!(guest.alloc(u64::MAX), Err(CuError::OUT_OF_MEMORY));
    assert_eq!(guest.alloc(u64::MAX - 511), Err(CuError::OUT_OF_MEMORY));
    guest.end();
}

#[test]
fn what_does_not_go_keeps_its_addresses() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let address = guest.alloc(PIECE).unwrap();
    // As of a driver that only reports a fault of earlier work: it goes all the same.
    fake.fail("reaper", "cuMemUnmap(", 0, CuError::NOT_PERMITTED.code());
    free(&mut guest, [address]);
    assert_ne!(guest.alloc(PIECE), Ok(address));
    guest.end();
}

/// A guest whose driver does not give it an arena: its memory, and how that is freed.
fn is_elsewhere(fake: &Arc<Fake>, arena: Option<AddressRange>) {
    let range = arena.map_or(0..0, |arena| arena.addresses());
    let mut guest = Guest::in_arena(fake, arena).made_ready();
    let address = guest.alloc(PIECE).expect("memory");
    assert_eq!(memory_calls(&guest, "ring"), ["cuMemAlloc_v2(2097152) -> memory2"]);
    free(&mut guest, [address]);
    assert_eq!(memory_calls(&guest, "reaper"), ["cuMemFree_v2(memory2)"]);
    assert!(!range.contains(&address), "the placeholder stays");
    guest.end();
}

#[test]
fn a_driver_that_does_not_map_has_its_memory_elsewhere() {
    for absent in VIRTUAL_MEMORY {
        is_elsewhere(&Fake::without(&[absent]), Some(arena()));
    }
    let fake = Fake::new();
    is_elsewhere(&fake, None);
    for call in ["cuDeviceGetAttribute(102", "cuMemGetAllocationGranularity(", "cuMemAddressReserve("] {
        fake.fail("ring", call, 0, CuError::NOT_PERMITTED.code());
        is_elsewhere(&fake, Some(arena()));
    }
}

#[test]
fn addresses_elsewhere_are_given_back() {
    let fake = Fake::new();
    fake.reserve_elsewhere();
    let arena = arena();
    let (range, len) = (arena, arena.len_bytes);
    let mut guest = Guest::in_arena(&fake, Some(arena)).with_context();
    guest.alloc(PIECE).unwrap();
    let calls = memory_calls(&guest, "ring");
    let last = [format!("cuMemAddressFree({len})"), "cuMemAlloc_v2(2097152) -> memory1".to_owned()];
    assert!(calls.ends_with(&last), "{calls:?}");
    assert!(Arena::at(range).is_err(), "the placeholder is there again");
    guest.end();
}
