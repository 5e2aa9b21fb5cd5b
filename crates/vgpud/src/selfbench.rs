//! How fast the window is on this machine: against bare shared memory and bare memcpy, in one run.
//!
//! Short times are means of batches: a clock's steps can be longer than what is to be told apart.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use vgpu_core::guest::{Link, Selection, StreamEnd};
use vgpu_core::window::mapping::{Mapping, create_object};
use vgpu_core::wire::messages::{ContextCreate, Marker, MemAlloc, MemInfo};

use crate::cli::BenchOptions;

const BATCHES: usize = 2000;
/// Calls of a batch, each of which waits for the other side.
const WAITING: usize = 10;
/// Posts of a batch, for which the ring has room, and what is as short.
const SHORT: usize = 100;
const COPY_BYTES: usize = 64 << 20;
const COPIES: usize = 9;

/// Measures and prints.
///
/// # Errors
/// When the executor does not start or refuses.
pub(crate) fn run(options: &BenchOptions) -> Result<()> {
    let mut report = Report { plain: options.plain };
    report.times("shared_memory_spin_round_trip", bare_round_trips()?);
    let program = std::env::current_exe().context("this program's path")?;
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("VGPU_EXECUTOR", program) };
    let start = Instant::now();
    let link = Link::connect(&Selection::Embedded).map_err(|error| anyhow!(error))?;
    report.line("connect_ns", start.elapsed().as_nanos() as f64);
    link.post(&ContextCreate { context: 1, device: 0, legacy_stream: 1, flags: 0 }, &[])?;
    calls(&link, &mut report)?;
    posts(&link, &mut report)?;
    copies(&link, &mut report)
}

struct Report {
    plain: bool,
}

impl Report {
    fn line(&mut self, name: &str, value: f64) {
        match () {
            () if self.plain => println!("{name} {value:.3}"),
            () if name.ends_with("_bytes_per_s") => {
                println!("{name:<42} {:>12.2} GB/s", value / 1e9)
            }
            () if name.ends_with("_ns") => println!("{name:<42} {value:>12.1} ns"),
            () => println!("{name:<42} {value:>12.2}"),
        }
    }

    fn times(&mut self, name: &str, mut samples_ns: Vec<f64>) {
        samples_ns.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| samples_ns[((samples_ns.len() - 1) as f64 * part) as usize];
        self.line(&format!("{name}_p50_ns"), at(0.5));
        self.line(&format!("{name}_p99_ns"), at(0.99));
    }
}

/// What each of so many batches took in the mean, in nanoseconds.
fn sample(batches: usize, calls: usize, mut body: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    (0..batches).map(|_| batch(calls, &mut body)).collect()
}

fn batch(calls: usize, mut body: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..calls {
        body()?;
    }
    Ok(start.elapsed().as_nanos() as f64 / calls as f64)
}

/// Two processes that spin on two words: the floor for any round trip.
fn bare_round_trips() -> Result<Vec<f64>> {
    const END: u64 = u64::MAX;
    let object = create_object(4096).context("shared memory")?;
    let mapping = Mapping::near(object.as_fd(), 4096, 0).context("shared memory")?;
    let (there, back) = (mapping.word64(0), mapping.word64(128));
    // SAFETY: no other thread runs yet, and the child only touches the two words before it exits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut seen = 0;
        while seen != END {
            let value = there.load(Ordering::Acquire);
            if value == seen {
                std::hint::spin_loop();
            } else {
                seen = value;
                back.store(value, Ordering::Release);
            }
        }
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(0) };
    }
    anyhow::ensure!(child > 0, "fork: {}", std::io::Error::last_os_error());
    let mut round = 0;
    let samples = sample(BATCHES, WAITING, || {
        round += 1;
        there.store(round, Ordering::Release);
        while back.load(Ordering::Acquire) != round {
            std::hint::spin_loop();
        }
        Ok(())
    });
    there.store(END, Ordering::Release);
    // SAFETY: waits for the child that was just made.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    samples
}

fn calls(link: &Link, report: &mut Report) -> Result<()> {
    let call = || {
        link.call(&MemInfo { context: 1, reserved: 0 }, &[])?;
        Ok(())
    };
    sample(BATCHES / 10, WAITING, call)?;
    report.times("call_round_trip", sample(BATCHES, WAITING, call)?);
    Ok(())
}

fn posts(link: &Link, report: &mut Report) -> Result<()> {
    let end = StreamEnd::new(1);
    let mut samples = Vec::new();
    // In bursts that the ring has room for: what a launch costs its caller.
    for _ in 0..BATCHES {
        samples.push(batch(SHORT, || {
            link.post_on(&end, &Marker { stream: 0, reserved: 0 }, &[0; 64])?;
            Ok(())
        })?);
        link.wait(1, end.last())?;
    }
    report.times("post", samples);
    let sync = sample(BATCHES, WAITING, || {
        let seq = link.post_on(&end, &Marker { stream: 0, reserved: 0 }, &[])?;
        Ok(link.wait(1, seq)?)
    })?;
    report.times("post_and_wait", sync);
    let seq = end.last();
    report.times("wait_when_done", sample(BATCHES / 10, SHORT, || Ok(link.wait(1, seq)?))?);
    Ok(())
}

fn copies(link: &Link, report: &mut Report) -> Result<()> {
    let message = MemAlloc { context: 1, reserved: 0, len_bytes: COPY_BYTES as u64 };
    let device = link.call(&message, &[])?.reply.address;
    let end = StreamEnd::new(1);
    let source = vec![1_u8; COPY_BYTES];
    let mut target = vec![2_u8; COPY_BYTES];
    let rate = |samples: Vec<f64>| {
        // The first copies touch the pages.
        let best = samples.into_iter().skip(2).min_by(f64::total_cmp).unwrap_or(f64::NAN);
        COPY_BYTES as f64 / best * 1e9
    };
    let memcpy = rate(sample(COPIES, 1, || {
        target.copy_from_slice(std::hint::black_box(&source));
        std::hint::black_box(&mut target);
        Ok(())
    })?);
    report.line("memcpy_bytes_per_s", memcpy);
    let copy_in = rate(sample(COPIES, 1, || {
        link.copy_in(&end, device, &source)?;
        Ok(())
    })?);
    report.line("copy_in_bytes_per_s", copy_in);
    let done = rate(sample(COPIES, 1, || {
        let seq = link.copy_in(&end, device, &source)?;
        Ok(link.wait(1, seq)?)
    })?);
    report.line("copy_in_and_wait_bytes_per_s", done);
    let copy_out = rate(sample(COPIES, 1, || Ok(link.copy_out(&end, device, &mut target)?))?);
    report.line("copy_out_bytes_per_s", copy_out);
    anyhow::ensure!(target == source, "the copies do not agree");
    report.line("copy_in_to_memcpy", copy_in / memcpy);
    report.line("copy_out_to_memcpy", copy_out / memcpy);
    Ok(())
}
