//! `vgpu install` and `vgpu uninstall`: puts a dist folder on the machine, into Ollama's search path if wanted, and takes it
//! away again without a trace.
//!
//! - `dist`: what is installed, checked.
//! - `ollama`, `service`: where Ollama looks for libraries, and what its service lacks.
//! - `record`: what is ours and what stood there before, written before anything is changed.
//! - `times`: when folders that others use had last changed.
//! - `entry`: one file or link of ours in a place that others may have used.
//! - `tree`: the file system, reached without following a link.

mod dist;
mod entry;
mod ollama;
mod record;
mod service;
#[cfg(test)]
mod tests;
mod times;
mod tree;

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use dist::{Dist, MANIFEST};
use entry::Content;
use record::{Record, Version};
use service::Service;
use tree::{EXECUTABLE, READABLE, Tree};

const PREFIX: &str = "/opt/vgpu";
const LINKER_CONFIG: &str = "/etc/ld.so.conf.d/vgpu.conf";
/// There while the driver of real GPUs is loaded.
const NVIDIA_DRIVER: &str = "/proc/driver/nvidia/version";
const UNITS: &str = "/etc/systemd/system/";
const OLLAMA_SERVICE: &str = "ollama";

/// Options of `vgpu install`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dist/bin/vgpu install --dry-run       show what would be changed
  dist/bin/vgpu install                 into /opt/vgpu, and into Ollama's search path if it is there
  dist/bin/vgpu install --system        for every program, and ollama.service within its sandbox
  dist/bin/vgpu install --system --device unix:/run/vgpu/vgpud.sock
  dist/bin/vgpu install --ollama ~/ollama/lib/ollama --prefix ~/.local/vgpu
  /opt/vgpu/current/bin/vgpu uninstall  put everything back as it was

Files that are in the way are kept in PREFIX/kept, and uninstalling puts them back.
A run that was cut off is completed by running it again, or undone by `vgpu uninstall`.
After an upgrade of vgpu or of Ollama, run it again, and restart the services that use it.

Exit status: 0 when all is done; 1 when something could not be, and nothing is lost: run it again
once the cause is gone; 2 for a mistake in the options.")]
pub(crate) struct Args {
    /// The folder to install from [default: the one that this program is in].
    #[arg(long, value_name = "DIR")]
    dist: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Ollama's lib/ollama, or the folder that holds it [default: that of --service, else of a running server, of a service that
    /// starts one, of the ollama on PATH, or one where packages put it].
    #[arg(long, value_name = "DIR")]
    ollama: Option<PathBuf>,
    /// A variant of Ollama's that shall use the vGPU, such as cuda_v12; may be repeated [default: all that vgpu has libraries for].
    #[arg(long, value_name = "NAME")]
    variant: Vec<String>,
    /// For Ollama up to 0.12.3, whose server looks for the driver itself: links that into lib/ollama as well.
    #[arg(long)]
    in_process: bool,
    /// Let every program find the libraries (/etc/ld.so.conf.d), and ollama.service reach the device, if there is such a service.
    #[arg(long)]
    system: bool,
    /// Let this systemd service reach the device.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// The device of that service: embedded, unix:SOCKET or pci:ADDRESS [default: what the libraries find].
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
}

/// Options of `vgpu uninstall`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu uninstall --dry-run       show what would be put back
  vgpu uninstall                 put everything back as it was before the first `vgpu install`

What somebody has replaced since (a new Ollama, say) stays as it is.

Exit status: 0 when all is done, 1 when something could not be (run it again once the cause is gone).")]
pub(crate) struct UninstallArgs {
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Place {
    /// The folder for libraries and programs, with a folder for each version in it.
    #[arg(long, value_name = "DIR", default_value = PREFIX)]
    prefix: PathBuf,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Work in this folder instead of /, for tests.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
    /// Fail after so many changes, as if killed.
    #[cfg(test)]
    #[arg(skip)]
    steps: Option<usize>,
}

impl Place {
    fn open(&self) -> Result<(Tree, String)> {
        #[cfg(test)]
        let steps = self.steps;
        #[cfg(not(test))]
        let steps = None;
        let prefix = std::path::absolute(&self.prefix)?;
        let prefix = prefix.to_str().context("--prefix: not a UTF-8 path")?.trim_end_matches('/').to_owned();
        ensure!(!prefix.is_empty(), "--prefix /: it must be a folder of vgpu's own");
        // It is written into the linker's configuration, and into links that are read there.
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"#:;,".contains(c);
        ensure!(prefix.chars().all(is_plain), "--prefix {prefix}: spaces and # : ; , in it would confuse the linker");
        Ok((Tree::open(&self.root, steps)?, prefix))
    }
}

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
    let dist = Dist::read(&dist_folder(args)?)?;
    let guard = if args.place.dry_run { None } else { Some(record::lock(&tree, &prefix)?) };
    let found = Record::read(&tree, &prefix)?;
    let mut record = found.clone().unwrap_or_default();
    record.times.follow_others(&tree);
    let wanted = want(args, &tree, &prefix, &dist, &mut record)?;
    for note in &wanted.notes {
        writeln!(out, "note: {note}")?;
    }
    let plan = plan(&tree, &prefix, &dist, &record)?;
    for line in &plan {
        writeln!(out, "{}{line}", if args.place.dry_run { "would " } else { "" })?;
    }
    if args.place.dry_run {
        return wanted.nothing.map_or(Ok(()), |why| Err(anyhow::anyhow!(why)));
    }
    if !plan.is_empty() || found.as_ref() != Some(&record) {
        record.times.begin();
    }
    // Before anything is changed: a run that is cut off anywhere can be completed or undone.
    let prefix_guard = record.write(&tree, &prefix)?;
    record.make_folders(&tree)?;
    put_version(&tree, &prefix, &dist)?;
    for entry in &record.entries {
        entry.make(&tree, &record::kept(&prefix))?;
    }
    record.tidy(&tree, &prefix)?;
    record.times.end(&tree);
    record.write(&tree, &prefix)?;
    record.times.keep_prefix(&tree, &prefix)?;
    drop((guard, prefix_guard));
    tell_system(&tree, &record, out)?;
    let current = tree.show(&format!("{prefix}/current"));
    match plan.is_empty() {
        true => writeln!(out, "nothing to do: {current} is {}", dist.name)?,
        false => writeln!(out, "{current} is {}; restart services that shall use it", dist.name)?,
    }
    wanted.nothing.map_or(Ok(()), |why| Err(anyhow::anyhow!(why)))
}

/// What the user should know.
#[derive(Default)]
struct Wanted {
    notes: Vec<String>,
    /// Why the Ollama that is there gets nothing, and what to do.
    nothing: Option<String>,
}

/// Adds to the record all that shall be there.
fn want(args: &Args, tree: &Tree, prefix: &str, dist: &Dist, record: &mut Record) -> Result<Wanted> {
    let mut nothing = None;
    record.want_version(Version { name: dist.name.clone(), paths: dist.paths() });
    // The last to switch to a version must find it complete, so this is made first.
    record.want(tree, format!("{prefix}/current"), Content::Link(dist.name.clone()))?;
    record.want_folder(tree, &record::kept(prefix))?;
    let (ollama, mut notes) = ollama::find(tree, args.ollama.as_deref(), args.service.as_deref())?;
    match &ollama {
        Some(ollama) => {
            let wish = ollama::Wish { variants: &args.variant, in_process: args.in_process };
            let found = ollama::links(tree, &ollama.folder, &wish, dist, &tree.show(prefix))?;
            notes.extend(found.notes);
            nothing = found.nothing;
            for (path, library) in found.links {
                record.want(tree, path, Content::Link(format!("{prefix}/current/lib/{library}")))?;
            }
        }
        None if args.variant.is_empty() => {
            notes.push("there is no Ollama on this machine; `--ollama DIR` names one elsewhere".to_owned());
        }
        None => anyhow::bail!("--variant: there is no Ollama on this machine; name its lib/ollama with --ollama DIR"),
    }
    if args.system {
        if tree.look(NVIDIA_DRIVER)?.is_some() {
            notes.push(
                "NVIDIA's driver is on this machine: with --system, programs find our libcuda.so.1 or NVIDIA's"
                    .to_owned(),
            );
        }
        record.want(tree, LINKER_CONFIG.to_owned(), Content::Text(format!("{prefix}/current/lib\n")))?;
    }
    let service = match &args.service {
        Some(name) => Some(Service::read(tree, name)?),
        None if args.system => {
            let of_ollama = ollama.as_ref().and_then(|ollama| ollama.service.as_deref());
            Some(Service::read(tree, of_ollama.unwrap_or(OLLAMA_SERVICE))?).filter(|service| service.is_there)
        }
        None => None,
    };
    ensure!(
        service.is_some() || args.device.is_none(),
        "--device is a service's, and there is none: name one with --service; programs are told by the variable VGPU"
    );
    if let Some(service) = service {
        if !service.is_there {
            notes.push(format!("there is no {} yet", service.name));
        }
        match service.drop_in(tree, args.device.as_deref())? {
            Some(text) => record.want(tree, service.drop_in_path(), Content::Text(text))?,
            None => notes.push(format!("{} can reach the device as it is", service.name)),
        }
    }
    record.forget_lost(tree)?;
    Ok(Wanted { notes, nothing })
}

/// In words, what is not yet as it shall be.
fn plan(tree: &Tree, prefix: &str, dist: &Dist, record: &Record) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    if !has_version(tree, prefix, dist)? {
        lines.push(format!("copy libraries and programs into {}", tree.show(&format!("{prefix}/{}", dist.name))));
    }
    for entry in &record.entries {
        lines.extend(entry.describe(tree)?);
    }
    Ok(lines)
}

fn has_version(tree: &Tree, prefix: &str, dist: &Dist) -> Result<bool> {
    let folder = format!("{prefix}/{}", dist.name);
    for file in &dist.files {
        match tree.open_file(&format!("{folder}/{}", file.path))? {
            Some(found) if file.matches(&found)? => {}
            _ => return Ok(false),
        }
    }
    for link in &dist.links {
        match tree.look(&format!("{folder}/{}", link.path))? {
            Some(tree::Found::Thing(print)) if print.target.as_ref() == Some(&link.target) => {}
            _ => return Ok(false),
        }
    }
    Ok(tree.read(&format!("{folder}/{MANIFEST}"))?.is_some_and(|text| text == dist.manifest))
}

/// Copies what is not there yet. Nothing uses a version before `current` leads to it.
fn put_version(tree: &Tree, prefix: &str, dist: &Dist) -> Result<()> {
    let folder = format!("{prefix}/{}", dist.name);
    if has_version(tree, prefix, dist)? {
        return Ok(());
    }
    for folder in [folder.clone(), format!("{folder}/lib"), format!("{folder}/bin")] {
        tree.make_folder(&folder)?;
    }
    for file in &dist.files {
        let path = format!("{folder}/{}", file.path);
        let is_there = match tree.open_file(&path)? {
            Some(found) => file.matches(&found)?,
            None => false,
        };
        if !is_there {
            let mut from: File = dist.open(file)?;
            tree.write_file(&path, &mut from, EXECUTABLE)?;
        }
    }
    for link in &dist.links {
        tree.write_link(&format!("{folder}/{}", link.path), &link.target)?;
    }
    tree.write_file(&format!("{folder}/{MANIFEST}"), &mut dist.manifest.as_slice(), READABLE)?;
    ensure!(has_version(tree, prefix, dist)?, "the dist folder has changed while it was copied: run it again");
    Ok(())
}

fn uninstall(args: &UninstallArgs, out: &mut dyn Write) -> Result<()> {
    let (tree, prefix) = args.place.open()?;
    let guard = if args.place.dry_run { None } else { Some(record::lock(&tree, &prefix)?) };
    let shown = tree.show(&prefix);
    let Some(mut record) = Record::read(&tree, &prefix)? else {
        if !args.place.dry_run {
            record::remove_remains(&tree, &prefix)?;
        }
        writeln!(out, "nothing to uninstall in {shown}; `--prefix DIR` names another place")?;
        return Ok(());
    };
    for entry in record.entries.iter().rev() {
        let verb = if entry.before.is_some() { "put back" } else { "remove" };
        writeln!(out, "{}{verb} {}", if args.place.dry_run { "would " } else { "" }, tree.show(&entry.path))?;
    }
    if args.place.dry_run {
        writeln!(out, "would remove {shown}")?;
        return Ok(());
    }
    record.times.follow_others(&tree);
    record.times.begin();
    record.write(&tree, &prefix)?;
    let notes = record.undo(&tree, &prefix)?;
    drop(guard);
    for note in notes {
        writeln!(out, "note: {note}")?;
    }
    tell_system(&tree, &record, out)?;
    match tree.folder(&prefix)? {
        Some(_) => writeln!(out, "uninstalled; {shown} stays, because it was there before or others use it")?,
        None => writeln!(out, "uninstalled")?,
    }
    Ok(())
}

/// The dynamic linker and systemd read what has changed. Their failure takes nothing back: it is told with what to do.
fn tell_system(tree: &Tree, record: &Record, out: &mut dyn Write) -> Result<()> {
    let touches = |start: &str| record.entries.iter().any(|entry| entry.path.starts_with(start));
    let mut commands: Vec<&[&str]> = Vec::new();
    if touches(LINKER_CONFIG) {
        commands.push(&["ldconfig"]);
    }
    if touches(UNITS) {
        commands.push(&["systemctl", "daemon-reload"]);
    }
    for command in commands.iter().filter(|_| tree.is_real()) {
        let ran = Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).status();
        if !ran.is_ok_and(|status| status.success()) {
            writeln!(out, "note: `{}` failed: run it yourself, as root", command.join(" "))?;
        }
    }
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
