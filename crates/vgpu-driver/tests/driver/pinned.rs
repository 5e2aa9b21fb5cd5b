//! Parts of the pinned heap: opened, copied to and from, closed, and by whom they are held.

use vgpu_core::wire::messages::*;
use vgpu_core::wire::{Completions, Span};
use vgpu_core::{CuError, CuResult};

use crate::cases::{copy_box, create_graph, fill, node};
use crate::fake::Fake;
use crate::guest::{AREA_BYTES, CONTEXT, Guest, LEGACY, STREAM, pinned};

const PAGE: u64 = 4096;
const INVALID: CuResult = Err(CuError::INVALID_VALUE);

/// The address of a byte of the heap.
fn at(guest: &Guest, offset: u64) -> u64 {
    guest.window.pinned_heap().start + offset
}

fn copy(target: u64, source: u64, len_bytes: u64) -> Copy {
    Copy { stream: STREAM, reserved: 0, target, source, len_bytes }
}

fn copy_in(target: u64, source: Span) -> CopyIn {
    CopyIn { stream: STREAM, flags: 0, target, source }
}

fn copy_out(source: u64, target: Span) -> CopyOut {
    CopyOut { stream: STREAM, reserved: 0, source, target }
}

/// The calls of the thread that serves the ring which register something or queue or add work that moves bytes.
fn moves(guest: &Guest) -> Vec<String> {
    let calls = guest.calls_of("ring").into_iter();
    calls
        .filter(|call| ["cuMemcpy", "cuMemset", "cuMemHost", "cuGraphAddMem"].iter().any(|name| call.starts_with(name)))
        .collect()
}

#[test]
fn the_heap_is_reached_by_its_addresses() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(0, PAGE).unwrap();
    guest.window.put(AREA_BYTES, b"pinned");
    let copies = [(guest.memory, at(&guest, 0)), (at(&guest, 64), guest.memory), (at(&guest, 128), at(&guest, 64))];
    for (target, source) in copies {
        guest.post(copy(target, source, 6)).unwrap();
    }
    let filled = Fill { target: at(&guest, 200), height: 1, ..fill(&guest) };
    guest.post(filled).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(AREA_BYTES + 128, 6), b"pinned");
    assert_eq!(guest.window.get(AREA_BYTES + 200, 8), [1, 2, 1, 2, 1, 2, 1, 2]);
    guest.end();
}

#[test]
fn a_copy_never_goes_over_the_border_of_two_parts() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(0, PAGE).unwrap();
    guest.open_pinned(PAGE, PAGE).unwrap();
    guest.fake.take_log();
    let bytes: Vec<u8> = (0..64).collect();
    guest.window.put(AREA_BYTES + PAGE - 32, &bytes);
    let memory = guest.memory;
    guest.post(copy_in(memory, pinned(PAGE - 32, 64))).unwrap();
    guest.post(copy_out(memory, pinned(PAGE - 16, 64))).unwrap();
    let rows = CopyBox { source: AREA_BYTES + PAGE - 8 - 32, ..copy_box(&guest) };
    guest.post(rows).unwrap();
    guest.post(Fill { target: at(&guest, PAGE - 4), height: 1, ..fill(&guest) }).unwrap();
    assert_eq!(
        moves(&guest),
        [
            "cuMemcpyHtoDAsync_v2(memory1, registered3+4064, 32, stream1)",
            "cuMemcpyHtoDAsync_v2(memory1+32, registered4, 32, stream1)",
            "cuMemcpyDtoHAsync_v2(registered3+4080, memory1, 16, stream1)",
            "cuMemcpyDtoHAsync_v2(registered4, memory1+16, 48, stream1)",
            "cuMemcpy2DAsync_v2(8x2x1 memory1 16/0 <- registered3+4056 8/0, stream1)",
            "cuMemcpyHtoDAsync_v2(memory1+64, registered3+4088, 8, stream1)",
            "cuMemcpyHtoDAsync_v2(memory1+80, registered4, 8, stream1)",
            "cuMemcpy2DAsync_v2(8x2x1 memory1+128 16/0 <- registered4+24 8/0, stream1)",
            "cuMemsetD2D16Async(registered3+4092, 8, 513, 2, 1, stream1)",
            "cuMemsetD2D16Async(registered4, 8, 513, 2, 1, stream1)",
        ]
    );
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(AREA_BYTES + PAGE - 4, 8), [1, 2, 1, 2, 1, 2, 1, 2]);
    assert_eq!(guest.window.get(AREA_BYTES + PAGE + 4, 44), bytes[20..]);
    guest.end();
}

#[test]
fn nor_does_a_node_of_a_graph() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(0, PAGE).unwrap();
    guest.open_pinned(PAGE, PAGE).unwrap();
    guest.window.put(AREA_BYTES + PAGE - 4, b"together");
    guest.fake.take_log();
    let (memory, onward) = (guest.memory, guest.memory + 64);
    let nodes = [
        node(&copy_in(memory, pinned(PAGE - 4, 8)), &[], &[]),
        node(&copy(onward, memory, 8), &[], &[0]),
        node(&copy_out(onward, pinned(0, 8)), &[], &[1]),
    ];
    create_graph(&mut guest, &nodes).unwrap();
    assert_eq!(
        moves(&guest),
        [
            "cuGraphAddMemcpyNode(graph1, [], 4x1x1 memory1 8/1 <- registered3+4092 8/1, context1) -> node1",
            "cuGraphAddMemcpyNode(graph1, [node1], 4x1x1 memory1+4 8/1 <- registered4 8/1, context1) -> node2",
            "cuGraphAddMemcpyNode(graph1, [node2], 8x1x1 memory1+64 8/1 <- memory1 8/1, context1) -> node3",
            "cuGraphAddMemcpyNode(graph1, [node3], 8x1x1 registered3 8/1 <- memory1+64 8/1, context1) -> node4",
        ]
    );
    let launch = GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 };
    guest.post(launch).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(AREA_BYTES, 8), b"together");
    guest.close_pinned(PAGE, PAGE).unwrap();
    assert_eq!(guest.post(launch), INVALID, "a part that it copies from is closed");
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn what_is_not_open_is_not_touched() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(PAGE, PAGE).unwrap();
    guest.open_pinned(3 * PAGE, PAGE).unwrap();
    guest.close_pinned(3 * PAGE, PAGE).unwrap();
    guest.fake.take_log();
    let memory = guest.memory;
    for offset in [0, PAGE - 8, 2 * PAGE - 8, 2 * PAGE, 3 * PAGE, AREA_BYTES - 16] {
        let (address, span) = (at(&guest, offset), pinned(offset, 16));
        let copies = [copy(memory, address, 16), copy(address, memory, 16)];
        for copy in copies {
            assert_eq!(guest.post(copy), INVALID, "{copy:?}");
            assert_eq!(create_graph(&mut guest, &[node(&copy, &[], &[])]), INVALID, "{copy:?}");
        }
        assert_eq!(guest.post(copy_in(memory, span)), INVALID, "{span:?}");
        assert_eq!(guest.post(copy_out(memory, span)), INVALID, "{span:?}");
        let rows = CopyBox { source: span.offset, ..copy_box(&guest) };
        assert_eq!(guest.post(rows), INVALID, "{rows:?}");
        let filled = Fill { target: address, ..fill(&guest) };
        assert_eq!(guest.post(filled), INVALID, "{filled:?}");
    }
    // From staging into the heap.
    let across = copy_in(memory, Span { offset: AREA_BYTES - 8, len_bytes: 16 });
    assert_eq!(guest.post(across), INVALID);
    assert_eq!(moves(&guest), [""; 0]);
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn what_is_no_part_or_open_already_is_not_opened() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(4 * PAGE, 2 * PAGE).unwrap();
    guest.fake.take_log();
    let wrong = [
        pinned(0, 0),
        pinned(8, PAGE),
        pinned(0, PAGE + 8),
        pinned(4 * PAGE, 2 * PAGE),
        pinned(5 * PAGE, 2 * PAGE),
        pinned(3 * PAGE, 2 * PAGE),
        pinned(3 * PAGE, 8 * PAGE),
        pinned(AREA_BYTES - PAGE, 2 * PAGE),
        pinned(AREA_BYTES, PAGE),
        Span { offset: 0, len_bytes: PAGE },
        Span { offset: AREA_BYTES - PAGE, len_bytes: 2 * PAGE },
        Span { offset: u64::MAX - PAGE + 1, len_bytes: PAGE },
        Span { offset: AREA_BYTES, len_bytes: u64::MAX },
        Span { offset: AREA_BYTES, len_bytes: u64::MAX - PAGE + 1 },
    ];
    for span in wrong {
        assert_eq!(guest.call(PinnedOpen { span }, &[]).map(drop), INVALID, "{span:?}");
        if span != pinned(4 * PAGE, 2 * PAGE) {
            assert_eq!(guest.post(PinnedClose { span }), INVALID, "{span:?}");
        }
    }
    assert_eq!(guest.close_pinned(4 * PAGE, PAGE), INVALID);
    guest.close_pinned(4 * PAGE, 2 * PAGE).unwrap();
    assert_eq!(guest.close_pinned(4 * PAGE, 2 * PAGE), INVALID);
    assert_eq!(moves(&guest), [""; 0]);
    guest.end();
}

#[test]
fn without_a_context_nothing_is_opened() {
    let fake = Fake::new();
    let mut guest = Guest::new(&fake);
    assert_eq!(guest.open_pinned(0, PAGE), Err(CuError::INVALID_CONTEXT));
    guest.end();
}

#[test]
fn masses_are_opened_and_closed() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let last = AREA_BYTES / PAGE - 1;
    for round in 0..100_000 {
        let part = round % last * PAGE;
        guest.open_pinned(part, PAGE).unwrap();
        guest.close_pinned(part, PAGE).unwrap();
        guest.settle();
        if round % 1000 == 0 {
            fake.take_log();
        }
    }
    guest.end();
}

#[test]
fn a_part_is_held_while_earlier_copies_need_it_and_registered_anew() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(0, PAGE).unwrap();
    guest.window.put(AREA_BYTES, b"held");
    fake.hold("stream1", true);
    let memory = guest.memory;
    guest.post(copy_in(memory, pinned(0, 4))).unwrap();
    guest.close_pinned(0, PAGE).unwrap();
    guest.settle();
    fake.take_log();
    assert_eq!(guest.post(copy_in(memory, pinned(0, 4))), INVALID, "it is closed for what comes later");
    assert!(fake.living().contains(&"registered3".to_owned()));
    let going_on = std::thread::scope(|scope| {
        let fake = &fake;
        // Opening it again waits for that.
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            fake.hold("stream1", false);
        });
        guest.open_pinned(0, PAGE)
    });
    going_on.unwrap();
    let calls: Vec<String> = fake.take_log().into_iter().map(|call| call.line).collect();
    let place = |beginning: &str| calls.iter().position(|call| call.starts_with(beginning)).expect(beginning);
    assert!(place("cuMemHostUnregister(registered3)") < place("cuMemHostRegister_v2("), "{calls:?}");
    guest.post(copy_out(memory, pinned(8, 4))).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(AREA_BYTES + 8, 4), b"held");
    guest.end();
}

#[test]
fn registrations_outlive_the_context_that_holds_them_while_others_live() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(0, PAGE).unwrap();
    guest.window.put(AREA_BYTES, b"outlived");
    guest.post(ContextCreate { context: 2, device: 0, legacy_stream: 2, flags: 0 }).unwrap();
    let memory = guest.call(MemAlloc { context: 2, reserved: 0, len_bytes: 64 }, &[]).unwrap().reply.address;
    guest.post(ContextDestroy { context: CONTEXT, reserved: 0 }).unwrap();
    guest.post(CopyIn { stream: 2, ..copy_in(memory, pinned(0, 8)) }).unwrap();
    guest.post(CopyOut { stream: 2, ..copy_out(memory, pinned(64, 8)) }).unwrap();
    guest.wait_for(2, guest.seq);
    assert_eq!(guest.window.get(AREA_BYTES + 64, 8), b"outlived");
    // Parts can still be opened, and a context is no second user of the primary one.
    guest.open_pinned(PAGE, PAGE).unwrap();
    guest.post(ContextCreate { context: 3, device: 0, legacy_stream: 3, flags: 0 }).unwrap();
    guest.wait_for(3, guest.seq);
    let living = fake.living();
    assert!(
        ["context1", "registered1", "registered3", "registered4"]
            .iter()
            .all(|name| living.contains(&(*name).to_owned()))
    );
    guest.end();
}

#[test]
fn what_is_open_is_registered_again_for_the_next_first_context() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.open_pinned(0, PAGE).unwrap();
    guest.post(ContextDestroy { context: CONTEXT, reserved: 0 }).unwrap();
    assert_eq!(guest.open_pinned(PAGE, PAGE), Err(CuError::INVALID_CONTEXT));
    guest.post(ContextCreate { context: 2, device: 0, legacy_stream: LEGACY, flags: 0 }).unwrap();
    fake.take_log();
    guest.window.put(AREA_BYTES, b"again");
    let memory = guest.call(MemAlloc { context: 2, reserved: 0, len_bytes: 64 }, &[]).unwrap().reply.address;
    guest.post(CopyIn { stream: LEGACY, ..copy_in(memory, pinned(0, 5)) }).unwrap();
    assert_eq!(moves(&guest), ["cuMemcpyHtoDAsync_v2(memory2, registered6, 5, legacy)"]);
    guest.wait_for(LEGACY, guest.seq);
    guest.close_pinned(0, PAGE).unwrap();
    guest.end();
}

#[test]
fn a_part_that_is_not_registered_is_copied_and_not_filled() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    fake.fail("ring", "cuMemHostRegister_v2(", 0, CuError::NOT_PERMITTED.code());
    guest.open_pinned(0, PAGE).unwrap();
    guest.window.put(AREA_BYTES, b"pageable");
    let memory = guest.memory;
    guest.post(copy_in(memory, pinned(0, 8))).unwrap();
    guest.post(copy_out(memory, pinned(64, 8))).unwrap();
    let filled = Fill { target: at(&guest, 0), ..fill(&guest) };
    assert_eq!(guest.post(filled), Err(CuError::NOT_SUPPORTED));
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(AREA_BYTES + 64, 8), b"pageable");
    guest.close_pinned(0, PAGE).unwrap();
    guest.end();
}
