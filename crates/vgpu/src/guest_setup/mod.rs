//! `vgpu guest-setup`: opens a VM's vgpu function to a group of users, and undoes that.
//!
//! - `function`: the functions that are there, ours told from real GPUs.
//! - `plan`: what should be different from how it is.
//! - `change`: one difference: made, described, undone.
//! - `manifest`: the record of what was there before.
//! - `root`: paths, which tests place elsewhere, and groups.

mod change;
pub(crate) mod function;
mod manifest;
mod plan;
pub(crate) mod root;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use manifest::Manifest;
use root::Root;

/// Options of `vgpu guest-setup`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu guest-setup --dry-run          show what would be changed
  vgpu guest-setup                    change it, now and for every boot
  usermod -aG vgpu alice              let alice use the GPU, from her next login on
  vgpu guest-setup --undo             put everything back as it was

Inside a VM only. The members of the group share one GPU and can read each other's GPU memory.
What was there before is kept in /var/lib/vgpu/guest-setup.json.")]
pub(crate) struct Args {
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Put back what an earlier run found.
    #[arg(long)]
    undo: bool,
    /// The group that may use the function; it is made if there is none of that name.
    #[arg(long, value_name = "NAME", default_value = "vgpu")]
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
    if args.undo { undo(&root, args.dry_run, out) } else { set_up(&root, args, out) }
}

fn set_up(root: &Root, args: &Args, out: &mut dyn Write) -> Result<()> {
    ensure!(
        is_group_name(&args.group),
        "--group {}: a group's name has lower-case letters, digits, _ and -, and starts with a letter",
        args.group
    );
    let plan = plan::plan(root, &args.group)?;
    for note in &plan.notes {
        writeln!(out, "{note}")?;
    }
    if plan.changes.is_empty() {
        writeln!(out, "nothing to do: everything is set up for group {}", args.group)?;
        return Ok(());
    }
    if args.dry_run {
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
    writeln!(out, "members of group {0} may use the GPU: `usermod -aG {0} USER`, then log in again", args.group)?;
    Ok(())
}

fn undo(root: &Root, dry_run: bool, out: &mut dyn Write) -> Result<()> {
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

/// What every Linux takes for a group's name, and what needs no quoting anywhere.
fn is_group_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    name.len() <= 32
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(is_inner)
}
