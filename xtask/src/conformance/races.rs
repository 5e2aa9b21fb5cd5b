//! Cases whose result depends on the order of a block's warps.
//!
//! Warps may legally run in any order between barriers. A kernel that is right in one order and wrong in another has a race;
//! the detector must find it, or either it or the engine is at fault.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};

use super::{
    device::{Device, Kind, Software, log_path},
    llama::TestBackendOps,
    tally::Tally,
};
use crate::demo::client::Client;

/// Races of one case that are printed.
const SHOWN: usize = 2;

/// Runs cases to their barriers, and each that fails once more: interleaved, and under the race detector. Returns what is not
/// explained by a race.
pub(super) fn compare(
    client: &Client,
    program: &TestBackendOps,
    software: Software<'_>,
    (ops, params): (&str, &str),
) -> Result<Vec<String>> {
    let device = |schedule, racecheck| Device {
        client,
        kind: Kind::Embedded(Software { schedule, racecheck, ..software }),
        preload: None,
    };
    let mut harsh = Tally::default();
    program.run(&device("to-barrier", software.racecheck), ops, params, &mut harsh)?;
    println!(
        "{}: {} cases pass and {} fail when each warp runs to its barrier",
        software.capability,
        harsh.passed(),
        harsh.failures.len()
    );
    let mut unexplained = Vec::new();
    for case in &harsh.failures {
        let Some((op, params)) = parts(case) else {
            unexplained.push(case.clone());
            continue;
        };
        let mut fair = Tally::default();
        program.run(&device("interleaved", true), op, &exactly(params), &mut fair)?;
        let log = log_path()?;
        let said = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
        let races: BTreeSet<&str> = said.lines().filter_map(race).collect();
        println!("\n{op}({params})");
        println!("  interleaved: {} passed, {} failed", fair.passed(), fair.failures.len());
        races.iter().take(SHOWN).for_each(|race| println!("  {race}"));
        if races.len() > SHOWN {
            println!("  ... {} races in all", races.len());
        }
        if races.is_empty() || !fair.failures.is_empty() || fair.passed() != 1 {
            unexplained.push(format!("{case}: not explained by a race"));
        }
    }
    Ok(unexplained)
}

/// Operation and parameters of a case, such as `[X] NMSE = 1 > 0.1   X(type=f32,n=4)`.
fn parts(case: &str) -> Option<(&str, &str)> {
    let (before, rest) = case.split_once('(')?;
    Some((before.rsplit(' ').next()?, rest.strip_suffix(')')?))
}

/// A regular expression that matches this text alone.
fn exactly(text: &str) -> String {
    let mut pattern = String::from("^");
    for letter in text.chars() {
        if !letter.is_alphanumeric() && !"_=,- ".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "$"
}

/// The race that a line of the executor's log names.
fn race(line: &str) -> Option<&str> {
    line.split_once("race: ").map(|(_, race)| race)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_again_by_its_parameters() {
        let case = "[OP] NMSE = 1.0 > 0.1   OP(type=f32,ne=[1,2],x=0.5)";
        assert_eq!(parts(case), Some(("OP", "type=f32,ne=[1,2],x=0.5")));
        assert_eq!(exactly("ne=[1,2],x=0.5"), "^ne=\\[1,2\\],x=0\\.5$");
    }
}
