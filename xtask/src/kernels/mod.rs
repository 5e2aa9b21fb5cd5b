//! `cargo xtask kernels`: the CUDA C++ programs of `tests/kernels`, compiled by NVIDIA's compiler and run on the software GPU.
//!
//! The tests themselves are `kernels` in tests/tests; this brings them the programs.

mod compile;
mod toolkit;

use anyhow::{Context, Result, bail};

use crate::{dist, workspace};
use toolkit::Toolkit;

/// Options of `cargo xtask kernels`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask kernels\n  cargo xtask kernels --only atomics --no-build\n  VGPU_TEST_DEVICE=nested cargo xtask kernels"
)]
pub(crate) struct Args {
    /// Only the programs whose name contains this: `heap`, `sm_80/`.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    only: String,
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(reason) = Toolkit::unavailable() {
        bail!("{reason}");
    }
    if !args.no_build {
        dist::build()?;
    }
    compile_and_run(&args.only)
}

/// The same for the tests, with dist/ as it is. Returns why it had to be left out, if it had.
///
/// # Errors
/// As the subcommand's.
pub(crate) fn check() -> Result<Option<String>> {
    let unavailable = Toolkit::unavailable();
    if unavailable.is_none() {
        compile_and_run("")?;
    }
    Ok(unavailable)
}

fn compile_and_run(only: &str) -> Result<()> {
    let programs = compile::all(&Toolkit::ready()?, only)?;
    let mut tests = workspace::cargo();
    tests.args(["test", "--release", "--package", "vgpu-tests", "--test", "kernels", "--", "--ignored"]);
    // A test is called as its program, with colons.
    tests.arg(only.replace('/', "::")).env("VGPU_DIST", dist::dir()).env("VGPU_TEST_KERNELS", programs);
    workspace::check(&mut tests).context("some CUDA C++ programs went wrong; their lines stand above")
}
