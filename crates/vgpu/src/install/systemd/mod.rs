//! What systemd is given: units of ours, and drop-ins for the services that use the GPU.
//!
//! - `service`: a service, as its unit files have it.
//! - `drop_in`: what a service lacks to use the GPU, and what it must start after.
//! - `daemon`: `vgpud.service` with its sockets, on a host.
//! - `function`: `vgpu-function.service`, in a VM.
//! - `commands`: what systemd is told once the files are there.
//! - `verified` (tests): what `systemd-analyze verify` says about all of them.

pub(super) mod commands;
pub(super) mod daemon;
pub(super) mod drop_in;
pub(super) mod function;
pub(super) mod service;

use std::path::Path;

use anyhow::{Result, ensure};

use super::tree::Tree;
use crate::unit::FOLDERS;

/// Where units of the administrator lie, and ours.
pub(super) const UNITS: &str = "/etc/systemd/system";
/// There while systemd runs.
const RUNNING: &str = "/run/systemd/system";
const PROGRAMS: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];

/// Whether systemd runs here, and not only will one day.
pub(super) fn is_running(tree: &Tree) -> bool {
    Path::new(&tree.show(RUNNING)).is_dir()
}

/// Whether it is there at all. In a container, or where an image is prepared, it may be and not run.
pub(super) fn is_installed(tree: &Tree) -> bool {
    is_running(tree) || PROGRAMS.iter().any(|program| Path::new(&tree.show(program)).exists())
}

/// Whether there is a unit of that name.
fn has_unit(tree: &Tree, name: &str) -> bool {
    FOLDERS.iter().any(|folder| Path::new(&tree.show(&format!("{folder}/{name}"))).is_file())
}

/// Refuses a path that would mean something else in a unit file: spaces, quotes, percent signs.
pub(super) fn check_path(option: &str, path: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-@+:".contains(&byte);
    ensure!(
        path.starts_with('/') && path.len() > 1 && !path.ends_with('/') && path.bytes().all(is_plain),
        "{option} {path}: it must start with / and have letters, digits and / . _ - @ + : only, as it goes into a unit file"
    );
    Ok(())
}
