//! `vgpud`: accepts guests and gives each an executor process of its own.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use vgpud::cli::{Cli, Command};

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("VGPU_LOG", "off"))
        .format_target(false)
        .target(env_logger::Target::Stderr)
        .init();
    let cli = Cli::parse();
    let result = match cli.command {
        None => vgpud::serve::run(&cli.options),
        Some(Command::Executor(options)) => vgpud::executor::run(&options),
        Some(Command::Probe(options)) => vgpud::probe::run(&options),
        Some(Command::Selfbench(options)) => vgpud::selfbench::run(&options),
        Some(Command::Documentation(args)) => vgpu_manual::write(Cli::command(), &args).map_err(anyhow::Error::from),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vgpud: {error:#}");
            ExitCode::FAILURE
        }
    }
}
