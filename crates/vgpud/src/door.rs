//! A listening socket and its file: open to those it is for, taken over only from the dead, removed at the end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::fs::{AtFlags, FileType, Gid, Mode as FileMode, OFlags, Uid};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use crate::settings::{Mode, Owner};
use crate::systemd::PassedSocket;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 64;

/// Who may open a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The file's permissions.
    pub(crate) mode: Mode,
    /// Whom it belongs to; whoever runs the daemon where nothing is said.
    pub(crate) owner: Owner,
}

/// A listening socket and its file, which goes when this is dropped if this daemon has made it.
#[derive(Debug)]
pub(crate) struct Door {
    listener: OwnedFd,
    path: PathBuf,
    /// Device and number of the file, if it is ours to remove.
    own_file: Option<(u64, u64)>,
}

impl Door {
    /// Listens at `path`. A socket there that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// When another process listens there, something else has the name, there is no such owner, or the system refuses.
    pub(crate) fn open(path: &Path, access: &Access, kind: SocketType) -> Result<Self> {
        let place = || format!("cannot listen on {}", path.display());
        let owner = numbers(&access.owner).with_context(place)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(place)?;
        }
        let address = SocketAddrUnix::new(path).map_err(io::Error::from).with_context(place)?;
        remove_stale(path, &address, kind)?;
        let listener =
            rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).with_context(place)?;
        // Nobody gets in before the file has its mode and its owner, for until then nobody listens.
        let before = rustix::process::umask(FileMode::from_raw_mode(!access.mode.0 & 0o777));
        let bound = rustix::net::bind(&listener, &address);
        rustix::process::umask(before);
        bound.with_context(place)?;
        let door = Self { listener, path: path.to_owned(), own_file: identity(path) };
        hand_over(path, owner).with_context(|| format!("cannot give {} to its owner", path.display()))?;
        rustix::net::listen(&door.listener, BACKLOG).with_context(place)?;
        Ok(door)
    }

    /// Takes over a socket that systemd listens on for us. Its file stays when this daemon ends.
    pub(crate) fn passed(socket: PassedSocket) -> Self {
        Self { listener: socket.listener, path: socket.path, own_file: None }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the door at `path`, by whichever name.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        self.path == path || identity(path).is_some_and(|file| identity(&self.path) == Some(file))
    }

    /// The listening socket.
    pub(crate) fn listener(&self) -> &OwnedFd {
        &self.listener
    }

    /// The same socket for another thread, which ends with the process.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub(crate) fn shared_listener(&self) -> io::Result<OwnedFd> {
        self.listener.as_fd().try_clone_to_owned()
    }
}

/// What tells a file from another that takes its name; symbolic links are not followed.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.own_file.is_none() {
            return;
        }
        if identity(&self.path) != self.own_file {
            log::warn!("{} is not this daemon's any more and stays", self.path.display());
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::debug!("{} was not removed: {error}", self.path.display());
        }
    }
}

/// An owner's numbers, where anything is said about it.
fn numbers(owner: &Owner) -> Result<(Option<Uid>, Option<Gid>)> {
    let user = owner.user.as_deref().map(|name| {
        let known = uzers::get_user_by_name(name).map(|user| user.uid());
        let id = known.or_else(|| name.parse().ok()).ok_or_else(|| anyhow!("there is no user {name}"))?;
        anyhow::Ok(Uid::from_raw(id))
    });
    let group = owner.group.as_deref().map(|name| {
        let known = uzers::get_group_by_name(name).map(|group| group.gid());
        let id = known.or_else(|| name.parse().ok()).ok_or_else(|| anyhow!("there is no group {name}"))?;
        anyhow::Ok(Gid::from_raw(id))
    });
    Ok((user.transpose()?, group.transpose()?))
}

/// Gives a socket's file to its owner, and no other file that may have taken its name.
fn hand_over(path: &Path, (user, group): (Option<Uid>, Option<Gid>)) -> Result<()> {
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    let file = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, FileMode::empty())?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
    ensure!(kind == FileType::Socket, "something else has taken its name");
    Ok(rustix::fs::chownat(&file, "", user, group, AtFlags::EMPTY_PATH)?)
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
        Ok(()) if is_systemds(&probe) => bail!(
            "systemd listens on {}: start its service (`systemctl start vgpud`) instead of another vgpud, or stop the \
             .socket unit first",
            path.display()
        ),
        Ok(()) | Err(Errno::AGAIN) => bail!("another vgpud listens on {}", path.display()),
        Err(error) => bail!("{} is in use: {error}", path.display()),
    }
}

/// Whether the other end of a connection was opened for listening by systemd.
fn is_systemds(probe: &OwnedFd) -> bool {
    let name = |pid| std::fs::read_to_string(format!("/proc/{pid}/comm"));
    let listener = sockopt::socket_peercred(probe).map(|credentials| credentials.pid.as_raw_nonzero());
    listener.is_ok_and(|pid| name(pid).is_ok_and(|name| name.trim_end() == "systemd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Access = Access { mode: Mode(0o600), owner: Owner { user: None, group: None } };

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("vgpud-door-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_dead_listeners_file_is_replaced_and_a_living_ones_is_not() {
        for kind in [SocketType::SEQPACKET, SocketType::STREAM] {
            let folder = folder("stale");
            let path = folder.join("door");
            let door = Door::open(&path, &OURS, kind).expect("a free name");
            let error = Door::open(&path, &OURS, kind).expect_err("the name is taken").to_string();
            assert!(error.contains("another vgpud"), "{error}");
            let other = if kind == SocketType::STREAM { SocketType::SEQPACKET } else { SocketType::STREAM };
            assert!(Door::open(&path, &OURS, other).is_err(), "the other kind of listener is alive, too");
            // As after a crash: the socket is closed, its file stays.
            let crashed = folder.join("crashed");
            std::fs::rename(&path, &crashed).expect("a rename");
            drop(door);
            let next = Door::open(&crashed, &OURS, kind).expect("nobody listens there");
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
        let error = Door::open(&path, &OURS, SocketType::STREAM).expect_err("no socket").to_string();
        assert!(error.contains("is no socket"), "{error}");
        assert_eq!(std::fs::read(&path).expect("the file"), b"mine");
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }

    #[test]
    fn owners_are_found_by_name_and_by_number() {
        let owner = |text: &str| numbers(&text.parse().expect("an owner"));
        assert_eq!(owner("root:root").expect("everybody has these"), (Some(Uid::ROOT), Some(Gid::ROOT)));
        assert_eq!(owner(":4711").expect("a number"), (None, Some(Gid::from_raw(4711))));
        let error = owner("no-such-user-4711").expect_err("nobody").to_string();
        assert!(error.contains("there is no user no-such-user-4711"), "{error}");
        let error = owner("root:no-such-group").expect_err("nobody").to_string();
        assert!(error.contains("there is no group no-such-group"), "{error}");
    }
}
