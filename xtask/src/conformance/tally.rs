//! Reads what test-backend-ops prints, and counts.

use std::collections::BTreeMap;

use super::digests::Digests;

/// Passed, failed and unsupported cases by operation.
#[derive(Default)]
pub(super) struct Tally {
    /// Passed, failed, not supported by the backend.
    pub(super) by_op: BTreeMap<String, [u32; 3]>,
    /// Cases that failed, as test-backend-ops prints them.
    pub(super) failures: Vec<String>,
    pub(super) digests: Digests,
}

impl Tally {
    pub(super) fn passed(&self) -> u32 {
        self.by_op.values().map(|counts| counts[0]).sum()
    }

    /// Reads one line, such as `  ADD(type=f32,...): OK`.
    pub(super) fn note(&mut self, line: &str) {
        let Some((case, verdict)) = line.trim().rsplit_once(": ") else { return };
        let Some((op, _)) = case.split_once('(') else { return };
        let at = match verdict {
            "OK" => 0,
            _ if verdict.contains("FAIL") => 1,
            _ if verdict.contains("not supported") => 2,
            _ => return,
        };
        // A failing case prints its error before its name.
        let op = op.rsplit(' ').next().unwrap_or(op);
        self.by_op.entry(op.to_owned()).or_default()[at] += 1;
        if at == 0 && self.passed().is_multiple_of(500) {
            println!("  {} cases passed, {} failed so far", self.passed(), self.failures.len());
        }
        if at == 1 {
            self.failures.push(case.to_owned());
        }
    }

    pub(super) fn print(&self, capability: &str, seconds: f64) {
        println!("\nop                              passed   failed   not supported by the backend");
        let mut sums = [0; 3];
        for (op, counts) in &self.by_op {
            println!("{op:<30} {:>7} {:>8} {:>8}", counts[0], counts[1], counts[2]);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        println!(
            "{capability}: {} passed, {} failed, {} not supported by the backend, in {seconds:.0} s",
            sums[0], sums[1], sums[2]
        );
    }
}

/// A line without the terminal's colour codes.
pub(super) fn strip_colours(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted_by_operation() {
        let mut tally = Tally::default();
        for line in [
            "  ADD(type=f32,ne=[1,1]): \u{1b}[1;32mOK\u{1b}[0m",
            "  ADD(type=f16,ne=[1,1]): not supported [CUDA0]",
            "[ADD] NMSE = 1.0 > 0.1   ADD(type=f32,ne=[2,1]): \u{1b}[1;31mFAIL\u{1b}[0m",
        ] {
            tally.note(&strip_colours(line));
        }
        assert_eq!(tally.by_op["ADD"], [1, 1, 1]);
        assert_eq!(tally.failures.len(), 1);
    }
}
