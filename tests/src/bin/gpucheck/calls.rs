//! `calls`: what calls and copies cost natively and through vgpu. Two processes stay open and are asked in turns, so that the
//! machine's moods come to both.

use std::{hint::black_box, io::BufRead, ptr, time::Instant};

use vgpu_core::abi::{CUevent, CUgraphExec, CUstreamCaptureMode_enum};

use crate::{
    device::{Device, UNTIMED, us_since},
    process::Partner,
    record::{Aim, Spread, ratio},
    setup::{Setup, Side},
};

/// Turns of each figure, and of copies that take long; the median counts, and the tenth and the ninetieth percentile say how
/// restless the machine is.
const TURNS: usize = 11;
const LONG_TURNS: usize = 5;
/// Launches in a batch.
const BATCH: u32 = 200;
/// Events with a kernel of so many milliseconds behind them.
const EVENTS: u32 = 5;
const KERNEL_MS: u64 = 4;
/// Kernels of a graph.
const NODES: u32 = 500;
/// Bytes that a figure of copies moves at least, and copies that it makes at most.
const MOVED: usize = 256 << 20;
const COPIES_MAX: usize = 100;

/// Figures of calls: microseconds each, but for what lasts longer.
const CALLS: [(&str, Aim); 11] = [
    ("launch, posted", Aim::NoDearer),
    ("launch, drained", Aim::AtMostPlus(0.5)),
    ("launch and synchronize", Aim::AtMostPlus(3.0)),
    ("cuMemGetInfo", Aim::AtMostPlus(3.0)),
    ("cuMemAlloc and cuMemFree, 1 MiB", Aim::AtMostPlus(3.0)),
    ("event recorded", Aim::NoDearer),
    ("event queried", Aim::NoDearer),
    ("event waited for by a stream", Aim::NoDearer),
    // Nobody shall wait for what comes after it.
    ("event waited for, a kernel behind it", Aim::AtMostPlus(30.0)),
    ("graph of 500 kernels, posted", Aim::NoDearer),
    ("graph of 500 kernels, done", Aim::AtMostPlus(3.0)),
];

const SIZES: [(&str, usize); 7] = [
    ("4 B", 4),
    ("4 KiB", 4 << 10),
    ("64 KiB", 64 << 10),
    ("1 MiB", 1 << 20),
    ("16 MiB", 16 << 20),
    ("256 MiB", 256 << 20),
    ("1 GiB", 1 << 30),
];

/// Below this, a copy's cost is a call's.
const LARGE: usize = 1 << 20;

/// From here on it takes long.
const LONG: usize = 256 << 20;

/// Host memory, and which way.
const WAYS: [(&str, bool, bool); 4] = [
    ("pinned, in", true, true),
    ("pinned, out", true, false),
    ("pageable, in", false, true),
    ("pageable, out", false, false),
];

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let daemon = setup.start_daemon()?;
    let mut native = Partner::start("the native worker", &mut setup.worker(Side::Native, "calls")?)?;
    let mut ours = Partner::start("vgpu's worker", &mut setup.worker(Side::Vgpu(&daemon), "calls")?)?;
    // All turns of a figure, of both sides.
    let mut both = |name: &str, turns: usize| -> Result<[Vec<f64>; 2], String> {
        let (mut natives, mut others) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            natives.push(measure(&mut native, name)?);
            others.push(measure(&mut ours, name)?);
        }
        Ok([natives, others])
    };
    for (name, aim) in CALLS {
        ratio(name, "us", both(name, TURNS)?.map(Spread::of), aim);
    }
    for (way, is_pinned, _) in WAYS {
        for (size, len) in SIZES {
            let name = format!("copy {size}, {way}");
            let turns = both(&name, if len < LONG { TURNS } else { LONG_TURNS })?;
            if len < LARGE {
                ratio(name, "us", turns.map(Spread::of), Aim::AtMostPlus(3.0));
            } else {
                let rates = turns.map(|turns| Spread::of(turns.iter().map(|us| len as f64 / us / 1e3).collect()));
                ratio(name, "GB/s", rates, Aim::AtLeast(if is_pinned { 0.97 } else { 0.9 }));
            }
        }
    }
    Ok(())
}

/// Microseconds, as the process at the other end measures them.
fn measure(worker: &mut Partner, name: &str) -> Result<f64, String> {
    let answer = worker.ask(name)?;
    answer.parse().map_err(|_| format!("{name}: the worker says {answer:?}"))
}

/// The worker: a line of standard input is a figure's name, and is answered by microseconds.
pub(crate) fn worker(setup: &Setup) -> Result<(), String> {
    let bench = Bench::new(Device::open(&setup.library())?)?;
    for line in std::io::stdin().lock().lines() {
        let name = line.map_err(|error| error.to_string())?;
        println!("{}", bench.measure(&name)?);
    }
    Ok(())
}

struct Bench {
    device: Device,
    event: CUevent,
    graph: CUgraphExec,
    /// As large as the largest copy.
    target: u64,
    pinned: *mut u8,
    pageable: *mut u8,
}

impl Bench {
    fn new(device: Device) -> Result<Self, String> {
        let largest = SIZES[SIZES.len() - 1].1;
        let pageable = Box::leak(vec![1u8; largest].into_boxed_slice()).as_mut_ptr();
        let pinned = device.alloc_pinned(largest).ok_or("cuMemHostAlloc of 1 GiB: refused")?;
        // SAFETY: pinned memory of that length, new.
        unsafe { pinned.write_bytes(1, largest) };
        let bench = Self {
            event: device.new_event(UNTIMED)?,
            graph: graph(&device)?,
            target: device.alloc(largest)?,
            pinned,
            pageable,
            device,
        };
        // First times are dear, and not what is asked for.
        for (name, _) in CALLS {
            bench.measure(name)?;
        }
        Ok(bench)
    }

    /// Microseconds for each call.
    fn measure(&self, name: &str) -> Result<f64, String> {
        if let Some(copy) = name.strip_prefix("copy ") {
            return self.copies(copy);
        }
        let (device, cuda) = (&self.device, &self.device.cuda);
        let launch = || device.launch(device.nothing, device.stream, &[0]).check("cuLaunchKernel");
        let drain = || device.synchronize(device.stream).check("cuStreamSynchronize");
        match name {
            "launch, posted" => batch(BATCH, launch, drain).map(|(posted, _)| posted),
            "launch, drained" => batch(BATCH, launch, drain).map(|(_, drained)| drained),
            "launch and synchronize" => batch(BATCH, || launch().and_then(|()| drain()), || Ok(())).map(|(us, _)| us),
            "cuMemGetInfo" => batch(BATCH, || device.memory_info().map(drop), || Ok(())).map(|(us, _)| us),
            "cuMemAlloc and cuMemFree, 1 MiB" => {
                let pair = || cuda.cuMemFree_v2(device.alloc(1 << 20)?).check("cuMemFree_v2");
                batch(BATCH, pair, || Ok(())).map(|(us, _)| us)
            }
            "event recorded" => {
                let record = || cuda.cuEventRecord(self.event, device.stream).check("cuEventRecord");
                batch(BATCH, record, drain).map(|(us, _)| us)
            }
            "event queried" => {
                let query = || cuda.cuEventQuery(self.event).check("cuEventQuery");
                batch(BATCH, query, || Ok(())).map(|(us, _)| us)
            }
            "event waited for by a stream" => {
                let wait = || {
                    cuda.cuEventRecord(self.event, device.stream).check("cuEventRecord")?;
                    cuda.cuStreamWaitEvent(device.other, self.event, 0).check("cuStreamWaitEvent")
                };
                batch(BATCH, wait, || cuda.cuCtxSynchronize().check("cuCtxSynchronize")).map(|(us, _)| us)
            }
            "event waited for, a kernel behind it" => {
                let mut waited_us = 0.0;
                for _ in 0..EVENTS {
                    let began = Instant::now();
                    cuda.cuEventRecord(self.event, device.stream).check("cuEventRecord")?;
                    device.wait(device.stream, KERNEL_MS).check("cuLaunchKernel")?;
                    cuda.cuEventSynchronize(self.event).check("cuEventSynchronize")?;
                    waited_us += us_since(began);
                    drain()?;
                }
                Ok(waited_us / f64::from(EVENTS))
            }
            "graph of 500 kernels, posted" => self.graph_launches().map(|(posted, _)| posted),
            "graph of 500 kernels, done" => self.graph_launches().map(|(_, done)| done),
            _ => Err(format!("no figure is called {name:?}")),
        }
    }

    fn graph_launches(&self) -> Result<(f64, f64), String> {
        let device = &self.device;
        batch(
            1,
            || device.cuda.cuGraphLaunch(self.graph, device.stream).check("cuGraphLaunch"),
            || device.synchronize(device.stream).check("cuStreamSynchronize"),
        )
    }

    fn copies(&self, copy: &str) -> Result<f64, String> {
        let unknown = || format!("no copy is called {copy:?}");
        let (size, way) = copy.split_once(", ").ok_or_else(unknown)?;
        let (_, len) = *SIZES.iter().find(|(name, _)| *name == size).ok_or_else(unknown)?;
        let (_, is_pinned, is_in) = *WAYS.iter().find(|(name, ..)| *name == way).ok_or_else(unknown)?;
        let (device, cuda) = (&self.device, &self.device.cuda);
        let host = if is_pinned { self.pinned } else { self.pageable };
        let count = (MOVED / len).clamp(1, COPIES_MAX);
        let one = || {
            let code = if is_in {
                cuda.cuMemcpyHtoDAsync_v2(self.target, host.cast_const().cast(), len, device.stream)
            } else {
                cuda.cuMemcpyDtoHAsync_v2(host.cast(), self.target, len, device.stream)
            };
            code.check("a copy")?;
            device.synchronize(device.stream).check("cuStreamSynchronize")
        };
        batch(u32::try_from(count).map_err(|_| unknown())?, one, || Ok(())).map(|(us, _)| us)
    }
}

/// Microseconds of each of so many calls: until the last has returned, and until what they began is done.
fn batch(
    count: u32,
    mut call: impl FnMut() -> Result<(), String>,
    drain: impl Fn() -> Result<(), String>,
) -> Result<(f64, f64), String> {
    drain()?;
    let started = Instant::now();
    for _ in 0..count {
        call()?;
    }
    let posted = us_since(started);
    drain()?;
    Ok((black_box(posted) / f64::from(count), us_since(started) / f64::from(count)))
}

/// A chain of kernels, by capture, as ggml makes its own.
fn graph(device: &Device) -> Result<CUgraphExec, String> {
    let cuda = &device.cuda;
    let (mut graph, mut exec) = (ptr::null_mut(), ptr::null_mut());
    cuda.cuStreamBeginCapture_v2(device.stream, CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED)
        .check("cuStreamBeginCapture_v2")?;
    for _ in 0..NODES {
        device.launch(device.nothing, device.stream, &[0]).check("cuLaunchKernel")?;
    }
    cuda.cuStreamEndCapture(device.stream, &mut graph).check("cuStreamEndCapture")?;
    cuda.cuGraphInstantiateWithFlags(&mut exec, graph, 0).check("cuGraphInstantiateWithFlags")?;
    Ok(exec)
}
