//! The variables that a service's processes get: systemd's own defaults, then `Environment=`, then the files that
//! `EnvironmentFile=` names, less what `UnsetEnvironment=` takes away.
//!
//! Not known here: what `PassEnvironment=` hands on from systemd's own environment.

use std::path::Path;

use super::restart::restart;
use crate::doctor::check::Check;
use crate::doctor::variables::Variables;
use crate::machine::Machine;
use crate::unit::{self, Setting, Unit, words};

const SYSTEM: &str = "/etc/systemd/system.conf";
/// What systemd's services have where nothing else says so.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const FILES_MAX: usize = 100;
const VARIABLES_MAX: usize = 10_000;

/// A service's variables, and a check of the files that they come from.
pub(super) fn variables(unit: &Unit, machine: &Machine) -> (Variables, Check) {
    let mut all = Variables::of_service(restart(unit));
    let mut check = Check::ok("service.environment", format!("{}: its environment", unit.name));
    all.set("PATH", PATH, None);
    let system = machine.read(Path::new(SYSTEM)).ok().flatten().unwrap_or_default();
    for setting in unit::parse(&system, "Manager", Path::new(SYSTEM)) {
        if setting.key == "DefaultEnvironment" {
            assign(&mut all, &setting, unit);
        }
    }
    for setting in unit.list("Environment") {
        assign(&mut all, setting, unit);
    }
    let mut missing = None;
    for setting in unit.list("EnvironmentFile").into_iter().take(FILES_MAX) {
        let Some(word) = words(&setting.value).into_iter().next() else { continue };
        let (name, may_miss) = match word.strip_prefix('-') {
            Some(name) => (name, true),
            None => (word.as_str(), false),
        };
        let name = expand(name, unit);
        if name.contains(['*', '?', '[']) {
            check = check.saw(format!("not looked at, because it is a pattern: {}", setting.show()));
            continue;
        }
        match machine.read(Path::new(&name)) {
            Ok(Some(text)) => {
                for (key, value, line) in file_variables(&text) {
                    all.set(key, value, Some(format!("{name}:{line}")));
                }
            }
            Ok(None) if may_miss => {}
            Ok(None) => missing = missing.or(Some(format!("{name} does not exist, which {} names", setting.place()))),
            Err(error) => check = check.saw(format!("{name}: {error}")),
        }
    }
    for setting in unit.list("UnsetEnvironment") {
        for word in words(&setting.value) {
            match word.split_once('=') {
                None => all.unset(&word),
                Some((name, value)) if all.value(name).is_some_and(|is| is == value) => all.unset(name),
                Some(_) => {}
            }
        }
    }
    let check = match missing {
        None => check,
        Some(cause) => check.failed(
            format!("{cause}; so the service does not start"),
            "make the file, or put a `-` before its name; then `systemctl daemon-reload`",
        ),
    };
    (all, check)
}

fn assign(all: &mut Variables, setting: &Setting, unit: &Unit) {
    for word in words(&setting.value).into_iter().take(VARIABLES_MAX) {
        let Some((name, value)) = word.split_once('=') else { continue };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if is_name {
            all.set(name, expand(value, unit), Some(setting.place()));
        }
    }
}

/// Puts in what percent signs stand for, as far as a service's name and systemd's own folders tell.
pub(super) fn expand(text: &str, unit: &Unit) -> String {
    let stem = unit.name.trim_end_matches(".service");
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('%') => out.push('%'),
            Some('n') => out.push_str(&unit.name),
            Some('N') => out.push_str(stem),
            Some('p') => out.push_str(prefix),
            Some('i' | 'I') => out.push_str(instance),
            Some('t') => out.push_str("/run"),
            Some('S') => out.push_str("/var/lib"),
            Some('C') => out.push_str("/var/cache"),
            Some('L') => out.push_str("/var/log"),
            Some('E') => out.push_str("/etc"),
            Some('T') => out.push_str("/tmp"),
            Some('V') => out.push_str("/var/tmp"),
            // Of the manager's user, not the service's.
            Some('h') => out.push_str("/root"),
            Some('u') => out.push_str("root"),
            Some('U') => out.push('0'),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}

/// The variables of an environment file, with their lines.
fn file_variables(text: &str) -> Vec<(String, String, usize)> {
    let mut all = Vec::new();
    let mut rest = text.chars().peekable();
    let mut line = 1;
    while rest.peek().is_some() && all.len() < VARIABLES_MAX {
        let first = line;
        let mut whole = String::new();
        // A line up to its end, quotes and escapes followed.
        let mut quote = None;
        let mut hard_until = 0;
        let is_comment = {
            while rest.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
            matches!(rest.peek(), Some('#' | ';'))
        };
        let mut has_name = false;
        while let Some(c) = rest.next() {
            line += usize::from(c == '\n');
            match c {
                '\n' if quote.is_none() => break,
                _ if is_comment => {}
                '\\' if quote != Some('\'') => match rest.next() {
                    Some('\n') => line += 1,
                    Some(next) => {
                        if quote == Some('"') && !"\"\\`$".contains(next) {
                            whole.push('\\');
                        }
                        whole.push(next);
                        hard_until = whole.len();
                    }
                    None => {}
                },
                c if Some(c) == quote => {
                    quote = None;
                    hard_until = whole.len();
                }
                '"' | '\'' if quote.is_none() && has_name => quote = Some(c),
                '=' if !has_name => {
                    has_name = true;
                    whole.push('=');
                    while rest.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
                    hard_until = whole.len();
                }
                c => whole.push(c),
            }
        }
        // Spaces at the end count only where they were quoted.
        let end = whole.trim_end().len().max(hard_until).min(whole.len());
        whole.truncate(end);
        if let Some((name, value)) = whole.split_once('=') {
            let name = name.trim();
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
            if is_name {
                all.push((name.to_owned(), value.to_owned(), first));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_file_is_read_as_systemd_reads_it() {
        let text = "# A=0\n;B=0\nA=1 \nB = two words  \nC=\"x \\\"y\\\" \\n\"\nD='it\\'\nexport E=5\nF=a\\\nb\nG=\"two\nlines\" \n\nH=";
        let all = file_variables(text);
        let shown: Vec<_> = all.iter().map(|(name, value, line)| (name.as_str(), value.as_str(), *line)).collect();
        assert_eq!(
            shown,
            [
                ("A", "1", 3),
                ("B", "two words", 4),
                ("C", "x \"y\" \\n", 5),
                ("D", "it\\", 6),
                ("F", "ab", 8),
                ("G", "two\nlines", 10),
                ("H", "", 13)
            ]
        );
    }

    #[test]
    fn an_environment_file_of_any_bytes_ends() {
        for text in ["\\", "A=\"", "A='\\", "=\n=", "\0=\0\n", "A=\\\n", "é=1\nÉ='é"] {
            assert!(file_variables(text).len() <= 1, "{text:?}");
        }
    }
}
