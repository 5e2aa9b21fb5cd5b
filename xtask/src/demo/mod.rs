//! `cargo xtask demo`: an unmodified, prebuilt llama.cpp decodes on the vGPU and is held against its own CPU backend.
//!
//! - [`client`]: the program, from npm. [`model`], [`gguf`]: the models, made here. [`compare`]: the verdict.

pub(crate) mod client;
mod compare;
mod gguf;
mod model;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{dist, running::Running, workspace};
use client::{Backend, Client, Decode, Executor};
use model::WeightType;

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo --types f32,q4_0 --capability 8.0\n  cargo xtask demo --device nested\n  cargo xtask demo --all"
)]
pub(crate) struct Args {
    /// Weight types to decode.
    #[arg(long, value_delimiter = ',', value_enum)]
    types: Vec<WeightType>,
    /// Compute capabilities of the software GPU.
    #[arg(long, value_delimiter = ',', default_value = "7.5")]
    capability: Vec<String>,
    /// Decode with flash attention only, without only, or both ways.
    #[arg(long, value_enum, default_value = "on")]
    flash_attention: Flash,
    /// What executes: the software GPU, or with it in a driver's place the executor of drivers, whose decode must be the same
    /// to the last bit.
    #[arg(long, value_enum, default_value = "soft")]
    device: Executor,
    /// All types at 6.1, 7.5 and 8.0, with and without flash attention.
    #[arg(long)]
    all: bool,
    /// Decode steps, the prompt's included.
    #[arg(long, default_value_t = 16)]
    steps: usize,
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Flash {
    On,
    Off,
    Both,
}

impl Flash {
    fn modes(self) -> &'static [bool] {
        match self {
            Self::On => &[true],
            Self::Off => &[false],
            Self::Both => &[true, false],
        }
    }
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    let client = Client::install()?;
    let dist = workspace::root().join("dist");
    if !args.no_build {
        println!("build: libraries and programs into {}", dist.display());
        dist::build()?;
    }
    let types = if args.types.is_empty() || args.all { WeightType::ALL.to_vec() } else { args.types.clone() };
    let capabilities =
        if args.all { ["6.1", "7.5", "8.0"].map(String::from).to_vec() } else { args.capability.clone() };
    let modes = if args.all { Flash::Both } else { args.flash_attention }.modes();
    let faults = decode_all(&client, &dist, &types, &capabilities, modes, args.steps, args.device)?;
    println!("\n{} runs in {:.1} s", types.len() * capabilities.len() * modes.len(), started.elapsed().as_secs_f64());
    verdict(&faults)
}

/// Decodes every type at the default capability, as the tests want it: dist/ is there already.
pub(crate) fn check(client: &Client) -> Result<()> {
    let dist = workspace::root().join("dist");
    verdict(&decode_all(client, &dist, &WeightType::ALL, &["7.5".to_owned()], Flash::Both.modes(), 16, Executor::Soft)?)
}

/// Decodes the f32 model on the executor of drivers, without a GPU, and on the software GPU directly: dist/ is there already.
pub(crate) fn check_nested(client: &Client) -> Result<()> {
    let dist = workspace::root().join("dist");
    let (types, capabilities) = ([WeightType::F32], ["7.5".to_owned()]);
    verdict(&decode_all(client, &dist, &types, &capabilities, Flash::Both.modes(), 16, Executor::Nested)?)
}

/// Tokens that the client decodes in a virtual machine: emulated, it takes its time to start.
const VM_STEPS: usize = 4;

/// Decodes the f32 model in a virtual machine, over its PCI function; dist/ is there already.
pub(crate) fn check_in_vm(client: &Client) -> Result<()> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let function = folder.path().join("vm.sock");
    let offer = format!("--vfio-user={}", function.display());
    let _daemon = Running::vgpud(&["--no-socket", "--threads=2", &offer], &[&function])?;
    compare_in_vm(client, &function)
}

fn compare_in_vm(client: &Client, function: &Path) -> Result<()> {
    let model = model_of(WeightType::F32)?;
    let cpu = client.decode(&Backend::Cpu, &model, VM_STEPS, true, &[])?;
    let forced: Vec<u32> = cpu.steps.iter().map(|step| step.top).collect();
    let vm = client.decode(&Backend::Vm { function }, &model, VM_STEPS, true, &forced)?;
    let result = compare::compare(&cpu, &vm, compare::tolerance(WeightType::F32));
    println!("{}", vm.device);
    println!("f32 in a VM  {}/{}  largest difference {:.1e}", result.agreeing, result.steps, result.largest_difference);
    ensure!(vm.device.starts_with("Device 0: vgpu"), "the client computed on {:?}", vm.device);
    result.fault(WeightType::F32, VM_STEPS).map_or(Ok(()), |fault| bail!("f32 in a VM: {fault}"))
}

/// A random model whose weights are f32, so that every computer prefers the same tokens.
pub(crate) fn f32_model() -> Result<PathBuf> {
    model_of(WeightType::F32)
}

/// The random model of that type, written if need be.
fn model_of(weights: WeightType) -> Result<PathBuf> {
    let models = workspace::cache_dir()?.join("models");
    fs::create_dir_all(&models).with_context(|| format!("cannot create {}", models.display()))?;
    let path = models.join(format!("tiny-random-{}.gguf", weights.name()));
    model::write(&path, weights)?;
    Ok(path)
}

fn verdict(faults: &[String]) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { bail!("{} runs went wrong:\n  {}", faults.len(), faults.join("\n  ")) }
}

/// Prints the table and returns what went wrong, a line each.
fn decode_all(
    client: &Client,
    dist: &Path,
    types: &[WeightType],
    capabilities: &[String],
    modes: &[bool],
    steps: usize,
    executor: Executor,
) -> Result<Vec<String>> {
    let mut references: BTreeMap<(&str, bool), Decode> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut shown_device = String::new();
    for capability in capabilities {
        for &weights in types {
            let path = model_of(weights)?;
            for &flash in modes {
                let cpu = match references.entry((weights.name(), flash)) {
                    std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        entry.insert(client.decode(&Backend::Cpu, &path, steps, flash, &[])?)
                    }
                };
                let forced: Vec<u32> = cpu.steps.iter().map(|step| step.top).collect();
                let label = format!(
                    "{capability} {:<5} flash attention {:<3}",
                    weights.name(),
                    if flash { "on" } else { "off" }
                );
                let decode = |executor| {
                    client.decode(&Backend::Vgpu { dist, capability, executor }, &path, steps, flash, &forced)
                };
                let vgpu = match decode(executor) {
                    Ok(decode) => decode,
                    Err(error) => {
                        println!("{label}  FAILED");
                        faults.push(format!("{label}: {error:#}"));
                        continue;
                    }
                };
                if vgpu.device != shown_device {
                    println!(
                        "\n{}\n\ncc  type                       top-1   largest difference   CPU ms   vGPU ms   kernels",
                        vgpu.device
                    );
                    shown_device.clone_from(&vgpu.device);
                }
                let result = compare::compare(cpu, &vgpu, compare::tolerance(weights));
                let idle = || (vgpu.kernels == 0).then(|| "no kernel ran on the vGPU".to_owned());
                let differs = || match executor {
                    Executor::Soft => None,
                    Executor::Nested => match decode(Executor::Soft) {
                        Ok(direct) => (direct.steps != vgpu.steps)
                            .then(|| "the software GPU decodes otherwise when it is driven directly".to_owned()),
                        Err(error) => Some(format!("directly: {error:#}")),
                    },
                };
                let fault = result.fault(weights, steps).or_else(idle).or_else(differs);
                println!(
                    "{label}  {:>2}/{:<2}   {:>18.1e}   {:>6.0}   {:>7.0}   {:>7}{}",
                    result.agreeing,
                    result.steps,
                    result.largest_difference,
                    cpu.decode_ms,
                    vgpu.decode_ms,
                    vgpu.kernels,
                    if fault.is_some() { "  WRONG" } else { "" }
                );
                faults.extend(fault.map(|fault| format!("{label}: {fault}")));
            }
        }
    }
    Ok(faults)
}
