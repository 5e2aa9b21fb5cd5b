//! `cargo xtask ci`: everything that must pass before a merge.

use anyhow::{Context, Result};

use crate::{codegen, test, tidy, workspace};

/// Options of `cargo xtask ci`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask ci")]
pub(crate) struct Args {}

/// Runs the subcommand.
pub(crate) fn run(_args: &Args) -> Result<()> {
    workspace::check(workspace::cargo().args(["fmt", "--all", "--check"]))
        .context("cargo fmt --all would change files")?;
    workspace::check(workspace::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    codegen::check()?;
    tidy::run(&tidy::Args {})?;
    workspace::check(
        workspace::cargo()
            .args(["doc", "--workspace", "--no-deps", "--quiet", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    deny()?;
    test::run(&test::Args::default())
}

/// Licences, advisories and sources of the dependencies, where cargo-deny is installed.
fn deny() -> Result<()> {
    let installed = workspace::cargo().args(["deny", "--version"]).output().is_ok_and(|output| output.status.success());
    if !installed {
        println!("skipped: cargo deny check (cargo-deny is not installed: cargo install cargo-deny)");
        return Ok(());
    }
    workspace::check(workspace::cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    // Findings must fail, but a machine without a network cannot know them.
    let fetched = workspace::cargo().args(["deny", "fetch", "db"]).output().is_ok_and(|output| output.status.success());
    if !fetched {
        println!("skipped: cargo deny check advisories (the advisory database cannot be fetched)");
        return Ok(());
    }
    workspace::check(workspace::cargo().args(["deny", "check", "advisories"]))
}
