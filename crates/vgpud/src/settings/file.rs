//! The configuration file.

use std::path::Path;

use anyhow::{Context, Result};

use super::options::File;

/// What the file says; nothing, if there is none.
///
/// # Errors
/// When it cannot be read, or says what no option could.
pub(super) fn read(path: Option<&Path>) -> Result<File> {
    let Some(path) = path else {
        return Ok(File::default());
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("in {}", path.display()))
}
