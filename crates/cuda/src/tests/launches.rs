//! What launches and kernel nodes ask for besides a shape.

use std::ffi::c_void;

use vgpu_core::abi::CUlaunchAttributeID as Id;
use vgpu_core::abi::*;

use super::{TestContext, add_one, download, name, ok, outcome, stream, upload};
use crate::generated::exports::*;

fn attribute(id: Id, words: &[i32]) -> CUlaunchAttribute {
    let mut bytes = [0; 64];
    for (at, word) in words.iter().enumerate() {
        bytes[4 * at..4 * at + 4].copy_from_slice(&word.to_le_bytes().map(|byte| byte as _));
    }
    CUlaunchAttribute { id, pad: [0; 4], value: CUlaunchAttributeValue { pad: bytes } }
}

fn event_attribute(event: CUevent, flags: i32) -> CUlaunchAttribute {
    let event = CUlaunchAttributeValue_union__bindgen_ty_2 { event, flags, triggerAtBlockStart: 0 };
    CUlaunchAttribute {
        id: Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT,
        pad: [0; 4],
        value: CUlaunchAttributeValue { programmaticEvent: event },
    }
}

/// Adds one to a number, in one thread, as the attributes want it.
fn launch(stream: CUstream, data: CUdeviceptr, attributes: &mut [CUlaunchAttribute]) -> &'static str {
    let (mut data, mut count) = (data, 1_u32);
    let mut params: [*mut c_void; 2] = [(&raw mut data).cast(), (&raw mut count).cast()];
    let config = CUlaunchConfig {
        gridDimX: 1,
        gridDimY: 1,
        gridDimZ: 1,
        blockDimX: 1,
        blockDimY: 1,
        blockDimZ: 1,
        sharedMemBytes: 0,
        hStream: stream,
        attrs: attributes.as_mut_ptr(),
        numAttrs: attributes.len() as u32,
    };
    // SAFETY: the configuration and the parameters are live.
    name(unsafe { cuLaunchKernelEx(&config, add_one(), params.as_mut_ptr(), std::ptr::null_mut()) })
}

fn event(flags: u32) -> CUevent {
    let mut event = std::ptr::null_mut();
    ok!(cuEventCreate(&mut event, flags));
    event
}

#[test]
fn preferences_and_permissions_change_nothing() {
    let _context = TestContext::new();
    let (stream, data) = (stream(), upload(&[1]));
    let mut attributes = [
        attribute(Id::CU_LAUNCH_ATTRIBUTE_IGNORE, &[5]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &[1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[1, 1, 1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, &[1]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_PRIORITY, &[-3]),
        attribute(Id::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, &[1]),
    ];
    assert_eq!(launch(stream, data, &mut attributes), "CUDA_SUCCESS");
    assert_eq!(launch(stream, data, &mut attributes[..2]), "CUDA_SUCCESS");
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(data, 1), [3]);
}

#[test]
fn what_cannot_be_had_is_refused_by_the_call() {
    let _context = TestContext::new();
    let (stream, data) = (stream(), upload(&[1]));
    let cases = [
        (attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[2, 1, 1]), "CUDA_ERROR_NOT_SUPPORTED"),
        (attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[1, 0, 1]), "CUDA_ERROR_INVALID_VALUE"),
        (attribute(Id::CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE, &[1]), "CUDA_ERROR_NOT_SUPPORTED"),
        (attribute(Id(1 << 31), &[1]), "CUDA_ERROR_NOT_SUPPORTED"),
        (event_attribute(std::ptr::null_mut(), 0), "CUDA_ERROR_INVALID_HANDLE"),
        // One that takes times, and one with flags that only recording has.
        (event_attribute(event(0), 0), "CUDA_ERROR_INVALID_VALUE"),
        (event_attribute(event(2), 1), "CUDA_ERROR_INVALID_VALUE"),
    ];
    for (attribute, expected) in cases {
        assert_eq!(launch(stream, data, &mut [attribute]), expected, "{}", attribute.id.0);
    }
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(data, 1), [1]);
}

#[test]
fn a_launchs_event_is_reached_with_it() {
    let _context = TestContext::new();
    let (stream, other, data, event) = (stream(), stream(), upload(&[1]), event(2));
    assert_eq!(launch(stream, data, &mut [event_attribute(event, 0)]), "CUDA_SUCCESS");
    ok!(cuStreamWaitEvent(other, event, 0));
    assert_eq!(launch(other, data, &mut []), "CUDA_SUCCESS");
    ok!(cuStreamSynchronize(other));
    assert_eq!(download(data, 1), [3]);
    ok!(cuEventQuery(event));
}

#[test]
fn a_captured_launchs_event_stands_for_its_node() {
    let _context = TestContext::new();
    let (stream, other, data, event) = (stream(), stream(), upload(&[1]), event(2));
    let (mut graph, mut edges) = (std::ptr::null_mut(), 0);
    ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    assert_eq!(launch(stream, data, &mut [event_attribute(event, 0)]), "CUDA_SUCCESS");
    ok!(cuStreamWaitEvent(other, event, 0));
    assert_eq!(launch(other, data, &mut []), "CUDA_SUCCESS");
    ok!(cuEventRecord(event, other));
    ok!(cuStreamWaitEvent(stream, event, 0));
    ok!(cuStreamEndCapture(stream, &mut graph));
    ok!(cuGraphGetEdges(graph, std::ptr::null_mut(), std::ptr::null_mut(), &mut edges));
    assert_eq!(edges, 1);
}

#[test]
fn a_captured_launch_keeps_its_attributes_and_its_node_takes_others() {
    let _context = TestContext::new();
    let (stream, data) = (stream(), upload(&[1]));
    let (mut graph, mut node, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 1);
    let cooperative = Id::CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
    let priority = Id::CU_LAUNCH_ATTRIBUTE_PRIORITY;
    let overlap = Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    let mut attributes = [attribute(cooperative, &[1]), attribute(priority, &[-2]), attribute(overlap, &[1])];
    assert_eq!(launch(stream, data, &mut attributes), "CUDA_SUCCESS");
    ok!(cuStreamEndCapture(stream, &mut graph));
    ok!(cuGraphGetNodes(graph, &mut node, &mut count));
    let word = |id| {
        let mut value = attribute(id, &[77]).value;
        ok!(cuGraphKernelNodeGetAttribute(node, id, &mut value));
        // SAFETY: any bytes of the union are an integer.
        unsafe { value.priority }
    };
    assert_eq!((word(cooperative), word(priority)), (1, -2));
    let mut value = attribute(overlap, &[1]).value;
    assert_eq!(outcome!(cuGraphKernelNodeGetAttribute(node, overlap, &mut value)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuGraphKernelNodeSetAttribute(node, overlap, &value)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuGraphKernelNodeSetAttribute(node, priority, &attribute(priority, &[-1]).value));
    // Another launch in its place has the attributes, too.
    let mut params = CUDA_KERNEL_NODE_PARAMS::default();
    ok!(cuGraphKernelNodeGetParams_v2(node, &mut params));
    ok!(cuGraphKernelNodeSetParams_v2(node, &params));
    assert_eq!((word(cooperative), word(priority)), (1, -1));
    let mut exec = std::ptr::null_mut();
    ok!(cuGraphInstantiateWithFlags(&mut exec, graph, 0));
    ok!(cuGraphLaunch(exec, stream));
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(data, 1), [2]);
}

#[test]
fn a_cluster_is_refused_for_a_node_too() {
    let _context = TestContext::new();
    let (stream, data) = (stream(), upload(&[1]));
    let (mut graph, mut node, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 1);
    ok!(cuStreamBeginCapture_v2(stream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED));
    assert_eq!(launch(stream, data, &mut []), "CUDA_SUCCESS");
    ok!(cuStreamEndCapture(stream, &mut graph));
    ok!(cuGraphGetNodes(graph, &mut node, &mut count));
    let id = Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    let value = attribute(id, &[2, 1, 1]).value;
    assert_eq!(outcome!(cuGraphKernelNodeSetAttribute(node, id, &value)), "CUDA_ERROR_NOT_SUPPORTED");
}

#[test]
fn a_device_without_clusters_has_no_occupancy_of_them() {
    let _context = TestContext::new();
    let mut attributes = [attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[2, 1, 1])];
    let config = CUlaunchConfig {
        gridDimX: 2,
        gridDimY: 1,
        gridDimZ: 1,
        blockDimX: 32,
        blockDimY: 1,
        blockDimZ: 1,
        attrs: attributes.as_mut_ptr(),
        numAttrs: 1,
        ..CUlaunchConfig::default()
    };
    let mut count = 0;
    assert_eq!(outcome!(cuOccupancyMaxActiveClusters(&mut count, add_one(), &config)), "CUDA_ERROR_NOT_SUPPORTED");
    let result = outcome!(cuOccupancyMaxPotentialClusterSize(&mut count, add_one(), &config));
    assert_eq!(result, "CUDA_ERROR_NOT_SUPPORTED");
}
