//! How the client's CUDA backend loads: its start-up code registers every fat binary, and nothing may come of it yet.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{demo::client::Client, dist, workspace};

/// The loader reads a library's header this way and maps the rest.
const HEADER_BYTES: f64 = 4096.0;
/// The most of a library that its start-up code may touch, as a share of the whole.
const RESIDENT_SHARE: f64 = 0.1;
/// What loading the backend may take.
const BUDGET_MS: f64 = 10.0;

/// What loading came to.
struct Loading {
    /// By the names that `guest-dlopen` prints.
    values: BTreeMap<String, f64>,
    /// As the runtime counts them.
    fatbins: u64,
    /// Functions and variables, as the runtime counts them.
    symbols: u64,
}

/// Loads the client's CUDA backend where it can reach nothing but memory and files to map.
///
/// # Errors
/// When it does not load, reads more than its header, leaves something open, or is not registered whole.
pub(crate) fn check(client: &Client) -> Result<()> {
    let loading = load(&program()?, client)?;
    let in_file = loading.value("fat binaries in the file")?;
    ensure!(loading.fatbins as f64 == in_file, "{} of {in_file} fat binaries are registered", loading.fatbins);
    ensure!(loading.symbols > 0, "no functions are registered");
    for (name, limit) in
        [("read calls", 1.0), ("bytes read", HEADER_BYTES), ("write calls", 0.0), ("descriptors left open", 0.0)]
    {
        let value = loading.value(name)?;
        ensure!(value <= limit, "loading the CUDA backend: {name}: {value}, not {limit} at most");
    }
    let resident = loading.value("resident after loading")? / loading.value("mapped")?;
    ensure!(resident < RESIDENT_SHARE, "loading brought {:.0} % of the CUDA backend into memory", resident * 100.0);
    println!(
        "{} fat binaries with {} functions and variables are registered; {} bytes were read, {:.1} % of the library touched",
        loading.fatbins,
        loading.symbols,
        loading.value("bytes read")?,
        resident * 100.0
    );
    Ok(())
}

/// Prints what loading takes, and how much of that is registration.
///
/// # Errors
/// As [`check`], but for the limits.
pub(crate) fn bench(client: &Client) -> Result<()> {
    const RUNS: usize = 9;
    let program = program()?;
    let mut loads = Vec::new();
    let mut registrations = Vec::new();
    let (mut fatbins, mut symbols) = (0, 0);
    // In turns, so that the machine's moods come to both.
    for _ in 0..RUNS {
        let loading = load(&program, client)?;
        (fatbins, symbols) = (loading.fatbins, loading.symbols);
        loads.push(loading.value("dlopen")?);
        let counts = [fatbins.to_string(), symbols.to_string()];
        let (values, _) = guest(&mut Command::new(&program), &counts)?;
        registrations.push(*values.get("registration").context("the guest printed no time")?);
    }
    let (load, registration) = (median(&mut loads), median(&mut registrations));
    println!("dlopen of the CUDA backend, {fatbins} registrations");
    println!("{:<28} {load:>12.3} ms, {:.0} % of the budget of {BUDGET_MS} ms", "whole", load / BUDGET_MS * 100.0);
    println!(
        "{:<28} {registration:>12.3} ms, {:.0} % of the whole ({symbols} functions and variables)",
        "as many registrations alone",
        registration / load * 100.0
    );
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn load(program: &Path, client: &Client) -> Result<Loading> {
    let lib = dist::dir().join("lib");
    let mut command = Command::new(program);
    // The base library that the backend needs lies with the CPU's backends.
    command.env("LD_LIBRARY_PATH", format!("{}:{}", lib.display(), client.ggml().display()));
    command.env("VGPU_LOG", "vgpu_cudart=debug");
    let (values, said) = guest(&mut command, &[client.cuda_backend()])?;
    let registered = said.lines().find_map(counts).context("the runtime does not say what is registered")?;
    Ok(Loading { values, fatbins: registered.0, symbols: registered.1 })
}

/// Reads `... registered: 143 fat binaries, 8380 functions and variables`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (fatbins, rest) = line.split_once("registered: ")?.1.split_once(" fat binaries, ")?;
    Some((fatbins.parse().ok()?, rest.split(' ').next()?.parse().ok()?))
}

/// Builds the guest and says where it is.
fn program() -> Result<PathBuf> {
    let build = ["build", "--quiet", "--release", "--package", "vgpu-tests", "--bin", "guest-dlopen"];
    workspace::check(workspace::cargo().args(build))?;
    Ok(workspace::target_dir().join("release/guest-dlopen"))
}

/// Runs the guest; returns the values that it prints, and what it says on stderr.
fn guest(command: &mut Command, args: &[impl AsRef<Path>]) -> Result<(BTreeMap<String, f64>, String)> {
    command.args(args.iter().map(AsRef::as_ref));
    command.env("VGPU", "unix:/nonexistent/vgpud.sock").env("VGPU_DIST", dist::dir());
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        // SIGSYS: a system call that the guest forbids itself. The kernel's log has its number.
        bail!("{command:?} failed: {}\n{said}", output.status);
    }
    let text = String::from_utf8(output.stdout).context("the guest printed something that is not UTF-8")?;
    let value = |line: &str| {
        let (name, rest) = line.split_once('\t')?;
        Some((name.to_owned(), rest.split('\t').next()?.parse().ok()?))
    };
    let values = text.lines().map(|line| value(line).with_context(|| format!("the guest printed {line:?}")));
    Ok((values.collect::<Result<_>>()?, said))
}

impl Loading {
    fn value(&self, name: &str) -> Result<f64> {
        self.values.get(name).copied().with_context(|| format!("the guest printed no {name:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtimes_count_is_read_from_its_log() {
        let line = "[DEBUG vgpu_cudart::registry] registered: 143 fat binaries, 8380 functions and variables";
        assert_eq!(counts(line), Some((143, 8380)));
        assert_eq!(counts("registered: nothing"), None);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
    }
}
