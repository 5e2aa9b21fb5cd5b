//! What the repository consists of.

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::{Context, Result};

use crate::workspace;

/// All files that git knows or would take, by their path from the root. Those that are no text are empty.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the working tree.
    pub(super) fn read() -> Result<Self> {
        let root = workspace::root();
        let mut list = Command::new("git");
        list.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let list = workspace::output(&mut list)?;
        let mut files = BTreeMap::new();
        for path in list.split_terminator('\0') {
            // One that has been removed, and not yet from the index.
            if let Ok(bytes) = fs::read(root.join(path)) {
                files.insert(path.to_owned(), String::from_utf8(bytes).unwrap_or_default());
            }
        }
        Some(Self(files)).filter(|tree| tree.has("Cargo.toml")).context("git lists no files")
    }

    /// A tree of these files.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// All files.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Files that are written in Rust.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// A file's text.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Whether there is such a file or folder.
    pub(super) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        self.0.contains_key(path)
            || self.0.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(&folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_there_with_their_files() {
        let tree = Tree::of(&[("a/b.rs", ""), ("ab", "")]);
        assert!(tree.has("a") && tree.has("a/") && tree.has("a/b.rs") && tree.has("ab"));
        assert!(!tree.has("b") && !tree.has("a/b"));
    }

    #[test]
    fn this_repository_can_be_read() {
        let tree = Tree::read().expect("a working tree");
        assert!(tree.text("xtask/src/tidy/tree.rs").is_some_and(|text| text.contains("this_repository_can_be_read")));
    }
}
