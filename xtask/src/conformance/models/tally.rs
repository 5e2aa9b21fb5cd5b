//! Reads what test-llama-archs prints. Every line must be understood: what is not could be the one that matters.

/// The suite's own limit of the normalised mean squared error.
const NMSE_MAX: f64 = 1e-4;

/// How one examination of a model ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Fail,
    Skip,
}

/// A model on a device.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) model: String,
    device: String,
    /// Against the CPU's logits, where they were compared.
    pub(super) nmse: Option<f64>,
    nmse_verdict: Verdict,
    /// Saved, loaded and computed once more: the same logits.
    roundtrip: Verdict,
}

impl Row {
    fn is_executed(&self) -> bool {
        [self.nmse_verdict, self.roundtrip].iter().any(|verdict| *verdict != Verdict::Skip)
    }

    /// The suite takes an error that is not a number for a small one.
    pub(super) fn is_wrong(&self) -> bool {
        let is_large = self.nmse.is_some_and(|nmse| nmse.is_nan() || nmse > NMSE_MAX);
        is_large || self.nmse_verdict == Verdict::Fail || self.roundtrip == Verdict::Fail
    }

    /// The row for people.
    pub(super) fn shown(&self) -> String {
        let nmse = self.nmse.map_or("-".to_owned(), |nmse| format!("{nmse:.1e}"));
        let roundtrip = match self.roundtrip {
            Verdict::Ok => "the same",
            Verdict::Fail => "DIFFERENT",
            Verdict::Skip => "-",
        };
        format!("{:<26} {nmse:>9}   {roundtrip:<9}{}", self.model, if self.is_wrong() { "  WRONG" } else { "" })
    }
}

/// What the program has said so far.
#[derive(Default)]
pub(super) struct Tally {
    /// As the backend describes them.
    devices: Vec<String>,
    rows: Vec<Row>,
    /// Executed and failed, as the program counts.
    summary: Option<(usize, usize)>,
}

impl Tally {
    /// Reads one line, without colours. Returns the row of the device that is under test, if it is one.
    ///
    /// # Errors
    /// A line that says nothing that is known.
    pub(super) fn note(&mut self, line: &str) -> Result<Option<&Row>, String> {
        let unknown = || format!("a line that means nothing known: {line:?}");
        if line.trim().is_empty() {
            return Ok(None);
        }
        if let Some(device) = line.strip_prefix("under test: ") {
            self.devices.push(device.trim().to_owned());
            return Ok(None);
        }
        if let Some(text) = line.strip_prefix("Summary: ") {
            self.summary = Some(summary(text).ok_or_else(unknown)?);
            return Ok(None);
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", model, device, config, nmse, roundtrip, ""] = cells[..] else { return Err(unknown()) };
        if model == "Model arch." || model.starts_with("--") {
            return Ok(None);
        }
        let (nmse_verdict, nmse) = match nmse.split_once(' ') {
            None => (verdict(nmse).filter(|verdict| *verdict == Verdict::Skip), None),
            Some((word, number)) => {
                let number = number.trim().strip_prefix('(').and_then(|number| number.strip_suffix(')'));
                (verdict(word), Some(number.and_then(|number| number.parse().ok()).ok_or_else(unknown)?))
            }
        };
        self.rows.push(Row {
            model: format!("{model} {config}"),
            device: device.to_owned(),
            nmse,
            nmse_verdict: nmse_verdict.ok_or_else(unknown)?,
            roundtrip: verdict(roundtrip).ok_or_else(unknown)?,
        });
        Ok(self.rows.last().filter(|row| self.devices.contains(&row.device)))
    }

    /// Models that were computed on the device that is under test.
    pub(super) fn models(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_executed() && self.devices.contains(&row.device))
    }

    /// Rows of the device that the suite leaves out.
    pub(super) fn skipped(&self) -> usize {
        self.rows.iter().filter(|row| !row.is_executed() && self.devices.contains(&row.device)).count()
    }

    /// Other rows that were computed: the CPU's own, and models split over all devices.
    pub(super) fn others(&self) -> usize {
        self.rows.iter().filter(|row| row.is_executed() && !self.devices.contains(&row.device)).count()
    }

    /// The model whose error is largest.
    pub(super) fn worst(&self) -> Option<(&Row, f64)> {
        let errors = self.models().filter_map(|row| Some((row, row.nmse?)));
        errors.max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// What speaks against this run, a line each. `faults` are those that the run itself had.
    pub(super) fn faults(&self, mut faults: Vec<String>) -> Vec<String> {
        let wrong = self.rows.iter().filter(|row| row.is_wrong());
        faults.extend(wrong.map(|row| format!("{} on {}", row.shown(), row.device)));
        let executed = self.rows.iter().filter(|row| row.is_executed()).count();
        match self.summary {
            None => faults.push("the suite did not reach its end".to_owned()),
            Some((count, _)) if count != executed => {
                faults.push(format!("the suite counts {count} models on devices, its table {executed}"));
            }
            Some((_, failed)) if failed > 0 && faults.is_empty() => {
                faults.push(format!("the suite counts {failed} failures, its table none"));
            }
            Some(_) => {}
        }
        if self.models().next().is_none() {
            faults.push(format!("no model was computed on {:?}", self.devices));
        }
        // Every model is compared; only whether it can be saved depends on it.
        let silent = self.models().filter(|row| row.nmse.is_none());
        faults.extend(silent.map(|row| format!("{}: not compared with the CPU", row.model)));
        faults
    }
}

fn verdict(word: &str) -> Option<Verdict> {
    match word {
        "OK" => Some(Verdict::Ok),
        "FAIL" => Some(Verdict::Fail),
        "SKIP" => Some(Verdict::Skip),
        _ => None,
    }
}

/// Reads `all 3 test(s) passed`, `3 test(s) executed, 1 failed` and `no tests executed`.
fn summary(text: &str) -> Option<(usize, usize)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["all", count, "test(s)", "passed"] => Some((count.parse().ok()?, 0)),
        [count, "test(s)", "executed,", failed, "failed"] => Some((count.parse().ok()?, failed.parse().ok()?)),
        ["no", "tests", "executed"] => Some((0, 0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [&str; 3] = [
        "under test: vgpu",
        "|    Model arch.| Device|Config|   NMSE vs. CPU|Roundtrip|",
        "|---------------|-------|------|---------------|---------|",
    ];

    fn tally(rows: &[&str], summary: &str) -> Tally {
        let mut tally = Tally::default();
        for line in HEAD.iter().chain(rows).chain([&summary]) {
            tally.note(line).expect("lines as the suite prints them");
        }
        tally
    }

    #[test]
    fn models_of_the_device_under_test_are_counted() {
        let rows = [
            "|          llama|   vgpu| Dense|             OK (3.10e-09)|                  OK|",
            "|          llama|    cpu| Dense|             OK (0.00e+00)|                  OK|",
            "|          llama|   Meta| Dense|             OK (2.00e-09)|                SKIP|",
            "|            t5 |   vgpu| Dense|             OK (9.70e-08)|                SKIP|",
            "|      chameleon|   vgpu| Dense|           SKIP           |                SKIP|",
        ];
        let tally = tally(&rows, "Summary: all 4 test(s) passed");
        assert_eq!((tally.models().count(), tally.skipped(), tally.others()), (2, 1, 2));
        assert_eq!(tally.worst().map(|(row, nmse)| (row.model.as_str(), nmse)), Some(("t5 Dense", 9.7e-8)));
        assert_eq!(tally.faults(Vec::new()), [""; 0]);
    }

    #[test]
    fn an_error_that_is_no_number_is_a_fault_though_the_suite_passes_it() {
        let rows = ["|  llama|   vgpu| Dense|             OK (nan)|                  OK|"];
        assert_eq!(tally(&rows, "Summary: all 1 test(s) passed").faults(Vec::new()).len(), 1);
    }

    #[test]
    fn a_failure_anywhere_is_a_fault() {
        let rows = [
            "|  llama|   vgpu| Dense|             OK (1.00e-09)|                FAIL|",
            "|  llama|   Meta| Dense|           FAIL (1.00e-01)|                SKIP|",
        ];
        assert_eq!(tally(&rows, "Summary: 2 test(s) executed, 2 failed").faults(Vec::new()).len(), 2);
    }

    #[test]
    fn nothing_computed_is_a_fault() {
        assert_eq!(tally(&[], "Summary: no tests executed").faults(Vec::new()).len(), 1);
        let cpu = ["|  llama|    cpu| Dense|             OK (0.00e+00)|                  OK|"];
        assert_eq!(tally(&cpu, "Summary: all 1 test(s) passed").faults(Vec::new()).len(), 1);
    }

    #[test]
    fn a_count_that_is_not_the_tables_is_a_fault() {
        let rows = ["|  llama|   vgpu| Dense|             OK (1.00e-09)|                  OK|"];
        assert_eq!(tally(&rows, "Summary: all 2 test(s) passed").faults(Vec::new()).len(), 1);
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error() {
        for line in ["|  llama|   vgpu| Dense|", "| a| b| c| FINE (1e-9)| OK|", "| a| b| c| OK| OK|", "Summary: good"] {
            assert!(Tally::default().note(line).is_err(), "{line}");
        }
    }
}
