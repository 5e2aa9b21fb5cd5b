//! `cargo xtask clients`: programs that nobody here wrote, with their own tests, on the software GPU.
//!
//! Each has a folder in `tests/clients`: `requirements.txt` names its packages by version and checksum, `known.txt` the tests that
//! fail for a known gap of ours, with the reason. Any other failure is an error, and so is a listed test that passes.

mod environment;
mod tally;

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{dist, headers, workspace};
use environment::Environment;
use tally::Tally;

/// Options of `cargo xtask clients`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask clients\n  cargo xtask clients --only numba-cuda --no-build --verbose"
)]
pub(crate) struct Args {
    /// Only this client.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Use dist/ as it is instead of building it.
    #[arg(long)]
    no_build: bool,
    /// Print each test that is skipped or known to fail, and why.
    #[arg(long)]
    verbose: bool,
}

/// A client, and its tests: modules for `tests/clients/suite.py`, of its own or in its folder here.
struct Client {
    /// Its folder.
    name: &'static str,
    modules: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

const CLIENTS: &[Client] = &[
    Client { name: "numba-cuda", modules: &["numba.cuda.tests.cudadrv"], variables: &[] },
    Client { name: "taichi", modules: &["sample"], variables: &[] },
    Client { name: "tinygrad", modules: &["sample"], variables: &[("DEV", "CUDA"), ("CACHELEVEL", "0")] },
];

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(headers::has_pip(), "clients come from PyPI: python3 has no pip");
    let clients: Vec<_> = CLIENTS.iter().filter(|it| args.only.as_deref().is_none_or(|only| only == it.name)).collect();
    let names = CLIENTS.iter().map(|client| client.name).collect::<Vec<_>>();
    ensure!(!clients.is_empty(), "there is no such client; those that there are: {}", names.join(", "));
    if !args.no_build {
        dist::build()?;
    }
    let mut wrong = Vec::new();
    for client in clients {
        if let Err(error) = client.check(args.verbose) {
            eprintln!("{}: {error:#}", client.name);
            wrong.push(client.name);
        }
    }
    ensure!(wrong.is_empty(), "not as expected: {}", wrong.join(", "));
    Ok(())
}

impl Client {
    /// Runs its tests, and holds what came of them against the list.
    fn check(&self, verbose: bool) -> Result<()> {
        let clients = workspace::root().join("tests/clients");
        let own = clients.join(self.name);
        let environment = Environment::ready(self.name, &own.join("requirements.txt"))?;
        let mut tally = Tally::new(&own.join("known.txt"), verbose)?;
        // Ours come first: some clients bring a runtime of their own.
        let libraries = [dist::dir().join("lib")].into_iter().chain(environment.libraries()?);
        let mut suite = Command::new(environment.python());
        suite.arg(clients.join("suite.py")).args(self.modules).env("PYTHONPATH", &own).env("VGPU", "embedded");
        suite.env("LD_LIBRARY_PATH", env::join_paths(libraries).context("the cache folder's name")?);
        suite.envs(self.variables.iter().copied());
        let mut suite =
            suite.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("cannot start the client")?;
        for line in BufReader::new(suite.stdout.take().expect("it is piped")).lines() {
            tally.line(&line.context("the client prints text")?);
        }
        let status = suite.wait()?;
        ensure!(status.success(), "the script ended with {status}");
        println!("{}: {tally}", self.name);
        tally.verdict()
    }
}
