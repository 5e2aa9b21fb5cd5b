//! `vgpu run`: sets the library path and the device, then becomes the command.

use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Error, Result, ensure};

/// Options of `vgpu run`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu run -- ./my-cuda-program
  vgpu run --profile 8.0 --threads 4 -- python3 train.py
  vgpu run --device unix:/run/vgpu/vgpud.sock -- llama-cli -m model.gguf

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
    /// embedded (a software GPU of the command's own), unix:SOCKET (a vgpud), pci:ADDRESS (a VM's function), or nothing:
    /// what the libraries find.
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// Compute capability of an embedded software GPU: 6.1, 7.5 or 8.0.
    #[arg(long, value_name = "CAPABILITY")]
    profile: Option<String>,
    /// Worker threads of an embedded software GPU (default: one per core).
    #[arg(long)]
    threads: Option<u32>,
    /// Warp schedule of an embedded software GPU: interleaved or to-barrier.
    #[arg(long)]
    schedule: Option<String>,
    /// Report shared-memory races of an embedded software GPU's kernels.
    #[arg(long)]
    racecheck: bool,
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
    // What only an embedded device reads selects it, unless the caller names another.
    let wants_embedded = args.profile.is_some() || args.threads.is_some() || args.schedule.is_some() || args.racecheck;
    match &args.device {
        Some(device) => {
            ensure!(
                !wants_embedded || device == "embedded",
                "--profile, --threads, --schedule and --racecheck are an embedded device's: {device} has its own settings"
            );
            command.env("VGPU", device);
        }
        None if wants_embedded => {
            command.env("VGPU", "embedded");
        }
        None => {}
    }
    if args.racecheck && env::var_os("VGPU_LOG").is_none() {
        // Races are warnings; who asks for them wants to read them.
        command.env("VGPU_LOG", "warn");
    }
    let settings = [
        ("VGPU_COMPUTE_CAPABILITY", args.profile.clone()),
        ("VGPU_THREADS", args.threads.map(|threads| threads.to_string())),
        ("VGPU_SCHEDULE", args.schedule.clone()),
        ("VGPU_RACECHECK", args.racecheck.then(|| "1".to_owned())),
    ];
    command.envs(settings.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Ok(command)
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
    fn an_empty_inherited_path_adds_no_empty_entry() {
        assert_eq!(prepended(Path::new("/x"), Some(OsString::new())), "/x");
        assert_eq!(prepended(Path::new("/x"), Some("/y".into())), "/x:/y");
    }
}
