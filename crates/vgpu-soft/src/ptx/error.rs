//! Where PTX text goes wrong, and how.

use std::fmt;

/// Text that is not PTX as this parser knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What was expected, and what was found.
    pub message: String,
    /// The line's text, shortened when long.
    pub source_line: String,
    /// The opcode of an instruction that is not known; empty for every other error.
    pub opcode: String,
}

/// A longer line is cut around the error.
const MAX_SOURCE_LINE_CHARS: usize = 160;

impl Error {
    /// An error at a byte of the text.
    pub(super) fn at(source: &str, position: usize, message: String) -> Self {
        let before = &source[..source.floor_char_boundary(position)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[line_start..].chars().count();
        let line = source[line_start..].lines().next().unwrap_or("");
        let skipped = column.saturating_sub(MAX_SOURCE_LINE_CHARS / 2);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            line: count(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
            column: count(column + 1),
            message,
            source_line: line.chars().skip(skipped).take(MAX_SOURCE_LINE_CHARS).collect(),
            opcode: String::new(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PTX line {}, column {}: {}: `{}`", self.line, self.column, self.message, self.source_line.trim())
    }
}

impl std::error::Error for Error {}
