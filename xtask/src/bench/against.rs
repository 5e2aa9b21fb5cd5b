//! Two versions of the libraries, measured in turns: `cargo xtask bench --against`.

use std::{collections::BTreeMap, fmt, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use super::guest;
use crate::workspace;

/// More than this, for the worse, is marked.
const WORSE_PERCENT: f64 = 3.0;

/// A version's values of each figure, one for each turn.
type Values = BTreeMap<String, Vec<f64>>;

/// Measures `dist/` and the version in `other`, so many times each, and prints the medians and by how much they differ.
pub(super) fn run(other: &Path, turns: u32, threads: u32) -> Result<()> {
    let other = other.canonicalize().with_context(|| other.display().to_string())?;
    ensure!(other.join("bin/vgpud").exists(), "{} is no folder as `cargo xtask dist` writes it", other.display());
    let own = workspace::root().join("dist");
    let (mut before, mut after) = (Values::new(), Values::new());
    for turn in 1..=turns {
        println!("turn {turn} of {turns}");
        // Whoever is first in one turn is second in the next: a machine that warms up favours neither.
        let mut both = [(&other, &mut before), (&own, &mut after)];
        if turn.is_multiple_of(2) {
            both.reverse();
        }
        for (dist, values) in both {
            measure(dist, threads, values).with_context(|| format!("measuring {}", dist.display()))?;
        }
    }
    println!("\n{:<44} {:>12} {:>12} {:>10}   95 % sure", "median", "before", "after", "change");
    for (name, after) in &after {
        let Some(before) = before.get(name) else { continue };
        let change = Change::of(before, after, more_is_better(name));
        let (was, is) = (median(before), median(after));
        println!("{name:<44} {was:>12.3} {is:>12.3} {change}");
    }
    println!(
        "\nchange: of the median turn, the two of a turn held against each other. worse: by more than {WORSE_PERCENT} %,"
    );
    println!("and sure of it. unsettled: the median is, but these turns cannot tell it from noise; take more turns.");
    Ok(())
}

/// By how much a figure changed, in percent, and what the noise of the machine leaves open.
struct Change {
    median: f64,
    /// Holds the true median with 95 % confidence.
    interval: (f64, f64),
    more_is_better: bool,
}

impl Change {
    /// Pairs the turns, so that a machine that is slow for a while is slow for both.
    fn of(before: &[f64], after: &[f64], more_is_better: bool) -> Self {
        let mut changes: Vec<f64> = before.iter().zip(after).map(|(was, is)| (is / was - 1.0) * 100.0).collect();
        changes.sort_by(f64::total_cmp);
        let outside = outside_the_interval(changes.len());
        let interval = (changes[outside], changes[changes.len() - 1 - outside]);
        Self { median: median(&changes), interval, more_is_better }
    }

    fn verdict(&self) -> &'static str {
        let (low, high) = self.interval;
        let (worse, surely) = if self.more_is_better { (-self.median, -high) } else { (self.median, low) };
        match () {
            () if surely > WORSE_PERCENT => "  worse",
            () if worse > WORSE_PERCENT => "  unsettled",
            () => "",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval;
        write!(f, "{:>+8.1} %   {low:>+7.1} to {high:>+7.1} %{}", self.median, self.verdict())
    }
}

/// How many of so many sorted samples lie outside at each end of the 95 % interval of their median; of less than six
/// samples, which cannot be as sure, none.
///
/// A sample is below the true median with probability ½, whatever the distribution, so how many are is binomial.
fn outside_the_interval(samples: usize) -> usize {
    let mut outside = 0;
    let mut exactly = samples as f64 * 0.5_f64.powi(samples as i32);
    let mut at_most = 0.5_f64.powi(samples as i32) + exactly;
    while at_most <= 0.025 {
        outside += 1;
        exactly *= (samples - outside) as f64 / (outside + 1) as f64;
        at_most += exactly;
    }
    outside
}

fn measure(dist: &Path, threads: u32, values: &mut Values) -> Result<()> {
    let window = workspace::output(Command::new(dist.join("bin/vgpud")).args(["selfbench", "--plain"]))?;
    let guest = workspace::output(&mut guest::command(dist, threads))?;
    let of_window = window.lines().filter_map(|line| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    let of_guest = guest::measurements(&guest)?.into_iter().map(|(name, value, _)| (name, value));
    for (name, value) in of_window.chain(of_guest) {
        values.entry(name).or_default().push(value);
    }
    Ok(())
}

fn more_is_better(name: &str) -> bool {
    name.ends_with("_per_s") || name.ends_with("_to_memcpy") || name == "thread instructions"
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn the_interval_is_the_binomial_one() {
        // Tables of the sign test give the lower end's rank: 1, 1, 2, 6, 10 and 18.
        assert_eq!([5, 6, 10, 20, 31, 50].map(outside_the_interval), [0, 0, 1, 5, 9, 17]);
    }

    #[test]
    fn rates_are_better_the_higher_they_are() {
        for name in ["copy_in_bytes_per_s", "copy_out_to_memcpy", "thread instructions"] {
            assert!(more_is_better(name), "{name}");
        }
        assert!(!more_is_better("post_p50_ns") && !more_is_better("memcpy 4 B"));
    }

    #[test]
    fn a_change_is_worse_only_where_the_turns_are_sure_of_it() {
        let before = [100.0; 10];
        let verdict = |after: [f64; 10]| Change::of(&before, &after, false).verdict();
        assert_eq!(verdict([105.0, 104.0, 106.0, 104.0, 105.0, 107.0, 104.0, 105.0, 104.0, 106.0]), "  worse");
        assert_eq!(verdict([105.0, 84.0, 126.0, 94.0, 105.0, 117.0, 84.0, 105.0, 94.0, 116.0]), "  unsettled");
        assert_eq!(verdict([101.0; 10]), "");
        assert_eq!(Change::of(&before, &[95.0; 10], true).verdict(), "  worse");
        assert_eq!(Change::of(&before, &[95.0; 10], false).verdict(), "");
    }
}
