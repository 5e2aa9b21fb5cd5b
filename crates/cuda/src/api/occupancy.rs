//! Occupancy: the executor's answers, those about blocks asked once per function and shape.

use std::ffi::{c_int, c_uint};
use std::sync::Arc;

use vgpu_core::abi::{CUdevice_attribute, CUfunction, CUlaunchConfig, CUoccupancy_flags, CUoccupancyB2DSize};
use vgpu_core::ffi::{In, Out};
use vgpu_core::wire::Pod;
use vgpu_core::wire::messages::{CLUSTER_BLOCKS_MOST, CLUSTERS_AT_A_TIME};
use vgpu_core::{CuError, CuResult};

use super::execution::shape_of;
use super::launch_attribute::Asked;
use super::{clamp, id};
use crate::guest::function::Function;
use crate::guest::{Process, current, library};

/// The one flag there is.
const FLAGS: c_uint = CUoccupancy_flags::CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE.0;

fn find(func: CUfunction) -> CuResult<(&'static Process, Arc<Function>)> {
    let (process, context) = current::healthy()?;
    Ok((process, library::find_function(process, context, id(func))?))
}

fn blocks(process: &Process, function: &Function, threads: u32, shared: usize, flags: c_uint) -> CuResult<u32> {
    let shared = u32::try_from(shared).map_err(|_| CuError::INVALID_VALUE)?;
    function.blocks_per_multiprocessor(process, threads, shared, flags)
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
    numBlocks.write(clamp(blocks(process, &function, threads, dynamicSMemSize, flags)?.into()));
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
    let limit = asked.min(function.max_threads).min(device.launch_limits.block_threads);
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
        let blocks = blocks(process, &function, threads, shared, flags)?;
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

/// Asks how clusters of a launch fit the device.
fn clusters(func: CUfunction, config: &CUlaunchConfig, question: u32) -> CuResult<c_int> {
    let (process, function) = find(func)?;
    // SAFETY: the caller's configuration has as many attributes as it says.
    let asked = unsafe { Asked::of(config) }?;
    let launch = shape_of(config, asked.cooperative).message(function.wire);
    let message = launch.with_attributes(asked.attributes.count()).ask(question);
    let tail: Vec<u8> = asked.attributes.as_slice().iter().flat_map(Pod::as_bytes).copied().collect();
    Ok(clamp(process.link.call(&message, &tail)?.reply.count.into()))
}

/// Gives how many clusters of a launch the device holds at a time.
pub(crate) fn cuOccupancyMaxActiveClusters(
    numClusters: Out<'_, c_int>,
    func: CUfunction,
    config: In<'_, CUlaunchConfig>,
) -> CuResult {
    numClusters.write(clusters(func, config.get(), CLUSTERS_AT_A_TIME)?);
    Ok(())
}

/// Gives how many blocks the largest cluster of a launch could have.
pub(crate) fn cuOccupancyMaxPotentialClusterSize(
    clusterSize: Out<'_, c_int>,
    func: CUfunction,
    config: In<'_, CUlaunchConfig>,
) -> CuResult {
    clusterSize.write(clusters(func, config.get(), CLUSTER_BLOCKS_MOST)?);
    Ok(())
}
