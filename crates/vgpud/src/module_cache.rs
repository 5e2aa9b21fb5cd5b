//! Images that guests have loaded, kept for the next process that loads them: files named by their SHA-256, in the
//! daemon's [folder](crate::cache_folder).
//!
//! The executors share the folder without trusting each other. What is read is hashed again before it is used, so that
//! nobody can put another image in one's place; whoever adds an image makes room for it. A guest that knows an image's
//! hash may learn that it was loaded before, and nothing else of another guest's.
//!
//! It pays where sending is slower than hashing twice, which uncached windows of VMs should be. Over cached memory it does
//! not: there an image is sent at 4 GB/s and hashed at 1.4, with the processor's instructions for it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, fstat, futimens, openat, renameat, statat,
    unlinkat,
};
use rustix::io::Errno;
use vgpu_core::host::ImageStore;
use vgpu_core::sha256::{Digest, sha256};

/// Shorter images travel in the record that loads them.
const MIN_BYTES: u64 = 64 << 10;

/// An executor's view of the folder.
#[derive(Debug)]
pub(crate) struct ModuleCache {
    directory: OwnedFd,
    /// What all files together may have.
    capacity_bytes: u64,
    /// Files that this process has begun.
    begun: AtomicU64,
}

impl ModuleCache {
    /// Takes over the folder whose descriptor this process inherited.
    ///
    /// # Errors
    /// When the descriptor is no folder.
    pub(crate) fn inherit(fd: RawFd, capacity_bytes: u64) -> Result<Self> {
        ensure!(fd > 2, "descriptor {fd} is no folder");
        // SAFETY: the daemon passed the number of a descriptor that nothing else in this process uses; if it is not
        // open, the next call fails.
        let directory = unsafe { OwnedFd::from_raw_fd(fd) };
        let stat = fstat(&directory).context("the folder of images")?;
        ensure!(
            FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
            "descriptor {} is no folder",
            directory.as_raw_fd()
        );
        Ok(Self { directory, capacity_bytes, begun: AtomicU64::new(0) })
    }

    /// Reads a file whose bytes have that hash and length; `None` when there is no file.
    ///
    /// # Errors
    /// When the file is not what its name says.
    fn read(&self, name: &str, hash: &Digest, len_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        // Neither a link nor a pipe in its place may lead or hold this process elsewhere.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.directory, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            file => File::from(file?),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() != len_bytes {
            return Err(wrong("it has another length"));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(len_bytes).map_err(io::Error::other)?)?;
        // It may grow while it is read.
        (&file).take(len_bytes).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != len_bytes || sha256(&bytes) != *hash {
            return Err(wrong("its bytes have another hash"));
        }
        // The oldest use goes first when room is needed; that this one is not noted does no harm.
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let _ = futimens(&file, &Timestamps { last_access: now, last_modification: now });
        Ok(Some(bytes))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = format!("new-{}-{}", std::process::id(), self.begun.fetch_add(1, Ordering::Relaxed));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.directory, draft.as_str(), flags, Mode::RUSR | Mode::WUSR)?;
        let written = File::from(file).write_all(bytes);
        let named = written.and_then(|()| Ok(renameat(&self.directory, draft.as_str(), &self.directory, name)?));
        if named.is_err() {
            self.remove(&draft);
        }
        named
    }

    /// Removes the files that have not been used for longest, until the rest fits. `newest` stays.
    fn make_room(&self, newest: &str) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // A file that is gone by now takes no room.
            let Ok(stat) = statat(&self.directory, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                let used = (stat.st_mtime, stat.st_mtime_nsec);
                files.push((used, name, stat.st_size.max(0).cast_unsigned()));
            }
        }
        let mut total_bytes: u64 = files.iter().map(|file| file.2).fold(0, u64::saturating_add);
        files.sort_unstable();
        for (_, name, len_bytes) in files.iter().filter(|file| file.1 != newest) {
            if total_bytes <= self.capacity_bytes {
                break;
            }
            self.remove(name);
            total_bytes = total_bytes.saturating_sub(*len_bytes);
        }
        Ok(())
    }

    fn remove(&self, name: &str) {
        match unlinkat(&self.directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => log::debug!("image {name} was not removed: {error}"),
        }
    }
}

impl ImageStore for ModuleCache {
    fn min_bytes(&self) -> u64 {
        MIN_BYTES
    }

    fn find(&self, hash: &Digest, len_bytes: u64) -> Option<Vec<u8>> {
        let name = name_of(hash);
        match self.read(&name, hash, len_bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                log::warn!("image {name} is not used, and removed: {error}");
                self.remove(&name);
                None
            }
        }
    }

    fn keep(&self, hash: &Digest, bytes: &[u8]) {
        if bytes.len() as u64 > self.capacity_bytes {
            return;
        }
        let name = name_of(hash);
        if let Err(error) = self.write(&name, bytes).and_then(|()| self.make_room(&name)) {
            log::debug!("image {name} is not kept: {error}");
        }
    }
}

fn name_of(hash: &Digest) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    use super::*;

    const LEN: usize = MIN_BYTES as usize;

    struct Scratch {
        path: PathBuf,
        cache: ModuleCache,
    }

    impl Scratch {
        /// A cache of its own with room for so many images.
        fn new(name: &str, images: u64) -> Self {
            let path = std::env::temp_dir().join(format!("vgpud-test-{}-cache-{name}", std::process::id()));
            std::fs::create_dir_all(&path).expect("a folder");
            let directory = File::open(&path).expect("the folder");
            let fd = std::os::fd::IntoRawFd::into_raw_fd(directory);
            Self { path, cache: ModuleCache::inherit(fd, images * MIN_BYTES).expect("a folder") }
        }

        fn keep(&self, fill: u8) -> Digest {
            let bytes = vec![fill; LEN];
            let hash = sha256(&bytes);
            self.cache.keep(&hash, &bytes);
            hash
        }

        fn finds(&self, hash: &Digest) -> bool {
            self.cache.find(hash, MIN_BYTES).is_some()
        }

        fn file(&self, hash: &Digest) -> PathBuf {
            self.path.join(name_of(hash))
        }

        /// Makes an image's last use so long ago.
        fn age(&self, hash: &Digest, seconds: u64) {
            let file = File::open(self.file(hash)).expect("the image");
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("the file is ours");
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(&self.path).expect("the folder");
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }

    #[test]
    fn a_kept_image_is_found_by_its_hash_and_length() {
        let scratch = Scratch::new("found", 2);
        let hash = scratch.keep(1);
        assert_eq!(scratch.cache.find(&hash, MIN_BYTES), Some(vec![1; LEN]));
        assert_eq!(scratch.cache.find(&[0; 32], MIN_BYTES), None);
        assert_eq!(scratch.names(), [name_of(&hash)], "and leaves no draft");
    }

    #[test]
    fn a_corrupted_image_is_not_used_and_can_be_replaced() {
        let scratch = Scratch::new("corrupted", 2);
        let hash = scratch.keep(1);
        for damaged in [vec![2; LEN], vec![1; LEN - 1], vec![1; LEN + 1], Vec::new()] {
            std::fs::write(scratch.file(&hash), damaged).expect("the folder is ours");
            assert!(!scratch.finds(&hash));
            assert!(!scratch.file(&hash).exists());
            scratch.keep(1);
            assert!(scratch.finds(&hash));
        }
    }

    #[test]
    fn what_is_no_file_is_neither_followed_nor_waited_for() {
        let scratch = Scratch::new("strange", 2);
        let hash = scratch.keep(1);
        let elsewhere = scratch.path.join("elsewhere");
        std::fs::rename(scratch.file(&hash), &elsewhere).expect("the folder is ours");
        symlink(&elsewhere, scratch.file(&hash)).expect("a link");
        assert!(!scratch.finds(&hash));
        assert!(elsewhere.exists() && !scratch.file(&hash).is_symlink());
        rustix::fs::mknodat(&scratch.cache.directory, name_of(&hash).as_str(), FileType::Fifo, Mode::RWXU, 0)
            .expect("a pipe");
        assert!(!scratch.finds(&hash));
        scratch.keep(1);
        assert!(scratch.finds(&hash));
    }

    #[test]
    fn a_full_cache_loses_what_was_not_used_for_longest() {
        let scratch = Scratch::new("full", 3);
        let [first, second, third] = [1, 2, 3].map(|fill| scratch.keep(fill));
        for (hash, seconds) in [(&first, 30), (&second, 20), (&third, 10)] {
            scratch.age(hash, seconds);
        }
        assert!(scratch.finds(&first), "now it is the newest");
        let fourth = scratch.keep(4);
        assert!(!scratch.finds(&second));
        assert!([first, third, fourth].iter().all(|hash| scratch.finds(hash)));
    }

    #[test]
    fn an_image_that_is_larger_than_the_cache_is_not_kept_and_displaces_nothing() {
        let scratch = Scratch::new("large", 1);
        let hash = scratch.keep(1);
        let large = vec![2; LEN + 1];
        scratch.cache.keep(&sha256(&large), &large);
        assert_eq!(scratch.names(), [name_of(&hash)]);
    }

    #[test]
    fn a_dead_executors_draft_counts_and_goes_in_its_turn() {
        let scratch = Scratch::new("draft", 1);
        std::fs::write(scratch.path.join("new-1-0"), vec![0; LEN]).expect("the folder is ours");
        let hash = scratch.keep(1);
        assert_eq!(scratch.names(), [name_of(&hash)]);
    }

    #[test]
    fn a_folder_that_is_gone_is_no_trouble() {
        let scratch = Scratch::new("gone", 1);
        std::fs::remove_dir_all(&scratch.path).expect("the folder is ours");
        let hash = scratch.keep(1);
        assert!(!scratch.finds(&hash));
    }
}
