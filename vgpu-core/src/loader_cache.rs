//! `/etc/ld.so.cache`: which file the system's loader configuration has under a name.
//!
//! **Source:** observed in caches that glibc's ldconfig writes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How the current format begins; files may hold an older table before it.
const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER_BYTES: usize = 48;
const ENTRY_BYTES: usize = 24;
/// An entry's flags: a library for glibc on x86-64.
const FLAGS_X86_64: u32 = 0x0303;
const FILE_MAX_BYTES: u64 = 64 << 20;

/// Paths by name, the preferred one first.
#[derive(Debug, Default)]
pub struct LoaderCache(HashMap<Vec<u8>, Vec<PathBuf>>);

impl LoaderCache {
    /// Reads the cache at `path`. As to the loader, a missing or unsound one is empty.
    pub fn read(path: &Path, levels: &[&str]) -> Self {
        let mut bytes = Vec::new();
        let is_read = File::open(path).and_then(|file| file.take(FILE_MAX_BYTES).read_to_end(&mut bytes)).is_ok();
        if is_read { Self::parse(&bytes, levels) } else { Self::default() }
    }

    /// `levels` are the processor's, best first: entries for others are passed over.
    fn parse(bytes: &[u8], levels: &[&str]) -> Self {
        let mut cache = Self::default();
        let Some(start) = bytes.windows(MAGIC.len()).position(|window| window == MAGIC) else { return cache };
        let table = &bytes[start..];
        let word = |place: usize| {
            let bytes = table.get(place..place.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let string = |place: u32| {
            let rest = table.get(place as usize..)?;
            // Longer than any path the kernel takes.
            let len = rest.iter().take(4097).position(|byte| *byte == 0)?;
            Some(&rest[..len])
        };
        for number in 0..word(MAGIC.len()).unwrap_or(0) as usize {
            let place = HEADER_BYTES + number * ENTRY_BYTES;
            let (Some(flags), Some(key), Some(value)) = (word(place), word(place + 4), word(place + 8)) else { break };
            let (Some(name), Some(path)) = (string(key), string(value)) else { continue };
            let path = PathBuf::from(OsStr::from_bytes(path));
            if flags == FLAGS_X86_64 && rank(&path, levels).is_some() {
                let paths = cache.0.entry(name.to_vec()).or_default();
                if !paths.contains(&path) && paths.len() < 64 {
                    paths.push(path);
                }
            }
        }
        for paths in cache.0.values_mut() {
            paths.sort_by_key(|path| rank(path, levels));
        }
        cache
    }

    /// The files under `name`; the loader takes the first.
    pub fn paths(&self, name: &str) -> &[PathBuf] {
        self.0.get(name.as_bytes()).map_or(&[], Vec::as_slice)
    }
}

/// How much a path is preferred, 0 most; none when this processor cannot use it.
fn rank(path: &Path, levels: &[&str]) -> Option<usize> {
    let mut parts = path.iter();
    match parts.find(|part| *part == "glibc-hwcaps").and_then(|_| parts.next()) {
        None => Some(levels.len()),
        Some(level) => levels.iter().position(|known| level == *known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(&str, &str, u32)]) -> Vec<u8> {
        let mut strings = Vec::new();
        let mut table = MAGIC.to_vec();
        table.extend((entries.len() as u32).to_le_bytes());
        table.resize(HEADER_BYTES, 0);
        let base = HEADER_BYTES + entries.len() * ENTRY_BYTES;
        for (name, path, flags) in entries {
            table.extend(flags.to_le_bytes());
            for text in [name, path] {
                table.extend(((base + strings.len()) as u32).to_le_bytes());
                strings.extend(text.as_bytes());
                strings.push(0);
            }
            table.extend([0; 12]);
        }
        table.extend(strings);
        table
    }

    #[test]
    fn the_best_file_for_this_processor_comes_first() {
        let mut bytes = b"ld.so-1.7.0 an older table".to_vec();
        bytes.extend(cache(&[
            ("liba.so", "/lib32/liba.so", 3),
            ("liba.so", "/lib/liba.so", FLAGS_X86_64),
            ("liba.so", "/lib/glibc-hwcaps/x86-64-v4/liba.so", FLAGS_X86_64),
            ("liba.so", "/lib/glibc-hwcaps/x86-64-v2/liba.so", FLAGS_X86_64),
        ]));
        let cache = LoaderCache::parse(&bytes, &["x86-64-v3", "x86-64-v2"]);
        let wanted = ["/lib/glibc-hwcaps/x86-64-v2/liba.so", "/lib/liba.so"].map(PathBuf::from);
        assert_eq!(cache.paths("liba.so"), wanted);
        assert!(cache.paths("libb.so").is_empty());
    }

    #[test]
    fn a_cut_cache_has_what_is_left_of_it() {
        let bytes = cache(&[("liba.so", "/lib/liba.so", FLAGS_X86_64)]);
        for len in 0..bytes.len() {
            assert!(LoaderCache::parse(&bytes[..len], &[]).paths("liba.so").is_empty(), "{len}");
        }
        assert_eq!(LoaderCache::parse(&bytes, &[]).paths("liba.so").len(), 1);
    }

    #[test]
    fn this_machines_cache_knows_its_c_library() {
        let cache = LoaderCache::read(Path::new("/etc/ld.so.cache"), &[]);
        assert!(!cache.paths("libc.so.6").is_empty());
    }
}
