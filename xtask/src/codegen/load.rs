//! Reads what the spec says of a library, and holds its functions against each other.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::{
    settle,
    spec::{self, Function, Kind, Library},
};

/// Reads all chapters of one library, sorted by function name.
pub(crate) fn library(library: Library) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    let dir = library.spec_dir();
    if !dir.is_dir() {
        return Ok(functions);
    }
    for entry in fs::read_dir(&dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let chapter = path.file_stem().and_then(|stem| stem.to_str()).context("a chapter's file name is ASCII")?;
        functions.extend(spec::parse(library, chapter, &text).with_context(|| path.display().to_string())?);
    }
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in functions.windows(2) {
        ensure!(
            pair[0].name != pair[1].name,
            "{} stands in chapter {} and in chapter {}",
            pair[0].name,
            pair[0].chapter,
            pair[1].chapter
        );
    }
    for function in &functions {
        if let Kind::Alias(target) = &function.kind {
            let known = functions.iter().any(|f| f.name == *target && matches!(f.kind, Kind::Custom));
            ensure!(known, "{}: #[alias({target})] names no #[custom] function", function.name);
        }
    }
    settle::errors(library, &mut functions)?;
    Ok(functions)
}
