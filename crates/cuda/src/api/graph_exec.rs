//! Executable graphs: made, updated, launched.

use std::ffi::{c_char, c_uint, c_ulonglong};
use std::sync::Arc;

use vgpu_core::abi::{
    CUDA_GRAPH_INSTANTIATE_PARAMS, CUDA_HOST_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS_v1,
    CUDA_MEMCPY3D, CUDA_MEMSET_NODE_PARAMS, CUcontext, CUevent, CUgraph, CUgraphExec, CUgraphExecUpdateResult,
    CUgraphExecUpdateResultInfo, CUgraphInstantiate_flags as Flags, CUgraphInstantiateResult, CUgraphNode, CUstream,
    cuuint64_t,
};
use vgpu_core::ffi::{In, InOut, Out, OutOpt, OutSlice};
use vgpu_core::{CuError, CuResult};

use super::graph::{check_context, event_work, fill_work, find, host_work, kernel_params, kernel_work_for};
use super::{clamp, handle, id};
use crate::guest::box3::Box3;
use crate::guest::current;
use crate::guest::graph_exec::{GraphExec, Refusal};
use crate::guest::work::Work;
use crate::guest::{Process, process};

/// What is true of every graph here.
const INSTANTIATE_FLAGS: u64 = (Flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH.0
    | Flags::CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD.0
    | Flags::CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY.0) as u64;
const DEVICE_LAUNCH: u64 = Flags::CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH.0 as u64;

fn find_exec(process: &Process, exec: CUgraphExec) -> CuResult<Arc<GraphExec>> {
    GraphExec::find(process, id(exec))
}

fn instantiate(hGraph: CUgraph, flags: u64) -> CuResult<CUgraphExec> {
    let (process, context) = current::healthy()?;
    let graph = find(process, hGraph)?;
    if flags & DEVICE_LAUNCH != 0 {
        return Err(CuError::NOT_SUPPORTED);
    }
    if flags & !INSTANTIATE_FLAGS != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    Ok(handle(GraphExec::create(process, context, &graph, flags)?.handle))
}

/// Makes a graph executable.
pub(crate) fn cuGraphInstantiateWithFlags(
    phGraphExec: Out<'_, CUgraphExec>,
    hGraph: CUgraph,
    flags: c_ulonglong,
) -> CuResult {
    phGraphExec.write(instantiate(hGraph, flags)?);
    Ok(())
}

/// Makes a graph executable; no node is ever at fault alone, and there is no log.
pub(crate) fn cuGraphInstantiate_v2(
    phGraphExec: Out<'_, CUgraphExec>,
    hGraph: CUgraph,
    phErrorNode: OutOpt<'_, CUgraphNode>,
    logBuffer: OutSlice<'_, c_char>,
    _bufferSize: usize,
) -> CuResult {
    let mut logBuffer = logBuffer;
    phErrorNode.write(std::ptr::null_mut());
    if !logBuffer.is_empty() {
        logBuffer.write_str("");
    }
    phGraphExec.write(instantiate(hGraph, 0)?);
    Ok(())
}

/// Makes a graph executable; no node is ever at fault alone, and there is no log.
pub(crate) fn cuGraphInstantiate(
    phGraphExec: Out<'_, CUgraphExec>,
    hGraph: CUgraph,
    phErrorNode: OutOpt<'_, CUgraphNode>,
    logBuffer: OutSlice<'_, c_char>,
    bufferSize: usize,
) -> CuResult {
    cuGraphInstantiate_v2(phGraphExec, hGraph, phErrorNode, logBuffer, bufferSize)
}

/// Makes a graph executable and says how that went.
pub(crate) fn cuGraphInstantiateWithParams(
    phGraphExec: Out<'_, CUgraphExec>,
    hGraph: CUgraph,
    instantiateParams: InOut<'_, CUDA_GRAPH_INSTANTIATE_PARAMS>,
) -> CuResult {
    let mut instantiateParams = instantiateParams;
    let mut params = instantiateParams.read();
    let made = instantiate(hGraph, params.flags);
    params.hErrNode_out = std::ptr::null_mut();
    params.result_out = match made {
        Ok(_) => CUgraphInstantiateResult::CUDA_GRAPH_INSTANTIATE_SUCCESS,
        Err(CuError::NOT_SUPPORTED) => CUgraphInstantiateResult::CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED,
        Err(_) => CUgraphInstantiateResult::CUDA_GRAPH_INSTANTIATE_ERROR,
    };
    instantiateParams.write(params);
    phGraphExec.write(made?);
    Ok(())
}

/// Gives the flags that a graph was made executable with.
pub(crate) fn cuGraphExecGetFlags(hGraphExec: CUgraphExec, flags: Out<'_, cuuint64_t>) -> CuResult {
    flags.write(find_exec(process()?, hGraphExec)?.flags);
    Ok(())
}

/// Gives a number that no other graph of the process has or had.
pub(crate) fn cuGraphExecGetId(hGraphExec: CUgraphExec, graphId: Out<'_, c_uint>) -> CuResult {
    graphId.write(clamp(find_exec(process()?, hGraphExec)?.id));
    Ok(())
}

fn update(hGraphExec: CUgraphExec, hGraph: CUgraph) -> CuResult<Result<(), (CuError, Refusal)>> {
    let (process, _) = current::healthy()?;
    let exec = find_exec(process, hGraphExec)?;
    let graph = find(process, hGraph)?;
    Ok(exec.update(process, &graph))
}

fn outcome(updated: &Result<(), (CuError, Refusal)>) -> (CUgraphExecUpdateResult, CUgraphNode) {
    match updated {
        Ok(()) => (CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_SUCCESS, std::ptr::null_mut()),
        Err((_, refusal)) if refusal.node == 0 => (refusal.result, std::ptr::null_mut()),
        Err((_, refusal)) => (refusal.result, handle(refusal.node)),
    }
}

/// Gives an executable graph the nodes of another graph of the same shape; if it has another shape, says where.
pub(crate) fn cuGraphExecUpdate_v2(
    hGraphExec: CUgraphExec,
    hGraph: CUgraph,
    resultInfo: Out<'_, CUgraphExecUpdateResultInfo>,
) -> CuResult {
    let updated = update(hGraphExec, hGraph)?;
    let (result, errorNode) = outcome(&updated);
    resultInfo.write(CUgraphExecUpdateResultInfo { result, errorNode, errorFromNode: std::ptr::null_mut() });
    updated.map_err(|(error, _)| error)
}

/// Gives an executable graph the nodes of another graph of the same shape; if it has another shape, says where.
pub(crate) fn cuGraphExecUpdate(
    hGraphExec: CUgraphExec,
    hGraph: CUgraph,
    hErrorNode_out: Out<'_, CUgraphNode>,
    updateResult_out: Out<'_, CUgraphExecUpdateResult>,
) -> CuResult {
    let updated = update(hGraphExec, hGraph)?;
    let (result, node) = outcome(&updated);
    hErrorNode_out.write(node);
    updateResult_out.write(result);
    updated.map_err(|(error, _)| error)
}

/// Replaces a kernel launch of an executable graph.
pub(crate) fn cuGraphExecKernelNodeSetParams_v2(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    nodeParams: In<'_, CUDA_KERNEL_NODE_PARAMS>,
) -> CuResult {
    let (process, _) = current::healthy()?;
    find_exec(process, hGraphExec)?
        .set_work(process, id(hNode), |before| kernel_work_for(process, nodeParams.get(), Some(before)))
}

/// Replaces a kernel launch of an executable graph.
pub(crate) fn cuGraphExecKernelNodeSetParams(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    nodeParams: In<'_, CUDA_KERNEL_NODE_PARAMS_v1>,
) -> CuResult {
    let (process, _) = current::healthy()?;
    let params = kernel_params(nodeParams.get());
    find_exec(process, hGraphExec)?
        .set_work(process, id(hNode), |before| kernel_work_for(process, &params, Some(before)))
}

/// Replaces a copy of an executable graph.
pub(crate) fn cuGraphExecMemcpyNodeSetParams(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    copyParams: In<'_, CUDA_MEMCPY3D>,
    ctx: CUcontext,
) -> CuResult {
    let (process, _) = current::healthy()?;
    check_context(process, ctx)?;
    let work = Box3::from_3d(copyParams.get())?.work(process)?;
    find_exec(process, hGraphExec)?.set_work(process, id(hNode), |_| Ok(work))
}

/// Replaces a fill of an executable graph.
pub(crate) fn cuGraphExecMemsetNodeSetParams(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    memsetParams: In<'_, CUDA_MEMSET_NODE_PARAMS>,
    ctx: CUcontext,
) -> CuResult {
    let (process, _) = current::healthy()?;
    check_context(process, ctx)?;
    let work = fill_work(memsetParams.get())?;
    find_exec(process, hGraphExec)?.set_work(process, id(hNode), |_| Ok(work))
}

/// Replaces the host function of an executable graph.
pub(crate) fn cuGraphExecHostNodeSetParams(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    nodeParams: In<'_, CUDA_HOST_NODE_PARAMS>,
) -> CuResult {
    let (process, _) = current::healthy()?;
    let work = host_work(nodeParams.get())?;
    find_exec(process, hGraphExec)?.set_work(process, id(hNode), |_| Ok(work))
}

/// Replaces the event that a node of an executable graph records.
pub(crate) fn cuGraphExecEventRecordNodeSetEvent(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    event: CUevent,
) -> CuResult {
    let (process, _) = current::healthy()?;
    find_exec(process, hGraphExec)?.set_work(process, id(hNode), |_| event_work(process, event, Work::EventRecord))
}

/// Replaces the event that a node of an executable graph waits for.
pub(crate) fn cuGraphExecEventWaitNodeSetEvent(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    event: CUevent,
) -> CuResult {
    let (process, _) = current::healthy()?;
    find_exec(process, hGraphExec)?.set_work(process, id(hNode), |_| event_work(process, event, Work::EventWait))
}

/// Brings an executable graph to the device ahead of its first launch: it is there since it was made.
pub(crate) fn cuGraphUpload(hGraph: CUgraphExec, hStream: CUstream) -> CuResult {
    let (process, context) = current::healthy()?;
    find_exec(process, hGraph)?;
    context.stream(process, id(hStream)).map(drop)
}

/// Launches an executable graph on a stream.
pub(crate) fn cuGraphLaunch(hGraph: CUgraphExec, hStream: CUstream) -> CuResult {
    let (process, context) = current::healthy()?;
    let exec = find_exec(process, hGraph)?;
    exec.launch(process, &*context.stream(process, id(hStream))?)
}

/// Ends an executable graph; launches made before are still done.
pub(crate) fn cuGraphExecDestroy(hGraphExec: CUgraphExec) -> CuResult {
    let process = process()?;
    find_exec(process, hGraphExec)?.destroy(process)
}
