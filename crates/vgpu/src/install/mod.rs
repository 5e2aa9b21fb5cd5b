//! `vgpu install` and `vgpu uninstall`: puts a dist folder on the machine, into Ollama's search path if wanted, and takes it
//! away again without a trace.
//!
//! - `options`: what the command line says.
//! - `dist`: what is installed, checked.
//! - `version`: its copy in the prefix.
//! - `ollama`: where Ollama looks for libraries.
//! - `device`: the device that programs use, and the way of services to it.
//! - `systemd`: units of ours, and drop-ins for services.
//! - `record`: what is ours and what stood there before, written before anything is changed.
//! - `times`: when folders that others use had last changed.
//! - `entry`: one file or link of ours in a place that others may have used.
//! - `tree`: the file system, reached without following a link.

mod device;
mod dist;
mod entry;
mod ollama;
mod options;
mod record;
mod systemd;
#[cfg(test)]
mod tests;
mod times;
mod tree;
mod version;

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::guest_setup;
use crate::guest_setup::root::Root;
use dist::Dist;
use entry::{Content, State};
pub(crate) use options::{Args, UninstallArgs};
use record::{Record, Version};
use systemd::commands::{self, Command, Wishes};
pub(crate) use systemd::service::DROP_IN;
use systemd::service::Service;
use systemd::{UNITS, daemon};
use tree::Tree;

const LINKER_CONFIG: &str = "/etc/ld.so.conf.d/vgpu.conf";
/// In everybody's search path.
const COMMAND: &str = "/usr/local/bin/vgpu";
const OLLAMA_SERVICE: &str = "ollama";
/// What opens the daemon's sockets anew.
const AGAIN: &str = "systemctl stop vgpud.service && systemctl restart 'vgpud*.socket'";

/// Installs.
pub(crate) fn run(args: &Args) -> Result<()> {
    install(args, &mut io::stdout().lock())
}

/// Uninstalls.
pub(crate) fn run_uninstall(args: &UninstallArgs) -> Result<()> {
    uninstall(args, &mut io::stdout().lock())
}

fn install(args: &Args, out: &mut dyn Write) -> Result<()> {
    let (tree, prefix) = args.place.open()?;
    let dry_run = args.place.dry_run;
    let dist = Dist::read(&dist_folder(args)?)?;
    let guard = if dry_run { None } else { Some(record::lock(&tree, &prefix)?) };
    let found = Record::read(&tree, &prefix)?;
    let mut record = found.clone().unwrap_or_default();
    record.times.follow_others(&tree);
    let wanted = want(args, &tree, &prefix, &dist, &mut record)?;
    for note in &wanted.notes {
        writeln!(out, "note: {note}")?;
    }
    let plan = plan(&tree, &prefix, &dist, &record)?;
    for line in &plan {
        writeln!(out, "{}{line}", if dry_run { "would " } else { "" })?;
    }
    let root = Root::new(tree.show("/").as_ref());
    let services = services(&wanted.service, &tree, &record)?;
    let wishes = Wishes {
        opens_sockets: args.daemon.daemon,
        renews_sockets: renews_sockets(&tree, &record)?,
        restarts: if args.restart { &services } else { &[] },
    };
    let commands = commands::after_install(&tree, &record, &wishes);
    if dry_run {
        if args.vm {
            guest_setup::set_up(&root, device::group(&record), true, out)?;
        }
        commands.iter().try_for_each(|command| writeln!(out, "would run {command}"))?;
        return wanted.check();
    }
    if !plan.is_empty() || found.as_ref() != Some(&record) {
        record.times.begin();
    }
    // Before anything is changed: a run that is cut off anywhere can be completed or undone.
    let prefix_guard = record.write(&tree, &prefix)?;
    record.make_folders(&tree)?;
    version::put(&tree, &prefix, &dist)?;
    if args.vm {
        // The group must be there before a service asks for it.
        guest_setup::set_up(&root, device::group(&record), false, out)?;
    }
    for entry in &record.entries {
        entry.make(&tree, &record::kept(&prefix))?;
    }
    record.tidy(&tree, &prefix)?;
    record.times.end(&tree);
    record.write(&tree, &prefix)?;
    record.times.keep_prefix(&tree, &prefix)?;
    drop((guard, prefix_guard));
    run_all(&tree, &commands, out)?;
    let current = tree.show(&format!("{prefix}/current"));
    match plan.is_empty() {
        true => writeln!(out, "nothing to do: {current} is {}", dist.name)?,
        false => writeln!(out, "{current} is {}", dist.name)?,
    }
    if args.restart && !systemd::is_running(&tree) {
        writeln!(out, "note: systemd does not run here, so nothing was restarted")?;
    }
    if !plan.is_empty() && !args.restart {
        match services.as_slice() {
            [] => writeln!(out, "restart what shall use it")?,
            services => writeln!(out, "restart what shall use it: {}", restart(services))?,
        }
    }
    if wishes.opens_sockets && wishes.renews_sockets && !args.restart {
        writeln!(out, "note: the sockets have changed, and vgpud keeps those that it has until `{AGAIN}`")?;
    }
    wanted.check()
}

/// What an installation was asked for, apart from the record.
struct Wanted {
    notes: Vec<String>,
    /// Why nothing is set up for an Ollama that is there.
    nothing_for_ollama: Option<String>,
    /// The service that shall use the GPU: the one that is named, else that of the Ollama that is set up.
    service: String,
}

impl Wanted {
    /// The end of a run that has done all that could be done.
    fn check(self) -> Result<()> {
        match self.nothing_for_ollama {
            Some(cause) => bail!("{cause}; all else is done"),
            None => Ok(()),
        }
    }
}

/// Adds to the record all that shall be there.
fn want(args: &Args, tree: &Tree, prefix: &str, dist: &Dist, record: &mut Record) -> Result<Wanted> {
    record.want_version(Version { name: dist.name.clone(), paths: dist.paths() });
    // The last to switch to a version must find it complete, so this is made first.
    record.want(tree, format!("{prefix}/current"), Content::Link(dist.name.clone()))?;
    record.want_folder(tree, &record::kept(prefix))?;
    let (ollama, notes) = ollama::find(tree, args.ollama.as_deref(), args.service.as_deref())?;
    let of_ollama = ollama.as_ref().and_then(|ollama| ollama.service.as_deref());
    let service = args.service.as_deref().or(of_ollama).unwrap_or(OLLAMA_SERVICE).to_owned();
    let mut wanted = Wanted { notes, nothing_for_ollama: None, service };
    match &ollama {
        Some(ollama) => {
            let wish = ollama::Wish { variants: &args.variant, in_process: args.in_process };
            let found = ollama::links(tree, ollama, &wish, dist, prefix)?;
            wanted.notes.extend(found.notes);
            wanted.nothing_for_ollama = found.nothing;
            for (path, library) in found.links {
                record.want(tree, path, Content::Link(format!("{prefix}/current/lib/{library}")))?;
            }
        }
        None if args.variant.is_empty() => {
            wanted.notes.push("there is no Ollama on this machine; `--ollama DIR` names one elsewhere".to_owned());
        }
        None => bail!("--variant: there is no Ollama on this machine; name its lib/ollama with --ollama DIR"),
    }
    if args.system || args.vm {
        if tree.look(device::NVIDIA_DRIVER)?.is_some() {
            let note = "NVIDIA's driver is on this machine: with --system, programs find our libcuda.so.1 or NVIDIA's";
            wanted.notes.push(note.to_owned());
        }
        record.want(tree, LINKER_CONFIG.to_owned(), Content::Text(format!("{prefix}/current/lib\n")))?;
    }
    if args.system || args.vm || args.daemon.daemon {
        record.want(tree, COMMAND.to_owned(), Content::Link(format!("{prefix}/current/bin/vgpu")))?;
    }
    device::want(args, tree, prefix, dist, &wanted.service, record, &mut wanted.notes)?;
    record.forget_lost(tree)?;
    Ok(wanted)
}

/// In words, what is not yet as it shall be.
fn plan(tree: &Tree, prefix: &str, dist: &Dist, record: &Record) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    if !version::is_there(tree, prefix, dist)? {
        lines.push(format!("copy libraries and programs into {}", tree.show(&format!("{prefix}/{}", dist.name))));
    }
    for entry in &record.entries {
        lines.extend(entry.describe(tree)?);
    }
    Ok(lines)
}

/// The services that load what has changed: the daemon, and then those that use the GPU.
fn services(named: &str, tree: &Tree, record: &Record) -> Result<Vec<String>> {
    let is_daemon_ours = record.text(&format!("{UNITS}/{}", daemon::SERVICE)).is_some();
    let mut all: Vec<String> = is_daemon_ours.then(|| daemon::SERVICE.to_owned()).into_iter().collect();
    let named = Service::read(tree, named)?;
    all.extend(named.is_there().then_some(named.name));
    for (name, _) in record.drop_ins() {
        if !all.iter().any(|known| known == name) && Service::read(tree, name)?.is_there() {
            all.push(name.to_owned());
        }
    }
    // A template does not run; all that are made of it do.
    Ok(all.into_iter().map(|name| name.replace("@.", "@*.")).collect())
}

fn restart(services: &[String]) -> String {
    let names: Vec<String> =
        services.iter().map(|name| if name.contains('*') { format!("'{name}'") } else { name.clone() }).collect();
    format!("`systemctl try-restart {}`", names.join(" "))
}

/// Whether a socket's unit of ours is about to be another.
fn renews_sockets(tree: &Tree, record: &Record) -> Result<bool> {
    for name in [daemon::SOCKET, daemon::VM_SOCKET] {
        let path = format!("{UNITS}/{name}");
        let entry = record.entries.iter().find(|entry| entry.path == path);
        if entry.map(|entry| entry.state(tree)).transpose()? == Some(State::Ours) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uninstall(args: &UninstallArgs, out: &mut dyn Write) -> Result<()> {
    let (tree, prefix) = args.place.open()?;
    let dry_run = args.place.dry_run;
    let guard = if dry_run { None } else { Some(record::lock(&tree, &prefix)?) };
    let shown = tree.show(&prefix);
    let Some(mut record) = Record::read(&tree, &prefix)? else {
        if !dry_run {
            record::remove_remains(&tree, &prefix)?;
        }
        writeln!(out, "nothing to uninstall in {shown}; `--prefix DIR` names another place")?;
        return Ok(());
    };
    let root = Root::new(tree.show("/").as_ref());
    let first = commands::before_uninstall(&tree, &record);
    if dry_run {
        first.iter().try_for_each(|command| writeln!(out, "would run {command}"))?;
    }
    for entry in record.entries.iter().rev() {
        let verb = if entry.before.is_some() { "put back" } else { "remove" };
        writeln!(out, "{}{verb} {}", if dry_run { "would " } else { "" }, tree.show(&entry.path))?;
    }
    if dry_run {
        if record.has_guest_setup {
            guest_setup::undo(&root, true, out)?;
        }
        writeln!(out, "would remove {shown}")?;
        return Ok(());
    }
    run_all(&tree, &first, out)?;
    record.times.follow_others(&tree);
    record.times.begin();
    record.write(&tree, &prefix)?;
    let mut services: Vec<String> = record.drop_ins().iter().map(|(name, _)| name.replace("@.", "@*.")).collect();
    services.retain(|_| systemd::is_running(&tree));
    let mut notes = record.undo_entries(&tree, &prefix)?;
    if record.has_guest_setup {
        guest_setup::undo(&root, false, out)?;
    }
    notes.extend(record.undo_rest(&tree, &prefix)?);
    drop(guard);
    for note in notes {
        writeln!(out, "note: {note}")?;
    }
    run_all(&tree, &commands::after_any(&tree, &record), out)?;
    match tree.folder(&prefix)? {
        Some(_) => writeln!(out, "uninstalled; {shown} stays, because it was there before or others use it")?,
        None => writeln!(out, "uninstalled")?,
    }
    if !services.is_empty() {
        writeln!(out, "restart what has used it: {}", restart(&services))?;
    }
    Ok(())
}

/// Runs what the machine is to be told. Failures take nothing back: each is told with what to do.
fn run_all(tree: &Tree, all: &[Command], out: &mut dyn Write) -> Result<()> {
    let mut failed = Vec::new();
    for command in all.iter().filter(|_| tree.is_real()) {
        match (command.run(), command.is_needed) {
            (true, _) => {}
            (false, true) => failed.push(command.to_string()),
            (false, false) => writeln!(out, "note: {command} failed: run it yourself, as root")?,
        }
    }
    ensure!(
        failed.is_empty(),
        "everything is in its place, but {} failed: `journalctl -e` says why",
        failed.join(", ")
    );
    Ok(())
}

/// Where the running program's own dist folder is.
fn dist_folder(args: &Args) -> Result<PathBuf> {
    if let Some(folder) = &args.dist {
        return Ok(folder.clone());
    }
    let program = env::current_exe().context("cannot find out where this program is")?;
    program.ancestors().nth(2).map(Path::to_owned).context("this program lies in no folder: name one with --dist")
}
