//! Graphs and linear algebra as work on a stream.

use vgpu_core::wire::{Message, Op, Pod};

use super::*;

pub(super) fn node<M: Message>(dependencies: &[u32], message: &M, tail: &[u8]) -> Vec<u8> {
    let fixed = message.as_bytes();
    let len = (16 + 4 * dependencies.len() + fixed.len() + tail.len()).next_multiple_of(8);
    let header = GraphNode {
        len_bytes: len as u32,
        op: M::OP as u16,
        reserved: 0,
        dependency_count: dependencies.len() as u32,
        tail_bytes: tail.len() as u32,
    };
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(dependencies.iter().flat_map(|index| index.to_le_bytes()));
    bytes.extend(fixed);
    bytes.extend(tail);
    bytes.resize(len, 0);
    bytes
}

pub(super) fn create(rig: &mut Rig, nodes: &[Vec<u8>]) -> CuResult<u64> {
    let message = GraphCreate { context: CONTEXT, node_count: nodes.len() as u32, blob: 0 };
    rig.run(|device, seq| device.graph_create(seq, &message, &nodes.concat())).map(|answer| answer.reply.graph)
}

pub(super) fn start(rig: &mut Rig, graph: u64) -> CuResult {
    rig.run(|device, seq| device.graph_launch(seq, &GraphLaunch { graph, stream: FREE, reserved: 0 }, &[]))
}

fn inline(target: u64) -> CopyInline {
    CopyInline { stream: 99, reserved: 0, target }
}

#[test]
fn nodes_run_in_dependency_order_at_every_launch() {
    let mut rig = Rig::new();
    let add_one = rig.function("add_one");
    let slow_store = rig.function("slow_store");
    let (address, copy) = (rig.alloc(4), rig.alloc(4));
    let nodes = [
        node(&[], &launch(99, slow_store, 1, 1), &params(address, &[10, 1_000_000])),
        node(&[0], &launch(99, add_one, 1, 32), &params(address, &[1])),
        node(&[], &EventRecord { stream: 99, event: 3 }, &[]),
        node(&[1, 2], &Copy { stream: 99, reserved: 0, target: copy, source: address, len_bytes: 4 }, &[]),
    ];
    let graph = create(&mut rig, &nodes).unwrap();
    for _ in 0..3 {
        rig.write(FREE, address, &[0; 8][..4]).unwrap();
        start(&mut rig, graph).unwrap();
        assert_eq!(rig.read_u32(FREE, copy), 11);
    }
    assert!(rig.recorder.records.lock().events.contains_key(&3));
    rig.run(|device, seq| device.graph_destroy(seq, &GraphDestroy { graph }, &[])).unwrap();
    assert_eq!(start(&mut rig, graph), Err(CuError::INVALID_HANDLE));
    assert!(rig.is_retired(FREE, rig.seq));
}

#[test]
fn an_empty_graph_is_done_at_once() {
    let mut rig = Rig::new();
    let graph = create(&mut rig, &[]).unwrap();
    start(&mut rig, graph).unwrap();
    rig.sync(FREE);
}

#[test]
fn a_wide_graph_joins_in_one_node() {
    let mut rig = Rig::new();
    let address = rig.alloc(4 * 64);
    let add_one = rig.function("add_one");
    let mut nodes: Vec<Vec<u8>> =
        (0..64).map(|index| node(&[], &launch(0, add_one, 1, 1), &params(address + 4 * index, &[1]))).collect();
    nodes.push(node(&(0..64).collect::<Vec<u32>>(), &launch(0, add_one, 2, 32), &params(address, &[64])));
    let graph = create(&mut rig, &nodes).unwrap();
    start(&mut rig, graph).unwrap();
    start(&mut rig, graph).unwrap();
    assert!(rig.read(FREE, address, 256).chunks(4).all(|word| word == [4, 0, 0, 0]));
}

#[test]
fn a_graph_of_bogus_addresses_is_fine_until_it_is_launched() {
    let mut rig = Rig::new();
    let graph =
        create(&mut rig, &[node(&[], &inline(0x10), b"1234"), node(&[0], &Marker { stream: 0, reserved: 0 }, &[])])
            .unwrap();
    rig.sync(FREE);
    assert!(rig.failures().is_empty());
    start(&mut rig, graph).unwrap();
    rig.sync(FREE);
    assert_eq!(rig.failures()[0].0, CuError::ILLEGAL_ADDRESS);
}

#[test]
fn memory_freed_after_a_launch_of_a_graph_is_still_there_for_it() {
    let mut rig = Rig::new();
    let (address, other) = (rig.alloc(4096), rig.alloc(4));
    let slow_store = rig.function("slow_store");
    let nodes = [
        node(&[], &launch(0, slow_store, 1, 1), &params(address, &[5, 2_000_000])),
        node(&[0], &Copy { stream: 0, reserved: 0, target: other, source: address, len_bytes: 4 }, &[]),
    ];
    let graph = create(&mut rig, &nodes).unwrap();
    start(&mut rig, graph).unwrap();
    rig.free(address).unwrap();
    assert_eq!(rig.read_u32(FREE, other), 5);
    assert!(rig.failures().is_empty());
}

#[test]
fn an_update_changes_later_launches_and_must_have_the_same_shape() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    let graph = create(&mut rig, &[node(&[], &inline(address), b"aaaa")]).unwrap();
    start(&mut rig, graph).unwrap();
    assert_eq!(rig.read(FREE, address, 4), b"aaaa");
    let update = |rig: &mut Rig, nodes: &[Vec<u8>]| {
        let message = GraphUpdate { graph, node_count: nodes.len() as u32, reserved: 0, blob: 0 };
        rig.run(|device, seq| device.graph_update(seq, &message, &nodes.concat())).map(|_| ())
    };
    update(&mut rig, &[node(&[], &inline(address), b"bbbb")]).unwrap();
    let other = update(&mut rig, &[node(&[], &Marker { stream: 0, reserved: 0 }, &[])]);
    assert_eq!(other, Err(CuError::GRAPH_EXEC_UPDATE_FAILURE));
    start(&mut rig, graph).unwrap();
    assert_eq!(rig.read(FREE, address, 4), b"bbbb");
}

#[test]
fn nodes_that_are_none_are_refused() {
    let mut rig = Rig::new();
    let unknown_function = node(&[], &launch(0, 12_345, 1, 1), &[]);
    assert_eq!(create(&mut rig, &[unknown_function]), Err(CuError::INVALID_HANDLE));
    assert_eq!(create(&mut rig, &[node(&[], &MemFree { address: 0 }, &[])]), Err(CuError::INVALID_VALUE));
    assert_eq!(Op::from_code(0), None);
}

fn single(value: f32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn products_are_work_on_a_stream_with_scalars_and_pointers_in_device_memory() {
    let mut rig = Rig::new();
    let words = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let memory = rig.alloc(4096);
    let (a, b, c, pointers, scalars) = (memory, memory + 64, memory + 128, memory + 256, memory + 512);
    rig.write(FREE, a, &words(&[1.0, 2.0, 3.0, 4.0])).unwrap();
    rig.write(FREE, b, &words(&[5.0, 6.0, 7.0, 8.0])).unwrap();
    rig.write(FREE, scalars, &words(&[2.0, 0.0])).unwrap();
    let table: Vec<u8> = [a, b, c].iter().flat_map(|address| address.to_le_bytes()).collect();
    rig.write(FREE, pointers, &table).unwrap();
    let mut scalar = [[0; 16]; 2];
    scalar[0][..8].copy_from_slice(&scalars.to_le_bytes());
    scalar[1][..8].copy_from_slice(&(scalars + 4).to_le_bytes());
    let mut message = Gemm {
        stream: FREE,
        flags: BLAS_POINTER_ARRAYS | BLAS_SCALARS_ON_DEVICE,
        op_a: 0,
        op_b: 0,
        a_type: 0,
        b_type: 0,
        c_type: 0,
        compute: 68,
        scale_type: 0,
        batch: 1,
        m: 2,
        n: 2,
        k: 2,
        lda: 2,
        ldb: 2,
        ldc: 2,
        stride_a: 0,
        stride_b: 0,
        stride_c: 0,
        a: pointers,
        b: pointers + 8,
        c: pointers + 16,
        alpha: scalar[0],
        beta: scalar[1],
        settings: BlasSettings::DEFAULT,
    };
    rig.run(|device, seq| device.gemm(seq, &message, &[])).unwrap();
    assert_eq!(rig.read(FREE, c, 16), words(&[46.0, 68.0, 62.0, 92.0]));
    (message.flags, message.c, message.alpha, message.beta) = (0, memory + 4096, single(1.0), single(0.0));
    (message.a, message.b) = (a, b);
    rig.run(|device, seq| device.gemm(seq, &message, &[])).unwrap();
    rig.sync(FREE);
    assert_eq!(rig.failures()[0].0, CuError::ILLEGAL_ADDRESS);
    assert!(rig.failures()[0].1.contains("matrix C"), "{:?}", rig.failures());
}
