//! Functions: a kernel of a loaded module, its parameter layout and attributes.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use parking_lot::Mutex;
use vgpu_core::abi::{CUdevice_attribute, CUfunction_attribute};
use vgpu_core::wire::Pod;
use vgpu_core::wire::messages::{FunctionAttribute, FunctionReply, ModuleFunction, Occupancy, ParamLayout};
use vgpu_core::{CuError, CuResult};

use super::device::Device;
use super::handle::{self, Tag};
use super::process::Process;

/// CUDA's own bound on packed kernel parameters.
pub(crate) const MAX_PARAM_BYTES: u32 = 32_764;

/// A kernel, ready to launch.
pub(crate) struct Function {
    pub(crate) handle: u64,
    pub(crate) name: CString,
    /// Its module's handle.
    pub(crate) module: u64,
    /// The wire number of its context.
    pub(crate) context: u32,
    /// Its number at the executor.
    pub(crate) wire: u64,
    pub(crate) facts: FunctionReply,
    pub(crate) params: Box<[ParamLayout]>,
    /// The visible device it is loaded on.
    pub(crate) ordinal: usize,
    pub(crate) max_dynamic_shared_bytes: AtomicU32,
    /// The most shared memory, static included, that the attribute may raise a launch to.
    shared_optin_bytes: u32,
    carveout: AtomicI32,
    /// Known occupancies by (threads per block, dynamic shared bytes).
    occupancy: Mutex<Vec<((u32, u32), u32)>>,
}

impl Function {
    /// Finds a kernel of a module. `handle` makes the object's handle.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown name, `UNKNOWN` when the executor's description makes no sense.
    pub(crate) fn resolve(
        process: &Process,
        device: &Device,
        module: u64,
        context: u32,
        wire_module: u64,
        name: CString,
    ) -> CuResult<Arc<Self>> {
        let answer = process.link.call(&ModuleFunction { module: wire_module }, name.as_bytes())?;
        let facts = answer.reply;
        let params = layouts(&facts, &answer.tail).inspect_err(|_| {
            log::error!("the executor describes the parameters of {name:?} inconsistently");
        })?;
        let shared_optin_bytes =
            device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
        Ok(process.functions.insert_with(|handle| {
            Arc::new(Self {
                handle,
                name,
                module,
                context,
                wire: facts.function,
                facts,
                params,
                ordinal: device.ordinal,
                max_dynamic_shared_bytes: AtomicU32::new(facts.max_dynamic_shared_bytes),
                shared_optin_bytes,
                carveout: AtomicI32::new(-1),
                occupancy: Mutex::new(Vec::new()),
            })
        }))
    }

    /// What `cuFuncGetAttribute` reports.
    ///
    /// # Errors
    /// `INVALID_VALUE` for an unknown attribute.
    pub(crate) fn attribute(&self, attribute: CUfunction_attribute) -> CuResult<i32> {
        use CUfunction_attribute as A;
        let value = match attribute {
            A::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK => self.facts.max_threads_per_block,
            A::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES => self.facts.shared_bytes,
            A::CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES => self.facts.const_bytes,
            A::CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES => self.facts.local_bytes,
            A::CU_FUNC_ATTRIBUTE_NUM_REGS => self.facts.registers,
            A::CU_FUNC_ATTRIBUTE_PTX_VERSION => self.facts.ptx_version,
            A::CU_FUNC_ATTRIBUTE_BINARY_VERSION => self.facts.binary_version,
            A::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES => self.max_dynamic_shared_bytes.load(Ordering::Relaxed),
            A::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT => {
                return Ok(self.carveout.load(Ordering::Relaxed));
            }
            // Neither cached loads nor clusters: the device protocol has none.
            A::CU_FUNC_ATTRIBUTE_CACHE_MODE_CA
            | A::CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH
            | A::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED
            | A::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE => 0,
            _ => return Err(CuError::INVALID_VALUE),
        };
        i32::try_from(value).map_err(|_| CuError::UNKNOWN)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// `INVALID_VALUE` for one that cannot be set or a value out of range, `NOT_SUPPORTED` for clusters.
    pub(crate) fn set_attribute(&self, process: &Process, attribute: CUfunction_attribute, value: i32) -> CuResult {
        use CUfunction_attribute as A;
        match attribute {
            A::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES => {
                let bytes = u32::try_from(value).map_err(|_| CuError::INVALID_VALUE)?;
                let room = self.shared_optin_bytes.checked_sub(self.facts.shared_bytes);
                if room.is_none_or(|room| bytes > room) {
                    return Err(CuError::INVALID_VALUE);
                }
                if self.max_dynamic_shared_bytes.swap(bytes, Ordering::Relaxed) == bytes {
                    return Ok(());
                }
            }
            A::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT => {
                // A hint, and one without effect here.
                if !(-1..=100).contains(&value) {
                    return Err(CuError::INVALID_VALUE);
                }
                self.carveout.store(value, Ordering::Relaxed);
                return Ok(());
            }
            A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH
            | A::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED
            | A::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE => {
                return Err(CuError::NOT_SUPPORTED);
            }
            _ => return Err(CuError::INVALID_VALUE),
        }
        self.occupancy.lock().clear();
        let message = FunctionAttribute { function: self.wire, attribute: attribute.0, value };
        process.link.post(&message, &[]).map(drop)
    }

    /// Blocks of that shape that one multiprocessor holds at a time; asked once per shape.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn blocks_per_multiprocessor(
        &self,
        process: &Process,
        block_threads: u32,
        dynamic_shared_bytes: u32,
    ) -> CuResult<u32> {
        let key = (block_threads, dynamic_shared_bytes);
        let known = self.occupancy.lock().iter().find(|(shape, _)| *shape == key).map(|(_, blocks)| *blocks);
        if let Some(blocks) = known {
            return Ok(blocks);
        }
        let question = Occupancy { function: self.wire, block_threads, dynamic_shared_bytes };
        let blocks = process.link.call(&question, &[])?.reply.blocks;
        self.occupancy.lock().push((key, blocks));
        Ok(blocks)
    }
}

/// Parameter layouts from an answer's tail, each within the packed parameters.
fn layouts(facts: &FunctionReply, tail: &[u8]) -> CuResult<Box<[ParamLayout]>> {
    let layouts: Vec<ParamLayout> =
        tail.chunks_exact(size_of::<ParamLayout>()).filter_map(ParamLayout::from_bytes).collect();
    let inside = |layout: &ParamLayout| {
        layout.offset_bytes.checked_add(layout.len_bytes).is_some_and(|end| end <= facts.param_bytes)
    };
    let consistent = layouts.len() == facts.param_count as usize
        && facts.param_bytes <= MAX_PARAM_BYTES
        && layouts.iter().all(inside);
    if consistent { Ok(layouts.into()) } else { Err(CuError::UNKNOWN) }
}

/// The function that a `CUfunction` names in a context; it may be a `CUkernel`, which is found or loaded there.
///
/// # Errors
/// `INVALID_HANDLE` when it is neither or of another context.
#[inline]
pub(crate) fn find(
    process: &'static Process,
    context: &'static super::context::Context,
    function: u64,
) -> CuResult<Arc<Function>> {
    if handle::has_tag(function, Tag::Kernel) {
        let kernel = process.kernels.get(function).ok_or(CuError::INVALID_HANDLE)?;
        return kernel.function(process, context);
    }
    process.functions.get(function).ok_or(CuError::INVALID_HANDLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(param_count: u32, param_bytes: u32) -> FunctionReply {
        let mut facts = FunctionReply::from_bytes(&[0; size_of::<FunctionReply>()]).expect("right length");
        facts.param_count = param_count;
        facts.param_bytes = param_bytes;
        facts
    }

    fn tail(layouts: &[(u32, u32)]) -> Vec<u8> {
        let layout =
            |(offset_bytes, len_bytes): &(u32, u32)| ParamLayout { offset_bytes: *offset_bytes, len_bytes: *len_bytes };
        layouts.iter().flat_map(|pair| layout(pair).as_bytes().to_vec()).collect()
    }

    #[test]
    fn layouts_are_read_from_the_tail() {
        let layouts = layouts(&facts(2, 12), &tail(&[(0, 8), (8, 4)])).expect("consistent");
        assert_eq!(layouts[1], ParamLayout { offset_bytes: 8, len_bytes: 4 });
    }

    #[test]
    fn layouts_outside_the_parameters_are_refused() {
        for (count, bytes, pairs) in
            [(1, 8, &[(4, 8)][..]), (1, 8, &[(u32::MAX, 8)]), (2, 8, &[(0, 8)]), (0, 40_000, &[])]
        {
            assert_eq!(layouts(&facts(count, bytes), &tail(pairs)), Err(CuError::UNKNOWN));
        }
    }
}
