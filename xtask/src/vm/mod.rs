//! `cargo xtask vm`: a stock Debian kernel in an unpatched QEMU runs one command, with dist/ inside.
//!
//! - [`packages`]: kernel, QEMU and guest programs, from the machine's own Debian mirror. [`initramfs`]: the guest's
//!   files, their [`closure`] of libraries, written as [`cpio`]. `init.sh`: the guest's first process.
//! - [`qemu`]: the virtual machine. [`job`]: the line between guest and us: output, and the exit code.

mod apt;
mod closure;
mod cpio;
mod initramfs;
mod job;
mod packages;
mod qemu;

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::dist;
use initramfs::{Image, Job};
use packages::Kit;
use qemu::{Ending, Machine};

/// The exit code of a command that was not done in time.
const TIMED_OUT: u8 = 124;
/// The exit code when the machine, not the command, failed.
const VM_FAILED: u8 = 125;

/// Options of `cargo xtask vm`.
#[derive(clap::Args)]
#[command(
    after_help = "CMD is a program of this machine (its libraries come along), or one of the guest's own: /opt/vgpu/bin/*, \
        lspci, and busybox's.\nIn the guest LD_LIBRARY_PATH is /opt/vgpu/lib, the working folder is the caller's path, \
        and VM_BOOT counts the boots from 1.\n\n\
        Exit code: CMD's own; 124 when it was not done in time; 125 when the machine failed.\n\n\
        Examples:\n  cargo xtask vm -- /bin/echo hello\n  \
        cargo xtask vm --device /run/vgpu/pci.sock -- lspci -nn\n  \
        cargo xtask vm --device /run/vgpu/pci.sock --env VGPU_LOG=info --file ./vectors.bin -- ./my-cuda-program"
)]
pub(crate) struct Args {
    /// Attach the vfio-user device that listens at SOCKET, at 00:05.0; the next one at 00:06.0, ...
    #[arg(long = "device", value_name = "SOCKET")]
    devices: Vec<PathBuf>,
    /// The guest's memory, such as 512M or 2G.
    #[arg(long, default_value = "1G", value_parser = mebibytes)]
    memory: u32,
    /// Processors.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    smp: u32,
    /// Put PATH into the guest at the same path: a file with its libraries, or a folder with everything in it.
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Set a variable for CMD.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = assignment)]
    variables: Vec<(String, String)>,
    /// Give up after so many seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Who runs CMD; 0 is root.
    #[arg(long, default_value_t = 1000, value_name = "UID")]
    user: u32,
    /// Append ARG to the kernel's command line.
    #[arg(long = "kernel-arg", value_name = "ARG", allow_hyphen_values = true)]
    kernel_args: Vec<String>,
    /// Leave the PCI functions as the kernel found them: disabled, and root's.
    #[arg(long)]
    no_guest_setup: bool,
    /// Leave dist/ out of the guest.
    #[arg(long)]
    no_dist: bool,
    /// Boot again when the guest reboots, and run CMD again; without it a reboot is a failure.
    #[arg(long)]
    keep_on_reboot: bool,
    /// Write the guest's console to PATH as well.
    #[arg(long, value_name = "PATH")]
    console: Option<PathBuf>,
    /// Only fetch what is needed to run.
    #[arg(long, conflicts_with = "command")]
    prepare: bool,
    /// The command and its arguments.
    #[arg(last = true, required_unless_present = "prepare", value_name = "CMD")]
    command: Vec<OsString>,
}

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

/// Fetches what a virtual machine needs, or finds it.
pub(crate) fn prepare() -> Result<()> {
    Kit::ready().map(|_| ())
}

fn try_run(args: &Args) -> Result<u8> {
    let kit = Kit::ready()?;
    if args.prepare {
        eprintln!("vm: ready in {}", kit.dir().display());
        return Ok(0);
    }
    let token = job::token()?;
    let image = image(args, &kit, &token)?;
    // Kernel and command want room beside the files, which are in memory twice while the kernel unpacks them.
    let files_mib = image.len_bytes()? >> 20;
    ensure!(
        files_mib * 2 + 192 <= u64::from(args.memory),
        "the guest's files are {files_mib} MiB, too much for {} MiB of memory: --memory gives more",
        args.memory
    );
    let mut initramfs = tempfile::tempfile().context("cannot create the initramfs")?;
    image.write(&mut initramfs)?;

    let machine = Machine {
        devices: &args.devices,
        memory_mib: args.memory,
        processors: args.smp,
        kernel_args: &args.kernel_args,
        keep_on_reboot: args.keep_on_reboot,
        console: args.console.as_deref(),
    };
    let mut guest = machine.start(&kit, &initramfs)?;
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

/// Collects the guest's files.
fn image(args: &Args, kit: &Kit, token: &str) -> Result<Image> {
    let folder = env::current_dir().context("the working folder")?;
    let mut image = Image::new(kit)?;
    if !args.no_dist {
        let dist = dist::dir();
        ensure!(
            dist.join("lib").is_dir(),
            "{} is not built: `cargo xtask dist` does that, --no-dist goes without",
            dist.display()
        );
        image.tree(&dist, Path::new("/opt/vgpu"))?;
    }
    for path in &args.files {
        image.mirror(path).with_context(|| format!("--file {}", path.display()))?;
    }
    let (program, arguments) = args.command.split_first().context("no command was given")?;
    let program = match host_program(program, &folder) {
        Some(path) => {
            image.mirror(&path)?;
            path.into_os_string()
        }
        // The guest has programs of its own, and says so when it lacks this one.
        None => program.clone(),
    };
    image.dependencies()?;
    image.job(&Job {
        program: &program,
        arguments,
        folder: &folder,
        path: &env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()),
        variables: &args.variables,
        uid: args.user,
        token,
        sets_up_functions: !args.no_guest_setup,
    });
    Ok(image)
}

/// Where this machine has the program, if it does: a path, or a name in PATH.
fn host_program(name: &OsString, folder: &Path) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 {
        let path = folder.join(path);
        return (path.is_file() && !initramfs::is_guests_own(&path)).then_some(path);
    }
    closure::in_path(name)
}

/// Reads a size in bytes with a unit, as MiB.
fn mebibytes(text: &str) -> Result<u32, String> {
    let wrong = || "a size such as 512M or 2G".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let count: u32 = text.strip_suffix(unit).and_then(|count| count.parse().ok()).ok_or_else(wrong)?;
    let mib = match unit {
        'M' | 'm' => Some(count),
        'G' | 'g' => count.checked_mul(1024),
        _ => None,
    };
    mib.filter(|mib| (256..=1 << 20).contains(mib)).ok_or_else(|| "a size from 256M to 1024G".to_owned())
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE")?;
    let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
        return Err(format!("{name:?} is not a variable's name"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_and_is_neither_too_small_nor_too_large() {
        assert_eq!(mebibytes("512M"), Ok(512));
        assert_eq!(mebibytes("2G"), Ok(2048));
        for wrong in ["", "M", "1", "1T", "255M", "-1G", "4294967295G", "1025G", "é"] {
            assert!(mebibytes(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_variable_has_a_shells_name() {
        assert_eq!(assignment("A_1=b=c"), Ok(("A_1".into(), "b=c".into())));
        for wrong in ["A", "=b", "1A=b", "A B=c", "A;B=c"] {
            assert!(assignment(wrong).is_err(), "{wrong:?}");
        }
    }
}
