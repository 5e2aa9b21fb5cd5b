//! `gpucheck`: examines a machine that has an NVIDIA GPU, and vgpu on it. `cargo xtask gpu` packs it with what it needs.
//!
//! - [`steps`]: the steps and their limits; each runs in a process of its own (`--step`), which may start more (`--worker`).
//! - [`facts`], [`smoke`], [`api`], [`ptx`], [`calls`], [`ggml`], [`guests`]: the steps.
//! - [`setup`]: the two sides, native and vgpu. [`cuda`], [`device`]: a libcuda by its C names, and a device ready for work.
//! - [`record`]: what steps find out. [`process`]: time limits.
//!
//! Nothing is linked with CUDA: the driver is opened at run time.

mod api;
mod calls;
mod cuda;
mod device;
mod facts;
mod ggml;
mod guests;
mod process;
mod ptx;
mod record;
mod setup;
mod smoke;
mod steps;

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::json;

use cuda::Cuda;
use process::End;
use setup::{Setup, Side};
use steps::{Outcome, STEPS, Step, WHOLE_MAX, Wanted};

/// Examines an NVIDIA GPU, and vgpu on it.
#[derive(Parser)]
#[command(
    name = "gpucheck",
    after_help = "\
Examples:
  ./gpucheck                          every step; nine minutes at most
  ./gpucheck facts smoke              these two
  ./gpucheck --json result.json       and the results as JSON
  ./gpucheck calls calls:--completions=words
                                      a step twice, the second time with a flag for vgpud

Exit status: 0 all is as it must be, 1 something is not, 2 the command line is wrong, 3 there is no NVIDIA driver or no GPU.
Goals that are missed are shown, and fail nothing."
)]
struct Cli {
    /// Steps to run, with flags for vgpud or without; all of them when none is named
    #[arg(value_name = "STEP[:FLAGS]")]
    steps: Vec<String>,
    /// List the steps
    #[arg(long)]
    list: bool,
    /// Write the results to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    setup: Setup,
    /// Be the process of this step
    #[arg(long, value_name = "NAME", hide = true)]
    step: Option<String>,
    /// Be a process that a step starts
    #[arg(long, value_name = "NAME", hide = true)]
    worker: Option<String>,
}

/// There is nothing to examine.
const NO_GPU: u8 = 3;
/// How long the driver may take to say what there is.
const PROBE_MAX: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(name) = &cli.worker {
        return finished(name, worker(name, &cli.setup));
    }
    if let Some(name) = &cli.step {
        let step = Step::named(name).ok_or_else(|| "no such step".to_owned());
        return finished(name, step.and_then(|step| (step.run)(&cli.setup)));
    }
    if cli.list {
        STEPS.iter().for_each(|step| println!("{:<8} {:>4} s  {}", step.name, step.limit.as_secs(), step.what));
        return ExitCode::SUCCESS;
    }
    let (known, unknown): (Vec<_>, Vec<_>) =
        cli.steps.iter().map(|text| Wanted::read(text).ok_or(text.as_str())).partition(Result::is_ok);
    if !unknown.is_empty() {
        let unknown: Vec<&str> = unknown.into_iter().filter_map(Result::err).collect();
        eprintln!("gpucheck: no such step: {} (--list names them)", unknown.join(", "));
        return ExitCode::from(2);
    }
    let mut wanted: Vec<Wanted> = known.into_iter().flatten().collect();
    if wanted.is_empty() {
        wanted.extend(STEPS.iter().map(|step| Wanted { step, more: None }));
    }
    steps::sort(&mut wanted);
    let device = match probe(&cli.setup) {
        Ok(device) => device,
        Err(reason) => {
            eprintln!("gpucheck: no GPU to examine: {reason}");
            return ExitCode::from(NO_GPU);
        }
    };
    println!("{device}");
    let started = Instant::now();
    let vgpud = cli.setup.probe().unwrap_or_else(|error| vec![error]);
    vgpud.iter().for_each(|line| println!("vgpud: {line}"));
    let outcomes: Vec<Outcome> = wanted.iter().map(|wanted| examine(wanted, &cli.setup, started)).collect();
    summary(&outcomes, started);
    if let Some(path) = &cli.json {
        let text = json!({ "device": device, "vgpud": vgpud, "steps": outcomes }).to_string();
        if let Err(error) = fs::write(path, text) {
            eprintln!("gpucheck: cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if outcomes.iter().all(Outcome::is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one step under its heading.
fn examine(wanted: &Wanted, setup: &Setup, started: Instant) -> Outcome {
    println!("\n{}: {}", wanted.label(), wanted.step.what);
    if wanted.step.name == "calls" {
        println!("  {:<40} {:>12} {:>12} {:<5} {:>7}", "", "native", "vgpu", "", "ratio");
    }
    let outcome = wanted.run(setup, WHOLE_MAX.saturating_sub(started.elapsed()));
    if let Some(reason) = &outcome.broken {
        println!("  FAIL the step broke off: {reason}");
    }
    outcome
}

fn summary(outcomes: &[Outcome], started: Instant) {
    let width = outcomes.iter().map(|outcome| outcome.step.len()).fold(8, usize::max);
    println!("\n{:<width$} result  seconds  checks  failed", "step");
    for outcome in outcomes {
        let checks = outcome.records.iter().filter(|record| matches!(record, record::Record::Check { .. })).count();
        let failed = outcome.records.iter().filter(|record| record.is_failure()).count();
        println!(
            "{:<width$} {:<6} {:>8.1} {checks:>7} {failed:>7}",
            outcome.step,
            if outcome.is_good() { "good" } else { "BAD" },
            outcome.seconds
        );
    }
    println!("in {:.0} s", started.elapsed().as_secs_f64());
}

/// What the native driver has; asked in a process of its own, because drivers may hang.
fn probe(setup: &Setup) -> Result<String, String> {
    let mut command = setup.worker(Side::Native, "probe")?;
    let (lines, end) = process::lines(&mut command, PROBE_MAX)?;
    match (lines.first(), end) {
        (Some(line), End::Status(status)) if status.success() => Ok(line.clone()),
        // The worker's own words.
        (Some(line), End::Status(_)) => Err(line.clone()),
        (_, end) => Err(format!("the driver was asked, and the process ended: {end}")),
    }
}

/// The worker of [`probe`]: one line either way.
fn device_line(setup: &Setup) -> Result<String, String> {
    let cuda = Cuda::load(&setup.library()).map_err(|error| error.to_string())?;
    if cuda.is_ours() && !setup.is_chosen() {
        return Err("the loader's libcuda.so.1 is vgpu's, not a driver's".to_owned());
    }
    cuda.cuInit(0).check("cuInit")?;
    let (mut count, mut version) = (0, 0);
    cuda.cuDeviceGetCount(&mut count).check("cuDeviceGetCount")?;
    cuda.cuDriverGetVersion(&mut version).check("cuDriverGetVersion")?;
    if count == 0 {
        return Err("the driver has no device".to_owned());
    }
    let own = if cuda.is_ours() { ", vgpu's own libcuda as the driver" } else { "" };
    Ok(format!("{}, one of {count}, driver API {}.{}{own}", cuda.device_name()?, version / 1000, version % 1000 / 10))
}

fn worker(name: &str, setup: &Setup) -> Result<(), String> {
    match name.split_once('/') {
        Some(("facts", group)) => facts::group(group, setup),
        Some(("smoke", part)) => smoke::worker(part, setup),
        Some(("guests", role)) => guests::worker(role, setup),
        _ if name == "calls" => calls::worker(setup),
        _ if name == "capability" => ptx::capability(setup),
        _ if name == "probe" => {
            // A reason is an answer as well, and belongs on one line.
            let line = device_line(setup);
            println!("{}", line.as_ref().unwrap_or_else(|reason| reason).replace('\n', " "));
            line.map(drop)
        }
        _ => Err("no such worker".to_owned()),
    }
}

fn finished(name: &str, result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            if name != "probe" {
                eprintln!("gpucheck {name}: {reason}");
            }
            ExitCode::FAILURE
        }
    }
}
