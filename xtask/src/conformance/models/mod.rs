//! `cargo xtask conformance --models`: llama.cpp's `test-llama-archs` computes a small random model of every architecture on
//! the device, and compares the logits with its CPU backend's.
//!
//! [`build`]: the program. [`tally`]: its words.

mod build;
mod tally;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    process::Stdio,
    time::Instant,
};

use anyhow::{Context, Result};

use super::{
    device::{Device, library_path, log_path},
    digests::Digests,
    outcome::Outcome,
    tally::strip_colours,
};
use crate::demo::client::Client;
use build::TestLlamaArchs;
use tally::Tally;

/// Which models, and with which weights.
pub(super) struct Selection<'a> {
    /// A name as llama.cpp knows it, or a regular expression; all architectures when absent.
    pub(super) arch: Option<&'a str>,
    /// Of the weights and tokens.
    pub(super) seed: u64,
}

/// llama.cpp's program.
pub(super) struct Models(TestLlamaArchs);

impl Models {
    /// Compiles it, or finds it compiled.
    pub(super) fn build(client: &Client) -> Result<Self> {
        TestLlamaArchs::build(client).map(Self)
    }

    /// Runs the models, and prints a line for each and what they come to.
    pub(super) fn compare(&self, device: &Device<'_>, selection: &Selection<'_>) -> Result<Outcome> {
        let started = Instant::now();
        let ggml = device.client.ggml();
        let mut command = device.command(&self.0.program());
        command.args(["-s", &selection.seed.to_string()]);
        if let Some(arch) = selection.arch {
            command.args(["-a", arch]);
        }
        // The CPU backends are found where it works.
        command.current_dir(&ggml).env("LD_LIBRARY_PATH", library_path(&[self.0.folder(), &ggml]));
        command.env("GGML_BACKEND_PATH", device.client.cuda_backend());
        let log = log_path()?;
        let errors = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("no pipe to test-llama-archs")?;
        let mut tally = Tally::default();
        let mut broken = Vec::new();
        let mut digests = Digests::default();
        println!("{}: model                           NMSE   saved and loaded", device.label());
        for line in BufReader::new(output).lines() {
            let line = line.context("test-llama-archs printed something that is not UTF-8")?;
            let line = digests.take(&strip_colours(&line));
            match tally.note(&line) {
                Ok(Some(row)) => println!("  {}", row.shown()),
                Ok(None) => {}
                Err(unknown) => broken.push(unknown),
            }
        }
        let status = child.wait().context("test-llama-archs vanished")?;
        if !status.success() {
            broken.push(format!("test-llama-archs: {status}; what it said is in {}", log.display()));
        }
        report(&tally, device.label(), started.elapsed().as_secs_f64());
        Ok(Outcome { failures: tally.faults(broken), digests })
    }
}

fn report(tally: &Tally, device: &str, seconds: f64) {
    let count = tally.models().count();
    let wrong = tally.models().filter(|row| row.is_wrong()).count();
    println!(
        "\n{device}: {} models passed, {wrong} failed, {} left out by the suite; {} more rows on the CPU and split, in {seconds:.0} s",
        count - wrong,
        tally.skipped(),
        tally.others()
    );
    if let Some((row, nmse)) = tally.worst() {
        println!("{device}: worst NMSE against the CPU {nmse:.1e}, of {}", row.model);
    }
}
