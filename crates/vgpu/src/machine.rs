//! The files of the machine that is examined: below `/`, or in tests below a folder that stands for it. Symbolic links lead
//! where they would lead on that machine. Every file is hostile input: what is read is bounded, and only plain files are.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

/// As the kernel has it.
const LINKS_MAX: usize = 40;
const COMPONENTS_MAX: usize = 1000;
/// No folder that is listed here has more names.
const NAMES_MAX: usize = 10_000;
/// No text that is read here is longer.
const TEXT_MAX_BYTES: u64 = 1 << 20;

/// A machine, by its root folder.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    root: PathBuf,
}

/// A path with its links followed.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// Without links.
    pub(crate) path: PathBuf,
    /// Each folder in which a name of it was looked up.
    pub(crate) folders: Vec<PathBuf>,
}

impl Machine {
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }

    pub(crate) fn is_real(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where a path of the machine really lies. It is for paths without links, and for messages.
    pub(crate) fn host(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The same, with links followed; the path as it is if it leads nowhere.
    pub(crate) fn host_of(&self, path: &Path) -> PathBuf {
        self.walk(path).map_or_else(|_| self.host(path), |walk| self.host(&walk.path))
    }

    /// A path of ours as one of the machine.
    pub(crate) fn inside(&self, host: &Path) -> Option<PathBuf> {
        Some(Path::new("/").join(host.canonicalize().ok()?.strip_prefix(&self.root).ok()?))
    }

    /// Follows a path's links.
    ///
    /// # Errors
    /// When something of it does not exist, or cannot be looked at.
    pub(crate) fn walk(&self, path: &Path) -> io::Result<Walk> {
        let names = |path: &Path| -> Vec<OsString> {
            path.components().rev().map(|component| component.as_os_str().to_owned()).collect()
        };
        let mut walk = Walk { path: "/".into(), folders: Vec::new() };
        let mut left = names(path);
        let mut links = 0;
        while let Some(name) = left.pop() {
            match Path::new(&name).components().next() {
                Some(Component::RootDir) => walk.path = "/".into(),
                Some(Component::ParentDir) => {
                    walk.path.pop();
                }
                Some(Component::Normal(_)) => {
                    if !walk.folders.contains(&walk.path) {
                        walk.folders.push(walk.path.clone());
                    }
                    let next = walk.path.join(&name);
                    if !fs::symlink_metadata(self.host(&next))?.is_symlink() {
                        walk.path = next;
                        continue;
                    }
                    links += 1;
                    left.extend(names(&fs::read_link(self.host(&next))?));
                    if links > LINKS_MAX || left.len() > COMPONENTS_MAX {
                        return Err(io::Error::from_raw_os_error(libc::ELOOP));
                    }
                }
                _ => {}
            }
        }
        Ok(walk)
    }

    pub(crate) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::symlink_metadata(self.host(&self.walk(path)?.path))
    }

    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.walk(path).is_ok()
    }

    /// A plain file's text; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be read, is too long, or is something else.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Option<String>> {
        let real = match self.walk(path) {
            Ok(walk) => self.host(&walk.path),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if !fs::symlink_metadata(&real)?.is_file() {
            return Err(io::Error::other("it is no plain file"));
        }
        // Should it be replaced by a pipe just now, that must not keep us waiting.
        let file: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(&real)?;
        let mut bytes = Vec::new();
        file.take(TEXT_MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > TEXT_MAX_BYTES {
            return Err(io::Error::other(format!("it is longer than {TEXT_MAX_BYTES} bytes")));
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The names in a folder, sorted; none if it cannot be listed.
    pub(crate) fn list(&self, path: &Path) -> Vec<String> {
        let entries = fs::read_dir(self.host_of(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.take(NAMES_MAX).filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_lead_where_they_would_on_that_machine() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let machine = Machine::new(root.path()).expect("a folder");
        fs::create_dir_all(root.path().join("run/vgpu")).expect("a folder");
        fs::create_dir_all(root.path().join("var")).expect("a folder");
        fs::write(root.path().join("run/vgpu/text"), "found").expect("a file");
        symlink("/run", root.path().join("var/run")).expect("a link");
        symlink("../../../../run/./vgpu/../vgpu", root.path().join("var/up")).expect("a link");
        symlink("loop", root.path().join("loop")).expect("a link");
        for path in ["/var/run/vgpu/text", "/var/up/text"] {
            assert_eq!(machine.read(Path::new(path)).expect("a file").as_deref(), Some("found"), "{path}");
        }
        let walk = machine.walk(Path::new("/var/run/vgpu/text")).expect("a path");
        assert_eq!(walk.path, Path::new("/run/vgpu/text"));
        assert_eq!(walk.folders, ["/", "/var", "/run", "/run/vgpu"].map(PathBuf::from));
        assert!(machine.walk(Path::new("/loop")).is_err());
        assert!(machine.read(Path::new("/var")).is_err(), "a folder is no text");
        assert!(machine.read(Path::new("/nothing")).expect("nothing is no error").is_none());
    }

    #[test]
    fn a_text_without_end_is_an_error() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let machine = Machine::new(root.path()).expect("a folder");
        let file = File::create(root.path().join("long")).expect("a file");
        file.set_len(TEXT_MAX_BYTES + 1).expect("a file with holes");
        assert!(machine.read(Path::new("/long")).is_err());
    }
}
