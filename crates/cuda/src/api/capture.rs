//! Stream capture.

use std::ffi::c_uint;

use vgpu_core::abi::{
    CUgraph, CUgraphEdgeData, CUgraphNode, CUstream, CUstreamCaptureMode, CUstreamCaptureStatus, cuuint64_t,
};
use vgpu_core::ffi::{InOut, InSlice, Out, OutOpt};
use vgpu_core::{CuError, CuResult};

use super::graph::{find, nodes_of};
use super::{handle, id};
use crate::guest::capture::{self, Status};
use crate::guest::gate::Arm;
use crate::guest::graph::Graph;
use crate::guest::{capture_mode, current, process};

pub(super) fn status_code(status: Status) -> CUstreamCaptureStatus {
    match status {
        Status::None => CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE,
        Status::Active => CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_ACTIVE,
        Status::Invalidated => CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_INVALIDATED,
    }
}

/// How a stream stands to capture, and the capture's id.
pub(super) fn status(arm: &Arm<'_>) -> (Status, u64) {
    match arm {
        Arm::Live(_) => (Status::None, 0),
        Arm::Captured(captured) => captured.status(),
    }
}

/// Starts to capture a stream's work into a new graph.
pub(crate) fn cuStreamBeginCapture_v2(hStream: CUstream, mode: CUstreamCaptureMode) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(hStream))?;
    let graph = Graph::create(process)?;
    let begun = capture::begin(process, &stream, mode, graph.clone(), None);
    begun.inspect_err(|_| graph.destroy())
}

/// Starts to capture a stream's work into a new graph, in global mode.
pub(crate) fn cuStreamBeginCapture(hStream: CUstream) -> CuResult {
    cuStreamBeginCapture_v2(hStream, CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_GLOBAL)
}

/// Starts to capture a stream's work into a graph that exists, after some of its nodes.
pub(crate) unsafe fn cuStreamBeginCaptureToGraph(
    hStream: CUstream,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    dependencyData: *const CUgraphEdgeData,
    _numDependencies: usize,
    mode: CUstreamCaptureMode,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(hStream))?;
    let graph = find(process, hGraph)?;
    let after = nodes_of(process, &graph, dependencies.as_slice())?;
    if !dependencyData.is_null() {
        return Err(CuError::NOT_SUPPORTED);
    }
    capture::begin(process, &stream, mode, graph, Some(after))
}

/// Ends the capture of a stream and gives its graph; null when it failed.
pub(crate) fn cuStreamEndCapture(hStream: CUstream, phGraph: Out<'_, CUgraph>) -> CuResult {
    let (process, context) = current::context()?;
    let stream = context.stream(process, id(hStream))?;
    let ended = capture::end(&stream);
    phGraph.write(ended.as_ref().map_or(std::ptr::null_mut(), |graph| handle(graph.handle)));
    ended.map(drop)
}

/// Says whether a stream is captured, and in which capture.
pub(crate) fn cuStreamGetCaptureInfo(
    hStream: CUstream,
    captureStatus_out: Out<'_, CUstreamCaptureStatus>,
    id_out: OutOpt<'_, cuuint64_t>,
) -> CuResult {
    let (process, context) = current::context()?;
    let stream = context.stream(process, id(hStream))?;
    let (status, number) = status(&stream.look(process)?);
    captureStatus_out.write(status_code(status));
    if status == Status::Active {
        id_out.write(number);
    }
    Ok(())
}

/// Says whether a stream is captured, into which graph, and after which nodes its next one comes. The array of nodes is valid
/// until the next capture call for the stream.
pub(crate) fn cuStreamGetCaptureInfo_v2(
    hStream: CUstream,
    captureStatus_out: Out<'_, CUstreamCaptureStatus>,
    id_out: OutOpt<'_, cuuint64_t>,
    graph_out: OutOpt<'_, CUgraph>,
    dependencies_out: OutOpt<'_, *const CUgraphNode>,
    numDependencies_out: OutOpt<'_, usize>,
) -> CuResult {
    cuStreamGetCaptureInfo(hStream, captureStatus_out, id_out)?;
    let (process, context) = current::context()?;
    let stream = context.stream(process, id(hStream))?;
    if let Arm::Captured(captured) = stream.look(process)?
        && let Some((graph, nodes, count)) = captured.lend()
    {
        graph_out.write(handle(graph));
        numDependencies_out.write(count);
        dependencies_out.write(nodes.cast());
    }
    Ok(())
}

/// As `cuStreamGetCaptureInfo_v2`; edges carry no data here.
pub(crate) fn cuStreamGetCaptureInfo_v3(
    hStream: CUstream,
    captureStatus_out: Out<'_, CUstreamCaptureStatus>,
    id_out: OutOpt<'_, cuuint64_t>,
    graph_out: OutOpt<'_, CUgraph>,
    dependencies_out: OutOpt<'_, *const CUgraphNode>,
    edgeData_out: OutOpt<'_, *const CUgraphEdgeData>,
    numDependencies_out: OutOpt<'_, usize>,
) -> CuResult {
    if edgeData_out.is_some() && !dependencies_out.is_some() {
        return Err(CuError::INVALID_VALUE);
    }
    cuStreamGetCaptureInfo_v2(hStream, captureStatus_out, id_out, graph_out, dependencies_out, numDependencies_out)?;
    edgeData_out.write(std::ptr::null());
    Ok(())
}

/// Adds to (flags 0) or replaces (flags 1) the nodes that a captured stream's next node depends on.
pub(crate) fn cuStreamUpdateCaptureDependencies(
    hStream: CUstream,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    flags: c_uint,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(hStream))?;
    let Arm::Captured(captured) = stream.look(process)? else {
        return Err(CuError::ILLEGAL_STATE);
    };
    let (capture, mut frontier) = captured.frontier()?;
    let nodes = nodes_of(process, &capture.graph, dependencies.as_slice())?;
    match flags {
        0 => frontier.extend(nodes),
        1 => frontier = nodes,
        _ => return Err(CuError::INVALID_VALUE),
    }
    frontier.sort_unstable();
    frontier.dedup();
    captured.set_frontier(frontier);
    Ok(())
}

/// As `cuStreamUpdateCaptureDependencies`; edges carry no data here.
pub(crate) unsafe fn cuStreamUpdateCaptureDependencies_v2(
    hStream: CUstream,
    dependencies: InSlice<'_, CUgraphNode>,
    dependencyData: *const CUgraphEdgeData,
    numDependencies: usize,
    flags: c_uint,
) -> CuResult {
    if !dependencyData.is_null() {
        return Err(CuError::NOT_SUPPORTED);
    }
    cuStreamUpdateCaptureDependencies(hStream, dependencies, numDependencies, flags)
}

/// Swaps how strict captures are with this thread's calls.
pub(crate) fn cuThreadExchangeStreamCaptureMode(mode: InOut<'_, CUstreamCaptureMode>) -> CuResult {
    process()?;
    let mut mode = mode;
    let wanted = mode.read();
    if wanted.0 > CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED.0 {
        return Err(CuError::INVALID_VALUE);
    }
    mode.write(capture_mode::exchange(wanted));
    Ok(())
}
