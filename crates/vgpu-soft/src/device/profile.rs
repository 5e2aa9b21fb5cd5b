//! What the device says about itself: limits of its compute capability, attributes, occupancy.
//!
//! Programs choose algorithms by these numbers, so they are those of GPUs of that capability and agree with each other.
//! Sources: the tables of compute capabilities in NVIDIA's CUDA C++ Programming Guide.

use vgpu_core::abi::CUdevice_attribute_enum as Attribute;
use vgpu_core::wire::messages::DEVICE_ATTRIBUTE_COUNT;

use super::config::Config;
use crate::textures;

const KIB: u32 = 1024;
/// Threads of a warp.
const WARP: u32 = 32;

/// The first capability whose blocks form clusters.
const CLUSTERS: u32 = 90;

/// Limits that follow from the compute capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// 10 × major + minor.
    pub(super) capability: u32,
    /// Threads of a block.
    pub(super) max_threads: u32,
    pub(super) max_block: [u32; 3],
    pub(super) max_grid: [u32; 3],
    /// 32-bit registers of a block, and of a multiprocessor.
    pub(super) registers: u32,
    /// Shared memory of a block that did not ask for more.
    pub(super) shared_block_bytes: u32,
    /// Shared memory of a block that did.
    pub(super) shared_block_optin_bytes: u32,
    shared_multiprocessor_bytes: u32,
    /// Taken from each block by the system.
    shared_reserved_bytes: u32,
    shared_granularity_bytes: u32,
    threads_per_multiprocessor: u32,
    blocks_per_multiprocessor: u32,
}

impl Limits {
    /// Whether blocks of such a device form clusters.
    pub(super) fn has_clusters(&self) -> bool {
        self.capability >= CLUSTERS
    }

    /// The limits of a capability that is known and has no instructions that are missing here.
    pub(super) fn of(compute_capability: (u32, u32)) -> Option<Self> {
        // Threads and blocks per multiprocessor, shared KiB per multiprocessor, per block with opt-in.
        let (threads, blocks, shared, optin) = match compute_capability {
            (5, 0) => (2048, 32, 64, 48),
            (5, 2) => (2048, 32, 96, 48),
            (6, 0) => (2048, 32, 64, 48),
            (6, 1) => (2048, 32, 96, 48),
            (7, 0) => (2048, 32, 96, 96),
            (7, 5) => (1024, 16, 64, 64),
            (8, 0) => (2048, 32, 164, 163),
            (8, 6) => (1536, 16, 100, 99),
            (8, 9) => (1536, 24, 100, 99),
            (9, 0) => (2048, 32, 228, 227),
            _ => return None,
        };
        let is_ampere = compute_capability.0 >= 8;
        Some(Self {
            capability: 10 * compute_capability.0 + compute_capability.1,
            max_threads: 1024,
            max_block: [1024, 1024, 64],
            max_grid: [i32::MAX.unsigned_abs(), 65_535, 65_535],
            registers: 64 * KIB,
            shared_block_bytes: 48 * KIB,
            shared_block_optin_bytes: optin * KIB,
            shared_multiprocessor_bytes: shared * KIB,
            shared_reserved_bytes: if is_ampere { KIB } else { 0 },
            shared_granularity_bytes: if is_ampere { 128 } else { 256 },
            threads_per_multiprocessor: threads,
            blocks_per_multiprocessor: blocks,
        })
    }

    /// Blocks that a device holds at a time if they are small.
    pub(super) fn resident_blocks_max(&self, multiprocessors: u32) -> u64 {
        u64::from(multiprocessors.max(1)) * u64::from(self.blocks_per_multiprocessor)
    }

    /// Blocks that fit on a multiprocessor, by warps, registers and shared memory.
    pub(super) fn blocks_per_multiprocessor(
        &self,
        block_threads: u32,
        registers: u32,
        static_shared: u32,
        dynamic_shared: u32,
    ) -> u32 {
        let warps = block_threads.div_ceil(WARP).max(1);
        let by_warps = self.threads_per_multiprocessor / WARP / warps;
        // Registers are given out by warp in units of 256, to four sub-partitions.
        let registers_per_warp = (registers.max(1) * WARP).next_multiple_of(256);
        let by_registers = self.registers / 4 / registers_per_warp * 4 / warps;
        let shared = u64::from(static_shared) + u64::from(dynamic_shared) + u64::from(self.shared_reserved_bytes);
        let shared = shared.next_multiple_of(u64::from(self.shared_granularity_bytes));
        let by_shared = u64::from(self.shared_multiprocessor_bytes).checked_div(shared).unwrap_or(u64::MAX);
        let by_shared = u32::try_from(by_shared).unwrap_or(u32::MAX);
        by_warps.min(by_registers).min(by_shared).min(self.blocks_per_multiprocessor)
    }
}

/// The attribute table, indexed by `CUdevice_attribute`. What is not listed is 0: the device does not have it.
pub(super) fn attributes(config: &Config, pci: (u32, u32, u32), limits: &Limits) -> [i32; DEVICE_ATTRIBUTE_COUNT] {
    let mut table = [0; DEVICE_ATTRIBUTE_COUNT];
    let int = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let (major, minor) = config.compute_capability;
    let (domain, bus, device) = pci;
    let is_double_rate = matches!(config.compute_capability, (6..=9, 0));
    let compute = [
        (Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, int(major)),
        (Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, int(minor)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, int(config.multiprocessors)),
        (Attribute::CU_DEVICE_ATTRIBUTE_WARP_SIZE, int(WARP)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, int(limits.max_threads)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, int(limits.max_block[0])),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, int(limits.max_block[1])),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, int(limits.max_block[2])),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, int(limits.max_grid[0])),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, int(limits.max_grid[1])),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, int(limits.max_grid[2])),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, int(limits.threads_per_multiprocessor)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR, int(limits.blocks_per_multiprocessor)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, int(limits.registers)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, int(limits.registers)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, int(limits.shared_block_bytes)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, int(limits.shared_block_optin_bytes)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, int(limits.shared_multiprocessor_bytes)),
        (Attribute::CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK, int(limits.shared_reserved_bytes)),
        (Attribute::CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, int(64 * KIB)),
        // Nominal: the clock that %clock is scaled to does not exist.
        (Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1_000_000),
        (Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 1_000_000),
        (Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 64),
        (Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 4 << 20),
        (Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO, if is_double_rate { 2 } else { 32 }),
    ];
    let system = [
        (Attribute::CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, int(domain)),
        (Attribute::CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, int(bus)),
        (Attribute::CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, int(device)),
        (Attribute::CU_DEVICE_ATTRIBUTE_MAX_PITCH, i32::MAX),
        (Attribute::CU_DEVICE_ATTRIBUTE_GPU_OVERLAP, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT, i32::from(config.launch_timeout.is_some())),
        (Attribute::CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1),
        // Managed memory lies in the pinned heap, where both sides see it at all times.
        (Attribute::CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD_GROUP_ID, 0),
        (Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED, 0),
        (Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED, 1),
        (Attribute::CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED, 0),
        (Attribute::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, limits.has_clusters().into()),
        // The one that all launches share.
        (Attribute::CU_DEVICE_ATTRIBUTE_MEM_SYNC_DOMAIN_COUNT, 1),
    ];
    let of_textures =
        textures::limits::attributes().map(|(attribute, value)| (attribute, i32::try_from(value).unwrap_or(i32::MAX)));
    for (attribute, value) in compute.into_iter().chain(system).chain(of_textures) {
        if let Some(entry) = table.get_mut(attribute.0 as usize) {
            *entry = value;
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occupancy_follows_the_scarcest_resource() {
        let turing = Limits::of((7, 5)).unwrap();
        assert_eq!(turing.blocks_per_multiprocessor(32, 16, 0, 0), 16, "blocks");
        assert_eq!(turing.blocks_per_multiprocessor(1024, 32, 0, 0), 1, "threads");
        assert_eq!(turing.blocks_per_multiprocessor(128, 255, 0, 0), 2, "registers");
        assert_eq!(turing.blocks_per_multiprocessor(32, 16, 20 << 10, 0), 3, "shared memory");
        let ampere = Limits::of((8, 0)).unwrap();
        assert_eq!(
            ampere.blocks_per_multiprocessor(32, 16, 0, 163 << 10),
            1,
            "the reserved part fits beside the largest block"
        );
    }

    #[test]
    fn an_absurd_shared_size_holds_no_block() {
        assert_eq!(Limits::of((7, 5)).unwrap().blocks_per_multiprocessor(32, 16, u32::MAX, u32::MAX), 0);
    }

    #[test]
    fn unknown_capabilities_are_not_pretended() {
        assert_eq!(Limits::of((7, 7)), None);
        assert_eq!(Limits::of((12, 0)), None);
    }
}
