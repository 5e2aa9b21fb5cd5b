//! Which of a device's attributes a guest has from the driver, and what becomes of the others: one table.

use vgpu_core::abi::CUdevice_attribute_enum as Attribute;
use vgpu_core::wire::messages::DEVICE_ATTRIBUTE_COUNT;

use crate::api::Api;

/// All attributes of a device, as a guest is told of them.
pub(crate) fn of(api: &Api, device: i32) -> [i32; DEVICE_ATTRIBUTE_COUNT] {
    let mut values = [0; DEVICE_ATTRIBUTE_COUNT];
    // An older driver does not know the newest ones: the device does not have them.
    let asked = |attribute: Attribute| api.cuDeviceGetAttribute(attribute.0, device).unwrap_or(0);
    for attribute in PASSED_ON {
        values[attribute.0 as usize] = asked(*attribute);
    }
    for Overwritten { becomes, why, attributes } in OVERWRITTEN {
        for attribute in *attributes {
            values[attribute.0 as usize] = *becomes;
            log::trace!("attribute {} of device {device} reads {becomes}: {why}", attribute.0);
        }
    }
    values
}

/// Attributes that are not the driver's to say.
struct Overwritten {
    /// What they read for a guest.
    becomes: i32,
    /// What our libraries or this executor do not do; a program that relied on the driver's answer would ask for it.
    why: &'static str,
    attributes: &'static [Attribute],
}

/// Attributes that a guest has from the driver.
const PASSED_ON: &[Attribute] = &[
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK,
    Attribute::CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY,
    Attribute::CU_DEVICE_ATTRIBUTE_WARP_SIZE,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_PITCH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK,
    Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE,
    Attribute::CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT,
    Attribute::CU_DEVICE_ATTRIBUTE_GPU_OVERLAP,
    Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
    Attribute::CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT,
    Attribute::CU_DEVICE_ATTRIBUTE_INTEGRATED,
    Attribute::CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY,
    Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_MODE,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS,
    Attribute::CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT,
    Attribute::CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS,
    Attribute::CU_DEVICE_ATTRIBUTE_ECC_ENABLED,
    Attribute::CU_DEVICE_ATTRIBUTE_PCI_BUS_ID,
    Attribute::CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID,
    Attribute::CU_DEVICE_ATTRIBUTE_TCC_DRIVER,
    Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE,
    Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR,
    Attribute::CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT,
    Attribute::CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS,
    Attribute::CU_DEVICE_ATTRIBUTE_CAN_TEX2D_GATHER,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH_ALTERNATE,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT_ALTERNATE,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE,
    Attribute::CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID,
    Attribute::CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE3D_DEPTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_LAYERED_LAYERS,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE2D_LAYERED_LAYERS,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACECUBEMAP_LAYERED_LAYERS,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_PITCH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_HEIGHT,
    Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
    Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
    Attribute::CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_MIPMAPPED_WIDTH,
    Attribute::CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR,
    Attribute::CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY,
    Attribute::CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD,
    Attribute::CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD_GROUP_ID,
    Attribute::CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO,
    Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
    Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR,
    Attribute::CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK,
    Attribute::CU_DEVICE_ATTRIBUTE_UNIFIED_FUNCTION_POINTERS,
    Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH,
    Attribute::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH,
    Attribute::CU_DEVICE_ATTRIBUTE_MEM_SYNC_DOMAIN_COUNT,
    Attribute::CU_DEVICE_ATTRIBUTE_GPU_PCI_DEVICE_ID,
    Attribute::CU_DEVICE_ATTRIBUTE_GPU_PCI_SUBSYSTEM_ID,
    Attribute::CU_DEVICE_ATTRIBUTE_ONLY_PARTIAL_HOST_NATIVE_ATOMIC_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_ATOMIC_REDUCTION_SUPPORTED,
    Attribute::CU_DEVICE_ATTRIBUTE_LOCALITY_DOMAIN_COUNT,
    Attribute::CU_DEVICE_ATTRIBUTE_LOCALITY_DOMAIN_MULTIPROCESSOR_COUNT,
];

/// Attributes that read something else, whatever the driver says.
const OVERWRITTEN: &[Overwritten] = &[
    Overwritten {
        becomes: 0,
        why: "the program's own memory is not reached, and managed memory is pinned",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS,
            Attribute::CU_DEVICE_ATTRIBUTE_DIRECT_MANAGED_MEM_ACCESS_FROM_HOST,
            Attribute::CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS,
            Attribute::CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES,
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED,
        ],
    },
    Overwritten {
        becomes: 0,
        why: "pools, and memory in pieces that are mapped and passed on, are refused",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_MEMPOOL_SUPPORTED_HANDLE_TYPES,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_MEMORY_POOLS_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_NUMA_MEMORY_POOLS_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_NUMA_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_NUMA_MULTINODE_IPC_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_WIN32_HANDLE_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_WIN32_KMT_HANDLE_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_FABRIC_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_GENERIC_COMPRESSION_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_LOGICAL_ENDPOINT_UNICAST_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_LOGICAL_ENDPOINT_MULTICAST_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_LOGICAL_ENDPOINT_COUNTED_OPS_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_LOGICAL_ENDPOINT_UNICAST_ACCESS_ON_OWNER_DEVICE_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_LOGICAL_ENDPOINT_SUPPORTED_HANDLE_TYPES,
        ],
    },
    Overwritten {
        becomes: 0,
        why: "nothing of a guest's is shared with other devices and processes",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_LOCALIZED_MEMORY_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS,
            Attribute::CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WRITES_ORDERING,
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_FLUSH_REMOTE_WRITES,
            Attribute::CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_DMA_BUF_MMAP_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_ALLOC_DMA_BUF_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_IPC_EVENT_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_TIMELINE_SEMAPHORE_INTEROP_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_D3D12_CIG_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_D3D12_CIG_STREAMS_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_VULKAN_CIG_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_VULKAN_CIG_STREAMS_SUPPORTED,
        ],
    },
    Overwritten {
        becomes: 0,
        why: "such operations on streams and kinds of launches are refused",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_MEM_OPS_V1,
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS_V1,
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_WAIT_VALUE_NOR_V1,
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS,
            Attribute::CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_WAIT_VALUE_NOR,
            Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_MULTI_DEVICE_LAUNCH,
            Attribute::CU_DEVICE_ATTRIBUTE_MAX_OVERSIZED_SHARED_MEMORY_PER_BLOCK,
            Attribute::CU_DEVICE_ATTRIBUTE_MEM_DECOMPRESS_ALGORITHM_MASK,
            Attribute::CU_DEVICE_ATTRIBUTE_MEM_DECOMPRESS_MAXIMUM_LENGTH,
        ],
    },
    Overwritten {
        becomes: 0,
        why: "arrays and descriptors are refused",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_SPARSE_CUDA_ARRAY_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_DEFERRED_MAPPING_CUDA_ARRAY_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_TENSOR_MAP_ACCESS_SUPPORTED,
            Attribute::CU_DEVICE_ATTRIBUTE_TENSOR_MAP_LARGE_TENSOR_MIN_SIZE,
        ],
    },
    Overwritten {
        becomes: 0,
        why: "stream and launch attributes that set windows of the cache are refused",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE,
            Attribute::CU_DEVICE_ATTRIBUTE_MAX_ACCESS_POLICY_WINDOW_SIZE,
        ],
    },
    Overwritten {
        becomes: 0,
        why: "it is a number of the host's, which means something else in a guest",
        attributes: &[
            Attribute::CU_DEVICE_ATTRIBUTE_NUMA_CONFIG,
            Attribute::CU_DEVICE_ATTRIBUTE_NUMA_ID,
            Attribute::CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID,
            Attribute::CU_DEVICE_ATTRIBUTE_MPS_ENABLED,
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The numbers of all attributes that the headers name.
    fn named() -> BTreeSet<u32> {
        let headers = include_str!("../../../vgpu-core/src/abi/generated/driver.rs");
        let names = headers.split("pub const CU_DEVICE_ATTRIBUTE_").skip(1);
        let number = |text: &str| {
            let (_, value) = text.split_once("CUdevice_attribute_enum(")?;
            value.split_once(')')?.0.parse().ok()
        };
        names.map(|text| number(text).expect("a constant has a number")).collect()
    }

    #[test]
    fn every_attribute_is_passed_on_or_listed_with_what_it_becomes() {
        let overwritten = OVERWRITTEN.iter().flat_map(|group| group.attributes);
        let listed: Vec<u32> = PASSED_ON.iter().chain(overwritten).map(|attribute| attribute.0).collect();
        let once: BTreeSet<u32> = listed.iter().copied().collect();
        assert_eq!(once.len(), listed.len(), "an attribute stands in the table once");
        let end = BTreeSet::from([Attribute::CU_DEVICE_ATTRIBUTE_MAX.0]);
        assert_eq!(&once | &end, named());
        assert!(listed.iter().all(|number| (*number as usize) < DEVICE_ATTRIBUTE_COUNT));
        assert!(OVERWRITTEN.iter().all(|group| !group.why.is_empty()));
    }
}
