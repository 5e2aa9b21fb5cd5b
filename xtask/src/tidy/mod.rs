//! `cargo xtask tidy`: rules of this repository that no compiler checks, a file for each.
//!
//! A rule reads the [`Tree`] and returns what breaks it, so that its tests can plant the fault in a tree of a few lines.

mod dependencies;
mod generated;
mod length;
mod licences;
mod links;
mod opcodes;
mod tree;
mod unsafety;

use anyhow::{Result, ensure};

use tree::Tree;

/// Options of `cargo xtask tidy`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask tidy")]
pub(crate) struct Args {}

/// Reads a tree, and says what breaks a rule: a line each, with the file.
type Rule = fn(&Tree) -> Vec<String>;

const RULES: [(&str, Rule); 7] = [
    ("generated files stand under generated/, and nothing else does", generated::faults),
    ("shims depend on the packages that may enter a stranger's process, and on no others", dependencies::faults),
    ("unsafe stands only in files that are listed for it", unsafety::faults),
    ("opcodes are only ever added", opcodes::faults),
    ("files that people write have at most 600 lines", length::faults),
    ("paths and links in documents lead somewhere", links::faults),
    ("licence texts are there, and every package names them", licences::faults),
];

/// Runs the subcommand.
pub(crate) fn run(_args: &Args) -> Result<()> {
    let tree = Tree::read()?;
    let mut faults = Vec::new();
    for (rule, faults_of) in RULES {
        let found = faults_of(&tree);
        println!("{} {rule}", if found.is_empty() { "ok  " } else { "FAIL" });
        faults.extend(found);
    }
    ensure!(faults.is_empty(), "the tree is not tidy:\n  {}", faults.join("\n  "));
    Ok(())
}
