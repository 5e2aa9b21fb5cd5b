//! Allocations, copies and fills through the protocol.

use super::*;

#[test]
fn what_is_copied_in_comes_out_again() {
    let mut rig = Rig::new();
    let address = rig.alloc(64);
    rig.recorder.put(100, b"abcd");
    let message = CopyIn { stream: FREE, flags: 0, target: address + 3, source: Span { offset: 100, len_bytes: 4 } };
    rig.run(|device, seq| device.copy_in(seq, &message, &[])).unwrap();
    assert_eq!(rig.read(FREE, address, 8), b"\0\0\0abcd\0");
}

#[test]
fn large_copies_pass_through_the_workers() {
    let mut rig = Rig::new();
    let (first, second) = (rig.alloc(8 << 20), rig.alloc(8 << 20));
    let fill = Fill {
        stream: FREE,
        element_bytes: 4,
        target: first,
        pitch: 0,
        value: 0xdead_beef,
        reserved: 0,
        width: 2 << 20,
        height: 1,
    };
    rig.run(|device, seq| device.fill(seq, &fill, &[])).unwrap();
    let copy = Copy { stream: FREE, reserved: 0, target: second, source: first, len_bytes: 8 << 20 };
    rig.run(|device, seq| device.copy(seq, &copy, &[])).unwrap();
    assert_eq!(rig.read_u32(FREE, second + (8 << 20) - 4), 0xdead_beef);
    let answer = rig.run(|device, seq| device.statistics(seq, &Statistics { reserved: 0 }, &[])).unwrap();
    assert_eq!(answer.reply.copied_bytes, (16 << 20) + 4);
}

#[test]
fn a_box_moves_between_window_and_device() {
    let mut rig = Rig::new();
    let address = rig.alloc(4096);
    rig.recorder.put(0, &[1, 2, 9, 9, 3, 4, 9, 9]);
    let message = CopyBox {
        stream: FREE,
        window: SOURCE_IN_WINDOW,
        target: address,
        target_pitch: 16,
        target_slice_pitch: 0,
        source: 0,
        source_pitch: 4,
        source_slice_pitch: 0,
        width_bytes: 2,
        height: 2,
        depth: 1,
    };
    rig.run(|device, seq| device.copy_box(seq, &message, &[])).unwrap();
    let bytes = rig.read(FREE, address, 18);
    assert_eq!((&bytes[..3], &bytes[16..]), (&[1, 2, 0][..], &[3, 4][..]));
}

#[test]
fn pinned_memory_is_device_memory_too() {
    let mut rig = Rig::new();
    let pinned = rig.recorder.window_address() + PINNED_OFFSET;
    rig.write(FREE, pinned + 8, b"hello").unwrap();
    rig.sync(FREE);
    assert_eq!(rig.recorder.take(PINNED_OFFSET + 8, 5), b"hello");
}

#[test]
fn copies_outside_allocations_are_refused_and_retired() {
    let mut rig = Rig::new();
    let address = rig.alloc(1000);
    assert_eq!(rig.write(FREE, address + 997, b"1234"), Err(CuError::INVALID_VALUE));
    assert!(rig.is_retired(FREE, rig.seq));
    assert!(rig.error_text().contains("pass the end"), "{}", rig.error_text());
    let staging = rig.recorder.window_address();
    assert_eq!(rig.write(FREE, staging, b"1"), Err(CuError::INVALID_VALUE), "the staging area is not device memory");
    let outside = Span { offset: WINDOW_BYTES as u64 - 1, len_bytes: 2 };
    let message = CopyOut { stream: FREE, reserved: 0, source: address, target: outside };
    assert_eq!(rig.run(|device, seq| device.copy_out(seq, &message, &[])), Err(CuError::INVALID_VALUE));
    assert!(rig.is_retired(FREE, rig.seq));
    assert!(rig.failures().is_empty(), "a refusal is the post's result, not a failure of the context");
}

#[test]
fn memory_runs_out_and_comes_back() {
    let mut rig = Rig::new();
    assert_eq!(rig.try_alloc(0), Err(CuError::INVALID_VALUE));
    let all = rig.alloc(MEMORY_BYTES);
    assert_eq!(rig.try_alloc(1), Err(CuError::OUT_OF_MEMORY));
    let info =
        rig.run(|device, seq| device.mem_info(seq, &MemInfo { context: CONTEXT, reserved: 0 }, &[])).unwrap().reply;
    assert_eq!((info.free_bytes, info.total_bytes), (0, MEMORY_BYTES));
    rig.free(all).unwrap();
    assert_eq!(rig.free(all), Err(CuError::INVALID_VALUE));
    rig.alloc(MEMORY_BYTES);
}

#[test]
fn memory_that_queued_work_uses_is_free_only_after_it() {
    let mut rig = Rig::new();
    rig.slow_store = Some(rig.function("slow_store"));
    let most = MEMORY_BYTES - 4096;
    let all = rig.alloc(most);
    rig.slow_store(FREE, all, 77, 2_000_000);
    let store = rig.seq;
    rig.free(all).unwrap();
    // No room is left: this waits for the store.
    let again = rig.alloc(most);
    assert!(rig.is_retired(FREE, store));
    assert_eq!((again, rig.read_u32(FREE, again)), (all, 0));
    assert!(rig.failures().is_empty());
}

#[test]
fn a_context_that_ends_gives_everything_back() {
    let mut rig = Rig::new();
    let address = rig.alloc(1 << 20);
    rig.slow_store(FREE, address, 1, 100_000);
    let module = rig.load(KERNELS).unwrap();
    let used = rig.seq;
    rig.run(|device, seq| device.context_destroy(seq, &ContextDestroy { context: CONTEXT, reserved: 0 }, &[])).unwrap();
    rig.wait(FREE, used - 1);
    rig.device.engine.alloc(MEMORY_BYTES, 0, 99).unwrap();
    assert_eq!(rig.function_of(module, "bump").unwrap_err(), CuError::INVALID_HANDLE);
    assert_eq!(rig.try_alloc(1), Err(CuError::INVALID_CONTEXT));
    let marker = rig.run(|device, seq| device.marker(seq, &Marker { stream: FREE, reserved: 0 }, &[]));
    assert_eq!(marker, Err(CuError::INVALID_HANDLE));
    assert!(rig.is_retired(FREE, rig.seq));
}

#[test]
fn the_pinned_heap_is_opened_where_it_lies() {
    let mut rig = Rig::new();
    let heap = rig.recorder.pinned_heap();
    let span = Span { offset: heap.start - rig.recorder.window_address(), len_bytes: 4096 };
    let opened = rig.run(|device, seq| device.pinned_open(seq, &PinnedOpen { span }, &[])).unwrap();
    assert_eq!(opened.reply, PinnedOpenReply { device_address: heap.start, holds_pages: 0 });
    assert_eq!(rig.run(|device, seq| device.pinned_close(seq, &PinnedClose { span }, &[])), Ok(()));
    for span in [Span { offset: u64::MAX, len_bytes: 2 }, Span { offset: span.offset, len_bytes: u64::MAX }] {
        let opened = rig.run(|device, seq| device.pinned_open(seq, &PinnedOpen { span }, &[]));
        assert_eq!(opened, Err(CuError::INVALID_VALUE));
    }
}

/// The messages that open and close memory of this test's own.
fn of_host(memory: &[u8]) -> (HostOpen, HostClose) {
    let address = memory.as_ptr().expose_provenance() as u64;
    (HostOpen { address, len_bytes: memory.len() as u64 }, HostClose { address })
}

#[test]
fn memory_of_a_guest_in_this_process_is_reached_while_it_is_open() {
    let mut rig = Rig::with(|config| config.is_in_guest = true);
    let mut memory = [7; 64];
    memory[63] = 8;
    let (open, close) = of_host(&memory);
    let target = rig.alloc(64);
    let copy = Copy { stream: FREE, reserved: 0, target, source: open.address, len_bytes: 64 };
    assert_eq!(rig.run(|device, seq| device.copy(seq, &copy, &[])), Err(CuError::INVALID_VALUE));
    rig.run(|device, seq| device.host_open(seq, &open, &[])).unwrap();
    rig.run(|device, seq| device.copy(seq, &copy, &[])).unwrap();
    assert_eq!(rig.read(FREE, target, 64), memory);
    let beyond = Copy { len_bytes: 65, ..copy };
    assert_eq!(rig.run(|device, seq| device.copy(seq, &beyond, &[])), Err(CuError::INVALID_VALUE));
    rig.run(|device, seq| device.host_close(seq, &close, &[])).unwrap();
    assert_eq!(rig.run(|device, seq| device.copy(seq, &copy, &[])), Err(CuError::INVALID_VALUE));
    assert_eq!(rig.run(|device, seq| device.host_close(seq, &close, &[])), Err(CuError::INVALID_VALUE));
}

#[test]
fn a_guest_of_another_process_opens_nothing_of_this_one() {
    let mut rig = Rig::new();
    let memory = [7; 64];
    let (open, close) = of_host(&memory);
    let target = rig.alloc(64);
    let opened = rig.run(|device, seq| device.host_open(seq, &open, &[]));
    assert_eq!(opened, Err(CuError::NOT_SUPPORTED));
    assert_eq!(rig.run(|device, seq| device.host_close(seq, &close, &[])), Err(CuError::NOT_SUPPORTED));
    let copy = Copy { stream: FREE, reserved: 0, target, source: open.address, len_bytes: 64 };
    assert_eq!(rig.run(|device, seq| device.copy(seq, &copy, &[])), Err(CuError::INVALID_VALUE));
}
