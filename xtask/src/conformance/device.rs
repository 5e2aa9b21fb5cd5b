//! The device that a suite's programs run on, and what they run with: the command, their libraries, their log.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{demo::client::Client, workspace};

/// A software GPU's settings.
#[derive(Clone, Copy)]
pub(super) struct Software<'a> {
    pub(super) capability: &'a str,
    pub(super) threads: u32,
    pub(super) schedule: &'a str,
    pub(super) racecheck: bool,
    /// In the place of a driver that the executor of drivers' GPUs uses.
    pub(super) nested: bool,
}

/// Which device programs get.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// A software GPU of their own.
    Embedded(Software<'a>),
    /// One that is there, with settings of its own.
    Named(&'a str),
}

/// A device for the client's programs.
#[derive(Clone, Copy)]
pub(super) struct Device<'a> {
    pub(super) client: &'a Client,
    pub(super) kind: Kind<'a>,
    /// A library to be loaded into the programs before their own.
    pub(super) preload: Option<&'a Path>,
}

impl Device<'_> {
    /// What it is called in results.
    pub(super) fn label(&self) -> &str {
        match self.kind {
            Kind::Embedded(Software { nested: true, .. }) => "nested",
            Kind::Embedded(software) => software.capability,
            Kind::Named(name) => name,
        }
    }

    /// A command that runs `program` on the device.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(workspace::root().join("dist/bin/vgpu"));
        command.args(["run", "--device"]);
        match self.kind {
            Kind::Embedded(Software { capability, threads, schedule, racecheck, nested }) => {
                command.args(["embedded", "--profile", capability, "--threads", &threads.to_string()]);
                command.args(["--schedule", schedule]).args(racecheck.then_some("--racecheck"));
                if nested {
                    command.env("VGPU_DEVICE", "driver").env("VGPU_NESTED", "1");
                }
            }
            Kind::Named(name) => {
                command.arg(name);
            }
        }
        command.arg("--");
        if let Some(library) = self.preload {
            command.arg("env").arg(format!("LD_PRELOAD={}", library.display()));
        }
        command.arg(program);
        command
    }
}

/// Where the programs' and the executor's messages of the last run are.
pub(super) fn log_path() -> Result<PathBuf> {
    Ok(workspace::cache_dir()?.join("conformance.log"))
}

/// The programs' libraries stand first in the path; `vgpu run` puts the vGPU's before them.
pub(super) fn library_path(first: &[&Path]) -> OsString {
    let rest = env::var_os("LD_LIBRARY_PATH").filter(|rest| !rest.is_empty());
    let folders: Vec<OsString> = first.iter().map(|folder| folder.as_os_str().to_owned()).chain(rest).collect();
    folders.join(OsStr::new(":"))
}
