//! How a file gets into the dist folder, in place of one that may be in use.

use std::{fs, os::unix::fs::symlink, path::Path};

use anyhow::{Context, Result};

/// Copies a file so that nobody sees half of it, and a running program keeps the old one.
pub(super) fn install(from: &Path, to: &Path) -> Result<()> {
    let draft = to.with_extension("draft");
    fs::copy(from, &draft).with_context(|| from.display().to_string())?;
    fs::rename(&draft, to).with_context(|| to.display().to_string())
}

/// Makes a symbolic link in the same way.
pub(super) fn replace_link(link: &Path, target: &str) -> Result<()> {
    let draft = link.with_extension("draft");
    let _ = fs::remove_file(&draft);
    symlink(target, &draft)?;
    fs::rename(&draft, link).with_context(|| link.display().to_string())
}
