//! `vgpu`: the user's command.

mod doctor;
mod guest_setup;
mod install;
mod run;
mod trace;

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
    /// Runs one command with every API call written to a file, or adds up such a file.
    Trace(trace::Args),
    /// Says why a CUDA program, Ollama above all, does not find the GPU.
    Doctor(doctor::Args),
    /// The part of `doctor` that runs in a process of its own.
    #[command(hide = true)]
    DoctorProbe(doctor::probe::Args),
    /// Opens this VM's vgpu function to a group of users; as root, once.
    GuestSetup(guest_setup::Args),
    /// Puts libraries and programs on this machine, for Ollama or for every program; undone by uninstall.
    Install(install::Args),
    /// Puts back everything that install has changed.
    Uninstall(install::UninstallArgs),
}

fn main() -> ExitCode {
    let done = |result: anyhow::Result<()>| result.map(|()| 0).map_err(|error| (error, 1));
    let result = match Cli::parse().command {
        Command::Run(args) => Err((run::run(&args), 127)),
        Command::Trace(args) => trace::run(&args).map(|()| 0),
        Command::Doctor(args) => doctor::run(&args).map(|healthy| u8::from(!healthy)).map_err(|error| (error, 2)),
        Command::DoctorProbe(args) => {
            doctor::probe::run(&args);
            Ok(0)
        }
        Command::GuestSetup(args) => done(guest_setup::run(&args)),
        Command::Install(args) => done(install::run(&args)),
        Command::Uninstall(args) => done(install::run_uninstall(&args)),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err((error, status)) => {
            eprintln!("vgpu: {error:#}");
            ExitCode::from(status)
        }
    }
}
