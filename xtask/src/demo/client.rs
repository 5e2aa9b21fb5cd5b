//! The prebuilt client: installed from npm into the cache, run once per backend.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::workspace;

/// Memory of a VM for the client: its files are in memory, twice while the kernel unpacks them.
const VM_MEMORY: &str = "4G";

/// What one run of `decode.mjs` reports.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decode {
    /// The device line as ggml prints it, "CPU" without one.
    pub(crate) device: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) decode_ms: f64,
    /// Kernels that the vGPU executed, warm-up included; as its executor's log says.
    #[serde(skip)]
    pub(crate) kernels: u64,
}

/// The distribution of the next token at one step.
#[derive(Deserialize, PartialEq)]
pub(crate) struct Step {
    pub(crate) top: u32,
    pub(crate) probabilities: BTreeMap<u32, f64>,
}

/// The installed client.
pub(crate) struct Client {
    dir: PathBuf,
}

/// What executes for the vGPU.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Executor {
    /// The software GPU.
    Soft,
    /// The executor of a driver's GPUs, on our own libcuda and a software GPU in the driver's place.
    Nested,
}

/// Which machine decodes.
pub(crate) enum Backend<'a> {
    Cpu,
    /// The vGPU at this compute capability, through the libraries and programs of a dist folder.
    Vgpu {
        dist: &'a Path,
        capability: &'a str,
        executor: Executor,
    },
    /// The vGPU in a virtual machine, behind the PCI function at this vfio-user socket.
    Vm {
        function: &'a Path,
    },
}

impl Client {
    /// Installs the client, or finds it installed: about 330 MB of packages the first time.
    pub(crate) fn install() -> Result<Self> {
        let source = source();
        let dir = folder()?;
        let ready = dir.join(READY);
        if !ready.exists() {
            println!(
                "client: installing llama.cpp's prebuilt CUDA backend from npm (330 MB, 620 MB unpacked) into {}",
                dir.display()
            );
            fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
            for name in ["package.json", "package-lock.json"] {
                fs::copy(source.join(name), dir.join(name)).with_context(|| name.to_owned())?;
            }
            // The lock file carries the checksums; npm refuses a package that does not match. `npm ci` would also
            // want entries for the other platforms' optional packages, which not every registry mirror has.
            workspace::check(Command::new("npm").current_dir(&dir).args([
                "install",
                "--omit=optional",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
            ]))
            .context("the demo's client comes from npm: is npm installed, and its registry reachable?")?;
            fs::write(&ready, "").context("cannot mark the client as installed")?;
        }
        // Node resolves packages from the script's folder.
        fs::copy(source.join("decode.mjs"), dir.join("decode.mjs")).context("decode.mjs")?;
        Ok(Self { dir })
    }

    /// The client, if it is installed already.
    pub(crate) fn installed() -> Result<Option<Self>> {
        let dir = folder()?;
        Ok(dir.join(READY).exists().then_some(Self { dir }))
    }

    /// Where it is installed.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the prebuilt ggml and its CPU backends.
    pub(crate) fn ggml(&self) -> PathBuf {
        self.dir.join("node_modules/@node-llama-cpp/linux-x64/bins/linux-x64")
    }

    /// llama.cpp's sources, as a git bundle.
    pub(crate) fn llama_history(&self) -> PathBuf {
        self.dir.join("node_modules/node-llama-cpp/llama/gitRelease.bundle")
    }

    /// The prebuilt CUDA 12 backend.
    pub(crate) fn cuda_backend(&self) -> PathBuf {
        self.dir.join("node_modules/@node-llama-cpp/linux-x64-cuda-ext/bins/linux-x64-cuda/fallback/libggml-cuda.so")
    }

    /// The prebuilt CUDA 13 backend, for which we have no libraries.
    pub(crate) fn cuda13_backend(&self) -> PathBuf {
        self.dir.join("node_modules/@node-llama-cpp/linux-x64-cuda/bins/linux-x64-cuda/libggml-cuda.so")
    }

    /// Decodes `steps` tokens of `model`; `forced` are the tokens to feed instead of the run's own choices.
    pub(crate) fn decode(
        &self,
        backend: &Backend<'_>,
        model: &Path,
        steps: usize,
        flash: bool,
        forced: &[u32],
    ) -> Result<Decode> {
        let mut command = match backend {
            Backend::Cpu => Command::new("node"),
            Backend::Vgpu { dist, capability, executor } => {
                let mut command = Command::new(dist.join("bin/vgpu"));
                command.args(["run", "--device", "embedded", "--profile", capability, "--", "node"]);
                if *executor == Executor::Nested {
                    command.env("VGPU_DEVICE", "driver").env("VGPU_NESTED", "1");
                }
                command
            }
            Backend::Vm { function } => self.in_vm(function, model)?,
        };
        command.current_dir(&self.dir).arg("decode.mjs").arg("--model").arg(model);
        command.args(["--steps", &steps.to_string()]);
        command.args(["--gpu", if matches!(backend, Backend::Cpu) { "cpu" } else { "cuda" }]);
        if flash {
            command.arg("--flash");
        }
        if !forced.is_empty() {
            let tokens: Vec<String> = forced.iter().map(u32::to_string).collect();
            command.args(["--forced", &tokens.join(",")]);
        }
        // The executor tells in its last log line what it has done.
        command.env("VGPU_LOG", "vgpud=info");
        let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
        let (log, said): (Vec<String>, Vec<String>) = String::from_utf8_lossy(&output.stderr)
            .lines()
            .map(String::from)
            .partition(|line| line.starts_with("[INFO ] "));
        said.iter().for_each(|line| eprintln!("{line}"));
        if !output.status.success() {
            bail!("{command:?} failed: {}", output.status);
        }
        let text = String::from_utf8(output.stdout).context("the client printed something that is not UTF-8")?;
        let line = text.lines().rfind(|line| line.starts_with('{')).context("the client printed no result line")?;
        let mut decode: Decode = serde_json::from_str(line).context("the client's result line")?;
        decode.kernels = log.iter().find_map(|line| kernels(line)).unwrap_or(0);
        Ok(decode)
    }

    /// Node.js in a VM, with the client and the model at their paths.
    fn in_vm(&self, function: &Path, model: &Path) -> Result<Command> {
        let mut command = Command::new(env::current_exe().context("this program's path")?);
        // Without hardware virtualisation the machine is emulated.
        command.args(["vm", "--memory", VM_MEMORY, "--timeout", "600", "--device"]).arg(function);
        for path in ["node_modules", "package.json", "decode.mjs"]
            .map(|name| self.dir.join(name))
            .iter()
            .chain([&model.to_owned()])
        {
            command.arg("--file").arg(path);
        }
        command.args(["--", "node"]);
        Ok(command)
    }
}

/// Marks a folder whose installation has ended.
const READY: &str = "installed";

fn source() -> PathBuf {
    workspace::root().join("tests/clients")
}

/// Where the client of the lock file is, or would be.
fn folder() -> Result<PathBuf> {
    let lock = fs::read(source().join("package-lock.json")).context("tests/clients/package-lock.json")?;
    let hash: String = Sha256::digest(&lock).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(workspace::cache_dir()?.join(format!("clients-{hash}")))
}

/// Reads `... executed: 123 kernels in ...`.
fn kernels(line: &str) -> Option<u64> {
    line.split_once("executed: ")?.1.split(' ').next()?.parse().ok()
}
