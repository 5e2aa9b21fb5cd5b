//! `vgpu`: the user's command.

mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Gives CUDA programs a GPU that this machine does not have.
#[derive(Parser)]
#[command(name = "vgpu", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one command with the vGPU's libraries and device.
    Run(run::Args),
}

fn main() -> ExitCode {
    let Command::Run(args) = Cli::parse().command;
    let error = run::run(&args);
    eprintln!("vgpu: {error:#}");
    ExitCode::from(127)
}
