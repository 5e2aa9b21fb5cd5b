//! What programs need to start: shared libraries, as `ldd` finds them, and scripts' interpreters.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsStr,
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

/// Asks for the libraries of all `programs`, which are ELF files, as they are found where LD_LIBRARY_PATH is `library_path`.
pub(super) fn of(programs: &[PathBuf], library_path: &OsStr) -> Result<Closure> {
    let mut closure = Closure::default();
    for some in programs.chunks(AT_A_TIME) {
        // The path is the guest's, not cargo's: what it leads to goes before what a program's RUNPATH does, and may need
        // much less. Of a static program ldd says so, and fails; a program that it cannot read at all will not run in the
        // guest either, which then says why.
        let done = Command::new("ldd").args(some).env("LD_LIBRARY_PATH", library_path).env("LC_ALL", "C").output();
        let listing = done.context("cannot start ldd, which is in the package libc-bin")?.stdout;
        let listing = String::from_utf8_lossy(&listing);
        closure.found.extend(paths(&listing));
        closure.missing.extend(missing(&listing));
    }
    Ok(closure)
}

/// Where this machine has the program `name`.
pub(super) fn in_path(name: &OsStr) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
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

/// What a file is, as far as it needs others to start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program or shared library; an object file or a kernel module is not.
    Elf,
    /// A script for this interpreter: its path, and for `env` the name after it.
    Script(PathBuf, Option<String>),
    Other,
}

/// Looks at the file's first bytes.
pub(super) fn kind(path: &Path) -> Kind {
    let mut head = Vec::new();
    // A file that cannot be read is reported when it is copied.
    let _ = File::open(path).and_then(|file| file.take(256).read_to_end(&mut head));
    kind_of(&head)
}

fn kind_of(head: &[u8]) -> Kind {
    // e_type is 2 for programs at fixed addresses, 3 for position-independent ones and for libraries.
    if head.starts_with(b"\x7fELF") && matches!(head.get(16..18), Some([2 | 3, 0])) {
        return Kind::Elf;
    }
    let line = head.strip_prefix(b"#!").and_then(|rest| rest.split(|&byte| byte == b'\n').next());
    let Some(line) = line.and_then(|line| std::str::from_utf8(line).ok()) else { return Kind::Other };
    let mut words = line.split_ascii_whitespace();
    match words.next() {
        Some(path) if path.starts_with('/') => {
            let name = words.find(|word| !word.starts_with('-') && !word.contains('='));
            Kind::Script(path.into(), name.filter(|_| path.ends_with("/env")).map(str::to_owned))
        }
        _ => Kind::Other,
    }
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
        assert_eq!(kind(&program), Kind::Elf);
        let closure = of(&[program], OsStr::new("")).expect("ldd runs");
        assert!(closure.found.iter().any(|path| path.ends_with("libc.so.6")), "{closure:?}");
        assert!(closure.missing.is_empty(), "{closure:?}");
    }

    #[test]
    fn a_library_on_the_guests_path_goes_before_the_one_that_a_program_was_linked_to() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        let link = |output: &str, args: &[&str]| {
            std::fs::create_dir_all(path(output).parent().expect("a folder")).expect("a folder");
            let mut cc = Command::new("cc");
            cc.args(["-x", "c", "/dev/null", "-x", "none", "-Wl,--no-as-needed,--allow-shlib-undefined", "-o"]);
            assert!(cc.arg(path(output)).args(args).current_dir(dir.path()).status().expect("cc runs").success());
        };
        let shared = ["-shared", "-Wl,-soname,libinner.so"];
        link("theirs/libheavy.so", &["-shared", "-Wl,-soname,libheavy.so"]);
        link("theirs/libinner.so", &[&shared[..], &["theirs/libheavy.so", "-Wl,-rpath,$ORIGIN"]].concat());
        link("ours/libinner.so", &shared);
        link("plugin.so", &["-shared", "theirs/libinner.so", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/theirs"]);

        let plugin = [path("plugin.so")];
        let with_ours = of(&plugin, path("ours").as_os_str()).expect("ldd runs").found;
        let without = of(&plugin, OsStr::new("")).expect("ldd runs").found;

        assert!(with_ours.contains(&path("ours/libinner.so")), "{with_ours:?}");
        assert!(!with_ours.iter().any(|library| library.ends_with("libheavy.so")), "{with_ours:?}");
        assert!(without.contains(&path("theirs/libheavy.so")), "{without:?}");
    }

    #[test]
    fn a_file_that_is_cut_short_or_a_text_needs_nothing() {
        for head in [
            &b""[..],
            b"#",
            b"#!",
            b"#!\n",
            b"#!relative",
            b"\x7fELF",
            b"\x7fELF\0\0\0\0\0\0\0\0\0\0\0\0\x01\0",
            b"# text",
        ] {
            assert_eq!(kind_of(head), Kind::Other, "{head:?}");
        }
    }

    #[test]
    fn a_script_needs_its_interpreter_and_the_one_that_env_finds() {
        let script = |path: &str, name: Option<&str>| Kind::Script(path.into(), name.map(str::to_owned));
        assert_eq!(kind_of(b"#!/bin/sh -e\necho"), script("/bin/sh", None));
        assert_eq!(kind_of(b"#! /usr/bin/env bash\n"), script("/usr/bin/env", Some("bash")));
        assert_eq!(kind_of(b"#!/usr/bin/env -S A=b node --flag"), script("/usr/bin/env", Some("node")));
    }
}
