//! Functions: a compiled kernel with its attributes, as a guest holds it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use vgpu_core::abi::{CUfunction_attribute_enum as Attribute, CUshared_carveout};
use vgpu_core::wire::messages::{FUNCTION_ATTRIBUTE_COUNT, FunctionReply};
use vgpu_core::{CuError, CuResult};

use super::cluster_attributes::ClusterAttributes;
use super::module::Module;
use super::profile::Limits;
use crate::exec::{Kernel, Shape};

/// What may be asked for of a multiprocessor's memory as shared: nothing, or so many percent.
const CARVEOUTS: RangeInclusive<i32> =
    CUshared_carveout::CU_SHAREDMEM_CARVEOUT_DEFAULT.0..=CUshared_carveout::CU_SHAREDMEM_CARVEOUT_MAX_SHARED.0;

/// A kernel that can be launched.
pub(super) struct Function {
    pub(super) module_handle: u64,
    pub(super) module: Arc<Module>,
    pub(super) kernel: Arc<Kernel>,
    /// As raised by `CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES`.
    max_dynamic_shared_bytes: u32,
    pub(super) clusters: ClusterAttributes,
}

impl Function {
    /// A function with its attributes as they are at first.
    pub(super) fn new(module_handle: u64, module: Arc<Module>, kernel: Arc<Kernel>, limits: &Limits) -> Self {
        let max_dynamic_shared_bytes = limits.shared_block_bytes.saturating_sub(kernel.static_shared_bytes());
        let clusters = ClusterAttributes::of(&kernel);
        Self { module_handle, module, kernel, max_dynamic_shared_bytes, clusters }
    }

    /// What a guest is told about it.
    pub(super) fn reply(&self, handle: u64, limits: &Limits) -> FunctionReply {
        let kernel = &self.kernel;
        let mut attributes = [0; FUNCTION_ATTRIBUTE_COUNT];
        let table = [
            (Attribute::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, self.max_threads(limits)),
            (Attribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, kernel.static_shared_bytes()),
            (
                Attribute::CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES,
                u32::try_from(self.module.const_bytes()).unwrap_or(u32::MAX),
            ),
            (Attribute::CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, kernel.local_bytes()),
            (Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS, self.registers(limits)),
            (Attribute::CU_FUNC_ATTRIBUTE_PTX_VERSION, kernel.arch()),
            (Attribute::CU_FUNC_ATTRIBUTE_BINARY_VERSION, kernel.arch()),
            (Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, self.max_dynamic_shared_bytes),
        ];
        for (attribute, value) in table.into_iter().chain(self.clusters.values(kernel)) {
            attributes[attribute.0 as usize] = i32::try_from(value).unwrap_or(i32::MAX);
        }
        // No preference.
        attributes[Attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT.0 as usize] =
            CUshared_carveout::CU_SHAREDMEM_CARVEOUT_DEFAULT.0;
        FunctionReply {
            function: handle,
            param_count: u32::try_from(kernel.params().len()).unwrap_or(u32::MAX),
            param_bytes: kernel.param_bytes(),
            required_block: kernel.required_threads().unwrap_or_default(),
            reserved: 0,
            attributes,
        }
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a value out of range and for attributes that can only be read; as [`ClusterAttributes::set`].
    pub(super) fn set(&mut self, attribute: u32, value: i32, limits: &Limits) -> CuResult {
        match Attribute(attribute) {
            Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES => {
                let most = limits.shared_block_optin_bytes.saturating_sub(self.kernel.static_shared_bytes());
                let value = u32::try_from(value).ok().filter(|&value| value <= most);
                self.max_dynamic_shared_bytes = value.ok_or(CuError::INVALID_VALUE)?;
                Ok(())
            }
            // A hint about a cache that the software GPU does not have.
            Attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT if CARVEOUTS.contains(&value) => Ok(()),
            Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH
            | Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT
            | Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH
            | Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED
            | Attribute::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE => {
                self.clusters.set(&self.kernel, Attribute(attribute), value, limits)
            }
            _ => Err(CuError::INVALID_VALUE),
        }
    }

    /// Whether a launch fits the device and the kernel.
    ///
    /// # Errors
    /// `INVALID_VALUE` or `LAUNCH_OUT_OF_RESOURCES`, with the reason.
    pub(super) fn check_launch(
        &self,
        shape: &Shape,
        param_bytes: usize,
        limits: &Limits,
    ) -> Result<(), (CuError, String)> {
        let name = self.kernel.name();
        let invalid = |reason: String| Err((CuError::INVALID_VALUE, format!("launch of {name}: {reason}")));
        let Shape { grid, block, dynamic_shared_bytes } = *shape;
        if (0..3).any(|axis| grid[axis] == 0 || grid[axis] > limits.max_grid[axis]) {
            return invalid(format!("grid {grid:?} is not within {:?}", limits.max_grid));
        }
        if (0..3).any(|axis| block[axis] == 0 || block[axis] > limits.max_block[axis])
            || shape.block_threads() > u64::from(limits.max_threads)
        {
            return invalid(format!(
                "block {block:?} is not within {:?} and {} threads",
                limits.max_block, limits.max_threads
            ));
        }
        if self.kernel.required_threads().is_some_and(|required| required != block) {
            return invalid(format!(
                "block {block:?} is not the one that the kernel requires, {:?}",
                self.kernel.required_threads()
            ));
        }
        if param_bytes < self.kernel.param_bytes() as usize {
            return invalid(format!(
                "{param_bytes} bytes of parameters where {} are needed",
                self.kernel.param_bytes()
            ));
        }
        if dynamic_shared_bytes > self.max_dynamic_shared_bytes {
            let most = self.max_dynamic_shared_bytes;
            return invalid(format!(
                "{dynamic_shared_bytes} bytes of dynamic shared memory are over the function's limit of {most}"
            ));
        }
        let most = self.max_threads(limits);
        if shape.block_threads() > u64::from(most) {
            let text = format!(
                "launch of {name}: {} threads in a block where the kernel allows {most}",
                shape.block_threads()
            );
            return Err((CuError::LAUNCH_OUT_OF_RESOURCES, text));
        }
        Ok(())
    }

    /// Blocks of so many threads that one multiprocessor holds.
    pub(super) fn occupancy(&self, block_threads: u32, dynamic_shared_bytes: u32, limits: &Limits) -> u32 {
        if block_threads == 0 || block_threads > self.max_threads(limits) {
            return 0;
        }
        limits.blocks_per_multiprocessor(
            block_threads,
            self.registers(limits),
            self.kernel.static_shared_bytes(),
            dynamic_shared_bytes,
        )
    }

    /// Blocks that a device holds at a time. The shape is one that fits.
    pub(super) fn resident_blocks(&self, shape: &Shape, multiprocessors: u32, limits: &Limits) -> u64 {
        let threads = u32::try_from(shape.block_threads()).unwrap_or(u32::MAX);
        u64::from(self.occupancy(threads, shape.dynamic_shared_bytes, limits)) * u64::from(multiprocessors)
    }

    fn max_threads(&self, limits: &Limits) -> u32 {
        self.kernel.max_threads().clamp(1, limits.max_threads)
    }

    /// Registers as a GPU's compiler would have to report them: never so many that the largest block does not fit.
    fn registers(&self, limits: &Limits) -> u32 {
        let most = limits.registers / self.max_threads(limits).next_multiple_of(32) / 8 * 8;
        self.kernel.register_count().clamp(1, most.clamp(8, 255))
    }
}
