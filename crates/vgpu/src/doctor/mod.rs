//! `vgpu doctor`: says why a CUDA program, Ollama above all, does not find the GPU. It changes nothing.
//!
//! - `check`: a verdict with its evidence, cause and fix; `render`: the list of them as text.
//! - `search`: a model of the dynamic loader.
//! - `libraries`: which files are ours, and whether they are whole.
//! - `ollama`: the Ollama that is looked at; `backend`: its CUDA backend, held against the model.
//! - `probe`: a child process in which the real loader is asked.
//! - `environment`: variables that lead astray; `gpu`: what executes on this machine; `device`: is there a GPU at the end of it all, and how fast;
//!   `architectures`: does the backend have kernels for it.
//! - `discovery`: what Ollama itself would find.
//! - `running`: processes that run, and what each has loaded; `server`: the servers of Ollama's among them, and whether each
//!   has found the GPU.
//! - `selection`: which device is meant; `surroundings`: how it is mended here, in a VM or on a host; `daemon`: whether its
//!   program is the one that is there; `memory`: whether it has enough, and keeps it.
//! - `service`: the environment and the rights that a systemd service gives its programs; `variables`: an environment that
//!   need not be this process's own.

mod architectures;
mod backend;
mod check;
mod daemon;
mod device;
mod discovery;
mod environment;
mod gpu;
mod libraries;
mod memory;
mod ollama;
pub(crate) mod probe;
mod render;
mod running;
mod search;
mod selection;
mod server;
mod service;
mod surroundings;
mod variables;

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::machine::Machine;
use crate::ollama::layout::BACKEND;
use crate::ollama::services::OLLAMA;
use crate::ollama::{Found, Installed, Seek, find};
use crate::unit::Unit;
use backend::Backend;
use check::{Check, Report, Verdict};
use device::Asker;
use libraries::Reference;
use ollama::Ollama;
use server::Running;
use service::Service;
use surroundings::Surroundings;
use variables::Variables;

/// Options of `vgpu doctor`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu doctor                                   this machine's Ollama and its service, our libraries, the device
  vgpu doctor --service llama                   another service, with its environment, its user and its sandbox
  vgpu doctor --ollama /opt/ollama              another copy of Ollama
  vgpu doctor --backend ./libggml-cuda.so       the backend of another program, with this LD_LIBRARY_PATH
  sudo -u ollama vgpu doctor                    as the user of the service
  sudo vgpu doctor --pid 4711                   what a running Ollama (`pgrep -xo ollama`) and its children have loaded
  sudo vgpu doctor --watch                      the same while it happens: start a model in another window
  sudo vgpu doctor --watch --pid 4711 --for 60

The Ollama that is looked at is the one that `vgpu install` sets up: that of --service, else of a running server, of a service
that starts one, of the ollama on PATH, or one where packages put it. All that were found are named. Each `ollama serve` of it
that runs is held against what there is now: its log (a file, or systemd's journal), its processes, its list of loaded models
(/api/ps) and its start tell whether it has the GPU, or must be restarted. As root, doctor sees more of that.

A service is looked at where --service names one, and that of the Ollama that counts where neither --ollama nor --backend asks
for something else. Its variables then are the ones that count, not this shell's. Its unit files are read as systemd reads
them; the variables that systemd itself was given (PassEnvironment=), access lists and security modules other than AppArmor
are not looked at.

--watch looks some 200 times a second, because the kernel tells of new processes only to root. A process that lives for less
than some 10 ms can be missed, and so can what it loads last; Ollama's probes live for 250 ms. With --pid, grandchildren
whose parents have ended are lost; with a service, none are.

It changes nothing. To see what the loader really does it opens the backend in a process of its own, whose environment is
this one and what Ollama adds; then it looks for devices as that Ollama does, and shows the line that Ollama would log. Exit status: 0 when nothing failed, 1 when something did, 2 when it could not look.")]
pub(crate) struct Args {
    /// Ollama's folder: lib/ollama, or the one that holds it (default: as `vgpu install` chooses it).
    #[arg(long, value_name = "DIR")]
    ollama: Option<PathBuf>,
    /// A libggml-cuda.so of another program.
    #[arg(long, value_name = "FILE", conflicts_with = "ollama")]
    backend: Option<PathBuf>,
    /// The folder of our own libraries, that others are held against (default: ../lib of this program's folder).
    #[arg(long, value_name = "DIR")]
    libraries: Option<PathBuf>,
    /// A systemd service whose programs shall use the GPU (default: ollama.service, if there is one).
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Look into this running process and its children instead of at files.
    #[arg(long, value_name = "N", conflicts_with_all = ["ollama", "backend", "service", "no_device"])]
    pid: Option<u32>,
    /// Follow the processes of --pid or of the service, and print what each loads, until interrupted.
    #[arg(long, conflicts_with_all = ["ollama", "backend", "json", "no_device"])]
    watch: bool,
    /// End --watch after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", requires = "watch")]
    for_s: Option<u64>,
    /// Look for services and their files in this folder instead of /, for tests.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
    /// Look at the loading of libraries only, and connect to no device.
    #[arg(long)]
    no_device: bool,
    /// How long a process may take that does what Ollama does; Ollama waits 30 s.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, hide = true)]
    probe_seconds: u64,
    /// Print the list of checks as JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at everything and prints what was found.
///
/// # Errors
/// When it could not look.
pub(crate) fn run(args: &Args) -> Result<bool> {
    if args.watch {
        return watch(args).map(|()| true);
    }
    let report = match args.pid {
        Some(pid) => Report::new(running::checks(pid, &machine(args)?, &reference(args)?.0)?),
        None => examine(args)?,
    };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        render::text(&report, &mut out)?;
    }
    Ok(report.is_healthy())
}

fn watch(args: &Args) -> Result<()> {
    let (reference, _) = reference(args)?;
    let source = match (args.pid, find_service(args, None)?) {
        (Some(pid), _) => running::Source::Tree(pid),
        (None, Some(service)) => running::Source::Group(service.unit.name.clone(), service.process_lists()),
        (None, None) => {
            bail!("--watch: there is no {}; name a service or a process with --service or --pid", OLLAMA)
        }
    };
    let limit = args.for_s.map(Duration::from_secs);
    match running::watch(&source, &reference, limit, &mut io::stdout().lock()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Our own libraries, and this program.
fn reference(args: &Args) -> Result<(Reference, PathBuf)> {
    let program = env::current_exe().context("cannot find out where this program is")?;
    let folder = match &args.libraries {
        Some(folder) => folder.clone(),
        None => program.ancestors().nth(2).context("this program lies in no folder")?.join("lib"),
    };
    let folder = folder.canonicalize().with_context(|| {
        format!("{}: no libraries of vgpu to hold others against; name their folder with --libraries", folder.display())
    })?;
    Ok((Reference::new(&folder), program))
}

fn examine(args: &Args) -> Result<Report> {
    let (reference, program) = reference(args)?;
    let machine = machine(args)?;
    let is_other = args.ollama.is_some() || args.backend.is_some();
    let found = (!is_other).then(|| find(&machine, &Seek::own(&machine, args.service.as_deref())));
    let service = find_service(args, found.as_ref())?;
    let servers = if args.backend.is_none() { Running::all(&machine, &reference) } else { Vec::new() };
    let variables = service.as_ref().map_or_else(Variables::own, |service| service.variables.clone());
    if service.is_some() {
        // SAFETY: this program has started no thread yet.
        unsafe { variables.become_own() };
    }
    let ollama = match (&args.ollama, found.as_ref().and_then(|found| found.all.first())) {
        (Some(place), _) => Some(Ollama::find(place)?),
        (None, first) => first.map(|first| Ollama::installed(&machine, first)),
    };
    let alone = args.backend.as_deref().map(Backend::alone).transpose()?;
    let backends: Vec<&Backend> = ollama.iter().flat_map(|ollama| &ollama.backends).chain(&alone).collect();

    let mut of_backends = Vec::new();
    let mut not_found = Vec::new();
    let mut library_path = None;
    for backend in &backends {
        if let Some(why) = backend.unserved() {
            let check = Check::ok(
                format!("{}.file", backend.name),
                format!("{}: the file {}", backend.name, backend.path.display()),
            );
            of_backends.push(check.skipped(why));
            continue;
        }
        let findings = backend::examine(backend, &reference, &program);
        of_backends.extend(findings.checks);
        not_found.extend(findings.not_found);
        library_path.get_or_insert(&backend.library_path);
    }
    if backends.is_empty() {
        let check = Check::ok("ollama.backends", "Ollama's CUDA backend");
        of_backends.push(match &ollama {
            None => check.skipped(
                "no Ollama runs, is started by a service, is on PATH or lies where packages put it; name its folder with \
                 --ollama",
            ),
            Some(ollama) => check.failed(
                format!("no folder of {} has a {BACKEND}, nor has it one itself", ollama.folder.display()),
                "install Ollama with its CUDA libraries",
            ),
        });
    } else if library_path.is_none() {
        let check = Check::ok("ollama.backends", "a CUDA backend that vgpu serves");
        of_backends
            .push(check.failed("every backend is for another CUDA than 12", "install Ollama's cuda_v12 libraries"));
    }

    // Causes before consequences.
    let mut checks: Vec<Check> = found.iter().map(|found| ollama::which(found, &machine)).collect();
    checks.extend(environment::checks(ollama.as_ref(), &reference, &not_found, &variables));
    if let Some(service) = &service {
        checks.extend(service.checks(ollama.as_ref(), &reference));
    }
    checks.extend(reference.checks(&program));
    checks.extend(of_backends);
    let chosen = selection::chosen(Some(&variables), &reference);
    let surroundings = Surroundings::of(&machine, &chosen);
    checks.push(gpu::check(&machine, (!args.no_device).then_some(&program)));
    checks.extend(daemon::replaced(&machine));
    if let Some(ollama) = &ollama {
        checks.extend(memory::embedded(&chosen, ollama));
    }
    let servers = servers.iter().filter(|server| is_examined(server, ollama.as_ref(), &machine));
    let of_servers = |checks: &[Check]| {
        let is_well = checks.iter().all(|check| check.verdict != Verdict::Failed);
        servers.map(|server| server.check(is_well)).collect::<Vec<_>>()
    };
    if args.no_device {
        checks.push(Check::ok("device.count", "a CUDA device").skipped("--no-device"));
        let of_servers = of_servers(&checks);
        checks.extend(of_servers);
        return Ok(Report::new(checks));
    }
    let limit = Duration::from_secs(args.probe_seconds);
    let library_path = library_path.map_or(reference.folder.as_os_str(), |path| path);
    let (of_device, devices) = device::checks(Asker { program: &program, library_path, limit }, &surroundings);
    checks.extend(of_device);
    checks.extend(ollama.iter().flat_map(|ollama| memory::least(ollama, &devices)));
    if let Some(capability) = devices.first().map(|device| device.capability) {
        let served = backends.iter().filter(|backend| backend.unserved().is_none());
        checks.extend(served.map(|backend| architectures::check(backend, ollama.is_some(), capability)));
    }
    checks.extend(ollama.iter().map(|ollama| discovery::check(ollama, &program, limit)));
    let alone = alone.iter().filter(|backend| backend.unserved().is_none());
    checks.extend(alone.map(|backend| discovery::check_alone(backend, &program, limit)));
    let of_servers = of_servers(&checks);
    checks.extend(of_servers);
    Ok(Report::new(checks))
}

/// Whether a server runs the Ollama that is examined.
fn is_examined(server: &Running, ollama: Option<&Ollama>, machine: &Machine) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let of_server = server.folder.as_ref().and_then(|folder| real(&machine.host_of(folder)));
    ollama.is_some_and(|ollama| of_server.is_some() && of_server == real(&ollama.folder))
}

fn machine(args: &Args) -> Result<Machine> {
    Machine::new(&args.root).with_context(|| args.root.display().to_string())
}

/// The service to look at: the one that is named, or else, where nothing else is asked for, that of the Ollama that counts.
fn find_service(args: &Args, found: Option<&Found>) -> Result<Option<Service>> {
    let machine = machine(args)?;
    let first = found.and_then(|found| found.all.first());
    let name = match &args.service {
        Some(name) => name.as_str(),
        None if args.ollama.is_some() || args.backend.is_some() => return Ok(None),
        // Started by hand, it has nothing of a service's.
        None if first.is_some_and(|first| first.service().is_none() && first.is_running()) => return Ok(None),
        None => first.and_then(Installed::service).unwrap_or(OLLAMA),
    };
    let unit = Unit::read(&machine, name).context("--service")?;
    if unit.is_none() && args.service.is_some() {
        bail!("--service {name}: there is no such service: no folder of systemd's has a unit file of that name");
    }
    Ok(unit.map(|unit| Service::new(machine, unit)))
}
