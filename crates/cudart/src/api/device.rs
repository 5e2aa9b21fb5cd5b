//! Device management.

use std::ffi::{c_char, c_int, c_uint};

use vgpu_core::abi::runtime::{
    cudaChannelFormatDesc, cudaDeviceAttr, cudaDeviceMapHost, cudaDeviceProp, cudaFuncCache,
    cudaInitDeviceFlagsAreValid, cudaLimit, cudaSharedMemConfig,
};
use vgpu_core::abi::{CUdevice_attribute, CUfunc_cache, CUlimit, CUsharedconfig};
use vgpu_core::ffi::{In, InSlice, Out, OutOpt, OutSlice, Str};

use crate::array;
use crate::error::{RtError, RtResult};
use crate::{current, driver as cu, entry, properties};

/// # Errors
/// `NO_DEVICE` where there is none; the count is then 0.
pub(crate) fn cudaGetDeviceCount(count: Out<c_int>) -> RtResult {
    let found = current::count();
    count.write(*found.as_ref().unwrap_or(&0));
    found.map(drop)
}

pub(crate) fn cudaGetDevice(device: Out<c_int>) -> RtResult {
    device.write(current::ordinal()?);
    Ok(())
}

/// Opens the device's primary context, as the runtime does since CUDA 12.
pub(crate) fn cudaSetDevice(device: c_int) -> RtResult {
    current::choose(device)
}

pub(crate) fn cudaInitDevice(device: c_int, deviceFlags: c_uint, flags: c_uint) -> RtResult {
    if flags & !cudaInitDeviceFlagsAreValid != 0 {
        return Err(RtError::INVALID_VALUE);
    }
    let dev = current::device_of(device)?;
    if flags & cudaInitDeviceFlagsAreValid != 0 {
        cu::cuDevicePrimaryCtxSetFlags_v2(dev, deviceFlags)?;
    }
    current::primary(dev).map(drop)
}

/// The first device of the list becomes this thread's, unless it already works in a context.
pub(crate) fn cudaSetValidDevices(device_arr: InSlice<c_int>, len: c_int) -> RtResult {
    if len < 0 {
        return Err(RtError::INVALID_VALUE);
    }
    let devices = device_arr.as_slice();
    for &ordinal in devices {
        current::device_of(ordinal)?;
    }
    current::prefer(devices.first().copied().unwrap_or(0))
}

/// The device with the most in common with `prop`: what is asked for and there counts, in the order of the list below.
pub(crate) fn cudaChooseDevice(device: Out<c_int>, prop: In<cudaDeviceProp>) -> RtResult {
    let wanted = prop.get();
    let mut best = (-1, 0);
    for ordinal in 0..current::count()? {
        let score = likeness(wanted, &properties::read(current::device_of(ordinal)?)?);
        if score > best.0 {
            best = (score, ordinal);
        }
    }
    device.write(best.1);
    Ok(())
}

fn likeness(wanted: &cudaDeviceProp, found: &cudaDeviceProp) -> c_int {
    let has = [
        (found.major, found.minor) >= (wanted.major, wanted.minor),
        found.totalGlobalMem >= wanted.totalGlobalMem,
        found.sharedMemPerBlock >= wanted.sharedMemPerBlock,
        found.multiProcessorCount >= wanted.multiProcessorCount,
        found.maxThreadsPerBlock >= wanted.maxThreadsPerBlock,
        found.clockRate >= wanted.clockRate,
    ];
    has.iter().rev().enumerate().map(|(weight, &has)| c_int::from(has) << weight).sum()
}

pub(crate) fn cudaGetDeviceProperties_v2(prop: Out<cudaDeviceProp>, device: c_int) -> RtResult {
    prop.write(properties::read(current::device_of(device)?)?);
    Ok(())
}

/// Fills the smaller struct of CUDA 11, whose programs know this function by its bare name.
pub(crate) unsafe fn cudaGetDeviceProperties(prop: *mut cudaDeviceProp, device: c_int) -> RtResult {
    if prop.is_null() {
        return Err(RtError::INVALID_VALUE);
    }
    let found = properties::read(current::device_of(device)?)?;
    // SAFETY: the caller's struct is as long as CUDA 11's, which is the front of ours.
    unsafe { std::ptr::copy_nonoverlapping((&raw const found).cast::<u8>(), prop.cast(), properties::LEN_BYTES_11) };
    Ok(())
}

/// Both libraries number their attributes alike.
pub(crate) fn cudaDeviceGetAttribute(value: Out<c_int>, attr: cudaDeviceAttr, device: c_int) -> RtResult {
    value.write(cu::attribute(current::device_of(device)?, CUdevice_attribute(attr.0))?);
    Ok(())
}

pub(crate) fn cudaDeviceGetPCIBusId(mut pciBusId: OutSlice<c_char>, _len: c_int, device: c_int) -> RtResult {
    let dev = current::device_of(device)?;
    // "DDDDDDDD:BB:DD.F" and its NUL.
    let mut text: [c_char; 20] = [0; 20];
    // SAFETY: the array is as long as is said.
    unsafe { cu::cuDeviceGetPCIBusId(text.as_mut_ptr(), 20, dev) }?;
    let len = text.iter().position(|&byte| byte == 0).unwrap_or(text.len() - 1);
    if pciBusId.len() <= len {
        return Err(RtError::INVALID_VALUE);
    }
    pciBusId.write_at(0, &text[..=len]);
    Ok(())
}

pub(crate) fn cudaDeviceGetByPCIBusId(device: Out<c_int>, pciBusId: Str) -> RtResult {
    cu::init()?;
    let text = std::ffi::CString::new(pciBusId.to_bytes()).map_err(|_| RtError::INVALID_VALUE)?;
    let mut dev = 0;
    // SAFETY: the text is terminated.
    unsafe { cu::cuDeviceGetByPCIBusId(&mut dev, text.as_ptr()) }?;
    device.write(current::ordinal_of(dev)?);
    Ok(())
}

/// Waits for everything that this device was given to do.
pub(crate) fn cudaDeviceSynchronize() -> RtResult {
    current::context()?;
    cu::cuCtxSynchronize()
}

/// Ends the primary context with everything in it, and clears even a sticky error.
pub(crate) fn cudaDeviceReset() -> RtResult {
    current::reset()?;
    entry::clear_last_error();
    Ok(())
}

pub(crate) fn cudaSetDeviceFlags(flags: c_uint) -> RtResult {
    cu::cuDevicePrimaryCtxSetFlags_v2(current::device()?, flags)
}

pub(crate) fn cudaGetDeviceFlags(flags: Out<c_uint>) -> RtResult {
    let (mut found, mut active) = (0, 0);
    cu::cuDevicePrimaryCtxGetState(current::device()?, &mut found, &mut active)?;
    // Every context maps host memory.
    flags.write(found | cudaDeviceMapHost);
    Ok(())
}

pub(crate) fn cudaDeviceSetLimit(limit: cudaLimit, value: usize) -> RtResult {
    current::context()?;
    cu::cuCtxSetLimit(CUlimit(limit.0), value)
}

pub(crate) fn cudaDeviceGetLimit(pValue: Out<usize>, limit: cudaLimit) -> RtResult {
    current::context()?;
    let mut value = 0;
    cu::cuCtxGetLimit(&mut value, CUlimit(limit.0))?;
    pValue.write(value);
    Ok(())
}

pub(crate) fn cudaDeviceSetCacheConfig(cacheConfig: cudaFuncCache) -> RtResult {
    current::context()?;
    cu::cuCtxSetCacheConfig(CUfunc_cache(cacheConfig.0))
}

pub(crate) fn cudaDeviceGetCacheConfig(pCacheConfig: Out<cudaFuncCache>) -> RtResult {
    current::context()?;
    let mut config = CUfunc_cache(0);
    cu::cuCtxGetCacheConfig(&mut config)?;
    pCacheConfig.write(cudaFuncCache(config.0));
    Ok(())
}

pub(crate) fn cudaDeviceSetSharedMemConfig(config: cudaSharedMemConfig) -> RtResult {
    current::context()?;
    cu::cuCtxSetSharedMemConfig(CUsharedconfig(config.0))
}

pub(crate) fn cudaDeviceGetSharedMemConfig(pConfig: Out<cudaSharedMemConfig>) -> RtResult {
    current::context()?;
    let mut config = CUsharedconfig(0);
    cu::cuCtxGetSharedMemConfig(&mut config)?;
    pConfig.write(cudaSharedMemConfig(config.0));
    Ok(())
}

pub(crate) fn cudaDeviceGetStreamPriorityRange(
    leastPriority: OutOpt<c_int>,
    greatestPriority: OutOpt<c_int>,
) -> RtResult {
    current::context()?;
    let (mut least, mut greatest) = (0, 0);
    cu::cuCtxGetStreamPriorityRange(&mut least, &mut greatest)?;
    leastPriority.write(least);
    greatestPriority.write(greatest);
    Ok(())
}

pub(crate) fn cudaCtxResetPersistingL2Cache() -> RtResult {
    current::context()?;
    cu::cuCtxResetPersistingL2Cache()
}

pub(crate) fn cudaDeviceGetTexture1DLinearMaxWidth(
    maxWidthInElements: Out<usize>,
    fmtDesc: In<cudaChannelFormatDesc>,
    device: c_int,
) -> RtResult {
    let (format, count) = array::format_of(fmtDesc.get())?;
    let mut width = 0;
    cu::cuDeviceGetTexture1DLinearMaxWidth(&mut width, format, count, current::device_of(device)?)?;
    maxWidthInElements.write(width);
    Ok(())
}
