//! `cargo xtask conformance`: llama.cpp's `test-backend-ops` compares every operation of its prebuilt CUDA backend on
//! the vGPU with its CPU backend.

mod corpus;
pub(crate) mod llama;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

pub(crate) use corpus::corpus;

use crate::{demo::client::Client, dist, workspace};
use llama::TestBackendOps;

/// Options of `cargo xtask conformance`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask conformance\n  cargo xtask conformance --ops MUL_MAT,SOFT_MAX --capability 6.1\n  cargo xtask conformance --selection"
)]
pub(crate) struct Args {
    /// Operations to test, as test-backend-ops names them; all of them when absent.
    #[arg(long)]
    ops: Option<String>,
    /// Only test cases whose parameters match this regular expression.
    #[arg(long)]
    params: Option<String>,
    /// The representative selection that `cargo xtask test` runs.
    #[arg(long, conflicts_with_all = ["ops", "params"])]
    selection: bool,
    /// Compute capabilities of the software GPU.
    #[arg(long, value_delimiter = ',', default_value = "7.5")]
    capability: Vec<String>,
    /// Worker threads of the software GPU.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
}

/// The operations of a llama decode and some of other families: groups of operations and a pattern of parameters.
/// About a minute on two cores, most of it the CPU backend's.
const SELECTION: &[(&str, &str)] = &[
    ("ADD,MUL,SCALE,SET_ROWS,RMS_NORM,SWIGLU,GEGLU,REGLU,SUM_ROWS,CONCAT,NORM,ARGMAX,CUMSUM", "."),
    ("GET_ROWS", "type=(f32|f16|q4_0|q8_0|q4_K),n=256"),
    ("ROPE", "ne_a=.128,32,2,1."),
    ("SOFT_MAX", "ne=.(16|32|200),"),
    ("MUL_MAT", "type_a=(f32|f16|q4_0|q8_0|q4_K|iq4_xs),.*m=16,n=(1|8|16),k=256,bs=.1,1.,nr=.1,1."),
    ("MUL_MAT_ID", "type_a=(f16|q4_0),.*n_mats=4,n_used=2,"),
    ("FLASH_ATTN_EXT", "hsk=(64|128),.*kv=113,nb=(1|3),.*type_K=(f16|q8_0),"),
];

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let client = Client::install()?;
    let program = TestBackendOps::build(&client)?;
    if !args.no_build {
        dist::build()?;
    }
    let one = [(args.ops.as_deref().unwrap_or(""), args.params.as_deref().unwrap_or("."))];
    let groups = if args.selection { SELECTION } else { &one };
    let mut failures = Vec::new();
    for capability in &args.capability {
        let device = Device { client: &client, program: &program, capability, threads: args.threads };
        failures.extend(device.compare(groups)?);
    }
    verdict(&failures)
}

/// Runs the representative selection at the default capability; dist/ is there already.
pub(crate) fn run_selection(client: &Client) -> Result<()> {
    let program = TestBackendOps::build(client)?;
    let device = Device { client, program: &program, capability: "7.5", threads: 2 };
    verdict(&device.compare(SELECTION)?)
}

fn verdict(failures: &[String]) -> Result<()> {
    if failures.is_empty() { Ok(()) } else { bail!("{} cases failed:\n  {}", failures.len(), failures.join("\n  ")) }
}

/// A software GPU and the program that examines it.
struct Device<'a> {
    client: &'a Client,
    program: &'a TestBackendOps,
    capability: &'a str,
    threads: u32,
}

impl Device<'_> {
    /// Runs groups of (operations, pattern of parameters), prints the counts and returns what failed.
    fn compare(&self, groups: &[(&str, &str)]) -> Result<Vec<String>> {
        let started = Instant::now();
        let mut tally = Tally::default();
        for (ops, params) in groups {
            self.run(ops, params, &mut tally)?;
        }
        tally.print(self.capability, started.elapsed().as_secs_f64());
        Ok(tally.failures)
    }

    fn run(&self, ops: &str, params: &str, tally: &mut Tally) -> Result<()> {
        let mut command = Command::new(workspace::root().join("dist/bin/vgpu"));
        let threads = self.threads.to_string();
        command.args(["run", "--device", "embedded", "--profile", self.capability, "--threads", &threads, "--"]);
        command.arg(self.program.program()).args(["test", "-b", "CUDA0", "-p", params]);
        if !ops.is_empty() {
            command.args(["-o", ops]);
        }
        let ggml = self.program.ggml();
        command.current_dir(ggml).env("LD_LIBRARY_PATH", library_path(ggml));
        command.env("GGML_BACKEND_PATH", self.client.cuda_backend());
        // The backend's chatter would tear the lines apart.
        let log = workspace::cache_dir()?.join("conformance.log");
        let errors = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("no pipe to test-backend-ops")?;
        let before = tally.passed();
        let mut reached_its_end = false;
        for line in BufReader::new(output).lines() {
            let line = strip_colours(&line.context("test-backend-ops printed something that is not UTF-8")?);
            reached_its_end |= line.contains(" tests passed");
            tally.note(&line);
        }
        let status = child.wait().context("test-backend-ops vanished")?;
        // A name that llama.cpp does not know, or a pattern that fits nothing, must not pass for a test.
        let is_idle = |op: &str| !op.is_empty() && !tally.by_op.contains_key(op);
        let idle: Vec<&str> = ops.split(',').filter(|op| is_idle(op)).collect();
        if !reached_its_end || tally.passed() == before || !idle.is_empty() {
            let what = if reached_its_end { format!("tested nothing of {idle:?}") } else { "broke off".to_owned() };
            let log = log.display();
            tally
                .failures
                .push(format!("{ops} {params}: test-backend-ops {what} ({status}); what it said is in {log}"));
        }
        Ok(())
    }
}

/// Passed, failed and unsupported cases by operation.
#[derive(Default)]
struct Tally {
    by_op: BTreeMap<String, [u32; 3]>,
    failures: Vec<String>,
}

impl Tally {
    fn passed(&self) -> u32 {
        self.by_op.values().map(|counts| counts[0]).sum()
    }

    /// Reads one line, such as `  ADD(type=f32,...): OK`.
    fn note(&mut self, line: &str) {
        let Some((case, verdict)) = line.trim().rsplit_once(": ") else { return };
        let Some((op, _)) = case.split_once('(') else { return };
        let at = match verdict {
            "OK" => 0,
            _ if verdict.contains("FAIL") => 1,
            _ if verdict.contains("not supported") => 2,
            _ => return,
        };
        // A failing case prints its error before its name.
        let op = op.rsplit(' ').next().unwrap_or(op);
        self.by_op.entry(op.to_owned()).or_default()[at] += 1;
        if at == 0 && self.passed().is_multiple_of(500) {
            println!("  {} cases passed, {} failed so far", self.passed(), self.failures.len());
        }
        if at == 1 {
            self.failures.push(case.to_owned());
        }
    }

    fn print(&self, capability: &str, seconds: f64) {
        println!("\nop                              passed   failed   not supported by the backend");
        let mut sums = [0; 3];
        for (op, counts) in &self.by_op {
            println!("{op:<30} {:>7} {:>8} {:>8}", counts[0], counts[1], counts[2]);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        println!(
            "{capability}: {} passed, {} failed, {} not supported by the backend, in {seconds:.0} s",
            sums[0], sums[1], sums[2]
        );
    }
}

/// Our programs' libraries stand first in the path; `vgpu run` puts the vGPU's before them.
fn library_path(first: &Path) -> std::ffi::OsString {
    let mut path = first.as_os_str().to_owned();
    if let Some(rest) = std::env::var_os("LD_LIBRARY_PATH").filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    path
}

fn strip_colours(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted_by_operation() {
        let mut tally = Tally::default();
        for line in [
            "  ADD(type=f32,ne=[1,1]): \u{1b}[1;32mOK\u{1b}[0m",
            "  ADD(type=f16,ne=[1,1]): not supported [CUDA0]",
            "[ADD] NMSE = 1.0 > 0.1   ADD(type=f32,ne=[2,1]): \u{1b}[1;31mFAIL\u{1b}[0m",
        ] {
            tally.note(&strip_colours(line));
        }
        assert_eq!(tally.by_op["ADD"], [1, 1, 1]);
        assert_eq!(tally.failures.len(), 1);
    }
}
