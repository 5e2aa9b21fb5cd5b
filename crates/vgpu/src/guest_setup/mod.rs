//! `vgpu guest-setup`: opens a VM's vgpu function to a group of users, and undoes that.
//!
//! - `function`: the functions that are there, ours told from real GPUs.
//! - `plan`: what should be different from how it is.
//! - `change`: one difference: made, described, undone.
//! - `manifest`: the record of what was there before.
//! - `wait`: opening the functions at every boot, before those start who use them.
//! - `trouble`: why a function cannot be used, in words.
//! - `root`: paths, which tests place elsewhere, and groups.

mod change;
pub(crate) mod function;
mod manifest;
mod plan;
pub(crate) mod root;
#[cfg(test)]
mod tests;
mod trouble;
mod wait;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::install::DROP_IN;
use manifest::Manifest;
use root::Root;

/// The group that may use functions, unless told otherwise.
pub(crate) const GROUP: &str = "vgpu";
/// Long enough for a daemon that starts anew, and no boot is held up for longer.
const WAIT_DEFAULT_S: &str = "10";

/// Options of `vgpu guest-setup`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu guest-setup --dry-run          show what would be changed
  vgpu guest-setup                    change it, now and for every boot
  usermod -aG vgpu alice              let alice use the GPU, from her next login on
  vgpu guest-setup --undo             put everything back as it was
  vgpu guest-setup --wait=10          at boot, before a service that uses the GPU

`vgpu install --vm` does this and more: it has Ollama's service start when the function is open. Inside a VM only. The members of the group share one GPU and can read each other's GPU memory.
What was there before is kept in /var/lib/vgpu/guest-setup.json.")]
pub(crate) struct Args {
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Put back what an earlier run found.
    #[arg(long)]
    undo: bool,
    /// Only open the functions that are there, and wait until one answers: at every boot, as vgpu-function.service does.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = WAIT_DEFAULT_S,
        value_parser = clap::value_parser!(u64).range(..=600), conflicts_with_all = ["dry_run", "undo"])]
    wait: Option<u64>,
    /// The group that may use the function; it is made if there is none of that name.
    #[arg(long, value_name = "NAME", default_value = GROUP)]
    group: String,
    /// Work in this folder instead of /, for tests.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

/// Sets up, or undoes it.
pub(crate) fn run(args: &Args) -> Result<()> {
    run_to(args, &mut io::stdout().lock())
}

fn run_to(args: &Args, out: &mut dyn Write) -> Result<()> {
    let root = Root::new(&args.root);
    check_group_name(&args.group)?;
    match args.wait {
        Some(limit_s) => wait::wait(&root, &args.group, Duration::from_secs(limit_s), out),
        None if args.undo => {
            check_members(&root)?;
            undo(&root, args.dry_run, out)
        }
        None => set_up(&root, &args.group, args.dry_run, out),
    }
}

/// Whether a VM has been set up, and can be undone.
pub(crate) fn is_set_up(root: &Root) -> Result<bool> {
    Ok(Manifest::read(root)?.is_some())
}

/// Opens the functions to a group, now and for every boot.
pub(crate) fn set_up(root: &Root, group: &str, dry_run: bool, out: &mut dyn Write) -> Result<()> {
    let plan = plan::plan(root, group)?;
    for note in &plan.notes {
        writeln!(out, "{note}")?;
    }
    if plan.changes.is_empty() {
        writeln!(out, "nothing to do: everything is set up for group {group}")?;
        return Ok(());
    }
    if dry_run {
        for change in &plan.changes {
            writeln!(out, "would {}", change.describe(true))?;
        }
        return Ok(());
    }
    let _lock = root.lock()?;
    let mut manifest = Manifest::read(root)?.unwrap_or_default();
    // Before anything is changed: a run that is cut off half way can be undone as well.
    manifest.add(&plan.changes);
    manifest.write(root)?;
    for change in &plan.changes {
        writeln!(out, "{}", change.describe(false))?;
        change.make(root)?;
    }
    root.reload_udev();
    root.trigger_udev();
    writeln!(out, "members of group {group} may use the GPU: `usermod -aG {group} USER`, then log in again")?;
    Ok(())
}

/// Puts everything back as it was.
pub(crate) fn undo(root: &Root, dry_run: bool, out: &mut dyn Write) -> Result<()> {
    let Some(mut manifest) = Manifest::read(root)? else {
        writeln!(out, "nothing to undo: {} does not exist", root.show(manifest::PATH))?;
        return Ok(());
    };
    if dry_run {
        for change in manifest.changes.iter().rev() {
            writeln!(out, "would undo: {}", change.describe(false))?;
        }
        return Ok(());
    }
    let lock = root.lock()?;
    let mut left = Vec::new();
    while let Some(change) = manifest.changes.pop() {
        match change.undo(root) {
            Ok(()) => writeln!(out, "undone: {}", change.describe(false))?,
            Err(error) => {
                writeln!(out, "left as it is: {}: {error:#}", change.describe(false))?;
                if !change.is_best_effort() {
                    left.push(change);
                }
            }
        }
    }
    root.reload_udev();
    drop(lock);
    if left.is_empty() {
        return Manifest::remove(root);
    }
    left.reverse();
    let count = left.len();
    manifest.changes = left;
    manifest.write(root)?;
    bail!("{count} changes could not be undone; once their reasons are gone, run it again")
}

/// Refuses to take a group away that a service is to join: systemd would not start the service any more.
fn check_members(root: &Root) -> Result<()> {
    let changes = Manifest::read(root)?.map_or(Vec::new(), |manifest| manifest.changes);
    let made = changes.iter().find_map(|change| match change {
        change::Change::Group { name } => Some(name),
        _ => None,
    });
    let Some(group) = made else { return Ok(()) };
    let setting = format!("SupplementaryGroups={group}");
    let folders = fs::read_dir(root.path("/etc/systemd/system")).into_iter().flatten().flatten();
    for drop_in in folders.map(|folder| folder.path().join(DROP_IN)) {
        let is_member = fs::read_to_string(&drop_in).is_ok_and(|text| text.lines().any(|line| line == setting));
        ensure!(
            !is_member,
            "{} has its service join group {group}, which would be gone, and the service would not start any more: \
             `vgpu uninstall` undoes both",
            drop_in.display()
        );
    }
    Ok(())
}

/// Refuses what is no group's name.
pub(crate) fn check_group_name(name: &str) -> Result<()> {
    ensure!(
        is_group_name(name),
        "--group {name}: a group's name has lower-case letters, digits, _ and -, and starts with a letter"
    );
    Ok(())
}

/// What every Linux takes for a group's name, and what needs no quoting anywhere.
fn is_group_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    name.len() <= 32
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(is_inner)
}
