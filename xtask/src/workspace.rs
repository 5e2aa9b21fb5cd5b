//! Where things are, and how other programs are run.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// The repository's root folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies one level below the root")
}

/// Where cargo puts build products.
pub(crate) fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where downloads live between runs: `$VGPU_CACHE`, else `~/.cache/vgpu`.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("VGPU_CACHE") {
        return Ok(dir.into());
    }
    let home = env::var_os("HOME").context("neither VGPU_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/vgpu"))
}

/// Makes the file or folder `product`, where it is not there: `make` gets an empty folder beside it, and says what in it is to
/// become the product.
pub(crate) fn once(product: &Path, make: impl FnOnce(&Path) -> Result<PathBuf>) -> Result<()> {
    if product.exists() {
        return Ok(());
    }
    // A cut-off attempt's remains, too.
    let unfinished = product.with_added_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished).with_context(|| format!("cannot create {}", unfinished.display()))?;
    let made = make(&unfinished)?;
    fs::rename(&made, product).with_context(|| format!("cannot create {}", product.display()))?;
    fs::remove_dir_all(&unfinished).with_context(|| format!("cannot remove {}", unfinished.display()))
}

/// A cargo command in the workspace, the cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs `command` to its end; anything but success is an error that names it.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// Runs `command` and returns its standard output as text.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(done.status.success(), "{command:?} failed: {}", done.status);
    String::from_utf8(done.stdout).with_context(|| format!("{command:?} printed something that is not UTF-8"))
}
