//! The project's own commands. `cargo xtask --help` lists them; each lives in the module of its name.

mod bench;
mod ci;
mod clients;
mod codegen;
mod conformance;
mod demo;
mod dist;
mod fuzz;
mod gpu;
mod headers;
mod kernels;
mod lint;
mod llama_build;
mod llama_server;
mod llama_source;
mod loading;
mod ollama;
mod ptxas;
mod running;
mod test;
mod tidy;
mod vm;
mod words;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, checks and shows vgpu.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fetches NVIDIA's public headers into the cache and reads them with bindgen.
    Headers(headers::Args),
    /// Writes exports, tables and types from headers/spec and the headers.
    Codegen(codegen::Args),
    /// Builds the libraries and programs into dist/.
    Dist(dist::Args),
    /// Shows unmodified programs running on the software GPU.
    Demo(demo::Args),
    /// Compares every operation of a prebuilt CUDA backend with the CPU's results.
    Conformance(conformance::Args),
    /// Holds the software GPU's instructions against those that NVIDIA's assembler takes.
    Ptxas(ptxas::Args),
    /// Compiles CUDA C++ programs with NVIDIA's compiler and runs them on the software GPU.
    Kernels(kernels::Args),
    /// Runs real clients' own tests on the software GPU.
    Clients(clients::Args),
    /// Installs for Ollama, in trees as its packages lay them out, and completes text with its server.
    Ollama(ollama::Args),
    /// Builds dist/ and runs every test against it.
    Test(test::Args),
    /// Checks what can be checked without running it: format, generated files, rules, lints, documents, licences.
    Lint(lint::Args),
    /// Everything that must pass before a merge.
    Ci(ci::Args),
    /// Checks rules of the repository that no compiler checks.
    Tidy(tidy::Args),
    /// Feeds strangers' bytes to the parsers and the device.
    Fuzz(fuzz::Args),
    /// Measures call, launch and copy costs.
    Bench(bench::Args),
    /// Compares the names and texts of result codes with the real libraries'.
    Words(words::Args),
    /// Packs what is needed to examine vgpu on a machine that has an NVIDIA GPU.
    Gpu(gpu::Args),
    /// Runs a command in a virtual machine that has dist/.
    Vm(vm::Args),
}

/// What names the device of embedded executors and daemons.
const DEVICE_VARIABLE: &str = "VGPU_DEVICE";

fn main() -> ExitCode {
    if std::env::var_os(DEVICE_VARIABLE).is_none() {
        // What is tested, shown and measured is the software GPU, on a machine with a GPU too.
        // SAFETY: nothing has started a thread yet.
        unsafe { std::env::set_var(DEVICE_VARIABLE, "soft") };
    }
    let done = match Cli::parse().command {
        // The guest's command decides the exit code.
        Command::Vm(args) => return vm::run(&args),
        Command::Headers(args) => headers::run(&args),
        Command::Codegen(args) => codegen::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Ptxas(args) => ptxas::run(&args),
        Command::Kernels(args) => kernels::run(&args),
        Command::Clients(args) => clients::run(&args),
        Command::Ollama(args) => ollama::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Tidy(args) => tidy::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Words(args) => words::run(&args),
        Command::Gpu(args) => gpu::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
