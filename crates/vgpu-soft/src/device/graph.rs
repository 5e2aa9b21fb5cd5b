//! Graphs: the bytes of one decoded to steps with dependencies.

use std::sync::Arc;

use vgpu_core::host::Refusal;
use vgpu_core::host::nodes::{self, for_each_node};
use vgpu_core::wire::Op;

use super::step::Step;

/// Steps and what they wait for. Node indices are those of the bytes it came from.
pub(super) struct Graph {
    pub(super) context: u32,
    pub(super) nodes: Vec<Node>,
}

/// One step of a graph.
pub(super) struct Node {
    op: Op,
    pub(super) step: Arc<Step>,
    dependencies: Vec<u32>,
    pub(super) dependents: Vec<u32>,
}

impl Node {
    /// How many nodes must be done before this one.
    pub(super) fn dependency_count(&self) -> usize {
        self.dependencies.len()
    }
}

impl Graph {
    /// Decodes `node_count` nodes. `to_step` decodes a node's message.
    ///
    /// # Errors
    /// As [`for_each_node`], and what `to_step` refuses.
    pub(super) fn decode(
        context: u32,
        node_count: u32,
        bytes: &[u8],
        mut to_step: impl FnMut(&nodes::Node<'_>) -> Result<Step, Refusal>,
    ) -> Result<Self, Refusal> {
        let mut nodes: Vec<Node> = Vec::new();
        for_each_node(node_count, bytes, |node| {
            let step = Arc::new(to_step(&node)?);
            let index = u32::try_from(nodes.len()).expect("the count of nodes is a u32");
            for &earlier in &node.dependencies {
                nodes[earlier as usize].dependents.push(index);
            }
            nodes.push(Node { op: node.op, step, dependencies: node.dependencies, dependents: Vec::new() });
            Ok(())
        })?;
        Ok(Self { context, nodes })
    }

    /// Whether the other graph has the same kinds of nodes with the same dependencies.
    pub(super) fn has_shape_of(&self, other: &Self) -> bool {
        let same = |(a, b): (&Node, &Node)| a.op == b.op && a.dependencies == b.dependencies;
        self.nodes.len() == other.nodes.len() && self.nodes.iter().zip(&other.nodes).all(same)
    }
}

#[cfg(test)]
mod tests {
    use vgpu_core::wire::Pod;
    use vgpu_core::wire::messages::GraphNode;

    use super::*;

    fn marker(dependencies: &[u32]) -> Vec<u8> {
        let len = (16 + 4 * dependencies.len() + 8).next_multiple_of(8);
        let header = GraphNode {
            len_bytes: len as u32,
            op: Op::Marker as u16,
            reserved: 0,
            dependency_count: dependencies.len() as u32,
            tail_bytes: 0,
        };
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(dependencies.iter().flat_map(|index| index.to_le_bytes()));
        bytes.resize(len, 0);
        bytes
    }

    #[test]
    fn nodes_know_their_dependents() {
        let bytes = [marker(&[]), marker(&[0]), marker(&[0, 1])].concat();
        let graph = Graph::decode(0, 3, &bytes, |_| Ok(Step::Nothing)).unwrap();
        assert_eq!(graph.nodes[0].dependents, [1, 2]);
        assert_eq!(graph.nodes[2].dependency_count(), 2);
    }
}
