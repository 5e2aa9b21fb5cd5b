//! NVIDIA's compiler in the cache: packages that are unpacked and not installed.
//!
//! nvcc 12.4 is a package of Debian's non-free part. That part's headers come with half a gigabyte of static libraries; the same
//! headers, and the runtime to link with, are small wheels at PyPI.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    headers::{Wheels, has_pip},
    vm,
};

/// Changes with what [`make`] leaves in the folder.
const LAYOUT: &str = "1";
const PACKAGE: &str = "nvidia-cuda-toolkit";
const WHEELS: &str = "tests/kernels/SOURCES.toml";
/// Compiles the host's part of a program.
const HOST_COMPILER: &str = "g++";
/// Folders of the package: of the programs, of the compiler proper, and what nobody compiles with.
const PROGRAMS: &str = "usr/bin";
const COMPILER: &str = "usr/lib/nvidia-cuda-toolkit/bin";
const UNUSED: [&str; 2] = ["usr/lib/nvidia-cuda-toolkit/compute-sanitizer", "usr/share"];
/// Folders of the wheels.
const INCLUDE: [&str; 3] = ["nvidia/cuda_runtime/include", "nvidia/cuda_nvcc/include", "nvidia/cuda_cccl/include"];
const LIBRARIES: &str = "nvidia/cuda_runtime/lib";

/// The compiler, and how it is called.
pub(super) struct Toolkit {
    folder: PathBuf,
    identity: String,
}

impl Toolkit {
    /// Why there can be no compiler here, if that is certain beforehand.
    pub(super) fn unavailable() -> Option<String> {
        if !has_pip() {
            return Some("the compiler's headers come from PyPI: python3 has no pip".to_owned());
        }
        if host_compiler().is_err() {
            return Some(format!("there is no {HOST_COMPILER} for the host's part of programs"));
        }
        vm::unavailable()
    }

    /// Fetches the compiler, or finds it.
    pub(super) fn ready() -> Result<Self> {
        let wheels = Wheels::of(WHEELS)?;
        let recipe = format!("{LAYOUT} {PACKAGE} {}", wheels.identity());
        let folder = vm::cached_folder("nvcc", &recipe, |dir| {
            println!("fetching nvcc 12.4 and its headers (115 MB, 230 MB unpacked), once");
            make(dir, &wheels)
        })?;
        Ok(Self { folder, identity: format!("{recipe} {}", host_compiler()?) })
    }

    /// What decides, beside a program and its options, what the compiler makes of it.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    /// nvcc, without arguments.
    pub(super) fn nvcc(&self) -> Command {
        let mut nvcc = Command::new(self.folder.join(COMPILER).join("nvcc"));
        // The package's own g++ stands behind the machine's.
        let mut path = OsString::from(self.folder.join(PROGRAMS));
        for folder in [env::var_os("PATH").unwrap_or_default(), self.folder.join(COMPILER).into_os_string()] {
            path.push(":");
            path.push(folder);
        }
        nvcc.env("PATH", path).args(["-ccbin", HOST_COMPILER]);
        for folder in INCLUDE {
            nvcc.arg("-isystem").arg(self.folder.join(folder));
        }
        nvcc.arg("-L").arg(self.folder.join(LIBRARIES));
        nvcc
    }
}

/// What the host's compiler says that it is.
fn host_compiler() -> Result<String> {
    let asked = Command::new(HOST_COMPILER).arg("--version").stderr(Stdio::null()).output();
    let said = asked.with_context(|| format!("cannot start {HOST_COMPILER}"))?.stdout;
    Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned())
}

fn make(dir: &Path, wheels: &Wheels) -> Result<()> {
    vm::fetch_non_free(dir, &[PACKAGE])?;
    for folder in UNUSED.map(|folder| dir.join(folder)).into_iter().filter(|folder| folder.exists()) {
        fs::remove_dir_all(folder)?;
    }
    // The package's own leads to the folder of an installed one.
    let profile = dir.join(COMPILER).join("nvcc.profile");
    fs::remove_file(&profile).context("the package's nvcc.profile")?;
    fs::write(profile, "NVVMIR_LIBRARY_DIR = $(_HERE_)/../libdevice\n")?;
    wheels.unpack(dir, |path| {
        let text = path.to_string_lossy();
        INCLUDE.iter().any(|folder| text.starts_with(folder)) || text.starts_with(LIBRARIES)
    })?;
    symlink("libcudart.so.12", dir.join(LIBRARIES).join("libcudart.so")).context("the name to link by")
}
