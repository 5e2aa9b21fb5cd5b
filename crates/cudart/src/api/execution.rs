//! Execution control: launches and what is known about functions.

use std::ffi::{c_char, c_int, c_void};

use vgpu_core::abi::runtime::{
    cudaFuncAttribute, cudaFuncAttributes, cudaFuncCache, cudaHostFn_t, cudaLaunchConfig_t, cudaSharedMemConfig,
    cudaStream_t, dim3,
};
use vgpu_core::abi::{CUfunc_cache, CUfunction_attribute as A};
use vgpu_core::ffi::{InOut, Out, OutOpt};

use crate::error::{RtError, RtResult};
use crate::launch::{self, Shape};
use crate::{current, driver as cu, registry};

pub(crate) unsafe fn cudaLaunchKernel(
    func: *const c_void,
    gridDim: dim3,
    blockDim: dim3,
    args: *mut *mut c_void,
    sharedMem: usize,
    stream: cudaStream_t,
) -> RtResult {
    let shape = Shape { grid: gridDim, block: blockDim, shared_bytes: sharedMem };
    // SAFETY: the caller's arguments are passed through.
    unsafe { launch::kernel(func, shape, args, stream) }
}

pub(crate) unsafe fn cudaLaunchCooperativeKernel(
    func: *const c_void,
    gridDim: dim3,
    blockDim: dim3,
    args: *mut *mut c_void,
    sharedMem: usize,
    stream: cudaStream_t,
) -> RtResult {
    let shape = Shape { grid: gridDim, block: blockDim, shared_bytes: sharedMem };
    // SAFETY: the caller's arguments are passed through.
    unsafe { launch::cooperative(func, shape, args, stream) }
}

pub(crate) unsafe fn cudaLaunchKernelExC(
    config: *const cudaLaunchConfig_t,
    func: *const c_void,
    args: *mut *mut c_void,
) -> RtResult {
    // SAFETY: a caller's configuration is null or readable.
    let config = unsafe { config.as_ref() }.ok_or(RtError::INVALID_VALUE)?;
    // SAFETY: the caller's arguments are passed through.
    unsafe { launch::configured(func, config, args) }
}

pub(crate) unsafe fn cudaLaunchHostFunc(stream: cudaStream_t, fn_: cudaHostFn_t, userData: *mut c_void) -> RtResult {
    current::context()?;
    // SAFETY: the program's function and its data are passed through.
    unsafe { cu::cuLaunchHostFunc(stream, fn_, userData) }
}

pub(crate) unsafe fn cudaFuncGetAttributes(attr: Out<cudaFuncAttributes>, func: *const c_void) -> RtResult {
    let (_, function) = launch::find(func)?;
    let number = |attribute| {
        let mut value = 0;
        cu::cuFuncGetAttribute(&mut value, attribute, function).map(|()| value)
    };
    let length = |attribute| number(attribute).map(|value| usize::try_from(value).unwrap_or(0));
    // Attributes that came with clusters: a driver that lacks them has no clusters to require.
    let recent = |attribute| number(attribute).unwrap_or(0);
    attr.write(cudaFuncAttributes {
        sharedSizeBytes: length(A::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)?,
        constSizeBytes: length(A::CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES)?,
        localSizeBytes: length(A::CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)?,
        maxThreadsPerBlock: number(A::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
        numRegs: number(A::CU_FUNC_ATTRIBUTE_NUM_REGS)?,
        ptxVersion: number(A::CU_FUNC_ATTRIBUTE_PTX_VERSION)?,
        binaryVersion: number(A::CU_FUNC_ATTRIBUTE_BINARY_VERSION)?,
        cacheModeCA: recent(A::CU_FUNC_ATTRIBUTE_CACHE_MODE_CA),
        maxDynamicSharedSizeBytes: number(A::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)?,
        preferredShmemCarveout: recent(A::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT),
        clusterDimMustBeSet: recent(A::CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET),
        requiredClusterWidth: recent(A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH),
        requiredClusterHeight: recent(A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT),
        requiredClusterDepth: recent(A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH),
        clusterSchedulingPolicyPreference: recent(A::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE),
        nonPortableClusterSizeAllowed: recent(A::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED),
        reserved: [0; 16],
    });
    Ok(())
}

/// The settable attributes have the driver's numbers.
pub(crate) unsafe fn cudaFuncSetAttribute(func: *const c_void, attr: cudaFuncAttribute, value: c_int) -> RtResult {
    let (_, function) = launch::find(func)?;
    cu::cuFuncSetAttribute(function, A(attr.0), value)
}

pub(crate) unsafe fn cudaFuncSetCacheConfig(func: *const c_void, cacheConfig: cudaFuncCache) -> RtResult {
    let (_, function) = launch::find(func)?;
    cu::cuFuncSetCacheConfig(function, CUfunc_cache(cacheConfig.0))
}

/// Bank sizes can be chosen on no device that CUDA 12 supports, so a known choice is taken and means nothing.
pub(crate) unsafe fn cudaFuncSetSharedMemConfig(func: *const c_void, config: cudaSharedMemConfig) -> RtResult {
    launch::find(func)?;
    if config.0 > cudaSharedMemConfig::cudaSharedMemBankSizeEightByte.0 {
        return Err(RtError::INVALID_VALUE);
    }
    Ok(())
}

pub(crate) unsafe fn cudaFuncGetName(name: Out<*const c_char>, func: *const c_void) -> RtResult {
    name.write(registry::name_of(func).ok_or(RtError::INVALID_DEVICE_FUNCTION)?);
    Ok(())
}

pub(crate) unsafe fn cudaFuncGetParamInfo(
    func: *const c_void,
    paramIndex: usize,
    paramOffset: Out<usize>,
    paramSize: OutOpt<usize>,
) -> RtResult {
    let (_, function) = launch::find(func)?;
    let (mut offset, mut bytes) = (0, 0);
    cu::cuFuncGetParamInfo(function, paramIndex, &mut offset, &mut bytes)?;
    paramOffset.write(offset);
    paramSize.write(bytes);
    Ok(())
}

/// Every device has had doubles for long: the value is one already.
pub(crate) fn cudaSetDoubleForDevice(_d: InOut<f64>) -> RtResult {
    Ok(())
}

/// As [`cudaSetDoubleForDevice`], on the way back.
pub(crate) fn cudaSetDoubleForHost(_d: InOut<f64>) -> RtResult {
    Ok(())
}
