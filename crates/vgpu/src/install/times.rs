//! Folders that were there before us, and when they had last changed: uninstalling gives them that time back.
//!
//! Others change them too. So the time at which a finished run leaves a folder is noted as well: where another is found later,
//! somebody has been there since, and theirs is the one to give back.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::tree::{Time, Tree};

/// All such folders of an installation.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Times(Vec<Folder>);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Folder {
    path: String,
    /// Before we changed anything in it.
    before: Time,
    /// As our last run has left it; nothing while a run is under way, or was cut off.
    after: Option<Time>,
}

impl Times {
    /// Takes what others have changed since our last run for what was there before us.
    pub(super) fn follow_others(&mut self, tree: &Tree) {
        self.0.retain_mut(|folder| {
            // One that cannot be looked at now is another's, or gone.
            let Ok(Some(now)) = tree.folder_time(&folder.path) else { return false };
            if folder.after.is_some_and(|after| after != now) {
                (folder.before, folder.after) = (now, Some(now));
            }
            true
        });
    }

    /// Notes the time of a folder that is about to be changed.
    pub(super) fn note(&mut self, tree: &Tree, path: &str) -> Result<()> {
        if !self.0.iter().any(|folder| folder.path == path)
            && let Some(before) = tree.folder_time(path)?
        {
            self.0.push(Folder { path: path.to_owned(), before, after: None });
        }
        Ok(())
    }

    /// A run begins to change things.
    pub(super) fn begin(&mut self) {
        self.0.iter_mut().for_each(|folder| folder.after = None);
    }

    /// A run has changed everything, but for the record in the prefix.
    pub(super) fn end(&mut self, tree: &Tree) {
        for folder in &mut self.0 {
            folder.after = tree.folder_time(&folder.path).ok().flatten();
        }
    }

    /// The record has been written, which has changed the folder that it lies in.
    pub(super) fn keep_prefix(&self, tree: &Tree, prefix: &str) -> Result<()> {
        match self.0.iter().find(|folder| folder.path == prefix).and_then(|folder| folder.after) {
            Some(after) => tree.set_folder_time(prefix, after),
            None => Ok(()),
        }
    }

    /// Gives every folder its time back. Returns what the user should know.
    pub(super) fn restore(&self, tree: &Tree) -> Vec<String> {
        let restored = self.0.iter().map(|folder| match tree.folder_time(&folder.path) {
            Ok(Some(now)) if now != folder.before => tree.set_folder_time(&folder.path, folder.before),
            // Gone, or somebody has put a link there: nothing of ours is in it.
            _ => Ok(()),
        });
        restored.filter_map(|result| Some(format!("its time of change stays as it is: {:#}", result.err()?))).collect()
    }
}
