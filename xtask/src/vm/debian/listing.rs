//! The paths on a disk, kept as text beside it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Absolute paths as the guest sees them; of folders the mode as well.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Listing(BTreeMap<PathBuf, Option<u32>>);

impl Listing {
    /// Everything in `root`, which is the guest's `/`.
    pub(super) fn of(root: &Path) -> Result<Self> {
        let mut listing = Self::default();
        listing.add(root, Path::new("/"))?;
        Ok(listing)
    }

    fn add(&mut self, folder: &Path, at: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry.with_context(|| folder.display().to_string())?;
            let (from, path) = (entry.path(), at.join(entry.file_name()));
            let metadata = fs::symlink_metadata(&from).with_context(|| from.display().to_string())?;
            if metadata.is_dir() {
                self.add(&from, &path)?;
            }
            let mode = metadata.is_dir().then(|| metadata.permissions().mode() & 0o7777);
            self.0.insert(path, mode);
        }
        Ok(())
    }

    /// One line for each path: its mode in octal or `-`, and the path.
    pub(super) fn write(&self, to: &Path) -> Result<()> {
        let mut text = String::new();
        for (path, mode) in &self.0 {
            let path = path.to_str().filter(|path| !path.contains('\n')).context("a package's file name")?;
            let mode = mode.map_or_else(|| "-".to_owned(), |mode| format!("{mode:o}"));
            text += &format!("{mode} {path}\n");
        }
        fs::write(to, text).with_context(|| to.display().to_string())
    }

    pub(super) fn read(from: &Path) -> Result<Self> {
        let text = fs::read_to_string(from).with_context(|| from.display().to_string())?;
        let mut listing = Self::default();
        for line in text.lines() {
            let (mode, path) = line.split_once(' ').context("a listing's line")?;
            listing.0.insert(path.into(), u32::from_str_radix(mode, 8).ok());
        }
        Ok(listing)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    pub(in super::super) fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// The mode of a folder that is there.
    pub(in super::super) fn folder_mode(&self, path: &Path) -> Option<u32> {
        self.0.get(path).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("root/a b")).expect("folders");
        fs::set_permissions(dir.path().join("root/a b"), fs::Permissions::from_mode(0o1750)).expect("a folder of ours");
        fs::write(dir.path().join("root/a b/c"), "").expect("a file");
        let listing = Listing::of(&dir.path().join("root")).expect("it can be read");
        assert_eq!(listing.folder_mode(Path::new("/a b")), Some(0o1750));
        assert!(listing.has(Path::new("/a b/c")) && listing.folder_mode(Path::new("/a b/c")).is_none());
        let file = dir.path().join("listing");
        listing.write(&file).expect("it can be written");
        assert_eq!(Listing::read(&file).expect("it can be read"), listing);
    }
}
