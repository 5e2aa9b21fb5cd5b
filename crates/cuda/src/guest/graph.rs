//! Graphs: work with dependencies, as captured or as built node by node. The executor sees none of this.

use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::abi::CUgraphNodeType;
use vgpu_core::{CuError, CuResult};

use super::graph_wire::{Encoded, Encoder};
use super::handle::{self, NodeRef, Slab, Tag};
use super::process::Process;
use super::work::Work;

/// The most nodes of one graph, flattened. CUDA names no limit; this one keeps lengths in their fields.
const MAX_NODES: usize = 1 << 22;

static GRAPHS: Slab<Arc<Graph>> = Slab::new(Tag::Graph);

struct Node {
    content: Content,
    after: Vec<u32>,
}

/// What stands at a node.
enum Content {
    Work(Work),
    Child(Arc<Graph>),
}

/// A graph. Nodes keep their numbers; a destroyed one leaves a gap.
pub(crate) struct Graph {
    pub(crate) handle: u64,
    /// What `cuGraphGetId` reports.
    pub(crate) id: u64,
    nodes: Mutex<Vec<Option<Node>>>,
}

impl Graph {
    /// Makes an empty graph.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when there are more graphs than node handles can tell apart.
    pub(crate) fn create(process: &Process) -> CuResult<Arc<Self>> {
        let make = |handle| Arc::new(Self { handle, id: process.new_id(), nodes: Mutex::new(Vec::new()) });
        let graph = GRAPHS.insert_with(make);
        if handle::can_name_nodes(graph.handle) {
            return Ok(graph);
        }
        GRAPHS.remove(graph.handle);
        Err(CuError::OUT_OF_MEMORY)
    }

    /// The graph that a program means.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        GRAPHS.get(handle).ok_or(CuError::INVALID_VALUE)
    }

    /// The graph that a node's handle belongs to.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is gone.
    pub(crate) fn of_node(_process: &Process, node: NodeRef) -> CuResult<Arc<Self>> {
        GRAPHS.owner_of(node).ok_or(CuError::INVALID_VALUE)
    }

    /// Ends the graph's handle, and those of its children.
    pub(crate) fn destroy(&self) {
        GRAPHS.remove(self.handle);
        for node in self.nodes.lock().iter().flatten() {
            if let Content::Child(child) = &node.content {
                child.destroy();
            }
        }
    }

    /// A graph of the same nodes under the same numbers.
    ///
    /// # Errors
    /// As [`Graph::create`].
    pub(crate) fn duplicate(&self, process: &Process) -> CuResult<Arc<Self>> {
        let copy = Self::create(process)?;
        let mut nodes = Vec::new();
        for node in self.nodes.lock().iter() {
            nodes.push(match node {
                None => None,
                Some(Node { content, after }) => {
                    let content = match content {
                        Content::Work(work) => Content::Work(work.clone()),
                        Content::Child(child) => Content::Child(child.duplicate(process)?),
                    };
                    Some(Node { content, after: after.clone() })
                }
            });
        }
        *copy.nodes.lock() = nodes;
        Ok(copy)
    }

    /// Adds a node that runs after those named; returns its number.
    ///
    /// # Errors
    /// `INVALID_VALUE` when one of them is not there or named twice, `OUT_OF_MEMORY` for too many nodes.
    pub(crate) fn add(&self, work: Work, after: Vec<u32>) -> CuResult<u32> {
        self.add_node(Content::Work(work), after)
    }

    /// The same for a node that is a graph of its own.
    ///
    /// # Errors
    /// As [`Graph::add`].
    pub(crate) fn add_child(&self, child: Arc<Self>, after: Vec<u32>) -> CuResult<u32> {
        self.add_node(Content::Child(child), after)
    }

    fn add_node(&self, content: Content, after: Vec<u32>) -> CuResult<u32> {
        let mut nodes = self.nodes.lock();
        let known = |index: &u32| nodes.get(*index as usize).is_some_and(Option::is_some);
        let repeated = |at: usize| after[..at].contains(&after[at]);
        if !after.iter().all(known) || (0..after.len()).any(repeated) {
            return Err(CuError::INVALID_VALUE);
        }
        if nodes.len() >= MAX_NODES {
            return Err(CuError::OUT_OF_MEMORY);
        }
        nodes.push(Some(Node { content, after }));
        u32::try_from(nodes.len() - 1).map_err(|_| CuError::OUT_OF_MEMORY)
    }

    /// Numbers of all nodes, in the order they were added.
    pub(crate) fn nodes(&self) -> Vec<u32> {
        let nodes = self.nodes.lock();
        (0u32..).zip(nodes.iter()).filter(|(_, node)| node.is_some()).map(|(index, _)| index).collect()
    }

    /// Every dependency as (earlier node, later node).
    pub(crate) fn edges(&self) -> Vec<(u32, u32)> {
        let nodes = self.nodes.lock();
        let live = (0u32..).zip(nodes.iter()).filter_map(|(index, node)| Some((index, node.as_ref()?)));
        live.flat_map(|(to, node)| node.after.iter().map(move |from| (*from, to))).collect()
    }

    /// Nodes that no other one waits for.
    pub(crate) fn leaves(&self) -> Vec<u32> {
        let edges = self.edges();
        let mut leaves = self.nodes();
        let mut waited_for: Vec<u32> = edges.into_iter().map(|(from, _)| from).collect();
        waited_for.sort_unstable();
        leaves.retain(|node| waited_for.binary_search(node).is_err());
        leaves
    }

    /// A node's work; `None` for a child graph.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there.
    pub(crate) fn work(&self, node: u32) -> CuResult<Option<Work>> {
        self.look_at(node, |content| match content {
            Content::Work(work) => Some(work.clone()),
            Content::Child(_) => None,
        })
    }

    /// The graph that a node is; `None` for work.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there.
    pub(crate) fn child(&self, node: u32) -> CuResult<Option<Arc<Self>>> {
        self.look_at(node, |content| match content {
            Content::Work(_) => None,
            Content::Child(child) => Some(child.clone()),
        })
    }

    /// What `cuGraphNodeGetType` reports.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there.
    pub(crate) fn node_type(&self, node: u32) -> CuResult<CUgraphNodeType> {
        self.look_at(node, |content| match content {
            Content::Work(work) => work.node_type(),
            Content::Child(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_GRAPH,
        })
    }

    fn look_at<T>(&self, node: u32, look: impl FnOnce(&Content) -> T) -> CuResult<T> {
        let nodes = self.nodes.lock();
        let node = nodes.get(node as usize).and_then(Option::as_ref);
        node.map(|node| look(&node.content)).ok_or(CuError::INVALID_VALUE)
    }

    /// Gives a node other work of the same kind.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there or of another kind.
    pub(crate) fn set_work(&self, node: u32, work: Work) -> CuResult {
        let mut nodes = self.nodes.lock();
        let node = nodes.get_mut(node as usize).and_then(Option::as_mut).ok_or(CuError::INVALID_VALUE)?;
        match &mut node.content {
            Content::Work(before) if before.is_like(&work) => {
                *before = work;
                Ok(())
            }
            Content::Work(_) | Content::Child(_) => Err(CuError::INVALID_VALUE),
        }
    }

    /// Nodes that a node waits for.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there.
    pub(crate) fn dependencies(&self, node: u32) -> CuResult<Vec<u32>> {
        let nodes = self.nodes.lock();
        let node = nodes.get(node as usize).and_then(Option::as_ref);
        node.map(|node| node.after.clone()).ok_or(CuError::INVALID_VALUE)
    }

    /// Adds dependencies, all or none.
    ///
    /// # Errors
    /// `INVALID_VALUE` when a node is not there, an edge is, or a node would wait for itself.
    pub(crate) fn connect(&self, edges: &[(u32, u32)]) -> CuResult {
        let mut nodes = self.nodes.lock();
        let known = |index: u32| nodes.get(index as usize).is_some_and(Option::is_some);
        let after = |index: u32| nodes[index as usize].as_ref().map_or(&[][..], |node| &node.after);
        let bad = |(from, to): &(u32, u32)| from == to || !known(*from) || !known(*to) || after(*to).contains(from);
        if edges.iter().any(bad) {
            return Err(CuError::INVALID_VALUE);
        }
        for (from, to) in edges {
            if let Some(node) = &mut nodes[*to as usize] {
                node.after.push(*from);
            }
        }
        Ok(())
    }

    /// Removes dependencies; those that are not there are an error, and nothing is changed.
    ///
    /// # Errors
    /// `INVALID_VALUE`.
    pub(crate) fn disconnect(&self, edges: &[(u32, u32)]) -> CuResult {
        let mut nodes = self.nodes.lock();
        let has = |(from, to): &(u32, u32)| {
            let node = nodes.get(*to as usize).and_then(Option::as_ref);
            node.is_some_and(|node| node.after.contains(from))
        };
        if !edges.iter().all(has) {
            return Err(CuError::INVALID_VALUE);
        }
        for (from, to) in edges {
            if let Some(node) = &mut nodes[*to as usize] {
                node.after.retain(|index| index != from);
            }
        }
        Ok(())
    }

    /// Removes a node and its edges.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there.
    pub(crate) fn remove(&self, index: u32) -> CuResult {
        let mut nodes = self.nodes.lock();
        let node = nodes.get_mut(index as usize).ok_or(CuError::INVALID_VALUE)?;
        node.take().ok_or(CuError::INVALID_VALUE)?;
        for node in nodes.iter_mut().flatten() {
            node.after.retain(|after| *after != index);
        }
        Ok(())
    }

    /// The graph in running order, children unfolded.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a cycle, `OUT_OF_MEMORY` for too many nodes.
    pub(crate) fn plan(&self) -> CuResult<Plan> {
        let mut plan = Plan::default();
        self.unfold(&[], &mut plan)?;
        Ok(plan)
    }

    /// Appends this graph's nodes to a plan, roots after `outer`; returns the plan's indices of its leaves.
    fn unfold(&self, outer: &[u32], plan: &mut Plan) -> CuResult<Vec<u32>> {
        let nodes = self.nodes.lock();
        // For each node, the plan's indices that a node after it waits for.
        let mut done: Vec<Option<Vec<u32>>> = vec![None; nodes.len()];
        let mut leaf = vec![true; nodes.len()];
        for index in running_order(&nodes)? {
            let Some(node) = &nodes[index] else { continue };
            let mut after: Vec<u32> = Vec::new();
            for earlier in &node.after {
                leaf[*earlier as usize] = false;
                after.extend(done[*earlier as usize].iter().flatten());
            }
            if node.after.is_empty() {
                after.extend(outer);
            }
            after.sort_unstable();
            after.dedup();
            done[index] = Some(match &node.content {
                Content::Child(child) => child.unfold(&after, plan)?,
                Content::Work(work) => {
                    if plan.steps.len() >= MAX_NODES {
                        return Err(CuError::OUT_OF_MEMORY);
                    }
                    let number = u32::try_from(index).map_err(|_| CuError::OUT_OF_MEMORY)?;
                    let source = handle::node_handle(self.handle, number);
                    plan.steps.push(Step { source, work: work.clone(), after });
                    vec![u32::try_from(plan.steps.len() - 1).map_err(|_| CuError::OUT_OF_MEMORY)?]
                }
            });
        }
        let mut leaves: Vec<u32> = Vec::new();
        for (index, ends) in done.into_iter().enumerate() {
            if leaf[index] {
                leaves.extend(ends.into_iter().flatten());
            }
        }
        if leaves.is_empty() { Ok(outer.to_vec()) } else { Ok(leaves) }
    }
}

/// Node indices with every node after those it waits for; as added, where that is an order already.
fn running_order(nodes: &[Option<Node>]) -> CuResult<Vec<usize>> {
    let mut waiting: Vec<usize> = nodes.iter().map(|node| node.as_ref().map_or(0, |node| node.after.len())).collect();
    let in_order = nodes.iter().enumerate().all(|(index, node)| {
        node.as_ref().is_none_or(|node| node.after.iter().all(|earlier| (*earlier as usize) < index))
    });
    if in_order {
        return Ok((0..nodes.len()).collect());
    }
    let mut later: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for earlier in node.iter().flat_map(|node| &node.after) {
            later[*earlier as usize].push(index);
        }
    }
    let mut ready: std::collections::VecDeque<usize> = (0..nodes.len()).filter(|index| waiting[*index] == 0).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(index) = ready.pop_front() {
        order.push(index);
        for next in &later[index] {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                ready.push_back(*next);
            }
        }
    }
    if order.len() == nodes.len() { Ok(order) } else { Err(CuError::INVALID_VALUE) }
}

/// A graph ready to be sent: steps in an order that can run.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
}

/// One node of a plan.
#[derive(Clone)]
pub(crate) struct Step {
    /// The handle of the graph node it came from.
    pub(crate) source: u64,
    pub(crate) work: Work,
    /// Earlier steps it waits for, ascending.
    pub(crate) after: Vec<u32>,
}

impl Plan {
    /// The plan's wire form.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when a node is too large for its length fields, or without pinned memory for copies; those of
    /// [`host_call::register`](super::host_call::register).
    pub(crate) fn encode(&self) -> CuResult<Encoded> {
        let mut out = Encoder::with_room_for(self.steps.len());
        // A step may be more than one node: those after it wait for the last.
        let mut ends: Vec<u32> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            if out.node_count() as usize == ends.len() {
                step.work.encode(&step.after, &mut out)?;
            } else {
                let after: Vec<u32> = step.after.iter().map(|earlier| ends[*earlier as usize]).collect();
                step.work.encode(&after, &mut out)?;
            }
            ends.push(out.node_count() - 1);
        }
        Ok(out.finish())
    }

    /// A graph that does the same.
    ///
    /// # Errors
    /// As [`Graph::create`].
    pub(crate) fn to_graph(&self, process: &Process) -> CuResult<Arc<Graph>> {
        let graph = Graph::create(process)?;
        for step in &self.steps {
            graph.add(step.work.clone(), step.after.clone())?;
        }
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use vgpu_core::wire::messages::Fill;

    use super::*;

    fn graph() -> Graph {
        Graph { handle: 0x7608_0000_0100_0000, id: 1, nodes: Mutex::new(Vec::new()) }
    }

    fn fill(target: u64) -> Work {
        Work::Fill(Fill { stream: 0, element_bytes: 1, target, pitch: 0, value: 0, reserved: 0, width: 1, height: 1 })
    }

    fn targets(plan: &Plan) -> Vec<u64> {
        let target = |step: &Step| match &step.work {
            Work::Fill(fill) => Some(fill.target),
            _ => None,
        };
        plan.steps.iter().filter_map(target).collect()
    }

    #[test]
    fn a_node_may_only_follow_known_nodes() {
        let graph = graph();
        assert_eq!(graph.add(fill(0), vec![0]), Err(CuError::INVALID_VALUE));
        assert_eq!(graph.add(fill(0), vec![]), Ok(0));
        assert_eq!(graph.add(fill(0), vec![0, 0]), Err(CuError::INVALID_VALUE));
        assert_eq!(graph.add(fill(0), vec![0]), Ok(1));
        assert_eq!(graph.leaves(), [1]);
    }

    #[test]
    fn later_edges_change_the_running_order() {
        let graph = graph();
        for target in 0..3 {
            graph.add(fill(target), vec![]).expect("room");
        }
        graph.connect(&[(2, 0), (0, 1)]).expect("no cycle yet");
        assert_eq!(targets(&graph.plan().expect("no cycle")), [2, 0, 1]);
    }

    #[test]
    fn a_cycle_cannot_run() {
        let graph = graph();
        graph.add(fill(0), vec![]).expect("room");
        graph.add(fill(1), vec![0]).expect("room");
        graph.connect(&[(1, 0)]).expect("edges are free until the graph is used");
        assert_eq!(graph.plan().err(), Some(CuError::INVALID_VALUE));
    }

    #[test]
    fn a_removed_node_takes_its_edges_along() {
        let graph = graph();
        graph.add(fill(0), vec![]).expect("room");
        graph.add(fill(1), vec![0]).expect("room");
        graph.remove(0).expect("there");
        assert_eq!((graph.nodes(), graph.edges()), (vec![1], vec![]));
        assert_eq!(graph.remove(0), Err(CuError::INVALID_VALUE));
        assert_eq!(targets(&graph.plan().expect("no cycle")), [1]);
    }

    #[test]
    fn a_child_runs_between_what_it_follows_and_what_follows_it() {
        let child = Arc::new(graph());
        child.add(fill(10), vec![]).expect("room");
        child.add(fill(11), vec![]).expect("room");
        let parent = graph();
        parent.add(fill(0), vec![]).expect("room");
        parent.add_child(child, vec![0]).expect("room");
        parent.add(fill(1), vec![1]).expect("room");
        let plan = parent.plan().expect("no cycle");
        assert_eq!(targets(&plan), [0, 10, 11, 1]);
        let after: Vec<&[u32]> = plan.steps.iter().map(|step| &step.after[..]).collect();
        assert_eq!(after, [&[][..], &[0], &[0], &[1, 2]]);
    }
}
