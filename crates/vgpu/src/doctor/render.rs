//! The report as text.

use std::io::{self, Write};

use super::check::{Check, Report, Verdict};

/// Writes the report, the root cause first.
pub(super) fn text(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for check in report.checks() {
        one(check, out)?;
    }
    let count = |verdict| report.checks().iter().filter(|check| check.verdict == verdict).count();
    let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
    writeln!(out)?;
    match report.checks().first().filter(|_| failed > 0) {
        Some(first) => {
            writeln!(out, "{failed} of {} checks failed; start with: {}", report.checks().len(), first.title)
        }
        None if warnings > 0 => writeln!(out, "nothing failed, {warnings} warnings"),
        None => writeln!(out, "all is well"),
    }
}

fn one(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let mark = match check.verdict {
        Verdict::Failed => '✗',
        Verdict::Warning => '!',
        Verdict::Ok => '✓',
        Verdict::Skipped => '-',
    };
    writeln!(out, "{mark} {}", printable(&check.title))?;
    if let Some(cause) = &check.cause {
        let word = if check.verdict == Verdict::Skipped { "skipped" } else { "cause" };
        writeln!(out, "    {word}: {}", printable(cause))?;
    }
    if let Some(fix) = &check.fix {
        writeln!(out, "    fix: {}", printable(fix))?;
    }
    for fact in &check.evidence {
        writeln!(out, "    {}", printable(fact))?;
    }
    Ok(())
}

/// Names come from files: none of their bytes may steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_comes_first_and_cannot_steer_the_terminal() {
        let report = Report::new(vec![
            Check::ok("a.b", "fine"),
            Check::ok("c.d", "bad").failed("\u{1b}[2J", "mend it").saw("a fact"),
            Check::ok("e.f", "worse").failed("later", "mend it too"),
        ]);
        let mut out = Vec::new();
        text(&report, &mut out).expect("memory");
        let said = String::from_utf8(out).expect("text");
        assert!(said.starts_with("✗ bad\n    cause: \u{fffd}[2J\n    fix: mend it\n    a fact\n✗ worse"), "{said}");
        assert!(said.ends_with("2 of 3 checks failed; start with: bad\n"), "{said}");
    }
}
