//! Guests that mean no good: nothing that is not theirs reaches the driver, and nothing breaks.

use vgpu_core::fatbin;
use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Completions, Op, Span};
use vgpu_core::{CuError, CuResult};

use crate::cases::{clusters, copy_box, create_graph, fill, marker, node};
use crate::drivers::entry;
use crate::fake::Fake;
use crate::guest::{AREA_BYTES, CONTEXT, Guest, LEGACY, PTX, STREAM, launch};

const SPAN: Span = Span { offset: 0, len_bytes: 16 };

/// Everything that copies or fills, with one address that is not the guest's: as a record, and as a node of a graph.
fn touch(guest: &mut Guest, address: u64) -> Vec<(&'static str, CuResult)> {
    let (stream, flags, reserved, len_bytes, mine) = (STREAM, 0, 0, 16, guest.memory);
    let mut results = Vec::new();
    macro_rules! touch {
        ($what:literal, $message:expr, $tail:expr) => {{
            let message = $message;
            results.push(($what, guest.post_with(message, $tail)));
            results.push((concat!($what, " in a graph"), create_graph(guest, &[node(&message, $tail, &[])])));
        }};
    }
    touch!("CopyIn", CopyIn { stream, flags, target: address, source: SPAN }, &[]);
    touch!("CopyInline", CopyInline { stream, reserved, target: address }, &[7; 16]);
    touch!("CopyOut", CopyOut { stream, reserved, source: address, target: SPAN }, &[]);
    touch!("Copy to", Copy { stream, reserved, target: address, source: mine, len_bytes }, &[]);
    touch!("Copy from", Copy { stream, reserved, target: mine, source: address, len_bytes }, &[]);
    touch!("CopyBox to", CopyBox { target: address, ..copy_box(guest) }, &[]);
    touch!("CopyBox from", CopyBox { window: 0, source: address, ..copy_box(guest) }, &[]);
    touch!("Fill", Fill { target: address, ..fill(guest) }, &[]);
    results
}

/// Checks that none of the calls so far queued any work, and that the guest can go on.
fn is_unharmed(guest: &mut Guest) {
    guest.settle();
    let calls = guest.calls_of("ring");
    let queued =
        ["cuMemcpy", "cuMemset", "cuLaunch", "cuGraphLaunch", "cuGraphInstantiate", "cublasGemm", "cuGraphAddMem"];
    let wrong: Vec<&String> = calls.iter().filter(|call| queued.iter().any(|name| call.starts_with(name))).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    guest.launch().expect("it can go on");
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), []);
}

#[test]
fn addresses_that_are_not_the_guests_never_reach_the_driver() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let own = [0_u8; 64];
    let freed = guest.alloc(64).unwrap();
    guest.post(MemFree { address: freed }).unwrap();
    let staging = guest.window.staging();
    let addresses = [
        own.as_ptr().expose_provenance() as u64,
        (is_unharmed as fn(&mut Guest)) as usize as u64,
        staging.start,
        staging.end - 8,
        guest.memory - 8,
        guest.memory + 4096 - 8,
        guest.memory + 4096,
        freed,
        0,
        u64::MAX - 7,
    ];
    for address in addresses {
        for (what, result) in touch(&mut guest, address) {
            assert_eq!(result, Err(CuError::INVALID_VALUE), "{what} at {address:#x}");
        }
    }
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn parts_of_no_window_never_reach_the_driver() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let memory = guest.memory;
    for (offset, len_bytes) in
        [(2 * AREA_BYTES - 8, 16), (2 * AREA_BYTES, 16), (u64::MAX - 7, 16), (0, u64::MAX), (8, u64::MAX)]
    {
        let span = Span { offset, len_bytes };
        let copy_in = CopyIn { stream: STREAM, flags: 0, target: memory, source: span };
        let copy_out = CopyOut { stream: STREAM, reserved: 0, source: memory, target: span };
        assert_eq!(guest.post(copy_in), Err(CuError::INVALID_VALUE), "{span:?}");
        assert_eq!(guest.post(copy_out), Err(CuError::INVALID_VALUE), "{span:?}");
        assert_eq!(create_graph(&mut guest, &[node(&copy_in, &[], &[])]), Err(CuError::INVALID_VALUE), "{span:?}");
        assert_eq!(create_graph(&mut guest, &[node(&copy_out, &[], &[])]), Err(CuError::INVALID_VALUE), "{span:?}");
        let blob = guest.call(BlobCreate { len_bytes: 64 }, &[]).unwrap().reply.blob;
        assert_eq!(guest.post(BlobWrite { blob, offset: 0, source: span }), Err(CuError::INVALID_VALUE), "{span:?}");
        if len_bytes == 16 {
            let from = CopyBox { source: offset, ..copy_box(&guest) };
            assert_eq!(guest.post(from), Err(CuError::INVALID_VALUE), "{from:?}");
        }
    }
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn a_graph_is_not_launched_when_its_memory_is_the_guests_no_more() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let fill = Fill { target: guest.alloc(4096).unwrap(), ..fill(&guest) };
    create_graph(&mut guest, &[node(&fill, &[], &[])]).unwrap();
    let run = GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 };
    guest.post(run).unwrap();
    guest.wait_for(STREAM, guest.seq);
    fake.take_log();
    guest.post(MemFree { address: fill.target }).unwrap();
    assert_eq!(guest.post(run), Err(CuError::INVALID_VALUE));
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn forged_and_stale_handles_are_refused() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    create_graph(&mut guest, &[node(&marker(), &[], &[])]).unwrap();
    let (module, graph) = (guest.load(b".entry gone() { }").unwrap(), guest.graph);
    let gone = guest.call(ModuleFunction { module }, b"gone").unwrap().reply.function;
    guest.post(ModuleUnload { module }).unwrap();
    guest.post(GraphDestroy { graph }).unwrap();
    guest.settle();
    fake.take_log();
    let wrong = Err(CuError::INVALID_HANDLE);
    // A number that was never given, and one of a time that has not come.
    let forged = [0, 1, u64::MAX, guest.module.wrapping_add(1 << 32)];
    for module in forged.into_iter().chain([module]) {
        assert_eq!(guest.post(ModuleUnload { module }), wrong);
        assert_eq!(guest.call(ModuleFunction { module }, b"gone").map(drop), wrong);
        assert_eq!(guest.call(ModuleGlobal { module }, b"variable").map(drop), wrong);
        assert_eq!(guest.call(ModuleKernels { module }, &[]).map(drop), wrong);
    }
    for function in forged.into_iter().chain([gone]) {
        assert_eq!(guest.post_with(launch(function), &[0; 12]), wrong);
        assert_eq!(guest.post_with(launch(function).with_attributes(0), &[0; 12]), wrong);
        assert_eq!(create_graph(&mut guest, &[node(&launch(function), &[0; 12], &[])]), wrong);
        assert_eq!(guest.post(FunctionAttribute { function, attribute: 8, value: 0 }), wrong);
        let occupancy = Occupancy { function, block_threads: 32, dynamic_shared_bytes: 0, flags: 0, reserved: 0 };
        assert_eq!(guest.call(occupancy, &[]).map(drop), wrong);
        let clusters = ClusterOccupancy { function, ..clusters(&guest, 0) };
        assert_eq!(guest.call(clusters, &[]).map(drop), wrong);
    }
    for graph in forged.into_iter().chain([graph]) {
        assert_eq!(guest.post(GraphLaunch { graph, stream: STREAM, reserved: 0 }), wrong);
        assert_eq!(guest.post(GraphDestroy { graph }), wrong);
        let update = GraphUpdate { graph, node_count: 0, reserved: 0, blob: 0 };
        assert_eq!(guest.call(update, &[]).map(drop), wrong);
    }
    for blob in forged {
        assert_eq!(guest.post(BlobWrite { blob, offset: 0, source: SPAN }), wrong);
    }
    for blob in forged.into_iter().filter(|blob| *blob != 0) {
        let load = ModuleLoad { context: CONTEXT, kind: ImageKind::Ptx as u32, blob };
        assert_eq!(guest.call(load, &[]).map(drop), wrong);
        let create = GraphCreate { context: CONTEXT, node_count: 0, blob };
        assert_eq!(guest.call(create, &[]).map(drop), wrong);
    }
    assert_eq!(guest.post(MemFree { address: guest.memory + 8 }), Err(CuError::INVALID_VALUE));
    is_unharmed(&mut guest);
    guest.end();
}

#[test]
fn streams_events_and_contexts_that_there_are_not_are_refused_and_their_numbers_retire() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(Marker { stream: 9, reserved: 0 }).unwrap_err();
    guest.wait_for(9, guest.seq);
    for stream in [9, 1 << 16, u32::MAX] {
        assert_eq!(guest.post(Marker { stream, reserved: 0 }), Err(CuError::INVALID_HANDLE));
        assert_eq!(guest.post(fill_of(stream, &guest)), Err(CuError::INVALID_HANDLE));
        assert_eq!(guest.post(StreamDestroy { stream, reserved: 0 }), Err(CuError::INVALID_HANDLE));
    }
    for stream in [1 << 16, u32::MAX, STREAM] {
        let create = StreamCreate { context: CONTEXT, stream, flags: 1, priority: 0 };
        assert_eq!(guest.post(create), Err(CuError::INVALID_VALUE), "{create:?}");
    }
    for event in [1 << 16, u32::MAX] {
        assert_eq!(guest.post(EventRecord { stream: STREAM, event }), Err(CuError::INVALID_VALUE));
    }
    for context in [0, 9, u32::MAX] {
        let wrong = Err(CuError::INVALID_CONTEXT);
        assert_eq!(guest.post(ContextDestroy { context, reserved: 0 }), wrong);
        assert_eq!(guest.post(StreamCreate { context, stream: 3, flags: 1, priority: 0 }), wrong);
        assert_eq!(guest.call(MemAlloc { context, reserved: 0, len_bytes: 8 }, &[]).map(drop), wrong);
        assert_eq!(guest.call(MemInfo { context, reserved: 0 }, &[]).map(drop), wrong);
    }
    assert_eq!(guest.post(StreamDestroy { stream: LEGACY, reserved: 0 }), Err(CuError::INVALID_VALUE));
    let again = ContextCreate { context: CONTEXT, device: 0, legacy_stream: 5, flags: 0 };
    assert_eq!(guest.post(again), Err(CuError::INVALID_VALUE));
    let nowhere = ContextCreate { context: 3, device: 1, legacy_stream: 5, flags: 0 };
    assert_eq!(guest.post(nowhere), Err(CuError::INVALID_DEVICE));
    guest.wait_for(5, guest.seq);
    is_unharmed(&mut guest);
    guest.end();
}

fn fill_of(stream: u32, guest: &Guest) -> Fill {
    Fill { stream, ..fill(guest) }
}

#[test]
fn a_function_of_another_context_is_refused_and_harms_nobody() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(ContextCreate { context: 2, device: 0, legacy_stream: 2, flags: 0 }).unwrap();
    let elsewhere = Launch { stream: 2, ..launch(guest.function) };
    assert_eq!(guest.post_with(elsewhere, &[0; 12]), Err(CuError::INVALID_HANDLE));
    guest.wait_for(2, guest.seq);
    guest.launch().unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), []);
    guest.end();
}

#[test]
fn masses_of_events_and_points_are_served_in_order() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.hold("stream1", true);
    for number in 0..100_000 {
        guest.post(EventRecord { stream: STREAM, event: number % 1000 }).unwrap();
        guest.settle();
    }
    fake.hold("stream1", false);
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.failures(), []);
    guest.end();
}

#[test]
fn messages_of_nonsense_break_nothing() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    // Streams wait for nothing: the guest says that it has carried out what it was never called for.
    guest.carry_out(u64::MAX);
    for byte in [0x00, 0x01, 0x7f, 0x80, 0xff] {
        for (code, fixed_bytes, _) in Op::SIZES {
            guest.send_bytes(*code, &vec![byte; *fixed_bytes], &[]);
            guest.send_bytes(*code, &vec![byte; *fixed_bytes], &[byte; 100]);
            guest.settle();
        }
    }
    guest.end();
}

#[test]
fn a_fatbin_whose_lengths_lead_out_of_it_never_reaches_the_driver() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let good = fatbin::container([&entry(1, 0x11, PTX)[..], &entry(2, 0x11, &[7; 32])]);
    let load = ModuleLoad { context: CONTEXT, kind: ImageKind::Fatbin as u32, blob: 0 };
    let second = good.len() - 64 - 32;
    // The body, an entry's header and its payload, in the first entry and in the last.
    for at in [8, 12, 16 + 4, 16 + 8, second + 4, second + 8, second + 12] {
        let mut image = good.clone();
        image[at..at + 4].fill(0xff);
        assert_eq!(guest.call(load, &image).map(drop), Err(CuError::INVALID_IMAGE), "{at}");
    }
    for len in 0..good.len() {
        assert_eq!(guest.call(load, &good[..len]).map(drop), Err(CuError::INVALID_IMAGE), "{len}");
    }
    let calls = guest.calls_of("ring");
    assert!(!calls.iter().any(|call| call.starts_with("cuModuleLoad")), "{calls:?}");
    guest.call(load, &good).expect("it can go on");
    guest.end();
}
