//! `cargo xtask ci`: everything that must pass before a merge.

use anyhow::Result;

use crate::{lint, test};

/// Options of `cargo xtask ci`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask ci\n\nThe same as `cargo xtask lint`, then `cargo xtask test`.")]
pub(crate) struct Args {}

/// Runs the subcommand.
pub(crate) fn run(_args: &Args) -> Result<()> {
    lint::run(&lint::Args {})?;
    test::run(&test::Args::default())
}
