//! The wire form of a graph: nodes as the executor reads them, and the actions that it will call for.

use std::sync::Arc;

use vgpu_core::wire::messages::{GraphNode, HostCall};
use vgpu_core::wire::{Message, Pod};
use vgpu_core::{CuError, CuResult};

use super::host_call::{self, Action, Registered};
use super::process::process;

/// As much as most nodes take.
const NODE_BYTES: usize = 160;

/// A graph as it is sent.
#[derive(Default)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) node_count: u32,
    /// What the executor calls for while the graph runs.
    pub(crate) calls: Arc<[Registered]>,
}

/// A graph on its way there.
#[derive(Default)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
    node_count: u32,
    calls: Vec<Registered>,
}

impl Encoder {
    pub(crate) fn with_room_for(nodes: usize) -> Self {
        Self { bytes: Vec::with_capacity(nodes * NODE_BYTES), ..Self::default() }
    }

    /// How many nodes there are so far. The last of them is one less.
    pub(crate) fn node_count(&self) -> u32 {
        self.node_count
    }

    /// Appends a message that is done after those earlier nodes.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when it is too large for its length fields.
    pub(crate) fn message<M: Message>(&mut self, fixed: &M, tail: &[u8], after: &[u32]) -> CuResult {
        self.node(M::OP as u16, fixed.as_bytes(), tail, after)
    }

    /// The same for a message that is already bytes: `op` and `fixed` must belong together.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub(crate) fn node(&mut self, op: u16, fixed: &[u8], tail: &[u8], after: &[u32]) -> CuResult {
        let len_bytes = (size_of::<GraphNode>() + after.len() * 4 + fixed.len() + tail.len()).next_multiple_of(8);
        let too_large = |_| CuError::OUT_OF_MEMORY;
        let header = GraphNode {
            len_bytes: u32::try_from(len_bytes).map_err(too_large)?,
            op,
            reserved: 0,
            dependency_count: u32::try_from(after.len()).map_err(too_large)?,
            tail_bytes: u32::try_from(tail.len()).map_err(too_large)?,
        };
        let end = self.bytes.len() + len_bytes;
        self.bytes.extend_from_slice(header.as_bytes());
        for index in after {
            self.bytes.extend_from_slice(&index.to_le_bytes());
        }
        self.bytes.extend_from_slice(fixed);
        self.bytes.extend_from_slice(tail);
        self.bytes.resize(end, 0);
        self.node_count = self.node_count.checked_add(1).ok_or(CuError::OUT_OF_MEMORY)?;
        Ok(())
    }

    /// Appends something that this process does.
    ///
    /// # Errors
    /// As [`message`](Self::message), and as [`register`](host_call::register).
    pub(crate) fn call(&mut self, action: Action, after: &[u32]) -> CuResult {
        let process = process()?;
        let call = host_call::register(process, action)?;
        let message = HostCall { stream: 0, reserved: 0, token: call.token };
        self.calls.push(call);
        self.message(&message, &[], after)
    }

    pub(crate) fn finish(self) -> Encoded {
        Encoded { bytes: self.bytes, node_count: self.node_count, calls: self.calls.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vgpu_core::wire::messages::{CopyInline, Marker};

    #[test]
    fn encoded_nodes_have_aligned_lengths_and_their_parts_in_order() {
        let mut encoder = Encoder::default();
        encoder.message(&Marker { stream: 0, reserved: 0 }, &[], &[]).expect("small");
        encoder.message(&CopyInline { stream: 0, reserved: 0, target: 0x55 }, b"abc", &[0]).expect("small");
        let Encoded { bytes, node_count, calls } = encoder.finish();
        assert_eq!((node_count, calls.len()), (2, 0));
        let first = GraphNode::from_bytes(&bytes).expect("a header");
        assert_eq!((first.op, first.dependency_count, first.tail_bytes), (Marker::OP as u16, 0, 0));
        let rest = &bytes[first.len_bytes as usize..];
        let second = GraphNode::from_bytes(rest).expect("a header");
        assert_eq!(second.len_bytes as usize, rest.len());
        assert_eq!((second.len_bytes % 8, second.dependency_count, second.tail_bytes), (0, 1, 3));
        let copy = CopyInline::from_bytes(&rest[size_of::<GraphNode>() + 4..]).expect("a message");
        assert_eq!(copy.target, 0x55);
        assert_eq!(&rest[size_of::<GraphNode>() + 4 + size_of::<CopyInline>()..][..3], b"abc");
    }
}
