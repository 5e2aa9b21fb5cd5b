//! A client's packages, in a Python environment of its own in the cache.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{vm, workspace};

/// Changes with what [`Environment::ready`] leaves in the folder.
const LAYOUT: &str = "1";

/// An interpreter with the packages of a list, by version and checksum, and no others.
pub(super) struct Environment(PathBuf);

impl Environment {
    /// Fetches the packages, or finds them.
    pub(super) fn ready(name: &str, requirements: &Path) -> Result<Self> {
        let list = fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;
        let version = workspace::output(Command::new("python3").arg("--version"))?;
        let recipe = format!("{LAYOUT} {version} {list}");
        let folder = vm::cached_folder(&format!("client-{name}"), &recipe, |dir| {
            println!("fetching the packages of {name}, once");
            workspace::check(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
            let mut pip = Command::new(Self(dir.to_owned()).python());
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
            pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(requirements);
            workspace::check(&mut pip)
        })?;
        Ok(Self(folder))
    }

    pub(super) fn python(&self) -> PathBuf {
        self.0.join("bin/python")
    }

    /// Folders of libraries that NVIDIA's packages have brought, such as the compiler for kernels.
    pub(super) fn libraries(&self) -> Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for version in fs::read_dir(self.0.join("lib")).context("the environment's packages")? {
            let Ok(packages) = fs::read_dir(version?.path().join("site-packages/nvidia")) else { continue };
            for package in packages {
                folders.extend(Some(package?.path().join("lib")).filter(|folder| folder.is_dir()));
            }
        }
        folders.sort();
        Ok(folders)
    }
}
