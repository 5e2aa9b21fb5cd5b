//! guest-bench, the guest that measures: how it is started, and what it prints.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::workspace;

/// The guest that measures the libraries in `dist`.
pub(super) fn command(dist: &Path, threads: u32) -> Command {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--release", "--package", "vgpu-tests", "--bin", "guest-bench"]);
    command.env("VGPU", "embedded").env("VGPU_DIST", dist).env("VGPU_THREADS", threads.to_string());
    command
}

/// Reads what guest-bench prints: a name, a value and a unit in each line.
pub(super) fn measurements(text: &str) -> Result<Vec<(String, f64, String)>> {
    let read = |line: &str| {
        let mut fields = line.split('\t');
        let (name, value, unit) = (fields.next()?, fields.next()?, fields.next()?);
        Some((name.to_owned(), value.parse().ok()?, unit.to_owned()))
    };
    text.lines().map(|line| read(line).with_context(|| format!("guest-bench printed {line:?}"))).collect()
}
