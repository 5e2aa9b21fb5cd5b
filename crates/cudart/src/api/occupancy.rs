//! Occupancy.

use std::ffi::{c_int, c_uint, c_void};

use vgpu_core::abi::runtime::cudaLaunchConfig_t;
use vgpu_core::ffi::{In, Out};

use crate::error::RtResult;
use crate::{driver as cu, launch};

pub(crate) unsafe fn cudaOccupancyMaxActiveBlocksPerMultiprocessor(
    numBlocks: Out<c_int>,
    func: *const c_void,
    blockSize: c_int,
    dynamicSMemSize: usize,
) -> RtResult {
    // SAFETY: nothing is done with `func` but to look it up.
    unsafe { cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, func, blockSize, dynamicSMemSize, 0) }
}

pub(crate) unsafe fn cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    numBlocks: Out<c_int>,
    func: *const c_void,
    blockSize: c_int,
    dynamicSMemSize: usize,
    flags: c_uint,
) -> RtResult {
    let (_, function) = launch::find(func)?;
    let mut blocks = 0;
    cu::cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&mut blocks, function, blockSize, dynamicSMemSize, flags)?;
    numBlocks.write(blocks);
    Ok(())
}

pub(crate) unsafe fn cudaOccupancyAvailableDynamicSMemPerBlock(
    dynamicSmemSize: Out<usize>,
    func: *const c_void,
    numBlocks: c_int,
    blockSize: c_int,
) -> RtResult {
    let (_, function) = launch::find(func)?;
    let mut bytes = 0;
    cu::cuOccupancyAvailableDynamicSMemPerBlock(&mut bytes, function, numBlocks, blockSize)?;
    dynamicSmemSize.write(bytes);
    Ok(())
}

pub(crate) unsafe fn cudaOccupancyMaxPotentialClusterSize(
    clusterSize: Out<c_int>,
    func: *const c_void,
    launchConfig: In<cudaLaunchConfig_t>,
) -> RtResult {
    let (_, function) = launch::find(func)?;
    let mut size = 0;
    cu::cuOccupancyMaxPotentialClusterSize(&mut size, function, &launch::describe(launchConfig.get())?)?;
    clusterSize.write(size);
    Ok(())
}

pub(crate) unsafe fn cudaOccupancyMaxActiveClusters(
    numClusters: Out<c_int>,
    func: *const c_void,
    launchConfig: In<cudaLaunchConfig_t>,
) -> RtResult {
    let (_, function) = launch::find(func)?;
    let mut count = 0;
    cu::cuOccupancyMaxActiveClusters(&mut count, function, &launch::describe(launchConfig.get())?)?;
    numClusters.write(count);
    Ok(())
}
