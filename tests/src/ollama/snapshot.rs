//! Everything in a folder: names, kinds, modes, times, bytes and the targets of links.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

/// Files of this size, which are backends of hundreds of megabytes, are not read for every snapshot.
const LARGE_BYTES: u64 = 64 << 20;

/// What is at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A folder's permissions, and when a name in it last came or went, in nanoseconds.
    Folder { mode: u32, changed_ns: i128 },
    /// A file's permissions, time of change in nanoseconds, and digest.
    File { mode: u32, changed_ns: i128, sha256: Vec<u8> },
    /// A link's target and time of change.
    Link { target: PathBuf, changed_ns: i128 },
}

/// All that is below a folder, by path.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, Thing>);

impl Snapshot {
    /// Reads the folder and everything below it.
    ///
    /// # Panics
    /// When something cannot be read, or is neither file, folder nor link.
    pub fn of(folder: &Path) -> Self {
        let mut things = BTreeMap::new();
        let mut waiting = vec![folder.to_owned()];
        while let Some(path) = waiting.pop() {
            let thing = look(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if matches!(thing, Thing::Folder { .. }) {
                waiting.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            }
            things.insert(path, thing);
        }
        Self(things)
    }

    /// Paths that are different in `other`, in either direction.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let changed = self.0.iter().filter(|(path, thing)| other.0.get(*path) != Some(thing));
        let changed =
            changed.map(|(path, thing)| format!("{}: {thing:?}, then {:?}", path.display(), other.0.get(path)));
        let added = other.0.keys().filter(|path| !self.0.contains_key(*path));
        changed.chain(added.map(|path| format!("{} was not there before", path.display()))).collect()
    }
}

fn look(path: &Path) -> io::Result<Thing> {
    let metadata = path.symlink_metadata()?;
    let mode = metadata.permissions().mode();
    let changed_ns = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    if metadata.is_symlink() {
        return Ok(Thing::Link { target: fs::read_link(path)?, changed_ns });
    }
    if metadata.is_dir() {
        return Ok(Thing::Folder { mode, changed_ns });
    }
    assert!(metadata.is_file(), "{} is neither file, folder nor link", path.display());
    let sha256 = if metadata.len() < LARGE_BYTES { hash(path) } else { hash_of_large(path, &metadata) };
    Ok(Thing::File { mode, changed_ns, sha256: sha256? })
}

fn hash(path: &Path) -> io::Result<Vec<u8>> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finalize().to_vec())
}

/// The hash of a file that is read again only when its inode has changed since.
fn hash_of_large(path: &Path, metadata: &fs::Metadata) -> io::Result<Vec<u8>> {
    /// Device and inode, and what the kernel changes with every change of a file, and lets nobody set.
    type Unchanged = (u64, u64, i64, i64);
    static HASHED: Mutex<BTreeMap<Unchanged, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let key = (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
    let mut hashed = HASHED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hash) = hashed.get(&key) {
        return Ok(hash.clone());
    }
    let hash = hash(path)?;
    hashed.insert(key, hash.clone());
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_changed_byte_mode_target_or_name_is_a_difference() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "a").expect("a file");
        std::os::unix::fs::symlink("file", &link).expect("a link");
        // The clock of the file system may not have gone on when the folder changes.
        File::open(folder.path()).and_then(|folder| folder.set_modified(UNIX_EPOCH)).expect("our own folder");
        let before = Snapshot::of(folder.path());
        assert_eq!(before.differences(&Snapshot::of(folder.path())), [""; 0]);

        // A name that comes changes its folder, too.
        fs::write(folder.path().join("more"), "").expect("a file");
        assert_eq!(before.differences(&Snapshot::of(folder.path())).len(), 2);
        fs::remove_file(folder.path().join("more")).expect("the file is there");
        assert_eq!(before.differences(&Snapshot::of(folder.path())).len(), 1);
        fs::write(&file, "b").expect("a file");
        assert_eq!(before.differences(&Snapshot::of(folder.path())).len(), 2);
        fs::remove_file(&link).expect("the link is there");
        std::os::unix::fs::symlink("elsewhere", &link).expect("a link");
        assert_eq!(before.differences(&Snapshot::of(folder.path())).len(), 3);
    }
}
