//! One difference between how the system is and how it should be: described, made, undone.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::root::{Root, as_root};

/// A change, with what is needed to take it back. Paths are the system's, without a test's folder before them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Change {
    /// A group that there was none of.
    Group { name: String },
    /// A folder that there was none of.
    Folder { path: String },
    /// A file's contents.
    File { path: String, before: Option<OldFile>, after: String },
    /// Who may read and write a file of sysfs.
    Access { path: String, before: Owner, group: String, mode: u32 },
    /// An attribute of sysfs: how it reads, and what must be written so that it reads so.
    Attribute { path: String, before: String, restore: String, after: String },
    /// A driver is taken off a function.
    Driver { address: String, driver: String },
}

/// A file as it was.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct OldFile {
    pub(super) bytes: Contents,
    #[serde(flatten)]
    pub(super) owner: Owner,
}

/// Bytes, as text if they are text, for whoever reads the record.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Contents {
    Text(String),
    Raw(Vec<u8>),
}

impl Contents {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Raw(error.into_bytes()), Self::Text)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Raw(bytes) => bytes,
        }
    }
}

/// Whose a file is and what others may do with it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
}

impl Owner {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 }
    }
}

impl Change {
    /// What is changed: two such changes are one.
    pub(super) fn subject(&self) -> (u8, &str) {
        match self {
            Self::Group { name } => (0, name),
            Self::Folder { path } => (1, path),
            Self::File { path, .. } => (2, path),
            Self::Access { path, .. } => (3, path),
            Self::Attribute { path, .. } => (4, path),
            Self::Driver { address, .. } => (5, address),
        }
    }

    /// Whether nothing is lost when it cannot be undone: a driver that holds our function is half bound, and may refuse to be
    /// bound to it again.
    pub(super) fn is_best_effort(&self) -> bool {
        matches!(self, Self::Driver { .. })
    }

    /// In words; with a file's whole text if `in_full`.
    pub(super) fn describe(&self, in_full: bool) -> String {
        match self {
            Self::Group { name } => format!("create group {name}"),
            Self::Folder { path } => format!("make folder {path}"),
            Self::File { path, before, after } => {
                let verb = if before.is_some() { "replace" } else { "write" };
                let text =
                    if in_full { after.lines().map(|line| format!("\n    {line}")).collect() } else { String::new() };
                format!("{verb} {path}{text}")
            }
            Self::Access { path, group, mode, .. } => format!("give {path} to group {group}, mode {mode:04o}"),
            Self::Attribute { path, after, .. } => format!("write {after} to {path}"),
            Self::Driver { address, driver } => format!("take driver {driver} off {address}"),
        }
    }

    /// Makes the change.
    pub(super) fn make(&self, root: &Root) -> Result<()> {
        match self {
            Self::Group { name } => root.add_group(name),
            Self::Folder { path } => {
                let path = root.path(path);
                fs::create_dir(&path).with_context(|| format!("cannot make folder {}{}", path.display(), as_root()))
            }
            Self::File { path, after, .. } => write_file(&root.path(path), after.as_bytes(), None),
            Self::Access { path, before, group, mode } => {
                let gid = root.group(group)?.with_context(|| format!("there is no group {group}"))?;
                set_owner(&root.path(path), Owner { uid: before.uid, gid, mode: *mode })
            }
            Self::Attribute { path, after, .. } => write_attribute(&root.path(path), after),
            Self::Driver { address, driver } => write_attribute(&driver_file(root, driver, "unbind"), address),
        }
    }

    /// Takes the change back, if things are still as it left them. What is already as before needs nothing.
    pub(super) fn undo(&self, root: &Root) -> Result<()> {
        match self {
            Self::Group { name } => match root.group(name)? {
                Some(_) => root.remove_group(name),
                None => Ok(()),
            },
            Self::Folder { path } => match fs::remove_dir(root.path(path)) {
                // Others have put something there since: then it is theirs as well.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                other => other.with_context(|| format!("cannot remove {}{}", root.show(path), as_root())),
            },
            Self::File { path, before, after } => undo_file(&root.path(path), before.as_ref(), after),
            Self::Access { path, before, group, mode } => {
                let path = root.path(path);
                let Ok(metadata) = fs::metadata(&path) else {
                    return Ok(());
                };
                let now = Owner::of(&metadata);
                if now == *before {
                    return Ok(());
                }
                let ours = Owner { uid: before.uid, gid: root.group(group)?.unwrap_or(now.gid), mode: *mode };
                ensure!(now == ours, "somebody else has changed it since");
                set_owner(&path, *before)
            }
            Self::Attribute { path, before, restore, after } => {
                let path = root.path(path);
                match read_attribute(&path) {
                    None => Ok(()),
                    Some(now) if now == *before => Ok(()),
                    Some(now) => {
                        ensure!(now == *after, "it reads {now} now");
                        write_attribute(&path, restore)
                    }
                }
            }
            Self::Driver { address, driver } => {
                let bind = driver_file(root, driver, "bind");
                let bound = root.path(format!("/sys/bus/pci/devices/{address}/driver"));
                if !bind.exists() || bound.exists() {
                    return Ok(());
                }
                write_attribute(&bind, address)
            }
        }
    }
}

fn driver_file(root: &Root, driver: &str, name: &str) -> std::path::PathBuf {
    root.path(format!("/sys/bus/pci/drivers/{driver}/{name}"))
}

/// A plain file's present state; `None` when there is none.
pub(super) fn read_file(path: &Path) -> Result<Option<OldFile>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    ensure!(metadata.is_file(), "{} is no plain file", path.display());
    let bytes = fs::read(path).with_context(|| format!("cannot read {}{}", path.display(), as_root()))?;
    Ok(Some(OldFile { bytes: Contents::new(bytes), owner: Owner::of(&metadata) }))
}

/// Writes a file so that it is there either whole or not at all; without an owner, it is the writer's and everybody may read.
pub(super) fn write_file(path: &Path, bytes: &[u8], owner: Option<Owner>) -> Result<()> {
    let failed = || format!("cannot write {}{}", path.display(), as_root());
    let folder = path.parent().context("a file has a folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    match owner {
        Some(owner) => set_owner(file.path(), owner)?,
        None => file.as_file().set_permissions(Permissions::from_mode(0o644)).with_context(failed)?,
    }
    file.as_file().sync_all().with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}

fn undo_file(path: &Path, before: Option<&OldFile>, after: &str) -> Result<()> {
    let now = read_file(path)?;
    if now.as_ref() == before {
        return Ok(());
    }
    if now.is_some_and(|now| now.bytes.bytes() != after.as_bytes()) {
        bail!("somebody else has changed it since");
    }
    match before {
        Some(old) => write_file(path, old.bytes.bytes(), Some(old.owner)),
        None => fs::remove_file(path).with_context(|| format!("cannot remove {}{}", path.display(), as_root())),
    }
}

/// An attribute's text, if it can be read.
pub(super) fn read_attribute(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn write_attribute(path: &Path, text: &str) -> Result<()> {
    let written = OpenOptions::new().write(true).truncate(true).open(path);
    let written = written.and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    written.with_context(|| format!("cannot write {text:?} to {}{}", path.display(), as_root()))
}

fn set_owner(path: &Path, owner: Owner) -> Result<()> {
    let failed = || format!("cannot change owner and mode of {}{}", path.display(), as_root());
    chown(path, Some(owner.uid), Some(owner.gid)).with_context(failed)?;
    // After the owner: changing that takes some bits away.
    fs::set_permissions(path, Permissions::from_mode(owner.mode)).with_context(failed)
}
