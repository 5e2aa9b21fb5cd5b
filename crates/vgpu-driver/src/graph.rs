//! Graphs: the driver's own, made of a guest's nodes.
//!
//! A product is captured from cuBLAS and becomes a child graph; so does a launch that asks for more than a shape.

use std::sync::Arc;

use vgpu_core::abi::{CUDA_HOST_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS_v2, CUgraphExecUpdateResultInfo};
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::Launch;
use vgpu_core::{CuError, CuResult};

use crate::api::{Address, Api, Event, Graph as Handle, GraphExec, GraphNode};
use crate::array_copy::ArrayCopy;
use crate::context::Context;
use crate::copy::Rows;
use crate::fill::Filled;
use crate::function::Function;
use crate::host_call::{self, Registered};
use crate::launch::Extra;
use crate::memory::{Memory, Place};

/// A graph that can be launched.
pub(crate) struct Graph {
    pub(crate) exec: GraphExec,
    pub(crate) context: Arc<Context>,
    /// The guest's number of the context.
    pub(crate) number: u32,
    pub(crate) made_of: Parts,
}

/// What a graph refers to.
#[derive(Default)]
pub(crate) struct Parts {
    /// What its copies, fills and products touch, as far as it is known.
    pub(crate) touched: Vec<(Place, u64)>,
    /// [`Memory::removals`] when that was last found to be the guest's.
    checked_at: u64,
    /// Bytes that it copies from.
    pub(crate) bytes: Vec<Box<[u8]>>,
    /// The guest's functions that it calls.
    pub(crate) calls: Vec<Registered>,
    /// Device memory of its products, with its length.
    pub(crate) workspaces: Vec<(Address, u64)>,
}

impl Parts {
    /// Checks again, where memory has gone meanwhile, that copies and fills touch what is the guest's.
    ///
    /// # Errors
    /// `INVALID_VALUE` when they do not any more.
    pub(crate) fn check(&mut self, memory: &Memory) -> Result<(), Refusal> {
        if self.checked_at != memory.removals() {
            for (place, len_bytes) in &self.touched {
                memory.place(place.address(), *len_bytes)?;
            }
            self.checked_at = memory.removals();
        }
        Ok(())
    }
}

/// A graph of the driver's that is being made; ended when dropped.
pub(crate) struct Builder<'a> {
    api: &'a Api,
    context: &'a Context,
    graph: Handle,
    nodes: Vec<GraphNode>,
    pub(crate) parts: Parts,
}

impl Drop for Builder<'_> {
    fn drop(&mut self) {
        crate::context::log_failure("a graph", self.api.cuGraphDestroy(self.graph));
    }
}

impl<'a> Builder<'a> {
    /// An empty graph of the context, which is current.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn new(api: &'a Api, context: &'a Context, memory: &Memory) -> CuResult<Self> {
        let graph = api.cuGraphCreate(0)?;
        let parts = Parts { checked_at: memory.removals(), ..Parts::default() };
        Ok(Self { api, context, graph, nodes: Vec::new(), parts })
    }

    /// The driver's nodes for indices of earlier ones.
    pub(crate) fn before(&self, dependencies: impl IntoIterator<Item = u32>) -> Vec<GraphNode> {
        dependencies.into_iter().map(|index| self.nodes[index as usize]).collect()
    }

    /// Adds a launch that asks for nothing besides a shape.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn kernel(
        &mut self,
        before: &[GraphNode],
        function: &Function,
        launch: &Launch,
        packed: &[u8],
    ) -> CuResult {
        let ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]) = (launch.grid, launch.block);
        let mut extra = Extra::of(packed);
        let mut list = extra.list();
        let params = CUDA_KERNEL_NODE_PARAMS_v2 {
            func: function.handle.pointer(),
            gridDimX: grid_x,
            gridDimY: grid_y,
            gridDimZ: grid_z,
            blockDimX: block_x,
            blockDimY: block_y,
            blockDimZ: block_z,
            sharedMemBytes: launch.dynamic_shared_bytes,
            extra: list.as_mut_ptr(),
            ..CUDA_KERNEL_NODE_PARAMS_v2::default()
        };
        self.add(before, |api, node, graph, before, count| {
            // SAFETY: the description leads to parameters of the kernel's length, which the driver copies.
            unsafe { api.cuGraphAddKernelNode_v2(node, graph, before, count, &raw const params) }
        })
    }

    /// Adds a copy: a node, or a chain of them where its memory was not registered as one.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for slices that are no whole rows apart, or the driver's.
    pub(crate) fn copy(&mut self, before: &[GraphNode], rows: Option<&Rows>, memory: &Memory) -> CuResult {
        let Some(rows) = rows else {
            return self.empty(before);
        };
        self.touch(rows.touched(), memory);
        let context = self.context.handle;
        let mut chain = Chain::after(before);
        rows.each_part(memory, &mut |rows| {
            let copy = rows.as_3d().ok_or(CuError::NOT_SUPPORTED)?;
            chain.add(self.api, self.graph, |api, node, graph, before, count| {
                // SAFETY: the description is of checked places that stay for as long as the graph does.
                unsafe { api.cuGraphAddMemcpyNode(node, graph, before, count, &raw const copy, context) }
            })
        })?;
        self.nodes.push(chain.last());
        Ok(())
    }

    /// Adds a copy with an array at an end.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn array_copy(&mut self, before: &[GraphNode], copy: Option<&ArrayCopy>, memory: &Memory) -> CuResult {
        let Some(copy) = copy else {
            return self.empty(before);
        };
        self.touch(copy.touched(), memory);
        let context = self.context.handle;
        let mut chain = Chain::after(before);
        copy.each_part(memory, &mut |part| {
            chain.add(self.api, self.graph, |api, node, graph, before, count| {
                // SAFETY: the description is of checked places that stay for as long as the graph does.
                unsafe { api.cuGraphAddMemcpyNode(node, graph, before, count, &raw const *part, context) }
            })
        })?;
        self.nodes.push(chain.last());
        Ok(())
    }

    /// Adds a fill, as a copy.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` where the GPU does not reach it, or the driver's.
    pub(crate) fn fill(&mut self, before: &[GraphNode], fill: Option<&Filled>, memory: &Memory) -> CuResult {
        let Some(fill) = fill else {
            return self.empty(before);
        };
        self.touch([fill.touched()], memory);
        let context = self.context.handle;
        let mut chain = Chain::after(before);
        fill.each_part(memory, &mut |fill, target| {
            let params = fill.as_node(target);
            chain.add(self.api, self.graph, |api, node, graph, before, count| {
                // SAFETY: the rows were checked.
                unsafe { api.cuGraphAddMemsetNode(node, graph, before, count, &raw const params, context) }
            })
        })?;
        self.nodes.push(chain.last());
        Ok(())
    }

    /// Remembers what must be the guest's at each launch. Staging memory and our own always is.
    fn touch(&mut self, touched: impl IntoIterator<Item = (Place, u64)>, memory: &Memory) {
        let can_go = |place: Place| matches!(place, Place::Device(_)) || memory.is_pinned(place.address());
        self.parts.touched.extend(touched.into_iter().filter(|(place, _)| can_go(*place)));
    }

    /// Adds a node that does nothing.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn empty(&mut self, before: &[GraphNode]) -> CuResult {
        self.add(before, |api, node, graph, before, count| {
            // SAFETY: the pointers are to a local and to as many nodes as are counted.
            unsafe { api.cuGraphAddEmptyNode(node, graph, before, count) }
        })
    }

    /// Adds the recording of a guest's event.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn event(&mut self, before: &[GraphNode], event: Event) -> CuResult {
        self.add(before, |api, node, graph, before, count| {
            // SAFETY: the pointers are to a local and to as many nodes as are counted.
            unsafe { api.cuGraphAddEventRecordNode(node, graph, before, count, event) }
        })
    }

    /// Adds a call of a guest's function.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn call(&mut self, before: &[GraphNode], call: Registered) -> CuResult {
        let params = CUDA_HOST_NODE_PARAMS { fn_: Some(host_call::function), userData: call.data() };
        self.parts.calls.push(call);
        self.add(before, |api, node, graph, before, count| {
            // SAFETY: the function takes any data.
            unsafe { api.cuGraphAddHostNode(node, graph, before, count, &raw const params) }
        })
    }

    /// Adds another graph, which the driver copies.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn child(&mut self, before: &[GraphNode], child: Handle) -> CuResult {
        self.add(before, |api, node, graph, before, count| {
            // SAFETY: the pointers are to a local and to as many nodes as are counted.
            unsafe { api.cuGraphAddChildGraphNode(node, graph, before, count, child) }
        })
    }

    fn add(
        &mut self,
        before: &[GraphNode],
        add: impl FnOnce(&Api, *mut GraphNode, Handle, *const GraphNode, usize) -> CuResult,
    ) -> CuResult {
        let mut chain = Chain::after(before);
        chain.add(self.api, self.graph, add)?;
        self.nodes.push(chain.last());
        Ok(())
    }

    /// Makes it ready to launch.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn instantiate(&self) -> CuResult<GraphExec> {
        self.api.cuGraphInstantiateWithFlags(self.graph, 0)
    }

    /// Puts it in the place of what a graph was made of, where the driver finds them alike.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn update(&self, exec: GraphExec) -> CuResult {
        let mut result = CUgraphExecUpdateResultInfo::default();
        // SAFETY: the last argument leads to a local.
        unsafe { self.api.cuGraphExecUpdate_v2(exec, self.graph, &raw mut result) }
    }

    /// What it refers to.
    pub(crate) fn into_parts(mut self) -> Parts {
        std::mem::take(&mut self.parts)
    }
}

/// Nodes of the driver's, each behind the one before, that are one of the guest's.
struct Chain {
    before: Vec<GraphNode>,
}

impl Chain {
    fn after(before: &[GraphNode]) -> Self {
        Self { before: before.to_vec() }
    }

    fn add(
        &mut self,
        api: &Api,
        graph: Handle,
        add: impl FnOnce(&Api, *mut GraphNode, Handle, *const GraphNode, usize) -> CuResult,
    ) -> CuResult {
        let mut node = GraphNode::default();
        add(api, &raw mut node, graph, self.before.as_ptr(), self.before.len())?;
        self.before = vec![node];
        Ok(())
    }

    /// The last node, of at least one.
    fn last(self) -> GraphNode {
        self.before[0]
    }
}
