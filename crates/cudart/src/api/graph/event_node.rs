//! Nodes that record events, wait for them, or are graphs themselves.

use std::ptr::null_mut;

use vgpu_core::abi::runtime::{cudaEvent_t, cudaGraph_t, cudaGraphNode_t};
use vgpu_core::ffi::{InSlice, Out};

use super::node::add_node;
use crate::driver as cu;
use crate::error::RtResult;

pub(crate) fn cudaGraphAddEventRecordNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    event: cudaEvent_t,
) -> RtResult {
    // SAFETY: the slice is live.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddEventRecordNode(node, graph, after, count, event)
    })
}

pub(crate) fn cudaGraphAddEventWaitNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    event: cudaEvent_t,
) -> RtResult {
    // SAFETY: the slice is live.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddEventWaitNode(node, graph, after, count, event)
    })
}

pub(crate) fn cudaGraphAddChildGraphNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    childGraph: cudaGraph_t,
) -> RtResult {
    // SAFETY: the slice is live.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddChildGraphNode(node, graph, after, count, childGraph)
    })
}

pub(crate) fn cudaGraphChildGraphNodeGetGraph(node: cudaGraphNode_t, pGraph: Out<cudaGraph_t>) -> RtResult {
    let mut graph = null_mut();
    cu::cuGraphChildGraphNodeGetGraph(node, &mut graph)?;
    pGraph.write(graph);
    Ok(())
}

pub(crate) fn cudaGraphEventRecordNodeGetEvent(node: cudaGraphNode_t, event_out: Out<cudaEvent_t>) -> RtResult {
    let mut event = null_mut();
    cu::cuGraphEventRecordNodeGetEvent(node, &mut event)?;
    event_out.write(event);
    Ok(())
}

pub(crate) fn cudaGraphEventRecordNodeSetEvent(node: cudaGraphNode_t, event: cudaEvent_t) -> RtResult {
    cu::cuGraphEventRecordNodeSetEvent(node, event)
}

pub(crate) fn cudaGraphEventWaitNodeGetEvent(node: cudaGraphNode_t, event_out: Out<cudaEvent_t>) -> RtResult {
    let mut event = null_mut();
    cu::cuGraphEventWaitNodeGetEvent(node, &mut event)?;
    event_out.write(event);
    Ok(())
}

pub(crate) fn cudaGraphEventWaitNodeSetEvent(node: cudaGraphNode_t, event: cudaEvent_t) -> RtResult {
    cu::cuGraphEventWaitNodeSetEvent(node, event)
}
