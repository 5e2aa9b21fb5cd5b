//! Which calls wait for a kernel that runs: those must not be made by the thread that serves the ring.

use std::{ffi::c_void, ptr, time::Duration};

use vgpu_core::abi::{CUgraphExec, CUmodule, CUstream, CUstreamCaptureMode_enum};

use super::{fact, timed};
use crate::{
    cuda::Code,
    device::{Device, NON_BLOCKING},
    setup::Setup,
};

/// How long the kernel runs.
const KERNEL_MS: u64 = 50;
const HOST_BYTES: usize = 1 << 20;

/// Host memory that may be registered: whole pages.
#[repr(C, align(4096))]
struct Pages([u8; HOST_BYTES]);

pub(super) fn blocking(device: &Device, _setup: &Setup) -> Result<(), String> {
    let cuda = &device.cuda;
    let mut host = Box::new(Pages([0; HOST_BYTES]));
    let host: *mut c_void = ptr::from_mut(&mut *host).cast();
    let (memory, mut pooled) = (device.alloc(1 << 24)?, 0);
    let stream = device.new_stream(NON_BLOCKING)?;
    let module = device.load_kernels().map_err(|code| format!("cuModuleLoadData: {code}"))?;
    let graph = waiting_graph(device, stream)?;
    let has_pool = cuda.cuMemAllocAsync(&mut pooled, 1 << 20, device.stream);
    device.synchronize(device.stream).check("cuStreamSynchronize")?;

    let (mut address, mut loaded): (u64, CUmodule) = (0, ptr::null_mut());
    during_a_kernel(device, "cuMemAlloc", || cuda.cuMemAlloc_v2(&mut address, 1 << 24))?;
    during_a_kernel(device, "cuMemFree", || cuda.cuMemFree_v2(memory))?;
    if has_pool.is_ok() {
        during_a_kernel(device, "cuMemFreeAsync on another stream", || cuda.cuMemFreeAsync(pooled, device.other))?;
    } else {
        fact("cuMemFreeAsync on another stream", format_args!("not tried: cuMemAllocAsync: {has_pool}"));
    }
    during_a_kernel(device, "cuModuleLoadData", || device.load_kernels().map(|module| loaded = module).into())?;
    during_a_kernel(device, "cuModuleUnload", || cuda.cuModuleUnload(module))?;
    cuda.cuGraphLaunch(graph, stream).check("cuGraphLaunch")?;
    during_a_kernel(device, "cuGraphExecDestroy of a graph in flight", || cuda.cuGraphExecDestroy(graph))?;
    device.wait(stream, KERNEL_MS).check("cuLaunchKernel")?;
    during_a_kernel(device, "cuStreamDestroy of a stream with work", || cuda.cuStreamDestroy_v2(stream))?;
    during_a_kernel(device, "cuMemHostRegister", || cuda.cuMemHostRegister_v2(host, HOST_BYTES, 3))?;
    during_a_kernel(device, "cuMemHostUnregister", || cuda.cuMemHostUnregister(host))?;
    during_a_kernel(device, "cuMemcpyHtoDAsync of 64 KiB, pageable, on another stream", || {
        cuda.cuMemcpyHtoDAsync_v2(device.memory, host, 64 << 10, device.other)
    })?;
    if !loaded.is_null() {
        cuda.cuModuleUnload(loaded).check("cuModuleUnload")?;
    }
    Ok(())
}

/// Makes the call while a kernel runs that lasts [`KERNEL_MS`].
fn during_a_kernel(device: &Device, name: &str, call: impl FnOnce() -> Code) -> Result<(), String> {
    device.wait(device.stream, KERNEL_MS).check("cuLaunchKernel")?;
    // It shall be running, not only be queued.
    std::thread::sleep(Duration::from_millis(1));
    let (code, us) = timed(call);
    fact(format_args!("{name}, while a kernel of {KERNEL_MS} ms runs"), format_args!("{code}, {:.2} ms", us / 1e3));
    device.cuda.cuCtxSynchronize().check("cuCtxSynchronize")
}

/// A graph of one kernel that lasts as long.
fn waiting_graph(device: &Device, stream: CUstream) -> Result<CUgraphExec, String> {
    let cuda = &device.cuda;
    let (mut graph, mut exec) = (ptr::null_mut(), ptr::null_mut());
    cuda.cuStreamBeginCapture_v2(stream, CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED)
        .check("cuStreamBeginCapture_v2")?;
    device.wait(stream, KERNEL_MS).check("cuLaunchKernel")?;
    cuda.cuStreamEndCapture(stream, &mut graph).check("cuStreamEndCapture")?;
    cuda.cuGraphInstantiateWithFlags(&mut exec, graph, 0).check("cuGraphInstantiateWithFlags")?;
    Ok(exec)
}
