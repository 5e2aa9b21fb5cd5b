//! Bytes lie where copies and fills say, by streams and by graphs.

use vgpu_core::wire::Span;
use vgpu_core::wire::messages::*;

use crate::cases::{copy_box, create_graph, fill, node};
use crate::fake::Fake;
use crate::guest::{Guest, STREAM};

/// Everything that moves bytes, one after the other.
struct Moves {
    copy_in: CopyIn,
    inline: CopyInline,
    copy_box: CopyBox,
    fill: Fill,
    copy: Copy,
    copy_out: CopyOut,
}

impl Moves {
    fn of(guest: &Guest) -> Self {
        let (stream, reserved, memory) = (STREAM, 0, guest.memory);
        Self {
            copy_in: CopyIn { stream, flags: 0, target: memory, source: Span { offset: 0, len_bytes: 256 } },
            inline: CopyInline { stream, reserved, target: memory + 4 },
            copy_box: CopyBox { target: memory + 16, ..copy_box(guest) },
            fill: Fill { target: memory + 20, width: 2, ..fill(guest) },
            copy: Copy { stream, reserved, target: memory + 256, source: memory, len_bytes: 256 },
            copy_out: CopyOut { stream, reserved, source: memory + 256, target: Span { offset: 1024, len_bytes: 256 } },
        }
    }
}

/// What 256 bytes of the window become.
fn expected(window: &[u8]) -> Vec<u8> {
    let mut memory = window[..256].to_vec();
    memory[4..6].copy_from_slice(b"in");
    for slice in 0..3 {
        for row in 0..2 {
            let source = 8 + slice * 32 + row * 8;
            let target = 16 + slice * 64 + row * 16;
            memory[target..target + 8].copy_from_slice(&window[source..source + 8]);
        }
    }
    // Three rows of two elements 0x0201, 16 bytes apart.
    (0..3).for_each(|row| memory[20 + row * 16..][..4].copy_from_slice(&[1, 2, 1, 2]));
    memory
}

/// A window with something in it, the guest, and what comes of it.
fn start(fake: &std::sync::Arc<Fake>) -> (Guest, Vec<u8>) {
    let guest = Guest::ready(fake);
    let bytes: Vec<u8> = (0..256_u32).map(|at| (at * 7 + 3) as u8).collect();
    guest.window.put(0, &bytes);
    (guest, expected(&bytes))
}

#[test]
fn a_stream_moves_them() {
    let fake = Fake::new();
    let (mut guest, expected) = start(&fake);
    let Moves { copy_in, inline, copy_box, fill, copy, copy_out } = Moves::of(&guest);
    guest.post(copy_in).unwrap();
    guest.post_with(inline, b"in").unwrap();
    guest.post(copy_box).unwrap();
    guest.post(fill).unwrap();
    guest.post(copy).unwrap();
    guest.post(copy_out).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(1024, 256), expected);
    guest.end();
}

#[test]
fn a_graph_moves_them() {
    let fake = Fake::new();
    let (mut guest, expected) = start(&fake);
    let Moves { copy_in, inline, copy_box, fill, copy, copy_out } = Moves::of(&guest);
    let nodes = [
        node(&copy_in, &[], &[]),
        node(&inline, b"in", &[0]),
        node(&copy_box, &[], &[1]),
        node(&fill, &[], &[2]),
        node(&copy, &[], &[3]),
        node(&copy_out, &[], &[4]),
    ];
    create_graph(&mut guest, &nodes).unwrap();
    guest.post(GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 }).unwrap();
    guest.wait_for(STREAM, guest.seq);
    assert_eq!(guest.window.get(1024, 256), expected);
    guest.end();
}

#[test]
fn slices_that_are_no_whole_rows_apart_are_moved_one_by_one() {
    let fake = Fake::new();
    let (mut guest, _) = start(&fake);
    let copy = CopyBox { target_slice_pitch: 40, ..copy_box(&guest) };
    guest.post(copy).unwrap();
    let out =
        CopyOut { stream: STREAM, reserved: 0, source: guest.memory, target: Span { offset: 1024, len_bytes: 104 } };
    guest.post(out).unwrap();
    guest.wait_for(STREAM, guest.seq);
    let (window, memory) = (guest.window.get(0, 256), guest.window.get(1024, 104));
    for (slice, row) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)] {
        let (source, target) = (8 + slice * 32 + row * 8, slice * 40 + row * 16);
        assert_eq!(memory[target..target + 8], window[source..source + 8], "slice {slice}, row {row}");
    }
    guest.end();
}
