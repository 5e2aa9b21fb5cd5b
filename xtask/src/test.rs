//! `cargo xtask test`: builds dist/, then runs the tests from the inside out.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::{conformance, demo, dist, loading, workspace};

/// Options of `cargo xtask test`.
#[derive(Default, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --offline")]
pub(crate) struct Args {
    /// Leave out what needs packages from npm and PyPI: the real client's loading, decode and comparison of operations.
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
        step(started, "skipped, as --offline asks: the real client's loading, decode and comparison of operations");
        return Ok(());
    }
    let client = demo::client::Client::install()?;
    step(started, "real client: its CUDA backend loads and does nothing yet");
    loading::check(&client)?;
    step(started, "real client: a prebuilt llama.cpp decodes on the vGPU");
    demo::check(&client)?;
    step(started, "real client: every kernel of its library compiles");
    conformance::corpus(&client)?;
    step(started, "real client: its operations against the CPU's, a representative selection");
    conformance::run_selection(&client)?;
    step(started, "all passed");
    Ok(())
}

fn step(started: Instant, what: &str) {
    println!("\n[{:>4.0} s] {what}", started.elapsed().as_secs_f64());
}
