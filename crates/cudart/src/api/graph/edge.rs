//! Edges, and listings of nodes and edges: a null array asks for the number.

use vgpu_core::abi::runtime::{cudaGraph_t, cudaGraphEdgeData, cudaGraphNode_t};
use vgpu_core::ffi::InSlice;

use crate::driver as cu;
use crate::error::RtResult;

pub(crate) fn cudaGraphAddDependencies(
    graph: cudaGraph_t,
    from: InSlice<cudaGraphNode_t>,
    to: InSlice<cudaGraphNode_t>,
    numDependencies: usize,
) -> RtResult {
    // SAFETY: both slices have that length.
    unsafe { cu::cuGraphAddDependencies(graph, from.as_slice().as_ptr(), to.as_slice().as_ptr(), numDependencies) }
}

pub(crate) fn cudaGraphRemoveDependencies(
    graph: cudaGraph_t,
    from: InSlice<cudaGraphNode_t>,
    to: InSlice<cudaGraphNode_t>,
    numDependencies: usize,
) -> RtResult {
    // SAFETY: both slices have that length.
    unsafe { cu::cuGraphRemoveDependencies(graph, from.as_slice().as_ptr(), to.as_slice().as_ptr(), numDependencies) }
}

pub(crate) unsafe fn cudaGraphGetNodes(
    graph: cudaGraph_t,
    nodes: *mut cudaGraphNode_t,
    numNodes: *mut usize,
) -> RtResult {
    // SAFETY: the caller's pointers are passed through.
    unsafe { cu::cuGraphGetNodes(graph, nodes, numNodes) }
}

pub(crate) unsafe fn cudaGraphGetRootNodes(
    graph: cudaGraph_t,
    pRootNodes: *mut cudaGraphNode_t,
    pNumRootNodes: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphGetRootNodes(graph, pRootNodes, pNumRootNodes) }
}

pub(crate) unsafe fn cudaGraphGetEdges(
    graph: cudaGraph_t,
    from: *mut cudaGraphNode_t,
    to: *mut cudaGraphNode_t,
    numEdges: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphGetEdges(graph, from, to, numEdges) }
}

pub(crate) unsafe fn cudaGraphNodeGetDependencies(
    node: cudaGraphNode_t,
    pDependencies: *mut cudaGraphNode_t,
    pNumDependencies: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphNodeGetDependencies(node, pDependencies, pNumDependencies) }
}

pub(crate) unsafe fn cudaGraphNodeGetDependentNodes(
    node: cudaGraphNode_t,
    pDependentNodes: *mut cudaGraphNode_t,
    pNumDependentNodes: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphNodeGetDependentNodes(node, pDependentNodes, pNumDependentNodes) }
}

/// Edge data has the same layout in both libraries; null means plain edges.
pub(crate) unsafe fn cudaGraphAddDependencies_v2(
    graph: cudaGraph_t,
    from: *const cudaGraphNode_t,
    to: *const cudaGraphNode_t,
    edgeData: *const cudaGraphEdgeData,
    numDependencies: usize,
) -> RtResult {
    // SAFETY: the caller's arrays are passed through.
    unsafe { cu::cuGraphAddDependencies_v2(graph, from, to, edgeData.cast(), numDependencies) }
}

pub(crate) unsafe fn cudaGraphRemoveDependencies_v2(
    graph: cudaGraph_t,
    from: *const cudaGraphNode_t,
    to: *const cudaGraphNode_t,
    edgeData: *const cudaGraphEdgeData,
    numDependencies: usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphRemoveDependencies_v2(graph, from, to, edgeData.cast(), numDependencies) }
}

pub(crate) unsafe fn cudaGraphGetEdges_v2(
    graph: cudaGraph_t,
    from: *mut cudaGraphNode_t,
    to: *mut cudaGraphNode_t,
    edgeData: *mut cudaGraphEdgeData,
    numEdges: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphGetEdges_v2(graph, from, to, edgeData.cast(), numEdges) }
}

pub(crate) unsafe fn cudaGraphNodeGetDependencies_v2(
    node: cudaGraphNode_t,
    pDependencies: *mut cudaGraphNode_t,
    edgeData: *mut cudaGraphEdgeData,
    pNumDependencies: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphNodeGetDependencies_v2(node, pDependencies, edgeData.cast(), pNumDependencies) }
}

pub(crate) unsafe fn cudaGraphNodeGetDependentNodes_v2(
    node: cudaGraphNode_t,
    pDependentNodes: *mut cudaGraphNode_t,
    edgeData: *mut cudaGraphEdgeData,
    pNumDependentNodes: *mut usize,
) -> RtResult {
    // SAFETY: as above.
    unsafe { cu::cuGraphNodeGetDependentNodes_v2(node, pDependentNodes, edgeData.cast(), pNumDependentNodes) }
}
