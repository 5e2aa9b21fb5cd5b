//! A systemd service, looked at from its files: which environment and which rights its programs get. Nothing is asked of
//! systemd, so a service that does not run, or the files of another machine, will do.
//!
//! - `environment`: the variables; `account`: the user, the groups and what they may open.
//! - `namespace`, `sandbox`: files, sockets and system calls that the sandbox leaves.
//! - `reach`: all of these together, for the device and the libraries.
//! - `drop_in`: what `vgpu install` wrote; `confinement`: AppArmor, packages, leftovers.
//! - `restart`: how a change takes effect, for the end of a fix.

mod account;
mod confinement;
mod drop_in;
mod environment;
mod namespace;
mod reach;
mod restart;
mod sandbox;

use std::path::{Path, PathBuf};

use super::check::{Check, Verdict};
use super::libraries::Reference;
use super::ollama::Ollama;
use super::selection::chosen;
use super::variables::Variables;
use crate::machine::Machine;
use crate::unit::Unit;
use account::Account;
use reach::Scene;

const ROOT_SLICE: &str = "-.slice";

/// A service that is looked at.
pub(super) struct Service {
    machine: Machine,
    pub(super) unit: Unit,
    pub(super) variables: Variables,
    environment: Check,
}

impl Service {
    pub(super) fn new(machine: Machine, unit: Unit) -> Self {
        let (variables, environment) = environment::variables(&unit, &machine);
        Self { machine, unit, variables, environment }
    }

    /// The files in which the kernel may list the service's processes, by the way that control groups are mounted.
    pub(super) fn process_lists(&self) -> Vec<PathBuf> {
        let name = &self.unit.name;
        let slice = match (self.unit.last("Slice"), name.split_once('@')) {
            (Some(setting), _) => setting.value.clone(),
            (None, Some((start, _))) => format!("system-{start}.slice"),
            (None, None) => "system.slice".to_owned(),
        };
        // A slice lies in those of the parts of its name.
        let stem = slice.trim_end_matches(".slice");
        let parts = stem.match_indices('-').map(|(at, _)| format!("{}.slice", &stem[..at]));
        let slices = parts.chain([format!("{stem}.slice")]).filter(|_| slice != ROOT_SLICE);
        let path: PathBuf = slices.chain([name.clone()]).collect();
        let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];
        roots.map(|root| self.machine.host(&Path::new(root).join(&path).join("cgroup.procs"))).into()
    }

    /// All checks of the service, causes before consequences.
    pub(super) fn checks(&self, ollama: Option<&Ollama>, reference: &Reference) -> Vec<Check> {
        let (unit, machine) = (&self.unit, &self.machine);
        let files = Check::ok("service.unit", format!("{}: its unit files", unit.name));
        let files = files.saw_all(unit.files.iter().map(|file| file.display().to_string()));
        if unit.is_masked {
            let fix = format!("systemctl unmask {}", unit.name);
            return vec![files.failed(format!("{} is masked: it cannot be started", unit.name), fix)];
        }
        let files = match unit.unread.first() {
            None => files,
            Some(first) => files
                .saw_all(unit.unread.iter().skip(1).cloned())
                .warning(format!("not looked at: {first}"), "mend or remove the file, or run doctor as root"),
        };
        let account = Account::of(unit, machine);
        let places = ollama.iter().flat_map(|ollama| {
            let variants = ollama.variants.iter().map(|name| ollama.folder.join(name));
            variants.chain([ollama.folder.clone()])
        });
        let folders: Vec<PathBuf> = places.filter_map(|place| machine.inside(&place)).collect();
        let path = self.variables.value("LD_LIBRARY_PATH").unwrap_or_default();
        let searched: Vec<PathBuf> = folders.iter().cloned().chain(std::env::split_paths(path)).collect();
        let chosen = chosen(Some(&self.variables), reference);
        let scene = Scene { machine, unit, variables: &self.variables, account: &account, chosen, folders };
        let reach = reach::checks(&scene);
        let is_kept_out = reach.iter().any(|check| check.verdict == Verdict::Failed);
        let prefix = reference.folder.ancestors().nth(2).and_then(|prefix| machine.inside(prefix));
        let mut all = vec![files, self.environment.clone()];
        all.push(super::environment::preloaded_everywhere(
            &machine.host_of(Path::new("/etc/ld.so.preload")),
            reference,
        ));
        all.push(drop_in::check(unit, machine, &self.variables, prefix, is_kept_out));
        all.extend(reach);
        all.push(confinement::app_armor(unit, machine));
        all.push(confinement::package(unit, machine));
        all.push(confinement::leftovers(unit, machine, &searched, reference));
        all
    }
}
