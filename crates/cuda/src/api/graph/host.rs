//! Nodes that call a host function.

use vgpu_core::abi::{CUDA_HOST_NODE_PARAMS, CUgraph, CUgraphNode};
use vgpu_core::ffi::{In, InSlice, Out};
use vgpu_core::{CuError, CuResult};

use super::lookup::node;
use super::nodes::add;
use crate::guest::host_call::HostFunction;
use crate::guest::process;
use crate::guest::work::Work;

pub(in crate::api) fn host_work(params: &CUDA_HOST_NODE_PARAMS) -> CuResult<Work> {
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
    add(phGraphNode, hGraph, dependencies, |_| host_work(nodeParams.get()))
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
    graph.set_work(number, host_work(nodeParams.get())?)
}
