//! A running Ollama, or any other program: which of its processes has loaded what.
//!
//! - `process`: what the kernel shows of a process; `findings`: what that means for CUDA.
//! - `watch`: the same while it happens.

mod findings;
mod process;
mod watch;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::check::Check;
use super::environment;
use super::libraries::Reference;
use super::server::Running;
use crate::machine::Machine;
pub(super) use findings::{Connection, connection};
use findings::{Judge, Loaded, Whose};
use process::Role;
pub(super) use process::{Proc, Process};
pub(super) use watch::{Source, watch};

/// Variables that lead a program to libraries or devices, or away from them.
const VARIABLES: [&str; 10] = [
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "OLLAMA_LIBRARY_PATH",
    "OLLAMA_LLM_LIBRARY",
    "GGML_BACKEND_PATH",
    "GGML_CUDA_INIT",
    "CUDA_VISIBLE_DEVICES",
    "VGPU",
    "VGPU_ARENA",
    "VGPU_SYSFS",
];

/// Looks at a process and its descendants.
///
/// # Errors
/// When there is no such process, or this user may not look into it.
pub(super) fn checks(pid: u32, machine: &Machine, reference: &Reference) -> Result<Vec<Check>> {
    let proc = Proc::new(machine.host(Path::new("/proc")));
    let processes = proc.tree(pid);
    let Some(root) = processes.first() else { bail!("--pid {pid}: there is no such process") };
    let mut judge = Judge::new(reference, &proc);
    let mut all = Vec::new();
    let mut environments = BTreeSet::new();
    for process in &processes {
        let check =
            Check::ok(format!("process.{}", process.pid()), format!("process {}: {}", process.pid(), process.command));
        match examine(process, check.clone(), &proc, &mut judge) {
            Ok(check) => all.push(check),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                if process == root {
                    return Err(error)
                        .with_context(|| format!("--pid {pid}: this is another user's process; run it with sudo"));
                }
                all.push(check.skipped(format!("{error}: run it with sudo to look into processes of other users")));
            }
            // It has ended meanwhile.
            Err(_) => continue,
        }
        if let Ok(mut variables) = proc.variables(process.pid()) {
            if process.role.wants_device() {
                // Ollama's own doing.
                variables.unset("GGML_CUDA_INIT");
            }
            // Children have mostly their parents', and one trap is named once.
            for check in environment::checks(None, reference, &[], &variables) {
                if environments.insert((check.id.clone(), check.cause.clone())) && check.cause.is_some() {
                    let title = format!("process {}: {}", process.pid(), check.title);
                    all.insert(0, Check { title, ..check });
                }
            }
        }
    }
    if all.is_empty() {
        bail!("--pid {pid}: the process has ended meanwhile");
    }
    // Nothing here tells whether a server that is started now would find a GPU; so this one's own word counts.
    let servers = processes.iter().filter(|process| process.role == Role::Serve);
    all.extend(
        servers.filter_map(|process| Running::one(process.pid(), machine, reference)).map(|server| server.check(true)),
    );
    if root.role == Role::Serve && !processes.iter().any(|process| process.role.wants_device()) {
        let check = Check::ok("process.runners", "the processes in which Ollama computes");
        all.push(check.skipped(
            "there is none now: load a model (`ollama run`), and watch with --watch; Ollama's server itself loads no CUDA",
        ));
    }
    Ok(all)
}

fn examine(process: &Process, check: Check, proc: &Proc, judge: &mut Judge<'_>) -> io::Result<Check> {
    let mappings = proc.mappings(process.pid())?;
    let loaded = judge.loaded(process.pid(), &mappings);
    let connection = connection(&mappings);
    let check = check
        .saw_all(loaded.iter().map(describe))
        .saw_all(connection.iter().map(|connection| format!("it {connection}")));
    let variables = proc.variables(process.pid()).unwrap_or_default();
    let set = VARIABLES.iter().filter(|name| variables.value(name).is_some());
    let check = check.saw_all(set.map(|name| variables.show(name)));
    Ok(judged(process.role, check, &loaded, connection.as_ref()))
}

/// A library, as evidence.
fn describe(loaded: &Loaded) -> String {
    let deleted = if loaded.mapping.is_deleted { " (deleted or replaced since)" } else { "" };
    match loaded.whose {
        Whose::Programs => format!("has loaded {}{deleted}", loaded.mapping.path),
        whose => format!("has loaded {}{deleted}: {whose}", loaded.mapping.path),
    }
}

fn judged(role: Role, check: Check, loaded: &[Loaded], connection: Option<&Connection>) -> Check {
    let of = |wanted: Whose| loaded.iter().find(|loaded| loaded.whose == wanted);
    // Programs work without it.
    let matters = |loaded: &&Loaded| !loaded.mapping.name().starts_with("libnvidia-ml");
    if let Some(other) = of(Whose::OtherBuild) {
        let cause = format!("it has loaded {}, which is of another build of vgpu", other.mapping.path);
        return check.failed(cause, "install vgpu's libraries again, all of one build, and restart the program");
    }
    let foreign = [Whose::Bundled, Whose::Foreign];
    if let Some(other) = loaded.iter().filter(matters).find(|loaded| foreign.contains(&loaded.whose)) {
        let cause = format!("it has loaded {}, which is {}", other.mapping.path, other.whose);
        let place = other.mapping.path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let ours = findings::soname(other.mapping.name()).unwrap_or("library");
        let fix = format!(
            "put vgpu's {ours} in its place, or in a folder that is searched before {place} (for Ollama, `vgpu install` \
             does), and restart the program"
        );
        return check.failed(cause, fix);
    }
    if let Some(stale) = loaded.iter().find(|loaded| loaded.mapping.is_deleted) {
        let cause = format!("it runs with {}, which was deleted or replaced since", stale.mapping.path);
        return check.warning(cause, "restart the program");
    }
    if role.wants_device() && loaded.is_empty() {
        let cause = "it has loaded no CUDA backend, so it has no GPU";
        let fix = "unless it has only just begun: mend what `vgpu doctor` names as failed, if anything, and then restart \
                   Ollama's server, which looks for GPUs only when it starts";
        return check.warning(cause, fix);
    }
    if of(Whose::ThisBuild).is_some() && connection.is_none() {
        let cause = "it has loaded vgpu's libraries, but is connected to no GPU";
        return check.warning(cause, "run it with VGPU_LOG=warn set: it then says what became of the connection");
    }
    check
}
