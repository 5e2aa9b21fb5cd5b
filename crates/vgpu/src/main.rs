//! `vgpu`: the user's command.

mod doctor;
mod elf;
mod guest_setup;
mod install;
mod machine;
mod ollama;
mod run;
mod trace;
mod unit;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Gives CUDA programs a GPU that this machine does not have.
#[derive(Parser)]
#[command(
    name = "vgpu",
    version,
    after_help = "\
Examples:
  vgpu run -- ./my-cuda-program         with this VM's or this machine's vGPU, or an executor of its own
  vgpu run --profile 8.0 -- ./program   with a software GPU of its own, of this compute capability
  vgpu install --dry-run                what installing for Ollama would change
  vgpu doctor                           why Ollama does not find the GPU

`vgpu COMMAND --help` has more of each."
)]
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
    /// Writes man pages and shell completions, for dist/.
    #[command(hide = true)]
    Documentation(vgpu_manual::Args),
    /// Opens this VM's vgpu function to a group of users; as root, once.
    GuestSetup(guest_setup::Args),
    /// Puts libraries and programs on this machine, for Ollama or for every program; undone by uninstall.
    Install(Box<install::Args>),
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
        Command::Documentation(args) => done(vgpu_manual::write(Cli::command(), &args).map_err(anyhow::Error::from)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command that is not hidden, this program first.
    fn visible(command: &clap::Command) -> Vec<&clap::Command> {
        let subcommands = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
        std::iter::once(command).chain(subcommands.flat_map(visible)).collect()
    }

    /// The command lines of a help's examples, without their explanations.
    fn examples(help: &str) -> Vec<Vec<&str>> {
        let lines =
            help.split("Examples:\n").nth(1).unwrap_or_default().lines().take_while(|line| line.starts_with("  "));
        let bare = lines.map(|line| line.trim().split("  ").next().unwrap_or_default());
        bare.map(|line| line.split(' ').collect()).collect()
    }

    #[test]
    fn the_help_of_every_command_has_examples_and_they_are_sound() {
        for command in visible(&Cli::command()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = examples(&help);
            assert!(!examples.is_empty(), "{} has none", command.get_name());
            for example in examples {
                // Some are run as another user, and some are of what surrounds vgpu.
                let is_vgpu = |word: &&str| *word == "vgpu" || word.ends_with("/vgpu");
                let Some(start) = example.iter().position(is_vgpu).filter(|start| *start == 0 || example[0] == "sudo")
                else {
                    continue;
                };
                if let Err(error) = Cli::try_parse_from(&example[start..]) {
                    panic!("{}: {error}", example.join(" "));
                }
            }
        }
    }
}
