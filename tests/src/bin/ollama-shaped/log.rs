//! What Ollama logs, in its form: `time=... level=INFO msg="inference compute" id=0 library=CUDA ...`, to stderr.
//! (The real lines also say in which of its sources they are written.)

use std::{env, fmt::Write, time::SystemTime};

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Said with OLLAMA_DEBUG only.
    Debug,
    Info,
    Warn,
    Error,
}

/// Writes one line with its fields.
pub(crate) fn log(level: Level, message: &str, fields: &[(&str, &str)]) {
    if level == Level::Debug && !is_verbose() {
        return;
    }
    let name = match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    };
    let time = humantime::format_rfc3339_millis(SystemTime::now());
    eprintln!("time={time} level={name} msg={}{}", quoted(message), text(fields));
}

/// Fields as they stand in a line, each after a space.
pub(crate) fn text(fields: &[(&str, &str)]) -> String {
    fields.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = write!(text, " {name}={}", quoted(value));
        text
    })
}

/// In quotes where it would not be one word without.
fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '=');
    if !value.is_empty() && value.chars().all(is_plain) { value.to_owned() } else { format!("{value:?}") }
}

/// Whether OLLAMA_DEBUG asks for more than usual.
fn is_verbose() -> bool {
    env::var("OLLAMA_DEBUG").is_ok_and(|level| !matches!(level.to_ascii_lowercase().as_str(), "" | "0" | "f" | "false"))
}

/// Bytes as Ollama writes them: `8.0 GiB`, `512.0 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or(format!("{bytes} B"), |(unit, name)| format!("{:.1} {name}", bytes as f64 / *unit as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_one_word_is_quoted() {
        let fields = [("id", "0"), ("driver", ""), ("total", "8.0 GiB"), ("cmd", "a=\"b\"")];
        assert_eq!(text(&fields), r#" id=0 driver="" total="8.0 GiB" cmd="a=\"b\"""#);
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        assert_eq!(
            [size(8 << 30), size(1536 << 20), size(512 << 20), size(3)],
            ["8.0 GiB", "1.5 GiB", "512.0 MiB", "3 B"]
        );
    }
}
