//! `cargo xtask ollama`: trees as Ollama's packages lay them out, around the real CUDA backend and llama-server.
//!
//! The tests themselves are `ollama`, `documents` and the boots of `vm` in tests/tests; this brings them what they need.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{demo, demo::client::Client, dist, llama_server, vm, workspace};

/// Options of `cargo xtask ollama`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask ollama\n  cargo xtask ollama --no-build\n  VGPU_BOOTS=10 cargo xtask ollama --boots"
)]
pub(crate) struct Args {
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
    /// Only boot a virtual machine with Ollama's service, again and again; VGPU_BOOTS says how often, on busy processors.
    #[arg(long)]
    boots: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let client = Client::install()?;
    if !args.no_build {
        dist::build()?;
    }
    if args.boots {
        vm::prepare()?;
        return check_in_vm(&client);
    }
    check(&client)
}

/// Installs into the trees, diagnoses, discovers, completes and uninstalls; dist/ is there already.
pub(crate) fn check(client: &Client) -> Result<()> {
    let mut tests = workspace::cargo();
    tests.args([
        "test",
        "--release",
        "--package",
        "vgpu-tests",
        "--test",
        "ollama",
        "--test",
        "documents",
        "--",
        "--ignored",
    ]);
    // One tree at a time: each has a daemon whose executors are counted, and two processors are enough for one model.
    tests.args(["--test-threads=1", "--nocapture"]);
    give_parts(&mut tests, client)?;
    workspace::check(&mut tests).context("Ollama's trees: something went wrong; it stands above")
}

/// Boots a VM with a tree, its service and systemd.
pub(crate) fn check_in_vm(client: &Client) -> Result<()> {
    let mut tests = vm::tests()?;
    tests.args(["boots::", "--nocapture"]);
    give_parts(&mut tests, client)?;
    workspace::check(&mut tests).context("Ollama's service in a virtual machine: something went wrong; it stands above")
}

/// Tells tests what trees are made of.
fn give_parts(tests: &mut Command, client: &Client) -> Result<()> {
    let server = llama_server::build(client)?;
    let model = demo::f32_model()?;
    tests.env("VGPU_DIST", dist::dir()).env("VGPU_TEST_GGML", client.ggml()).env("VGPU_TEST_LLAMA_SERVER", server);
    tests.env("VGPU_TEST_CUDA_BACKEND", client.cuda_backend()).env("VGPU_TEST_MODEL", model);
    tests.env("VGPU_TEST_CUDA13_BACKEND", client.cuda13_backend());
    Ok(())
}
