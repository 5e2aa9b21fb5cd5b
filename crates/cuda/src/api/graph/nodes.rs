//! Nodes by kind: adding, describing, replacing their work.

use std::sync::Arc;

use vgpu_core::abi::{
    CUDA_KERNEL_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS_v1, CUDA_MEMCPY3D, CUDA_MEMSET_NODE_PARAMS, CUcontext, CUevent,
    CUgraph, CUgraphNode,
};
use vgpu_core::ffi::{In, InSlice, Out};
use vgpu_core::wire::messages::Fill;
use vgpu_core::{CuError, CuResult};

use super::lookup::{find, node, nodes_of};
use crate::api::{handle, id};
use crate::guest::box3::Box3;
use crate::guest::context::Context;
use crate::guest::copy;
use crate::guest::current;
use crate::guest::event::Event;
use crate::guest::graph::Graph;
use crate::guest::handle::node_handle;
use crate::guest::launch;
use crate::guest::shape::Shape;
use crate::guest::work::{KernelWork, Work};
use crate::guest::{Process, process};

pub(super) fn add(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    work: impl FnOnce(&'static Process) -> CuResult<Work>,
) -> CuResult {
    add_by(phGraphNode, hGraph, dependencies, |process, graph, after| graph.add(work(process)?, after))
}

fn add_by(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    add: impl FnOnce(&'static Process, &Graph, Vec<u32>) -> CuResult<u32>,
) -> CuResult {
    let process = process()?;
    let graph = find(process, hGraph)?;
    let after = nodes_of(process, &graph, dependencies.as_slice())?;
    let number = add(process, &graph, after)?;
    phGraphNode.write(handle(node_handle(graph.handle, number)));
    Ok(())
}

/// Adds a node that does nothing.
pub(crate) fn cuGraphAddEmptyNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |_| Ok(Work::Empty))
}

/// Both versions of a kernel node's parameters in one form.
pub(in crate::api) fn kernel_params(old: &CUDA_KERNEL_NODE_PARAMS_v1) -> CUDA_KERNEL_NODE_PARAMS {
    CUDA_KERNEL_NODE_PARAMS {
        func: old.func,
        gridDimX: old.gridDimX,
        gridDimY: old.gridDimY,
        gridDimZ: old.gridDimZ,
        blockDimX: old.blockDimX,
        blockDimY: old.blockDimY,
        blockDimZ: old.blockDimZ,
        sharedMemBytes: old.sharedMemBytes,
        kernelParams: old.kernelParams,
        extra: old.extra,
        kern: std::ptr::null_mut(),
        ctx: std::ptr::null_mut(),
    }
}

fn kernel_work(process: &'static Process, params: &CUDA_KERNEL_NODE_PARAMS) -> CuResult<Work> {
    let context: &'static Context =
        if params.ctx.is_null() { current::context()?.1 } else { Context::find_alive(process, id(params.ctx))? };
    let function = match (params.func.is_null(), params.kern.is_null()) {
        (false, true) => id(params.func),
        (true, false) => id(params.kern),
        _ => return Err(CuError::INVALID_VALUE),
    };
    let shape = Shape {
        grid: [params.gridDimX, params.gridDimY, params.gridDimZ],
        block: [params.blockDimX, params.blockDimY, params.blockDimZ],
        dynamic_shared_bytes: params.sharedMemBytes,
        cooperative: false,
    };
    // SAFETY: the program's description of a launch holds pointers to its parameters.
    unsafe { launch::node_work(process, context, function, shape, params.kernelParams, params.extra) }
}

/// A launch in the place of another one, whose attributes stay.
pub(in crate::api) fn kernel_work_for(
    process: &'static Process,
    params: &CUDA_KERNEL_NODE_PARAMS,
    before: Option<&Work>,
) -> CuResult<Work> {
    match (kernel_work(process, params)?, before) {
        (Work::Kernel(kernel), Some(Work::Kernel(before))) => Ok(Work::Kernel(kernel.with_attributes_of(before))),
        (work, _) => Ok(work),
    }
}

/// Adds a kernel launch; its parameters are taken now.
pub(crate) fn cuGraphAddKernelNode_v2(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    nodeParams: In<'_, CUDA_KERNEL_NODE_PARAMS>,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |process| kernel_work(process, nodeParams.get()))
}

/// Adds a kernel launch; its parameters are taken now.
pub(crate) fn cuGraphAddKernelNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    nodeParams: In<'_, CUDA_KERNEL_NODE_PARAMS_v1>,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |process| kernel_work(process, &kernel_params(nodeParams.get())))
}

fn describe_kernel(hNode: CUgraphNode) -> CuResult<CUDA_KERNEL_NODE_PARAMS> {
    let (graph, number) = node(process()?, hNode)?;
    let Some(Work::Kernel(KernelWork { function, shape, params, .. })) = graph.work(number)? else {
        return Err(CuError::INVALID_VALUE);
    };
    let ([gridDimX, gridDimY, gridDimZ], [blockDimX, blockDimY, blockDimZ]) = (shape.grid, shape.block);
    // The node keeps `params`, and with it the pointers lent out here, until it is given others.
    let pointers = params.pointers(&function).as_ptr();
    Ok(CUDA_KERNEL_NODE_PARAMS {
        func: handle(function.handle),
        gridDimX,
        gridDimY,
        gridDimZ,
        blockDimX,
        blockDimY,
        blockDimZ,
        sharedMemBytes: shape.dynamic_shared_bytes,
        kernelParams: pointers.cast_mut().cast(),
        extra: std::ptr::null_mut(),
        kern: std::ptr::null_mut(),
        ctx: std::ptr::null_mut(),
    })
}

/// Describes a kernel node; the parameters pointed to are the node's own.
pub(crate) fn cuGraphKernelNodeGetParams_v2(
    hNode: CUgraphNode,
    nodeParams: Out<'_, CUDA_KERNEL_NODE_PARAMS>,
) -> CuResult {
    nodeParams.write(describe_kernel(hNode)?);
    Ok(())
}

/// Describes a kernel node; the parameters pointed to are the node's own.
pub(crate) fn cuGraphKernelNodeGetParams(
    hNode: CUgraphNode,
    nodeParams: Out<'_, CUDA_KERNEL_NODE_PARAMS_v1>,
) -> CuResult {
    let new = describe_kernel(hNode)?;
    nodeParams.write(CUDA_KERNEL_NODE_PARAMS_v1 {
        func: new.func,
        gridDimX: new.gridDimX,
        gridDimY: new.gridDimY,
        gridDimZ: new.gridDimZ,
        blockDimX: new.blockDimX,
        blockDimY: new.blockDimY,
        blockDimZ: new.blockDimZ,
        sharedMemBytes: new.sharedMemBytes,
        kernelParams: new.kernelParams,
        extra: new.extra,
    });
    Ok(())
}

/// Replaces the launch of a kernel node.
pub(crate) fn cuGraphKernelNodeSetParams_v2(
    hNode: CUgraphNode,
    nodeParams: In<'_, CUDA_KERNEL_NODE_PARAMS>,
) -> CuResult {
    let process = process()?;
    let (graph, number) = node(process, hNode)?;
    graph.set_work(number, kernel_work_for(process, nodeParams.get(), graph.work(number)?.as_ref())?)
}

/// Replaces the launch of a kernel node.
pub(crate) fn cuGraphKernelNodeSetParams(
    hNode: CUgraphNode,
    nodeParams: In<'_, CUDA_KERNEL_NODE_PARAMS_v1>,
) -> CuResult {
    let process = process()?;
    let (graph, number) = node(process, hNode)?;
    let params = kernel_params(nodeParams.get());
    graph.set_work(number, kernel_work_for(process, &params, graph.work(number)?.as_ref())?)
}

pub(in crate::api) fn check_context(process: &Process, ctx: CUcontext) -> CuResult {
    if ctx.is_null() { Ok(()) } else { Context::find_alive(process, id(ctx)).map(drop) }
}

/// Adds a copy; pageable memory is read or written when the node runs.
pub(crate) fn cuGraphAddMemcpyNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    copyParams: In<'_, CUDA_MEMCPY3D>,
    ctx: CUcontext,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |process| {
        check_context(process, ctx)?;
        Box3::from_3d(copyParams.get())?.work(process)
    })
}

/// Replaces the copy of a copy node.
pub(crate) fn cuGraphMemcpyNodeSetParams(hNode: CUgraphNode, nodeParams: In<'_, CUDA_MEMCPY3D>) -> CuResult {
    let process = process()?;
    let (graph, number) = node(process, hNode)?;
    graph.set_work(number, Box3::from_3d(nodeParams.get())?.work(process)?)
}

pub(in crate::api) fn fill_work(params: &CUDA_MEMSET_NODE_PARAMS) -> CuResult<Work> {
    let fill = Fill {
        stream: 0,
        element_bytes: params.elementSize,
        target: params.dst,
        pitch: params.pitch as u64,
        value: params.value,
        reserved: 0,
        width: params.width as u64,
        height: params.height as u64,
    };
    match copy::check_fill(&fill)? {
        0 => Err(CuError::INVALID_VALUE),
        _ => Ok(Work::Fill(fill)),
    }
}

/// Adds a fill.
pub(crate) fn cuGraphAddMemsetNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    memsetParams: In<'_, CUDA_MEMSET_NODE_PARAMS>,
    ctx: CUcontext,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |process| {
        check_context(process, ctx)?;
        fill_work(memsetParams.get())
    })
}

/// Describes a fill node.
pub(crate) fn cuGraphMemsetNodeGetParams(hNode: CUgraphNode, nodeParams: Out<'_, CUDA_MEMSET_NODE_PARAMS>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    let Some(Work::Fill(fill)) = graph.work(number)? else {
        return Err(CuError::INVALID_VALUE);
    };
    nodeParams.write(CUDA_MEMSET_NODE_PARAMS {
        dst: fill.target,
        pitch: fill.pitch as usize,
        value: fill.value,
        elementSize: fill.element_bytes,
        width: fill.width as usize,
        height: fill.height as usize,
    });
    Ok(())
}

/// Replaces the fill of a fill node.
pub(crate) fn cuGraphMemsetNodeSetParams(hNode: CUgraphNode, nodeParams: In<'_, CUDA_MEMSET_NODE_PARAMS>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    graph.set_work(number, fill_work(nodeParams.get())?)
}

/// Adds a copy of a graph as one node.
pub(crate) fn cuGraphAddChildGraphNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    childGraph: CUgraph,
) -> CuResult {
    add_by(phGraphNode, hGraph, dependencies, |process, graph, after| {
        graph.add_child(find(process, childGraph)?.duplicate(process)?, after)
    })
}

/// Gives the graph inside a child graph node.
pub(crate) fn cuGraphChildGraphNodeGetGraph(hNode: CUgraphNode, phGraph: Out<'_, CUgraph>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    let Some(child) = graph.child(number)? else {
        return Err(CuError::INVALID_VALUE);
    };
    phGraph.write(handle(child.handle));
    Ok(())
}

pub(in crate::api) fn event_work(process: &Process, event: CUevent, work: fn(Arc<Event>) -> Work) -> CuResult<Work> {
    Ok(work(Event::find(process, id(event))?))
}

/// Adds the recording of an event.
pub(crate) fn cuGraphAddEventRecordNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    event: CUevent,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |process| event_work(process, event, Work::EventRecord))
}

/// Adds a wait for an event, as it is recorded when the graph is launched.
pub(crate) fn cuGraphAddEventWaitNode(
    phGraphNode: Out<'_, CUgraphNode>,
    hGraph: CUgraph,
    dependencies: InSlice<'_, CUgraphNode>,
    _numDependencies: usize,
    event: CUevent,
) -> CuResult {
    add(phGraphNode, hGraph, dependencies, |process| event_work(process, event, Work::EventWait))
}

/// Gives the event that a node records.
pub(crate) fn cuGraphEventRecordNodeGetEvent(hNode: CUgraphNode, event_out: Out<'_, CUevent>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    let Some(Work::EventRecord(event)) = graph.work(number)? else {
        return Err(CuError::INVALID_VALUE);
    };
    event_out.write(handle(event.handle));
    Ok(())
}

/// Gives the event that a node waits for.
pub(crate) fn cuGraphEventWaitNodeGetEvent(hNode: CUgraphNode, event_out: Out<'_, CUevent>) -> CuResult {
    let (graph, number) = node(process()?, hNode)?;
    let Some(Work::EventWait(event)) = graph.work(number)? else {
        return Err(CuError::INVALID_VALUE);
    };
    event_out.write(handle(event.handle));
    Ok(())
}

/// Replaces the event that a node records.
pub(crate) fn cuGraphEventRecordNodeSetEvent(hNode: CUgraphNode, event: CUevent) -> CuResult {
    let process = process()?;
    let (graph, number) = node(process, hNode)?;
    graph.set_work(number, event_work(process, event, Work::EventRecord)?)
}

/// Replaces the event that a node waits for.
pub(crate) fn cuGraphEventWaitNodeSetEvent(hNode: CUgraphNode, event: CUevent) -> CuResult {
    let process = process()?;
    let (graph, number) = node(process, hNode)?;
    graph.set_work(number, event_work(process, event, Work::EventWait)?)
}
