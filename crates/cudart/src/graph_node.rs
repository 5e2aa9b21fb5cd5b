//! Parameters of graph nodes, between the runtime's structs and the driver's.

use std::ptr::null_mut;

use vgpu_core::abi::runtime::{cudaHostNodeParams, cudaKernelNodeParams, cudaMemcpy3DParms, cudaMemsetParams, dim3};
use vgpu_core::abi::{
    CUDA_HOST_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS, CUDA_MEMCPY3D, CUDA_MEMSET_NODE_PARAMS, CUcontext,
};

use crate::error::{RtError, RtResult};
use crate::pointer::{address, pointer};
use crate::{copy, launch, registry};

/// Finds the function of a kernel node and describes the node to the driver.
pub(crate) fn kernel_to_driver(params: &cudaKernelNodeParams) -> RtResult<CUDA_KERNEL_NODE_PARAMS> {
    let (context, function) = launch::find(params.func)?;
    let (grid, block) = (params.gridDim, params.blockDim);
    Ok(CUDA_KERNEL_NODE_PARAMS {
        func: function,
        gridDimX: grid.x,
        gridDimY: grid.y,
        gridDimZ: grid.z,
        blockDimX: block.x,
        blockDimY: block.y,
        blockDimZ: block.z,
        sharedMemBytes: params.sharedMemBytes,
        kernelParams: params.kernelParams,
        extra: params.extra,
        kern: null_mut(),
        ctx: context,
    })
}

/// The runtime's view of a kernel node: its function is the host stub, where it came from one.
pub(crate) fn kernel_from_driver(params: &CUDA_KERNEL_NODE_PARAMS, context: CUcontext) -> cudaKernelNodeParams {
    let owner = if params.ctx.is_null() { context } else { params.ctx };
    cudaKernelNodeParams {
        func: registry::host_of(params.func, owner).map_or(params.func.cast(), <*const _>::cast_mut),
        gridDim: dim3 { x: params.gridDimX, y: params.gridDimY, z: params.gridDimZ },
        blockDim: dim3 { x: params.blockDimX, y: params.blockDimY, z: params.blockDimZ },
        sharedMemBytes: params.sharedMemBytes,
        kernelParams: params.kernelParams,
        extra: params.extra,
    }
}

/// A node to be filled by the driver.
pub(crate) fn no_kernel() -> CUDA_KERNEL_NODE_PARAMS {
    CUDA_KERNEL_NODE_PARAMS {
        func: null_mut(),
        gridDimX: 0,
        gridDimY: 0,
        gridDimZ: 0,
        blockDimX: 0,
        blockDimY: 0,
        blockDimZ: 0,
        sharedMemBytes: 0,
        kernelParams: null_mut(),
        extra: null_mut(),
        kern: null_mut(),
        ctx: null_mut(),
    }
}

/// A node cannot hold a copy of nothing.
pub(crate) fn copy_to_driver(params: &cudaMemcpy3DParms) -> RtResult<CUDA_MEMCPY3D> {
    copy::describe_box(params)?.ok_or(RtError::INVALID_VALUE)
}

/// Both libraries' structs hold the same.
pub(crate) fn call_to_driver(params: &cudaHostNodeParams) -> CUDA_HOST_NODE_PARAMS {
    CUDA_HOST_NODE_PARAMS { fn_: params.fn_, userData: params.userData }
}

/// `width` counts elements, `pitch` bytes, in both.
pub(crate) fn fill_to_driver(params: &cudaMemsetParams) -> CUDA_MEMSET_NODE_PARAMS {
    CUDA_MEMSET_NODE_PARAMS {
        dst: address(params.dst),
        pitch: params.pitch,
        value: params.value,
        elementSize: params.elementSize,
        width: params.width,
        height: params.height,
    }
}

pub(crate) fn fill_from_driver(params: &CUDA_MEMSET_NODE_PARAMS) -> cudaMemsetParams {
    cudaMemsetParams {
        dst: pointer(params.dst),
        pitch: params.pitch,
        value: params.value,
        elementSize: params.elementSize,
        width: params.width,
        height: params.height,
    }
}

/// A fill to be filled in by the driver.
pub(crate) fn no_fill() -> CUDA_MEMSET_NODE_PARAMS {
    CUDA_MEMSET_NODE_PARAMS { dst: 0, pitch: 0, value: 0, elementSize: 0, width: 0, height: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_survives_the_way_to_the_driver_and_back() {
        let params =
            cudaMemsetParams { dst: pointer(0x1000), pitch: 64, value: 7, elementSize: 4, width: 3, height: 2 };
        assert_eq!(fill_from_driver(&fill_to_driver(&params)), params);
    }

    #[test]
    fn a_function_that_no_stub_stands_for_is_shown_as_it_is() {
        let mut params = no_kernel();
        params.func = std::ptr::without_provenance_mut(0x77);
        params.gridDimY = 5;
        let shown = kernel_from_driver(&params, std::ptr::without_provenance_mut(8));
        assert_eq!((shown.func as usize, shown.gridDim.y), (0x77, 5));
    }
}
