//! What this program does: what its command line says.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use env_logger::Target;

use crate::cli::{Cli, Command, EXECUTOR, ExecutorCli};
use crate::standard::Operator;
use crate::{executor, probe, selfbench, sensors, serve};

/// The program, from its command line to its exit status.
pub fn run() -> ExitCode {
    let result = match std::env::args_os().nth(1) {
        Some(first) if first == EXECUTOR => execute(),
        _ => command(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody to tell that this cannot be told.
            let _ = writeln!(Operator, "vgpud: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute() -> anyhow::Result<()> {
    let cli = ExecutorCli::parse_from(std::env::args_os().skip(1));
    log_to(Target::Pipe(Box::new(Operator)));
    executor::run(&cli.options)
}

fn command() -> anyhow::Result<()> {
    let cli = Cli::parse();
    log_to(Target::Stderr);
    match cli.command {
        None => serve::run(&cli.options),
        Some(Command::Probe(options)) => probe::run(&options),
        Some(Command::Sensors(options)) => sensors::run(&options),
        Some(Command::Selfbench(options)) => selfbench::run(&options),
        Some(Command::Documentation(args)) => vgpu_manual::write(Cli::command(), &args).map_err(anyhow::Error::from),
    }
}

fn log_to(target: Target) {
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("VGPU_LOG", "off"))
        .format_target(false)
        .target(target)
        .init();
}
