//! `vgpu`: the user's command.

mod guest_setup;
mod install;
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
    /// Puts libraries and programs on this machine, for Ollama or for every program; undone by uninstall.
    Install(install::Args),
    /// Puts back everything that install has changed.
    Uninstall(install::UninstallArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => Err((run::run(&args), 127)),
        Command::GuestSetup(args) => guest_setup::run(&args).map_err(|error| (error, 1)),
        Command::Install(args) => install::run(&args).map_err(|error| (error, 1)),
        Command::Uninstall(args) => install::run_uninstall(&args).map_err(|error| (error, 1)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err((error, status)) => {
            eprintln!("vgpu: {error:#}");
            ExitCode::from(status)
        }
    }
}
