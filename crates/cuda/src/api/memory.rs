//! Memory: allocation, copies, fills.

mod arrays;
mod boxes;
mod fills;

use std::ffi::{c_uint, c_void};

use vgpu_core::abi::{
    CU_MEMHOSTALLOC_DEVICEMAP, CU_MEMHOSTALLOC_PORTABLE, CU_MEMHOSTALLOC_WRITECOMBINED, CU_MEMHOSTREGISTER_DEVICEMAP,
    CU_MEMHOSTREGISTER_IOMEMORY, CU_MEMHOSTREGISTER_PORTABLE, CU_MEMHOSTREGISTER_READ_ONLY, CUcontext, CUdeviceptr,
    CUstream,
};
use vgpu_core::ffi::{Out, OutOpt};
use vgpu_core::wire::ALLOCATION_ALIGN_BYTES;
use vgpu_core::wire::messages::{HostClose, HostOpen, MemAlloc, MemFree, MemInfo};
use vgpu_core::{CuError, CuResult};

use super::id;
use crate::guest::allocation::Kind;
use crate::guest::context::Context;
use crate::guest::copy;
use crate::guest::current;
use crate::guest::place::Return;
use crate::guest::stream::NULL;
use crate::guest::{Process, capture_mode, output, pinned, process};
use boxes::check_contexts;

pub(crate) use arrays::*;
pub(crate) use boxes::*;
pub(crate) use fills::*;

/// All `CU_MEMHOSTALLOC_*`.
const HOST_ALLOC_ALL: c_uint = CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED;
/// All `CU_MEMHOSTREGISTER_*`.
const HOST_REGISTER_ALL: c_uint = CU_MEMHOSTREGISTER_PORTABLE
    | CU_MEMHOSTREGISTER_DEVICEMAP
    | CU_MEMHOSTREGISTER_IOMEMORY
    | CU_MEMHOSTREGISTER_READ_ONLY;
/// Rows of pitched memory start at multiples of this, as do allocations.
const PITCH_BYTES: usize = ALLOCATION_ALIGN_BYTES as usize;

fn alloc(process: &Process, context: &Context, bytes: usize) -> CuResult<u64> {
    capture_mode::refuse_unsafe_call()?;
    if bytes == 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let number = context.live()?.number;
    let len_bytes = bytes as u64;
    let address = process.link.call(&MemAlloc { context: number, reserved: 0, len_bytes }, &[])?.reply.address;
    let known = process.allocations.insert(address, len_bytes, Kind::Device, number);
    known.map(|()| address).map_err(|error| {
        log::error!("device memory at {address:#x} cannot be used: {error}");
        let _freed = process.link.post(&MemFree { address }, &[]);
        CuError::OUT_OF_MEMORY
    })
}

/// Allocates device memory, aligned to 512 bytes.
pub(crate) fn cuMemAlloc_v2(dptr: Out<'_, CUdeviceptr>, bytesize: usize) -> CuResult {
    let (process, context) = current::healthy()?;
    dptr.write(alloc(process, context, bytesize)?);
    Ok(())
}

/// Allocates `Height` rows of device memory at a pitch that suits the device.
pub(crate) fn cuMemAllocPitch_v2(
    dptr: Out<'_, CUdeviceptr>,
    pPitch: Out<'_, usize>,
    WidthInBytes: usize,
    Height: usize,
    ElementSizeBytes: c_uint,
) -> CuResult {
    let (process, context) = current::healthy()?;
    if !matches!(ElementSizeBytes, 4 | 8 | 16) {
        return Err(CuError::INVALID_VALUE);
    }
    let pitch = WidthInBytes.checked_next_multiple_of(PITCH_BYTES).ok_or(CuError::OUT_OF_MEMORY)?;
    let bytes = pitch.checked_mul(Height).ok_or(CuError::OUT_OF_MEMORY)?;
    dptr.write(alloc(process, context, bytes)?);
    pPitch.write(pitch);
    Ok(())
}

/// Frees device or managed memory once the work queued before is done; null is nothing.
pub(crate) fn cuMemFree_v2(dptr: CUdeviceptr) -> CuResult {
    let (process, _) = current::unfailed()?;
    capture_mode::refuse_unsafe_call()?;
    if dptr == 0 {
        return Ok(());
    }
    let freed = process.allocations.remove(dptr, |range| matches!(range.kind, Kind::Device | Kind::Managed));
    match freed.ok_or(CuError::INVALID_VALUE)?.kind {
        Kind::Managed => pinned::free(process, dptr)?,
        _ => process.link.post(&MemFree { address: dptr }, &[]).map(drop)?,
    }
    process.link.report()
}

/// Gives free and total memory of the current context's device in bytes.
pub(crate) fn cuMemGetInfo_v2(free: OutOpt<'_, usize>, total: OutOpt<'_, usize>) -> CuResult {
    let (process, context) = current::healthy()?;
    let info = process.link.call(&MemInfo { context: context.live()?.number, reserved: 0 }, &[])?.reply;
    free.write(usize::try_from(info.free_bytes).unwrap_or(usize::MAX));
    total.write(usize::try_from(info.total_bytes).unwrap_or(usize::MAX));
    Ok(())
}

/// Gives start and length of the allocation that an address lies in.
pub(crate) fn cuMemGetAddressRange_v2(
    pbase: OutOpt<'_, CUdeviceptr>,
    psize: OutOpt<'_, usize>,
    dptr: CUdeviceptr,
) -> CuResult {
    let (process, _) = current::context()?;
    let range = process.allocations.find(dptr).filter(|range| range.kind.is_device()).ok_or(CuError::NOT_FOUND)?;
    pbase.write(range.base);
    psize.write(usize::try_from(range.len_bytes).unwrap_or(usize::MAX));
    Ok(())
}

/// Allocates page-locked host memory that the device reaches without copies; no bytes are null.
pub(crate) fn cuMemHostAlloc(pp: Out<'_, *mut c_void>, bytesize: usize, Flags: c_uint) -> CuResult {
    let (process, context) = current::healthy()?;
    if Flags & !HOST_ALLOC_ALL != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    pp.write(match bytesize {
        0 => std::ptr::null_mut(),
        _ => pinned::alloc(process, context, bytesize, Kind::Pinned(Flags | CU_MEMHOSTALLOC_DEVICEMAP))?,
    });
    Ok(())
}

/// Allocates page-locked host memory that the device reaches without copies.
pub(crate) fn cuMemAllocHost_v2(pp: Out<'_, *mut c_void>, bytesize: usize) -> CuResult {
    cuMemHostAlloc(pp, bytesize, 0)
}

/// Allocates memory for host and device alike; flags say global (1) or host (2) attachment.
pub(crate) fn cuMemAllocManaged(dptr: Out<'_, CUdeviceptr>, bytesize: usize, flags: c_uint) -> CuResult {
    let (process, context) = current::healthy()?;
    if !matches!(flags, 1 | 2) {
        return Err(CuError::INVALID_VALUE);
    }
    let address = pinned::alloc_managed(process, context, bytesize)?;
    dptr.write(address);
    Ok(())
}

/// Frees page-locked host memory once the device is done with it; null is nothing.
pub(crate) unsafe fn cuMemFreeHost(p: *mut c_void) -> CuResult {
    let (process, _) = current::context()?;
    capture_mode::refuse_unsafe_call()?;
    if p.is_null() {
        return Ok(());
    }
    let address = p.addr() as u64;
    let freed = process.allocations.remove(address, |range| matches!(range.kind, Kind::Pinned(_)));
    freed.ok_or(CuError::INVALID_VALUE)?;
    pinned::free(process, address)
}

/// Gives the address under which the device reaches page-locked memory.
pub(crate) unsafe fn cuMemHostGetDevicePointer_v2(
    pdptr: Out<'_, CUdeviceptr>,
    p: *mut c_void,
    Flags: c_uint,
) -> CuResult {
    let (process, _) = current::healthy()?;
    if Flags != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let address = p.addr() as u64;
    let range = process.allocations.find(address).filter(|range| range.kind.is_host()).ok_or(CuError::INVALID_VALUE)?;
    pdptr.write(range.device_address(&process.link, address).ok_or(CuError::NOT_SUPPORTED)?);
    Ok(())
}

/// Gives the flags that page-locked memory was allocated or registered with.
pub(crate) unsafe fn cuMemHostGetFlags(pFlags: Out<'_, c_uint>, p: *mut c_void) -> CuResult {
    let (process, _) = current::context()?;
    match process.allocations.find(p.addr() as u64).map(|range| range.kind) {
        Some(Kind::Pinned(flags) | Kind::Registered(flags) | Kind::Mapped(flags)) => {
            pFlags.write(flags);
            Ok(())
        }
        _ => Err(CuError::INVALID_VALUE),
    }
}

/// Registers the program's memory, for the device where that reaches it: in this very process. Elsewhere it stays pageable,
/// and flags that ask for more are not supported.
pub(crate) unsafe fn cuMemHostRegister_v2(p: *mut c_void, bytesize: usize, Flags: c_uint) -> CuResult {
    let (process, context) = current::healthy()?;
    if p.is_null() || bytesize == 0 || Flags & !HOST_REGISTER_ALL != 0 {
        return Err(CuError::INVALID_VALUE);
    }
    // With unified addressing the device reaches whatever is registered, but for what it must not write to.
    let is_mapped = process.link.is_in_process() && Flags & CU_MEMHOSTREGISTER_READ_ONLY == 0;
    if Flags & CU_MEMHOSTREGISTER_IOMEMORY != 0 || Flags & CU_MEMHOSTREGISTER_DEVICEMAP != 0 && !is_mapped {
        return Err(CuError::NOT_SUPPORTED);
    }
    let (number, address, len_bytes) = (context.live()?.number, p.expose_provenance() as u64, bytesize as u64);
    if !is_mapped {
        return process.allocations.insert(address, len_bytes, Kind::Registered(Flags), number);
    }
    process.allocations.insert(address, len_bytes, Kind::Mapped(Flags), number)?;
    let opened = process.link.call(&HostOpen { address, len_bytes }, &[]);
    opened.map(drop).inspect_err(|_| {
        process.allocations.remove(address, |range| matches!(range.kind, Kind::Mapped(_)));
    })
}

/// Registers the program's memory.
pub(crate) unsafe fn cuMemHostRegister(p: *mut c_void, bytesize: usize, Flags: c_uint) -> CuResult {
    // SAFETY: the caller's promise is passed on.
    unsafe { cuMemHostRegister_v2(p, bytesize, Flags) }
}

/// Ends the registration of the program's memory that was registered from there on. The device may be using it still: its work
/// is waited for.
pub(crate) unsafe fn cuMemHostUnregister(p: *mut c_void) -> CuResult {
    let (process, _) = current::context()?;
    if p.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    let address = p.addr() as u64;
    let known = process.allocations.find(address).ok_or(CuError::HOST_MEMORY_NOT_REGISTERED)?;
    let is_registered = |kind| matches!(kind, Kind::Registered(_) | Kind::Mapped(_));
    if known.base != address || !is_registered(known.kind) {
        return Err(CuError::INVALID_VALUE);
    }
    if matches!(known.kind, Kind::Mapped(_)) {
        pinned::wait_everywhere(process);
    }
    let gone = process.allocations.remove(address, |range| is_registered(range.kind));
    match gone.ok_or(CuError::HOST_MEMORY_NOT_REGISTERED)?.kind {
        Kind::Mapped(_) => process.link.post(&HostClose { address }, &[]).map(drop),
        _ => Ok(()),
    }
}

// ---- linear copies ------------------------------------------------------------------------------------------------

/// Copies host memory to the device; returns once the source may be changed.
pub(crate) unsafe fn cuMemcpyHtoD_v2(dstDevice: CUdeviceptr, srcHost: *const c_void, ByteCount: usize) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, NULL)?;
    // SAFETY: the caller's source is readable for the count.
    let done = unsafe { copy::to_device(process, &stream, dstDevice, srcHost.cast(), ByteCount, Return::WhenDone) };
    output::after(process, done)
}

/// Queues a copy of host memory to the device; pageable memory may be changed on return.
pub(crate) unsafe fn cuMemcpyHtoDAsync_v2(
    dstDevice: CUdeviceptr,
    srcHost: *const c_void,
    ByteCount: usize,
    hStream: CUstream,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(hStream))?;
    // SAFETY: the caller's source is readable for the count, pinned memory until the stream got there.
    unsafe { copy::to_device(process, &stream, dstDevice, srcHost.cast(), ByteCount, Return::WhenQueued) }
}

/// Copies device memory to the host.
pub(crate) unsafe fn cuMemcpyDtoH_v2(dstHost: *mut c_void, srcDevice: CUdeviceptr, ByteCount: usize) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, NULL)?;
    // SAFETY: the caller's target is writable for the count.
    let done = unsafe { copy::to_host(process, &stream, dstHost.cast(), srcDevice, ByteCount, Return::WhenDone) };
    output::after(process, done)
}

/// Queues a copy of device memory to pinned memory; to pageable memory it returns when done.
pub(crate) unsafe fn cuMemcpyDtoHAsync_v2(
    dstHost: *mut c_void,
    srcDevice: CUdeviceptr,
    ByteCount: usize,
    hStream: CUstream,
) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(hStream))?;
    // SAFETY: the caller's target is writable for the count, pinned memory until the stream got there.
    unsafe { copy::to_host(process, &stream, dstHost.cast(), srcDevice, ByteCount, Return::WhenQueued) }
}

/// Copies within device memory. It is queued; done on return only where the host can see a side.
pub(crate) fn cuMemcpyDtoD_v2(dstDevice: CUdeviceptr, srcDevice: CUdeviceptr, ByteCount: usize) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, NULL)?;
    output::after(process, copy::on_device(process, &stream, dstDevice, srcDevice, ByteCount, Return::WhenDone))
}

/// Queues a copy within device memory.
pub(crate) fn cuMemcpyDtoDAsync_v2(
    dstDevice: CUdeviceptr,
    srcDevice: CUdeviceptr,
    ByteCount: usize,
    hStream: CUstream,
) -> CuResult {
    let (process, context) = current::healthy()?;
    copy::on_device(
        process,
        &*context.stream(process, id(hStream))?,
        dstDevice,
        srcDevice,
        ByteCount,
        Return::WhenQueued,
    )
}

/// Copies between any two addresses.
pub(crate) fn cuMemcpy(dst: CUdeviceptr, src: CUdeviceptr, ByteCount: usize) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, NULL)?;
    // SAFETY: a C caller passes addresses that are valid for the count on whichever side they are.
    let done = unsafe { copy::unified(process, &stream, dst, src, ByteCount, Return::WhenDone) };
    output::after(process, done)
}

/// Queues a copy between any two addresses.
pub(crate) fn cuMemcpyAsync(dst: CUdeviceptr, src: CUdeviceptr, ByteCount: usize, hStream: CUstream) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, id(hStream))?;
    // SAFETY: a C caller passes addresses that are valid for the count, pinned memory until the stream got there.
    unsafe { copy::unified(process, &stream, dst, src, ByteCount, Return::WhenQueued) }
}

fn copy_between_contexts(
    (dstDevice, dstContext): (CUdeviceptr, CUcontext),
    (srcDevice, srcContext): (CUdeviceptr, CUcontext),
    ByteCount: usize,
    hStream: u64,
    done: Return,
) -> CuResult {
    let (process, context) = current::healthy()?;
    check_contexts(process, [dstContext, srcContext])?;
    let stream = context.stream(process, hStream)?;
    copy::on_device(process, &stream, dstDevice, srcDevice, ByteCount, done)
}

/// Copies from one context's device memory to another's. It is queued; done on return only where the host can see a side.
pub(crate) fn cuMemcpyPeer(
    dstDevice: CUdeviceptr,
    dstContext: CUcontext,
    srcDevice: CUdeviceptr,
    srcContext: CUcontext,
    ByteCount: usize,
) -> CuResult {
    let done =
        copy_between_contexts((dstDevice, dstContext), (srcDevice, srcContext), ByteCount, NULL, Return::WhenDone);
    output::after(process()?, done)
}

/// Queues a copy from one context's device memory to another's.
pub(crate) fn cuMemcpyPeerAsync(
    dstDevice: CUdeviceptr,
    dstContext: CUcontext,
    srcDevice: CUdeviceptr,
    srcContext: CUcontext,
    ByteCount: usize,
    hStream: CUstream,
) -> CuResult {
    copy_between_contexts((dstDevice, dstContext), (srcDevice, srcContext), ByteCount, id(hStream), Return::WhenQueued)
}
