//! The folders in which a daemon's executors keep images, and what drivers compile: made for one daemon, and gone with it.
//!
//! The daemon and its executors hold a lock on it through one open descriptor, so that a folder whose lock is free has
//! no users left: the next daemon of the same user removes it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, mkdir, open};
use rustix::io::{Errno, FdFlags, fcntl_setfd};

const PREFIX: &str = "vgpud-modules-";
/// Names that may be taken, or cleared away by another daemon before they are locked.
const ATTEMPTS: u32 = 16;

/// A folder that nobody but this user can look into; removed when dropped.
#[derive(Debug)]
pub(crate) struct CacheFolder {
    path: PathBuf,
    directory: OwnedFd,
}

impl CacheFolder {
    /// Makes a folder among the system's temporary files, and removes those of daemons that are no more.
    ///
    /// # Errors
    /// When there is no place for it.
    pub(crate) fn create() -> Result<Self> {
        Self::create_in(&std::env::temp_dir())
    }

    fn create_in(parent: &Path) -> Result<Self> {
        remove_stale(parent);
        let place = || format!("a folder for images in {}", parent.display());
        for attempt in 0..ATTEMPTS {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            let path = parent.join(format!("{PREFIX}{}-{now:x}-{attempt}", std::process::id()));
            match mkdir(&path, Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                result => result.with_context(place)?,
            }
            let directory = open_directory(&path).with_context(place)?;
            flock(&directory, FlockOperation::LockExclusive).with_context(place)?;
            // Before it was locked, another daemon may have taken it for a dead one's.
            if fstat(&directory).with_context(place)?.st_nlink > 0 {
                // The only children are executors, and all of them need it.
                fcntl_setfd(&directory, FdFlags::empty()).with_context(place)?;
                log::info!("keeping files in {}", path.display());
                return Ok(Self { path, directory });
            }
        }
        bail!("{}: every name is taken", place());
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Flags by which an executor gets the folder, which it inherits.
    pub(crate) fn flags(&self, capacity_bytes: u64) -> [OsString; 2] {
        let fd = self.directory.as_raw_fd();
        [format!("--module-cache-fd={fd}"), format!("--module-cache={capacity_bytes}")].map(OsString::from)
    }
}

impl Drop for CacheFolder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

/// Removes this user's folders whose locks are free.
fn remove_stale(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let path = entry.path();
        let Ok(directory) = open_directory(&path) else {
            continue;
        };
        let is_ours = fstat(&directory).is_ok_and(|stat| stat.st_uid == rustix::process::geteuid().as_raw());
        if is_ours && flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok() {
            log::info!("removing {}, whose daemon is no more", path.display());
            remove(&path);
        }
    }
}

/// Removes a folder of images. An executor that is about to end may still be adding one.
fn remove(path: &Path) {
    const TRIES: u32 = 3;
    for _ in 0..TRIES {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => continue,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                log::warn!("{} was not removed: {error}", path.display());
            }
            _ => {}
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("vgpud-test-{}-folder-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        path
    }

    #[test]
    fn a_folder_is_its_users_alone_and_goes_with_its_daemon() {
        let parent = scratch("life");
        let folder = CacheFolder::create_in(&parent).expect("a folder");
        let path = folder.path.clone();
        assert_eq!(std::fs::metadata(&path).expect("it exists").permissions().mode() & 0o777, 0o700);
        std::fs::write(path.join("image"), "bytes").expect("a file");
        drop(folder);
        assert!(!path.exists());
        std::fs::remove_dir_all(parent).expect("it is ours");
    }

    #[test]
    fn a_dead_daemons_folder_is_removed_and_a_living_ones_is_not() {
        let parent = scratch("stale");
        let living = CacheFolder::create_in(&parent).expect("a folder");
        let dead = parent.join(format!("{PREFIX}1-2-3"));
        std::fs::create_dir(&dead).expect("a folder");
        std::fs::write(dead.join("image"), "bytes").expect("a file");
        let strange = parent.join(format!("{PREFIX}file"));
        std::fs::write(&strange, "no folder").expect("a file");

        let second = CacheFolder::create_in(&parent).expect("a folder");

        assert!(living.path.exists() && second.path.exists() && strange.exists());
        assert!(!dead.exists());
        drop((living, second));
        std::fs::remove_dir_all(parent).expect("it is ours");
    }

    #[test]
    fn a_folder_lives_as_long_as_an_executor_that_inherited_it() {
        let parent = scratch("inherited");
        let folder = CacheFolder::create_in(&parent).expect("a folder");
        let path = folder.path.clone();
        let inherited = folder.directory.try_clone().expect("a descriptor");
        // A daemon that is killed removes nothing.
        let folder = std::mem::ManuallyDrop::new(folder);
        // SAFETY: the descriptor is closed here once, as `folder` is never dropped.
        unsafe { libc::close(folder.directory.as_raw_fd()) };

        drop(CacheFolder::create_in(&parent).expect("a folder"));
        assert!(path.exists());
        drop(inherited);
        drop(CacheFolder::create_in(&parent).expect("a folder"));
        assert!(!path.exists());
        std::fs::remove_dir_all(parent).expect("it is ours");
    }
}
