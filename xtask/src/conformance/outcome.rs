//! What came of a suite, and whether that will do.

use anyhow::{Result, bail};

use super::digests::Digests;

/// What came of a suite.
pub(super) struct Outcome {
    /// A line each.
    pub(super) failures: Vec<String>,
    pub(super) digests: Digests,
}

/// What speaks against either run, or against both having computed the same.
pub(super) fn nested_as_direct(nested: Outcome, direct: Outcome) -> Vec<String> {
    let different = nested.digests.differences(&direct.digests);
    if different.is_empty() {
        println!("nested: the same bytes as directly in {} reads", nested.digests.count());
    }
    direct.failures.into_iter().chain(nested.failures).chain(different).collect()
}

/// Fails where any case has.
pub(super) fn verdict(failures: &[String]) -> Result<()> {
    if failures.is_empty() { Ok(()) } else { bail!("{} cases failed:\n  {}", failures.len(), failures.join("\n  ")) }
}
