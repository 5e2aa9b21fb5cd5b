//! Graphs, built by hand. Executable ones are in `graph_exec`.
//!
//! - [`shape`]: graphs, and which node waits for which. [`nodes`], [`host`], [`attributes`]: what nodes do.

mod attributes;
mod host;
mod nodes;
mod shape;

pub(crate) use attributes::*;
pub(crate) use host::*;
pub(crate) use nodes::*;
pub(crate) use shape::*;

use std::sync::Arc;

use vgpu_core::abi::{CUgraph, CUgraphNode};
use vgpu_core::{CuError, CuResult};

use super::{clamp, handle, id};
use crate::guest::Process;
use crate::guest::graph::Graph;
use crate::guest::handle::split_node;

pub(super) fn find(process: &Process, graph: CUgraph) -> CuResult<Arc<Graph>> {
    process.graphs.get(id(graph)).ok_or(CuError::INVALID_VALUE)
}

/// A node's graph, and its number there.
fn node(process: &Process, node: CUgraphNode) -> CuResult<(Arc<Graph>, u32)> {
    let node = split_node(id(node)).ok_or(CuError::INVALID_VALUE)?;
    let graph = process.graphs.owner_of(node).ok_or(CuError::INVALID_VALUE)?;
    Ok((graph, node.node))
}

/// Numbers of nodes that must all be of one graph.
pub(super) fn nodes_of(process: &Process, graph: &Arc<Graph>, nodes: &[CUgraphNode]) -> CuResult<Vec<u32>> {
    let number = |handle: &CUgraphNode| {
        let (owner, number) = node(process, *handle)?;
        if Arc::ptr_eq(&owner, graph) { Ok(number) } else { Err(CuError::INVALID_VALUE) }
    };
    nodes.iter().map(number).collect()
}
