//! `cargo xtask dist`: the shared libraries under their real names, the programs, and a manifest.
//!
//! cargo cannot give a library a SONAME and symbol versions of its own, so the shims are built as static libraries and
//! linked here. The programs write their own man pages and shell completions. `VGPU_DIST` names another folder than dist/.

mod contents;
mod link;
mod manifest;
mod place;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    codegen::{load, spec::Library},
    workspace,
};
use contents::{DOCUMENTS, LINKS, PROGRAMS};
use place::{install, replace_link};

/// Options of `cargo xtask dist`.
#[derive(Default, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask dist\n  VGPU_DIST=/tmp/vgpu cargo xtask dist --debug")]
pub(crate) struct Args {
    /// Build without optimisation and keep the debug information.
    #[arg(long)]
    debug: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let dist = dir();
    compile(args)?;
    let profile = if args.debug { "debug" } else { "release" };
    let built = workspace::target_dir().join(profile);
    let lib = dist.join("lib");
    let bin = dist.join("bin");
    fs::create_dir_all(&lib)?;
    fs::create_dir_all(&bin)?;

    let mut libraries = Vec::new();
    for library in Library::ALL {
        let functions = load::library(library)?;
        link::shim(library, &functions, &built, &lib, args.debug)?;
        libraries.push((library, functions));
    }
    link::placeholder("libcublasLt.so.12", &built, &lib)?;
    for (name, target) in LINKS {
        replace_link(&lib.join(name), target)?;
    }
    for program in PROGRAMS {
        install(&built.join(program), &bin.join(program))?;
    }
    document(&dist)?;
    manifest::write(&dist, &libraries)?;
    println!("{} is complete", dist.display());
    Ok(())
}

/// A release build of everything in dist/; returns the folder.
pub(crate) fn build() -> Result<PathBuf> {
    run(&Args::default())?;
    Ok(dir())
}

/// Where the build products go.
pub(crate) fn dir() -> PathBuf {
    env::var_os("VGPU_DIST").map_or_else(|| workspace::root().join("dist"), PathBuf::from)
}

fn compile(args: &Args) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.arg("build");
    if !args.debug {
        cargo.arg("--release");
    }
    for library in Library::ALL {
        cargo.arg("--package");
        cargo.arg(format!("vgpu-{}", library.crate_name()));
    }
    for program in PROGRAMS {
        cargo.args(["--package", program]);
    }
    workspace::check(&mut cargo)
}

/// Lets the programs write their man pages and shell completions, in place of those that they had.
fn document(dist: &Path) -> Result<()> {
    for folder in DOCUMENTS.map(|folder| dist.join(folder)) {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
    }
    for program in PROGRAMS {
        workspace::check(Command::new(dist.join("bin").join(program)).arg("documentation").arg(dist))?;
    }
    Ok(())
}
