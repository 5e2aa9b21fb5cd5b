//! libcuda's functions under their own names, found at run time: the runtime has no link-time dependency on the driver.
//!
//! A row without `unsafe` takes handles, numbers and references only, and libcuda checks handles before it follows them.
//! A row marked `unsafe` hands a caller's pointer through. A row that ends in `[ptsz]` or `[ptds]` names
//! its stream nowhere or within a struct; while the null stream means the thread's own, its twin of that suffix is called.

#![allow(non_snake_case, reason = "the functions have their C names")]
#![allow(clippy::too_many_arguments, reason = "the signatures are C's")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::sync::OnceCell;
use vgpu_core::abi::*;
use vgpu_core::ffi;

use crate::error::{RtError, RtResult};

/// One function: its address, and that of its per-thread twin if the row names one. `None` where libcuda lacks it.
struct Slot<F> {
    plain: Option<F>,
    per_thread: Option<F>,
}

impl<F: Copy> Slot<F> {
    fn pick(&self) -> Option<F> {
        if self.per_thread.is_some() && ffi::is_per_thread_default() { self.per_thread } else { self.plain }
    }
}

/// How functions are found: by a name with its NUL; null where there is none.
type Symbols = Box<dyn Fn(&str) -> *mut c_void>;

/// Looks `symbol` (with its NUL) up as a function of type `F`.
///
/// # Safety
/// `F` is the C type of libcuda's function of that name.
unsafe fn find<F: Copy>(symbols: &Symbols, symbol: &str) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    let address = symbols(symbol);
    if address.is_null() {
        return None;
    }
    // SAFETY: the address is that of a function of type `F`, which the caller vouches for, and has its size.
    Some(unsafe { std::mem::transmute_copy(&address) })
}

macro_rules! driver {
    ($($(#[doc = $doc:literal])* $kind:ident fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $([$twin:ident])?;)*) => {
        struct Driver { $($name: Slot<unsafe extern "C" fn($($ty),*) -> CUresult>,)* }

        impl Driver {
            fn load(symbols: &Symbols) -> Self {
                Self { $($name: Slot {
                    // SAFETY: the row is libcuda's prototype.
                    plain: unsafe { find(symbols, concat!(stringify!($name), "\0")) },
                    // SAFETY: a twin has the same prototype.
                    per_thread: driver!(@twin symbols $name $($twin)?),
                },)* }
            }
        }

        $(driver!(@call $kind $(#[doc = $doc])* $name($($arg: $ty),*));)*
    };
    (@twin $symbols:ident $name:ident) => { None };
    (@twin $symbols:ident $name:ident $twin:ident) => {
        // SAFETY: a twin has the prototype of its row.
        unsafe { find($symbols, concat!(stringify!($name), "_", stringify!($twin), "\0")) }
    };
    (@call safe $(#[doc = $doc:literal])* $name:ident($($arg:ident: $ty:ty),*)) => {
        $(#[doc = $doc])*
        pub(crate) fn $name($($arg: $ty),*) -> RtResult {
            let call = driver()?.$name.pick().ok_or_else(|| missing(stringify!($name)))?;
            // SAFETY: only values and live references are passed, and libcuda checks handles.
            RtError::check_driver(unsafe { call($($arg),*) }.0)
        }
    };
    (@call unsafe $(#[doc = $doc:literal])* $name:ident($($arg:ident: $ty:ty),*)) => {
        $(#[doc = $doc])*
        ///
        /// # Safety
        /// The pointers are what the driver's function of this name asks for.
        pub(crate) unsafe fn $name($($arg: $ty),*) -> RtResult {
            let call = driver()?.$name.pick().ok_or_else(|| missing(stringify!($name)))?;
            // SAFETY: the caller vouches for the pointers.
            RtError::check_driver(unsafe { call($($arg),*) }.0)
        }
    };
}

static DRIVER: OnceCell<Driver> = OnceCell::new();
static INITIALISED: AtomicBool = AtomicBool::new(false);

fn driver() -> RtResult<&'static Driver> {
    DRIVER.get_or_try_init(|| Ok(Driver::load(&open()?)))
}

/// libcuda's symbols.
#[cfg(not(test))]
fn open() -> RtResult<Symbols> {
    let library = vgpu_core::libcuda::open().map_err(|tried| {
        log::error!("no CUDA driver: {tried}");
        RtError::INSUFFICIENT_DRIVER
    })?;
    // The addresses that are found stay valid only while the library is loaded.
    let library = std::mem::ManuallyDrop::new(library);
    Ok(Box::new(move |symbol| {
        // SAFETY: the symbol is only taken as an address here.
        unsafe { library.get::<*mut c_void>(symbol.as_bytes()) }.map_or(std::ptr::null_mut(), |found| found.into_raw())
    }))
}

/// Unit tests run on a driver of their own.
#[cfg(test)]
fn open() -> RtResult<Symbols> {
    Ok(Box::new(crate::mock::symbol))
}

fn missing(name: &'static str) -> RtError {
    log::warn!("libcuda has no {name}");
    RtError::CALL_REQUIRES_NEWER_DRIVER
}

/// Initialises the driver, once. A failure is not remembered, so that a daemon may be started late.
pub(crate) fn init() -> RtResult {
    if INITIALISED.load(Ordering::Acquire) {
        return Ok(());
    }
    cuInit(0)?;
    INITIALISED.store(true, Ordering::Release);
    Ok(())
}

driver! {
    safe fn cuInit(flags: c_uint);
    safe fn cuDriverGetVersion(version: &mut c_int);
    unsafe fn cuGetProcAddress_v2(symbol: *const c_char, pfn: &mut *mut c_void, version: c_int, flags: u64, status: &mut CUdriverProcAddressQueryResult);

    safe fn cuDeviceGetCount(count: &mut c_int);
    safe fn cuDeviceGet(device: &mut CUdevice, ordinal: c_int);
    unsafe fn cuDeviceGetName(name: *mut c_char, len: c_int, dev: CUdevice);
    safe fn cuDeviceGetUuid_v2(uuid: &mut CUuuid, dev: CUdevice);
    safe fn cuDeviceTotalMem_v2(bytes: &mut usize, dev: CUdevice);
    safe fn cuDeviceGetAttribute(value: &mut c_int, attribute: CUdevice_attribute, dev: CUdevice);
    unsafe fn cuDeviceGetPCIBusId(text: *mut c_char, len: c_int, dev: CUdevice);
    unsafe fn cuDeviceGetByPCIBusId(dev: &mut CUdevice, text: *const c_char);
    safe fn cuDeviceGetTexture1DLinearMaxWidth(width: &mut usize, format: CUarray_format, channels: c_uint, dev: CUdevice);
    safe fn cuDeviceCanAccessPeer(can: &mut c_int, dev: CUdevice, peer: CUdevice);
    safe fn cuDeviceGetP2PAttribute(value: &mut c_int, attribute: CUdevice_P2PAttribute, source: CUdevice, target: CUdevice);
    safe fn cuDeviceGetDefaultMemPool(pool: &mut CUmemoryPool, dev: CUdevice);
    safe fn cuDeviceGetMemPool(pool: &mut CUmemoryPool, dev: CUdevice);
    safe fn cuDeviceSetMemPool(dev: CUdevice, pool: CUmemoryPool);
    safe fn cuDevicePrimaryCtxRetain(context: &mut CUcontext, dev: CUdevice);
    safe fn cuDevicePrimaryCtxRelease_v2(dev: CUdevice);
    safe fn cuDevicePrimaryCtxReset_v2(dev: CUdevice);
    safe fn cuDevicePrimaryCtxSetFlags_v2(dev: CUdevice, flags: c_uint);
    safe fn cuDevicePrimaryCtxGetState(dev: CUdevice, flags: &mut c_uint, active: &mut c_int);

    safe fn cuCtxGetCurrent(context: &mut CUcontext);
    safe fn cuCtxSetCurrent(context: CUcontext);
    safe fn cuCtxGetDevice(dev: &mut CUdevice);
    safe fn cuCtxSynchronize();
    safe fn cuCtxSetLimit(limit: CUlimit, value: usize);
    safe fn cuCtxGetLimit(value: &mut usize, limit: CUlimit);
    safe fn cuCtxGetCacheConfig(config: &mut CUfunc_cache);
    safe fn cuCtxSetCacheConfig(config: CUfunc_cache);
    safe fn cuCtxGetSharedMemConfig(config: &mut CUsharedconfig);
    safe fn cuCtxSetSharedMemConfig(config: CUsharedconfig);
    safe fn cuCtxGetStreamPriorityRange(least: &mut c_int, greatest: &mut c_int);
    safe fn cuCtxResetPersistingL2Cache();
    safe fn cuCtxEnablePeerAccess(peer: CUcontext, flags: c_uint);
    safe fn cuCtxDisablePeerAccess(peer: CUcontext);

    unsafe fn cuModuleLoadData(module: &mut CUmodule, image: *const c_void);
    safe fn cuModuleUnload(module: CUmodule);
    unsafe fn cuLinkCreate_v2(count: c_uint, options: *mut CUjit_option, values: *mut *mut c_void, link: &mut CUlinkState);
    unsafe fn cuLinkAddData_v2(
        link: CUlinkState, kind: CUjitInputType, data: *mut c_void, len: usize, name: *const c_char, count: c_uint,
        options: *mut CUjit_option, values: *mut *mut c_void,
    );
    safe fn cuLinkComplete(link: CUlinkState, image: &mut *mut c_void, len: &mut usize);
    safe fn cuLinkDestroy(link: CUlinkState);
    unsafe fn cuModuleGetFunction(function: &mut CUfunction, module: CUmodule, name: *const c_char);
    unsafe fn cuModuleGetGlobal_v2(address: &mut CUdeviceptr, bytes: &mut usize, module: CUmodule, name: *const c_char);
    safe fn cuFuncGetAttribute(value: &mut c_int, attribute: CUfunction_attribute, function: CUfunction);
    safe fn cuFuncSetAttribute(function: CUfunction, attribute: CUfunction_attribute, value: c_int);
    safe fn cuFuncSetCacheConfig(function: CUfunction, config: CUfunc_cache);
    safe fn cuFuncGetParamInfo(function: CUfunction, index: usize, offset: &mut usize, bytes: &mut usize);

    unsafe fn cuLibraryLoadData(
        library: &mut CUlibrary, code: *const c_void, jit: *mut CUjit_option, jitValues: *mut *mut c_void, jitCount: c_uint,
        options: *mut CUlibraryOption, values: *mut *mut c_void, count: c_uint,
    );
    unsafe fn cuLibraryLoadFromFile(
        library: &mut CUlibrary, file: *const c_char, jit: *mut CUjit_option, jitValues: *mut *mut c_void, jitCount: c_uint,
        options: *mut CUlibraryOption, values: *mut *mut c_void, count: c_uint,
    );
    safe fn cuLibraryUnload(library: CUlibrary);
    unsafe fn cuLibraryGetKernel(kernel: &mut CUkernel, library: CUlibrary, name: *const c_char);
    safe fn cuLibraryGetKernelCount(count: &mut c_uint, library: CUlibrary);
    unsafe fn cuLibraryEnumerateKernels(kernels: *mut CUkernel, count: c_uint, library: CUlibrary);
    unsafe fn cuLibraryGetGlobal(address: &mut CUdeviceptr, bytes: &mut usize, library: CUlibrary, name: *const c_char);
    safe fn cuKernelGetFunction(function: &mut CUfunction, kernel: CUkernel);
    safe fn cuKernelSetAttribute(attribute: CUfunction_attribute, value: c_int, kernel: CUkernel, dev: CUdevice);

    unsafe fn cuLaunchKernel(
        function: CUfunction, gridX: c_uint, gridY: c_uint, gridZ: c_uint, blockX: c_uint, blockY: c_uint, blockZ: c_uint,
        sharedBytes: c_uint, stream: CUstream, params: *mut *mut c_void, extra: *mut *mut c_void,
    );
    unsafe fn cuLaunchCooperativeKernel(
        function: CUfunction, gridX: c_uint, gridY: c_uint, gridZ: c_uint, blockX: c_uint, blockY: c_uint, blockZ: c_uint,
        sharedBytes: c_uint, stream: CUstream, params: *mut *mut c_void,
    );
    unsafe fn cuLaunchKernelEx(config: &CUlaunchConfig, function: CUfunction, params: *mut *mut c_void, extra: *mut *mut c_void) [ptsz];
    unsafe fn cuLaunchHostFunc(stream: CUstream, function: CUhostFn, data: *mut c_void);
    safe fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks: &mut c_int, function: CUfunction, threads: c_int, sharedBytes: usize, flags: c_uint);
    safe fn cuOccupancyAvailableDynamicSMemPerBlock(bytes: &mut usize, function: CUfunction, blocks: c_int, threads: c_int);
    safe fn cuOccupancyMaxPotentialClusterSize(size: &mut c_int, function: CUfunction, config: &CUlaunchConfig);
    safe fn cuOccupancyMaxActiveClusters(count: &mut c_int, function: CUfunction, config: &CUlaunchConfig);

    safe fn cuMemGetInfo_v2(free: &mut usize, total: &mut usize);
    safe fn cuMemAlloc_v2(address: &mut CUdeviceptr, bytes: usize);
    safe fn cuMemAllocPitch_v2(address: &mut CUdeviceptr, pitch: &mut usize, width: usize, height: usize, element: c_uint);
    safe fn cuMemFree_v2(address: CUdeviceptr);
    safe fn cuMemHostAlloc(address: &mut *mut c_void, bytes: usize, flags: c_uint);
    unsafe fn cuMemFreeHost(address: *mut c_void);
    unsafe fn cuMemHostRegister_v2(address: *mut c_void, bytes: usize, flags: c_uint);
    unsafe fn cuMemHostUnregister(address: *mut c_void);
    unsafe fn cuMemHostGetDevicePointer_v2(device: &mut CUdeviceptr, host: *mut c_void, flags: c_uint);
    unsafe fn cuMemHostGetFlags(flags: &mut c_uint, host: *mut c_void);
    safe fn cuMemAllocManaged(address: &mut CUdeviceptr, bytes: usize, flags: c_uint);
    unsafe fn cuPointerGetAttributes(count: c_uint, attributes: *const CUpointer_attribute, values: *const *mut c_void, address: CUdeviceptr);
    safe fn cuMemAllocAsync(address: &mut CUdeviceptr, bytes: usize, stream: CUstream);
    safe fn cuMemAllocFromPoolAsync(address: &mut CUdeviceptr, bytes: usize, pool: CUmemoryPool, stream: CUstream);
    safe fn cuMemFreeAsync(address: CUdeviceptr, stream: CUstream);
    safe fn cuMemPoolTrimTo(pool: CUmemoryPool, keep: usize);
    unsafe fn cuMemPoolSetAttribute(pool: CUmemoryPool, attribute: CUmemPool_attribute, value: *mut c_void);
    unsafe fn cuMemPoolGetAttribute(pool: CUmemoryPool, attribute: CUmemPool_attribute, value: *mut c_void);
    safe fn cuMemPoolDestroy(pool: CUmemoryPool);
    safe fn cuMemAdvise(address: CUdeviceptr, bytes: usize, advice: CUmem_advise, dev: CUdevice);
    safe fn cuMemPrefetchAsync(address: CUdeviceptr, bytes: usize, dev: CUdevice, stream: CUstream);
    unsafe fn cuMemRangeGetAttribute(data: *mut c_void, bytes: usize, attribute: CUmem_range_attribute, address: CUdeviceptr, count: usize);

    unsafe fn cuMemcpy(target: CUdeviceptr, source: CUdeviceptr, bytes: usize) [ptds];
    unsafe fn cuMemcpyHtoD_v2(target: CUdeviceptr, source: *const c_void, bytes: usize) [ptds];
    unsafe fn cuMemcpyDtoH_v2(target: *mut c_void, source: CUdeviceptr, bytes: usize) [ptds];
    safe fn cuMemcpyDtoD_v2(target: CUdeviceptr, source: CUdeviceptr, bytes: usize) [ptds];
    unsafe fn cuMemcpyAsync(target: CUdeviceptr, source: CUdeviceptr, bytes: usize, stream: CUstream);
    unsafe fn cuMemcpyHtoDAsync_v2(target: CUdeviceptr, source: *const c_void, bytes: usize, stream: CUstream);
    unsafe fn cuMemcpyDtoHAsync_v2(target: *mut c_void, source: CUdeviceptr, bytes: usize, stream: CUstream);
    safe fn cuMemcpyDtoDAsync_v2(target: CUdeviceptr, source: CUdeviceptr, bytes: usize, stream: CUstream);
    unsafe fn cuMemcpyPeer(target: CUdeviceptr, targetContext: CUcontext, source: CUdeviceptr, sourceContext: CUcontext, bytes: usize) [ptds];
    unsafe fn cuMemcpyPeerAsync(target: CUdeviceptr, targetContext: CUcontext, source: CUdeviceptr, sourceContext: CUcontext, bytes: usize, stream: CUstream);
    safe fn cuArray3DCreate_v2(array: &mut CUarray, descriptor: &CUDA_ARRAY3D_DESCRIPTOR);
    safe fn cuArrayDestroy(array: CUarray);
    safe fn cuArray3DGetDescriptor_v2(descriptor: &mut CUDA_ARRAY3D_DESCRIPTOR, array: CUarray);
    safe fn cuMipmappedArrayCreate(mipmap: &mut CUmipmappedArray, descriptor: &CUDA_ARRAY3D_DESCRIPTOR, levels: c_uint);
    safe fn cuMipmappedArrayDestroy(mipmap: CUmipmappedArray);
    safe fn cuMipmappedArrayGetLevel(array: &mut CUarray, mipmap: CUmipmappedArray, level: c_uint);
    unsafe fn cuTexObjectCreate(
        texture: &mut CUtexObject, resource: &CUDA_RESOURCE_DESC, sampling: &CUDA_TEXTURE_DESC, view: *const CUDA_RESOURCE_VIEW_DESC,
    );
    safe fn cuTexObjectDestroy(texture: CUtexObject);
    safe fn cuTexObjectGetResourceDesc(resource: &mut CUDA_RESOURCE_DESC, texture: CUtexObject);
    safe fn cuTexObjectGetTextureDesc(sampling: &mut CUDA_TEXTURE_DESC, texture: CUtexObject);
    safe fn cuTexObjectGetResourceViewDesc(view: &mut CUDA_RESOURCE_VIEW_DESC, texture: CUtexObject);
    safe fn cuSurfObjectCreate(surface: &mut CUsurfObject, resource: &CUDA_RESOURCE_DESC);
    safe fn cuSurfObjectDestroy(surface: CUsurfObject);
    safe fn cuSurfObjectGetResourceDesc(resource: &mut CUDA_RESOURCE_DESC, surface: CUsurfObject);

    unsafe fn cuMemcpy2DUnaligned_v2(copy: &CUDA_MEMCPY2D) [ptds];
    unsafe fn cuMemcpy2DAsync_v2(copy: &CUDA_MEMCPY2D, stream: CUstream);
    unsafe fn cuMemcpy3D_v2(copy: &CUDA_MEMCPY3D) [ptds];
    unsafe fn cuMemcpy3DAsync_v2(copy: &CUDA_MEMCPY3D, stream: CUstream);
    unsafe fn cuMemcpy3DPeer(copy: &CUDA_MEMCPY3D_PEER) [ptds];
    unsafe fn cuMemcpy3DPeerAsync(copy: &CUDA_MEMCPY3D_PEER, stream: CUstream);
    safe fn cuMemsetD8_v2(target: CUdeviceptr, value: u8, count: usize) [ptds];
    safe fn cuMemsetD8Async(target: CUdeviceptr, value: u8, count: usize, stream: CUstream);
    safe fn cuMemsetD2D8_v2(target: CUdeviceptr, pitch: usize, value: u8, width: usize, height: usize) [ptds];
    safe fn cuMemsetD2D8Async(target: CUdeviceptr, pitch: usize, value: u8, width: usize, height: usize, stream: CUstream);

    safe fn cuStreamCreate(stream: &mut CUstream, flags: c_uint);
    safe fn cuStreamCreateWithPriority(stream: &mut CUstream, flags: c_uint, priority: c_int);
    safe fn cuStreamDestroy_v2(stream: CUstream);
    safe fn cuStreamSynchronize(stream: CUstream);
    safe fn cuStreamQuery(stream: CUstream);
    safe fn cuStreamWaitEvent(stream: CUstream, event: CUevent, flags: c_uint);
    unsafe fn cuStreamAddCallback(stream: CUstream, callback: CUstreamCallback, data: *mut c_void, flags: c_uint);
    safe fn cuStreamAttachMemAsync(stream: CUstream, address: CUdeviceptr, bytes: usize, flags: c_uint);
    safe fn cuStreamGetPriority(stream: CUstream, priority: &mut c_int);
    safe fn cuStreamGetFlags(stream: CUstream, flags: &mut c_uint);
    safe fn cuStreamGetId(stream: CUstream, id: &mut c_ulonglong);
    safe fn cuStreamGetDevice(stream: CUstream, dev: &mut CUdevice);
    safe fn cuStreamCopyAttributes(target: CUstream, source: CUstream);
    unsafe fn cuStreamGetAttribute(stream: CUstream, attribute: CUstreamAttrID, value: *mut CUstreamAttrValue);
    unsafe fn cuStreamSetAttribute(stream: CUstream, attribute: CUstreamAttrID, value: *const CUstreamAttrValue);
    safe fn cuStreamBeginCapture_v2(stream: CUstream, mode: CUstreamCaptureMode);
    unsafe fn cuStreamBeginCaptureToGraph(stream: CUstream, graph: CUgraph, nodes: *const CUgraphNode, edges: *const CUgraphEdgeData, count: usize, mode: CUstreamCaptureMode);
    safe fn cuStreamEndCapture(stream: CUstream, graph: &mut CUgraph);
    safe fn cuStreamIsCapturing(stream: CUstream, status: &mut CUstreamCaptureStatus);
    unsafe fn cuStreamGetCaptureInfo_v2(
        stream: CUstream, status: *mut CUstreamCaptureStatus, id: *mut cuuint64_t, graph: *mut CUgraph, nodes: *mut *const CUgraphNode, count: *mut usize,
    );
    unsafe fn cuStreamGetCaptureInfo_v3(
        stream: CUstream, status: *mut CUstreamCaptureStatus, id: *mut cuuint64_t, graph: *mut CUgraph, nodes: *mut *const CUgraphNode,
        edges: *mut *const CUgraphEdgeData, count: *mut usize,
    );
    unsafe fn cuStreamUpdateCaptureDependencies(stream: CUstream, nodes: *mut CUgraphNode, count: usize, flags: c_uint);
    unsafe fn cuStreamUpdateCaptureDependencies_v2(stream: CUstream, nodes: *mut CUgraphNode, edges: *const CUgraphEdgeData, count: usize, flags: c_uint);
    safe fn cuThreadExchangeStreamCaptureMode(mode: &mut CUstreamCaptureMode);

    safe fn cuEventCreate(event: &mut CUevent, flags: c_uint);
    safe fn cuEventDestroy_v2(event: CUevent);
    safe fn cuEventRecord(event: CUevent, stream: CUstream);
    safe fn cuEventRecordWithFlags(event: CUevent, stream: CUstream, flags: c_uint);
    safe fn cuEventQuery(event: CUevent);
    safe fn cuEventSynchronize(event: CUevent);
    safe fn cuEventElapsedTime(ms: &mut f32, start: CUevent, end: CUevent);

    safe fn cuGraphCreate(graph: &mut CUgraph, flags: c_uint);
    safe fn cuGraphDestroy(graph: CUgraph);
    safe fn cuGraphClone(clone: &mut CUgraph, graph: CUgraph);
    safe fn cuGraphDestroyNode(node: CUgraphNode);
    unsafe fn cuGraphDebugDotPrint(graph: CUgraph, path: *const c_char, flags: c_uint);
    unsafe fn cuGraphAddKernelNode_v2(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, params: &CUDA_KERNEL_NODE_PARAMS);
    unsafe fn cuGraphKernelNodeGetParams_v2(node: CUgraphNode, params: &mut CUDA_KERNEL_NODE_PARAMS);
    unsafe fn cuGraphKernelNodeSetParams_v2(node: CUgraphNode, params: &CUDA_KERNEL_NODE_PARAMS);
    unsafe fn cuGraphExecKernelNodeSetParams_v2(exec: CUgraphExec, node: CUgraphNode, params: &CUDA_KERNEL_NODE_PARAMS);
    safe fn cuGraphKernelNodeCopyAttributes(target: CUgraphNode, source: CUgraphNode);
    unsafe fn cuGraphKernelNodeGetAttribute(node: CUgraphNode, attribute: CUkernelNodeAttrID, value: *mut CUkernelNodeAttrValue);
    unsafe fn cuGraphKernelNodeSetAttribute(node: CUgraphNode, attribute: CUkernelNodeAttrID, value: *const CUkernelNodeAttrValue);
    unsafe fn cuGraphAddMemcpyNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, copy: &CUDA_MEMCPY3D, context: CUcontext);
    unsafe fn cuGraphMemcpyNodeSetParams(node: CUgraphNode, copy: &CUDA_MEMCPY3D);
    unsafe fn cuGraphExecMemcpyNodeSetParams(exec: CUgraphExec, node: CUgraphNode, copy: &CUDA_MEMCPY3D, context: CUcontext);
    unsafe fn cuGraphAddMemsetNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, params: &CUDA_MEMSET_NODE_PARAMS, context: CUcontext);
    unsafe fn cuGraphMemsetNodeGetParams(node: CUgraphNode, params: &mut CUDA_MEMSET_NODE_PARAMS);
    unsafe fn cuGraphMemsetNodeSetParams(node: CUgraphNode, params: &CUDA_MEMSET_NODE_PARAMS);
    unsafe fn cuGraphExecMemsetNodeSetParams(exec: CUgraphExec, node: CUgraphNode, params: &CUDA_MEMSET_NODE_PARAMS, context: CUcontext);
    unsafe fn cuGraphAddEmptyNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize);
    unsafe fn cuGraphAddHostNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, params: &CUDA_HOST_NODE_PARAMS);
    safe fn cuGraphHostNodeGetParams(node: CUgraphNode, params: &mut CUDA_HOST_NODE_PARAMS);
    unsafe fn cuGraphHostNodeSetParams(node: CUgraphNode, params: &CUDA_HOST_NODE_PARAMS);
    unsafe fn cuGraphExecHostNodeSetParams(exec: CUgraphExec, node: CUgraphNode, params: &CUDA_HOST_NODE_PARAMS);
    unsafe fn cuGraphAddChildGraphNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, child: CUgraph);
    unsafe fn cuGraphAddEventRecordNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, event: CUevent);
    unsafe fn cuGraphAddEventWaitNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, event: CUevent);
    unsafe fn cuGraphAddDependencies(graph: CUgraph, from: *const CUgraphNode, to: *const CUgraphNode, count: usize);
    unsafe fn cuGraphRemoveDependencies(graph: CUgraph, from: *const CUgraphNode, to: *const CUgraphNode, count: usize);
    unsafe fn cuGraphAddDependencies_v2(graph: CUgraph, from: *const CUgraphNode, to: *const CUgraphNode, edges: *const CUgraphEdgeData, count: usize);
    unsafe fn cuGraphRemoveDependencies_v2(graph: CUgraph, from: *const CUgraphNode, to: *const CUgraphNode, edges: *const CUgraphEdgeData, count: usize);
    unsafe fn cuGraphGetEdges_v2(graph: CUgraph, from: *mut CUgraphNode, to: *mut CUgraphNode, edges: *mut CUgraphEdgeData, count: *mut usize);
    unsafe fn cuGraphNodeGetDependencies_v2(node: CUgraphNode, nodes: *mut CUgraphNode, edges: *mut CUgraphEdgeData, count: *mut usize);
    unsafe fn cuGraphNodeGetDependentNodes_v2(node: CUgraphNode, nodes: *mut CUgraphNode, edges: *mut CUgraphEdgeData, count: *mut usize);
    safe fn cuGraphChildGraphNodeGetGraph(node: CUgraphNode, graph: &mut CUgraph);
    safe fn cuGraphEventRecordNodeGetEvent(node: CUgraphNode, event: &mut CUevent);
    safe fn cuGraphEventRecordNodeSetEvent(node: CUgraphNode, event: CUevent);
    safe fn cuGraphEventWaitNodeGetEvent(node: CUgraphNode, event: &mut CUevent);
    safe fn cuGraphEventWaitNodeSetEvent(node: CUgraphNode, event: CUevent);
    safe fn cuGraphExecEventRecordNodeSetEvent(exec: CUgraphExec, node: CUgraphNode, event: CUevent);
    safe fn cuGraphExecEventWaitNodeSetEvent(exec: CUgraphExec, node: CUgraphNode, event: CUevent);
    unsafe fn cuGraphGetNodes(graph: CUgraph, nodes: *mut CUgraphNode, count: *mut usize);
    unsafe fn cuGraphGetRootNodes(graph: CUgraph, nodes: *mut CUgraphNode, count: *mut usize);
    unsafe fn cuGraphGetEdges(graph: CUgraph, from: *mut CUgraphNode, to: *mut CUgraphNode, count: *mut usize);
    unsafe fn cuGraphNodeGetDependencies(node: CUgraphNode, nodes: *mut CUgraphNode, count: *mut usize);
    unsafe fn cuGraphNodeGetDependentNodes(node: CUgraphNode, nodes: *mut CUgraphNode, count: *mut usize);
    safe fn cuGraphNodeGetType(node: CUgraphNode, kind: &mut CUgraphNodeType);
    safe fn cuGraphNodeFindInClone(found: &mut CUgraphNode, node: CUgraphNode, clone: CUgraph);
    safe fn cuGraphNodeSetEnabled(exec: CUgraphExec, node: CUgraphNode, enabled: c_uint);
    safe fn cuGraphNodeGetEnabled(exec: CUgraphExec, node: CUgraphNode, enabled: &mut c_uint);
    safe fn cuGraphInstantiateWithFlags(exec: &mut CUgraphExec, graph: CUgraph, flags: c_ulonglong);
    safe fn cuGraphInstantiateWithParams(exec: &mut CUgraphExec, graph: CUgraph, params: &mut CUDA_GRAPH_INSTANTIATE_PARAMS) [ptsz];
    safe fn cuGraphExecGetFlags(exec: CUgraphExec, flags: &mut cuuint64_t);
    safe fn cuGraphExecUpdate_v2(exec: CUgraphExec, graph: CUgraph, info: &mut CUgraphExecUpdateResultInfo);
    safe fn cuGraphUpload(exec: CUgraphExec, stream: CUstream);
    safe fn cuGraphLaunch(exec: CUgraphExec, stream: CUstream);
    safe fn cuGraphExecDestroy(exec: CUgraphExec);
}

/// Reads one device attribute.
pub(crate) fn attribute(dev: CUdevice, attribute: CUdevice_attribute) -> RtResult<c_int> {
    let mut value = 0;
    cuDeviceGetAttribute(&mut value, attribute, dev)?;
    Ok(value)
}

/// Finds a variable of a module by its device name.
pub(crate) fn global(module: CUmodule, name: &CStr) -> RtResult<(CUdeviceptr, usize)> {
    let (mut address, mut bytes) = (0, 0);
    // SAFETY: the name is a terminated string.
    unsafe { cuModuleGetGlobal_v2(&mut address, &mut bytes, module, name.as_ptr()) }?;
    Ok((address, bytes))
}
