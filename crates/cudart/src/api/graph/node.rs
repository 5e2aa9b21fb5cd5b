//! Nodes that launch, copy, fill, or only order others.

use std::ffi::{c_uint, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{
    cudaGraph_t, cudaGraphExec_t, cudaGraphNode_t, cudaGraphNodeType, cudaKernelNodeParams, cudaLaunchAttributeID,
    cudaLaunchAttributeValue, cudaMemcpy3DParms, cudaMemcpyKind, cudaMemsetParams,
};
use vgpu_core::abi::{CUgraphNodeType, CUkernelNodeAttrID};
use vgpu_core::ffi::{In, InSlice, Out};

use crate::api::memcpy::within_symbol;
use crate::copy::{self, Direction};
use crate::error::RtResult;
use crate::graph_node;
use crate::{current, driver as cu};

/// Adds one node through `add`, which is given the slot for its handle, and the nodes that it comes after with their count.
pub(super) fn add_node(
    pGraphNode: Out<cudaGraphNode_t>,
    after: &InSlice<cudaGraphNode_t>,
    add: impl FnOnce(&mut cudaGraphNode_t, *const cudaGraphNode_t, usize) -> RtResult,
) -> RtResult {
    current::context()?;
    let after = after.as_slice();
    let mut node = null_mut();
    add(&mut node, after.as_ptr(), after.len())?;
    pGraphNode.write(node);
    Ok(())
}

pub(crate) fn cudaGraphAddKernelNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    pNodeParams: In<cudaKernelNodeParams>,
) -> RtResult {
    let params = graph_node::kernel_to_driver(pNodeParams.get())?;
    // SAFETY: the slice is live, and the caller's arguments are passed through.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddKernelNode_v2(node, graph, after, count, &params)
    })
}

/// Attributes have the same numbers and layout in both libraries.
pub(crate) unsafe fn cudaGraphKernelNodeGetAttribute(
    hNode: cudaGraphNode_t,
    attr: cudaLaunchAttributeID,
    value_out: *mut cudaLaunchAttributeValue,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's value is passed through.
    unsafe { cu::cuGraphKernelNodeGetAttribute(hNode, CUkernelNodeAttrID(attr.0), value_out.cast()) }
}

pub(crate) unsafe fn cudaGraphKernelNodeSetAttribute(
    hNode: cudaGraphNode_t,
    attr: cudaLaunchAttributeID,
    value: *const cudaLaunchAttributeValue,
) -> RtResult {
    current::context()?;
    // SAFETY: the caller's value is passed through.
    unsafe { cu::cuGraphKernelNodeSetAttribute(hNode, CUkernelNodeAttrID(attr.0), value.cast()) }
}

/// The target comes first, as in the driver and as CUDA 13's header says; 12's has the names the other way round.
pub(crate) fn cudaGraphKernelNodeCopyAttributes(hDst: cudaGraphNode_t, hSrc: cudaGraphNode_t) -> RtResult {
    current::context()?;
    cu::cuGraphKernelNodeCopyAttributes(hDst, hSrc)
}

pub(crate) fn cudaGraphKernelNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaKernelNodeParams>) -> RtResult {
    let context = current::context()?;
    let mut params = graph_node::no_kernel();
    // SAFETY: the struct is ours to fill.
    unsafe { cu::cuGraphKernelNodeGetParams_v2(node, &mut params) }?;
    pNodeParams.write(graph_node::kernel_from_driver(&params, context));
    Ok(())
}

pub(crate) fn cudaGraphKernelNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaKernelNodeParams>) -> RtResult {
    let params = graph_node::kernel_to_driver(pNodeParams.get())?;
    // SAFETY: the caller's arguments are passed through.
    unsafe { cu::cuGraphKernelNodeSetParams_v2(node, &params) }
}

pub(crate) fn cudaGraphAddMemcpyNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    pCopyParams: In<cudaMemcpy3DParms>,
) -> RtResult {
    add_copy(pGraphNode, graph, &pDependencies, pCopyParams.get())
}

pub(crate) unsafe fn cudaGraphAddMemcpyNode1D(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    dst: *mut c_void,
    src: *const c_void,
    count: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    add_copy(pGraphNode, graph, &pDependencies, &copy::one_row(dst, src, count, kind))
}

pub(crate) unsafe fn cudaGraphAddMemcpyNodeToSymbol(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    symbol: *const c_void,
    src: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let target = within_symbol(symbol, count, offset, kind, Direction::HostToDevice)?;
    add_copy(pGraphNode, graph, &pDependencies, &copy::one_row(target, src, count, kind))
}

pub(crate) unsafe fn cudaGraphAddMemcpyNodeFromSymbol(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    dst: *mut c_void,
    symbol: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let source = within_symbol(symbol, count, offset, kind, Direction::DeviceToHost)?;
    add_copy(pGraphNode, graph, &pDependencies, &copy::one_row(dst, source, count, kind))
}

fn add_copy(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    after: &InSlice<cudaGraphNode_t>,
    params: &cudaMemcpy3DParms,
) -> RtResult {
    let copy = graph_node::copy_to_driver(params)?;
    let context = current::context()?;
    // SAFETY: the slice is live; the copy's memory is the caller's, for when the graph runs.
    add_node(pGraphNode, after, |node, after, count| unsafe {
        cu::cuGraphAddMemcpyNode(node, graph, after, count, &copy, context)
    })
}

pub(crate) fn cudaGraphMemcpyNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaMemcpy3DParms>) -> RtResult {
    set_copy(node, pNodeParams.get())
}

pub(crate) unsafe fn cudaGraphMemcpyNodeSetParams1D(
    node: cudaGraphNode_t,
    dst: *mut c_void,
    src: *const c_void,
    count: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    set_copy(node, &copy::one_row(dst, src, count, kind))
}

fn set_copy(node: cudaGraphNode_t, params: &cudaMemcpy3DParms) -> RtResult {
    current::context()?;
    // SAFETY: the copy's memory is the caller's, for when the graph runs.
    unsafe { cu::cuGraphMemcpyNodeSetParams(node, &graph_node::copy_to_driver(params)?) }
}

pub(crate) fn cudaGraphAddMemsetNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
    pMemsetParams: In<cudaMemsetParams>,
) -> RtResult {
    let params = graph_node::fill_to_driver(pMemsetParams.get());
    let context = current::context()?;
    // SAFETY: the slice is live.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddMemsetNode(node, graph, after, count, &params, context)
    })
}

pub(crate) fn cudaGraphMemsetNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaMemsetParams>) -> RtResult {
    let mut params = graph_node::no_fill();
    // SAFETY: the struct is ours to fill.
    unsafe { cu::cuGraphMemsetNodeGetParams(node, &mut params) }?;
    pNodeParams.write(graph_node::fill_from_driver(&params));
    Ok(())
}

pub(crate) fn cudaGraphMemsetNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaMemsetParams>) -> RtResult {
    // SAFETY: the struct holds numbers.
    unsafe { cu::cuGraphMemsetNodeSetParams(node, &graph_node::fill_to_driver(pNodeParams.get())) }
}

pub(crate) fn cudaGraphAddEmptyNode(
    pGraphNode: Out<cudaGraphNode_t>,
    graph: cudaGraph_t,
    pDependencies: InSlice<cudaGraphNode_t>,
    _numDependencies: usize,
) -> RtResult {
    // SAFETY: the slice is live.
    add_node(pGraphNode, &pDependencies, |node, after, count| unsafe {
        cu::cuGraphAddEmptyNode(node, graph, after, count)
    })
}

pub(crate) fn cudaGraphDestroyNode(node: cudaGraphNode_t) -> RtResult {
    cu::cuGraphDestroyNode(node)
}

/// Both libraries number the types alike.
pub(crate) fn cudaGraphNodeGetType(node: cudaGraphNode_t, pType: Out<cudaGraphNodeType>) -> RtResult {
    let mut kind = CUgraphNodeType(0);
    cu::cuGraphNodeGetType(node, &mut kind)?;
    pType.write(cudaGraphNodeType(kind.0));
    Ok(())
}

pub(crate) fn cudaGraphNodeFindInClone(
    pNode: Out<cudaGraphNode_t>,
    originalNode: cudaGraphNode_t,
    clonedGraph: cudaGraph_t,
) -> RtResult {
    let mut found = null_mut();
    cu::cuGraphNodeFindInClone(&mut found, originalNode, clonedGraph)?;
    pNode.write(found);
    Ok(())
}

pub(crate) fn cudaGraphNodeSetEnabled(
    hGraphExec: cudaGraphExec_t,
    hNode: cudaGraphNode_t,
    isEnabled: c_uint,
) -> RtResult {
    cu::cuGraphNodeSetEnabled(hGraphExec, hNode, isEnabled)
}

pub(crate) fn cudaGraphNodeGetEnabled(
    hGraphExec: cudaGraphExec_t,
    hNode: cudaGraphNode_t,
    isEnabled: Out<c_uint>,
) -> RtResult {
    let mut enabled = 0;
    cu::cuGraphNodeGetEnabled(hGraphExec, hNode, &mut enabled)?;
    isEnabled.write(enabled);
    Ok(())
}

pub(crate) unsafe fn cudaGraphMemcpyNodeSetParamsToSymbol(
    node: cudaGraphNode_t,
    symbol: *const c_void,
    src: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let target = within_symbol(symbol, count, offset, kind, Direction::HostToDevice)?;
    set_copy(node, &copy::one_row(target, src, count, kind))
}

pub(crate) unsafe fn cudaGraphMemcpyNodeSetParamsFromSymbol(
    node: cudaGraphNode_t,
    dst: *mut c_void,
    symbol: *const c_void,
    count: usize,
    offset: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let source = within_symbol(symbol, count, offset, kind, Direction::DeviceToHost)?;
    set_copy(node, &copy::one_row(dst, source, count, kind))
}
