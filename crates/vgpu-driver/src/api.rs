//! The driver's functions that the executor uses.
//!
//! What is required has been there since driver 525 (CUDA 12.0); what is optional is missing in one that is still in use.

#![allow(non_snake_case, reason = "the names are C's")]

use std::ffi::{c_char, c_int, c_uint, c_void};

use vgpu_core::CuError;
use vgpu_core::abi::{
    CUDA_ARRAY3D_DESCRIPTOR, CUDA_HOST_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS_v2, CUDA_MEMCPY2D, CUDA_MEMCPY3D,
    CUDA_MEMSET_NODE_PARAMS, CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC,
    CUgraphExecUpdateResultInfo, CUhostFn, CUlaunchConfig, CUmemAccessDesc, CUmemAllocationProp,
};

use crate::library::{functions, handles};

handles! {
    Context
    Stream
    Event
    Module
    Function
    Graph
    GraphExec
    GraphNode
    Link
    Array
    Mipmap
}

impl Stream {
    /// The default stream of a context.
    pub(crate) const LEGACY: Self = Self(1);
}

/// A device address.
pub(crate) type Address = u64;

functions! {
    /// libcuda.
    pub(crate) struct Api: CuError, check CuError::check, absent CuError::NOT_SUPPORTED;
    required {
        plain cuInit(flags: c_uint);
        gives cuDriverGetVersion() -> c_int;
        gives cuDeviceGetCount() -> c_int;
        gives cuDeviceGet(ordinal: c_int) -> c_int;
        raw cuDeviceGetName(name: *mut c_char, len: c_int, device: c_int);
        gives cuDeviceGetUuid_v2(device: c_int) -> [u8; 16];
        gives cuDeviceTotalMem_v2(device: c_int) -> usize;
        gives cuDeviceGetAttribute(attribute: c_uint, device: c_int) -> c_int;

        gives cuDevicePrimaryCtxRetain(device: c_int) -> Context;
        plain cuDevicePrimaryCtxRelease_v2(device: c_int);
        plain cuDevicePrimaryCtxSetFlags_v2(device: c_int, flags: c_uint);
        gives cuCtxCreate_v2(flags: c_uint, device: c_int) -> Context;
        plain cuCtxDestroy_v2(context: Context);
        plain cuCtxSetCurrent(context: Context);
        plain cuCtxSynchronize();
        gives cuCtxGetLimit(limit: c_uint) -> usize;
        plain cuCtxSetLimit(limit: c_uint, value: usize);
        raw cuCtxGetStreamPriorityRange(least: *mut c_int, greatest: *mut c_int);
        raw cuMemHostRegister_v2(start: *mut c_void, len: usize, flags: c_uint);
        raw cuMemHostUnregister(start: *mut c_void);
        raw cuMemHostGetDevicePointer_v2(address: *mut Address, start: *mut c_void, flags: c_uint);

        gives cuStreamCreateWithPriority(flags: c_uint, priority: c_int) -> Stream;
        plain cuStreamDestroy_v2(stream: Stream);
        plain cuStreamQuery(stream: Stream);
        plain cuStreamWaitEvent(stream: Stream, event: Event, flags: c_uint);
        gives cuEventCreate(flags: c_uint) -> Event;
        plain cuEventDestroy_v2(event: Event);
        plain cuEventRecord(event: Event, stream: Stream);
        plain cuEventQuery(event: Event);
        plain cuEventSynchronize(event: Event);
        gives cuEventElapsedTime(start: Event, end: Event) -> f32;

        raw cuLaunchHostFunc(stream: Stream, function: CUhostFn, data: *mut c_void);

        gives cuMemAlloc_v2(len: usize) -> Address;
        plain cuMemFree_v2(address: Address);
        raw cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
        raw cuMemcpyHtoDAsync_v2(target: Address, source: *const c_void, len: usize, stream: Stream);
        raw cuMemcpyDtoHAsync_v2(target: *mut c_void, source: Address, len: usize, stream: Stream);
        raw cuMemcpyDtoDAsync_v2(target: Address, source: Address, len: usize, stream: Stream);
        raw cuMemcpyAsync(target: Address, source: Address, len: usize, stream: Stream);
        raw cuMemcpy2DAsync_v2(copy: *const CUDA_MEMCPY2D, stream: Stream);
        raw cuMemcpy3DAsync_v2(copy: *const CUDA_MEMCPY3D, stream: Stream);
        raw cuMemsetD2D8Async(target: Address, pitch: usize, value: u8, width: usize, height: usize, stream: Stream);
        raw cuMemsetD2D16Async(target: Address, pitch: usize, value: u16, width: usize, height: usize, stream: Stream);
        raw cuMemsetD2D32Async(target: Address, pitch: usize, value: c_uint, width: usize, height: usize, stream: Stream);

        raw cuArray3DCreate_v2(array: *mut Array, descriptor: *const CUDA_ARRAY3D_DESCRIPTOR);
        plain cuArrayDestroy(array: Array);
        raw cuMipmappedArrayCreate(mipmap: *mut Mipmap, descriptor: *const CUDA_ARRAY3D_DESCRIPTOR, levels: c_uint);
        plain cuMipmappedArrayDestroy(mipmap: Mipmap);
        gives cuMipmappedArrayGetLevel(mipmap: Mipmap, level: c_uint) -> Array;
        raw cuTexObjectCreate(
            texture: *mut u64, resource: *const CUDA_RESOURCE_DESC, sampling: *const CUDA_TEXTURE_DESC,
            view: *const CUDA_RESOURCE_VIEW_DESC,
        );
        plain cuTexObjectDestroy(texture: u64);
        raw cuSurfObjectCreate(surface: *mut u64, resource: *const CUDA_RESOURCE_DESC);
        plain cuSurfObjectDestroy(surface: u64);

        raw cuModuleLoadDataEx(
            module: *mut Module, image: *const c_void, count: c_uint, options: *mut c_uint, values: *mut *mut c_void,
        );
        plain cuModuleUnload(module: Module);
        raw cuModuleGetFunction(function: *mut Function, module: Module, name: *const c_char);
        raw cuModuleGetGlobal_v2(address: *mut Address, len: *mut usize, module: Module, name: *const c_char);
        raw cuLinkCreate_v2(count: c_uint, options: *mut c_uint, values: *mut *mut c_void, link: *mut Link);
        raw cuLinkAddData_v2(
            link: Link, kind: c_uint, data: *mut c_void, len: usize, name: *const c_char, count: c_uint,
            options: *mut c_uint, values: *mut *mut c_void,
        );
        raw cuLinkComplete(link: Link, image: *mut *mut c_void, len: *mut usize);
        plain cuLinkDestroy(link: Link);
        gives cuFuncGetAttribute(attribute: c_uint, function: Function) -> c_int;
        plain cuFuncSetAttribute(function: Function, attribute: c_uint, value: c_int);
        gives cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
            function: Function, block_threads: c_int, dynamic_shared_bytes: usize, flags: c_uint,
        ) -> c_int;
        raw cuOccupancyMaxActiveClusters(count: *mut c_int, function: Function, config: *const CUlaunchConfig);
        raw cuOccupancyMaxPotentialClusterSize(blocks: *mut c_int, function: Function, config: *const CUlaunchConfig);
        raw cuLaunchKernel(
            function: Function, grid_x: c_uint, grid_y: c_uint, grid_z: c_uint, block_x: c_uint, block_y: c_uint,
            block_z: c_uint, dynamic_shared_bytes: c_uint, stream: Stream, params: *mut *mut c_void,
            extra: *mut *mut c_void,
        );

        raw cuLaunchKernelEx(
            config: *const CUlaunchConfig, function: Function, params: *mut *mut c_void, extra: *mut *mut c_void,
        );

        gives cuGraphCreate(flags: c_uint) -> Graph;
        plain cuGraphDestroy(graph: Graph);
        raw cuGraphAddKernelNode_v2(
            node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize,
            params: *const CUDA_KERNEL_NODE_PARAMS_v2,
        );
        raw cuGraphAddMemcpyNode(
            node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize, copy: *const CUDA_MEMCPY3D,
            context: Context,
        );
        raw cuGraphAddMemsetNode(
            node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize,
            params: *const CUDA_MEMSET_NODE_PARAMS, context: Context,
        );
        raw cuGraphAddEmptyNode(node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize);
        raw cuGraphAddEventRecordNode(
            node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize, event: Event,
        );
        raw cuGraphAddHostNode(
            node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize,
            params: *const CUDA_HOST_NODE_PARAMS,
        );
        raw cuGraphAddChildGraphNode(
            node: *mut GraphNode, graph: Graph, before: *const GraphNode, count: usize, child: Graph,
        );
        gives cuGraphInstantiateWithFlags(graph: Graph, flags: u64) -> GraphExec;
        raw cuGraphExecUpdate_v2(exec: GraphExec, graph: Graph, result: *mut CUgraphExecUpdateResultInfo);
        plain cuGraphLaunch(exec: GraphExec, stream: Stream);
        plain cuGraphExecDestroy(exec: GraphExec);
        plain cuStreamBeginCapture_v2(stream: Stream, mode: c_uint);
        raw cuStreamEndCapture(stream: Stream, graph: *mut Graph);
    }
    optional {
        gives cuMemAddressReserve(len: usize, alignment: usize, wanted: Address, flags: u64) -> Address;
        plain cuMemAddressFree(address: Address, len: usize);
        raw cuMemGetAllocationGranularity(
            granularity: *mut usize, properties: *const CUmemAllocationProp, option: c_uint,
        );
        raw cuMemCreate(handle: *mut u64, len: usize, properties: *const CUmemAllocationProp, flags: u64);
        plain cuMemRelease(handle: u64);
        plain cuMemMap(address: Address, len: usize, offset: usize, handle: u64, flags: u64);
        plain cuMemUnmap(address: Address, len: usize);
        raw cuMemSetAccess(address: Address, len: usize, access: *const CUmemAccessDesc, count: usize);
        raw cuGetExportTable(table: *mut *const c_void, id: *const [u8; 16]);
        raw cuFuncGetParamInfo(function: Function, index: usize, offset: *mut usize, len: *mut usize);
        gives cuModuleGetFunctionCount(module: Module) -> c_uint;
        raw cuModuleEnumerateFunctions(functions: *mut Function, count: c_uint, module: Module);
        raw cuFuncGetName(name: *mut *const c_char, function: Function);
        raw cuStreamWriteValue64_v2(stream: Stream, word: Address, value: u64, flags: c_uint);
    }
}

impl Api {
    /// Whether memory can be mapped at addresses of our choice.
    pub(crate) fn has_virtual_memory(&self) -> bool {
        self.cuMemAddressReserve.is_some()
            && self.cuMemAddressFree.is_some()
            && self.cuMemGetAllocationGranularity.is_some()
            && self.cuMemCreate.is_some()
            && self.cuMemRelease.is_some()
            && self.cuMemMap.is_some()
            && self.cuMemUnmap.is_some()
            && self.cuMemSetAccess.is_some()
    }

    /// Whether the driver tells how a kernel's parameters lie: since 12.4.
    pub(crate) fn has_param_info(&self) -> bool {
        self.cuFuncGetParamInfo.is_some()
    }

    /// Whether streams can write words.
    pub(crate) fn has_stream_writes(&self) -> bool {
        self.cuStreamWriteValue64_v2.is_some()
    }
}
