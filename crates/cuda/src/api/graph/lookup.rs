//! What the handles of graphs and nodes name.

use std::sync::Arc;

use vgpu_core::abi::{CUgraph, CUgraphNode};
use vgpu_core::{CuError, CuResult};

use crate::api::id;
use crate::guest::Process;
use crate::guest::graph::Graph;
use crate::guest::handle::split_node;

/// A graph.
pub(in crate::api) fn find(process: &Process, graph: CUgraph) -> CuResult<Arc<Graph>> {
    Graph::find(process, id(graph))
}

/// A node's graph, and its number there.
pub(super) fn node(process: &Process, node: CUgraphNode) -> CuResult<(Arc<Graph>, u32)> {
    let node = split_node(id(node)).ok_or(CuError::INVALID_VALUE)?;
    let graph = Graph::of_node(process, node)?;
    Ok((graph, node.node))
}

/// Numbers of nodes that must all be of one graph.
pub(in crate::api) fn nodes_of(process: &Process, graph: &Arc<Graph>, nodes: &[CUgraphNode]) -> CuResult<Vec<u32>> {
    let number = |handle: &CUgraphNode| {
        let (owner, number) = node(process, *handle)?;
        if Arc::ptr_eq(&owner, graph) { Ok(number) } else { Err(CuError::INVALID_VALUE) }
    };
    nodes.iter().map(number).collect()
}
