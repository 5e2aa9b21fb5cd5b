//! The record of what was there before, from which everything is put back.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::change::{Change, read_file, write_file};
use super::root::{Root, STATE_FOLDER};

/// Where the record is kept.
pub(super) const PATH: &str = "/var/lib/vgpu/guest-setup.json";
const FORMAT: u32 = 1;

/// Everything that was changed, in the order in which it was.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Manifest {
    format: u32,
    pub(super) changes: Vec<Change>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self { format: FORMAT, changes: Vec::new() }
    }
}

impl Manifest {
    /// Reads the record, if there is one.
    pub(super) fn read(root: &Root) -> Result<Option<Self>> {
        let path = root.path(PATH);
        if read_file(&path)?.is_none() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let manifest: Self = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        ensure!(manifest.format == FORMAT, "{} was written by another version of vgpu", path.display());
        Ok(Some(manifest))
    }

    /// Notes changes that are about to be made. What was changed before keeps what stood there first.
    pub(super) fn add(&mut self, changes: &[Change]) {
        for change in changes {
            match self.changes.iter_mut().find(|known| known.subject() == change.subject()) {
                Some(known) => known.renew(change),
                None => self.changes.push(change.clone()),
            }
        }
    }

    /// Writes the record.
    pub(super) fn write(&self, root: &Root) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).context("the record of changes")?;
        text.push('\n');
        write_file(&root.path(PATH), text.as_bytes(), None)
    }

    /// Removes the record, and its folder if nothing else is in it.
    pub(super) fn remove(root: &Root) -> Result<()> {
        fs::remove_file(root.path(PATH)).with_context(|| format!("cannot remove {}", root.show(PATH)))?;
        // Others may keep something there.
        let _ = fs::remove_dir(root.path(STATE_FOLDER));
        Ok(())
    }
}

impl Change {
    /// Takes over what a later change aims at, and keeps what stood there before the first.
    fn renew(&mut self, later: &Self) {
        match (self, later) {
            (Self::File { after, .. }, Self::File { after: new, .. })
            | (Self::Attribute { after, .. }, Self::Attribute { after: new, .. }) => after.clone_from(new),
            (Self::Access { group, mode, .. }, Self::Access { group: new_group, mode: new_mode, .. }) => {
                group.clone_from(new_group);
                *mode = *new_mode;
            }
            // The others have nothing that could be different.
            _ => {}
        }
    }
}
