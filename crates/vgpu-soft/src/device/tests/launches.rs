//! Launches that ask for more than a shape: cooperative ones, and attributes.

use vgpu_core::abi::CUlaunchAttributeID as Id;
use vgpu_core::wire::Pod;
use vgpu_core::wire::launch_attributes::LaunchAttribute;

use super::*;

/// Blocks wait until as many threads have come as there are, and count the comings.
pub(super) const MEET: &str = "
.version 7.0
.target sm_70
.address_size 64
.visible .entry meet(.param .u64 p, .param .u32 all)
{
    .reg .pred %p<2>;
    .reg .b32 %r<4>;
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r1, [all];
    atom.global.add.u32 %r2, [%rd1], 1;
$L_wait:
    ld.volatile.global.u32 %r3, [%rd1];
    setp.lt.u32 %p1, %r3, %r1;
    @%p1 bra $L_wait;
    ret;
}
";

pub(super) fn attribute(id: Id, words: &[u32]) -> LaunchAttribute {
    let mut value = [0; 64];
    value[..4 * words.len()].copy_from_slice(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>());
    LaunchAttribute { id: id.0, reserved: 0, value }
}

pub(super) fn launch_ex(rig: &mut Rig, message: &Launch, attributes: &[LaunchAttribute], params: &[u8]) -> CuResult {
    let bytes: Vec<u8> = attributes.iter().flat_map(|attribute| attribute.as_bytes().to_vec()).collect();
    let message = message.with_attributes(attributes.len() as u32);
    rig.run(|device, seq| device.launch_ex(seq, &message, &[&bytes, params].concat()))
}

#[test]
fn blocks_of_a_cooperative_launch_meet() {
    let mut rig = Rig::new();
    let module = rig.load(MEET).unwrap();
    let (function, address) = (rig.function_of(module, "meet").unwrap().function, rig.alloc(4));
    let message = Launch { flags: LAUNCH_COOPERATIVE, ..launch(FREE, function, 8, 64) };
    rig.run(|device, seq| device.launch(seq, &message, &params(address, &[8 * 64]))).unwrap();
    assert_eq!(rig.read_u32(FREE, address), 8 * 64);
    assert!(rig.failures().is_empty());
}

#[test]
fn a_cooperative_grid_that_cannot_be_resident_is_too_large() {
    let mut rig = Rig::with(|config| config.multiprocessors = 2);
    let (function, address) = (rig.function("add_one"), rig.alloc(4));
    let params = params(address, &[1]);
    // By NVIDIA's table of capability 7.5: 1024 threads of a multiprocessor.
    let cooperative = |blocks| Launch { flags: LAUNCH_COOPERATIVE, ..launch(FREE, function, blocks, 512) };
    assert_eq!(rig.run(|device, seq| device.launch(seq, &cooperative(4), &params)), Ok(()));
    rig.sync(FREE);
    let too_large = Err(CuError::COOPERATIVE_LAUNCH_TOO_LARGE);
    assert_eq!(rig.run(|device, seq| device.launch(seq, &cooperative(5), &params)), too_large);
    assert!(rig.is_retired(FREE, rig.seq));
    assert!(rig.failures().is_empty(), "what is refused leaves the context alone");
}

#[test]
fn attributes_that_any_way_of_running_satisfies_change_nothing() {
    let mut rig = Rig::new();
    let (function, address) = (rig.function("add_one"), rig.alloc(4));
    let attributes = [
        attribute(Id::CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, &[0x10, 0, 64, 0, 0, 1, 2]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[1, 1, 1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE, &[1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, &[1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_PRIORITY, &[-1_i32 as u32]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, &[0x0100]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, &[1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION, &[2, 1, 1]),
    ];
    launch_ex(&mut rig, &launch(FREE, function, 1, 32), &attributes, &params(address, &[1])).unwrap();
    assert_eq!(rig.read_u32(FREE, address), 1);
}

#[test]
fn clusters_and_what_is_no_attribute_are_refused_and_retired() {
    let mut rig = Rig::new();
    let (function, address) = (rig.function("add_one"), rig.alloc(4));
    let params = params(address, &[1]);
    let cases = [
        (attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[2, 1, 1]), CuError::NOT_SUPPORTED),
        (attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[0, 1, 1]), CuError::INVALID_VALUE),
        (attribute(Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT, &[1]), CuError::NOT_SUPPORTED),
        (attribute(Id(1 << 31), &[]), CuError::NOT_SUPPORTED),
    ];
    for (attribute, error) in cases {
        let refused = launch_ex(&mut rig, &launch(FREE, function, 2, 1), &[attribute], &params);
        assert_eq!(refused, Err(error), "{attribute:?}");
        assert!(rig.is_retired(FREE, rig.seq));
    }
    let message = launch(FREE, function, 1, 1).with_attributes(u32::MAX);
    assert_eq!(rig.run(|device, seq| device.launch_ex(seq, &message, &params)), Err(CuError::INVALID_VALUE));
    assert!(rig.failures().is_empty(), "what is refused leaves the context alone");
}
