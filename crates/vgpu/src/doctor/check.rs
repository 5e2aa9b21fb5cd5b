//! One check and its verdict, and the list of them with the root cause first.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// It keeps the GPU from being used.
    Failed,
    /// Odd, but it works.
    Warning,
    /// As it should be.
    Ok,
    /// Not looked at; the cause says why.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    /// Stable name for scripts: a subject, a dot, what was looked at.
    pub(super) id: String,
    pub(super) verdict: Verdict,
    /// What was looked at, in a few words.
    pub(super) title: String,
    /// Facts that were seen.
    pub(super) evidence: Vec<String>,
    /// What is wrong, or why nothing was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

impl Check {
    pub(super) fn ok(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), verdict: Verdict::Ok, title: title.into(), evidence: Vec::new(), cause: None, fix: None }
    }

    /// The same check, gone wrong.
    pub(super) fn failed(self, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, cause: Some(cause.into()), fix: Some(fix.into()), ..self }
    }

    /// The same check, with something odd.
    pub(super) fn warning(self, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, ..self.failed(cause, fix) }
    }

    /// The same check, not made.
    pub(super) fn skipped(self, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, cause: Some(why.into()), ..self }
    }

    pub(super) fn saw(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    pub(super) fn saw_all(mut self, facts: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(facts);
        self
    }
}

/// All checks of one run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Raised when a field changes its meaning or goes away.
    format: u32,
    /// Whether no check failed.
    healthy: bool,
    /// Those that failed first, and of them the likeliest root cause first.
    checks: Vec<Check>,
}

impl Report {
    /// `checks` come with causes before their consequences.
    pub(super) fn new(mut checks: Vec<Check>) -> Self {
        // The sort is stable: causes stay before consequences.
        checks.sort_by_key(|check| check.verdict);
        let healthy = checks.iter().all(|check| check.verdict != Verdict::Failed);
        Self { format: 1, healthy, checks }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.healthy
    }

    pub(super) fn checks(&self) -> &[Check] {
        &self.checks
    }
}
