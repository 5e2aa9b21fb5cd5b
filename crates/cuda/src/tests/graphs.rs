//! Capture and graphs.

use vgpu_core::abi::*;

use super::{TestContext, add_one, alloc, download, launch, name, ok, outcome, stream, upload};
use crate::generated::exports::*;
use crate::guest::process;

const RELAXED: CUstreamCaptureMode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;

fn captured(stream: CUstream, work: impl FnOnce()) -> CUgraph {
    ok!(cuStreamBeginCapture_v2(stream, RELAXED));
    work();
    let mut graph = std::ptr::null_mut();
    ok!(cuStreamEndCapture(stream, &mut graph));
    graph
}

fn executable(graph: CUgraph) -> CUgraphExec {
    let mut exec = std::ptr::null_mut();
    ok!(cuGraphInstantiateWithFlags(&mut exec, graph, 0));
    exec
}

fn node_count(graph: CUgraph) -> usize {
    let mut count = 0;
    ok!(cuGraphGetNodes(graph, std::ptr::null_mut(), &mut count));
    count
}

#[test]
fn captured_work_runs_when_its_graph_is_launched() {
    let _context = TestContext::new();
    let (stream, function, data) = (stream(), add_one(), upload(&[0; 64]));
    let graph = captured(stream, || {
        for _ in 0..300 {
            launch(function, data, 64, stream);
        }
    });
    assert_eq!(download(data, 64), [0; 64]);
    let exec = executable(graph);
    ok!(cuGraphDestroy(graph));
    ok!(cuGraphLaunch(exec, stream));
    ok!(cuGraphLaunch(exec, stream));
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(data, 64), [600; 64]);
    ok!(cuGraphExecDestroy(exec));
    assert_eq!(outcome!(cuGraphLaunch(exec, stream)), "CUDA_ERROR_INVALID_VALUE");
}

#[test]
fn capture_accepts_bogus_pointers_and_sends_nothing() {
    let _context = TestContext::new();
    let (stream, function) = (stream(), add_one());
    let link = &process().expect("started").link;
    let own = crate::guest::thread::current()
        .expect("current")
        .stream(process().expect("started"), stream.addr() as u64)
        .expect("a stream");
    let before = own.last();
    let graph = captured(stream, || {
        assert_eq!(name(launch(function, 128, 1 << 20, stream)), "CUDA_SUCCESS");
        ok!(cuMemcpyDtoDAsync_v2(128, 256, 64, stream));
        ok!(cuMemsetD8Async(128, 0, 64, stream));
    });
    assert_eq!(own.last(), before);
    assert_eq!(link.sticky(), Ok(()));
    assert_eq!(node_count(graph), 3);
    ok!(cuGraphDestroy(graph));
}

#[test]
fn an_update_takes_new_parameters_and_refuses_another_shape() {
    let _context = TestContext::new();
    let (stream, function) = (stream(), add_one());
    let (first, second) = (upload(&[0; 4]), upload(&[0; 4]));
    let exec = executable(captured(stream, || _ = launch(function, first, 4, stream)));
    let same_shape = captured(stream, || _ = launch(function, second, 4, stream));
    let mut info = CUgraphExecUpdateResultInfo {
        result: CUgraphExecUpdateResult(9),
        errorNode: std::ptr::null_mut(),
        errorFromNode: std::ptr::null_mut(),
    };
    ok!(cuGraphExecUpdate_v2(exec, same_shape, &mut info));
    assert_eq!(info.result, CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_SUCCESS);
    ok!(cuGraphLaunch(exec, stream));
    ok!(cuStreamSynchronize(stream));
    assert_eq!((download(first, 4), download(second, 4)), (vec![0; 4], vec![1; 4]));
    let longer = captured(stream, || {
        launch(function, second, 4, stream);
        launch(function, second, 4, stream);
    });
    assert_eq!(outcome!(cuGraphExecUpdate_v2(exec, longer, &mut info)), "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE");
    assert_eq!(info.result, CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
}

#[test]
fn an_event_draws_another_stream_into_the_capture() {
    let _context = TestContext::new();
    let (origin, side, function, data) = (stream(), stream(), add_one(), upload(&[0; 4]));
    let [mut fork, mut join] = [std::ptr::null_mut(); 2];
    ok!(cuEventCreate(&mut fork, 2));
    ok!(cuEventCreate(&mut join, 2));
    let graph = captured(origin, || {
        launch(function, data, 4, origin);
        ok!(cuEventRecord(fork, origin));
        ok!(cuStreamWaitEvent(side, fork, 0));
        launch(function, data, 4, side);
        ok!(cuEventRecord(join, side));
        ok!(cuStreamWaitEvent(origin, join, 0));
        launch(function, data, 4, origin);
        assert_eq!(outcome!(cuEventQuery(join)), "CUDA_ERROR_CAPTURED_EVENT");
    });
    assert_eq!(node_count(graph), 3);
    ok!(cuGraphLaunch(executable(graph), origin));
    ok!(cuStreamSynchronize(origin));
    assert_eq!(download(data, 4), [3; 4]);
}

#[test]
fn work_that_nobody_waits_for_makes_a_capture_fail() {
    let _context = TestContext::new();
    let (origin, side, function, data) = (stream(), stream(), add_one(), upload(&[0; 4]));
    let mut fork = std::ptr::null_mut();
    ok!(cuEventCreate(&mut fork, 2));
    ok!(cuStreamBeginCapture_v2(origin, RELAXED));
    launch(function, data, 4, origin);
    ok!(cuEventRecord(fork, origin));
    ok!(cuStreamWaitEvent(side, fork, 0));
    launch(function, data, 4, side);
    let mut graph = std::ptr::null_mut();
    assert_eq!(outcome!(cuStreamEndCapture(side, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED");
    assert_eq!(outcome!(cuStreamEndCapture(origin, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_UNJOINED");
    assert!(graph.is_null());
    let mut status = CUstreamCaptureStatus(9);
    ok!(cuStreamIsCapturing(side, &mut status));
    assert_eq!(status, CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE);
}

#[test]
fn waiting_for_a_captured_stream_breaks_the_capture() {
    let _context = TestContext::new();
    let stream = stream();
    ok!(cuStreamBeginCapture_v2(stream, RELAXED));
    assert_eq!(outcome!(cuStreamSynchronize(stream)), "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
    let mut graph = std::ptr::null_mut();
    assert_eq!(outcome!(cuStreamEndCapture(stream, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
}

#[test]
fn asking_about_the_legacy_stream_breaks_no_capture_and_work_on_it_does() {
    let _context = TestContext::new();
    let (mut blocking, mut graph, mut status) = (std::ptr::null_mut(), std::ptr::null_mut(), CUstreamCaptureStatus(9));
    let (legacy, data) = (std::ptr::null_mut(), alloc(16));
    ok!(cuStreamCreate(&mut blocking, 0));
    ok!(cuStreamBeginCapture_v2(blocking, RELAXED));
    assert_eq!(outcome!(cuStreamIsCapturing(legacy, &mut status)), "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT");
    ok!(cuStreamIsCapturing(blocking, &mut status));
    assert_eq!(status, CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_ACTIVE);
    assert_eq!(outcome!(cuMemsetD8Async(data, 1, 16, legacy)), "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT");
    ok!(cuStreamIsCapturing(blocking, &mut status));
    assert_eq!(status, CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_INVALIDATED);
    assert_eq!(outcome!(cuStreamEndCapture(blocking, &mut graph)), "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
}

#[test]
fn a_graph_built_by_hand_runs_in_its_order() {
    let _context = TestContext::new();
    let (stream, function, data) = (stream(), add_one(), alloc(16));
    let (mut graph, mut fill, mut kernel) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuGraphCreate(&mut graph, 0));
    let params = CUDA_MEMSET_NODE_PARAMS { dst: data, pitch: 0, value: 41, elementSize: 4, width: 4, height: 1 };
    ok!(cuGraphAddMemsetNode(&mut fill, graph, std::ptr::null(), 0, &params, std::ptr::null_mut()));
    let (mut address, mut count) = (data, 4u32);
    let mut pointers: [*mut std::ffi::c_void; 2] = [(&raw mut address).cast(), (&raw mut count).cast()];
    let params = CUDA_KERNEL_NODE_PARAMS_v1 {
        func: function,
        gridDimX: 1,
        gridDimY: 1,
        gridDimZ: 1,
        blockDimX: 32,
        blockDimY: 1,
        blockDimZ: 1,
        sharedMemBytes: 0,
        kernelParams: pointers.as_mut_ptr(),
        extra: std::ptr::null_mut(),
    };
    ok!(cuGraphAddKernelNode(&mut kernel, graph, &fill, 1, &params));
    let exec = executable(graph);
    ok!(cuGraphLaunch(exec, stream));
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(data, 4), [42; 4]);
    // SAFETY: the pointer leads to `count`, which nobody else uses now.
    unsafe { pointers[1].cast::<u32>().write(2) };
    ok!(cuGraphExecKernelNodeSetParams(exec, kernel, &params));
    ok!(cuGraphLaunch(exec, stream));
    ok!(cuStreamSynchronize(stream));
    assert_eq!(download(data, 4), [42, 42, 41, 41]);
    assert_eq!(outcome!(cuGraphExecKernelNodeSetParams(exec, fill, &params)), "CUDA_ERROR_INVALID_VALUE");
}

#[test]
fn data_of_edges_are_not_given_without_the_nodes() {
    let _context = TestContext::new();
    let (mut graph, mut node, none) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuGraphCreate(&mut graph, 0));
    ok!(cuGraphAddEmptyNode(&mut node, graph, none, 0));
    let (mut data, mut count) = (CUgraphEdgeData { from_port: 9, to_port: 9, type_: 9, reserved: [9; 5] }, 1_usize);
    assert_eq!(outcome!(cuGraphGetEdges_v2(graph, none, none, &mut data, &mut count)), "CUDA_ERROR_INVALID_VALUE");
    let asked = outcome!(cuGraphNodeGetDependencies_v2(node, none, &mut data, &mut count));
    assert_eq!(asked, "CUDA_ERROR_INVALID_VALUE");
    let asked = outcome!(cuGraphNodeGetDependentNodes_v2(node, none, &mut data, &mut count));
    assert_eq!(asked, "CUDA_ERROR_INVALID_VALUE");
    assert_eq!((data.from_port, count), (9, 1));
    let (mut status, mut edges) = (CUstreamCaptureStatus(9), std::ptr::null());
    let (id, graph, nodes, count) = (none.cast(), none.cast(), none.cast(), none.cast());
    let asked = outcome!(cuStreamGetCaptureInfo_v3(stream(), &mut status, id, graph, nodes, &mut edges, count));
    assert_eq!(asked, "CUDA_ERROR_INVALID_VALUE");
}
