//! `cargo xtask vm`: a stock Debian kernel in an unpatched QEMU runs one command, with dist/ inside.
//!
//! - [`options`]: what can be asked for. [`system`]: the two guests' ways.
//! - [`packages`]: kernel, QEMU and guest programs, from the machine's own Debian mirror by way of [`apt`]. [`debian`]: a
//!   whole system with systemd, as a disk. Both are kept in the [`cache`].
//! - [`image`]: files for the guest, with their [`closure`] of libraries. [`initramfs`]: what boots, written as [`cpio`];
//!   large files come on a disk, written as [`iso9660`]. `init.sh`: the guest's first process.
//! - [`hardware`] and [`qemu`]: the virtual machine; [`clock`]: how fast its processor counts.
//! - [`script`]: the job. [`job`]: the line between guest and us: output, and the exit code.

mod apt;
mod cache;
mod clock;
mod closure;
mod cpio;
mod debian;
mod hardware;
mod image;
mod initramfs;
mod iso9660;
mod job;
mod options;
mod packages;
mod qemu;
mod script;
mod system;

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{dist, workspace};
pub(crate) use cache::folder as cached_folder;
use debian::Debian;
use hardware::Hardware;
use image::{Image, OnDisk};
use initramfs::Settings;
pub(crate) use options::Args;
use packages::Kit;
pub(crate) use packages::fetch_non_free;
use qemu::{Disk, Ending, Machine};
use script::Job;
use system::System;

/// Files of this length or more come on a disk: the kernel would unpack them into memory first, wanted or not.
const LARGE_BYTES: u64 = 4 << 20;
/// What kernel and command want beside the files.
const ROOM_MIB: u64 = 192;

/// The exit code of a command that was not done in time.
const TIMED_OUT: u8 = 124;
/// The exit code when the machine, not the command, failed.
const VM_FAILED: u8 = 125;

/// Runs the subcommand: standard output is the command's alone, everything of ours goes to standard error.
pub(crate) fn run(args: &Args) -> ExitCode {
    match try_run(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("vm: {error:#}");
            ExitCode::from(VM_FAILED)
        }
    }
}

/// Why there can be no virtual machine here, if so.
pub(crate) fn unavailable() -> Option<String> {
    Kit::unavailable()
}

/// Fetches what virtual machines need, or finds it.
pub(crate) fn prepare() -> Result<()> {
    Kit::ready()?;
    Debian::ready()?;
    Ok(())
}

/// The command that runs the tests of `tests/tests/vm/`, to be given their names.
pub(crate) fn tests() -> Result<Command> {
    let xtask = env::current_exe().context("this program's path")?;
    let mut tests = workspace::cargo();
    tests.args(["test", "--release", "--package", "vgpu-tests", "--test", "vm", "--", "--ignored", "--test-threads=1"]);
    tests.env("VGPU_XTASK", xtask);
    Ok(tests)
}

fn try_run(args: &Args) -> Result<u8> {
    let kit = Kit::ready()?;
    let debian = match args.system {
        System::Debian => Some(Debian::ready()?),
        System::Minimal => None,
    };
    if args.prepare {
        eprintln!("vm: ready in {}", kit.dir().display());
        return Ok(0);
    }
    let token = job::token()?;
    let settings = Settings {
        token: &token,
        uid: args.user,
        sets_up_functions: !args.no_guest_setup,
        system: if debian.is_some() { "debian" } else { "minimal" },
    };
    let mut files = match &debian {
        Some(debian) => Image::on(Some(debian.listing())),
        None => initramfs::root()?,
    };
    collect(args, &mut files)?;
    if debian.is_some() {
        files.made("/opt/vm/settings", 0o600, settings.text());
    } else {
        initramfs::users(&mut files, args.user);
    }
    let large = files.take_large(LARGE_BYTES)?;
    check_memory(args.memory, files.len_bytes()?)?;
    let mut archive = tempfile::tempfile().context("cannot create the initramfs")?;
    initramfs::write(&initramfs::boot(&kit, &settings, &large)?, &files, debian.is_some(), &mut archive)?;

    let (system_disk, large_disk) = (debian.map(|it| it.disk()).transpose()?, large_disk(&large)?);
    let mut disks = Vec::new();
    disks.extend(system_disk.as_ref().map(|image| Disk { image, serial: "vgpu-system", writable: true }));
    disks.extend(large_disk.as_ref().map(|image| Disk { image, serial: "vgpu-files", writable: false }));
    let machine = Machine {
        hardware: Hardware {
            machine: args.machine,
            cpu: args.cpu.as_deref(),
            memory_mib: args.memory,
            processors: args.smp,
            devices: &args.devices,
            empty_ports: args.empty_ports,
        },
        disks: &disks,
        kernel_args: &args.kernel_args,
        keep_on_reboot: args.keep_on_reboot,
        console: args.console.as_deref(),
        qmp: args.qmp.as_deref(),
    };
    let mut guest = machine.start(&kit, &archive)?;
    let limit = Duration::from_secs(args.timeout);
    match guest.attend(&token, limit, &mut io::stdout())? {
        Ending::Exit(code) => Ok(code),
        Ending::TimedOut => {
            eprintln!("vm: not done after {} s; the console's end:\n{}", args.timeout, guest.console_tail());
            Ok(TIMED_OUT)
        }
        Ending::Stopped(status) => {
            let what = if status.success() {
                "the guest turned off, rebooted or panicked".to_owned()
            } else {
                format!("QEMU failed ({status})")
            };
            let tail = guest.console_tail();
            eprintln!("vm: {what} before the command was done; the console's end:\n{tail}");
            Ok(VM_FAILED)
        }
    }
}

/// The files that are unpacked into memory are there twice while the kernel does that.
fn check_memory(memory_mib: u32, files_bytes: u64) -> Result<()> {
    let needed_mib = (files_bytes.div_ceil(1 << 20)) * 2 + ROOM_MIB;
    ensure!(
        needed_mib <= u64::from(memory_mib),
        "the guest's small files are {} MiB, for which it needs {needed_mib} MiB of memory and has {memory_mib}: \
        --memory {}M",
        files_bytes.div_ceil(1 << 20),
        needed_mib.next_multiple_of(256)
    );
    Ok(())
}

/// A disk with the large files, if there are any.
fn large_disk(files: &[OnDisk]) -> Result<Option<File>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut disk = tempfile::tempfile().context("cannot create the disk of large files")?;
    let from: Vec<PathBuf> = files.iter().map(|file| file.from.clone()).collect();
    iso9660::write(&mut disk, &from).context("cannot write the disk of large files")?;
    Ok(Some(disk))
}

/// Collects the guest's files.
fn collect(args: &Args, image: &mut Image<'_>) -> Result<()> {
    let folder = env::current_dir().context("the working folder")?;
    let dist = dist::dir();
    let dist_in_guest = args.system.dist();
    if !args.no_dist {
        ensure!(
            dist.join("lib").is_dir(),
            "{} is not built: `cargo xtask dist` does that, --no-dist goes without",
            dist.display()
        );
        image.tree(&dist, dist_in_guest)?;
    }
    for path in &args.files {
        image.mirror(path).with_context(|| format!("--file {}", path.display()))?;
    }
    let (program, arguments) = args.command.split_first().context("no command was given")?;
    let program = match host_program(program, &folder, image) {
        Some(path) => {
            image.mirror(&path)?;
            path.into_os_string()
        }
        // The guest has programs of its own, and says so when it lacks this one.
        None => program.clone(),
    };
    let here = env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let mut variables = args.system.variables(&here, args.user);
    variables.extend(args.variables.iter().map(|(name, value)| (name.as_str(), OsString::from(value))));
    let named = variables.iter().rev().find(|(name, _)| *name == "LD_LIBRARY_PATH");
    let library_path = named.map_or_else(OsString::new, |(_, path)| on_this_machine(path, dist_in_guest, &dist));
    image.dependencies(&library_path, &dist)?;
    image.folder(&folder, 0o755, args.user);
    let variables: Vec<(&str, &OsStr)> = variables.iter().map(|(name, value)| (*name, value.as_os_str())).collect();
    let shell = args.system.shell();
    let job = Job { program: &program, arguments, folder: &folder, variables: &variables, shell };
    image.made("/opt/vm/job", 0o755, job.script());
    Ok(())
}

/// A list of the guest's folders, where they are here.
fn on_this_machine(path: &OsStr, dist_in_guest: &Path, dist: &Path) -> OsString {
    let folders = env::split_paths(path).map(|folder| match folder.strip_prefix(dist_in_guest) {
        Ok(rest) => dist.join(rest),
        Err(_) => folder,
    });
    // A folder whose name has a colon cannot be in such a list; then the guest does not find it there either.
    env::join_paths(folders).unwrap_or_default()
}

/// Where this machine has the program, if it does and the guest has not: a path, or a name in PATH.
fn host_program(name: &OsString, folder: &Path, image: &Image<'_>) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 {
        let path = folder.join(path);
        return (path.is_file() && !image::is_guests_own(&path) && !image.guest_has(&path)).then_some(path);
    }
    let guests = ["/usr/bin", "/usr/sbin"].map(|folder| Path::new(folder).join(path));
    if guests.iter().any(|path| image.guest_has(path)) {
        return None;
    }
    closure::in_path(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_memory_is_an_error_that_says_how_much_is_needed() {
        assert!(check_memory(512, 160 << 20).is_ok());
        let error = check_memory(512, 161 << 20).expect_err("322 and 192 MiB").to_string();
        assert!(error.contains("161 MiB") && error.contains("--memory 768M"), "{error}");
    }

    #[test]
    fn the_guests_folders_are_found_on_this_machine() {
        let path = on_this_machine("/opt/vgpu/lib:/lib".as_ref(), Path::new("/opt/vgpu"), Path::new("/here/dist"));
        assert_eq!(path, "/here/dist/lib:/lib");
    }
}
