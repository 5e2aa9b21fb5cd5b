//! The C programs of `tests/api/`, compiled: they find whatever libcuda the machine has.

use std::{ffi::OsStr, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{dist, workspace};

/// Compiles each into a folder, with what it must print beside it.
pub(super) fn put(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let sources = workspace::root().join("tests/api");
    for entry in fs::read_dir(&sources).with_context(|| sources.display().to_string())? {
        let source = entry?.path();
        let (Some(name), true) = (source.file_stem(), source.extension() == Some(OsStr::new("c"))) else {
            continue;
        };
        let program = folder.join(name);
        // Of the library only the names count: those of the driver API have no versions.
        workspace::check(
            Command::new("cc")
                .args(["-std=gnu11", "-O1", "-pthread", "-o"])
                .arg(&program)
                .arg(&source)
                .arg(dist::dir().join("lib/libcuda.so.1")),
        )?;
        let expected = source.with_extension("out");
        fs::copy(&expected, program.with_extension("out")).with_context(|| expected.display().to_string())?;
    }
    Ok(())
}
