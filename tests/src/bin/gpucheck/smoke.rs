//! `smoke`: one program natively and through vgpu. Every result must be right, and the same on both sides.

use std::{ptr, time::Duration};

use vgpu_core::abi::{CU_STREAM_LEGACY, CUgraph, CUgraphExecUpdateResultInfo, CUstream, CUstreamCaptureMode_enum};

use crate::{
    cuda::Code,
    device::{BLOCKING, Device, MEMORY_BYTES, TIMED, UNTIMED},
    process,
    record::{Record, check, fact},
    setup::{Setup, Side},
};

/// Parts that a process each does: what one leaves behind must not reach the next.
const PARTS: [&str; 4] = ["work", "mapped", "pageable", "wild"];
const PART_MAX: Duration = Duration::from_secs(12);

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let daemon = setup.start_daemon()?;
    for part in PARTS {
        let on = |side: Side<'_>| -> Result<Vec<Record>, String> {
            let mut command = setup.worker(side, &format!("smoke/{part}"))?;
            let (lines, end) = process::lines(&mut command, PART_MAX)?;
            check(format!("{part}, {}, reaches its end", side.name()), end.is_well(), end);
            Ok(lines.iter().map(|line| Record::read(line)).collect())
        };
        compare(part, &on(Side::Native)?, &on(Side::Vgpu(&daemon))?);
    }
    Ok(())
}

/// Holds the results of both sides against each other.
fn compare(part: &str, native: &[Record], ours: &[Record]) {
    check(
        format!("{part}: as many results"),
        native.len() == ours.len(),
        format_args!("{}, {}", native.len(), ours.len()),
    );
    for (native, ours) in native.iter().zip(ours) {
        match (native, ours) {
            (Record::Fact { name, value }, Record::Fact { value: other, .. }) => {
                fact(name, format_args!("{value} natively, {other} through vgpu"));
            }
            (Record::Check { name, passed, detail }, Record::Check { .. }) => {
                let shown =
                    if native == ours { detail.clone() } else { format!("natively {native:?}, through vgpu {ours:?}") };
                check(format!("{part}: {name}"), *passed && native == ours, shown);
            }
            _ => check(part, false, format_args!("natively {native:?}, through vgpu {ours:?}")),
        }
    }
}

/// The worker.
pub(crate) fn worker(part: &str, setup: &Setup) -> Result<(), String> {
    let device = Device::open(&setup.library())?;
    match part {
        "work" => work(&device),
        "mapped" => mapped(&device),
        "pageable" => pageable(&device),
        "wild" => wild(&device),
        _ => Err("no such part".to_owned()),
    }
}

const COUNT: usize = 1 << 20;
const BYTES: usize = 4 * COUNT;
/// Threads of a block.
const THREADS: u32 = 256;
/// A kernel that takes long enough for disorder to show.
const LONG_MS: u64 = 20;

/// Two vectors on the device, and pinned memory for one.
struct Vectors {
    x: u64,
    y: u64,
    pinned: *mut f32,
}

fn work(device: &Device) -> Result<(), String> {
    let cuda = &device.cuda;
    let mut version = 0;
    cuda.cuDriverGetVersion(&mut version).check("cuDriverGetVersion")?;
    fact("device", cuda.device_name()?);
    fact("driver API", version);
    fact("memory", format_args!("{:?} bytes", device.memory_info()?));
    let pinned = device.alloc_pinned(BYTES).ok_or("cuMemHostAlloc: refused")?;
    let vectors = Vectors { x: device.alloc(BYTES)?, y: device.alloc(BYTES)?, pinned: pinned.cast() };
    copies_and_a_kernel(device, &vectors)?;
    globals_and_fills(device, &vectors)?;
    order(device, &vectors)?;
    times(device)?;
    graphs(device, &vectors)?;
    refusals(device)?;
    let freed = [cuda.cuMemFree_v2(vectors.x), cuda.cuMemFree_v2(vectors.y), cuda.cuMemFreeHost(vectors.pinned.cast())];
    check("memory is freed", freed.iter().all(|code| code.is_ok()), format_args!("{freed:?}"));
    let released = cuda.cuDevicePrimaryCtxRelease_v2(0);
    check("the context is released", released.is_ok(), released);
    Ok(())
}

fn copies_and_a_kernel(device: &Device, vectors: &Vectors) -> Result<(), String> {
    let cuda = &device.cuda;
    let xs: Vec<f32> = (0..COUNT).map(|i| (i % 1000) as f32).collect();
    let mut ys = vec![1f32; COUNT];
    device.write(vectors.x, &xs).check("cuMemcpyHtoD_v2")?;
    // From pageable memory that may return before the bytes are there, and this stream does not wait for the default one.
    device.synchronize(CU_STREAM_LEGACY).check("cuStreamSynchronize")?;
    cuda.cuMemcpyHtoDAsync_v2(vectors.y, ys.as_ptr().cast(), BYTES, device.stream).check("cuMemcpyHtoDAsync_v2")?;
    saxpy(device, vectors, 2.0, device.stream).check("cuLaunchKernel")?;
    cuda.cuMemcpyDtoHAsync_v2(vectors.pinned.cast(), vectors.y, BYTES, device.stream).check("cuMemcpyDtoHAsync_v2")?;
    device.synchronize(device.stream).check("cuStreamSynchronize")?;
    // SAFETY: pinned memory of that many floats, and nothing writes to it now.
    let pinned = unsafe { std::slice::from_raw_parts(vectors.pinned, COUNT) };
    let is_right = pinned.iter().zip(&xs).all(|(y, x)| *y == 2.0 * x + 1.0);
    check("saxpy is right, read to pinned memory", is_right, "");
    ys.fill(0.0);
    device.read(vectors.y, &mut ys).check("cuMemcpyDtoH_v2")?;
    check("... and to pageable memory", ys == pinned, "");
    Ok(())
}

/// y = a · x + y.
fn saxpy(device: &Device, vectors: &Vectors, a: f32, stream: CUstream) -> Code {
    let blocks = (COUNT as u32).div_ceil(THREADS);
    let params = [vectors.x, vectors.y, u64::from(a.to_bits()), COUNT as u64];
    device.launch_grid(device.saxpy, (blocks, THREADS), stream, &params)
}

fn globals_and_fills(device: &Device, vectors: &Vectors) -> Result<(), String> {
    let cuda = &device.cuda;
    let (mut address, mut len) = (0, 0);
    cuda.cuModuleGetGlobal_v2(&mut address, &mut len, device.module, c"counter".as_ptr())
        .check("cuModuleGetGlobal_v2")?;
    let value = device.word(address)?;
    check("a global has its initial value", (value, len) == (7, 4), format_args!("{value}, {len} bytes"));
    // 3.0 everywhere; then 4 bytes of zero in each of 8 rows that are 64 bytes apart.
    cuda.cuMemsetD32Async(vectors.x, 3f32.to_bits(), COUNT, device.other).check("cuMemsetD32Async")?;
    cuda.cuMemsetD2D8Async(vectors.x, 64, 0, 4, 8, device.other).check("cuMemsetD2D8Async")?;
    device.synchronize(device.other).check("cuStreamSynchronize")?;
    let mut filled = vec![0f32; COUNT];
    device.read(vectors.x, &mut filled).check("cuMemcpyDtoH_v2")?;
    let is_right = |(i, value): (usize, &f32)| *value == if i < 8 * 16 && i % 16 == 0 { 0.0 } else { 3.0 };
    check("fills are right", filled.iter().enumerate().all(is_right), "");
    Ok(())
}

/// What one stream wrote, another reads behind it: asked for by an event, and by the default stream's own rule.
fn order(device: &Device, vectors: &Vectors) -> Result<(), String> {
    let cuda = &device.cuda;
    let event = device.new_event(UNTIMED)?;
    let long_store = |stream: CUstream, value: u64| -> Result<(), String> {
        device.wait(stream, LONG_MS).check("cuLaunchKernel")?;
        device.launch(device.put, stream, &[vectors.x, value]).check("cuLaunchKernel")
    };
    let copy = |stream: CUstream| cuda.cuMemcpyDtoHAsync_v2(vectors.pinned.cast(), vectors.x, 4, stream);
    // SAFETY: pinned memory, and the stream that wrote to it has been waited for.
    let copied = || unsafe { vectors.pinned.cast::<u32>().read_volatile() };

    long_store(device.stream, 1001)?;
    cuda.cuEventRecord(event, device.stream).check("cuEventRecord")?;
    let asked = cuda.cuEventQuery(event);
    check("an event behind a long kernel is not there yet", asked == Code::NOT_READY, asked);
    cuda.cuStreamWaitEvent(device.other, event, 0).check("cuStreamWaitEvent")?;
    copy(device.other).check("cuMemcpyDtoHAsync_v2")?;
    device.synchronize(device.other).check("cuStreamSynchronize")?;
    check("a stream waits for another's event", copied() == 1001, copied());

    let blocking = device.new_stream(BLOCKING)?;
    long_store(blocking, 1002)?;
    copy(ptr::null_mut()).check("cuMemcpyDtoHAsync_v2")?;
    device.synchronize(ptr::null_mut()).check("cuStreamSynchronize")?;
    check("the default stream waits for a blocking one", copied() == 1002, copied());

    device.wait(ptr::null_mut(), LONG_MS).check("cuLaunchKernel")?;
    device.launch(device.put, ptr::null_mut(), &[vectors.x, 1003]).check("cuLaunchKernel")?;
    copy(blocking).check("cuMemcpyDtoHAsync_v2")?;
    device.synchronize(blocking).check("cuStreamSynchronize")?;
    check("a blocking stream waits for the default one", copied() == 1003, copied());
    Ok(())
}

fn times(device: &Device) -> Result<(), String> {
    let cuda = &device.cuda;
    let (from, to) = (device.new_event(TIMED)?, device.new_event(TIMED)?);
    cuda.cuEventRecord(from, device.stream).check("cuEventRecord")?;
    device.wait(device.stream, LONG_MS).check("cuLaunchKernel")?;
    cuda.cuEventRecord(to, device.stream).check("cuEventRecord")?;
    cuda.cuEventSynchronize(to).check("cuEventSynchronize")?;
    let mut ms = 0.0;
    cuda.cuEventElapsedTime(&mut ms, from, to).check("cuEventElapsedTime")?;
    fact("a kernel of 20 ms by events", format_args!("{ms:.2} ms"));
    // The kernel goes by a clock that may tick once in a millisecond.
    check("events are as far apart as the kernel between them is long", ms >= LONG_MS as f32 * 0.9, "");
    Ok(())
}

/// A graph by capture: launched, updated, launched.
fn graphs(device: &Device, vectors: &Vectors) -> Result<(), String> {
    let cuda = &device.cuda;
    cuda.cuMemsetD32_v2(vectors.x, 1f32.to_bits(), COUNT).check("cuMemsetD32_v2")?;
    cuda.cuMemsetD32_v2(vectors.y, 0, COUNT).check("cuMemsetD32_v2")?;
    cuda.cuCtxSynchronize().check("cuCtxSynchronize")?;
    let captured = |a: f32| -> Result<CUgraph, String> {
        let mut graph = ptr::null_mut();
        cuda.cuStreamBeginCapture_v2(device.stream, CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED)
            .check("cuStreamBeginCapture_v2")?;
        saxpy(device, vectors, a, device.stream).check("cuLaunchKernel")?;
        saxpy(device, vectors, a, device.stream).check("cuLaunchKernel")?;
        cuda.cuStreamEndCapture(device.stream, &mut graph).check("cuStreamEndCapture")?;
        Ok(graph)
    };
    let all_are = |value: f32| -> Result<bool, String> {
        let mut ys = vec![0f32; COUNT];
        device.synchronize(device.stream).check("cuStreamSynchronize")?;
        device.read(vectors.y, &mut ys).check("cuMemcpyDtoH_v2")?;
        Ok(ys.iter().all(|y| *y == value))
    };
    let mut exec = ptr::null_mut();
    cuda.cuGraphInstantiateWithFlags(&mut exec, captured(2.0)?, 0).check("cuGraphInstantiateWithFlags")?;
    check("capture executes nothing", all_are(0.0)?, "");
    cuda.cuGraphLaunch(exec, device.stream).check("cuGraphLaunch")?;
    cuda.cuGraphLaunch(exec, device.stream).check("cuGraphLaunch")?;
    check("a graph that is launched twice is right", all_are(8.0)?, "");
    let updated = cuda.cuGraphExecUpdate_v2(exec, captured(5.0)?, &mut CUgraphExecUpdateResultInfo::default());
    check("a graph is updated", updated.is_ok(), updated);
    cuda.cuGraphLaunch(exec, device.stream).check("cuGraphLaunch")?;
    check("... and is right", all_are(18.0)?, "");
    let destroyed = cuda.cuGraphExecDestroy(exec);
    check("... and destroyed", destroyed.is_ok(), destroyed);
    Ok(())
}

/// What is refused, and stays without consequences.
fn refusals(device: &Device) -> Result<(), String> {
    const NONSENSE: &str =
        ".version 6.4\n.target sm_61\n.address_size 64\n.visible .entry k() { frobnicate.u32 %r1; ret; }\n";
    let cuda = &device.cuda;
    let mut blocks = 0;
    let code = cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(&mut blocks, device.saxpy, THREADS as i32, 0);
    check("a kernel's blocks fit a multiprocessor", code.is_ok() && blocks > 0, code);
    // A driver refuses the module, vgpu the kernel: unknown instructions fail only their kernel.
    let code: Code = device.load(NONSENSE).and_then(|module| device.function(module, "k").map(drop)).into();
    check("PTX with an unknown instruction is refused", code != Code::OK, "");
    fact("... with", code);
    let launched = device.launch_grid(device.nothing, (1, 5000), device.stream, &[0]);
    check("a block of 5000 threads is refused", !launched.is_ok(), launched);
    let done = cuda.cuCtxSynchronize();
    check("no refusal stays behind", done.is_ok(), done);
    Ok(())
}

/// A kernel that writes to pinned memory.
fn mapped(device: &Device) -> Result<(), String> {
    let pinned: *mut u32 = device.alloc_pinned(4096).ok_or("cuMemHostAlloc: refused")?.cast();
    let mut address = 0;
    device.cuda.cuMemHostGetDevicePointer_v2(&mut address, pinned.cast(), 0).check("cuMemHostGetDevicePointer_v2")?;
    check("pinned memory has one address for both", address == pinned.expose_provenance() as u64, "");
    // SAFETY: pinned memory of this process, which nothing else uses yet.
    unsafe { pinned.write_volatile(0) };
    device.launch(device.put, device.stream, &[address, 1234]).check("cuLaunchKernel")?;
    let done = device.synchronize(device.stream);
    // SAFETY: the kernel that wrote there has ended.
    let value = unsafe { pinned.read_volatile() };
    check("a kernel writes to pinned memory", done.is_ok() && value == 1234, format_args!("{done}, {value}"));
    Ok(())
}

/// How often a kernel of a stream that waits for nobody misses what a copy of pageable memory has just brought: the call may
/// return before the bytes are there. Counted only, for nothing is promised.
fn pageable(device: &Device) -> Result<(), String> {
    const ROUNDS: u32 = 200;
    for (name, len) in [("64 KiB", 64 << 10), ("1 MiB", MEMORY_BYTES)] {
        let results = device.alloc(8)?;
        let (mut late_ends, mut late_starts) = (0, 0);
        for round in 1..=ROUNDS {
            let words = vec![round; len / 4];
            device.write(device.memory, &words).check("cuMemcpyHtoD_v2")?;
            // What comes last is looked at first.
            let ends = [device.memory + len as u64 - 4, device.memory];
            for (to, from) in [results, results + 4].into_iter().zip(ends) {
                device.launch(device.get, device.stream, &[to, from]).check("cuLaunchKernel")?;
            }
            device.synchronize(device.stream).check("cuStreamSynchronize")?;
            let mut seen = [0; 2];
            device.read(results, &mut seen).check("cuMemcpyDtoH_v2")?;
            late_ends += u32::from(seen[0] != round);
            late_starts += u32::from(seen[1] != round);
        }
        fact(
            format_args!(
                "of {ROUNDS} copies of {name} of pageable memory, missed by a kernel of a non-blocking stream"
            ),
            format_args!("{late_ends} (their last word), {late_starts} (their first)"),
        );
    }
    Ok(())
}

/// A kernel whose store leads nowhere.
fn wild(device: &Device) -> Result<(), String> {
    device.launch(device.put, device.stream, &[64, 1]).check("cuLaunchKernel")?;
    let done = device.synchronize(device.stream);
    check("a wild store is an illegal address", done == Code::ILLEGAL_ADDRESS, done);
    let later = device.cuda.cuCtxSynchronize();
    check("... and stays one", later == Code::ILLEGAL_ADDRESS, later);
    let mut address = 0;
    let refused = device.cuda.cuMemAlloc_v2(&mut address, 4096);
    check("... for every call", refused == Code::ILLEGAL_ADDRESS, refused);
    Ok(())
}
