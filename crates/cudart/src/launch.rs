//! Kernel launches: from a host stub and a shape to the driver's launch.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::{cudaLaunchConfig_t, cudaStream_t, dim3};
use vgpu_core::abi::{CUcontext, CUdevice_attribute as A, CUfunction, CUfunction_attribute, CUlaunchConfig};

use crate::current;
use crate::driver as cu;
use crate::error::{RtError, RtResult};
use crate::registry;

/// The extent of a launch. Shared memory in bytes, beyond what the kernel declares.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) grid: dim3,
    pub(crate) block: dim3,
    pub(crate) shared_bytes: usize,
}

/// The current context and the driver's function for a host stub.
pub(crate) fn find(host: *const c_void) -> RtResult<(CUcontext, CUfunction)> {
    let context = current::context()?;
    Ok((context, registry::function(host, context)?))
}

/// Launches the kernel of a host stub.
///
/// # Safety
/// `args` has a pointer to a value for each of the kernel's parameters.
pub(crate) unsafe fn kernel(
    host: *const c_void,
    shape: Shape,
    args: *mut *mut c_void,
    stream: cudaStream_t,
) -> RtResult {
    let (_, function) = find(host)?;
    let shared = shared_bytes(shape.shared_bytes)?;
    let (grid, block) = (shape.grid, shape.block);
    // SAFETY: the caller vouches for the arguments.
    unsafe {
        cu::cuLaunchKernel(
            function,
            grid.x,
            grid.y,
            grid.z,
            block.x,
            block.y,
            block.z,
            shared,
            stream,
            args,
            null_mut(),
        )
    }
    .map_err(|error| explain(error, function, grid, block))
}

/// As [`kernel`], with all blocks resident at once.
///
/// # Safety
/// As [`kernel`].
pub(crate) unsafe fn cooperative(
    host: *const c_void,
    shape: Shape,
    args: *mut *mut c_void,
    stream: cudaStream_t,
) -> RtResult {
    let (_, function) = find(host)?;
    let shared = shared_bytes(shape.shared_bytes)?;
    let (grid, block) = (shape.grid, shape.block);
    // SAFETY: the caller vouches for the arguments.
    unsafe {
        cu::cuLaunchCooperativeKernel(function, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared, stream, args)
    }
    .map_err(|error| explain(error, function, grid, block))
}

/// As [`kernel`], with attributes.
///
/// # Safety
/// As [`kernel`], and the configuration's attributes are as many as it says.
pub(crate) unsafe fn configured(host: *const c_void, config: &cudaLaunchConfig_t, args: *mut *mut c_void) -> RtResult {
    let (_, function) = find(host)?;
    let described = describe(config)?;
    // SAFETY: the caller vouches for the arguments and attributes.
    unsafe { cu::cuLaunchKernelEx(&described, function, args, null_mut()) }
        .map_err(|error| explain(error, function, config.gridDim, config.blockDim))
}

/// The driver's form of a launch configuration. Both libraries give attributes the same layout and numbers.
pub(crate) fn describe(config: &cudaLaunchConfig_t) -> RtResult<CUlaunchConfig> {
    let (grid, block) = (config.gridDim, config.blockDim);
    Ok(CUlaunchConfig {
        gridDimX: grid.x,
        gridDimY: grid.y,
        gridDimZ: grid.z,
        blockDimX: block.x,
        blockDimY: block.y,
        blockDimZ: block.z,
        sharedMemBytes: shared_bytes(config.dynamicSmemBytes)?,
        hStream: config.stream,
        attrs: config.attrs.cast(),
        numAttrs: config.numAttrs,
    })
}

fn shared_bytes(wanted: usize) -> RtResult<c_uint> {
    c_uint::try_from(wanted).map_err(|_| RtError::INVALID_VALUE)
}

/// The driver calls every bad argument of a launch an invalid value; the runtime tells a bad shape apart.
#[cold]
fn explain(error: RtError, function: CUfunction, grid: dim3, block: dim3) -> RtError {
    if error != RtError::INVALID_VALUE {
        return error;
    }
    let Ok(dev) = current::device() else {
        return error;
    };
    let limit = |attribute| cu::attribute(dev, attribute).unwrap_or(c_int::MAX);
    let limits = Limits {
        grid: [
            A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X,
            A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y,
            A::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z,
        ]
        .map(limit),
        block: [
            A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X,
            A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y,
            A::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z,
        ]
        .map(limit),
        threads: limit(A::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
    };
    let mut most = c_int::MAX;
    // Without an answer the kernel's own limit stays out of it.
    let _ = cu::cuFuncGetAttribute(&mut most, CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function);
    limits.judge(grid, block, most).err().unwrap_or(error)
}

/// What a device allows a launch to be.
struct Limits {
    grid: [c_int; 3],
    block: [c_int; 3],
    threads: c_int,
}

impl Limits {
    /// # Errors
    /// `INVALID_CONFIGURATION`: an extent is 0 or over the device's limit; `LAUNCH_OUT_OF_RESOURCES`: the block is over the kernel's own.
    fn judge(&self, grid: dim3, block: dim3, kernel_threads: c_int) -> RtResult {
        let within = |extent: dim3, limits: [c_int; 3]| {
            [extent.x, extent.y, extent.z]
                .into_iter()
                .zip(limits)
                .all(|(extent, limit)| extent > 0 && i64::from(extent) <= i64::from(limit))
        };
        let threads = u128::from(block.x) * u128::from(block.y) * u128::from(block.z);
        let over = |limit: c_int| u128::try_from(limit).map_or(true, |limit| threads > limit);
        if !within(grid, self.grid) || !within(block, self.block) || over(self.threads) {
            Err(RtError::INVALID_CONFIGURATION)
        } else if over(kernel_threads) {
            Err(RtError::LAUNCH_OUT_OF_RESOURCES)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { grid: [i32::MAX, 65_535, 65_535], block: [1024, 1024, 64], threads: 1024 };

    fn extent(x: u32, y: u32, z: u32) -> dim3 {
        dim3 { x, y, z }
    }

    fn judge(grid: dim3, block: dim3) -> RtResult {
        LIMITS.judge(grid, block, 512)
    }

    #[test]
    fn a_launch_within_the_limits_is_not_blamed() {
        assert_eq!(judge(extent(9, 9, 9), extent(32, 4, 2)), Ok(()));
    }

    #[test]
    fn an_empty_grid_or_block_is_an_invalid_configuration() {
        assert_eq!(judge(extent(0, 1, 1), extent(1, 1, 1)), Err(RtError::INVALID_CONFIGURATION));
        assert_eq!(judge(extent(1, 1, 1), extent(1, 0, 1)), Err(RtError::INVALID_CONFIGURATION));
    }

    #[test]
    fn too_many_threads_are_an_invalid_configuration_even_where_the_product_is_huge() {
        assert_eq!(judge(extent(1, 1, 1), extent(64, 32, 1)), Err(RtError::INVALID_CONFIGURATION));
        assert_eq!(judge(extent(1, 1, 1), extent(u32::MAX, u32::MAX, u32::MAX)), Err(RtError::INVALID_CONFIGURATION));
    }

    #[test]
    fn more_threads_than_the_kernel_allows_are_out_of_resources() {
        assert_eq!(judge(extent(1, 1, 1), extent(1024, 1, 1)), Err(RtError::LAUNCH_OUT_OF_RESOURCES));
    }

    #[test]
    fn shared_memory_beyond_32_bits_is_an_invalid_value() {
        assert_eq!(shared_bytes(1 << 32), Err(RtError::INVALID_VALUE));
        assert_eq!(shared_bytes(1 << 16), Ok(1 << 16));
    }
}
