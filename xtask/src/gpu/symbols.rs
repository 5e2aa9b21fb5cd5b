//! Which versions of the C and C++ libraries programs need.

use std::{fmt, fs::File, io::Read, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::workspace;

/// A version of symbols, such as 2.34.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

/// The newest symbols that programs and libraries ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    libc: Version,
    /// Of libstdc++; none where nothing is C++.
    cxx: Version,
}

impl Needs {
    /// Takes a program or library in.
    pub(super) fn add(&mut self, path: &Path) -> Result<()> {
        let said = workspace::output(Command::new("readelf").args(["--version-info", "--wide"]).arg(path))
            .context("packing needs binutils: apt-get install binutils")?;
        for line in said.lines() {
            self.libc = self.libc.max(version(line, "GLIBC").unwrap_or_default());
            self.cxx = self.cxx.max(version(line, "GLIBCXX").unwrap_or_default());
        }
        Ok(())
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GLIBC_{}", self.libc)?;
        if self.cxx == Version::default() { Ok(()) } else { write!(f, ", and for the client GLIBCXX_{}", self.cxx) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)?;
        if self.2 == 0 { Ok(()) } else { write!(f, ".{}", self.2) }
    }
}

/// Whether a file is a program or a library.
pub(super) fn is_elf(path: &Path) -> Result<bool> {
    let mut magic = [0; 4];
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    Ok(file.read(&mut magic)? == 4 && magic == *b"\x7fELF")
}

/// Reads `  0x0010:   Name: GLIBC_2.34  Flags: none  Version: 9`, as readelf prints what is needed.
fn version(line: &str, library: &str) -> Option<Version> {
    let (_, rest) = line.split_once(&format!("Name: {library}_"))?;
    let mut numbers = rest.split_whitespace().next()?.split('.').map(str::parse);
    let mut next = || numbers.next().unwrap_or(Ok(0)).ok();
    Some(Version(next()?, next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let line = |version: &str| format!("  0x0010:   Name: GLIBC_{version}  Flags: none  Version: 9");
        let versions = ["2.2.5", "2.34", "2.9"].map(|text| version(&line(text), "GLIBC"));
        assert_eq!(versions, [Some(Version(2, 2, 5)), Some(Version(2, 34, 0)), Some(Version(2, 9, 0))]);
        assert_eq!(
            versions.iter().max().and_then(|version| *version).map(|version| version.to_string()).as_deref(),
            Some("2.34")
        );
    }

    #[test]
    fn other_libraries_versions_are_not_the_c_librarys() {
        assert_eq!(version("  0x0020:   Name: GLIBCXX_3.4.29  Flags: none  Version: 4", "GLIBC"), None);
        assert_eq!(version("  0x0020:   Name: GLIBC_PRIVATE  Flags: none  Version: 4", "GLIBC"), None);
    }
}
