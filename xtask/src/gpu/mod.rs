//! `cargo xtask gpu`: everything that is needed on a machine that has an NVIDIA GPU and nothing else, in one archive.
//!
//! What goes in: dist/ without its documents, `gpucheck`, the cases of single instructions as a program, C programs
//! ([`programs`]), and a real client ([`client`]). [`symbols`] says how old the machine's C library may be.
//!
//! The archive is a .tar.gz, because every machine that is lent has tar and gzip; zstd and xz are often missing. What gzip
//! compresses badly, the client's kernels, lies in it as a .zst, which `gpucheck` unpacks by itself.

mod client;
mod programs;
mod symbols;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{demo::client::Client, dist, workspace};
use symbols::Needs;

/// Options of `cargo xtask gpu`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask gpu\n  cargo xtask gpu --no-client")]
pub(crate) struct Args {
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
    /// Leave out the real client: nothing is fetched, and `gpucheck ggml` fails.
    #[arg(long)]
    no_client: bool,
}

/// The folder in the archive.
const NAME: &str = "vgpu-gpu";
/// A borrowed machine takes 64 MiB, with what goes along.
const ARCHIVE_MAX_BYTES: u64 = 60 << 20;

/// Of dist/; the rest is for people.
const DIST: [&str; 2] = ["lib", "bin"];

const README: &str = "\
vgpu, to be examined on a machine that has an NVIDIA GPU. Nothing has to be installed.

  ./gpucheck --json result.json     every step; nine minutes at most
  ./gpucheck --list                 what the steps are
  ./gpucheck facts smoke            these two
  ./gpucheck calls calls:--completions=words
                                    one step twice, the second time with a flag for vgpud

Exit status 3: there is no NVIDIA driver, or no GPU.
";

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let client = if args.no_client { None } else { Some(Client::install()?) };
    if !args.no_build {
        dist::build()?;
    }
    let folder = workspace::target_dir().join(NAME);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    for name in DIST {
        copy_folder(&dist::dir().join(name), &folder.join("dist").join(name))?;
    }
    fs::create_dir_all(folder.join("guests"))?;
    fs::copy(gpucheck()?, folder.join("gpucheck")).context("gpucheck")?;
    fs::copy(instructions()?, folder.join("guests/instructions")).context("the cases of instructions")?;
    copy_folder(&workspace::root().join("crates/vgpu-soft/tests/ptx"), &folder.join("guests/ptx"))?;
    programs::put(&folder.join("guests/api"))?;
    if let Some(client) = &client {
        client::put(client, &folder.join("ggml"))?;
    }
    fs::write(folder.join("README"), README)?;
    let mut needs = strip_all(&folder)?;
    if let Some(client) = &client {
        // It is compressed.
        needs.add(&client.cuda_backend())?;
    }
    let archive = folder.with_added_extension("tar.gz");
    pack(&folder, &archive)?;
    let len_bytes = fs::metadata(&archive)?.len();
    println!("\n{}: {:.1} MiB; it needs {needs} or newer", archive.display(), mib(len_bytes));
    println!("on the machine with the GPU:\n  tar -xzf {NAME}.tar.gz && ./{NAME}/gpucheck --json result.json");
    ensure!(len_bytes <= ARCHIVE_MAX_BYTES, "the archive is larger than {:.0} MiB", mib(ARCHIVE_MAX_BYTES));
    Ok(())
}

fn mib(len_bytes: u64) -> f64 {
    len_bytes as f64 / f64::from(1 << 20)
}

fn gpucheck() -> Result<PathBuf> {
    let build = ["build", "--quiet", "--release", "--package", "vgpu-tests", "--bin", "gpucheck"];
    workspace::check(workspace::cargo().args(build))?;
    Ok(workspace::target_dir().join("release/gpucheck"))
}

/// Builds the test program and asks cargo for its path, which has a hash in it.
fn instructions() -> Result<PathBuf> {
    let build = ["test", "--quiet", "--release", "--package", "vgpu-soft", "--test", "instructions", "--no-run"];
    let said = workspace::output(workspace::cargo().args(build).arg("--message-format=json"))?;
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs = messages.filter(|message| message["target"]["name"] == "instructions");
    let path = programs.filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?))).next();
    path.context("cargo does not say where the program `instructions` is")
}

/// Copies a folder with what is in it; links stay links.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    workspace::check(Command::new("cp").args(["--archive", "--no-target-directory"]).arg(from).arg(to))
}

/// Takes the symbols that nobody needs at run time out of every program and library; returns what they need.
fn strip_all(folder: &Path) -> Result<Needs> {
    let mut needs = Needs::default();
    for path in files(folder)? {
        if symbols::is_elf(&path)? {
            workspace::check(Command::new("strip").arg("--strip-unneeded").arg(&path))
                .context("packing needs binutils: apt-get install binutils")?;
            needs.add(&path)?;
        }
    }
    Ok(needs)
}

/// All regular files in a folder and below.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes the archive, the same one for the same files.
fn pack(folder: &Path, archive: &Path) -> Result<()> {
    let parent = folder.parent().context("the pack lies in a folder")?;
    let file = fs::File::create(archive).with_context(|| archive.display().to_string())?;
    let mut tar = Command::new("tar")
        .args(["--create", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--directory"])
        .arg(parent)
        .arg(NAME)
        .stdout(Stdio::piped())
        .spawn()
        .context("packing needs tar")?;
    let stream = tar.stdout.take().context("no pipe from tar")?;
    workspace::check(Command::new("gzip").args(["-9", "--no-name"]).stdin(stream).stdout(file))?;
    ensure!(tar.wait()?.success(), "tar failed");
    Ok(())
}
