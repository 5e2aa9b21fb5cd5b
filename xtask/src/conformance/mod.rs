//! `cargo xtask conformance`: llama.cpp's `test-backend-ops` compares every operation of its prebuilt CUDA backend on
//! the vGPU with its CPU backend, and [`models`] its models of all architectures.
//!
//! - `device`: what the programs run on. `llama`, `operations`: test-backend-ops, and a run of it; `tally`: its words.
//! - `races`: cases that the order of warps decides; `digests`: what was read back; `outcome`: whether all that will do.
//! - `corpus`: whether every instruction of the client's kernels is known.

mod corpus;
mod device;
mod digests;
pub(crate) mod llama;
mod models;
mod operations;
mod outcome;
mod races;
mod tally;

use anyhow::Result;

pub(crate) use corpus::corpus;

use crate::{demo::client::Client, dist};
use device::{Device, Kind, Software};
use llama::TestBackendOps;
use models::Models;
use outcome::{nested_as_direct, verdict};

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
                Suite::Operations(program) => program.compare(&device, groups),
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
    verdict(&program.compare(&device, SELECTION)?.failures)
}
