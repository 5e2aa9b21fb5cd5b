//! Launches of clusters: what is launched, what is refused, and what is told of them.

use vgpu_core::abi::{
    CUdevice_attribute_enum as DeviceAttribute, CUfunction_attribute_enum as Attribute, CUlaunchAttributeID as Id,
};
use vgpu_core::wire::Pod;
use vgpu_core::wire::launch_attributes::LaunchAttribute;

use super::graphs::{create, node, start};
use super::launches::{attribute, launch_ex};
use super::*;

/// Every block puts the rank of the next one of its cluster, which that one has put into its shared memory, at its place.
const KERNELS: &str = "
.version 8.4
.target sm_90
.address_size 64
.visible .entry ranks(.param .u64 p)
{
    .reg .b32 %r<8>;
    .reg .b64 %rd<3>;
    .shared .align 4 .b8 cell[4];
    ld.param.u64 %rd1, [p];
    mov.u32 %r1, %cluster_ctarank;
    mov.u32 %r2, %cluster_nctarank;
    st.shared.u32 [cell], %r1;
    barrier.cluster.arrive.aligned;
    barrier.cluster.wait.aligned;
    add.u32 %r3, %r1, 1;
    rem.u32 %r3, %r3, %r2;
    mov.u32 %r4, cell;
    mapa.shared::cluster.u32 %r4, %r4, %r3;
    ld.shared::cluster.u32 %r5, [%r4];
    mov.u32 %r6, %ctaid.x;
    mul.wide.u32 %rd2, %r6, 4;
    add.u64 %rd2, %rd1, %rd2;
    st.global.u32 [%rd2], %r5;
    barrier.cluster.arrive.aligned;
    barrier.cluster.wait.aligned;
    ret;
}
.visible .entry pairs(.param .u64 p) .explicitcluster .reqnctapercluster 2, 1, 1
{
    .reg .b32 %r<3>;
    .reg .b64 %rd<3>;
    ld.param.u64 %rd1, [p];
    mov.u32 %r1, %ctaid.x;
    mul.wide.u32 %rd2, %r1, 4;
    add.u64 %rd2, %rd1, %rd2;
    mov.u32 %r2, %cluster_ctarank;
    st.global.u32 [%rd2], %r2;
    ret;
}
.visible .entry limited(.param .u64 p) .maxclusterrank 4
{
    ret;
}
";

/// A device of capability 9.0, and the functions of a name.
fn rig(multiprocessors: u32) -> Rig {
    Rig::with(|config| {
        config.compute_capability = (9, 0);
        config.multiprocessors = multiprocessors;
    })
}

fn reply(rig: &mut Rig, name: &str) -> FunctionReply {
    let module = rig.load(KERNELS).unwrap();
    rig.function_of(module, name).unwrap()
}

fn cluster(blocks: [u32; 3]) -> LaunchAttribute {
    attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &blocks)
}

fn words(rig: &mut Rig, address: u64, count: usize) -> Vec<u32> {
    let bytes = rig.read(FREE, address, 4 * count);
    bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

fn set(rig: &mut Rig, function: u64, attribute: Attribute, value: i32) -> CuResult {
    let message = FunctionAttribute { function, attribute: attribute.0, value };
    rig.run(|device, seq| device.function_attribute(seq, &message, &[]))
}

fn ask(rig: &mut Rig, question: u32, message: &Launch, attributes: &[LaunchAttribute]) -> CuResult<u32> {
    let tail: Vec<u8> = attributes.iter().flat_map(|attribute| attribute.as_bytes().to_vec()).collect();
    let message = message.with_attributes(attributes.len() as u32).ask(question);
    rig.run(|device, seq| device.cluster_occupancy(seq, &message, &tail)).map(|answer| answer.reply.count)
}

#[test]
fn blocks_of_a_launch_form_the_clusters_that_it_asks_for() {
    let mut rig = rig(8);
    let (function, address) = (reply(&mut rig, "ranks").function, rig.alloc(4 * 8));
    for (size, expected) in [(1, [0; 8]), (2, [1, 0, 1, 0, 1, 0, 1, 0]), (8, [1, 2, 3, 4, 5, 6, 7, 0])] {
        let message = launch(FREE, function, 8, 64);
        launch_ex(&mut rig, &message, &[cluster([size, 1, 1])], &address.to_le_bytes()).unwrap();
        assert_eq!(words(&mut rig, address, 8), expected);
    }
    assert!(rig.failures().is_empty());
}

#[test]
fn a_graphs_node_has_clusters_too() {
    let mut rig = rig(8);
    let (function, address) = (reply(&mut rig, "ranks").function, rig.alloc(4 * 4));
    let message = launch(99, function, 4, 32).with_attributes(1);
    let tail = [cluster([4, 1, 1]).as_bytes(), &address.to_le_bytes()].concat();
    let graph = create(&mut rig, &[node(&[], &message, &tail)]).unwrap();
    start(&mut rig, graph).unwrap();
    assert_eq!(words(&mut rig, address, 4), [1, 2, 3, 0]);
    let message = launch(99, function, 6, 32).with_attributes(1);
    assert_eq!(create(&mut rig, &[node(&[], &message, &tail)]), Err(CuError::INVALID_CLUSTER_SIZE));
}

#[test]
fn clusters_that_a_gpu_does_not_take_are_refused_and_retired() {
    let mut rig = rig(8);
    let address = rig.alloc(4 * 48);
    let [ranks, pairs, limited] = ["ranks", "pairs", "limited"].map(|name| reply(&mut rig, name).function);
    let mut refused = |function: u64, blocks: [u32; 3]| {
        let message = launch(FREE, function, 48, 32);
        let result = launch_ex(&mut rig, &message, &[cluster(blocks)], &address.to_le_bytes());
        rig.wait(FREE, rig.seq);
        result.err()
    };
    let invalid = Some(CuError::INVALID_CLUSTER_SIZE);
    // Not a part of the grid; more than eight without leave; more than any has; numbers that pass any.
    for blocks in [[5, 1, 1], [1, 2, 1], [16, 1, 1], [48, 1, 1], [u32::MAX; 3]] {
        assert_eq!(refused(ranks, blocks), invalid, "{blocks:?}");
    }
    assert_eq!(refused(pairs, [4, 1, 1]), invalid, "it was compiled for two");
    assert_eq!(refused(pairs, [2, 1, 1]), None);
    assert_eq!((refused(limited, [8, 1, 1]), refused(limited, [4, 1, 1])), (invalid, None));
    assert!(rig.failures().is_empty(), "what is refused leaves the context alone");
}

#[test]
fn sixteen_blocks_need_leave_and_room() {
    let mut rig = rig(8);
    let (function, address) = (reply(&mut rig, "ranks").function, rig.alloc(4 * 16));
    let of = |dynamic_shared_bytes| Launch { dynamic_shared_bytes, ..launch(FREE, function, 16, 32) };
    let mut run = |message: &Launch| launch_ex(&mut rig, message, &[cluster([16, 1, 1])], &address.to_le_bytes());
    assert_eq!(run(&of(0)), Err(CuError::INVALID_CLUSTER_SIZE));
    set(&mut rig, function, Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1).unwrap();
    set(&mut rig, function, Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 226 << 10).unwrap();
    let mut run = |message: &Launch| launch_ex(&mut rig, message, &[cluster([16, 1, 1])], &address.to_le_bytes());
    assert_eq!(run(&of(0)), Ok(()));
    // Each of the eight multiprocessors has room for one block of these.
    assert_eq!(run(&of(226 << 10)), Err(CuError::INVALID_CLUSTER_SIZE));
    let expected: Vec<u32> = (0..16).map(|rank| (rank + 1) % 16).collect();
    assert_eq!(words(&mut rig, address, 16), expected);
}

#[test]
fn a_function_requires_clusters_and_says_so() {
    let mut rig = rig(8);
    let address = rig.alloc(4 * 4);
    let of = |reply: &FunctionReply, attribute: Attribute| reply.attributes[attribute.0 as usize];
    let attributes = [
        Attribute::CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET,
        Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH,
        Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT,
        Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH,
        Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED,
    ];
    let (pairs, ranks) = (reply(&mut rig, "pairs"), reply(&mut rig, "ranks"));
    assert_eq!(attributes.map(|attribute| of(&pairs, attribute)), [1, 2, 1, 1, 0]);
    assert_eq!(attributes.map(|attribute| of(&ranks, attribute)), [0; 5]);
    // A plain launch has what the kernel requires.
    rig.launch(FREE, pairs.function, 4, 1, &address.to_le_bytes()).unwrap();
    assert_eq!(words(&mut rig, address, 4), [0, 1, 0, 1]);
    assert_eq!(rig.launch(FREE, pairs.function, 3, 1, &address.to_le_bytes()), Err(CuError::INVALID_CLUSTER_SIZE));
    // One may require it of others; all three or none are not 0.
    let width = Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH;
    assert_eq!(set(&mut rig, pairs.function, width, 4), Err(CuError::NOT_PERMITTED));
    assert_eq!(set(&mut rig, ranks.function, width, -1), Err(CuError::INVALID_VALUE));
    set(&mut rig, ranks.function, width, 4).unwrap();
    let half = rig.launch(FREE, ranks.function, 4, 1, &address.to_le_bytes());
    assert_eq!(half, Err(CuError::INVALID_CLUSTER_SIZE));
    set(&mut rig, ranks.function, Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT, 1).unwrap();
    set(&mut rig, ranks.function, Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH, 1).unwrap();
    rig.launch(FREE, ranks.function, 4, 1, &address.to_le_bytes()).unwrap();
    assert_eq!(words(&mut rig, address, 4), [1, 2, 3, 0]);
}

#[test]
fn occupancy_tells_what_launches_take() {
    // By NVIDIA's table of capability 9.0 a multiprocessor has 228 KiB of shared memory, and a block 1 KiB more than it asks for.
    let mut rig = rig(20);
    let [ranks, pairs, limited] = ["ranks", "pairs", "limited"].map(|name| reply(&mut rig, name).function);
    let shared = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    set(&mut rig, ranks, shared, 226 << 10).unwrap();
    let whole = |function| Launch { dynamic_shared_bytes: 226 << 10, ..launch(FREE, function, 8, 32) };
    // A group of 16 multiprocessors with a block each, and one of four.
    let at_a_time =
        |rig: &mut Rig, blocks: u32| ask(rig, CLUSTERS_AT_A_TIME, &whole(ranks), &[cluster([blocks, 1, 1])]);
    assert_eq!([1, 4, 8].map(|blocks| at_a_time(&mut rig, blocks)), [Ok(20), Ok(5), Ok(2)]);
    assert_eq!(at_a_time(&mut rig, 16), Err(CuError::INVALID_CLUSTER_SIZE));
    assert_eq!(ask(&mut rig, CLUSTER_BLOCKS_MOST, &whole(ranks), &[]), Ok(8));
    set(&mut rig, ranks, Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1).unwrap();
    assert_eq!(at_a_time(&mut rig, 16), Ok(1));
    assert_eq!(ask(&mut rig, CLUSTER_BLOCKS_MOST, &whole(ranks), &[]), Ok(16));
    let plain = |function| launch(FREE, function, 8, 32);
    assert_eq!(ask(&mut rig, CLUSTER_BLOCKS_MOST, &plain(pairs), &[]), Ok(2));
    assert_eq!(ask(&mut rig, CLUSTER_BLOCKS_MOST, &plain(limited), &[]), Ok(4));
    assert_eq!(ask(&mut rig, CLUSTERS_AT_A_TIME, &plain(ranks), &[]), Err(CuError::INVALID_VALUE), "nobody says");
    assert_eq!(ask(&mut rig, 2, &plain(ranks), &[]), Err(CuError::INVALID_VALUE));
    let absurd = Launch { block: [u32::MAX; 3], ..plain(ranks) };
    assert_eq!(ask(&mut rig, CLUSTER_BLOCKS_MOST, &absurd, &[]), Ok(0), "such a block is nowhere");
}

#[test]
fn devices_before_capability_9_have_no_clusters() {
    let launches = |rig: &mut Rig| {
        let info = rig.run(|device, seq| device.device_info(seq, &DeviceInfo { device: 0, reserved: 0 }, &[]));
        info.unwrap().reply.attributes[DeviceAttribute::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH.0 as usize]
    };
    let mut old = Rig::new();
    assert_eq!((launches(&mut old), launches(&mut rig(8))), (0, 1));
    let function = old.function("add_one");
    let asked = ask(&mut old, CLUSTER_BLOCKS_MOST, &launch(FREE, function, 1, 32), &[]);
    assert_eq!(asked, Err(CuError::NOT_SUPPORTED));
    let leave = Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED;
    assert_eq!(set(&mut old, function, leave, 1), Err(CuError::NOT_SUPPORTED));
}
