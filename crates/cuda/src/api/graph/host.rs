//! Nodes that call a host function.

use vgpu_core::abi::{CUDA_HOST_NODE_PARAMS, CUgraph, CUgraphExec, CUgraphNode};
use vgpu_core::ffi::{In, InSlice, Out};
use vgpu_core::{CuError, CuResult};

use super::lookup::{find_exec, node};
use super::nodes::add;
use crate::api::id;
use crate::guest::host_call::HostFunction;
use crate::guest::work::Work;
use crate::guest::{current, process};

fn work(params: &CUDA_HOST_NODE_PARAMS) -> CuResult<Work> {
    let function = params.fn_.ok_or(CuError::INVALID_VALUE)?;
    Ok(Work::Host(HostFunction { function, data: params.userData }))
}

/// Adds the call of a host function.
pub(crate) fn cuGraphAddHostNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    nodeParams: In<'_, CUDA_HOST_NODE_PARAMS>,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |_| work(nodeParams.get()))
}

/// Gives the host function of a node.
pub(crate) fn cuGraphHostNodeGetParams(hNode: CUgraphNode, nodeParams: Out<'_, CUDA_HOST_NODE_PARAMS>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    let Some(Work::Host(HostFunction { function, data })) = graph.work(number)? else {
        return Err(CuError::INVALID_VALUE);
    };
    nodeParams.write(CUDA_HOST_NODE_PARAMS { fn_: Some(function), userData: data });
    Ok(())
}

/// Replaces the host function of a node.
pub(crate) fn cuGraphHostNodeSetParams(hNode: CUgraphNode, nodeParams: In<'_, CUDA_HOST_NODE_PARAMS>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    graph.set_work(number, work(nodeParams.get())?)
}

/// Replaces the host function of an executable graph.
pub(crate) fn cuGraphExecHostNodeSetParams(
    hGraphExec: CUgraphExec,
    hNode: CUgraphNode,
    nodeParams: In<'_, CUDA_HOST_NODE_PARAMS>,
) -> CuResult {
    let (process, _) = current::healthy()?;
    let work = work(nodeParams.get())?;
    find_exec(process, hGraphExec)?.set_work(process, id(hNode), |_| Ok(work))
}
