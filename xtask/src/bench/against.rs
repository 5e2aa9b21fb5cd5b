//! Two versions of the libraries, measured in turns: `cargo xtask bench --against`.

use std::{collections::BTreeMap, path::Path, process::Command};

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
    println!("\n{:<44} {:>12} {:>12} {:>10}", "median", "before", "after", "change");
    for (name, samples) in &mut after {
        let Some(before) = before.get_mut(name) else { continue };
        let (was, is) = (median(before), median(samples));
        let percent = (is / was - 1.0) * 100.0;
        let worse = if more_is_better(name) { -percent } else { percent };
        let mark = if worse > WORSE_PERCENT { "  worse" } else { "" };
        println!("{name:<44} {was:>12.3} {is:>12.3} {percent:>+9.1} %{mark}");
    }
    Ok(())
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
    name.ends_with("_per_s") || name == "thread instructions"
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
