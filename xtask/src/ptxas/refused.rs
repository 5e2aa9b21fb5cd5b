//! The list of what the software GPU refuses, and why.

use anyhow::{Context, Result, ensure};

/// What is refused: a pattern of forms, a reason, and whether something matched.
pub(crate) struct Refused(Vec<Rule>);

struct Rule {
    pattern: String,
    reason: String,
    is_used: bool,
}

impl Refused {
    /// Reads `pattern -- reason` lines.
    pub(crate) fn parse(list: &str) -> Result<Self> {
        let mut rules = Vec::new();
        for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (pattern, reason) = line.split_once(" -- ").with_context(|| format!("no reason stands in: {line}"))?;
            ensure!(!reason.trim().is_empty(), "no reason stands in: {line}");
            rules.push(Rule { pattern: pattern.trim().to_owned(), reason: reason.trim().to_owned(), is_used: false });
        }
        Ok(Self(rules))
    }

    /// Why a form is refused, if it is listed.
    pub(crate) fn find(&mut self, form: &str) -> Option<&str> {
        let rule = self.0.iter_mut().find(|rule| matches(&rule.pattern, form))?;
        rule.is_used = true;
        Some(&rule.reason)
    }

    /// The patterns that nothing has matched.
    pub(crate) fn idle(&self) -> Vec<&str> {
        self.0.iter().filter(|rule| !rule.is_used).map(|rule| rule.pattern.as_str()).collect()
    }
}

/// Whether a text is what a pattern says, in which * stands for anything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or("");
    for part in parts {
        match left.split_once(part) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("a*", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("*b*", "abc", true),
            ("a*b", "abc", false),
            ("abc", "abc", true),
            ("b*", "abc", false),
            ("a*b*b", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn a_rule_without_a_reason_is_none() {
        assert!(Refused::parse("tex.* -- ").is_err());
        assert!(Refused::parse("tex.*").is_err());
        let mut refused = Refused::parse("# comment\ntex.* -- no textures\nsured.* -- no surfaces").expect("rules");
        assert_eq!(refused.find("tex.1d"), Some("no textures"));
        assert_eq!(refused.find("add.s32"), None);
        assert_eq!(refused.idle(), ["sured.*"]);
    }
}
