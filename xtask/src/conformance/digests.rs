//! Whether two runs of a suite read the same from their devices, to the last bit.
//!
//! A library that is preloaded into llama.cpp's programs (`digests.cpp`) has them start from the same random numbers in every
//! run, and tells a digest of what they read within the lines that they print.

use std::{
    iter,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::llama;
use crate::{demo::client::Client, llama_build::Recipe, llama_source, workspace};

const SOURCE: &str = include_str!("digests.cpp");
const RECIPE: Recipe<'_> =
    Recipe { name: "digests", flags: &["-std=c++17", "-O2", "-shared", "-fPIC"], includes: &[llama::HEADERS] };

/// Stand before and behind a digest in a line.
const MARKS: [char; 2] = ['\u{2}', '\u{3}'];
/// Differences that are named.
const SHOWN: usize = 10;

/// Compiles the library to be preloaded, or finds it compiled.
pub(super) fn build(client: &Client) -> Result<PathBuf> {
    let source = llama_source::check_out(client, &[llama::HEADERS])?;
    RECIPE.product(&llama_source::root(client), &source, [SOURCE], |folder| {
        let (file, library) = (folder.join("digests.cpp"), folder.join("product"));
        std::fs::write(&file, SOURCE).context("cannot write digests.cpp")?;
        link(&source, &file, &library)?;
        Ok(library)
    })
}

fn link(source: &Path, file: &Path, library: &Path) -> Result<()> {
    let mut compiler = Command::new(llama_source::compiler());
    compiler.current_dir(source).args(RECIPE.flags);
    compiler.args(RECIPE.includes.iter().map(|include| format!("-I{include}")));
    workspace::check(compiler.arg(file).arg("-o").arg(library).arg("-ldl")).context("linking the digests' library")
}

/// What a suite has read, in order.
#[derive(Default)]
pub(super) struct Digests {
    /// Where in the suite's output, and what.
    reads: Vec<(String, String)>,
}

impl Digests {
    /// Takes the digests out of a line.
    pub(super) fn take(&mut self, line: &str) -> String {
        let mut rest = line.split(MARKS);
        let mut words = rest.next().unwrap_or("").to_owned();
        let mut digests = Vec::new();
        while let Some(digest) = rest.next() {
            digests.push(digest);
            words.push_str(rest.next().unwrap_or(""));
        }
        self.reads.extend(digests.into_iter().map(|digest| (words.clone(), digest.to_owned())));
        words
    }

    /// How many reads there were.
    pub(super) fn count(&self) -> usize {
        self.reads.len()
    }

    /// What other reads than those of `direct` say against a run, a line each.
    pub(super) fn differences(&self, direct: &Self) -> Vec<String> {
        if self.count() != direct.count() || self.count() == 0 {
            return vec![format!("{} reads where the direct way has {}", self.count(), direct.count())];
        }
        let pairs = iter::zip(&self.reads, &direct.reads);
        let different: Vec<String> = pairs
            .filter(|(nested, direct)| nested.1 != direct.1)
            .map(|(nested, _)| format!("other bytes than directly: {}", nested.0.trim()))
            .collect();
        let more = different.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("... and {more} more reads of other bytes than directly"));
        different.into_iter().take(SHOWN).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(lines: &[&str]) -> Digests {
        let mut digests = Digests::default();
        for line in lines {
            digests.take(line);
        }
        digests
    }

    #[test]
    fn digests_are_taken_out_of_their_line() {
        let mut digests = Digests::default();
        assert_eq!(digests.take("  ADD(n=1): \u{2}0a\u{3}\u{2}0b\u{3}OK"), "  ADD(n=1): OK");
        assert_eq!(digests.take("nothing was read"), "nothing was read");
        assert_eq!(
            digests.reads,
            [("  ADD(n=1): OK".to_owned(), "0a".to_owned()), ("  ADD(n=1): OK".to_owned(), "0b".to_owned())]
        );
    }

    #[test]
    fn another_byte_a_missing_read_and_no_read_are_differences() {
        let direct = digests(&["A \u{2}1\u{3}OK", "B \u{2}2\u{3}OK"]);
        let same = digests(&["A \u{2}1\u{3}OK", "B \u{2}2\u{3}OK"]);
        assert_eq!(same.differences(&direct), [""; 0]);
        let other = digests(&["A \u{2}1\u{3}OK", "B \u{2}3\u{3}OK"]);
        assert_eq!(other.differences(&direct), ["other bytes than directly: B OK"]);
        let fewer = digests(&["A \u{2}1\u{3}OK"]);
        assert_eq!(fewer.differences(&direct).len(), 1);
        assert_eq!(digests(&[]).differences(&digests(&[])).len(), 1);
    }
}
