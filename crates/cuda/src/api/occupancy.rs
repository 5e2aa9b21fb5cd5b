//! Occupancy: the executor's answers, asked once per function and shape.

use std::ffi::{c_int, c_uint};
use std::sync::Arc;

use vgpu_core::abi::{CUdevice_attribute, CUfunction, CUoccupancyB2DSize};
use vgpu_core::ffi::Out;
use vgpu_core::{CuError, CuResult};

use super::{clamp, id};
use crate::guest::function::{self, Function};
use crate::guest::{Process, context};

/// `CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE`: about a cache that is not modelled.
const FLAGS: c_uint = 1;

fn find(func: CUfunction) -> CuResult<(&'static Process, Arc<Function>)> {
    let (process, context) = context::healthy()?;
    Ok((process, function::find(process, context, id(func))?))
}

fn blocks(process: &Process, function: &Function, threads: u32, shared: usize) -> CuResult<u32> {
    let shared = u32::try_from(shared).map_err(|_| CuError::INVALID_VALUE)?;
    function.blocks_per_multiprocessor(process, threads, shared)
}

/// Gives how many blocks of a kernel one multiprocessor holds at a time.
pub(crate) fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    numBlocks: Out<'_, c_int>,
    func: CUfunction,
    blockSize: c_int,
    dynamicSMemSize: usize,
    flags: c_uint,
) -> CuResult {
    let (process, function) = find(func)?;
    let threads = u32::try_from(blockSize).ok().filter(|threads| *threads > 0).ok_or(CuError::INVALID_VALUE)?;
    if flags & !FLAGS != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    numBlocks.write(clamp(blocks(process, &function, threads, dynamicSMemSize)?.into()));
    Ok(())
}

/// Gives how many blocks of a kernel one multiprocessor holds at a time.
pub(crate) fn cuOccupancyMaxActiveBlocksPerMultiprocessor(
    numBlocks: Out<'_, c_int>,
    func: CUfunction,
    blockSize: c_int,
    dynamicSMemSize: usize,
) -> CuResult {
    cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, func, blockSize, dynamicSMemSize, 0)
}

/// Gives the block size that fills multiprocessors best, and the smallest grid that fills all of them.
pub(crate) fn cuOccupancyMaxPotentialBlockSizeWithFlags(
    minGridSize: Out<'_, c_int>,
    blockSize: Out<'_, c_int>,
    func: CUfunction,
    blockSizeToDynamicSMemSize: CUoccupancyB2DSize,
    dynamicSMemSize: usize,
    blockSizeLimit: c_int,
    flags: c_uint,
) -> CuResult {
    let (process, function) = find(func)?;
    if flags & !FLAGS != 0 || blockSizeLimit < 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let device = &process.devices[function.ordinal];
    let warp = device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_WARP_SIZE).max(1);
    let asked = if blockSizeLimit == 0 { u32::MAX } else { blockSizeLimit.unsigned_abs() };
    let limit = asked.min(function.facts.max_threads_per_block).min(device.launch_limits.block_threads);
    let mut best = (0, 0, 0);
    // From the largest down, so that of equally good sizes the largest wins.
    for threads in (0..=limit / warp).rev().map(|warps| warps * warp).chain([limit]) {
        if threads == 0 {
            continue;
        }
        let shared = match blockSizeToDynamicSMemSize {
            // SAFETY: the program gave the function to be called with block sizes.
            Some(size_of) => unsafe { size_of(clamp(threads.into())) },
            None => dynamicSMemSize,
        };
        let blocks = blocks(process, &function, threads, shared)?;
        let resident = u64::from(blocks) * u64::from(threads);
        if resident > best.0 {
            best = (resident, threads, blocks);
        }
        if resident >= u64::from(device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR)) {
            break;
        }
    }
    let multiprocessors = device.limit(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    minGridSize.write(clamp(u64::from(best.2) * u64::from(multiprocessors)));
    blockSize.write(clamp(best.1.into()));
    Ok(())
}

/// Gives the block size that fills multiprocessors best, and the smallest grid that fills all of them.
pub(crate) fn cuOccupancyMaxPotentialBlockSize(
    minGridSize: Out<'_, c_int>,
    blockSize: Out<'_, c_int>,
    func: CUfunction,
    blockSizeToDynamicSMemSize: CUoccupancyB2DSize,
    dynamicSMemSize: usize,
    blockSizeLimit: c_int,
) -> CuResult {
    cuOccupancyMaxPotentialBlockSizeWithFlags(
        minGridSize,
        blockSize,
        func,
        blockSizeToDynamicSMemSize,
        dynamicSMemSize,
        blockSizeLimit,
        0,
    )
}
