//! How an executor learns that work is done: what each signal costs the stream and the host, and how soon it comes.

use std::{
    ffi::c_void,
    hint::{black_box, spin_loop},
    ptr,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use vgpu_core::abi::{
    CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT, CU_LAUNCH_PARAM_END_AS_INT,
    CU_STREAM_LEGACY, CUevent,
};

use super::{fact, registering::register, window::Window};
use crate::{
    cuda::Code,
    device::{Device, TIMED, UNTIMED, us_since},
    setup::Setup,
};

/// Launches in a batch, and batches, of which the best counts.
const BATCH: u32 = 400;
const BATCHES: usize = 20;
/// Work that is waited for one by one.
const SINGLES: u32 = 500;
/// A signal that takes longer does not arrive.
const LATE: Duration = Duration::from_millis(100);

/// Everything that signals are made of.
struct Signals<'a> {
    device: &'a Device,
    window: &'a Window,
    event: CUevent,
    timed_event: CUevent,
    /// The last value that a word was told to take.
    sequence: u64,
    /// Whether the device writes words.
    writes_words: bool,
}

pub(super) fn completion(device: &Device, _setup: &Setup) -> Result<(), String> {
    let window = Window::new(16 << 20)?;
    window.touch(0, 1 << 20);
    window.store(0, 0);
    fact("completion words registered", register(device, &window, 0, 1 << 20));
    let cuda = &device.cuda;
    let word = window.address(0);
    let written = cuda.cuStreamWriteValue64_v2(device.stream, word, 1, 0);
    let done = device.synchronize(device.stream);
    fact("cuStreamWriteValue64 to a registered word", format_args!("{written}, {done}: {}", window.load(0)));
    fact("... on the legacy stream", cuda.cuStreamWriteValue64_v2(CU_STREAM_LEGACY, word, 2, 0));
    fact("... to device memory", cuda.cuStreamWriteValue64_v2(device.stream, device.memory, 2, 0));
    cuda.cuCtxSynchronize().check("cuCtxSynchronize")?;
    let mut signals = Signals {
        device,
        window: &window,
        event: device.new_event(UNTIMED)?,
        timed_event: device.new_event(TIMED)?,
        sequence: 2,
        writes_words: written.is_ok() && window.load(0) != 0,
    };
    signals.costs()?;
    signals.latencies()?;
    signals.contention()?;
    signals.without_a_context()?;
    signals.waits()
}

/// What is put behind each launch of a batch.
#[derive(Clone, Copy)]
enum Behind {
    Nothing,
    /// Nothing; the launch gives its parameters in one piece.
    Packed,
    Event,
    TimedEvent,
    HostWord,
    DeviceWord,
    HostFunction,
    EventAndWord,
}

const KINDS: [(&str, Behind); 8] = [
    ("launch", Behind::Nothing),
    ("launch, parameters in one piece", Behind::Packed),
    ("launch and event", Behind::Event),
    ("launch and timed event", Behind::TimedEvent),
    ("launch and write to the host", Behind::HostWord),
    ("launch and write to the device", Behind::DeviceWord),
    ("launch and host function", Behind::HostFunction),
    ("launch, event and write", Behind::EventAndWord),
];

impl Signals<'_> {
    /// Posting and draining batches of each kind.
    fn costs(&mut self) -> Result<(), String> {
        for (name, kind) in KINDS {
            let flag = AtomicU32::new(0);
            let (mut posted, mut drained) = (f64::MAX, f64::MAX);
            let mut refused = Code::OK;
            for _ in 0..BATCHES {
                self.device.synchronize(self.device.stream).check("cuStreamSynchronize")?;
                let started = Instant::now();
                for _ in 0..BATCH {
                    let code = self.post(kind, &flag);
                    refused = if refused.is_ok() { code } else { refused };
                }
                posted = posted.min(us_since(started));
                self.device.synchronize(self.device.stream).check("cuStreamSynchronize")?;
                drained = drained.min(us_since(started));
            }
            let each = |us: f64| us / f64::from(BATCH);
            let note = if refused.is_ok() { String::new() } else { format!(" ({refused})") };
            fact(name, format_args!("{:.2} us posted, {:.2} us drained{note}", each(posted), each(drained)));
        }
        Ok(())
    }

    /// One launch and its signal. The first refusal counts.
    fn post(&mut self, kind: Behind, flag: &AtomicU32) -> Code {
        let (device, cuda, stream) = (self.device, &self.device.cuda, self.device.stream);
        let launched = match kind {
            Behind::Packed => packed_launch(device),
            _ => device.launch(device.nothing, stream, &[0]),
        };
        let mut codes = [launched, Code::OK, Code::OK];
        if matches!(kind, Behind::Event | Behind::EventAndWord) {
            codes[1] = cuda.cuEventRecord(self.event, stream);
        }
        if matches!(kind, Behind::TimedEvent) {
            codes[1] = cuda.cuEventRecord(self.timed_event, stream);
        }
        if matches!(kind, Behind::HostWord | Behind::EventAndWord) {
            codes[2] = self.write(self.window.address(0));
        }
        if matches!(kind, Behind::DeviceWord) {
            codes[2] = self.write(device.memory);
        }
        if matches!(kind, Behind::HostFunction) {
            codes[2] = cuda.cuLaunchHostFunc(stream, Some(raise), ptr::from_ref(flag).cast_mut().cast());
        }
        codes.into_iter().find(|code| !code.is_ok()).unwrap_or(Code::OK)
    }

    fn write(&mut self, address: u64) -> Code {
        self.sequence += 1;
        self.device.cuda.cuStreamWriteValue64_v2(self.device.stream, address, self.sequence, 0)
    }

    /// From the launch of an empty kernel until the CPU knows that it has run.
    fn latencies(&mut self) -> Result<(), String> {
        let (device, cuda) = (self.device, &self.device.cuda);
        let start = || {
            let started = Instant::now();
            device.launch(device.nothing, device.stream, &[0]);
            started
        };
        let mean = |sum: f64| sum / f64::from(SINGLES);
        let (mut synchronized, mut queried) = (0.0, 0.0);
        for _ in 0..SINGLES {
            let started = start();
            device.synchronize(device.stream).check("cuStreamSynchronize")?;
            synchronized += us_since(started);
            let started = start();
            cuda.cuEventRecord(self.event, device.stream).check("cuEventRecord")?;
            while cuda.cuEventQuery(self.event) == Code::NOT_READY {}
            queried += us_since(started);
        }
        fact("an empty kernel until cuStreamSynchronize returns", format_args!("{:.2} us", mean(synchronized)));
        fact("... until cuEventQuery says so", format_args!("{:.2} us", mean(queried)));
        if self.writes_words {
            let mut sum = Ok(0.0);
            for _ in 0..SINGLES {
                let started = start();
                self.write(self.window.address(0)).check("cuStreamWriteValue64_v2")?;
                let arrived = arrives(started, || self.window.load(0) >= self.sequence);
                sum = sum.and_then(|sum: f64| arrived.map(|us| sum + us));
            }
            fact(
                "... until a word has its value",
                sum.map_or_else(str::to_owned, |sum| format!("{:.2} us", mean(sum))),
            );
        }
        let mut sum = Ok(0.0);
        for _ in 0..SINGLES {
            let flag = AtomicU32::new(0);
            let started = start();
            let code = cuda.cuLaunchHostFunc(device.stream, Some(raise), ptr::from_ref(&flag).cast_mut().cast());
            code.check("cuLaunchHostFunc")?;
            let arrived = arrives(started, || flag.load(Ordering::Acquire) != 0);
            // The function must have run before its flag goes.
            device.synchronize(device.stream).check("cuStreamSynchronize")?;
            sum = sum.and_then(|sum: f64| arrived.map(|us| sum + us));
        }
        fact("... until a host function runs", sum.map_or_else(str::to_owned, |sum| format!("{:.2} us", mean(sum))));
        Ok(())
    }

    /// What a thread that watches for the end of work costs the one that posts work.
    fn contention(&self) -> Result<(), String> {
        let (device, cuda) = (self.device, &self.device.cuda);
        device.wait(device.other, 300).check("cuLaunchKernel")?;
        cuda.cuEventRecord(self.event, device.other).check("cuEventRecord")?;
        let started = Instant::now();
        let mut code = Code::OK;
        for _ in 0..10_000 {
            code = cuda.cuEventQuery(self.event);
        }
        fact(
            "cuEventQuery of an event that is not there yet",
            format_args!("{code}, {:.0} ns", us_since(started) / 10.0),
        );
        device.synchronize(device.other).check("cuStreamSynchronize")?;
        for (name, watch) in [
            ("nobody watches", None),
            ("a thread queries an event", Some(true)),
            ("a thread reads a word", Some(false)),
        ] {
            device.wait(device.other, 200).check("cuLaunchKernel")?;
            cuda.cuEventRecord(self.event, device.other).check("cuEventRecord")?;
            let is_over = AtomicBool::new(false);
            let watched = Watched { device, event: self.event, window: self.window, is_over: &is_over };
            let (us, turns) = thread::scope(|scope| {
                let watcher = watch.map(|by_event| {
                    let watched = &watched;
                    scope.spawn(move || watched.watch(by_event))
                });
                let us = posting(device);
                is_over.store(true, Ordering::Release);
                (us, watcher.map_or(0, |watcher| watcher.join().unwrap_or(0)))
            });
            fact(format_args!("launch while {name}"), format_args!("{:.2} us ({turns} turns)", us?));
            device.synchronize(device.other).check("cuStreamSynchronize")?;
        }
        Ok(())
    }

    /// Whether a thread that never had a context may ask.
    fn without_a_context(&self) -> Result<(), String> {
        let is_over = AtomicBool::new(true);
        let watched = Watched { device: self.device, event: self.event, window: self.window, is_over: &is_over };
        let asked = thread::scope(|scope| scope.spawn(|| watched.ask()).join());
        fact("cuEventQuery in a thread without a context", asked.map_err(|_| "a thread panicked".to_owned())?);
        Ok(())
    }

    /// What it costs that one stream waits for another.
    fn waits(&self) -> Result<(), String> {
        const COUNT: u32 = 2000;
        let (device, cuda) = (self.device, &self.device.cuda);
        let started = Instant::now();
        for _ in 0..COUNT {
            cuda.cuEventRecord(self.event, device.stream).check("cuEventRecord")?;
            cuda.cuStreamWaitEvent(device.other, self.event, 0).check("cuStreamWaitEvent")?;
        }
        fact(
            "an event, and another stream that waits for it",
            format_args!("{:.2} us", us_since(started) / f64::from(COUNT)),
        );
        cuda.cuCtxSynchronize().check("cuCtxSynchronize")
    }
}

/// Posting a batch, the best of some: microseconds for each launch.
fn posting(device: &Device) -> Result<f64, String> {
    let mut best = f64::MAX;
    for _ in 0..BATCHES {
        let started = Instant::now();
        for _ in 0..BATCH {
            device.launch(device.nothing, device.stream, &[0]).check("cuLaunchKernel")?;
        }
        best = best.min(us_since(started));
        device.synchronize(device.stream).check("cuStreamSynchronize")?;
    }
    Ok(best / f64::from(BATCH))
}

/// What a second thread looks at.
struct Watched<'a> {
    device: &'a Device,
    event: CUevent,
    window: &'a Window,
    is_over: &'a AtomicBool,
}

// SAFETY: the driver API may be called by any thread, with any of the process's handles; the window stays mapped.
unsafe impl Sync for Watched<'_> {}

impl Watched<'_> {
    /// Looks until it is over; how often.
    fn watch(&self, by_event: bool) -> u64 {
        self.device.cuda.cuCtxSetCurrent(self.device.context);
        let mut turns = 0;
        while !self.is_over.load(Ordering::Acquire) {
            if by_event {
                self.ask();
            } else {
                black_box(self.window.load(0));
            }
            turns += 1;
        }
        turns
    }

    fn ask(&self) -> Code {
        self.device.cuda.cuEventQuery(self.event)
    }
}

/// Microseconds until something is so.
fn arrives(started: Instant, mut is_there: impl FnMut() -> bool) -> Result<f64, &'static str> {
    while !is_there() {
        if started.elapsed() > LATE {
            return Err("it does not arrive");
        }
        spin_loop();
    }
    Ok(us_since(started))
}

/// A launch whose parameters are given as a buffer.
fn packed_launch(device: &Device) -> Code {
    let (mut buffer, mut len) = (0u64, size_of::<u64>());
    let tag = |tag: u32| ptr::without_provenance_mut::<c_void>(tag as usize);
    let mut extra = [
        tag(CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT),
        (&raw mut buffer).cast(),
        tag(CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT),
        (&raw mut len).cast(),
        tag(CU_LAUNCH_PARAM_END_AS_INT),
    ];
    let (params, extra) = (ptr::null_mut(), extra.as_mut_ptr());
    device.cuda.cuLaunchKernel(device.nothing, 1, 1, 1, 1, 1, 1, 0, device.stream, params, extra)
}

/// The host function: `flag` is an `AtomicU32` that outlives it.
unsafe extern "C" fn raise(flag: *mut c_void) {
    // SAFETY: whoever launched this waits for the stream before the flag goes.
    unsafe { &*flag.cast::<AtomicU32>() }.store(1, Ordering::Release);
}
