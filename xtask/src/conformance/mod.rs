//! `cargo xtask conformance`: llama.cpp's `test-backend-ops` compares every operation of its prebuilt CUDA backend on
//! the vGPU with its CPU backend, and [`models`] its models of all architectures.

mod corpus;
mod digests;
pub(crate) mod llama;
mod models;
mod races;
mod tally;

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

pub(crate) use corpus::corpus;

use crate::{demo::client::Client, dist, workspace};
use digests::Digests;
use llama::TestBackendOps;
use models::Models;
use tally::{Tally, strip_colours};

/// Options of `cargo xtask conformance`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask conformance\n  cargo xtask conformance --ops MUL_MAT,SOFT_MAX --capability 6.1\n  cargo xtask conformance --selection\n  cargo xtask conformance --races --ops FLASH_ATTN_EXT --params hsk=512\n  cargo xtask conformance --models --arch '^(llama|mamba)'\n  cargo xtask conformance --models --device unix:/run/vgpu/vgpud.sock\n  cargo xtask conformance --nested"
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
    /// Compute whole models instead: a small random one of every architecture that llama.cpp knows (9 minutes on two cores; the
    /// suite is compiled once, 3 minutes).
    #[arg(long, conflicts_with_all = ["ops", "params", "selection", "races"])]
    models: bool,
    /// Only architectures of this name, or that match this regular expression.
    #[arg(long, value_name = "NAME", requires = "models")]
    arch: Option<String>,
    /// Of the models' weights and tokens.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "models")]
    seed: u64,
    /// Another device than an embedded software GPU, as `vgpu run --device` takes it: unix:SOCKET of a vgpud, ...
    #[arg(long, conflicts_with_all = ["capability", "threads", "schedule", "races"])]
    device: Option<String>,
    /// Compute everything twice: directly on the software GPU, and with the executor of a driver's GPUs between, our own libcuda in
    /// the driver's place. All that is read back must be the same to the last bit.
    #[arg(long, conflicts_with_all = ["device", "races"])]
    nested: bool,
    /// Compute capabilities of the software GPU.
    #[arg(long, value_delimiter = ',', default_value = "7.5")]
    capability: Vec<String>,
    /// Worker threads of the software GPU.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Order of a block's warps: interleaved or to-barrier.
    #[arg(long, default_value = "interleaved", value_parser = ["interleaved", "to-barrier"])]
    schedule: String,
    /// Find the cases whose result depends on the order of warps, and hold them against the race detector: each case that
    /// fails with --schedule to-barrier must pass interleaved, and the detector must name its race.
    #[arg(long, conflicts_with_all = ["selection", "schedule"])]
    races: bool,
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
    let suite = if args.models {
        Suite::Models(Models::build(&client)?)
    } else {
        Suite::Operations(TestBackendOps::build(&client)?)
    };
    if !args.no_build {
        dist::build()?;
    }
    let one = [(args.ops.as_deref().unwrap_or(""), args.params.as_deref().unwrap_or("."))];
    let groups = if args.selection { SELECTION } else { &one };
    let preload = if args.nested { Some(digests::build(&client)?) } else { None };
    let mut failures = Vec::new();
    for capability in &args.capability {
        let software =
            Software { capability, threads: args.threads, schedule: &args.schedule, racecheck: false, nested: false };
        let compare = |software| {
            let kind = args.device.as_deref().map_or(Kind::Embedded(software), Kind::Named);
            let device = Device { client: &client, kind, preload: preload.as_deref() };
            match &suite {
                Suite::Models(models) => {
                    models.compare(&device, &models::Selection { arch: args.arch.as_deref(), seed: args.seed })
                }
                Suite::Operations(program) => device.compare(program, groups),
            }
        };
        failures.extend(match &suite {
            Suite::Operations(program) if args.races => races::compare(&client, program, software, one[0])?,
            _ if args.nested => {
                let direct = compare(software)?;
                nested_as_direct(compare(Software { nested: true, ..software })?, direct)
            }
            _ => compare(software)?.failures,
        });
    }
    verdict(&failures)
}

/// What came of a suite.
struct Outcome {
    /// A line each.
    failures: Vec<String>,
    digests: Digests,
}

/// What speaks against either run, or against both having computed the same.
fn nested_as_direct(nested: Outcome, direct: Outcome) -> Vec<String> {
    let different = nested.digests.differences(&direct.digests);
    if different.is_empty() {
        println!("nested: the same bytes as directly in {} reads", nested.digests.count());
    }
    direct.failures.into_iter().chain(nested.failures).chain(different).collect()
}

/// llama.cpp's programs that hold a device against the CPU.
enum Suite {
    Operations(TestBackendOps),
    Models(Models),
}

/// Runs the representative selection at the default capability; dist/ is there already.
pub(crate) fn run_selection(client: &Client) -> Result<()> {
    let program = TestBackendOps::build(client)?;
    let software = Software { capability: "7.5", threads: 2, schedule: "interleaved", racecheck: false, nested: false };
    let device = Device { client, kind: Kind::Embedded(software), preload: None };
    verdict(&device.compare(&program, SELECTION)?.failures)
}

fn verdict(failures: &[String]) -> Result<()> {
    if failures.is_empty() { Ok(()) } else { bail!("{} cases failed:\n  {}", failures.len(), failures.join("\n  ")) }
}

/// A software GPU's settings.
#[derive(Clone, Copy)]
struct Software<'a> {
    capability: &'a str,
    threads: u32,
    schedule: &'a str,
    racecheck: bool,
    /// In the place of a driver that the executor of drivers' GPUs uses.
    nested: bool,
}

/// Which device programs get.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// A software GPU of their own.
    Embedded(Software<'a>),
    /// One that is there, with settings of its own.
    Named(&'a str),
}

/// A device for the client's programs.
#[derive(Clone, Copy)]
struct Device<'a> {
    client: &'a Client,
    kind: Kind<'a>,
    /// A library to be loaded into the programs before their own.
    preload: Option<&'a Path>,
}

impl Device<'_> {
    /// What it is called in results.
    fn label(&self) -> &str {
        match self.kind {
            Kind::Embedded(Software { nested: true, .. }) => "nested",
            Kind::Embedded(software) => software.capability,
            Kind::Named(name) => name,
        }
    }

    /// A command that runs `program` on the device.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(workspace::root().join("dist/bin/vgpu"));
        command.args(["run", "--device"]);
        match self.kind {
            Kind::Embedded(Software { capability, threads, schedule, racecheck, nested }) => {
                command.args(["embedded", "--profile", capability, "--threads", &threads.to_string()]);
                command.args(["--schedule", schedule]).args(racecheck.then_some("--racecheck"));
                if nested {
                    command.env("VGPU_DEVICE", "driver").env("VGPU_NESTED", "1");
                }
            }
            Kind::Named(name) => {
                command.arg(name);
            }
        }
        command.arg("--");
        if let Some(library) = self.preload {
            command.arg("env").arg(format!("LD_PRELOAD={}", library.display()));
        }
        command.arg(program);
        command
    }

    /// Runs groups of (operations, pattern of parameters), and prints the counts.
    fn compare(&self, program: &TestBackendOps, groups: &[(&str, &str)]) -> Result<Outcome> {
        let started = Instant::now();
        let mut tally = Tally::default();
        for (ops, params) in groups {
            self.run(program, ops, params, &mut tally)?;
        }
        tally.print(self.label(), started.elapsed().as_secs_f64());
        Ok(Outcome { failures: tally.failures, digests: tally.digests })
    }

    fn run(&self, program: &TestBackendOps, ops: &str, params: &str, tally: &mut Tally) -> Result<()> {
        let mut command = self.command(program.program());
        command.args(["test", "-b", "CUDA0", "-p", params]);
        if !ops.is_empty() {
            command.args(["-o", ops]);
        }
        let ggml = program.ggml();
        command.current_dir(ggml).env("LD_LIBRARY_PATH", library_path(&[ggml]));
        command.env("GGML_BACKEND_PATH", self.client.cuda_backend());
        // The backend's chatter would tear the lines apart.
        let log = log_path()?;
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
            let line = line.context("test-backend-ops printed something that is not UTF-8")?;
            let line = tally.digests.take(&strip_colours(&line));
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

/// Where the programs' and the executor's messages of the last run are.
fn log_path() -> Result<PathBuf> {
    Ok(workspace::cache_dir()?.join("conformance.log"))
}

/// The programs' libraries stand first in the path; `vgpu run` puts the vGPU's before them.
fn library_path(first: &[&Path]) -> OsString {
    let rest = env::var_os("LD_LIBRARY_PATH").filter(|rest| !rest.is_empty());
    let folders: Vec<OsString> = first.iter().map(|folder| folder.as_os_str().to_owned()).chain(rest).collect();
    folders.join(OsStr::new(":"))
}
