//! `vgpu run`: sets the library path and the device, then becomes the command.

use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Error, Result, ensure};
use vgpu_core::transport::{DEFAULT_SOCKET, RECORD, SELECTION_VARIABLE};

use crate::guest_setup::{function, root::Root};

/// What an embedded executor executes on.
const EXECUTION_VARIABLE: &str = "VGPU_DEVICE";

/// Options of `vgpu run`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu run -- ./my-cuda-program
  vgpu run --profile 8.0 --threads 4 -- python3 train.py
  vgpu run --device unix:/run/vgpu/vgpud.sock -- llama-cli -m model.gguf

Without --device the command gets the device that VGPU names, else the one that `vgpu install` was told, else this VM's PCI
function, else that of the daemon at /run/vgpu/vgpud.sock. Where there is none of them, it gets an executor of its own: on the
GPUs of this machine's NVIDIA driver, or on a software GPU where there is none (`vgpud probe` says which; VGPU_DEVICE=soft
or driver chooses).

The command's exit status is vgpu's own; 127 means that it could not be started.")]
pub(crate) struct Args {
    #[command(flatten)]
    device: DeviceArgs,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Which device a command gets.
#[derive(clap::Args)]
pub(crate) struct DeviceArgs {
    /// embedded (an executor of the command's own), unix:SOCKET (a vgpud), pci:ADDRESS (a VM's function) or pci (any of them).
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// An embedded device is this many software GPUs.
    #[arg(long, value_name = "N")]
    devices: Option<u32>,
    /// Compute capability of an embedded software GPU, such as 7.5 (the default), 8.0, 8.6, 8.9 or 9.0.
    #[arg(long, value_name = "CAPABILITY")]
    profile: Option<String>,
    /// Worker threads of an embedded software GPU (default: one per core).
    #[arg(long)]
    threads: Option<u32>,
    /// Warp schedule of an embedded software GPU: interleaved or to-barrier.
    #[arg(long)]
    schedule: Option<String>,
    /// Report races of an embedded software GPU's kernels: in shared memory between warps, in other memory between blocks.
    #[arg(long)]
    racecheck: bool,
    /// Report each access of an embedded software GPU's kernels outside of what the program allocated.
    #[arg(long, conflicts_with = "racecheck")]
    memcheck: bool,
}

/// Replaces this process by the command; returns only the reason why it could not.
pub(crate) fn run(args: &Args) -> Error {
    match prepare(&args.device, &args.command) {
        Ok(mut command) => {
            Error::new(command.exec()).context(format!("cannot run {}", command.get_program().display()))
        }
        Err(error) => error,
    }
}

/// The command with the library path and the device that it is to have.
pub(crate) fn prepare(args: &DeviceArgs, command: &[OsString]) -> Result<Command> {
    let (program, rest) = command.split_first().context("no command given")?;
    let libraries = libraries()?;
    let mut command = Command::new(program);
    command.args(rest).env("LD_LIBRARY_PATH", prepended(&libraries, env::var_os("LD_LIBRARY_PATH")));
    // What only an embedded software GPU reads selects it, unless the caller names another device.
    let wants_embedded = args.devices.is_some()
        || args.profile.is_some()
        || args.threads.is_some()
        || args.schedule.is_some()
        || args.racecheck
        || args.memcheck;
    if wants_embedded && env::var_os(EXECUTION_VARIABLE).is_none() {
        command.env(EXECUTION_VARIABLE, "soft");
    }
    match &args.device {
        Some(device) => {
            ensure!(
                !wants_embedded || device == "embedded",
                "--devices, --profile, --threads, --schedule, --racecheck and --memcheck are an embedded device's: {device} has its own settings"
            );
            command.env(SELECTION_VARIABLE, device);
        }
        None => {
            let is_named =
                || is_recorded(&libraries) || env::var_os(SELECTION_VARIABLE).is_some_and(|name| !name.is_empty());
            if wants_embedded || (!is_named() && offers_nothing(&Root::new(Path::new("/")))) {
                command.env(SELECTION_VARIABLE, "embedded");
            }
        }
    }
    if (args.racecheck || args.memcheck) && env::var_os("VGPU_LOG").is_none() {
        // What they find is logged; who asks for it wants to read it.
        command.env("VGPU_LOG", "warn");
    }
    let settings = [
        ("VGPU_DEVICES", args.devices.map(|devices| devices.to_string())),
        ("VGPU_COMPUTE_CAPABILITY", args.profile.clone()),
        ("VGPU_THREADS", args.threads.map(|threads| threads.to_string())),
        ("VGPU_SCHEDULE", args.schedule.clone()),
        ("VGPU_RACECHECK", args.racecheck.then(|| "1".to_owned())),
        ("VGPU_MEMCHECK", args.memcheck.then(|| "1".to_owned())),
    ];
    command.envs(settings.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Ok(command)
}

/// Whether the installation that the libraries belong to has a device: `PREFIX/device`, beside `PREFIX/VERSION/lib`.
fn is_recorded(libraries: &Path) -> bool {
    libraries.ancestors().nth(2).is_some_and(|prefix| prefix.join(RECORD).exists())
}

/// Whether the libraries would find no device on this machine. A daemon or a function that is there and does not work counts as
/// one: its error is what the user should read.
fn offers_nothing(root: &Root) -> bool {
    let has_function = || function::scan(root).is_ok_and(|all| all.iter().any(|function| function.is_ours));
    !root.path(DEFAULT_SOCKET).exists() && !has_function()
}

/// The folder of the libraries: `lib` beside the folder that this program is in.
fn libraries() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find out where this program is")?;
    let folder = program.ancestors().nth(2).context("this program lies in no folder")?.join("lib");
    let library = folder.join("libcuda.so.1");
    ensure!(
        library.exists(),
        "{} does not exist: vgpu looks for its libraries in ../lib of its own folder",
        library.display()
    );
    Ok(folder)
}

fn prepended(first: &Path, rest: Option<OsString>) -> OsString {
    let mut path = first.as_os_str().to_owned();
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_there_is_no_device_does_the_command_get_one_of_its_own() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = Root::new(folder.path());
        assert!(offers_nothing(&root));

        let socket = root.path(DEFAULT_SOCKET);
        std::fs::create_dir_all(socket.parent().expect("a socket lies in a folder")).expect("a folder");
        std::fs::write(&socket, "").expect("a file");
        assert!(!offers_nothing(&root), "a daemon's socket is there, dead or alive");
    }

    #[test]
    fn an_installations_device_is_one() {
        let prefix = tempfile::tempdir().expect("a temporary folder");
        let libraries = prefix.path().join("0.1.0/lib");
        assert!(!is_recorded(&libraries));
        std::fs::write(prefix.path().join(RECORD), "pci\n").expect("a file");
        assert!(is_recorded(&libraries));
    }

    #[test]
    fn an_empty_inherited_path_adds_no_empty_entry() {
        assert_eq!(prepended(Path::new("/x"), Some(OsString::new())), "/x");
        assert_eq!(prepended(Path::new("/x"), Some("/y".into())), "/x:/y");
    }
}
