//! `cargo xtask words`: what our libraries say of each result code, against what the real ones say.
//!
//! Programs tell errors apart by these words. The real libraries need no GPU to be asked. They come from PyPI (the runtime,
//! cuBLAS) and from Debian's non-free part (the driver, NVML), and are loaded by a program of their own, `guest-words`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    dist,
    headers::{Libraries, has_pip},
    vm, workspace,
};

/// Options of `cargo xtask words`.
#[derive(Default, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask words\n  cargo xtask words --cublas")]
pub(crate) struct Args {
    /// Compare cuBLAS, too: its wheel is a download of 580 MB, once, and 850 MB unpacked.
    #[arg(long)]
    cublas: bool,
}

/// A library whose words are compared.
struct Library {
    /// As `guest-words` calls it.
    kind: &'static str,
    soname: &'static str,
}

const DRIVER: Library = Library { kind: "driver", soname: "libcuda.so.1" };
const RUNTIME: Library = Library { kind: "runtime", soname: "libcudart.so.12" };
const NVML: Library = Library { kind: "nvml", soname: "libnvidia-ml.so.1" };
const CUBLAS: Library = Library { kind: "cublas", soname: "libcublas.so.12" };

/// Codes of CUDA 12.8 that the driver to compare with, which is of 12.4, does not know yet.
const NEWER_THAN_THE_DRIVER: [&str; 2] = ["226", "721"];

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    dist::build()?;
    check(args.cublas)?.into_iter().for_each(|skipped| println!("skipped: {skipped}"));
    Ok(())
}

/// Compares the libraries of dist/; returns what had to be left out, and why.
///
/// # Errors
/// When a word differs, or a library cannot be had that could be.
pub(crate) fn check(fetch_cublas: bool) -> Result<Vec<String>> {
    let program = program()?;
    let mut skipped = Vec::new();
    if has_pip() {
        let runtime = wheel_library("nvidia-cuda-runtime-cu12", RUNTIME.soname)?;
        compare(&program, &RUNTIME, &runtime, &[])?;
        let cublas = Libraries::of("nvidia-cublas-cu12")?;
        if fetch_cublas || cublas.is_downloaded()? {
            compare(&program, &CUBLAS, &wheel_library("nvidia-cublas-cu12", CUBLAS.soname)?, &[])?;
        } else {
            skipped.push("cuBLAS's words, whose wheel is 580 MB: `cargo xtask words --cublas` fetches it".to_owned());
        }
    } else {
        skipped.push("the runtime's and cuBLAS's words, which come from PyPI: python3 has no pip".to_owned());
    }
    match vm::unavailable() {
        Some(reason) => skipped.push(format!("the driver's and NVML's words: {reason}")),
        None => {
            compare(&program, &DRIVER, &real_driver()?, &NEWER_THAN_THE_DRIVER)?;
            compare(&program, &NVML, &find(&from_debian()?, NVML.soname)?, &[])?;
        }
    }
    Ok(skipped)
}

/// The folder of a wheel's libraries.
fn from_wheel(name: &str) -> Result<PathBuf> {
    let wheel = Libraries::of(name)?;
    vm::cached_folder("words", &wheel.identity(), |dir| wheel.unpack(dir))
}

/// A library of a wheel.
pub(crate) fn wheel_library(wheel: &str, soname: &str) -> Result<PathBuf> {
    find(&from_wheel(wheel)?, soname)
}

/// The folder of the driver's libraries.
fn from_debian() -> Result<PathBuf> {
    let recipe = "1 libcuda1 libnvidia-ml1";
    vm::cached_folder("words", recipe, |dir| {
        println!("words: fetching libcuda1 and libnvidia-ml1 (4 MB) from Debian's non-free part");
        vm::fetch_non_free(dir, &["libcuda1", "libnvidia-ml1"])
    })
}

/// A real driver's libcuda, where [`vm::unavailable`] says nothing else.
pub(crate) fn real_driver() -> Result<PathBuf> {
    find(&from_debian()?, DRIVER.soname)
}

/// The one file of that name below `folder`.
fn find(folder: &Path, soname: &str) -> Result<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == soname) {
                return Ok(path);
            }
            // Links may lead anywhere.
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    anyhow::bail!("{} holds no {soname}", folder.display())
}

/// The guest that asks a library for its words.
fn program() -> Result<PathBuf> {
    let build = ["build", "--quiet", "--release", "--package", "vgpu-tests", "--bin", "guest-words"];
    workspace::check(workspace::cargo().args(build))?;
    Ok(workspace::target_dir().join("release/guest-words"))
}

/// Lines of words, by code.
fn words(program: &Path, library: &Library, file: &Path) -> Result<BTreeMap<String, String>> {
    let folder = file.parent().context("a library lies in a folder")?;
    // cuBLAS needs the library beside it.
    let said = workspace::output(Command::new(program).arg(library.kind).arg(file).env("LD_LIBRARY_PATH", folder))?;
    let words =
        said.lines().filter_map(|line| line.split_once('\t')).map(|(code, rest)| (code.to_owned(), rest.to_owned()));
    Ok(words.collect())
}

fn compare(program: &Path, library: &Library, real: &Path, newer: &[&str]) -> Result<()> {
    let soname = library.soname;
    let theirs = words(program, library, real)?;
    let ours = words(program, library, &dist::dir().join("lib").join(soname))?;
    ensure!(!theirs.is_empty(), "{} says nothing", real.display());
    let differences = differences(&ours, &theirs, newer);
    ensure!(differences.is_empty(), "{soname} says other words than the real one:\n{}", differences.join("\n"));
    println!("{soname}: {} codes, no difference from {}", theirs.len(), real.canonicalize()?.display());
    Ok(())
}

/// What differs. Of the codes in `newer` the real library may know nothing.
fn differences(ours: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>, newer: &[&str]) -> Vec<String> {
    let codes = ours.keys().chain(theirs.keys().filter(|code| !ours.contains_key(*code)));
    let differs = |code: &&String| {
        let (ours, theirs) = (ours.get(*code), theirs.get(*code));
        let is_news = newer.contains(&code.as_str()) && theirs.is_some_and(|words| words == "-\t-");
        ours != theirs && !is_news
    };
    let line = |code: &String| format!("  {code}: ours {:?}, theirs {:?}", ours.get(code), theirs.get(code));
    codes.filter(differs).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lines: &[(&str, &str)]) -> BTreeMap<String, String> {
        lines.iter().map(|(code, words)| ((*code).to_owned(), (*words).to_owned())).collect()
    }

    #[test]
    fn equal_words_do_not_differ() {
        let both = words(&[("1", "A\ta"), ("2", "-\t-")]);
        assert!(differences(&both, &both, &[]).is_empty());
    }

    #[test]
    fn other_missing_and_surplus_words_are_all_named() {
        let ours = words(&[("1", "A\ta"), ("2", "B\tb")]);
        let theirs = words(&[("1", "A\tx"), ("3", "C\tc")]);
        let found = differences(&ours, &theirs, &[]);
        assert_eq!(
            found.iter().map(|line| line.trim_start().split(':').next()).collect::<Vec<_>>(),
            [Some("1"), Some("2"), Some("3")]
        );
    }

    #[test]
    fn a_newer_code_may_be_unknown_to_the_real_library_but_not_have_other_words() {
        let ours = words(&[("226", "A\ta")]);
        assert!(differences(&ours, &words(&[("226", "-\t-")]), &["226"]).is_empty());
        assert_eq!(differences(&ours, &words(&[("226", "A\tother")]), &["226"]).len(), 1);
        assert_eq!(differences(&ours, &words(&[("226", "-\t-")]), &[]).len(), 1);
    }
}
