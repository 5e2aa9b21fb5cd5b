//! Graphs: work with dependencies, as captured or as built node by node. The executor sees none of this.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use vgpu_core::abi::{CUgraphNodeType, CUlaunchAttributeID};
use vgpu_core::wire::Pod;
use vgpu_core::wire::launch_attributes::LaunchAttributes;
use vgpu_core::wire::messages::{Copy, CopyBox, CopyIn, CopyOut, EventRecord, Fill, Marker};
use vgpu_core::{CuError, CuResult};

use super::copy_box::PageableBox;
use super::event::Event;
use super::function::Function;
use super::graph_wire::{Encoded, Encoder};
use super::handle::{self, NodeRef, Slab, Tag};
use super::host_call::{Action, HostFunction};
use super::process::Process;
use super::shape::Shape;

/// The most nodes of one graph, flattened. CUDA names no limit; this one keeps lengths in their fields.
const MAX_NODES: usize = 1 << 22;

/// What a node does.
#[derive(Clone)]
pub(crate) enum Work {
    Empty,
    Kernel(KernelWork),
    Copy(CopyWork),
    Fill(Fill),
    EventRecord(Arc<Event>),
    EventWait(Arc<Event>),
    Host(HostFunction),
    Child(Arc<Graph>),
    /// A message of one of our other libraries; to programs it looks like a kernel.
    Library {
        op: u16,
        fixed: Arc<[u8]>,
        tail: Arc<[u8]>,
    },
}

/// A kernel launch.
#[derive(Clone)]
pub(crate) struct KernelWork {
    pub(crate) function: Arc<Function>,
    pub(crate) shape: Shape,
    pub(crate) attributes: LaunchAttributes,
    pub(crate) params: Arc<Params>,
}

/// Packed kernel parameters of a node, with the pointers to them that `cuGraphKernelNodeGetParams` lends out.
pub(crate) struct Params {
    pub(crate) bytes: Box<[u8]>,
    pointers: OnceCell<Box<[usize]>>,
}

impl Params {
    pub(crate) fn new(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), pointers: OnceCell::new() })
    }

    /// Addresses of the single parameters, alive as long as `self`.
    pub(crate) fn pointers(&self, function: &Function) -> &[usize] {
        self.pointers.get_or_init(|| {
            let base = self.bytes.as_ptr().addr();
            function.params.iter().map(|param| base + param.offset_bytes as usize).collect()
        })
    }
}

/// A copy of a node, with any host bytes it needs.
#[derive(Clone)]
pub(crate) enum CopyWork {
    In(CopyIn),
    Out(CopyOut),
    Device(Copy),
    Box(CopyBox),
    /// From or to pageable memory, which is read or written when the node runs.
    Pageable(PageableBox),
}

impl Work {
    /// What `cuGraphNodeGetType` reports.
    pub(crate) fn node_type(&self) -> CUgraphNodeType {
        match self {
            Self::Empty => CUgraphNodeType::CU_GRAPH_NODE_TYPE_EMPTY,
            Self::Kernel(_) | Self::Library { .. } => CUgraphNodeType::CU_GRAPH_NODE_TYPE_KERNEL,
            Self::Copy(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_MEMCPY,
            Self::Fill(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_MEMSET,
            Self::EventRecord(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_EVENT_RECORD,
            Self::EventWait(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_WAIT_EVENT,
            Self::Host(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_HOST,
            Self::Child(_) => CUgraphNodeType::CU_GRAPH_NODE_TYPE_GRAPH,
        }
    }

    /// Whether an instantiated node of this work may be updated to do `other`.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Library { op, .. }, Self::Library { op: other, .. }) => op == other,
            (Self::Library { .. }, _) | (_, Self::Library { .. }) => false,
            _ => self.node_type() == other.node_type(),
        }
    }

    /// Appends the node's wire form: what to do, after which earlier nodes.
    fn encode(&self, after: &[u32], out: &mut Encoder) -> CuResult {
        let marker = Marker { stream: 0, reserved: 0 };
        match self {
            Self::Empty | Self::EventWait(_) => out.message(&marker, &[], after),
            Self::Child(_) => Err(CuError::NOT_SUPPORTED),
            Self::Kernel(kernel) => kernel.encode(after, out),
            Self::Copy(CopyWork::In(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Out(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Device(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Box(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Pageable(copy)) => copy.encode(after, out),
            Self::Fill(fill) => out.message(fill, &[], after),
            Self::EventRecord(event) => match event.slot {
                Some(slot) => out.message(&EventRecord { stream: 0, event: slot }, &[], after),
                None => out.message(&marker, &[], after),
            },
            Self::Host(function) => out.call(Action::Function(*function), after),
            Self::Library { op, fixed, tail } => out.node(*op, fixed, tail, after),
        }
    }
}

impl KernelWork {
    /// A node's launch. What is said of a launch and the one before it on its stream, edges say in a graph.
    pub(crate) fn new(
        function: Arc<Function>,
        shape: Shape,
        attributes: &LaunchAttributes,
        params: Arc<Params>,
    ) -> Self {
        let mut attributes = attributes.clone();
        attributes.remove(CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
        Self { function, shape, attributes, params }
    }

    /// The launch with what another one asks for besides its shape.
    pub(crate) fn with_attributes_of(self, other: &Self) -> Self {
        let shape = Shape { cooperative: other.shape.cooperative, ..self.shape };
        Self { shape, attributes: other.attributes.clone(), ..self }
    }

    fn encode(&self, after: &[u32], out: &mut Encoder) -> CuResult {
        let launch = self.shape.message(self.function.wire);
        let attributes = self.attributes.as_slice();
        if attributes.is_empty() {
            return out.message(&launch, &self.params.bytes, after);
        }
        let count = u32::try_from(attributes.len()).expect("there are not more than kinds of them");
        let mut tail: Vec<u8> = attributes.iter().flat_map(Pod::as_bytes).copied().collect();
        tail.extend_from_slice(&self.params.bytes);
        out.message(&launch.with_attributes(count), &tail, after)
    }
}

struct Node {
    work: Work,
    after: Vec<u32>,
}

static GRAPHS: Slab<Arc<Graph>> = Slab::new(Tag::Graph);

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
            if let Work::Child(child) = &node.work {
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
                Some(Node { work: Work::Child(child), after }) => {
                    Some(Node { work: Work::Child(child.duplicate(process)?), after: after.clone() })
                }
                Some(Node { work, after }) => Some(Node { work: work.clone(), after: after.clone() }),
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
        let mut nodes = self.nodes.lock();
        let known = |index: &u32| nodes.get(*index as usize).is_some_and(Option::is_some);
        let repeated = |at: usize| after[..at].contains(&after[at]);
        if !after.iter().all(known) || (0..after.len()).any(repeated) {
            return Err(CuError::INVALID_VALUE);
        }
        if nodes.len() >= MAX_NODES {
            return Err(CuError::OUT_OF_MEMORY);
        }
        nodes.push(Some(Node { work, after }));
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

    /// A node's work.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there.
    pub(crate) fn work(&self, node: u32) -> CuResult<Work> {
        let nodes = self.nodes.lock();
        let node = nodes.get(node as usize).and_then(Option::as_ref);
        node.map(|node| node.work.clone()).ok_or(CuError::INVALID_VALUE)
    }

    /// Gives a node other work of the same kind.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not there or of another kind.
    pub(crate) fn set_work(&self, node: u32, work: Work) -> CuResult {
        let mut nodes = self.nodes.lock();
        let node = nodes.get_mut(node as usize).and_then(Option::as_mut).ok_or(CuError::INVALID_VALUE)?;
        if !node.work.is_like(&work) {
            return Err(CuError::INVALID_VALUE);
        }
        node.work = work;
        Ok(())
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
            done[index] = Some(match &node.work {
                Work::Child(child) => child.unfold(&after, plan)?,
                work => {
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
        parent.add(Work::Child(child), vec![0]).expect("room");
        parent.add(fill(1), vec![1]).expect("room");
        let plan = parent.plan().expect("no cycle");
        assert_eq!(targets(&plan), [0, 10, 11, 1]);
        let after: Vec<&[u32]> = plan.steps.iter().map(|step| &step.after[..]).collect();
        assert_eq!(after, [&[][..], &[0], &[0], &[1, 2]]);
    }
}
