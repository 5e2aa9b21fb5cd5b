//! Files for the guest: copies of this machine's at the same paths, what they need, and files that are made.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    closure::{self, Kind},
    cpio,
    debian::Listing,
};

/// Where the kernel's file systems or the guest's own files are, whatever this machine has there.
const GUESTS_OWN: [&str; 5] = ["/proc", "/sys", "/dev", "/opt/vm", "/opt/vgpu"];
/// Links in one path, as the kernel allows them.
const MAX_LINKS: u32 = 40;

/// Files by the path they have in the guest; a folder sorts before what is in it.
pub(super) struct Image<'a> {
    entries: BTreeMap<PathBuf, Entry>,
    /// What the guest has besides.
    system: Option<&'a Listing>,
}

/// A file that the guest gets on a disk.
pub(super) struct OnDisk {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

enum Entry {
    Folder { mode: u32, uid: u32 },
    Link(PathBuf),
    Made { mode: u32, bytes: Vec<u8> },
    Copy { mode: u32, from: PathBuf },
}

impl<'a> Image<'a> {
    /// Nothing yet; `system` is what the guest has already.
    pub(super) fn on(system: Option<&'a Listing>) -> Self {
        Self { entries: BTreeMap::new(), system }
    }

    /// Puts what `path` names on this machine at the same path: every link on the way, and a folder with all that is in it.
    pub(super) fn mirror(&mut self, path: &Path) -> Result<()> {
        let path = std::path::absolute(path).with_context(|| path.display().to_string())?;
        let place = self.resolve(&path, &mut 0)?;
        self.place(&place, &place)
    }

    /// Puts the folder `from` at `to`.
    pub(super) fn tree(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.parents(to);
        self.place(from, to)
    }

    /// Puts what all programs that are there so far need to start: libraries, and the interpreters of scripts. They come from
    /// where the loader finds them with `library_path`; what lies in the folder `dist` the guest has.
    pub(super) fn dependencies(&mut self, library_path: &OsStr, dist: &Path) -> Result<()> {
        let mut programs = Vec::new();
        let mut interpreters = BTreeSet::new();
        for (to, entry) in &self.entries {
            let Entry::Copy { mode, from } = entry else { continue };
            // The guest's own programs bring theirs.
            if to.starts_with("/opt/vm") {
                continue;
            }
            match closure::kind(from) {
                Kind::Elf => programs.push(from.clone()),
                Kind::Script(path, name) if *mode == 0o755 => {
                    interpreters.insert(path);
                    interpreters.extend(name.and_then(|name| closure::in_path(name.as_ref())));
                }
                Kind::Script(..) | Kind::Other => {}
            }
        }
        // An interpreter that this machine lacks is one that the guest has, or its kernel names it.
        interpreters.retain(|path| path.is_file() && !self.guest_has(path));
        for interpreter in &interpreters {
            self.mirror(interpreter)?;
        }
        programs.extend(interpreters);
        let needed = closure::of(&programs, library_path)?;
        for library in needed.found.iter().filter(|path| !is_guests_own(path) && !path.starts_with(dist)) {
            if !self.guest_has(library) {
                self.mirror(library)?;
            }
        }
        for name in needed.missing.iter().filter(|name| !self.has_file_named(name)) {
            eprintln!(
                "vm: a program needs {name}, which this machine does not have; the guest will not have it either"
            );
        }
        Ok(())
    }

    /// The sum of the files' lengths.
    pub(super) fn len_bytes(&self) -> Result<u64> {
        let mut sum = 0;
        for entry in self.entries.values() {
            sum += match entry {
                Entry::Copy { from, .. } => len_bytes(from)?,
                Entry::Made { bytes, .. } => bytes.len() as u64,
                Entry::Folder { .. } | Entry::Link(_) => 0,
            };
        }
        Ok(sum)
    }

    /// Takes the files of at least `min_bytes` out; an empty one stays in the place of each.
    pub(super) fn take_large(&mut self, min_bytes: u64) -> Result<Vec<OnDisk>> {
        let mut large = Vec::new();
        for (to, entry) in &mut self.entries {
            // The guest reads the paths line by line.
            let Entry::Copy { mode, from } = entry else { continue };
            if len_bytes(from)? >= min_bytes && !to.as_os_str().as_bytes().contains(&b'\n') {
                large.push(OnDisk { from: from.clone(), to: to.clone() });
                *entry = Entry::Made { mode: *mode, bytes: Vec::new() };
            }
        }
        Ok(large)
    }

    /// Writes it into an archive for the kernel, below the folder `below`.
    pub(super) fn write(&self, archive: &mut cpio::Writer<impl Write>, below: &Path) -> Result<()> {
        for (path, entry) in &self.entries {
            let name = below.join(path.strip_prefix("/").unwrap_or(path));
            let name = name.as_os_str().as_bytes();
            let name = name.strip_prefix(b"/").unwrap_or(name);
            let written = match entry {
                Entry::Folder { mode, uid } => {
                    // One that the guest has stays as it is.
                    let own = self.system.and_then(|system| system.folder_mode(path));
                    let (mode, uid) = own.map_or((*mode, *uid), |mode| (mode, 0));
                    archive.folder(name, mode, uid)
                }
                // The guest's own leads where this one does, or it would be another system.
                Entry::Link(_) if self.system.is_some_and(|system| system.has(path)) => Ok(()),
                Entry::Link(target) => archive.link(name, target.as_os_str().as_bytes()),
                Entry::Made { mode, bytes } => archive.file(name, *mode, bytes),
                Entry::Copy { mode, from } => {
                    let bytes = fs::read(from).with_context(|| from.display().to_string())?;
                    archive.file(name, *mode, &bytes)
                }
            };
            written.with_context(|| format!("cannot write {} into the initramfs", path.display()))?;
        }
        Ok(())
    }

    /// Whether the guest's system has a file at `path`, which this machine's does not replace.
    pub(super) fn guest_has(&self, path: &Path) -> bool {
        let Some(system) = self.system else { return false };
        // Where /bin is a part of /usr there, a path in it is one in /usr.
        let in_usr = || Path::new("/usr").join(path.strip_prefix("/").unwrap_or(path));
        system.has(path) || system.has(&in_usr())
    }

    /// Follows the links in `path`, an absolute one, and keeps each; the answer is free of them.
    pub(super) fn resolve(&mut self, path: &Path, links: &mut u32) -> Result<PathBuf> {
        let mut resolved = PathBuf::from("/");
        for component in path.components() {
            match component {
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
                Component::ParentDir => {
                    resolved.pop();
                }
                Component::Normal(name) => {
                    let next = resolved.join(name);
                    ensure!(!is_guests_own(&next), "{} is the guest's own", next.display());
                    if next.is_symlink() {
                        *links += 1;
                        ensure!(*links <= MAX_LINKS, "{} leads through too many links", path.display());
                        let target = fs::read_link(&next).with_context(|| next.display().to_string())?;
                        self.parents(&next);
                        let before = self.entries.insert(next.clone(), Entry::Link(target.clone()));
                        let kept = !matches!(before, Some(Entry::Folder { .. }));
                        ensure!(kept, "{} is a link here, and a folder in the guest", next.display());
                        resolved = self.resolve(&resolved.join(target), links)?;
                    } else {
                        resolved = next;
                    }
                }
            }
        }
        Ok(resolved)
    }

    /// Puts `from`, which may be a folder or a link, at `to`, whose parents are there.
    fn place(&mut self, from: &Path, to: &Path) -> Result<()> {
        let metadata = fs::symlink_metadata(from).with_context(|| from.display().to_string())?;
        if metadata.is_symlink() {
            let target = fs::read_link(from).with_context(|| from.display().to_string())?;
            self.entries.insert(to.to_owned(), Entry::Link(target));
        } else if metadata.is_dir() {
            self.folder(to, 0o755, 0);
            for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
                let name = entry.with_context(|| from.display().to_string())?.file_name();
                self.place(&from.join(&name), &to.join(&name))?;
            }
        } else if metadata.is_file() {
            self.copy(from, to)?;
        } else {
            bail!("{} is neither a file nor a folder", from.display());
        }
        Ok(())
    }

    pub(super) fn copy(&mut self, from: &Path, to: &Path) -> Result<()> {
        let metadata = fs::metadata(from).with_context(|| from.display().to_string())?;
        // Whoever may read it here, in the guest everybody may.
        let mode = if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
        self.parents(to);
        self.entries.insert(to.to_owned(), Entry::Copy { mode, from: from.to_owned() });
        Ok(())
    }

    pub(super) fn made(&mut self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) {
        self.parents(Path::new(path));
        self.entries.insert(path.into(), Entry::Made { mode, bytes: bytes.into() });
    }

    pub(super) fn folder(&mut self, path: &Path, mode: u32, uid: u32) {
        // The root is there before the archive.
        if path.parent().is_none() {
            return;
        }
        self.parents(path);
        self.entries.insert(path.to_owned(), Entry::Folder { mode, uid });
    }

    /// Puts the folders above `path` that are not there yet.
    fn parents(&mut self, path: &Path) {
        for folder in path.ancestors().skip(1).filter(|folder| folder.parent().is_some()) {
            self.entries.entry(folder.to_owned()).or_insert(Entry::Folder { mode: 0o755, uid: 0 });
        }
    }

    fn has_file_named(&self, name: &str) -> bool {
        self.entries.keys().any(|path| path.file_name().is_some_and(|it| it == name))
    }
}

fn len_bytes(file: &Path) -> Result<u64> {
    Ok(fs::metadata(file).with_context(|| file.display().to_string())?.len())
}

/// Whether the guest has files of its own at `path`, which this machine's do not replace.
pub(super) fn is_guests_own(path: &Path) -> bool {
    GUESTS_OWN.iter().any(|own| path.starts_with(own))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn empty() -> Image<'static> {
        Image::on(None)
    }

    #[test]
    fn a_path_through_links_brings_the_links_and_the_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().canonicalize().expect("it is there");
        fs::create_dir(dir.join("real")).expect("a folder");
        fs::write(dir.join("real/file"), "x").expect("a file");
        symlink("real", dir.join("linked")).expect("a link");
        symlink("../linked/file", dir.join("real/name")).expect("a link");
        let mut image = empty();
        image.mirror(&dir.join("linked/name")).expect("it is there");
        let is_link = |name: &str, to: &str| matches!(&image.entries[&dir.join(name)], Entry::Link(target) if target == Path::new(to));
        assert!(is_link("linked", "real"));
        assert!(is_link("real/name", "../linked/file"));
        assert!(matches!(image.entries[&dir.join("real/file")], Entry::Copy { mode: 0o644, .. }));
        assert!(matches!(image.entries[&dir], Entry::Folder { .. }));
    }

    #[test]
    fn links_that_lead_in_a_circle_are_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        symlink("b", dir.path().join("a")).expect("a link");
        symlink("a", dir.path().join("b")).expect("a link");
        assert!(empty().mirror(&dir.path().join("a")).is_err());
    }

    #[test]
    fn a_folder_comes_with_everything_in_it() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("a/b")).expect("folders");
        fs::write(dir.path().join("a/b/c"), "").expect("a file");
        symlink("nowhere", dir.path().join("a/d")).expect("a link");
        let mut image = empty();
        image.tree(&dir.path().join("a"), Path::new("/opt/it")).expect("it is there");
        let paths: Vec<&str> = image.entries.keys().map(|path| path.to_str().expect("UTF-8")).collect();
        assert_eq!(paths, ["/opt", "/opt/it", "/opt/it/b", "/opt/it/b/c", "/opt/it/d"]);
    }

    #[test]
    fn a_link_does_not_replace_a_folder_of_the_guests() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().canonicalize().expect("it is there");
        fs::write(dir.join("file"), "").expect("a file");
        symlink(".", dir.join("linked")).expect("a link");
        let mut image = empty();
        image.made(dir.join("linked/own").to_str().expect("UTF-8"), 0o644, "");
        let error = image.mirror(&dir.join("linked/file")).expect_err("the guest has a folder there");
        assert!(error.to_string().contains("a folder in the guest"), "{error}");
    }

    #[test]
    fn the_kernels_folders_are_not_copied() {
        assert!(empty().mirror(Path::new("/proc/self/status")).is_err());
        assert!(empty().mirror(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = empty().mirror(Path::new("/nonexistent/file")).expect_err("it is not there");
        assert!(error.to_string().contains("/nonexistent/file"));
    }
}
