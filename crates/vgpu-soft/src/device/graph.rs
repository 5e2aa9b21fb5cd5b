//! Graphs: the bytes of one decoded to steps with dependencies.

use std::sync::Arc;

use vgpu_core::wire::messages::{
    Copy, CopyBox, CopyIn, CopyInline, CopyOut, EventRecord, Fill, Gemm, GraphNode, HostCall, Launch, Marker, Trsm,
};
use vgpu_core::wire::{Message, Op, Pod};
use vgpu_core::{CuError, CuResult};

use super::step::Step;

/// The most nodes of a graph: each takes many times the bytes that describe it.
const NODES_MAX: u32 = 1 << 20;

/// Steps and what they wait for. Node indices are those of the bytes it came from.
pub(super) struct Graph {
    pub(super) context: u32,
    pub(super) nodes: Vec<Node>,
}

/// One step of a graph.
pub(super) struct Node {
    op: u16,
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
    /// Decodes `node_count` [`GraphNode`] records. `to_step` decodes a node's message: opcode, fixed part, tail.
    ///
    /// # Errors
    /// `INVALID_VALUE` for bytes that are not such nodes, `OUT_OF_MEMORY` for too many, or what `to_step` refuses.
    pub(super) fn decode(
        context: u32,
        node_count: u32,
        bytes: &[u8],
        mut to_step: impl FnMut(Op, &[u8], &[u8]) -> CuResult<Step>,
    ) -> CuResult<Self> {
        if node_count > NODES_MAX {
            return Err(CuError::OUT_OF_MEMORY);
        }
        let mut nodes: Vec<Node> = Vec::new();
        let mut rest = bytes;
        for index in 0..node_count {
            let header = GraphNode::from_bytes(rest).ok_or(CuError::INVALID_VALUE)?;
            let len_bytes = header.len_bytes as usize;
            let node = rest.get(..len_bytes).filter(|_| len_bytes.is_multiple_of(8)).ok_or(CuError::INVALID_VALUE)?;
            let parts = NodeParts::split(&header, node).ok_or(CuError::INVALID_VALUE)?;
            let dependencies = parts.dependencies();
            if dependencies.iter().any(|&earlier| earlier >= index) {
                return Err(CuError::INVALID_VALUE);
            }
            let step = to_step(parts.op, parts.fixed, parts.tail)?;
            for &earlier in &dependencies {
                nodes[earlier as usize].dependents.push(index);
            }
            nodes.push(Node { op: header.op, step: Arc::new(step), dependencies, dependents: Vec::new() });
            rest = &rest[len_bytes..];
        }
        Ok(Self { context, nodes })
    }

    /// Whether the other graph has the same kinds of nodes with the same dependencies.
    pub(super) fn has_shape_of(&self, other: &Self) -> bool {
        let same = |(a, b): (&Node, &Node)| a.op == b.op && a.dependencies == b.dependencies;
        self.nodes.len() == other.nodes.len() && self.nodes.iter().zip(&other.nodes).all(same)
    }
}

struct NodeParts<'a> {
    op: Op,
    dependency_bytes: &'a [u8],
    fixed: &'a [u8],
    tail: &'a [u8],
}

impl<'a> NodeParts<'a> {
    fn split(header: &GraphNode, node: &'a [u8]) -> Option<Self> {
        let op = Op::from_code(header.op)?;
        let body = node.get(size_of::<GraphNode>()..)?;
        let (dependency_bytes, body) = body.split_at_checked((header.dependency_count as usize).checked_mul(4)?)?;
        let (fixed, body) = body.split_at_checked(fixed_bytes(op)?)?;
        let tail = body.get(..header.tail_bytes as usize)?;
        Some(Self { op, dependency_bytes, fixed, tail })
    }

    fn dependencies(&self) -> Vec<u32> {
        self.dependency_bytes
            .chunks_exact(4)
            .map(|bytes| u32::from_le_bytes(bytes.try_into().expect("chunks of 4 bytes")))
            .collect()
    }
}

/// Length of the fixed part of a message that may be a node.
fn fixed_bytes(op: Op) -> Option<usize> {
    fn of<M: Message>() -> usize {
        size_of::<M>()
    }
    Some(match op {
        Op::Launch => of::<Launch>(),
        Op::CopyIn => of::<CopyIn>(),
        Op::CopyInline => of::<CopyInline>(),
        Op::CopyOut => of::<CopyOut>(),
        Op::Copy => of::<Copy>(),
        Op::CopyBox => of::<CopyBox>(),
        Op::Fill => of::<Fill>(),
        Op::EventRecord => of::<EventRecord>(),
        Op::Marker => of::<Marker>(),
        Op::HostCall => of::<HostCall>(),
        Op::Gemm => of::<Gemm>(),
        Op::Trsm => of::<Trsm>(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op: Op, dependencies: &[u32], fixed: &[u8]) -> Vec<u8> {
        let len = (16 + 4 * dependencies.len() + fixed.len()).next_multiple_of(8);
        let header = GraphNode {
            len_bytes: len as u32,
            op: op as u16,
            reserved: 0,
            dependency_count: dependencies.len() as u32,
            tail_bytes: 0,
        };
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(dependencies.iter().flat_map(|index| index.to_le_bytes()));
        bytes.extend(fixed);
        bytes.resize(len, 0);
        bytes
    }

    fn decode(count: u32, bytes: &[u8]) -> CuResult<Graph> {
        Graph::decode(0, count, bytes, |_, _, _| Ok(Step::Nothing))
    }

    #[test]
    fn nodes_know_their_dependents() {
        let bytes =
            [node(Op::Marker, &[], &[0; 8]), node(Op::Marker, &[0], &[0; 8]), node(Op::Marker, &[0, 1], &[0; 8])]
                .concat();
        let graph = decode(3, &bytes).unwrap();
        assert_eq!(graph.nodes[0].dependents, [1, 2]);
        assert_eq!(graph.nodes[2].dependency_count(), 2);
    }

    #[test]
    fn a_node_that_waits_for_itself_or_a_later_one_is_invalid() {
        assert!(decode(1, &node(Op::Marker, &[0], &[0; 8])).is_err());
        assert!(decode(1, &node(Op::Marker, &[7], &[0; 8])).is_err());
    }

    #[test]
    fn cut_bytes_lying_lengths_and_foreign_opcodes_are_invalid() {
        let good = node(Op::Marker, &[], &[0; 8]);
        assert!(decode(2, &good).is_err());
        assert!((0..good.len()).all(|len| decode(1, &good[..len]).is_err()));
        assert!(decode(1, &node(Op::MemFree, &[], &[0; 8])).is_err());
        let mut lying = good.clone();
        lying[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(1, &lying).is_err());
        let mut zero = good;
        zero[..4].copy_from_slice(&0u32.to_le_bytes());
        assert!(decode(1, &zero).is_err());
    }

    #[test]
    fn more_nodes_than_memory_could_hold_are_refused_unread() {
        assert_eq!(decode(NODES_MAX + 1, &[]).err(), Some(CuError::OUT_OF_MEMORY));
        assert_eq!(decode(NODES_MAX, &[]).err(), Some(CuError::INVALID_VALUE));
    }

    #[test]
    fn shape_is_kinds_and_dependencies() {
        let line = [node(Op::Marker, &[], &[0; 8]), node(Op::Marker, &[0], &[0; 8])].concat();
        let loose = [node(Op::Marker, &[], &[0; 8]), node(Op::Marker, &[], &[0; 8])].concat();
        let line = decode(2, &line).unwrap();
        assert!(line.has_shape_of(&line));
        assert!(!line.has_shape_of(&decode(2, &loose).unwrap()));
    }
}
