//! The record of an installation, written before anything is changed, from which it is completed or undone.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::dist::{MANIFEST, is_name, is_part};
use super::entry::{Before, Content, Entry, State};
use super::systemd::service;
use super::times::Times;
use super::tree::{Found, READABLE, Tree, split};

/// Its name in the prefix.
const NAME: &str = "install.json";
/// Since 2, folders that were there have their times.
const FORMAT: u32 = 2;
const FORMAT_OLDEST: u32 = 1;
/// Folders of ours that are not yet, or no longer, under their name.
const PART: &str = ".vgpu-install.part";
/// The version in use and the one before: a daemon that still runs starts executors from there.
const VERSIONS_MAX: usize = 2;

/// Everything that is ours, each kind in the order of its making.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Record {
    format: u32,
    /// Folders that there were none of.
    folders: Vec<String>,
    pub(super) versions: Vec<Version>,
    pub(super) entries: Vec<Entry>,
    /// Kept files whose place somebody else has filled since.
    stale: Vec<String>,
    next_kept: u32,
    /// Folders that were there.
    #[serde(default)]
    pub(super) times: Times,
    /// Whether it was us who had `guest-setup` run, so that it is ours to undo.
    #[serde(default)]
    pub(super) has_guest_setup: bool,
}

/// A version's folder in the prefix.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Version {
    pub(super) name: String,
    pub(super) paths: Vec<String>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            format: FORMAT,
            folders: Vec::new(),
            versions: Vec::new(),
            entries: Vec::new(),
            stale: Vec::new(),
            next_kept: 1,
            times: Times::default(),
            has_guest_setup: false,
        }
    }
}

/// Where kept files lie.
pub(super) fn kept(prefix: &str) -> String {
    format!("{prefix}/kept")
}

impl Record {
    /// Reads the record of a prefix, if there is one.
    pub(super) fn read(tree: &Tree, prefix: &str) -> Result<Option<Self>> {
        let path = format!("{prefix}/{NAME}");
        let Some(bytes) = tree.read(&path)? else {
            return Ok(None);
        };
        let shown = tree.show(&path);
        if let Some(Found::Thing(print)) = tree.look(&path)? {
            // Whoever writes it decides what uninstalling removes.
            let is_ours = print.uid == rustix::process::geteuid().as_raw();
            ensure!(is_ours, "{shown} belongs to user {}: run vgpu as that user", print.uid);
        }
        let mut record: Self = serde_json::from_slice(&bytes).with_context(|| format!("{shown} is damaged"))?;
        let is_known = (FORMAT_OLDEST..=FORMAT).contains(&record.format);
        ensure!(is_known, "{shown} was written by another version of vgpu: use that one");
        record.format = FORMAT;
        let versions = record.versions.iter();
        let mut names = versions.clone().map(|version| &version.name).chain(&record.stale);
        let befores = record.entries.iter().filter_map(|entry| entry.before.as_ref());
        let is_sound = names.all(|name| is_name(name))
            && befores.map(|before| &before.kept).all(|name| is_name(name))
            && versions.flat_map(|version| &version.paths).all(|path| path == MANIFEST || is_part(path));
        ensure!(is_sound, "{shown} is damaged: it names files outside of its folders");
        Ok(Some(record))
    }

    /// Asks for a version to be there, as the newest.
    pub(super) fn want_version(&mut self, version: Version) {
        self.versions.retain(|known| known.name != version.name);
        self.versions.push(version);
    }

    /// Asks for something to stand under a path. What stands there now is what is put back one day.
    pub(super) fn want(&mut self, tree: &Tree, path: String, content: Content) -> Result<()> {
        self.want_folder(tree, split(&path)?.0)?;
        let at = self.entries.iter().position(|entry| entry.path == path).unwrap_or_else(|| {
            self.entries.push(Entry { path: path.clone(), before: None, ours: Vec::new() });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[at];
        if entry.ours.last() != Some(&content) {
            entry.ours.retain(|older| *older != content);
            entry.ours.push(content);
        }
        if let State::Foreign(print) = entry.state(tree)? {
            let kept = format!("{}-{}", self.next_kept, file_name(&path)?);
            self.next_kept = self.next_kept.checked_add(1).context("the record's numbers are used up")?;
            self.stale.extend(entry.before.replace(Before { kept, print }).map(|older| older.kept));
        }
        Ok(())
    }

    /// The text that shall stand under a path, if it is one of ours.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match self.entries.iter().find(|entry| entry.path == path)?.ours.last()? {
            Content::Text(text) => Some(text),
            Content::Link(_) => None,
        }
    }

    /// Asks for a folder to be there.
    pub(super) fn want_folder(&mut self, tree: &Tree, path: &str) -> Result<()> {
        self.note_time(tree, path)?;
        let mut missing = Vec::new();
        let mut path = path;
        while tree.folder(path)?.is_none() {
            missing.push(path.to_owned());
            path = split(path)?.0;
        }
        missing.retain(|folder| !self.folders.contains(folder));
        self.folders.extend(missing.into_iter().rev());
        Ok(())
    }

    /// Notes the time of a folder in which something will change: the deepest of its parents, as long as it is not there.
    pub(super) fn note_time(&mut self, tree: &Tree, path: &str) -> Result<()> {
        let path = deepest(tree, path)?;
        match self.folders.iter().any(|folder| folder == path) {
            true => Ok(()),
            false => self.times.note(tree, path),
        }
    }

    /// The services that have a drop-in of ours, with its text.
    pub(super) fn drop_ins(&self) -> Vec<(&str, &str)> {
        let found =
            self.entries.iter().filter_map(|entry| Some((service::of_drop_in(&entry.path)?, self.text(&entry.path)?)));
        found.collect()
    }

    /// Forgets what is no longer ours: others have put something of theirs there, or taken the folder away.
    pub(super) fn forget_lost(&mut self, tree: &Tree) -> Result<()> {
        for entry in std::mem::take(&mut self.entries) {
            let folder = split(&entry.path)?.0;
            let is_lost = match entry.state(tree)? {
                State::Foreign(_) => true,
                State::Missing => tree.folder(folder)?.is_none() && !self.folders.iter().any(|known| known == folder),
                _ => false,
            };
            match entry.before {
                Some(before) if is_lost => self.stale.push(before.kept),
                None if is_lost => {}
                _ => self.entries.push(entry),
            }
        }
        Ok(())
    }

    /// Writes the record. With its prefix, if there is none: both appear at once, so that whatever is found can be undone.
    ///
    /// What is returned keeps others out of the new prefix.
    pub(super) fn write(&self, tree: &Tree, prefix: &str) -> Result<Option<OwnedFd>> {
        let mut text = serde_json::to_string_pretty(self).context("the record of the installation")?;
        text.push('\n');
        if tree.folder(prefix)?.is_some() {
            let path = format!("{prefix}/{NAME}");
            match tree.read(&path)?.as_deref() == Some(text.as_bytes()) {
                true => tree.remove_draft(&path)?,
                false => tree.write_file(&path, &mut text.as_bytes(), READABLE)?,
            }
            return Ok(None);
        }
        let base = deepest(tree, prefix)?;
        let part = part_in(base);
        tree.remove_all(&part)?;
        let rest = prefix.strip_prefix(base.trim_end_matches('/')).context("a path starts with its parents")?;
        let mut names = rest.split('/').filter(|name| !name.is_empty());
        let top = names.next().context("it is missing, so it has a name")?;
        let mut inner = part.clone();
        tree.make_folder(&inner)?;
        for name in names {
            inner = format!("{inner}/{name}");
            tree.make_folder(&inner)?;
        }
        tree.write_file(&format!("{inner}/{NAME}"), &mut text.as_bytes(), READABLE)?;
        let guard = lock_folder(tree, &inner)?;
        tree.rename(&part, &format!("{}/{top}", base.trim_end_matches('/')))?;
        Ok(Some(guard))
    }

    /// Makes the folders that were asked for.
    pub(super) fn make_folders(&self, tree: &Tree) -> Result<()> {
        self.folders.iter().try_for_each(|folder| tree.make_folder(folder))
    }

    /// Removes what a finished installation no longer needs, and forgets about it.
    pub(super) fn tidy(&mut self, tree: &Tree, prefix: &str) -> Result<()> {
        let old = self.versions.len().saturating_sub(VERSIONS_MAX);
        for version in &self.versions[..old] {
            version.remove(tree, prefix)?;
        }
        for name in &self.stale {
            tree.remove_with_draft(&format!("{}/{name}", kept(prefix)))?;
        }
        self.versions.drain(..old);
        self.stale.clear();
        for entry in &mut self.entries {
            if entry.state(tree)? == State::Aim {
                entry.ours.drain(..entry.ours.len().saturating_sub(1));
            }
        }
        Ok(())
    }

    /// Puts back what stood in the places of ours; what cannot be stays recorded. Returns what the user should know.
    pub(super) fn undo_entries(&self, tree: &Tree, prefix: &str) -> Result<Vec<String>> {
        let (mut notes, mut failures) = (Vec::new(), Vec::new());
        for entry in self.entries.iter().rev() {
            match entry.undo(tree, &kept(prefix)) {
                Ok(note) => notes.extend(note),
                Err(error) => failures.push(format!("{error:#}")),
            }
        }
        if !failures.is_empty() {
            bail!("{}; once the cause is gone, run it again", failures.join("; "));
        }
        Ok(notes)
    }

    /// Removes the rest of ours, the record at last. Returns what the user should know.
    pub(super) fn undo_rest(&self, tree: &Tree, prefix: &str) -> Result<Vec<String>> {
        for name in &self.stale {
            tree.remove_with_draft(&format!("{}/{name}", kept(prefix)))?;
        }
        for version in &self.versions {
            version.remove(tree, prefix)?;
        }
        let is_of_prefix = |folder: &str| is_within(prefix, folder);
        for folder in self.folders.iter().rev().filter(|folder| !is_of_prefix(folder)) {
            tree.remove_folder(folder)?;
        }
        // While the record is there still, so that a run that is cut off here is completed by the next.
        self.times.restore(tree);
        self.remove(tree, prefix)?;
        // The folder that the record or its prefix was in has changed once more.
        Ok(self.times.restore(tree))
    }

    /// Removes the record with those folders that were made for it.
    fn remove(&self, tree: &Tree, prefix: &str) -> Result<()> {
        tree.remove_draft(&format!("{prefix}/{NAME}"))?;
        let is_ours = |folder: &str| self.folders.iter().any(|known| known == folder);
        let mut top = None;
        let (mut folder, mut only) = (prefix, NAME);
        while is_ours(folder) && tree.list(folder)? == [only] {
            top = Some(folder);
            (folder, only) = split(folder)?;
        }
        let Some(top) = top else {
            return tree.remove(&format!("{prefix}/{NAME}"));
        };
        // In one step, or a run that is cut off here would leave folders that nobody knows to be ours.
        let part = part_in(folder);
        tree.remove_all(&part)?;
        tree.rename(top, &part)?;
        tree.remove_all(&part)
    }
}

impl Version {
    fn remove(&self, tree: &Tree, prefix: &str) -> Result<()> {
        let folder = format!("{prefix}/{}", self.name);
        for path in &self.paths {
            tree.remove_with_draft(&format!("{folder}/{path}"))?;
        }
        for folder in [format!("{folder}/lib"), format!("{folder}/bin"), folder] {
            tree.remove_folder(&folder)?;
        }
        Ok(())
    }
}

/// Removes what is left of a run that was cut off before its record was there, or after it was gone.
pub(super) fn remove_remains(tree: &Tree, prefix: &str) -> Result<()> {
    tree.remove_draft(&format!("{prefix}/{NAME}"))?;
    tree.remove_all(&part_in(deepest(tree, prefix)?))
}

/// Keeps other runs out until dropped.
pub(super) fn lock(tree: &Tree, prefix: &str) -> Result<OwnedFd> {
    let folder = deepest(tree, prefix)?;
    let guard = lock_folder(tree, folder)?;
    ensure!(deepest(tree, prefix)? == folder, BUSY);
    Ok(guard)
}

/// A process that was just forked has all locks of its parent until it becomes another program.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const BUSY: &str = "another `vgpu install` or `vgpu uninstall` is running: wait for it to end";

fn lock_folder(tree: &Tree, folder: &str) -> Result<OwnedFd> {
    let guard = tree.folder(folder)?.with_context(|| format!("{} is gone", tree.show(folder)))?;
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match rustix::fs::flock(&guard, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(guard),
            Err(Errno::WOULDBLOCK) if Instant::now() < until => thread::sleep(Duration::from_millis(10)),
            Err(Errno::WOULDBLOCK) => bail!(BUSY),
            Err(errno) => return Err(errno).with_context(|| format!("locking {}", tree.show(folder))),
        }
    }
}

/// The longest part of a path that is there.
fn deepest<'a>(tree: &Tree, path: &'a str) -> Result<&'a str> {
    let mut path = path;
    while tree.folder(path)?.is_none() {
        path = split(path)?.0;
    }
    Ok(path)
}

fn part_in(folder: &str) -> String {
    format!("{}/{PART}", folder.trim_end_matches('/'))
}

/// Whether `folder` is `path` or one of its parents.
fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn file_name(path: &str) -> Result<&str> {
    Ok(split(path)?.1)
}
