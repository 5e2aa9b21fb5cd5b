//! The file system below one folder, reached without ever following a symbolic link.
//!
//! Every path is walked from the root, one folder at a time, and each must be a real folder. What is written appears whole
//! under its name or not at all. Each change is a step, which tests can have fail.

use std::cell::Cell;
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use rustix::fs::{AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// Of folders and of programs and libraries.
pub(super) const EXECUTABLE: u32 = 0o755;
/// Of everything else.
pub(super) const READABLE: u32 = 0o644;
/// No text that is written or compared is longer.
pub(super) const TEXT_MAX_BYTES: u64 = 4 << 20;
const DEPTH_MAX: usize = 64;

/// A root folder.
pub(super) struct Tree {
    root: OwnedFd,
    shown: PathBuf,
    /// How many more changes are made before all fail: what is left when a run is killed. Only tests set it.
    steps_left: Cell<Option<usize>>,
}

/// What stands under a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Folder,
    Thing(Print),
}

/// What tells a file or a link from another one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Print {
    /// Of a symbolic link, where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    pub(super) len_bytes: i64,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime_s: i64,
    pub(super) mtime_ns: i64,
}

/// When a folder has last changed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Time {
    s: i64,
    ns: i64,
}

/// What became of a folder that should go.
#[derive(Debug, PartialEq)]
pub(super) enum Removal {
    Gone,
    NotEmpty,
}

impl Tree {
    /// Opens the folder that stands for `/`.
    pub(super) fn open(root: &Path, steps_left: Option<usize>) -> Result<Self> {
        let shown = root.canonicalize().with_context(|| root.display().to_string())?;
        let fd = rustix::fs::open(&shown, FOLDER, Mode::empty()).with_context(|| shown.display().to_string())?;
        Ok(Self { root: fd, shown, steps_left: Cell::new(steps_left) })
    }

    /// Whether this is the machine's own root, so that its services may be told.
    pub(super) fn is_real(&self) -> bool {
        self.shown == Path::new("/")
    }

    /// Where a path of the tree really lies.
    pub(super) fn show(&self, path: &str) -> String {
        self.shown.join(path.trim_start_matches('/')).display().to_string()
    }

    /// Opens a folder; `None` if there is none.
    pub(super) fn folder(&self, path: &str) -> Result<Option<OwnedFd>> {
        let mut folder =
            rustix::fs::openat(&self.root, c".", FOLDER, Mode::empty()).map_err(|e| self.error(path, e))?;
        let mut walked = String::new();
        for name in names(path)? {
            walked = format!("{walked}/{name}");
            folder = match rustix::fs::openat(&folder, name, FOLDER, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::LOOP | Errno::NOTDIR) => return Err(self.no_folder(&folder, name, &walked)),
                Err(errno) => return Err(self.error(&walked, errno)),
            };
        }
        Ok(Some(folder))
    }

    fn no_folder(&self, parent: &OwnedFd, name: &str, path: &str) -> Error {
        match rustix::fs::readlinkat(parent, name, Vec::new()) {
            Ok(target) => anyhow!(
                "{} is a symbolic link to {}: links are not followed, so give the folder that it leads to",
                self.show(path),
                target.to_string_lossy()
            ),
            Err(_) => anyhow!("{} is not a folder", self.show(path)),
        }
    }

    fn parent<'a>(&self, path: &'a str) -> Result<Option<(OwnedFd, &'a str)>> {
        let (parent, name) = split(path)?;
        Ok(self.folder(parent)?.map(|folder| (folder, name)))
    }

    fn present_parent<'a>(&self, path: &'a str) -> Result<(OwnedFd, &'a str)> {
        self.parent(path)?.with_context(|| format!("{}: its folder does not exist", self.show(path)))
    }

    /// What stands under a path.
    pub(super) fn look(&self, path: &str) -> Result<Option<Found>> {
        let Some((folder, name)) = self.parent(path)? else {
            return Ok(None);
        };
        let stat = match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.error(path, errno)),
        };
        let target = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => return Ok(Some(Found::Folder)),
            FileType::RegularFile => None,
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(&folder, name, Vec::new()).map_err(|e| self.error(path, e))?;
                let target =
                    target.into_string().map_err(|_| anyhow!("{}: it leads to no UTF-8 path", self.show(path)));
                Some(target?)
            }
            _ => bail!("{} is neither a file, a link nor a folder: move it away first", self.show(path)),
        };
        Ok(Some(Found::Thing(Print::new(&stat, target))))
    }

    /// The bytes of a plain file; `None` if there is none.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.open_file(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(TEXT_MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| self.show(path))?;
        ensure!(bytes.len() as u64 <= TEXT_MAX_BYTES, "{} is longer than {TEXT_MAX_BYTES} bytes", self.show(path));
        Ok(Some(bytes))
    }

    /// Opens a plain file for reading; `None` if there is none.
    pub(super) fn open_file(&self, path: &str) -> Result<Option<File>> {
        let Some((folder, name)) = self.parent(path)? else {
            return Ok(None);
        };
        // Without NONBLOCK a pipe of this name would keep us waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => bail!("{} is a symbolic link, where a file was expected", self.show(path)),
            Err(errno) => return Err(self.error(path, errno)),
        };
        ensure!(file.metadata().with_context(|| self.show(path))?.is_file(), "{} is no plain file", self.show(path));
        Ok(Some(file))
    }

    /// The names in a folder, sorted; none if it is not there.
    pub(super) fn list(&self, path: &str) -> Result<Vec<String>> {
        let Some(folder) = self.folder(path)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for entry in Dir::new(folder).map_err(|e| self.error(path, e))? {
            let entry = entry.map_err(|e| self.error(path, e))?;
            let name: &CStr = entry.file_name();
            if name != c"." && name != c".." {
                let name = name.to_str().map_err(|_| anyhow!("{}: a name in it is not UTF-8", self.show(path)))?;
                all.push(name.to_owned());
            }
        }
        all.sort();
        Ok(all)
    }

    /// When a folder has last changed; `None` if there is none.
    pub(super) fn folder_time(&self, path: &str) -> Result<Option<Time>> {
        let Some(folder) = self.folder(path)? else {
            return Ok(None);
        };
        let stat = rustix::fs::fstat(&folder).map_err(|e| self.error(path, e))?;
        Ok(Some(Time { s: stat.st_mtime, ns: i64::try_from(stat.st_mtime_nsec).unwrap_or(0) }))
    }

    /// Sets that time. It is no step: nothing depends on it.
    pub(super) fn set_folder_time(&self, path: &str, time: Time) -> Result<()> {
        let Some(folder) = self.folder(path)? else {
            return Ok(());
        };
        let unchanged = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
        let time = Timespec { tv_sec: time.s, tv_nsec: time.ns };
        let times = Timestamps { last_access: unchanged, last_modification: time };
        rustix::fs::futimens(&folder, &times).map_err(|e| self.error(path, e))
    }

    /// Makes a folder, unless it is there.
    pub(super) fn make_folder(&self, path: &str) -> Result<()> {
        let (folder, name) = self.present_parent(path)?;
        if self.look(path)? == Some(Found::Folder) {
            return Ok(());
        }
        self.step()?;
        rustix::fs::mkdirat(&folder, name, Mode::from(EXECUTABLE)).map_err(|e| self.error(path, e))?;
        // The umask has had its say.
        self.step()?;
        let made = self.folder(path)?.with_context(|| self.show(path))?;
        rustix::fs::fchmod(&made, Mode::from(EXECUTABLE)).map_err(|e| self.error(path, e))
    }

    /// Removes a folder if nothing is in it.
    pub(super) fn remove_folder(&self, path: &str) -> Result<Removal> {
        let Some((folder, name)) = self.parent(path)? else {
            return Ok(Removal::Gone);
        };
        self.step()?;
        match rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(Removal::Gone),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(Removal::NotEmpty),
            // Somebody has put something else in its place.
            Err(Errno::NOTDIR) => Ok(Removal::NotEmpty),
            Err(errno) => Err(self.error(path, errno)),
        }
    }

    /// Removes a file or a link, if it is there.
    pub(super) fn remove(&self, path: &str) -> Result<()> {
        let Some((folder, name)) = self.parent(path)? else {
            return Ok(());
        };
        if let Err(Errno::NOENT) = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            return Ok(());
        }
        self.step()?;
        match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error(path, errno)),
        }
    }

    /// Removes a file or a link, and what a write that was cut off has left of it.
    pub(super) fn remove_with_draft(&self, path: &str) -> Result<()> {
        self.remove(path)?;
        self.remove_draft(path)
    }

    /// Removes what a write that was cut off has left.
    pub(super) fn remove_draft(&self, path: &str) -> Result<()> {
        self.remove(&draft(path)?)
    }

    /// Removes a folder of ours with everything in it.
    pub(super) fn remove_all(&self, path: &str) -> Result<()> {
        self.remove_levels(path, DEPTH_MAX)
    }

    fn remove_levels(&self, path: &str, levels: usize) -> Result<()> {
        ensure!(levels > 0, "{} is too deep", self.show(path));
        match self.look(path)? {
            None => return Ok(()),
            Some(Found::Thing(_)) => return self.remove(path),
            Some(Found::Folder) => {}
        }
        for name in self.list(path)? {
            self.remove_levels(&format!("{path}/{name}"), levels - 1)?;
        }
        self.remove_folder(path).map(drop)
    }

    /// Puts a file under a path, in the place of a file or link that is there.
    pub(super) fn write_file(&self, path: &str, from: &mut dyn Read, mode: u32) -> Result<()> {
        let temporary = self.write_draft(path, from, mode)?;
        self.rename(&temporary, path)?;
        self.sync_parent(path)
    }

    fn write_draft(&self, path: &str, from: &mut dyn Read, mode: u32) -> Result<String> {
        let temporary = draft(path)?;
        self.remove(&temporary)?;
        let (folder, name) = self.present_parent(&temporary)?;
        self.step()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&folder, name, flags, Mode::from(0o600)).map_err(|e| self.error(path, e))?;
        let mut file = File::from(fd);
        self.step()?;
        io::copy(from, &mut file)
            .and_then(|_| file.flush())
            .with_context(|| format!("cannot write {}", self.show(path)))?;
        rustix::fs::fchmod(&file, Mode::from(mode)).map_err(|e| self.error(path, e))?;
        file.sync_all().with_context(|| format!("cannot write {}", self.show(path)))?;
        Ok(temporary)
    }

    /// Puts a symbolic link under a path, in the place of a file or link that is there.
    pub(super) fn write_link(&self, path: &str, target: &str) -> Result<()> {
        let temporary = draft(path)?;
        self.remove(&temporary)?;
        let (folder, name) = self.present_parent(&temporary)?;
        self.step()?;
        rustix::fs::symlinkat(target, &folder, name).map_err(|e| self.error(path, e))?;
        self.rename(&temporary, path)?;
        self.sync_parent(path)
    }

    /// Gives a file or a link another name, in the place of one that has it.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.try_rename(from, to)?.map_err(|errno| self.error(to, errno))
    }

    fn try_rename(&self, from: &str, to: &str) -> Result<Result<(), Errno>> {
        let (old, old_name) = self.present_parent(from)?;
        let (new, new_name) = self.present_parent(to)?;
        self.step()?;
        Ok(rustix::fs::renameat(&old, old_name, &new, new_name))
    }

    /// Gives a file or a link a second name; a copy that is the same but for its inode, where the file system cannot.
    pub(super) fn keep(&self, from: &str, to: &str) -> Result<()> {
        let (old, old_name) = self.present_parent(from)?;
        let (new, new_name) = self.present_parent(to)?;
        self.step()?;
        match rustix::fs::linkat(&old, old_name, &new, new_name, AtFlags::empty()) {
            Ok(()) => self.sync_parent(to),
            Err(Errno::XDEV | Errno::PERM | Errno::MLINK | Errno::OPNOTSUPP | Errno::NOSYS) => self.copy(from, to),
            Err(errno) => Err(self.error(to, errno)),
        }
    }

    /// Moves what was kept back to its place.
    pub(super) fn bring_back(&self, from: &str, to: &str) -> Result<()> {
        match self.try_rename(from, to)? {
            Ok(()) => self.sync_parent(to),
            Err(Errno::XDEV) => {
                self.copy(from, to)?;
                self.remove(from)
            }
            Err(errno) => Err(self.error(to, errno)),
        }
    }

    /// Copies a file or a link with owner, mode and time.
    pub(super) fn copy(&self, from: &str, to: &str) -> Result<()> {
        let Some(Found::Thing(print)) = self.look(from)? else {
            bail!("{} is gone", self.show(from));
        };
        let temporary = draft(to)?;
        if let Some(target) = &print.target {
            self.remove(&temporary)?;
            let (folder, name) = self.present_parent(&temporary)?;
            self.step()?;
            rustix::fs::symlinkat(target, &folder, name).map_err(|e| self.error(to, e))?;
        } else {
            let mut file = self.open_file(from)?.with_context(|| self.show(from))?;
            self.write_draft(to, &mut file, 0o600)?;
        }
        let (folder, name) = self.present_parent(&temporary)?;
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        self.step()?;
        let (uid, gid) = (Uid::from_raw(print.uid), Gid::from_raw(print.gid));
        rustix::fs::chownat(&folder, name, Some(uid), Some(gid), nofollow).map_err(|e| self.error(to, e))?;
        if print.target.is_none() {
            // After the owner: changing that takes some bits away.
            let file = self.open_file(&temporary)?.with_context(|| self.show(to))?;
            rustix::fs::fchmod(&file, Mode::from(print.mode)).map_err(|e| self.error(to, e))?;
        }
        let time = Timespec { tv_sec: print.mtime_s, tv_nsec: print.mtime_ns };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(&folder, name, &times, nofollow).map_err(|e| self.error(to, e))?;
        self.rename(&temporary, to)?;
        self.sync_parent(to)
    }

    fn sync_parent(&self, path: &str) -> Result<()> {
        let (folder, _) = self.present_parent(path)?;
        rustix::fs::fsync(&folder).map_err(|e| self.error(path, e))
    }

    fn step(&self) -> Result<()> {
        match self.steps_left.get() {
            Some(0) => bail!("killed by a test"),
            left => self.steps_left.set(left.map(|left| left - 1)),
        }
        Ok(())
    }

    fn error(&self, path: &str, errno: Errno) -> Error {
        let fix = match errno {
            Errno::ACCESS | Errno::PERM if !rustix::process::geteuid().is_root() => " (run it as root)",
            Errno::ROFS => " (mount it writable, or choose another folder)",
            Errno::NOSPC => " (make room and run it again: it goes on where it stopped)",
            _ => "",
        };
        anyhow!("{}: {}{fix}", self.show(path), io::Error::from(errno))
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Print {
    fn new(stat: &Stat, target: Option<String>) -> Self {
        Self {
            target,
            len_bytes: stat.st_size,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            mtime_s: stat.st_mtime,
            mtime_ns: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        }
    }
}

/// The names of an absolute path. One that goes up is refused.
fn names(path: &str) -> Result<impl Iterator<Item = &str>> {
    ensure!(path.starts_with('/'), "{path:?}: a path must start with /");
    let names = path.split('/').filter(|name| !name.is_empty());
    ensure!(names.clone().all(|name| name != "." && name != ".."), "{path:?}: a path must have no . or .. in it");
    Ok(names)
}

/// A path's folder and name.
pub(super) fn split(path: &str) -> Result<(&str, &str)> {
    let (parent, name) =
        path.trim_end_matches('/').rsplit_once('/').with_context(|| format!("{path:?} has no folder"))?;
    ensure!(!name.is_empty() && name != "." && name != "..", "{path:?} names nothing");
    Ok((if parent.is_empty() { "/" } else { parent }, name))
}

/// Where a file is written before it gets its name.
fn draft(path: &str) -> Result<String> {
    let (parent, name) = split(path)?;
    Ok(format!("{}/.{name}.vgpu-part", parent.trim_end_matches('/')))
}
