//! What a step finds out. It prints records, a line of JSON each, and whoever has started it reads them.

use std::{fmt::Display, io::Write};

use serde::{Deserialize, Serialize};

/// One result.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Record {
    /// Something that is so on this machine.
    Fact { name: String, value: String },
    /// Something that must be so.
    Check { name: String, passed: bool, detail: String },
    /// A figure natively and through vgpu, measured in turns.
    Ratio {
        name: String,
        unit: String,
        native: f64,
        ours: f64,
        goal: Option<Goal>,
        /// The tenth and the ninetieth percentile of the turns: native's, and vgpu's.
        spread: [[f64; 2]; 2],
    },
}

/// What all turns of a figure came to.
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// The tenth and the ninetieth percentile.
    pub(crate) ends: [f64; 2],
}

impl Spread {
    /// # Panics
    /// Where there was no turn.
    pub(crate) fn of(mut turns: Vec<f64>) -> Self {
        turns.sort_unstable_by(f64::total_cmp);
        let at = |percent: usize| turns[((turns.len() - 1) * percent + 50) / 100];
        Self { median: at(50), ends: [at(10), at(90)] }
    }
}

/// What a ratio should come to. It is a goal, not a condition: figures are for people to judge.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Goal {
    pub(crate) text: String,
    pub(crate) is_met: bool,
}

/// What is better, and how good vgpu wants to be.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    /// At most native's cost, but for what two runs of the same differ by.
    NoDearer,
    /// At most native's cost and so much.
    AtMostPlus(f64),
    /// At least this share of native's rate.
    AtLeast(f64),
}

/// Medians of some turns are as far apart on an idle machine.
const NOISE: f64 = 1.03;

impl Aim {
    pub(crate) fn goal(self, native: f64, ours: f64) -> Goal {
        let (text, is_met) = match self {
            Self::NoDearer => ("no more than native".to_owned(), ours <= native * NOISE),
            Self::AtMostPlus(more) => (format!("native + {more}"), ours <= native + more),
            Self::AtLeast(share) => (format!("at least {:.0} %", share * 100.0), ours >= native * share),
        };
        Goal { text, is_met }
    }
}

impl Record {
    /// Gives the record to whoever has started this process.
    pub(crate) fn say(&self) {
        let line = serde_json::to_string(self).expect("records are plain data");
        let mut output = std::io::stdout().lock();
        // Nobody listens any more: then nobody wants to know.
        let _ = writeln!(output, "{line}").and_then(|()| output.flush());
    }

    /// The record in a line that a step has printed. A line that is none is a fact: libraries print, too.
    pub(crate) fn read(line: &str) -> Self {
        serde_json::from_str(line)
            .unwrap_or_else(|_| Self::Fact { name: "printed".to_owned(), value: line.trim_end().to_owned() })
    }

    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Check { passed: false, .. })
    }

    /// The record for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Fact { name, value } => format!("  {name}: {value}"),
            Self::Check { name, passed, detail } => {
                let colon = if detail.is_empty() { "" } else { ": " };
                format!("  {} {name}{colon}{detail}", if *passed { "ok  " } else { "FAIL" })
            }
            Self::Ratio { name, unit, native, ours, goal, spread } => {
                let [[a, b], [c, d]] = spread;
                let spread = format!("  p10..p90 {a:.3}..{b:.3} | {c:.3}..{d:.3}");
                let goal = goal.as_ref().map_or(String::new(), |goal| {
                    format!("  {} ({})", if goal.is_met { "met   " } else { "MISSED" }, goal.text)
                });
                format!("  {name:<40} {native:>12.3} {ours:>12.3} {unit:<5} {:>7.3}{goal}{spread}", ours / native)
            }
        }
    }
}

/// Says a fact.
pub(crate) fn fact(name: impl Display, value: impl Display) {
    Record::Fact { name: name.to_string(), value: value.to_string() }.say();
}

/// Says whether something is as it must be.
pub(crate) fn check(name: impl Display, passed: bool, detail: impl Display) {
    Record::Check { name: name.to_string(), passed, detail: detail.to_string() }.say();
}

/// Says a figure of both sides, native's first.
pub(crate) fn ratio(name: impl Display, unit: &str, [native, ours]: [Spread; 2], aim: Aim) {
    let goal = Some(aim.goal(native.median, ours.median));
    let spread = [native.ends, ours.ends];
    let (native, ours) = (native.median, ours.median);
    Record::Ratio { name: name.to_string(), unit: unit.to_owned(), native, ours, goal, spread }.say();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_the_pipe() {
        for record in [
            Record::Fact { name: "a".into(), value: "b\n\"c\"".into() },
            Record::Check { name: "a".into(), passed: false, detail: String::new() },
            Record::Ratio {
                name: "a".into(),
                unit: "us".into(),
                native: 2.0,
                ours: 3.0,
                goal: Some(Aim::AtMostPlus(0.5).goal(2.0, 3.0)),
                spread: [[1.0, 2.5], [2.0, 4.0]],
            },
        ] {
            assert_eq!(Record::read(&serde_json::to_string(&record).expect("plain data")), record);
        }
    }

    #[test]
    fn a_spread_leaves_the_outermost_turns_out() {
        let spread = Spread::of((0..11).rev().map(f64::from).collect());
        assert_eq!((spread.median, spread.ends), (5.0, [1.0, 9.0]));
        let spread = Spread::of(vec![7.0]);
        assert_eq!((spread.median, spread.ends), (7.0, [7.0, 7.0]));
    }

    #[test]
    fn what_a_library_prints_is_no_check() {
        assert!(matches!(Record::read("{}"), Record::Fact { .. }));
        assert!(matches!(Record::read("from the GPU"), Record::Fact { .. }));
    }

    #[test]
    fn goals_are_held_against_native() {
        assert!(Aim::NoDearer.goal(2.0, 2.0).is_met);
        assert!(!Aim::NoDearer.goal(2.0, 2.1).is_met);
        assert!(!Aim::AtMostPlus(3.0).goal(2.0, 5.1).is_met);
        assert!(Aim::AtLeast(0.9).goal(10.0, 9.0).is_met);
        assert!(!Aim::AtLeast(0.9).goal(10.0, f64::NAN).is_met);
    }
}
