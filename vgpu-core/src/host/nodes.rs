//! The bytes of a graph, taken apart into nodes; what an executor makes of a node is its own business.

use super::refusal::Refusal;
use crate::error::{CuError, CuResult};
use crate::wire::messages::{
    Copy, CopyArray, CopyBox, CopyIn, CopyInline, CopyOut, EventRecord, Fill, Gemm, GraphNode, HostCall, Launch,
    LaunchEx, Marker, Trsm,
};
use crate::wire::{Message, Op, Pod};

/// The most nodes of a graph: each takes many times the bytes that describe it.
pub(crate) const NODES_MAX: u32 = 1 << 20;

/// One node: the message that it stands for, and the earlier nodes that it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'b> {
    /// One of those that [`GraphNode::op`] allows.
    pub op: Op,
    /// Indices of earlier nodes.
    pub dependencies: Vec<u32>,
    /// The message's fixed part, whole.
    pub fixed: &'b [u8],
    /// The message's tail.
    pub tail: &'b [u8],
}

/// Takes `node_count` [`GraphNode`] records apart and hands each to `take`.
///
/// # Errors
/// `INVALID_VALUE` for bytes that are not such nodes, `OUT_OF_MEMORY` for too many, or what `take` refuses.
pub fn for_each_node<'b>(
    node_count: u32,
    bytes: &'b [u8],
    mut take: impl FnMut(Node<'b>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if node_count > NODES_MAX {
        return Err((CuError::OUT_OF_MEMORY, format!("a graph of {node_count} nodes is too large")));
    }
    let mut rest = bytes;
    for index in 0..node_count {
        let no_node = || (CuError::INVALID_VALUE, format!("the bytes of node {index} are not a graph's"));
        let (node, len_bytes) = first(index, rest).ok_or_else(no_node)?;
        take(node)?;
        rest = &rest[len_bytes..];
    }
    Ok(())
}

impl Node<'_> {
    /// The node's message.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is another one.
    pub fn message<M: Message>(&self) -> CuResult<M> {
        M::from_bytes(self.fixed).filter(|_| self.op == M::OP).ok_or(CuError::INVALID_VALUE)
    }
}

/// The node at the front of `bytes`, and its length.
fn first(index: u32, bytes: &[u8]) -> Option<(Node<'_>, usize)> {
    let header = GraphNode::from_bytes(bytes)?;
    let len_bytes = header.len_bytes as usize;
    let node = bytes.get(..len_bytes).filter(|_| len_bytes.is_multiple_of(8))?;
    let op = Op::from_code(header.op)?;
    let body = node.get(size_of::<GraphNode>()..)?;
    let (dependencies, body) = body.split_at_checked((header.dependency_count as usize).checked_mul(4)?)?;
    let (fixed, body) = body.split_at_checked(fixed_bytes(op)?)?;
    let tail = body.get(..header.tail_bytes as usize)?;
    let dependencies: Vec<u32> = dependencies
        .chunks_exact(4)
        .map(|bytes| u32::from_le_bytes(bytes.try_into().expect("chunks of 4 bytes")))
        .collect();
    let is_ordered = dependencies.iter().all(|&earlier| earlier < index);
    is_ordered.then_some((Node { op, dependencies, fixed, tail }, len_bytes))
}

/// Length of the fixed part of a message that may be a node.
fn fixed_bytes(op: Op) -> Option<usize> {
    fn of<M: Message>() -> usize {
        size_of::<M>()
    }
    Some(match op {
        Op::Launch => of::<Launch>(),
        Op::LaunchEx => of::<LaunchEx>(),
        Op::CopyIn => of::<CopyIn>(),
        Op::CopyInline => of::<CopyInline>(),
        Op::CopyOut => of::<CopyOut>(),
        Op::Copy => of::<Copy>(),
        Op::CopyBox => of::<CopyBox>(),
        Op::CopyArray => of::<CopyArray>(),
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

    fn decode(count: u32, bytes: &[u8]) -> CuResult<Vec<Node<'_>>> {
        let mut nodes = Vec::new();
        let kept = for_each_node(count, bytes, |node| {
            nodes.push(node);
            Ok(())
        });
        kept.map(|()| nodes).map_err(|(error, _)| error)
    }

    #[test]
    fn nodes_say_what_they_are_and_wait_for() {
        let bytes = [node(Op::Marker, &[], &[0; 8]), node(Op::Marker, &[0], &[7, 0, 0, 0, 0, 0, 0, 0])].concat();
        let nodes = decode(2, &bytes).unwrap();
        assert_eq!(nodes[1].dependencies, [0]);
        assert_eq!(nodes[1].message(), Ok(Marker { stream: 7, reserved: 0 }));
        assert_eq!(nodes[1].message::<EventRecord>(), Err(CuError::INVALID_VALUE));
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
        assert_eq!(decode(NODES_MAX + 1, &[]), Err(CuError::OUT_OF_MEMORY));
        assert_eq!(decode(NODES_MAX, &[]), Err(CuError::INVALID_VALUE));
    }
}
