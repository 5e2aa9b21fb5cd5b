//! Nodes that call a host function.

use vgpu_core::abi::CUDA_HOST_NODE_PARAMS;
use vgpu_core::abi::runtime::{cudaGraph_t, cudaGraphNode_t, cudaHostNodeParams};
use vgpu_core::ffi::{In, InSlice, Out};

use super::node::add_node;
use crate::driver as cu;
use crate::error::RtResult;
use crate::graph_node;

pub(crate) fn cudaGraphAddHostNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    pNodeParams: In<cudaHostNodeParams>,
) -> RtResult {
    let params = graph_node::call_to_driver(pNodeParams.get());
    // SAFETY: the slice is live, and the program's function and its data are passed through.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddHostNode(node, graph, after, count, &params)
    })
}

pub(crate) fn cudaGraphHostNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaHostNodeParams>) -> RtResult {
    let mut params = CUDA_HOST_NODE_PARAMS { fn_: None, userData: std::ptr::null_mut() };
    cu::cuGraphHostNodeGetParams(node, &mut params)?;
    pNodeParams.write(cudaHostNodeParams { fn_: params.fn_, userData: params.userData });
    Ok(())
}

pub(crate) fn cudaGraphHostNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaHostNodeParams>) -> RtResult {
    // SAFETY: the program's function and its data are passed through.
    unsafe { cu::cuGraphHostNodeSetParams(node, &graph_node::call_to_driver(pNodeParams.get())) }
}
