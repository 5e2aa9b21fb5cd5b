//! Executable graphs.

use std::ffi::c_ulonglong;
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{
    cudaGraph_t, cudaGraphExec_t, cudaGraphExecUpdateResult, cudaGraphExecUpdateResultInfo, cudaGraphInstantiateParams,
    cudaGraphInstantiateResult, cudaStream_t,
};
use vgpu_core::abi::{
    CUDA_GRAPH_INSTANTIATE_PARAMS, CUgraphExecUpdateResult, CUgraphExecUpdateResultInfo, CUgraphInstantiateResult,
};
use vgpu_core::ffi::Out;

use crate::error::{RtError, RtResult};
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
