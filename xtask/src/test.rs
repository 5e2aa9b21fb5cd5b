//! `cargo xtask test`: builds dist/, then runs the tests from the inside out.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::{conformance, demo, dist, kernels, loading, ollama, ptxas, vm, words, workspace};

/// Options of `cargo xtask test`.
#[derive(Default, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --offline")]
pub(crate) struct Args {
    /// Leave out what needs packages from npm, PyPI and Debian: the real client's loading, decode and comparison of operations,
    /// the real assembler and compiler, the real libraries' words, and the virtual machines.
    #[arg(long)]
    offline: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    step(started, "building dist/");
    dist::build()?;
    step(started, "unit and integration tests");
    workspace::check(workspace::cargo().args(["test", "--release", "--workspace", "--no-fail-fast"]))
        .context("some tests failed; their names stand above")?;
    if args.offline {
        step(
            started,
            "skipped, as --offline asks: the real assembler and compiler, the real libraries' words, virtual machines, and the real client",
        );
        return Ok(());
    }
    step(started, "the real assembler: what it takes is known to the software GPU");
    if let Some(reason) = ptxas::check()? {
        println!("skipped: {reason}");
    }
    step(started, "the real compiler: CUDA C++ programs compute on the software GPU what the host does");
    if let Some(reason) = kernels::check()? {
        println!("skipped: {reason}");
    }
    step(started, "real libraries: names and texts of result codes");
    for skipped in words::check(false)? {
        println!("skipped: {skipped}");
    }
    let skipped_vm = vm::unavailable();
    match skipped_vm.clone().or_else(has_gpu) {
        Some(reason) => step(started, &format!("skipped: the executor on a real driver's library: {reason}")),
        None => {
            step(started, "the executor on a real driver's library, which finds no GPU");
            on_real_driver()?;
        }
    }
    match &skipped_vm {
        Some(reason) => step(started, &format!("skipped: tests in virtual machines: {reason}")),
        None => {
            step(started, "programs in virtual machines (QEMU)");
            vm::prepare()?;
            in_virtual_machines()?;
        }
    }
    let client = demo::client::Client::install()?;
    step(started, "real client: its CUDA backend loads and does nothing yet");
    loading::check(&client)?;
    step(started, "real client: a prebuilt llama.cpp decodes on the vGPU");
    demo::check(&client)?;
    step(started, "real client: the same on the executor of a driver's GPUs, where there is none");
    demo::check_nested(&client)?;
    step(started, "real client: installed for Ollama, discovered as Ollama does, and completing text over HTTP");
    ollama::check(&client)?;
    if skipped_vm.is_none() {
        step(started, "real client: the decode in a virtual machine, over its PCI function");
        demo::check_in_vm(&client)?;
        step(started, "real client: Ollama's service in a virtual machine with systemd, which boots");
        ollama::check_in_vm(&client)?;
    }
    step(started, "real client: every kernel of its library compiles");
    conformance::corpus(&client)?;
    step(started, "real client: its operations against the CPU's, a representative selection");
    conformance::run_selection(&client)?;
    match skipped_vm {
        Some(reason) => step(started, &format!("all passed; skipped: tests in virtual machines: {reason}")),
        None => step(started, "all passed"),
    }
    Ok(())
}

/// Why a real driver would not be without a GPU here.
fn has_gpu() -> Option<String> {
    // Not its nodes in /dev: the library makes them itself, where it may.
    Path::new("/proc/driver/nvidia/version").exists().then(|| "this machine has a GPU".to_owned())
}

fn on_real_driver() -> Result<()> {
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "--release", "--package", "vgpu-driver", "--test", "driver", "--"]);
    test.args(["--ignored", "--exact", "drivers::a_real_driver_has_what_is_needed_and_finds_no_gpu"]);
    workspace::check(test.env("VGPU_REAL_DRIVER", words::real_driver()?))
        .context("the real driver's library went wrong")
}

/// The tests of `tests/tests/vm/`, one machine at a time, but those that need the client.
fn in_virtual_machines() -> Result<()> {
    let mut tests = vm::tests()?;
    workspace::check(tests.args(["--skip", "boots::"])).context("some programs in virtual machines went wrong")
}

fn step(started: Instant, what: &str) {
    println!("\n[{:>4.0} s] {what}", started.elapsed().as_secs_f64());
}
