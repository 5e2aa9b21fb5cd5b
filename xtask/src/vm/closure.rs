//! The shared libraries that programs need, as `ldd` finds them.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// Programs for one call of ldd: their names must fit a command line.
const AT_A_TIME: usize = 200;

/// What `ldd` says about some files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Closure {
    /// Where this machine has the libraries, the loader included.
    pub(super) found: BTreeSet<PathBuf>,
    /// Names of libraries that it does not have.
    pub(super) missing: BTreeSet<String>,
}

/// Asks for the libraries of all `programs`, which are ELF files.
pub(super) fn of(programs: &[PathBuf]) -> Result<Closure> {
    let mut closure = Closure::default();
    for some in programs.chunks(AT_A_TIME) {
        // cargo's LD_LIBRARY_PATH names folders that the guest does not have. Of a static program ldd says so, and
        // fails; a program that it cannot read at all will not run in the guest either, which then says why.
        let done = Command::new("ldd").args(some).env_remove("LD_LIBRARY_PATH").env("LC_ALL", "C").output();
        let listing = done.context("cannot start ldd, which is in the package libc-bin")?.stdout;
        let listing = String::from_utf8_lossy(&listing);
        closure.found.extend(paths(&listing));
        closure.missing.extend(missing(&listing));
    }
    Ok(closure)
}

/// The paths in lines such as `libc.so.6 => /lib/libc.so.6 (0x7f..)` and `/lib64/ld-linux-x86-64.so.2 (0x7f..)`.
pub(super) fn paths(listing: &str) -> BTreeSet<PathBuf> {
    let path = |line: &str| {
        let (path, _) = line.strip_prefix('\t')?.rsplit_once(" (0x")?;
        let path = path.split_once(" => ").map_or(path, |(_, path)| path);
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    listing.lines().filter_map(path).collect()
}

fn missing(listing: &str) -> BTreeSet<String> {
    listing.lines().filter_map(|line| line.trim().strip_suffix(" => not found")).map(str::to_owned).collect()
}

/// Whether the file is a program or a shared library; an object file or a kernel module is not.
pub(super) fn is_program(path: &Path) -> bool {
    let mut head = [0; 18];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    // e_type is 2 for programs at fixed addresses, 3 for position-independent ones and for libraries.
    read.is_ok() && head.starts_with(b"\x7fELF") && matches!(head[16..18], [2 | 3, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_names_what_is_found_and_what_is_missing() {
        let listing = "/usr/bin/some program:\n\tlinux-vdso.so.1 (0x00007ffd)\n\tlibcuda.so.1 => not found\n\
            \tlibc.so.6 => /lib/a folder/libc.so.6 (0x00007f7c)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f7d)\n\
            /usr/bin/other:\n\tnot a dynamic executable\n";
        let expected = ["/lib/a folder/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(paths(listing), BTreeSet::from(expected));
        assert_eq!(missing(listing), BTreeSet::from(["libcuda.so.1".to_owned()]));
    }

    #[test]
    fn this_test_program_needs_the_c_library() {
        let program = std::env::current_exe().expect("it runs");
        assert!(is_program(&program));
        let closure = of(&[program]).expect("ldd runs");
        assert!(closure.found.iter().any(|path| path.ends_with("libc.so.6")), "{closure:?}");
        assert!(closure.missing.is_empty(), "{closure:?}");
    }

    #[test]
    fn a_text_is_no_program() {
        assert!(!is_program(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))));
    }
}
