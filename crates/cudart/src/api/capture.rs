//! Stream capture.

use std::ffi::{c_uint, c_ulonglong};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{
    cudaGraph_t, cudaGraphEdgeData, cudaGraphNode_t, cudaStream_t, cudaStreamCaptureMode, cudaStreamCaptureStatus,
};
use vgpu_core::abi::{CUstreamCaptureMode, CUstreamCaptureStatus};
use vgpu_core::ffi::{InOut, Out, OutOpt};

use crate::error::{RtError, RtResult};
use crate::{current, driver as cu};

pub(crate) fn cudaStreamBeginCapture(stream: cudaStream_t, mode: cudaStreamCaptureMode) -> RtResult {
    current::context()?;
    cu::cuStreamBeginCapture_v2(stream, CUstreamCaptureMode(mode.0))
}

pub(crate) unsafe fn cudaStreamBeginCaptureToGraph(
    stream: cudaStream_t,
    graph: cudaGraph_t,
    dependencies: *const cudaGraphNode_t,
    dependencyData: *const cudaGraphEdgeData,
    numDependencies: usize,
    mode: cudaStreamCaptureMode,
) -> RtResult {
    current::context()?;
    let mode = CUstreamCaptureMode(mode.0);
    // SAFETY: the caller's arrays are passed through; edge data has the same layout in both libraries.
    unsafe {
        cu::cuStreamBeginCaptureToGraph(stream, graph, dependencies, dependencyData.cast(), numDependencies, mode)
    }
}

/// The graph is the caller's. A capture that failed gives none, and says why.
pub(crate) fn cudaStreamEndCapture(stream: cudaStream_t, pGraph: Out<cudaGraph_t>) -> RtResult {
    current::context()?;
    let mut graph = null_mut();
    let ended = cu::cuStreamEndCapture(stream, &mut graph);
    pGraph.write(graph);
    ended
}

pub(crate) fn cudaStreamGetCaptureInfo(
    stream: cudaStream_t,
    captureStatus_out: Out<cudaStreamCaptureStatus>,
    id_out: OutOpt<c_ulonglong>,
) -> RtResult {
    current::context()?;
    let (mut status, mut id) = (CUstreamCaptureStatus(0), 0);
    // SAFETY: the first two are locals, and the driver takes null for the others.
    unsafe { cu::cuStreamGetCaptureInfo_v2(stream, &raw mut status, &raw mut id, null_mut(), null_mut(), null_mut()) }?;
    captureStatus_out.write(cudaStreamCaptureStatus(status.0));
    id_out.write(id);
    Ok(())
}

pub(crate) unsafe fn cudaStreamGetCaptureInfo_v2(
    stream: cudaStream_t,
    captureStatus_out: *mut cudaStreamCaptureStatus,
    id_out: *mut c_ulonglong,
    graph_out: *mut cudaGraph_t,
    dependencies_out: *mut *const cudaGraphNode_t,
    numDependencies_out: *mut usize,
) -> RtResult {
    current::context()?;
    if captureStatus_out.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    // SAFETY: the caller's pointers are passed through; the status has the same numbers in both libraries.
    unsafe {
        cu::cuStreamGetCaptureInfo_v2(
            stream,
            captureStatus_out.cast(),
            id_out,
            graph_out,
            dependencies_out,
            numDependencies_out,
        )
    }
}

pub(crate) unsafe fn cudaStreamGetCaptureInfo_v3(
    stream: cudaStream_t,
    captureStatus_out: *mut cudaStreamCaptureStatus,
    id_out: *mut c_ulonglong,
    graph_out: *mut cudaGraph_t,
    dependencies_out: *mut *const cudaGraphNode_t,
    edgeData_out: *mut *const cudaGraphEdgeData,
    numDependencies_out: *mut usize,
) -> RtResult {
    current::context()?;
    if captureStatus_out.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    let edges = edgeData_out.cast();
    // SAFETY: as above, and edge data has the same layout.
    unsafe {
        cu::cuStreamGetCaptureInfo_v3(
            stream,
            captureStatus_out.cast(),
            id_out,
            graph_out,
            dependencies_out,
            edges,
            numDependencies_out,
        )
    }
}

pub(crate) unsafe fn cudaStreamUpdateCaptureDependencies(
    stream: cudaStream_t,
    dependencies: *mut cudaGraphNode_t,
    numDependencies: usize,
    flags: c_uint,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's array is passed through.
    unsafe { cu::cuStreamUpdateCaptureDependencies(stream, dependencies, numDependencies, flags) }
}

pub(crate) unsafe fn cudaStreamUpdateCaptureDependencies_v2(
    stream: cudaStream_t,
    dependencies: *mut cudaGraphNode_t,
    dependencyData: *const cudaGraphEdgeData,
    numDependencies: usize,
    flags: c_uint,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's arrays are passed through.
    unsafe {
        cu::cuStreamUpdateCaptureDependencies_v2(stream, dependencies, dependencyData.cast(), numDependencies, flags)
    }
}

pub(crate) fn cudaThreadExchangeStreamCaptureMode(mut mode: InOut<cudaStreamCaptureMode>) -> RtResult {
    cu::init()?;
    let mut exchanged = CUstreamCaptureMode(mode.read().0);
    cu::cuThreadExchangeStreamCaptureMode(&mut exchanged)?;
    mode.write(cudaStreamCaptureMode(exchanged.0));
    Ok(())
}
