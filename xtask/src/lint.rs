//! `cargo xtask lint`: what is checked without running anything that is built.

use anyhow::{Context, Result};

use crate::{codegen, tidy, workspace};

/// Options of `cargo xtask lint`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  cargo xtask lint\n\nFormat, generated files, the repository's own rules, clippy, documents, licences; the quick ones first."
)]
pub(crate) struct Args {}

/// Runs the subcommand.
pub(crate) fn run(_args: &Args) -> Result<()> {
    workspace::check(workspace::cargo().args(["fmt", "--all", "--check"]))
        .context("cargo fmt --all would change files")?;
    tidy::run(&tidy::Args {})?;
    codegen::check()?;
    workspace::check(workspace::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    workspace::check(
        workspace::cargo()
            .args(["doc", "--workspace", "--no-deps", "--quiet", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    deny()
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
