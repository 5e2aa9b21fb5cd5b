//! `cargo xtask headers`: public wheels in, bindgen's view of the CUDA headers out, all of it in the cache.
//!
//! Nothing here ends up in the repository: `codegen` takes names, values and layouts from the view.

#[cfg(feature = "bindgen")]
mod bindings;
mod wheels;

use std::{
    fs,
    path::{Path, PathBuf},
};

#[cfg(not(feature = "bindgen"))]
use anyhow::ensure;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::workspace;
pub(crate) use wheels::{Libraries, Wheels, has_pip, program};

/// Options of `cargo xtask headers`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Read the headers again even if the cache holds an up-to-date view.
    #[arg(long)]
    force: bool,
}

/// The headers that bindgen reads: name of the view, wrapper below `headers/`.
const VIEWS: [&str; 4] = ["cuda", "cuda_typedefs", "cudart", "nvml"];

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let dir = view_dir()?;
    if !args.force && is_complete(&dir) {
        println!("up to date: {}", dir.display());
        return Ok(());
    }
    let include = wheels::fetch_and_unpack()?;
    write_views(&include, &dir)
}

/// The folder of bindgen's output, making it when it is missing.
///
/// # Errors
/// The wheels can neither be found in the cache nor fetched, or bindgen fails.
pub(crate) fn views() -> Result<PathBuf> {
    let dir = view_dir()?;
    if !is_complete(&dir) {
        run(&Args { force: false })?;
    }
    Ok(dir)
}

fn is_complete(dir: &Path) -> bool {
    VIEWS.iter().all(|view| dir.join(view).with_extension("rs").is_file())
}

/// The cache folder for exactly these sources, wrappers and bindgen options.
fn view_dir() -> Result<PathBuf> {
    let headers = workspace::root().join("headers");
    let mut hash = Sha256::new();
    hash.update(include_str!("bindings.rs"));
    let mut inputs = vec![headers.join("SOURCES.toml")];
    inputs.extend(VIEWS.map(|view| headers.join(view).with_extension("h")));
    for input in inputs {
        hash.update(fs::read(&input).with_context(|| input.display().to_string())?);
    }
    let key: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(workspace::cache_dir()?.join("bindgen").join(key))
}

#[cfg(feature = "bindgen")]
fn write_views(include: &wheels::Unpacked, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    for view in VIEWS {
        let text = bindings::generate(view, include)?;
        fs::write(dir.join(view).with_extension("rs"), text)?;
    }
    println!("wrote {}", dir.display());
    Ok(())
}

/// Without libclang compiled in, the command runs itself again with it.
#[cfg(not(feature = "bindgen"))]
fn write_views(include: &wheels::Unpacked, dir: &Path) -> Result<()> {
    println!("reading the headers of {} wheels", include.len());
    workspace::check(workspace::cargo().args([
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--features",
        "bindgen",
        "--",
        "headers",
    ]))?;
    ensure!(is_complete(dir), "bindgen ran but left no output in {}", dir.display());
    Ok(())
}
