//! `vgpud`: accepts guests and gives each an executor process of its own.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use env_logger::Target;
use vgpud::cli::{Cli, Command, EXECUTOR, ExecutorCli};
use vgpud::standard::Operator;

fn main() -> ExitCode {
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
    vgpud::executor::run(&cli.options)
}

fn command() -> anyhow::Result<()> {
    let cli = Cli::parse();
    log_to(Target::Stderr);
    match cli.command {
        None => vgpud::serve::run(&cli.options),
        Some(Command::Probe(options)) => vgpud::probe::run(&options),
        Some(Command::Sensors(options)) => vgpud::sensors::run(&options),
        Some(Command::Selfbench(options)) => vgpud::selfbench::run(&options),
        Some(Command::Documentation(args)) => vgpu_manual::write(Cli::command(), &args).map_err(anyhow::Error::from),
    }
}

fn log_to(target: Target) {
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("VGPU_LOG", "off"))
        .format_target(false)
        .target(target)
        .init();
}
