//! Where the driver's compiler keeps what it has made of a tenant's PTX: a folder for each, in one of the daemon's.
//!
//! Native programs have such a folder in their home. Without one, every process of a guest would compile all its kernels anew,
//! which takes a large library half a minute. A tenant is a user of this machine, whose folder lives as long as the daemon, or a
//! VM, whose folder goes with its connection.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::environment::JitCache;

/// The daemon's folder, if it has one.
#[derive(Debug, Default)]
pub(crate) struct JitFolders {
    root: Option<PathBuf>,
    vms: AtomicU64,
}

impl JitFolders {
    /// Folders in this one, which is somebody else's to make and to remove. Without it, nothing is kept.
    pub(crate) fn new(root: Option<&Path>) -> Self {
        Self { root: root.map(Path::to_owned), vms: AtomicU64::new(0) }
    }

    /// The folder of a user of this machine.
    pub(crate) fn of_user(&self, uid: u32) -> JitFolder {
        JitFolder { path: self.in_root(format!("user-{uid}")), is_removed: false }
    }

    /// The folder of a VM that has just come; removed when dropped.
    pub(crate) fn of_vm(&self) -> JitFolder {
        let number = self.vms.fetch_add(1, Ordering::Relaxed);
        JitFolder { path: self.in_root(format!("vm-{number}")), is_removed: true }
    }

    fn in_root(&self, name: String) -> Option<PathBuf> {
        self.root.as_ref().map(|root| root.join(name))
    }
}

/// One tenant's. Whoever writes there first makes it.
#[derive(Debug)]
pub(crate) struct JitFolder {
    path: Option<PathBuf>,
    is_removed: bool,
}

impl JitFolder {
    /// For the environment of an executor.
    pub(crate) fn cache(&self) -> JitCache<'_> {
        self.path.as_deref().map_or(JitCache::None, JitCache::In)
    }
}

impl Drop for JitFolder {
    fn drop(&mut self) {
        if let (true, Some(path)) = (self.is_removed, &self.path)
            && let Err(error) = fs::remove_dir_all(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            log::warn!("{} was not removed: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(folder: &JitFolder) -> &Path {
        match folder.cache() {
            JitCache::In(path) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_user_keeps_one_folder_and_each_vm_has_its_own() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folders = JitFolders::new(Some(root.path()));
        assert_eq!(path(&folders.of_user(1000)), path(&folders.of_user(1000)));
        assert_ne!(path(&folders.of_user(1000)), path(&folders.of_user(0)));
        let (one, other) = (folders.of_vm(), folders.of_vm());
        assert_ne!(path(&one), path(&other));
    }

    #[test]
    fn a_vms_folder_goes_with_it_and_a_users_stays() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folders = JitFolders::new(Some(root.path()));
        for folder in [folders.of_vm(), folders.of_user(7)] {
            fs::create_dir_all(path(&folder).join("index")).expect("a folder");
        }
        drop(folders.of_vm());
        let left: Vec<_> =
            fs::read_dir(root.path()).expect("the root").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["user-7"]);
    }

    #[test]
    fn without_a_root_nothing_is_kept() {
        let folders = JitFolders::new(None);
        assert_eq!((folders.of_user(0).cache(), folders.of_vm().cache()), (JitCache::None, JitCache::None));
    }
}
