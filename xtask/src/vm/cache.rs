//! Folders of the cache, made once: each is there whole or not at all, whoever is killed meanwhile.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::workspace;

/// How folders are called that are not finished.
const DRAFT: &str = "vm.unfinished-";

/// The folder whose contents `recipe` decides; where there is none, `make` fills one.
pub(crate) fn folder(name: &str, recipe: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let hash: String = Sha256::digest(recipe).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let cache = workspace::cache_dir()?;
    let folder = cache.join(format!("{name}-{hash}"));
    if folder.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(cache.join("vm.lock")).context("vm.lock")?;
    lock.lock().context("cannot wait for another process that fetches the virtual machine's parts")?;
    if !folder.exists() {
        remove_drafts(&cache)?;
        // What an interrupted process started may still write into its folder: ours has a name of its own.
        let draft = cache.join(format!("{DRAFT}{}", process::id()));
        fs::create_dir(&draft).with_context(|| format!("cannot create {}", draft.display()))?;
        make(&draft)?;
        fs::rename(&draft, &folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    Ok(folder)
}

/// Removes what interrupted processes have left; the caller holds the lock.
fn remove_drafts(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache).with_context(|| cache.display().to_string())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(DRAFT) {
            // Their children may still write there; then the next set-up removes it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
