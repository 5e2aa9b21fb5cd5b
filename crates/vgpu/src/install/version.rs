//! One version's folder in the prefix: a checked copy of a dist folder.

use std::fs::File;

use anyhow::{Result, ensure};

use super::dist::{Dist, MANIFEST};
use super::tree::{EXECUTABLE, Found, READABLE, Tree};

/// Whether the version is there, whole.
pub(super) fn is_there(tree: &Tree, prefix: &str, dist: &Dist) -> Result<bool> {
    let folder = format!("{prefix}/{}", dist.name);
    for file in &dist.files {
        match tree.open_file(&format!("{folder}/{}", file.path))? {
            Some(found) if file.matches(&found)? => {}
            _ => return Ok(false),
        }
    }
    for link in &dist.links {
        match tree.look(&format!("{folder}/{}", link.path))? {
            Some(Found::Thing(print)) if print.target.as_ref() == Some(&link.target) => {}
            _ => return Ok(false),
        }
    }
    Ok(tree.read(&format!("{folder}/{MANIFEST}"))?.is_some_and(|text| text == dist.manifest))
}

/// Copies what is not there yet. Nothing uses a version before `current` leads to it.
pub(super) fn put(tree: &Tree, prefix: &str, dist: &Dist) -> Result<()> {
    let folder = format!("{prefix}/{}", dist.name);
    if is_there(tree, prefix, dist)? {
        return Ok(());
    }
    for folder in [folder.clone(), format!("{folder}/lib"), format!("{folder}/bin")] {
        tree.make_folder(&folder)?;
    }
    for file in &dist.files {
        let path = format!("{folder}/{}", file.path);
        let is_there = match tree.open_file(&path)? {
            Some(found) => file.matches(&found)?,
            None => false,
        };
        if !is_there {
            let mut from: File = dist.open(file)?;
            tree.write_file(&path, &mut from, EXECUTABLE)?;
        }
    }
    for link in &dist.links {
        tree.write_link(&format!("{folder}/{}", link.path), &link.target)?;
    }
    tree.write_file(&format!("{folder}/{MANIFEST}"), &mut dist.manifest.as_slice(), READABLE)?;
    ensure!(is_there(tree, prefix, dist)?, "the dist folder has changed while it was copied: run it again");
    Ok(())
}
