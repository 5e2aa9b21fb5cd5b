//! Launches: checking what they ask for and packing their parameters.

use std::cell::RefCell;
use std::ffi::c_void;

use vgpu_core::abi::{
    CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT, CU_LAUNCH_PARAM_END_AS_INT,
    CUdevice_attribute, CUfunction_attribute as A,
};
use vgpu_core::wire::launch_attributes::LaunchAttributes;
use vgpu_core::wire::messages::{Launch, PARAMS_MAX_BYTES};
use vgpu_core::wire::{Op, Pod};
use vgpu_core::{CuError, CuResult};

use super::context::Context;
use super::device::Device;
use super::function::Function;
use super::gate::{Arm, Live};
use super::library;
use super::process::Process;
use super::shape::Shape;
use super::stream::Stream;
use super::work::{KernelWork, Params, Work};

/// Blocks of the largest cluster that all GPUs with clusters take, and of those that some do. Source: CUDA C++ Programming Guide,
/// "Thread Block Clusters".
const PORTABLE_CLUSTER_MAX: u32 = 8;
const NON_PORTABLE_CLUSTER_MAX: u32 = 16;

/// Checks a launch of `function`.
///
/// # Errors
/// As [`Shape::check`]; `INVALID_VALUE` for another block than the kernel requires; for cooperative ones `NOT_SUPPORTED` and
/// `COOPERATIVE_LAUNCH_TOO_LARGE`.
#[inline]
pub(crate) fn check(process: &Process, function: &Function, shape: &Shape) -> CuResult {
    let device = &process.devices[function.ordinal];
    let required_block = function.facts.required_block;
    if required_block[0] != 0 && required_block != shape.block {
        return Err(CuError::INVALID_VALUE);
    }
    shape.check(&device.launch_limits, function.max_threads, function.max_dynamic_shared_bytes())?;
    if shape.cooperative {
        check_cooperative(process, device, function, shape)?;
    }
    Ok(())
}

/// Checks what a launch asks for besides its shape.
///
/// # Errors
/// `NOT_SUPPORTED` for clusters on a device without.
#[cold]
pub(crate) fn check_attributes(process: &Process, function: &Function, attributes: &LaunchAttributes) -> CuResult {
    let device = &process.devices[function.ordinal];
    let has_clusters = device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH) != 0;
    if has_clusters || attributes.cluster() == [1; 3] { Ok(()) } else { Err(CuError::NOT_SUPPORTED) }
}

/// Checks the clusters of a launch by what holds for every GPU; the executor knows the rest.
///
/// # Errors
/// `INVALID_CLUSTER_SIZE` for a grid that does not fall into them, or more blocks than the function may have in one.
#[cold]
fn check_clusters(function: &Function, shape: &Shape, attributes: &LaunchAttributes) -> CuResult {
    let blocks = attributes.cluster();
    let is_non_portable = function.attribute(A::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED)? != 0;
    let most = if is_non_portable { NON_PORTABLE_CLUSTER_MAX } else { PORTABLE_CLUSTER_MAX };
    let size = blocks.iter().fold(1, |size: u32, &blocks| size.saturating_mul(blocks));
    let divides = shape.grid.iter().zip(blocks).all(|(grid, blocks)| grid.is_multiple_of(blocks));
    if size <= most && divides { Ok(()) } else { Err(CuError::INVALID_CLUSTER_SIZE) }
}

#[cold]
fn check_cooperative(process: &Process, device: &Device, function: &Function, shape: &Shape) -> CuResult {
    if device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH) == 0 {
        return Err(CuError::NOT_SUPPORTED);
    }
    let per_multiprocessor =
        function.blocks_per_multiprocessor(process, shape.block_threads(), shape.dynamic_shared_bytes, 0)?;
    let multiprocessors = device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    if shape.blocks() > u64::from(per_multiprocessor) * u64::from(multiprocessors) {
        return Err(CuError::COOPERATIVE_LAUNCH_TOO_LARGE);
    }
    Ok(())
}

thread_local! {
    /// Packed parameters of the launch under way; kept so that launches allocate nothing.
    static PACKED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The keys of a launch-parameter list.
const EXTRA_END: usize = CU_LAUNCH_PARAM_END_AS_INT as usize;
const EXTRA_POINTER: usize = CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT as usize;
const EXTRA_SIZE: usize = CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT as usize;

/// Appends a launch's parameters to `packed`.
///
/// # Errors
/// `INVALID_VALUE` when both or neither of the forms is used, a pointer is null, or the buffer has another length.
///
/// # Safety
/// A non-null `pointers` leads to one pointer per parameter, each readable for its parameter's length; a non-null
/// `extra` is a launch-parameter list.
unsafe fn pack(
    function: &Function,
    pointers: *mut *mut c_void,
    extra: *mut *mut c_void,
    packed: &mut Vec<u8>,
) -> CuResult {
    let len = function.facts.param_bytes as usize;
    if !extra.is_null() {
        if !pointers.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller passes a launch-parameter list.
        let buffer = unsafe { extra_buffer(extra) }?;
        if buffer.len() < len {
            return Err(CuError::INVALID_VALUE);
        }
        packed.extend_from_slice(&buffer[..len]);
        return Ok(());
    }
    if function.params.is_empty() {
        return Ok(());
    }
    if pointers.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    let base = packed.len();
    packed.resize(base + len, 0);
    let packed = &mut packed[base..];
    for (index, param) in function.params.iter().enumerate() {
        // SAFETY: the caller passes one pointer per parameter.
        let value = unsafe { pointers.add(index).read() };
        if value.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        let (start, len) = (param.offset_bytes as usize, param.len_bytes as usize);
        let target = packed[start..start + len].as_mut_ptr();
        // SAFETY: the caller's parameter is readable for its length; `target` is that long, and ours alone.
        unsafe { std::ptr::copy_nonoverlapping(value.cast::<u8>(), target, len) };
    }
    Ok(())
}

/// # Safety
/// `extra` is a launch-parameter list: key and value pairs up to `CU_LAUNCH_PARAM_END`.
unsafe fn extra_buffer<'a>(extra: *mut *mut c_void) -> CuResult<&'a [u8]> {
    let (mut buffer, mut len): (*const u8, Option<usize>) = (std::ptr::null(), None);
    // Two known keys and the end: a longer list is no such list.
    for pair in 0..3 {
        // SAFETY: the list goes on up to its end mark.
        let key = unsafe { extra.add(2 * pair).read() }.addr();
        if key == EXTRA_END {
            break;
        }
        // SAFETY: every key has a value.
        let value = unsafe { extra.add(2 * pair + 1).read() };
        match key {
            EXTRA_POINTER => buffer = value.cast(),
            EXTRA_SIZE if !value.is_null() => {
                // SAFETY: the size key's value points to a size_t.
                len = Some(unsafe { value.cast::<usize>().read_unaligned() });
            }
            _ => return Err(CuError::INVALID_VALUE),
        }
    }
    match len {
        Some(0) => Ok(&[]),
        Some(len) if !buffer.is_null() && len <= PARAMS_MAX_BYTES as usize => {
            // SAFETY: the caller says that the buffer is that long.
            Ok(unsafe { std::slice::from_raw_parts(buffer, len) })
        }
        _ => Err(CuError::INVALID_VALUE),
    }
}

/// Launches a kernel on a stream.
///
/// # Errors
/// As [`check`], [`check_attributes`] and [`check_clusters`]; `INVALID_VALUE` for bad parameters, `INVALID_HANDLE` when function and stream are of different
/// contexts, else those of capture and link.
///
/// # Safety
/// As for `cuLaunchKernel`: `pointers` or `extra` describe the function's parameters.
#[inline]
pub(crate) unsafe fn launch(
    process: &Process,
    function: &std::sync::Arc<Function>,
    stream: &Stream,
    shape: Shape,
    attributes: &LaunchAttributes,
    pointers: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> CuResult {
    check(process, function, &shape)?;
    if !attributes.is_empty() {
        check_attributes(process, function, attributes)?;
        check_clusters(function, &shape, attributes)?;
    }
    if function.context != stream.context {
        return Err(CuError::INVALID_HANDLE);
    }
    let post = |packed: &mut Vec<u8>| {
        packed.clear();
        for attribute in attributes.as_slice() {
            packed.extend_from_slice(attribute.as_bytes());
        }
        let params_at = packed.len();
        // SAFETY: the caller's promise is passed on.
        unsafe { pack(function, pointers, extra, packed) }?;
        match stream.enter(process)? {
            Arm::Live(live) if attributes.is_empty() => live.post(&shape.message(function.wire), packed).map(drop),
            Arm::Live(live) => post_ex(live, &shape.message(function.wire), attributes, packed),
            Arm::Captured(captured) => {
                let params = Params::new(&packed[params_at..]);
                captured.add(Work::Kernel(KernelWork::new(function.clone(), shape, attributes, params)))
            }
        }
    };
    // A thread that is ending has no buffer any more.
    PACKED
        .try_with(|packed| packed.try_borrow_mut().ok().map(|mut packed| post(&mut packed)))
        .ok()
        .flatten()
        .unwrap_or_else(|| post(&mut Vec::new()))
}

/// Posts a launch with attributes, which stand before the parameters in `tail`.
#[cold]
fn post_ex(live: Live<'_>, launch: &Launch, attributes: &LaunchAttributes, tail: &[u8]) -> CuResult {
    live.post(&launch.with_attributes(attributes.count()), tail).map(drop)
}

/// A kernel node's work from its description.
///
/// # Errors
/// As [`launch`].
///
/// # Safety
/// As [`launch`].
pub(crate) unsafe fn node_work(
    process: &'static Process,
    context: &'static Context,
    function: u64,
    shape: Shape,
    pointers: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> CuResult<Work> {
    let function = library::find_function(process, context, function)?;
    check(process, &function, &shape)?;
    let mut packed = Vec::new();
    // SAFETY: the caller's promise is passed on.
    unsafe { pack(&function, pointers, extra, &mut packed) }?;
    Ok(Work::Kernel(KernelWork::new(function, shape, &LaunchAttributes::NONE, Params::new(&packed))))
}

/// Queues another library's message on a stream; its stream field is filled in here.
///
/// # Errors
/// `INVALID_VALUE` when it is no work of a stream, else those of capture and link.
pub(crate) fn post_for_library(process: &Process, stream: &Stream, op: u16, fixed: &[u8], tail: &[u8]) -> CuResult {
    let mut fixed = fixed.to_vec();
    let at = Op::from_code(op).and_then(Op::stream_offset).ok_or(CuError::INVALID_VALUE)?;
    let slot = stream.slot();
    let field = fixed.get_mut(at..at + size_of_val(&slot)).ok_or(CuError::INVALID_VALUE)?;
    field.copy_from_slice(slot.as_bytes());
    match stream.enter(process)? {
        Arm::Live(live) => live.post_raw(op, &fixed, tail).map(drop),
        Arm::Captured(captured) => captured.add(Work::Library { op, fixed: fixed.into(), tail: tail.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_buffer_is_found_in_its_list() {
        let (bytes, mut len) = ([1u8, 2, 3, 4], 4usize);
        let mut extra = [
            std::ptr::without_provenance_mut::<c_void>(EXTRA_SIZE),
            (&raw mut len).cast(),
            std::ptr::without_provenance_mut(EXTRA_POINTER),
            bytes.as_ptr().cast_mut().cast(),
            std::ptr::null_mut(),
        ];
        // SAFETY: the list is ended and its values are what their keys say.
        let found = unsafe { extra_buffer(extra.as_mut_ptr()) };
        assert_eq!(found, Ok(&bytes[..]));
        extra[0] = std::ptr::without_provenance_mut(9);
        // SAFETY: as above.
        let found = unsafe { extra_buffer(extra.as_mut_ptr()) };
        assert_eq!(found, Err(CuError::INVALID_VALUE));
    }
}
