//! A listening socket and its file: born with its permissions, taken over only from the dead, removed at the end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::Mode as FileMode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 64;

/// A listening socket and its file, which goes when this is dropped.
#[derive(Debug)]
pub struct Door {
    listener: OwnedFd,
    path: PathBuf,
    /// Device and number of the file.
    identity: Option<(u64, u64)>,
}

impl Door {
    /// Listens at `path` with the permissions `mode`. A socket there that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// When another process listens there, something else has the name, or the system refuses.
    pub fn open(path: &Path, mode: u32, kind: SocketType) -> Result<Self> {
        let place = || format!("cannot listen on {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(place)?;
        }
        let address = SocketAddrUnix::new(path).map_err(io::Error::from).with_context(place)?;
        remove_stale(path, &address, kind)?;
        let listener =
            rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).with_context(place)?;
        // The file is born with its permissions: nobody gets in before they are set.
        let before = rustix::process::umask(FileMode::from_raw_mode(!mode & 0o777));
        let bound = rustix::net::bind(&listener, &address);
        rustix::process::umask(before);
        bound.with_context(place)?;
        let door = Self { listener, path: path.to_owned(), identity: identity(path) };
        rustix::net::listen(&door.listener, BACKLOG).with_context(place)?;
        Ok(door)
    }

    /// The listening socket.
    pub fn listener(&self) -> &OwnedFd {
        &self.listener
    }

    /// The same socket for another thread, which ends with the process.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn shared_listener(&self) -> io::Result<OwnedFd> {
        self.listener.as_fd().try_clone_to_owned()
    }
}

/// What tells a file from another that takes its name; symbolic links are not followed.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Drop for Door {
    fn drop(&mut self) {
        if identity(&self.path) != self.identity {
            log::warn!("{} is not this daemon's any more and stays", self.path.display());
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::debug!("{} was not removed: {error}", self.path.display());
        }
    }
}

/// Removes a socket that nobody listens on any more, and nothing else.
fn remove_stale(path: &Path, address: &SocketAddrUnix, kind: SocketType) -> Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        bail!("{} exists and is no socket", path.display());
    }
    // Not blocking: a listener whose queue is full is alive as well.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let probe = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)?;
    match rustix::net::connect(&probe, address) {
        Err(Errno::CONNREFUSED) => {
            std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
        }
        Ok(()) | Err(Errno::AGAIN) => bail!("another vgpud listens on {}", path.display()),
        Err(error) => bail!("{} is in use: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("vgpud-door-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_dead_listeners_file_is_replaced_and_a_living_ones_is_not() {
        for kind in [SocketType::SEQPACKET, SocketType::STREAM] {
            let folder = folder("stale");
            let path = folder.join("door");
            let door = Door::open(&path, 0o600, kind).expect("a free name");
            let error = Door::open(&path, 0o600, kind).expect_err("the name is taken").to_string();
            assert!(error.contains("another vgpud"), "{error}");
            let other = if kind == SocketType::STREAM { SocketType::SEQPACKET } else { SocketType::STREAM };
            assert!(Door::open(&path, 0o600, other).is_err(), "the other kind of listener is alive, too");
            // As after a crash: the socket is closed, its file stays.
            let crashed = folder.join("crashed");
            std::fs::rename(&path, &crashed).expect("a rename");
            drop(door);
            let next = Door::open(&crashed, 0o600, kind).expect("nobody listens there");
            drop(next);
            assert!(!crashed.exists());
            std::fs::remove_dir_all(folder).expect("the folder is ours");
        }
    }

    #[test]
    fn another_files_name_is_left_alone() {
        let folder = folder("file");
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("notes");
        std::fs::write(&path, "mine").expect("a file");
        let error = Door::open(&path, 0o600, SocketType::STREAM).expect_err("no socket").to_string();
        assert!(error.contains("is no socket"), "{error}");
        assert_eq!(std::fs::read(&path).expect("the file"), b"mine");
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }
}
