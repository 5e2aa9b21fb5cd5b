//! `vgpu trace`: runs a command with every API call written to a file, and adds up such files.
//!
//! - `line`: reading one line. `summary`: what the lines come to, function by function.

mod line;
mod summary;

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, BufReader, ErrorKind, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Error, Result};

use crate::run;

/// Options of `vgpu trace`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu trace -- ./my-cuda-program
  vgpu trace --output calls.txt --profile 8.0 -- python3 train.py
  vgpu trace --summary calls.txt
  VGPU_TRACE=/tmp/calls.txt ollama serve

A line of the file is one call: when it began on the monotonic clock (seconds), process, thread, library, function and
arguments as C passed them, result, waits=N for libraries with a channel to the GPU, and duration. A line is written
when its call ends, so a call that encloses others of its thread stands after them.

In the summary a call is blocking when it, or a call that it encloses, waited for the GPU's executor. Times include
enclosed calls. Bytes are those of copies whose arguments tell their size; cuMemcpy2D and its like keep it in a struct.
The command's exit status is vgpu's own; 127 means that it could not be started.")]
pub(crate) struct Args {
    /// The file for the calls; what it holds is lost.
    #[arg(short, long, value_name = "FILE", default_value = "vgpu-trace.txt")]
    output: PathBuf,
    /// Run nothing: print, per function, what the calls in FILE come to.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "device", "profile", "threads", "schedule", "racecheck", "memcheck"])]
    summary: Option<PathBuf>,
    #[command(flatten)]
    device: run::DeviceArgs,
    /// The command and its arguments.
    #[arg(
        required_unless_present = "summary",
        conflicts_with = "summary",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

/// Prints a summary, or replaces this process by the command. An error comes with the exit status that it makes.
pub(crate) fn run(args: &Args) -> Result<(), (Error, u8)> {
    match &args.summary {
        Some(file) => print_summary(file).map_err(|error| (error, 1)),
        None => {
            let mut command = prepare(args).map_err(|error| (error, 127))?;
            let error = Error::new(command.exec());
            Err((error.context(format!("cannot run {}", command.get_program().display())), 127))
        }
    }
}

fn prepare(args: &Args) -> Result<Command> {
    let mut command = run::prepare(&args.device, &args.command)?;
    let shown = args.output.display();
    let file = File::create(&args.output).with_context(|| format!("cannot write {shown}"))?;
    anyhow::ensure!(file.metadata()?.is_file(), "{shown} is not a regular file: calls could not be appended to it");
    // The program may change its folder before its first call.
    let output = env::current_dir().context("the current folder is gone")?.join(&args.output);
    command.env(vgpu_core::trace::VARIABLE, output);
    Ok(command)
}

fn print_summary(path: &Path) -> Result<()> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let summary = summary::read(BufReader::new(file)).with_context(|| format!("cannot read {shown}"))?;
    match io::stdout().lock().write_all(summary.table().as_bytes()) {
        // Whoever reads the table has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot print the summary"),
    }
}
