//! `vgpu`: the user's command.

mod guest_setup;
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
    /// Opens this VM's vgpu function to a group of users; as root, once.
    GuestSetup(guest_setup::Args),
}

fn main() -> ExitCode {
    let (error, status) = match Cli::parse().command {
        Command::Run(args) => (run::run(&args), 127),
        Command::GuestSetup(args) => match guest_setup::run(&args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (error, 1),
        },
    };
    eprintln!("vgpu: {error:#}");
    ExitCode::from(status)
}
