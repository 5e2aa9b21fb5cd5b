//! Executable graphs.

use std::ffi::{c_ulonglong, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{
    cudaEvent_t, cudaGraph_t, cudaGraphExec_t, cudaGraphExecUpdateResult, cudaGraphExecUpdateResultInfo,
    cudaGraphInstantiateParams, cudaGraphInstantiateResult, cudaGraphNode_t, cudaHostNodeParams, cudaKernelNodeParams,
    cudaMemcpy3DParms, cudaMemcpyKind, cudaMemsetParams, cudaStream_t,
};
use vgpu_core::abi::{
    CUDA_GRAPH_INSTANTIATE_PARAMS, CUgraphExecUpdateResult, CUgraphExecUpdateResultInfo, CUgraphInstantiateResult,
};
use vgpu_core::ffi::{In, Out};

use super::memcpy::within_symbol;
use crate::copy::{self, Direction};
use crate::error::{RtError, RtResult};
use crate::graph_node;
use crate::{current, driver as cu};

/// The flags have the driver's bits.
pub(crate) fn cudaGraphInstantiate(
    pGraphExec: Out<cudaGraphExec_t>,
    graph: cudaGraph_t,
    flags: c_ulonglong,
) -> RtResult {
    current::context()?;
    let mut exec = null_mut();
    cu::cuGraphInstantiateWithFlags(&mut exec, graph, flags)?;
    pGraphExec.write(exec);
    Ok(())
}

pub(crate) unsafe fn cudaGraphInstantiateWithParams(
    pGraphExec: Out<cudaGraphExec_t>,
    graph: cudaGraph_t,
    instantiateParams: *mut cudaGraphInstantiateParams,
) -> RtResult {
    current::context()?;
    // SAFETY: a caller's struct is null or readable and writable.
    let params = unsafe { instantiateParams.as_mut() }.ok_or(RtError::INVALID_VALUE)?;
    let mut described = CUDA_GRAPH_INSTANTIATE_PARAMS {
        flags: params.flags,
        hUploadStream: params.uploadStream,
        hErrNode_out: null_mut(),
        result_out: CUgraphInstantiateResult(0),
    };
    let mut exec = null_mut();
    let result = cu::cuGraphInstantiateWithParams(&mut exec, graph, &mut described);
    params.errNode_out = described.hErrNode_out;
    params.result_out = cudaGraphInstantiateResult(described.result_out.0);
    result?;
    pGraphExec.write(exec);
    Ok(())
}

pub(crate) fn cudaGraphExecGetFlags(graphExec: cudaGraphExec_t, flags: Out<c_ulonglong>) -> RtResult {
    let mut found = 0;
    cu::cuGraphExecGetFlags(graphExec, &mut found)?;
    flags.write(found);
    Ok(())
}

/// Says in `resultInfo` what stood in the way, also when it fails.
pub(crate) fn cudaGraphExecUpdate(
    hGraphExec: cudaGraphExec_t,
    hGraph: cudaGraph_t,
    resultInfo: Out<cudaGraphExecUpdateResultInfo>,
) -> RtResult {
    current::context()?;
    let mut info = CUgraphExecUpdateResultInfo {
        result: CUgraphExecUpdateResult(0),
        errorNode: null_mut(),
        errorFromNode: null_mut(),
    };
    let updated = cu::cuGraphExecUpdate_v2(hGraphExec, hGraph, &mut info);
    resultInfo.write(cudaGraphExecUpdateResultInfo {
        result: cudaGraphExecUpdateResult(info.result.0),
        errorNode: info.errorNode,
        errorFromNode: info.errorFromNode,
    });
    updated
}

pub(crate) fn cudaGraphUpload(graphExec: cudaGraphExec_t, stream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuGraphUpload(graphExec, stream)
}

pub(crate) fn cudaGraphLaunch(graphExec: cudaGraphExec_t, stream: cudaStream_t) -> RtResult {
    current::context()?;
    cu::cuGraphLaunch(graphExec, stream)
}

pub(crate) fn cudaGraphExecDestroy(graphExec: cudaGraphExec_t) -> RtResult {
    cu::cuGraphExecDestroy(graphExec)
}

// ---- what a node does ------------------------------------------------------------------------------------------

pub(crate) fn cudaGraphExecKernelNodeSetParams(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    pNodeParams: In<cudaKernelNodeParams>,
) -> RtResult {
    let params = graph_node::kernel_to_driver(pNodeParams.get())?;
    // SAFETY: the caller's arguments are passed through.
    unsafe { cu::cuGraphExecKernelNodeSetParams_v2(hGraphExec, node, &params) }
}

pub(crate) fn cudaGraphExecMemcpyNodeSetParams(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    pNodeParams: In<cudaMemcpy3DParms>,
) -> RtResult {
    set_exec_copy(hGraphExec, node, pNodeParams.get())
}

pub(crate) unsafe fn cudaGraphExecMemcpyNodeSetParams1D(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    dst: *mut c_void,
    src: *const c_void,
    count: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    set_exec_copy(hGraphExec, node, &copy::one_row(dst, src, count, kind))
}

fn set_exec_copy(exec: cudaGraphExec_t, node: cudaGraphNode_t, params: &cudaMemcpy3DParms) -> RtResult {
    let context = current::context()?;
    // SAFETY: the copy's memory is the caller's, for when the graph runs.
    unsafe { cu::cuGraphExecMemcpyNodeSetParams(exec, node, &graph_node::copy_to_driver(params)?, context) }
}

pub(crate) fn cudaGraphExecMemsetNodeSetParams(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    pNodeParams: In<cudaMemsetParams>,
) -> RtResult {
    let context = current::context()?;
    // SAFETY: the struct holds numbers.
    unsafe {
        cu::cuGraphExecMemsetNodeSetParams(hGraphExec, node, &graph_node::fill_to_driver(pNodeParams.get()), context)
    }
}

pub(crate) unsafe fn cudaGraphExecMemcpyNodeSetParamsToSymbol(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    symbol: *const c_void,
    src: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let target = within_symbol(symbol, count, offset, kind, Direction::HostToDevice)?;
    set_exec_copy(hGraphExec, node, &copy::one_row(target, src, count, kind))
}

pub(crate) unsafe fn cudaGraphExecMemcpyNodeSetParamsFromSymbol(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    dst: *mut c_void,
    symbol: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let source = within_symbol(symbol, count, offset, kind, Direction::DeviceToHost)?;
    set_exec_copy(hGraphExec, node, &copy::one_row(dst, source, count, kind))
}

pub(crate) fn cudaGraphExecHostNodeSetParams(
    hGraphExec: cudaGraphExec_t,
    node: cudaGraphNode_t,
    pNodeParams: In<cudaHostNodeParams>,
) -> RtResult {
    current::context()?;
    // SAFETY: the program's function and its data are passed through.
    unsafe { cu::cuGraphExecHostNodeSetParams(hGraphExec, node, &graph_node::call_to_driver(pNodeParams.get())) }
}

pub(crate) fn cudaGraphExecEventRecordNodeSetEvent(
    hGraphExec: cudaGraphExec_t,
    hNode: cudaGraphNode_t,
    event: cudaEvent_t,
) -> RtResult {
    current::context()?;
    cu::cuGraphExecEventRecordNodeSetEvent(hGraphExec, hNode, event)
}

pub(crate) fn cudaGraphExecEventWaitNodeSetEvent(
    hGraphExec: cudaGraphExec_t,
    hNode: cudaGraphNode_t,
    event: cudaEvent_t,
) -> RtResult {
    current::context()?;
    cu::cuGraphExecEventWaitNodeSetEvent(hGraphExec, hNode, event)
}
