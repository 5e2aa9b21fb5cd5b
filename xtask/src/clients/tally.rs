//! What came of a client's tests.

use std::{fmt, fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::ptxas::Refused;

/// Counts, and what was not expected.
pub(super) struct Tally {
    known: Refused,
    verbose: bool,
    passed: usize,
    skipped: usize,
    failed: usize,
    surprises: Vec<String>,
}

impl Tally {
    /// Begins with the list of what is known to fail: `pattern -- reason` lines.
    pub(super) fn new(known: &Path, verbose: bool) -> Result<Self> {
        let known = fs::read_to_string(known).with_context(|| known.display().to_string())?;
        Ok(Self::of(Refused::parse(&known)?, verbose))
    }

    fn of(known: Refused, verbose: bool) -> Self {
        Self { known, verbose, passed: 0, skipped: 0, failed: 0, surprises: Vec::new() }
    }

    /// Takes a line of a suite: `pass NAME`, `skip NAME: why`, `fail NAME: why`.
    pub(super) fn line(&mut self, line: &str) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, why) = rest.split_once(": ").unwrap_or((rest, ""));
        match (kind, self.known.find(name)) {
            ("pass", None) => self.passed += 1,
            ("pass", Some(reason)) => self.surprises.push(format!("{name} passes, and is listed: {reason}")),
            ("skip", _) => {
                self.skipped += 1;
                if self.verbose {
                    println!("  skipped: {name}: {why}");
                }
            }
            ("fail", Some(reason)) => {
                self.failed += 1;
                if self.verbose {
                    println!("  known: {name}: {reason}");
                }
            }
            ("fail", None) => self.surprises.push(format!("{name} fails: {why}")),
            _ => self.surprises.push(format!("no line of a suite: {line}")),
        }
    }

    /// Whether all was as the list says.
    pub(super) fn verdict(&self) -> Result<()> {
        ensure!(self.surprises.is_empty(), "{}", self.surprises.join("\n  "));
        let idle = self.known.idle();
        ensure!(idle.is_empty(), "known.txt lists what does not fail: {}", idle.join(", "));
        ensure!(self.passed > 0, "no test passed");
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped, surprises, .. } = self;
        write!(f, "{passed} passed, {failed} failed as listed, {skipped} skipped, {} surprises", surprises.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::of(Refused::parse("a.known* -- a gap").expect("a list"), false);
        lines.iter().for_each(|line| tally.line(line));
        tally
    }

    #[test]
    fn what_the_list_says_is_no_surprise() {
        let tally = tally(&["pass a.one", "skip a.two: no need", "fail a.known.three: because"]);
        assert_eq!(tally.to_string(), "1 passed, 1 failed as listed, 1 skipped, 0 surprises");
        tally.verdict().expect("all is as listed");
    }

    #[test]
    fn failures_passes_and_lines_that_are_not_expected_are_named() {
        for (line, named) in [
            ("fail a.new: its reason", "a.new fails: its reason"),
            ("pass a.known.four", "a.known.four passes"),
            ("Traceback", "no line of a suite: Traceback"),
        ] {
            let error = tally(&["pass a.one", "fail a.known.three", line]).verdict().expect_err("a surprise");
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn a_listed_test_that_did_not_run_is_an_error() {
        assert!(tally(&["pass a.one"]).verdict().expect_err("it is idle").to_string().contains("a.known*"));
    }
}
