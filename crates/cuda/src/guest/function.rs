//! Functions: a kernel of a loaded module, its parameter layout and attributes.

use std::ffi::CString;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use vgpu_core::abi::{CUdevice_attribute as D, CUfunction_attribute as A, CUshared_carveout};
use vgpu_core::wire::Pod;
use vgpu_core::wire::messages::{
    FUNCTION_ATTRIBUTE_COUNT, FunctionAttribute, FunctionReply, ModuleFunction, Occupancy, PARAMS_MAX_BYTES,
    ParamLayout,
};
use vgpu_core::{CuError, CuResult};

use super::device::Device;
use super::handle::{Slab, Tag};
use super::process::Process;

/// What may be asked for of a multiprocessor's memory as shared: nothing, or so many percent.
const CARVEOUTS: RangeInclusive<i32> =
    CUshared_carveout::CU_SHAREDMEM_CARVEOUT_DEFAULT.0..=CUshared_carveout::CU_SHAREDMEM_CARVEOUT_MAX_SHARED.0;

static FUNCTIONS: Slab<Arc<Function>> = Slab::new(Tag::Function);

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
    pub(crate) max_threads: u32,
    /// Indexed by `CUfunction_attribute`, as they are now.
    attributes: [AtomicI32; FUNCTION_ATTRIBUTE_COUNT],
    /// The most shared memory, static included, that the attribute may raise a launch to.
    shared_optin_bytes: u32,
    /// Whether its device has clusters.
    has_clusters: bool,
    /// Known occupancies by threads per block, dynamic shared bytes, and flags.
    occupancy: Mutex<Vec<([u32; 3], u32)>>,
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
        let max_threads = facts.attributes[A::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK.0 as usize];
        Ok(FUNCTIONS.insert_with(|handle| {
            Arc::new(Self {
                handle,
                name,
                module,
                context,
                wire: facts.function,
                facts,
                params,
                ordinal: device.ordinal,
                max_threads: u32::try_from(max_threads).unwrap_or(0),
                attributes: facts.attributes.map(AtomicI32::new),
                shared_optin_bytes: device.limit(D::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                has_clusters: device.limit(D::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH) != 0,
                occupancy: Mutex::new(Vec::new()),
            })
        }))
    }

    /// The function that a program means.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when there is none of that handle.
    #[inline]
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        FUNCTIONS.get(handle).ok_or(CuError::INVALID_HANDLE)
    }

    /// Ends the function's handle.
    pub(super) fn forget(&self) {
        FUNCTIONS.remove(self.handle);
    }

    /// The most dynamic shared memory that a launch may ask for now.
    #[inline]
    pub(crate) fn max_dynamic_shared_bytes(&self) -> u32 {
        let bytes = self.attributes[A::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES.0 as usize].load(Relaxed);
        bytes.max(0).cast_unsigned()
    }

    /// What `cuFuncGetAttribute` reports.
    ///
    /// # Errors
    /// `INVALID_VALUE` for an unknown attribute.
    pub(crate) fn attribute(&self, attribute: A) -> CuResult<i32> {
        Ok(self.cell(attribute)?.load(Relaxed))
    }

    fn cell(&self, attribute: A) -> CuResult<&AtomicI32> {
        let index = attribute.0 as usize;
        let is_known = attribute.0 < A::CU_FUNC_ATTRIBUTE_MAX.0;
        self.attributes.get(index).filter(|_| is_known).ok_or(CuError::INVALID_VALUE)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// `INVALID_VALUE` for one that cannot be set or a value out of range, `NOT_SUPPORTED` for clusters on a device without,
    /// `NOT_PERMITTED` for a cluster that the kernel was compiled for.
    pub(crate) fn set_attribute(&self, process: &Process, attribute: A, value: i32) -> CuResult {
        self.check_attribute(attribute, value)?;
        if self.cell(attribute)?.swap(value, Relaxed) == value {
            return Ok(());
        }
        self.occupancy.lock().clear();
        let message = FunctionAttribute { function: self.wire, attribute: attribute.0, value };
        process.link.post(&message, &[]).map(drop)
    }

    fn check_attribute(&self, attribute: A, value: i32) -> CuResult {
        let allowed = match attribute {
            A::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES => {
                let room = i64::from(self.shared_optin_bytes)
                    - i64::from(self.attribute(A::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)?);
                (0..=room).contains(&i64::from(value))
            }
            A::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT => CARVEOUTS.contains(&value),
            A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH
            | A::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED
            | A::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE
                if !self.has_clusters =>
            {
                return Err(CuError::NOT_SUPPORTED);
            }
            A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT
            | A::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH => {
                if self.facts.attributes[attribute.0 as usize] != 0 {
                    return Err(CuError::NOT_PERMITTED);
                }
                value >= 0
            }
            A::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED => (0..=1).contains(&value),
            A::CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE => (0..=2).contains(&value),
            _ => false,
        };
        if allowed { Ok(()) } else { Err(CuError::INVALID_VALUE) }
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
        flags: u32,
    ) -> CuResult<u32> {
        let key = [block_threads, dynamic_shared_bytes, flags];
        let known = self.occupancy.lock().iter().find(|(shape, _)| *shape == key).map(|(_, blocks)| *blocks);
        if let Some(blocks) = known {
            return Ok(blocks);
        }
        let question = Occupancy { function: self.wire, block_threads, dynamic_shared_bytes, flags, reserved: 0 };
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
        && facts.param_bytes <= PARAMS_MAX_BYTES
        && layouts.iter().all(inside);
    if consistent { Ok(layouts.into()) } else { Err(CuError::UNKNOWN) }
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
