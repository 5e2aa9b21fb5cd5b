//! `cudaDeviceProp` from what the driver says about a device. No number here is a constant of ours.

use std::ffi::{c_char, c_int};

use vgpu_core::abi::runtime::cudaDeviceProp;
use vgpu_core::abi::{CUdevice, CUdevice_attribute as A, CUuuid};

use crate::driver as cu;
use crate::error::RtResult;

/// Length of the struct that programs of CUDA 11 know, which the function without suffix fills: everything before
/// `hostRegisterSupported`, the first member that CUDA 12 added.
pub(crate) const LEN_BYTES_11: usize = std::mem::offset_of!(cudaDeviceProp, hostRegisterSupported);

/// The part of a device that is not an attribute.
pub(crate) struct Identity {
    pub(crate) name: [c_char; 256],
    pub(crate) uuid: CUuuid,
    pub(crate) total_bytes: usize,
}

/// Asks the driver about `dev`.
pub(crate) fn read(dev: CUdevice) -> RtResult<cudaDeviceProp> {
    let mut identity = Identity { name: [0; 256], uuid: CUuuid { bytes: [0; 16] }, total_bytes: 0 };
    // SAFETY: the array has the length that is passed.
    unsafe { cu::cuDeviceGetName(identity.name.as_mut_ptr(), 256, dev) }?;
    cu::cuDeviceGetUuid_v2(&mut identity.uuid, dev)?;
    cu::cuDeviceTotalMem_v2(&mut identity.total_bytes, dev)?;
    // A driver may not know an attribute that is newer than it; the feature is then absent.
    Ok(fill(identity, |attribute| cu::attribute(dev, attribute).unwrap_or(0)))
}

/// Lays the answers out. Attributes that are lengths are never negative; one that is counts as 0.
fn fill(identity: Identity, get: impl Fn(A) -> c_int) -> cudaDeviceProp {
    // SAFETY: the struct holds integers and arrays of them, for which zero is a value.
    let mut prop: cudaDeviceProp = unsafe { std::mem::zeroed() };
    prop.name = identity.name;
    prop.uuid = identity.uuid;
    prop.totalGlobalMem = identity.total_bytes;

    macro_rules! number {
        ($($field:ident = $attribute:ident;)*) => { $(prop.$field = get(A::$attribute);)* };
    }
    macro_rules! length {
        ($($field:ident = $attribute:ident;)*) => { $(prop.$field = usize::try_from(get(A::$attribute)).unwrap_or(0);)* };
    }
    macro_rules! extent {
        ($($field:ident = [$($attribute:ident),*];)*) => { $(prop.$field = [$(get(A::$attribute)),*];)* };
    }
    length! {
        sharedMemPerBlock = CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK;
        memPitch = CU_DEVICE_ATTRIBUTE_MAX_PITCH;
        totalConstMem = CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY;
        textureAlignment = CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT;
        texturePitchAlignment = CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT;
        surfaceAlignment = CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT;
        sharedMemPerMultiprocessor = CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR;
        sharedMemPerBlockOptin = CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
        reservedSharedMemPerBlock = CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK;
    }
    number! {
        regsPerBlock = CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK;
        warpSize = CU_DEVICE_ATTRIBUTE_WARP_SIZE;
        maxThreadsPerBlock = CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK;
        clockRate = CU_DEVICE_ATTRIBUTE_CLOCK_RATE;
        major = CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
        minor = CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
        deviceOverlap = CU_DEVICE_ATTRIBUTE_GPU_OVERLAP;
        multiProcessorCount = CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
        kernelExecTimeoutEnabled = CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT;
        integrated = CU_DEVICE_ATTRIBUTE_INTEGRATED;
        canMapHostMemory = CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY;
        computeMode = CU_DEVICE_ATTRIBUTE_COMPUTE_MODE;
        maxTexture1D = CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH;
        maxTexture1DMipmap = CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_MIPMAPPED_WIDTH;
        maxTexture1DLinear = CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH;
        maxTextureCubemap = CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH;
        maxSurface1D = CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_WIDTH;
        maxSurfaceCubemap = CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_WIDTH;
        concurrentKernels = CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS;
        ECCEnabled = CU_DEVICE_ATTRIBUTE_ECC_ENABLED;
        pciBusID = CU_DEVICE_ATTRIBUTE_PCI_BUS_ID;
        pciDeviceID = CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID;
        pciDomainID = CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID;
        tccDriver = CU_DEVICE_ATTRIBUTE_TCC_DRIVER;
        asyncEngineCount = CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT;
        unifiedAddressing = CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING;
        memoryClockRate = CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE;
        memoryBusWidth = CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH;
        l2CacheSize = CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE;
        persistingL2CacheMaxSize = CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE;
        maxThreadsPerMultiProcessor = CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR;
        streamPrioritiesSupported = CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED;
        globalL1CacheSupported = CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED;
        localL1CacheSupported = CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED;
        regsPerMultiprocessor = CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR;
        managedMemory = CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY;
        isMultiGpuBoard = CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD;
        multiGpuBoardGroupID = CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD_GROUP_ID;
        hostNativeAtomicSupported = CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED;
        singleToDoublePrecisionPerfRatio = CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO;
        pageableMemoryAccess = CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS;
        concurrentManagedAccess = CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS;
        computePreemptionSupported = CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED;
        canUseHostPointerForRegisteredMem = CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM;
        cooperativeLaunch = CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH;
        cooperativeMultiDeviceLaunch = CU_DEVICE_ATTRIBUTE_COOPERATIVE_MULTI_DEVICE_LAUNCH;
        pageableMemoryAccessUsesHostPageTables = CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES;
        directManagedMemAccessFromHost = CU_DEVICE_ATTRIBUTE_DIRECT_MANAGED_MEM_ACCESS_FROM_HOST;
        maxBlocksPerMultiProcessor = CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR;
        accessPolicyMaxWindowSize = CU_DEVICE_ATTRIBUTE_MAX_ACCESS_POLICY_WINDOW_SIZE;
        hostRegisterSupported = CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED;
        sparseCudaArraySupported = CU_DEVICE_ATTRIBUTE_SPARSE_CUDA_ARRAY_SUPPORTED;
        hostRegisterReadOnlySupported = CU_DEVICE_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED;
        timelineSemaphoreInteropSupported = CU_DEVICE_ATTRIBUTE_TIMELINE_SEMAPHORE_INTEROP_SUPPORTED;
        memoryPoolsSupported = CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED;
        gpuDirectRDMASupported = CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_SUPPORTED;
        gpuDirectRDMAWritesOrdering = CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WRITES_ORDERING;
        deferredMappingCudaArraySupported = CU_DEVICE_ATTRIBUTE_DEFERRED_MAPPING_CUDA_ARRAY_SUPPORTED;
        ipcEventSupported = CU_DEVICE_ATTRIBUTE_IPC_EVENT_SUPPORTED;
        clusterLaunch = CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH;
        unifiedFunctionPointers = CU_DEVICE_ATTRIBUTE_UNIFIED_FUNCTION_POINTERS;
    }
    prop.gpuDirectRDMAFlushWritesOptions =
        get(A::CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS).cast_unsigned();
    prop.memoryPoolSupportedHandleTypes = get(A::CU_DEVICE_ATTRIBUTE_MEMPOOL_SUPPORTED_HANDLE_TYPES).cast_unsigned();
    extent! {
        maxThreadsDim = [CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z];
        maxGridSize = [CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z];
        maxTexture2D = [CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT];
        maxTexture2DMipmap = [CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_HEIGHT];
        maxTexture2DLinear = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_HEIGHT,
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_PITCH
        ];
        maxTexture2DGather = [CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_HEIGHT];
        maxTexture3D = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH
        ];
        maxTexture3DAlt = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH_ALTERNATE, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT_ALTERNATE,
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE
        ];
        maxTexture1DLayered = [CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS];
        maxTexture2DLayered = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_HEIGHT,
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS
        ];
        maxTextureCubemapLayered = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS
        ];
        maxSurface2D = [CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_HEIGHT];
        maxSurface3D = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_HEIGHT, CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_DEPTH
        ];
        maxSurface1DLayered = [CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_LAYERS];
        maxSurface2DLayered = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_HEIGHT,
            CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_LAYERS
        ];
        maxSurfaceCubemapLayered = [
            CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_WIDTH, CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_LAYERS
        ];
    }
    prop
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let mut name = [0; 256];
        name[0] = 0x47;
        Identity { name, uuid: CUuuid { bytes: [7; 16] }, total_bytes: 8 << 30 }
    }

    #[test]
    fn every_attribute_lands_in_its_own_member() {
        let prop = fill(identity(), |attribute| attribute.0.cast_signed());
        assert_eq!((prop.major, prop.minor, prop.warpSize, prop.multiProcessorCount), (75, 76, 10, 16));
        assert_eq!((prop.maxThreadsDim, prop.maxGridSize), ([2, 3, 4], [5, 6, 7]));
        assert_eq!((prop.sharedMemPerBlock, prop.sharedMemPerBlockOptin), (8, 97));
        assert_eq!((prop.pciBusID, prop.pciDeviceID, prop.pciDomainID), (33, 34, 50));
        assert_eq!((prop.totalGlobalMem, prop.uuid.bytes, prop.name[0]), (8 << 30, [7; 16], 0x47));
    }

    #[test]
    fn a_negative_length_is_no_length() {
        assert_eq!(fill(identity(), |_| -1).sharedMemPerBlock, 0);
    }

    #[test]
    fn the_struct_of_cuda_11_is_the_front_of_that_of_cuda_12() {
        assert_eq!(LEN_BYTES_11, 728);
        assert_eq!(size_of::<cudaDeviceProp>(), 1032);
    }
}
