//! What work is: what a stream is given, as a node of a graph keeps it.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use vgpu_core::CuResult;
use vgpu_core::abi::{CUgraphNodeType, CUlaunchAttributeID};
use vgpu_core::wire::Pod;
use vgpu_core::wire::launch_attributes::LaunchAttributes;
use vgpu_core::wire::messages::{Copy, CopyIn, CopyOut, EventRecord, Fill, Marker};

use super::box3::BoxMessage;
use super::event::Event;
use super::function::Function;
use super::graph_wire::Encoder;
use super::host_call::{Action, HostFunction};
use super::pageable_box::PageableBox;
use super::shape::Shape;

/// What a node does, unless it is a graph of its own.
#[derive(Clone)]
pub(crate) enum Work {
    Empty,
    Kernel(KernelWork),
    Copy(CopyWork),
    Fill(Fill),
    EventRecord(Arc<Event>),
    EventWait(Arc<Event>),
    Host(HostFunction),
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
    Box(BoxMessage),
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
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` when it is too large for its length fields, or without pinned memory for a copy; those of
    /// [`host_call::register`](super::host_call::register).
    pub(super) fn encode(&self, after: &[u32], out: &mut Encoder) -> CuResult {
        let marker = Marker { stream: 0, reserved: 0 };
        match self {
            Self::Empty | Self::EventWait(_) => out.message(&marker, &[], after),
            Self::Kernel(kernel) => kernel.encode(after, out),
            Self::Copy(CopyWork::In(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Out(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Device(copy)) => out.message(copy, &[], after),
            Self::Copy(CopyWork::Box(copy)) => copy.encode(after, out),
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
        if self.attributes.is_empty() {
            return out.message(&launch, &self.params.bytes, after);
        }
        let mut tail: Vec<u8> = self.attributes.as_slice().iter().flat_map(Pod::as_bytes).copied().collect();
        tail.extend_from_slice(&self.params.bytes);
        out.message(&launch.with_attributes(self.attributes.count()), &tail, after)
    }
}
