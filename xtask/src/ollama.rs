//! `cargo xtask ollama`: trees as Ollama's packages lay them out, around the real CUDA backend and llama-server.
//!
//! The tests themselves are tests/tests/ollama.rs; this brings them what they need.

use anyhow::{Context, Result};

use crate::{demo, demo::client::Client, dist, llama_server, workspace};

/// Options of `cargo xtask ollama`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask ollama\n  cargo xtask ollama --no-build")]
pub(crate) struct Args {
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let client = Client::install()?;
    if !args.no_build {
        dist::build()?;
    }
    check(&client)
}

/// Installs into the trees, diagnoses, discovers, completes and uninstalls; dist/ is there already.
pub(crate) fn check(client: &Client) -> Result<()> {
    let server = llama_server::build(client)?;
    let model = demo::f32_model()?;
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
    tests.env("VGPU_DIST", dist::dir()).env("VGPU_TEST_GGML", client.ggml()).env("VGPU_TEST_LLAMA_SERVER", server);
    tests.env("VGPU_TEST_CUDA_BACKEND", client.cuda_backend()).env("VGPU_TEST_MODEL", model);
    tests.env("VGPU_TEST_CUDA13_BACKEND", client.cuda13_backend());
    workspace::check(&mut tests).context("Ollama's trees: something went wrong; it stands above")
}
