//! Graphs as such: their nodes and edges.

use std::ffi::c_uint;
use std::sync::Arc;

use vgpu_core::abi::{CUgraph, CUgraphEdgeData, CUgraphNode, CUgraphNodeType};
use vgpu_core::ffi::{InOut, InSlice, Out, OutSlice};
use vgpu_core::{CuError, CuResult};

use super::lookup::{find, node, nodes_of};
use crate::api::{clamp, handle};
use crate::guest::graph::Graph;
use crate::guest::handle::node_handle;
use crate::guest::{Process, process};

/// Fills an array of handles in CUDA's way: with no array only the count, else as many as fit and nulls after them.
fn list(mut out: OutSlice<'_, CUgraphNode>, mut count: InOut<'_, usize>, wanted: bool, nodes: &[u64]) {
    if wanted {
        let room = count.read();
        for at in 0..room.min(out.len()) {
            out.write_at(at, &[nodes.get(at).map_or(std::ptr::null_mut(), |node| handle(*node))]);
        }
        count.write(nodes.len().min(room));
    } else {
        count.write(nodes.len());
    }
}

/// # Safety
/// `out`, unless null, has room for `count` handles.
unsafe fn list_into(out: *mut CUgraphNode, count: InOut<'_, usize>, graph: &Graph, nodes: &[u32]) -> CuResult {
    let room = if out.is_null() { 0 } else { count.read() };
    // SAFETY: the caller's promise.
    let slice = unsafe { OutSlice::new(out, room) }?;
    let handles: Vec<u64> = nodes.iter().map(|node| node_handle(graph.handle, *node)).collect();
    list(slice, count, !out.is_null(), &handles);
    Ok(())
}

/// Makes an empty graph.
pub(crate) fn cuGraphCreate(phGraph: Out<'_, CUgraph>, flags: c_uint) -> CuResult {
    let process = process()?;
    if flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    phGraph.write(handle(Graph::create(process)?.handle));
    Ok(())
}

/// Ends a graph; what was instantiated from it lives on.
pub(crate) fn cuGraphDestroy(hGraph: CUgraph) -> CuResult {
    let process = process()?;
    find(process, hGraph)?.destroy();
    Ok(())
}

/// Copies a graph.
pub(crate) fn cuGraphClone(phGraphClone: Out<'_, CUgraph>, originalGraph: CUgraph) -> CuResult {
    let process = process()?;
    phGraphClone.write(handle(find(process, originalGraph)?.duplicate(process)?.handle));
    Ok(())
}

/// Finds the copy of a node in a clone of its graph.
pub(crate) fn cuGraphNodeFindInClone(
    phNode: Out<'_, CUgraphNode>,
    hOriginalNode: CUgraphNode,
    hClonedGraph: CUgraph,
) -> CuResult {
    let process = process()?;
    let (_, number) = node(process, hOriginalNode)?;
    let clone = find(process, hClonedGraph)?;
    // Clones keep the numbers of their nodes.
    clone.work(number)?;
    phNode.write(handle(node_handle(clone.handle, number)));
    Ok(())
}

/// Gives a number that no other graph of the process has or had.
pub(crate) fn cuGraphGetId(hGraph: CUgraph, graphId: Out<'_, c_uint>) -> CuResult {
    graphId.write(clamp(find(process()?, hGraph)?.id));
    Ok(())
}

/// Lists a graph's nodes; without an array only counts them.
pub(crate) unsafe fn cuGraphGetNodes(hGraph: CUgraph, nodes: *mut CUgraphNode, numNodes: InOut<'_, usize>) -> CuResult {
    let graph = find(process()?, hGraph)?;
    // SAFETY: the caller's array is as long as its count says.
    unsafe { list_into(nodes, numNodes, &graph, &graph.nodes()) }
}

/// Lists the nodes that wait for no other; without an array only counts them.
pub(crate) unsafe fn cuGraphGetRootNodes(
    hGraph: CUgraph,
    rootNodes: *mut CUgraphNode,
    numRootNodes: InOut<'_, usize>,
) -> CuResult {
    let graph = find(process()?, hGraph)?;
    let mut roots = graph.nodes();
    roots.retain(|node| graph.dependencies(*node).is_ok_and(|after| after.is_empty()));
    // SAFETY: the caller's array is as long as its count says.
    unsafe { list_into(rootNodes, numRootNodes, &graph, &roots) }
}

/// Lists a graph's dependencies; without arrays only counts them.
pub(crate) unsafe fn cuGraphGetEdges(
    hGraph: CUgraph,
    from: *mut CUgraphNode,
    to: *mut CUgraphNode,
    numEdges: InOut<'_, usize>,
) -> CuResult {
    let graph = find(process()?, hGraph)?;
    if from.is_null() != to.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    let (starts, ends): (Vec<u32>, Vec<u32>) = graph.edges().into_iter().unzip();
    let mut room = numEdges.read();
    // SAFETY: the caller's array is as long as its count says.
    unsafe { list_into(from, InOut::new(&raw mut room)?, &graph, &starts) }?;
    // SAFETY: and so is the other.
    unsafe { list_into(to, numEdges, &graph, &ends) }
}

/// Lists a graph's dependencies; no edge has data here.
pub(crate) unsafe fn cuGraphGetEdges_v2(
    hGraph: CUgraph,
    from: *mut CUgraphNode,
    to: *mut CUgraphNode,
    edgeData: *mut CUgraphEdgeData,
    numEdges: InOut<'_, usize>,
) -> CuResult {
    no_edges_without_nodes(from, edgeData)?;
    let room = numEdges.read();
    // SAFETY: the caller's arrays are as long as its count says.
    unsafe { cuGraphGetEdges(hGraph, from, to, numEdges) }?;
    // SAFETY: and so is this one.
    unsafe { clear_edge_data(edgeData, room) }
}

/// Data of edges are asked for with the nodes only: without an array of those the count says nothing about room.
fn no_edges_without_nodes(nodes: *mut CUgraphNode, data: *mut CUgraphEdgeData) -> CuResult {
    if nodes.is_null() && !data.is_null() { Err(CuError::INVALID_VALUE) } else { Ok(()) }
}

/// # Safety
/// `data`, unless null, has room for `count` items.
unsafe fn clear_edge_data(data: *mut CUgraphEdgeData, count: usize) -> CuResult {
    if data.is_null() {
        return Ok(());
    }
    let plain = CUgraphEdgeData { from_port: 0, to_port: 0, type_: 0, reserved: [0; 5] };
    for index in 0..count {
        // SAFETY: the caller's promise.
        unsafe { data.add(index).write(plain) };
    }
    Ok(())
}

/// Lists the nodes that a node waits for; without an array only counts them.
pub(crate) unsafe fn cuGraphNodeGetDependencies(
    hNode: CUgraphNode,
    dependencies: *mut CUgraphNode,
    numDependencies: InOut<'_, usize>,
) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    // SAFETY: the caller's array is as long as its count says.
    unsafe { list_into(dependencies, numDependencies, &graph, &graph.dependencies(number)?) }
}

/// Lists the nodes that a node waits for; no edge has data here.
pub(crate) unsafe fn cuGraphNodeGetDependencies_v2(
    hNode: CUgraphNode,
    dependencies: *mut CUgraphNode,
    edgeData: *mut CUgraphEdgeData,
    numDependencies: InOut<'_, usize>,
) -> CuResult {
    no_edges_without_nodes(dependencies, edgeData)?;
    let room = numDependencies.read();
    // SAFETY: the caller's arrays are as long as its count says.
    unsafe { cuGraphNodeGetDependencies(hNode, dependencies, numDependencies) }?;
    // SAFETY: as above.
    unsafe { clear_edge_data(edgeData, room) }
}

/// Lists the nodes that wait for a node; without an array only counts them.
pub(crate) unsafe fn cuGraphNodeGetDependentNodes(
    hNode: CUgraphNode,
    dependentNodes: *mut CUgraphNode,
    numDependentNodes: InOut<'_, usize>,
) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    graph.work(number)?;
    let later: Vec<u32> = graph.edges().into_iter().filter(|(from, _)| *from == number).map(|(_, to)| to).collect();
    // SAFETY: the caller's array is as long as its count says.
    unsafe { list_into(dependentNodes, numDependentNodes, &graph, &later) }
}

/// Lists the nodes that wait for a node; no edge has data here.
pub(crate) unsafe fn cuGraphNodeGetDependentNodes_v2(
    hNode: CUgraphNode,
    dependentNodes: *mut CUgraphNode,
    edgeData: *mut CUgraphEdgeData,
    numDependentNodes: InOut<'_, usize>,
) -> CuResult {
    no_edges_without_nodes(dependentNodes, edgeData)?;
    let room = numDependentNodes.read();
    // SAFETY: the caller's arrays are as long as its count says.
    unsafe { cuGraphNodeGetDependentNodes(hNode, dependentNodes, numDependentNodes) }?;
    // SAFETY: as above.
    unsafe { clear_edge_data(edgeData, room) }
}

fn edges(process: &Process, graph: &Arc<Graph>, from: &[CUgraphNode], to: &[CUgraphNode]) -> CuResult<Vec<(u32, u32)>> {
    let from = nodes_of(process, graph, from)?;
    let to = nodes_of(process, graph, to)?;
    Ok(from.into_iter().zip(to).collect())
}

/// Adds dependencies between nodes of a graph.
pub(crate) fn cuGraphAddDependencies(
    hGraph: CUgraph,
    from: InSlice<'_, CUgraphNode>,
    to: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
) -> CuResult {
    let process = process()?;
    let graph = find(process, hGraph)?;
    graph.connect(&edges(process, &graph, from.as_slice(), to.as_slice())?)
}

/// Adds dependencies between nodes of a graph; data of edges is not supported.
pub(crate) unsafe fn cuGraphAddDependencies_v2(
    hGraph: CUgraph,
    from: InSlice<'_, CUgraphNode>,
    to: InSlice<'_, CUgraphNode>,
    edgeData: *const CUgraphEdgeData,
    numDependencies: usize,
) -> CuResult {
    // SAFETY: the caller's array is as long as its count says.
    unsafe { refuse_edge_data(edgeData, numDependencies) }?;
    cuGraphAddDependencies(hGraph, from, to, numDependencies)
}

/// Accepts edge data that say nothing.
///
/// # Safety
/// `data`, unless null, is readable for `count` items.
unsafe fn refuse_edge_data(data: *const CUgraphEdgeData, count: usize) -> CuResult {
    if data.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    let data = unsafe { InSlice::new(data, count) }?;
    let plain = |edge: &CUgraphEdgeData| (edge.from_port, edge.to_port, edge.type_) == (0, 0, 0);
    if data.as_slice().iter().all(plain) { Ok(()) } else { Err(CuError::NOT_SUPPORTED) }
}

/// Removes dependencies between nodes of a graph.
pub(crate) fn cuGraphRemoveDependencies(
    hGraph: CUgraph,
    from: InSlice<'_, CUgraphNode>,
    to: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
) -> CuResult {
    let process = process()?;
    let graph = find(process, hGraph)?;
    graph.disconnect(&edges(process, &graph, from.as_slice(), to.as_slice())?)
}

/// Removes dependencies between nodes of a graph.
pub(crate) unsafe fn cuGraphRemoveDependencies_v2(
    hGraph: CUgraph,
    from: InSlice<'_, CUgraphNode>,
    to: InSlice<'_, CUgraphNode>,
    edgeData: *const CUgraphEdgeData,
    numDependencies: usize,
) -> CuResult {
    // SAFETY: the caller's array is as long as its count says.
    unsafe { refuse_edge_data(edgeData, numDependencies) }?;
    cuGraphRemoveDependencies(hGraph, from, to, numDependencies)
}

/// Removes a node and its dependencies.
pub(crate) fn cuGraphDestroyNode(hNode: CUgraphNode) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    graph.remove(number)
}

/// Gives what kind of work a node does.
pub(crate) fn cuGraphNodeGetType(hNode: CUgraphNode, type_: Out<'_, CUgraphNodeType>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    type_.write(graph.node_type(number)?);
    Ok(())
}

/// Gives the graph that a node is in.
pub(crate) fn cuGraphNodeGetContainingGraph(hNode: CUgraphNode, phGraph: Out<'_, CUgraph>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    graph.work(number)?;
    phGraph.write(handle(graph.handle));
    Ok(())
}

/// Gives a node's number in its graph.
pub(crate) fn cuGraphNodeGetLocalId(hNode: CUgraphNode, nodeId: Out<'_, c_uint>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    graph.work(number)?;
    nodeId.write(number);
    Ok(())
}
