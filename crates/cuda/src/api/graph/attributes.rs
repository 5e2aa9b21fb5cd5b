//! Attributes of kernel nodes: what their launches ask for besides a shape.

use std::sync::Arc;

use vgpu_core::abi::{CUgraphNode, CUkernelNodeAttrID, CUkernelNodeAttrValue, CUlaunchAttributeID as A};
use vgpu_core::ffi::{In, Out};
use vgpu_core::{CuError, CuResult};

use super::lookup::node;
use crate::api::launch_attribute::{is_cooperative, of_value, to_value};
use crate::guest::graph::Graph;
use crate::guest::work::{KernelWork, Work};
use crate::guest::{Process, launch, process};

fn kernel(process: &Process, hNode: CUgraphNode) -> CuResult<(Arc<Graph>, u32, KernelWork)> {
    let (graph, number) = node(process, hNode)?;
    match graph.work(number)? {
        Some(Work::Kernel(kernel)) => Ok((graph, number, kernel)),
        _ => Err(CuError::INVALID_VALUE),
    }
}

/// Whether a node can have the attribute: others are of a launch in its stream.
fn is_of_nodes(attr: CUkernelNodeAttrID) -> bool {
    matches!(
        attr,
        A::CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW
            | A::CU_LAUNCH_ATTRIBUTE_COOPERATIVE
            | A::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
            | A::CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE
            | A::CU_LAUNCH_ATTRIBUTE_PRIORITY
            | A::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP
            | A::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN
            | A::CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION
            | A::CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT
    )
}

/// What stands in an attribute that nobody has set: nothing, but for the domains, which stand for themselves.
fn unset(attr: CUkernelNodeAttrID) -> [u8; 64] {
    let mut value = [0; 64];
    value[1] = u8::from(attr == A::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP);
    value
}

/// Gives an attribute of a kernel node.
pub(crate) fn cuGraphKernelNodeGetAttribute(
    hNode: CUgraphNode,
    attr: CUkernelNodeAttrID,
    value_out: Out<'_, CUkernelNodeAttrValue>,
) -> CuResult {
    let (_, _, kernel) = kernel(process()?, hNode)?;
    if !is_of_nodes(attr) {
        return Err(CuError::INVALID_VALUE);
    }
    let mut value = kernel.attributes.get(attr).copied().unwrap_or_else(|| unset(attr));
    if attr == A::CU_LAUNCH_ATTRIBUTE_COOPERATIVE {
        value[0] = u8::from(kernel.shape.cooperative);
    }
    value_out.write(to_value(&value));
    Ok(())
}

/// Sets an attribute of a kernel node.
pub(crate) fn cuGraphKernelNodeSetAttribute(
    hNode: CUgraphNode,
    attr: CUkernelNodeAttrID,
    value: In<'_, CUkernelNodeAttrValue>,
) -> CuResult {
    let process = process()?;
    let (graph, number, mut kernel) = kernel(process, hNode)?;
    if !is_of_nodes(attr) {
        return Err(CuError::INVALID_VALUE);
    }
    if attr == A::CU_LAUNCH_ATTRIBUTE_COOPERATIVE {
        kernel.shape.cooperative = is_cooperative(value.get());
        launch::check(process, &kernel.function, &kernel.shape)?;
    } else {
        kernel.attributes.set(of_value(attr, value.get())?);
        launch::check_attributes(process, &kernel.function, &kernel.attributes)?;
    }
    graph.set_work(number, Work::Kernel(kernel))
}

/// Gives a kernel node the attributes of another.
pub(crate) fn cuGraphKernelNodeCopyAttributes(dst: CUgraphNode, src: CUgraphNode) -> CuResult {
    let process = process()?;
    let (_, _, source) = kernel(process, src)?;
    let (graph, number, target) = kernel(process, dst)?;
    let target = target.with_attributes_of(&source);
    launch::check(process, &target.function, &target.shape)?;
    graph.set_work(number, Work::Kernel(target))
}
