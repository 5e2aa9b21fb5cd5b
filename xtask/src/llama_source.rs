//! llama.cpp's sources, out of the history that travels in the npm client's package.
//!
//! npm has checked the package against the lock file, and git checks the history against its own digests.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{demo::client::Client, workspace};

/// The folder for everything that is made of the sources.
pub(crate) fn root(client: &Client) -> PathBuf {
    client.dir().join("llama.cpp")
}

/// Checks out `paths`, or finds them checked out; returns the folder of the sources.
pub(crate) fn check_out(client: &Client, paths: &[&str]) -> Result<PathBuf> {
    let root = root(client);
    let source = root.join("source");
    if !source.join(".git").exists() {
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        let unfinished = root.join("source.unfinished");
        let _ = fs::remove_dir_all(&unfinished);
        workspace::check(
            Command::new("git")
                .args(["-c", "init.defaultBranch=main", "clone", "--quiet", "--no-checkout"])
                .arg(client.llama_history())
                .arg(&unfinished),
        )?;
        fs::rename(&unfinished, &source).with_context(|| format!("cannot create {}", source.display()))?;
    }
    // Also where it was done before: it costs little, and mends what was cut off.
    workspace::check(Command::new("git").current_dir(&source).args(["checkout", "--quiet", "HEAD", "--"]).args(paths))?;
    Ok(source)
}

/// The commit that the sources are.
pub(crate) fn commit(source: &Path) -> Result<String> {
    let text = workspace::output(Command::new("git").current_dir(source).args(["rev-parse", "HEAD"]))?;
    Ok(text.trim().to_owned())
}

/// The C++ compiler's name.
pub(crate) fn compiler() -> std::ffi::OsString {
    env::var_os("CXX").unwrap_or_else(|| "c++".into())
}
