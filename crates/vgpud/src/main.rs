//! `vgpud`: accepts guests and gives each an executor process of its own.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use env_logger::Target;
use vgpud::cli::{Cli, Command};
use vgpud::standard::Operator;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let target = match cli.command {
        Some(Command::Executor(_)) => Target::Pipe(Box::new(Operator)),
        _ => Target::Stderr,
    };
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("VGPU_LOG", "off"))
        .format_target(false)
        .target(target)
        .init();
    let result = match cli.command {
        None => vgpud::serve::run(&cli.options),
        Some(Command::Executor(options)) => vgpud::executor::run(&options),
        Some(Command::Probe(options)) => vgpud::probe::run(&options),
        Some(Command::Sensors(options)) => vgpud::sensors::run(&options),
        Some(Command::Selfbench(options)) => vgpud::selfbench::run(&options),
        Some(Command::Documentation(args)) => vgpu_manual::write(Cli::command(), &args).map_err(anyhow::Error::from),
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
